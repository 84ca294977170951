/* The page and its files. Its own file because they are the one thing here that is not about photos. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "http/handlers.h"
#include "http/page.h"
#include "http/server.h"

static const page_file *find(const char *name)
{
    for (const page_file *file = page_files; file->name; file++)
        if (!strcmp(file->name, name))
            return file;
    return NULL;
}

/* From the developer's folder, as it is now. The name is one of the embedded files', so nothing else can be reached. */
static bool answer_from_disk(http_request *request, const page_file *known)
{
    struct stat facts;
    char *path = path_join(request->server->options.web, known->name);
    int file = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    free(path);
    if (file < 0 || fstat(file, &facts) || !S_ISREG(facts.st_mode)) {
        if (file >= 0)
            (void)close(file);
        return false;
    }
    char *bytes = malloc((size_t)facts.st_size + 1);
    ssize_t count = bytes ? read(file, bytes, (size_t)facts.st_size) : -1;
    (void)close(file);
    answer_bytes(request, MHD_HTTP_OK, known->type, bytes, count > 0 ? (size_t)count : 0);
    answer_header(request, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store");
    return true;
}

static void answer_page_file(http_request *request, const char *name, const char *cache)
{
    const page_file *file = find(name);
    if (!file) {
        answer_problem(request, HTTP_NOT_FOUND, NULL);
        return;
    }
    if (request->server->options.web && answer_from_disk(request, file))
        return;
    answer_static(request, file->type, file->bytes, file->length);
    answer_header(request, MHD_HTTP_HEADER_CACHE_CONTROL, cache);
}

void handle_page(http_request *request)
{
    answer_page_file(request, "index.html", "no-cache");
}

void handle_openapi(http_request *request)
{
    answer_page_file(request, "openapi.json", "no-cache");
}

/* /assets/HASH/NAME, which never changes, and /assets/NAME, which may. */
void handle_asset(http_request *request)
{
    size_t length = strlen(page_hash);
    const char *name = request->name;
    if (!strncmp(name, page_hash, length) && name[length] == '/')
        answer_page_file(request, name + length + 1, "public, max-age=31536000, immutable");
    else
        answer_page_file(request, name, "no-cache");
}
