/* Opening a file of weights: map it, see by its first bytes what it is, hand it to that format's reader. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "weights/private.h"

enum { TEXT_PER_BYTE = 32, FREE_TEXT = 64 << 10, MAX_TEXT = 256 << 20 };

/* ---------------------------------------------------------------- what it is */

static gpen_status refuse_tar(weights *file, gpen_error *error)
{
    (void)file;
    return gpen_fail(error, GPEN_MODEL_INVALID,
                     "a tar archive; PyTorch's oldest form of .pth is not read: save the file anew with torch.save");
}

static gpen_status refuse_pickle(weights *file, gpen_error *error)
{
    (void)file;
    return gpen_fail(error, GPEN_MODEL_INVALID, "a pickle, but not one that torch.save writes");
}

static gpen_status refuse_pointer(weights *file, gpen_error *error)
{
    (void)file;
    return gpen_fail(error, GPEN_MODEL_INVALID, "only a Git LFS pointer to the weights, not the weights themselves");
}

static gpen_status refuse_page(weights *file, gpen_error *error)
{
    (void)file;
    return gpen_fail(error, GPEN_MODEL_INVALID, "a web page, not weights: the download went wrong");
}

/* Looked at from the top: a longer signature comes before its own beginning. */
static const struct {
    size_t at, length;
    const char *bytes;
    gpen_status (*read)(weights *file, gpen_error *error);
} signatures[] = {
    {0, 4, "PK\003\004", pth_zip_read},
    {0, 4, "PK\005\006", pth_zip_read},
    {0, 15, "\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.", pth_stream_read},
    {0, 1, "\x80", refuse_pickle},
    {257, 5, "ustar", refuse_tar},
    {0, 24, "version https://git-lfs.", refuse_pointer},
    {0, 5, "<!DOC", refuse_page},
    {0, 5, "<html", refuse_page},
};

/* Eight bytes of the header's length, then the header, a JSON object. No other kind has a bracket there. */
static bool is_safetensors(const weights *file)
{
    return file->length > 8 && file->bytes[8] == '{';
}

static gpen_status read_tensors(weights *file, gpen_error *error)
{
    if (is_safetensors(file))
        return safetensors_read(file, error);
    for (size_t i = 0; i < sizeof signatures / sizeof *signatures; i++)
        if (file->length >= signatures[i].at + signatures[i].length &&
            !memcmp(file->bytes + signatures[i].at, signatures[i].bytes, signatures[i].length))
            return signatures[i].read(file, error);
    return gpen_fail(error, GPEN_MODEL_INVALID, "neither safetensors nor a .pth file of PyTorch");
}

/* ---------------------------------------------------------------- names */

static const char prefix[] = "module.";

/* DataParallel puts its prefix on every name. All names get shorter by the same start, so none can become equal. */
static gpen_status strip_prefix(weights *file, gpen_error *error)
{
    size_t length = strlen(prefix);
    for (size_t i = 0; i < file->count; i++)
        if (strncmp(file->entries[i].tensor.name, prefix, length) || !file->entries[i].tensor.name[length])
            return GPEN_OK;
    name_map_free(&file->by_name);
    for (size_t i = 0; i < file->count; i++) {
        weights_tensor *tensor = &file->entries[i].tensor;
        tensor->name += length;
        if (name_map_add(&file->by_name, tensor->name, strlen(tensor->name), (int64_t)i) != NAME_ADDED)
            return gpen_fail_memory(error, "the list of tensors", file->count);
    }
    return GPEN_OK;
}

/* ---------------------------------------------------------------- opening */

/* Puts the file's name in front of a reader's message. */
static gpen_status name_culprit(gpen_status status, const char *label, gpen_error *error)
{
    if (!error)
        return status;
    gpen_error inner = *error;
    return gpen_fail(error, status, "%s: %s", label, inner.message);
}

static size_t text_budget(size_t length)
{
    return length > MAX_TEXT / TEXT_PER_BYTE ? MAX_TEXT : length * TEXT_PER_BYTE + FREE_TEXT;
}

/* Reads what `file` maps. *out is its, whatever happens: on failure it is closed. */
static gpen_status finish_open(weights **out, weights *file, gpen_error *error)
{
    file->texts.budget = text_budget(file->length);
    gpen_status status = read_tensors(file, error);
    if (!status)
        status = strip_prefix(file, error);
    if (status) {
        status = name_culprit(status, file->label, error);
        weights_close(file);
        return status;
    }
    *out = file;
    return GPEN_OK;
}

/* A file without contents, or NULL: no memory. */
static weights *new_file(const char *label)
{
    weights *file = calloc(1, sizeof *file);
    char *copy = strdup(label);
    if (!file || !copy) {
        free(file);
        free(copy);
        return NULL;
    }
    file->descriptor = -1;
    file->label = copy;
    return file;
}

/* O_NONBLOCK: a pipe must not keep us waiting, and is refused right after. */
static gpen_status map(weights *file, const char *path, gpen_error *error)
{
    struct stat status;
    file->descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (file->descriptor < 0)
        return gpen_fail(error, GPEN_INPUT_MISSING, "%s: %s", path, strerror(errno));
    if (fstat(file->descriptor, &status))
        return gpen_fail(error, GPEN_INPUT_MISSING, "%s: %s", path, strerror(errno));
    if (!S_ISREG(status.st_mode))
        return gpen_fail(error, GPEN_INPUT_MISSING, "%s: not a file", path);
    if (status.st_size == 0)
        return gpen_fail(error, GPEN_MODEL_INVALID, "%s: the file is empty", path);
    if ((uintmax_t)status.st_size > SIZE_MAX / 2)
        return gpen_fail(error, GPEN_MODEL_INVALID, "%s: the file is too large for this machine", path);
    void *bytes = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_PRIVATE, file->descriptor, 0);
    if (bytes == MAP_FAILED && errno == ENOMEM)
        return gpen_fail_memory(error, "a mapped file", (size_t)status.st_size);
    if (bytes == MAP_FAILED)
        return gpen_fail(error, GPEN_INPUT_MISSING, "%s: %s", path, strerror(errno));
    file->bytes = bytes;
    file->length = (size_t)status.st_size;
    return GPEN_OK;
}

gpen_status weights_open(weights **out, const char *path, gpen_error *error)
{
    *out = NULL;
    weights *file = new_file(path_name(path));
    if (!file)
        return gpen_fail_memory(error, "an open file", sizeof *file);
    gpen_status status = map(file, path, error);
    if (status) {
        weights_close(file);
        return status;
    }
    return finish_open(out, file, error);
}

gpen_status weights_open_memory(weights **out, const void *bytes, size_t length, const char *label, gpen_error *error)
{
    *out = NULL;
    weights *file = new_file(label);
    if (!file)
        return gpen_fail_memory(error, "an open file", sizeof *file);
    file->bytes = bytes;
    file->length = length;
    return finish_open(out, file, error);
}

void weights_close(weights *file)
{
    if (!file)
        return;
    if (file->descriptor >= 0) {
        if (file->bytes)
            (void)munmap((void *)(uintptr_t)file->bytes, file->length);
        close(file->descriptor);
    }
    for (size_t i = 0; i < file->inflated_count; i++)
        free(file->inflated[i]);
    free(file->inflated);
    free(file->entries);
    free(file->metadata);
    name_map_free(&file->by_name);
    arena_free(&file->texts);
    free(file->label);
    free(file);
}
