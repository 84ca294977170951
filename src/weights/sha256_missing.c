/* Stands for sha256_glib.c in a build without GLib. */
#include "weights/private.h"

bool sha256_available(void)
{
    return false;
}

gpen_status text_sha256(const char *text, char digest[65], gpen_error *error)
{
    (void)text;
    digest[0] = '\0';
    return gpen_fail(error, GPEN_UNSUPPORTED_FORMAT, "this build cannot compute SHA-256 (it was made without GLib)");
}

gpen_status file_sha256(const char *path, char digest[65], gpen_error *error)
{
    digest[0] = '\0';
    return gpen_fail(error, GPEN_UNSUPPORTED_FORMAT, "%s: this build cannot compute SHA-256 (it was made without GLib)",
                     path);
}
