/* Uploads. Their own file because of their one promise: one that ends early, at whatever byte, leaves nothing behind. The
 * multipart form itself is taken apart by libmicrohttpd. */
#include "http/upload.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#ifdef __APPLE__
#include <sys/random.h>
#endif

#include "base/file.h"
#include "http/folders.h"
#include "http/names.h"
#include "http/storage.h"

enum { PARSER_BYTES = 32768 };

struct upload {
    struct MHD_PostProcessor *parser;
    upload_limits limits;
    char key[UPLOAD_KEY + 1];
    char *coming, *kept; /* folders */
    upload_file *files;
    size_t count, capacity;
    int file; /* that is being written; -1: none */
    char *settings;
    size_t settings_length;
    char name[UPLOAD_LONGEST_NAME + 1];
    bool single, over_limit;
    gpen_error wrong;     /* what spoiled it; status OK: nothing */
    bool owned, has_kept; /* the folder on the disk, and which of the two it is */
};

gpen_status upload_new_key(char key[UPLOAD_KEY + 1], gpen_error *error)
{
    unsigned char bytes[UPLOAD_KEY / 2];
    if (getentropy(bytes, sizeof bytes))
        return gpen_fail(error, GPEN_WRITE_FAILED, "no random numbers: %s", strerror(errno));
    for (size_t i = 0; i < sizeof bytes; i++)
        snprintf(key + 2 * i, 3, "%02x", bytes[i]);
    return GPEN_OK;
}

/* ---------------------------------------------------------------- parts */

static void end_file(upload *u)
{
    if (u->file >= 0 && close(u->file) && !u->wrong.status)
        (void)gpen_fail_write(&u->wrong, errno, u->files[u->count - 1].name, "closing");
    u->file = -1;
}

static bool grow(upload *u)
{
    size_t capacity = u->capacity ? u->capacity * 2 : 16;
    upload_file *files = realloc(u->files, capacity * sizeof *files);
    if (!files)
        return false;
    u->files = files;
    u->capacity = capacity;
    return true;
}

static void begin_file(upload *u, const char *given)
{
    char cleaned[NAMES_LONGEST_PATH];
    end_file(u);
    if (u->count == (size_t)u->limits.files) {
        (void)gpen_fail(&u->wrong, GPEN_TOO_LARGE, "more than %d files", u->limits.files);
        return;
    }
    name_clean(given, cleaned);
    char *name = strdup(cleaned);
    if (!name || (u->count == u->capacity && !grow(u))) {
        free(name);
        (void)gpen_fail_memory(&u->wrong, "the list of files", u->count);
        return;
    }
    u->files[u->count++] = (upload_file){.name = name};
    char *path = upload_path(u, u->count - 1, false);
    u->file = path ? open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600) : -1;
    if (u->file < 0)
        (void)gpen_fail_write(&u->wrong, path ? errno : ENOMEM, name, "creating a file");
    free(path);
}

/* So many bytes of what came are on the disk no longer. */
static void give_back(const upload *u, int64_t bytes)
{
    if (u->limits.storage)
        storage_give(u->limits.storage, bytes);
}

/* Drops the file that is too large; its entry stays. */
static void refuse_file(upload *u)
{
    char *path = upload_path(u, u->count - 1, false);
    end_file(u);
    if (path)
        (void)unlink(path);
    free(path);
    upload_file *file = &u->files[u->count - 1];
    give_back(u, file->bytes);
    file->bytes = 0;
    file->refused = GPEN_TOO_LARGE;
}

static void write_file(upload *u, const char *bytes, size_t count)
{
    upload_file *file = &u->files[u->count - 1];
    if (u->file < 0 || file->refused)
        return;
    if ((int64_t)count > u->limits.bytes - file->bytes) {
        refuse_file(u);
        return;
    }
    if (u->limits.storage && !storage_take(u->limits.storage, (int64_t)count)) {
        u->over_limit = true;
        (void)gpen_fail(&u->wrong, GPEN_DISK_FULL, "the photos that are kept may not take more of the disk");
        return;
    }
    file->bytes += (int64_t)count;
    while (count) {
        ssize_t written = write(u->file, bytes, count);
        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0) {
            (void)gpen_fail_write(&u->wrong, errno, file->name, "writing");
            return;
        }
        bytes += written;
        count -= (size_t)written;
    }
}

static void take_settings(upload *u, const char *bytes, uint64_t offset, size_t count)
{
    if (offset + count > UPLOAD_MOST_SETTINGS) {
        (void)gpen_fail(&u->wrong, GPEN_TOO_LARGE, "the settings are too long");
        return;
    }
    char *grown = realloc(u->settings, u->settings_length + count + 1);
    if (!grown) {
        (void)gpen_fail_memory(&u->wrong, "the settings", count);
        return;
    }
    u->settings = grown;
    memcpy(grown + u->settings_length, bytes, count);
    u->settings_length += count;
    grown[u->settings_length] = '\0';
}

static void take_name(upload *u, const char *bytes, uint64_t offset, size_t count)
{
    if (offset + count > UPLOAD_LONGEST_NAME) {
        (void)gpen_fail(&u->wrong, GPEN_BAD_ARGUMENT, "a name has at most %d bytes", UPLOAD_LONGEST_NAME);
        return;
    }
    memcpy(u->name + offset, bytes, count);
    u->name[offset + count] = '\0';
}

/* libmicrohttpd's: a piece of a part; offset 0 begins one. key NULL: it has no name. */
static enum MHD_Result take_part(void *context, enum MHD_ValueKind kind, const char *key, const char *filename,
                                 const char *type, const char *encoding, const char *bytes, uint64_t offset,
                                 size_t count)
{
    upload *u = context;
    (void)kind;
    (void)type;
    (void)encoding;
    if (u->wrong.status)
        return MHD_YES;
    if (!key) {
        (void)gpen_fail(&u->wrong, GPEN_BAD_ARGUMENT, "a part of the form has no name");
        return MHD_YES;
    }
    /* A page may send the settings as a file of their own, so it is not the filename that tells. */
    if (filename && (!strcmp(key, "photo") || !strcmp(key, "file"))) {
        if (offset == 0)
            begin_file(u, filename);
        if (!u->wrong.status)
            write_file(u, bytes, count);
    } else if (!strcmp(key, "settings")) {
        take_settings(u, bytes, offset, count);
    } else if (!strcmp(key, "name")) {
        take_name(u, bytes, offset, count);
    } else if (!strcmp(key, "single")) {
        if (count) /* the last piece may be empty */
            u->single = offset == 0 && count == 1 && *bytes == '1';
    } else {
        (void)gpen_fail(&u->wrong, GPEN_BAD_ARGUMENT, "the form has a part '%.40s'", key);
    }
    return MHD_YES;
}

/* ---------------------------------------------------------------- the whole */

static gpen_status begin(upload *u, struct MHD_Connection *connection, const char *folder, gpen_error *error)
{
    u->parser = MHD_create_post_processor(connection, PARSER_BYTES, take_part, u);
    if (!u->parser)
        return gpen_fail(error, GPEN_BAD_ARGUMENT, "the form has no boundary");
    gpen_status status = upload_new_key(u->key, error);
    if (status)
        return status;
    if (asprintf(&u->coming, "%s/%s.new", folder, u->key) < 0)
        u->coming = NULL;
    u->kept = path_join(folder, u->key);
    if (!u->coming || !u->kept)
        return gpen_fail_memory(error, "a path", strlen(folder));
    status = folder_make(u->coming, error);
    u->owned = !status;
    return status;
}

gpen_status upload_begin(upload **out, struct MHD_Connection *connection, const char *folder,
                         const upload_limits *limits, gpen_error *error)
{
    upload *u = calloc(1, sizeof *u);
    *out = NULL;
    if (!u)
        return gpen_fail_memory(error, "an upload", sizeof *u);
    u->file = -1;
    u->limits = *limits;
    gpen_status status = begin(u, connection, folder, error);
    if (status)
        upload_free(u);
    else
        *out = u;
    return status;
}

bool upload_take(upload *u, const char *bytes, size_t count)
{
    return MHD_post_process(u->parser, bytes, count) == MHD_YES;
}

gpen_status upload_end(upload *u, gpen_error *error)
{
    end_file(u);
    bool whole = MHD_destroy_post_processor(u->parser) == MHD_YES;
    u->parser = NULL;
    if (!whole && !u->wrong.status)
        (void)gpen_fail(&u->wrong, GPEN_BAD_ARGUMENT, "the form ends early");
    if (u->wrong.status && error)
        *error = u->wrong;
    return u->wrong.status;
}

size_t upload_count(const upload *u)
{
    return u->count;
}

const upload_file *upload_at(const upload *u, size_t index)
{
    return &u->files[index];
}

const char *upload_settings(const upload *u)
{
    return u->settings;
}

const char *upload_name(const upload *u)
{
    return u->name;
}

bool upload_over_limit(const upload *u)
{
    return u->over_limit;
}

bool upload_single(const upload *u)
{
    return u->single;
}

const char *upload_key(const upload *u)
{
    return u->key;
}

char *upload_path(const upload *u, size_t index, bool kept)
{
    char *path = NULL;
    return asprintf(&path, "%s/%zu", kept ? u->kept : u->coming, index + 1) < 0 ? NULL : path;
}

/* OWNER-KEY in the place of KEY. */
static gpen_status name_for(upload *u, const char *owner, gpen_error *error)
{
    char *kept = NULL;
    if (asprintf(&kept, "%.*s%s-%s", (int)(path_name(u->kept) - u->kept), u->kept, owner, u->key) < 0)
        return gpen_fail_memory(error, "a path", strlen(u->kept));
    free(u->kept);
    u->kept = kept;
    return GPEN_OK;
}

gpen_status upload_keep(upload *u, const char *owner, gpen_error *error)
{
    gpen_status status = owner ? name_for(u, owner, error) : GPEN_OK;
    if (!status)
        status = folder_flush_all(u->coming, error);
    if (!status && rename(u->coming, u->kept))
        status = gpen_fail_write(error, errno, u->kept, "renaming");
    u->has_kept = !status;
    return status ? status : folder_flush(u->kept, error);
}

void upload_release(upload *u)
{
    u->owned = false;
}

void upload_free(upload *u)
{
    if (!u)
        return;
    if (u->parser)
        (void)MHD_destroy_post_processor(u->parser);
    end_file(u);
    if (u->owned) {
        (void)folder_remove(u->has_kept ? u->kept : u->coming);
        for (size_t i = 0; i < u->count; i++)
            give_back(u, u->files[i].bytes);
    }
    for (size_t i = 0; i < u->count; i++)
        free(u->files[i].name);
    free(u->files);
    free(u->settings);
    free(u->coming);
    free(u->kept);
    free(u);
}
