/* The address that crashes are sent to, as anyone may have written it. What is taken must be an address and a key and nothing else. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "batch/sentry_dsn.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(int holds)
{
    if (!holds)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    sentry_dsn dsn;
    char *text = malloc(size + 1);
    if (!text)
        return 0;
    memcpy(text, data, size);
    text[size] = '\0';
    if (sentry_dsn_read(&dsn, text, NULL)) {
        require(!*dsn.address && !*dsn.key);
    } else {
        size_t length = strlen(dsn.address);
        require(!strncmp(dsn.address, "https://", 8) || !strncmp(dsn.address, "http://", 7));
        require(length > 10 && !strcmp(dsn.address + length - 10, "/envelope/"));
        require(!strpbrk(dsn.address, "\r\n\t @?#%\\\"'<>") && !strstr(dsn.address, ".."));
        require(*dsn.key && !strpbrk(dsn.key, "\r\n\t ,;=:@/"));
    }
    free(text);
    return 0;
}
