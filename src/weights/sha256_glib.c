/* SHA-256 of a file, by GLib, which is there wherever libvips is. (Without it sha256_missing.c stands here.) */
#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <string.h>
#include <unistd.h>

#include "weights/private.h"

bool sha256_available(void)
{
    return true;
}

/* Feeds the rest of the file to the sum. False: errno says why. */
static bool add_file(GChecksum *sum, int descriptor)
{
    unsigned char bytes[65536];
    for (;;) {
        ssize_t got = read(descriptor, bytes, sizeof bytes);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return got == 0;
        g_checksum_update(sum, bytes, got);
    }
}

gpen_status text_sha256(const char *text, char digest[65], gpen_error *error)
{
    char *made = g_compute_checksum_for_string(G_CHECKSUM_SHA256, text, -1);
    (void)error;
    memcpy(digest, made, 65);
    g_free(made);
    return GPEN_OK;
}

gpen_status file_sha256(const char *path, char digest[65], gpen_error *error)
{
    digest[0] = '\0';
    int descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (descriptor < 0)
        return gpen_fail(error, GPEN_INPUT_MISSING, "%s: %s", path, strerror(errno));
    GChecksum *sum = g_checksum_new(G_CHECKSUM_SHA256);
    gpen_status status = GPEN_OK;
    if (add_file(sum, descriptor))
        memcpy(digest, g_checksum_get_string(sum), 65);
    else
        status = gpen_fail(error, GPEN_INPUT_MISSING, "%s: %s", path, strerror(errno));
    g_checksum_free(sum);
    close(descriptor);
    return status;
}
