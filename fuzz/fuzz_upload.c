/* Any bytes as the body of a form with photos: taken apart by libmicrohttpd, written by this program, and sent back as a zip. What came must be
 * where it is said to be, nothing may stay behind, and the account of kept photos must end where it began. The first byte says in how large
 * pieces the body comes. */
#include <fcntl.h>
#include <locale.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <archive.h>
#include <archive_entry.h>

#include "base/characters.h"
#include "http/folders.h"
#include "http/storage.h"
#include "http/upload.h"
#include "http/zip.h"

enum { MOST_FILES = 6, MOST_BYTES = 900, MOST_KEPT = 2000, ROUNDS = 64, ZIP_ROOM = 1 << 16 };

/* Where the forms go; made with the first. */
typedef struct place {
    struct MHD_Daemon *daemon;
    storage *storage;
    char folder[32];
} place;

static void check(bool good)
{
    if (!good)
        abort();
}

/* ---------------------------------------------------------------- the zip */

typedef struct file_walk {
    const upload *u;
    size_t next;
} file_walk;

static bool next_file(void *context, char **path, char **name)
{
    file_walk *walk = context;
    if (walk->next == upload_count(walk->u))
        return false;
    *path = upload_path(walk->u, walk->next, false);
    *name = strdup(upload_at(walk->u, walk->next)->name);
    walk->next++;
    return true;
}

static void end_walk(void *context)
{
    (void)context;
}

/* The next file that was not refused; NULL: there is none. */
static const upload_file *next_kept(const upload *u, size_t *index)
{
    while (*index < upload_count(u) && upload_at(u, *index)->refused)
        ++*index;
    return *index < upload_count(u) ? upload_at(u, (*index)++) : NULL;
}

static void check_zip(const upload *u, const char *bytes, size_t length)
{
    struct archive *archive = archive_read_new();
    struct archive_entry *entry;
    size_t index = 0;
    check(archive && !archive_read_support_format_zip(archive) && !archive_read_open_memory(archive, bytes, length));
    for (const upload_file *file; (file = next_kept(u, &index));) {
        char content[MOST_BYTES + 1];
        /* WARN, and no name: a locale without UTF-8. */
        check(archive_read_next_header(archive, &entry) >= ARCHIVE_WARN);
        const char *name = archive_entry_pathname_utf8(entry);
        check(!name || !strcmp(name, file->name));
        check(archive_read_data(archive, content, sizeof content) == file->bytes);
    }
    check(archive_read_next_header(archive, &entry) == ARCHIVE_EOF);
    archive_read_free(archive);
}

static void zip_and_check(const upload *u)
{
    static char bytes[ZIP_ROOM];
    file_walk walk = {u, 0};
    const zip_source source = {&walk, next_file, end_walk};
    zip_maker *zip = zip_new(&source);
    size_t length = 0;
    ssize_t count;
    if (!zip)
        return;
    while ((count = zip_read(zip, bytes + length, sizeof bytes - length)) > 0)
        length += (size_t)count;
    check(count == 0);
    zip_free(zip);
    check_zip(u, bytes, length);
}

/* ---------------------------------------------------------------- the form */

static void check_file(const upload *u, size_t index)
{
    const upload_file *file = upload_at(u, index);
    struct stat facts;
    char *path = upload_path(u, index, false);
    bool there = path && !stat(path, &facts);
    check(*file->name && *file->name != '/' && *file->name != '.' && !strstr(file->name, "/.") &&
          text_is_utf8(file->name));
    check(there == !file->refused && (!there || facts.st_size == file->bytes));
    check(file->bytes <= MOST_BYTES);
    free(path);
}

static void check_upload(upload *u)
{
    gpen_error error;
    if (upload_end(u, &error)) {
        check(error.status && text_is_utf8(error.message));
        return;
    }
    check(upload_count(u) <= MOST_FILES && !upload_over_limit(u));
    for (size_t i = 0; i < upload_count(u); i++)
        check_file(u, i);
    check(strlen(upload_name(u)) <= UPLOAD_LONGEST_NAME);
    check(!upload_settings(u) || strlen(upload_settings(u)) <= UPLOAD_MOST_SETTINGS);
    zip_and_check(u);
}

static enum MHD_Result handle(void *context, struct MHD_Connection *connection, const char *path, const char *method,
                              const char *version, const char *bytes, size_t *count, void **memory)
{
    place *p = context;
    upload *u = *memory;
    const upload_limits limits = {.bytes = MOST_BYTES, .files = MOST_FILES, .storage = p->storage};
    (void)path;
    (void)method;
    (void)version;
    if (!u)
        return upload_begin((upload **)memory, connection, p->folder, &limits, NULL) ? MHD_NO : MHD_YES;
    if (*count) {
        bool good = upload_take(u, bytes, *count);
        *count = 0;
        return good ? MHD_YES : MHD_NO;
    }
    check_upload(u);
    struct MHD_Response *response = MHD_create_response_from_buffer(0, NULL, MHD_RESPMEM_PERSISTENT);
    enum MHD_Result result = response ? MHD_queue_response(connection, MHD_HTTP_NO_CONTENT, response) : MHD_NO;
    if (response)
        MHD_destroy_response(response);
    return result;
}

static void completed(void *context, struct MHD_Connection *connection, void **memory,
                      enum MHD_RequestTerminationCode how)
{
    (void)context;
    (void)connection;
    (void)how;
    upload_free(*memory);
    *memory = NULL;
}

static place the_place = {.folder = "/tmp/gpen-fuzz-upload-XXXXXX"};

static void remove_place(void)
{
    MHD_stop_daemon(the_place.daemon);
    storage_free(the_place.storage);
    (void)rmdir(the_place.folder);
}

static place *get_place(void)
{
    place *p = &the_place;
    if (p->daemon)
        return p;
    (void)setlocale(LC_CTYPE, "C.UTF-8");
    check(mkdtemp(p->folder) && !storage_new(&p->storage, p->folder, NULL));
    storage_set_limit(p->storage, MOST_KEPT);
    p->daemon = MHD_start_daemon(MHD_USE_NO_LISTEN_SOCKET, 0, NULL, NULL, handle, p, MHD_OPTION_NOTIFY_COMPLETED,
                                 completed, NULL, MHD_OPTION_END);
    check(p->daemon && !atexit(remove_place));
    return p;
}

static void send_pieces(place *p, int line, const uint8_t *bytes, size_t count, size_t piece)
{
    for (size_t at = 0; at < count; at += piece) {
        size_t next = count - at < piece ? count - at : piece;
        if (send(line, bytes + at, next, MSG_NOSIGNAL | MSG_DONTWAIT) != (ssize_t)next)
            return;
        (void)MHD_run(p->daemon);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    place *p = get_place();
    storage_facts facts;
    char head[256], rest[1024];
    int ends[2];
    if (!size || socketpair(AF_UNIX, SOCK_STREAM, 0, ends))
        return 0;
    const struct sockaddr address = {.sa_family = AF_UNIX};
    (void)fcntl(ends[0], F_SETFL, O_NONBLOCK);
    if (MHD_add_connection(p->daemon, ends[0], &address, sizeof address) != MHD_YES) {
        close(ends[1]);
        return 0;
    }
    int length = snprintf(head, sizeof head,
                          "POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: multipart/form-data; "
                          "boundary=BB\r\nContent-Length: %zu\r\n\r\n",
                          size - 1);
    send_pieces(p, ends[1], (const uint8_t *)head, (size_t)length, sizeof head);
    send_pieces(p, ends[1], data + 1, size - 1, 1 + (size_t)data[0] * 8);
    (void)shutdown(ends[1], SHUT_WR);
    for (int i = 0; i < ROUNDS && recv(ends[1], rest, sizeof rest, MSG_DONTWAIT) != 0; i++)
        (void)MHD_run(p->daemon);
    close(ends[1]);
    for (int i = 0; i < 4; i++)
        (void)MHD_run(p->daemon);
    storage_look(p->storage, &facts);
    check(facts.kept == 0 && folder_bytes(p->folder) == 0);
    return 0;
}
