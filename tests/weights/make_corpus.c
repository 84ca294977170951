/* Writes the samples as the fuzz targets' corpora: make_corpus fuzz/corpus (run by hand after a change of samples.c).
 * */
#include <stdio.h>

#include "base/file.h"
#include "samples.h"

static gpen_status write_sample(const char *root, const sample *s, gpen_error *error)
{
    char path[4096];
    bytes content = {0};
    (void)snprintf(path, sizeof path, "%s/%s", root, s->target);
    gpen_status status = folder_make(path, error);
    (void)snprintf(path, sizeof path, "%s/%s/%s", root, s->target, s->name);
    s->build(&content);
    atomic_file file;
    if (!status)
        status = atomic_file_begin(&file, path, error);
    if (!status) {
        status = atomic_file_write(&file, content.data, content.length, error);
        if (status)
            atomic_file_abandon(&file);
        else
            status = atomic_file_commit(&file, true, error);
    }
    bytes_free(&content);
    return status;
}

int main(int argc, char **argv)
{
    gpen_error error;
    if (argc != 2)
        return fprintf(stderr, "usage: make_corpus FOLDER\n"), 2;
    for (size_t i = 0; i < sample_count; i++)
        if (write_sample(argv[1], &samples[i], &error))
            return fprintf(stderr, "%s\n", error.message), 1;
    return 0;
}
