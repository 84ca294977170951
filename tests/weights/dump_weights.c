/* Shows a weights file to torch_peer.py: one line a tensor (name, dtype, shape) on standard output, all elements behind
 * each other in FILE.raw; and with more arguments, saves it as safetensors.
 *
 *     dump_weights FILE RAW [SAVED F32|F16|BF16]
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "weights/weights.h"

static int fail(const gpen_error *error)
{
    fprintf(stderr, "%s\n", error->message);
    return 1;
}

static int dump_tensor(const weights *file, const weights_tensor *tensor, FILE *raw, gpen_error *error)
{
    printf("%s\t%s\t", tensor->name, weights_dtype_name(tensor->dtype));
    for (int i = 0; i < tensor->rank; i++)
        printf(i ? ",%lld" : "%lld", (long long)tensor->shape[i]);
    printf("\n");
    size_t length = (size_t)tensor->count * weights_dtype_size(tensor->dtype);
    void *bytes = malloc(length ? length : 1);
    int failed = !bytes || weights_read_raw(file, tensor, bytes, error) || fwrite(bytes, 1, length, raw) != length;
    free(bytes);
    return failed;
}

static weights_dtype dtype_of(const char *name)
{
    if (!strcmp(name, "F16"))
        return WEIGHTS_F16;
    return strcmp(name, "BF16") ? WEIGHTS_F32 : WEIGHTS_BF16;
}

int main(int argc, char **argv)
{
    gpen_error error = {0};
    weights *file = NULL;
    if (argc != 3 && argc != 5)
        return 2;
    if (weights_open(&file, argv[1], &error))
        return fail(&error);
    FILE *raw = fopen(argv[2], "wb");
    int failed = !raw;
    for (size_t i = 0; !failed && i < weights_count(file); i++)
        failed = dump_tensor(file, weights_at(file, i), raw, &error);
    if (raw && fclose(raw))
        failed = 1;
    if (!failed && argc == 5)
        failed = weights_save(file, argv[3], dtype_of(argv[4]), NULL, 0, &error) != GPEN_OK;
    weights_close(file);
    return failed ? fail(&error) : 0;
}
