/* Tokens. Their own file because how they are compared and kept is looked at by whoever reviews the server. */
#include "http/secret.h"

#include <errno.h>
#include <glib.h>
#include <stdio.h>
#include <string.h>

static gpen_status check(const char *token, gpen_error *error)
{
    size_t length = strlen(token);
    if (length < SECRET_LEAST || length > SECRET_LONGEST)
        return gpen_fail(error, GPEN_BAD_ARGUMENT, "a token has %d to %d characters, this one %zu", SECRET_LEAST,
                         SECRET_LONGEST, length);
    for (const char *p = token; *p; p++)
        if (*p <= ' ' || *p >= 0x7F)
            return gpen_fail(error, GPEN_BAD_ARGUMENT, "a token has letters, digits and signs of ASCII, and no blanks");
    return GPEN_OK;
}

static gpen_status read_line(char line[SECRET_LONGEST + 3], const char *path, gpen_error *error)
{
    FILE *file = fopen(path, "re");
    if (!file)
        return gpen_fail(error, GPEN_INPUT_MISSING, "%s: the token cannot be read: %s", path, strerror(errno));
    bool some = fgets(line, SECRET_LONGEST + 3, file);
    (void)fclose(file);
    if (!some)
        return gpen_fail(error, GPEN_INPUT_MISSING, "%s: there is no token in it", path);
    line[strcspn(line, "\r\n")] = '\0';
    return GPEN_OK;
}

gpen_status secret_read(secret *out, const char *path, const char *text, gpen_error *error)
{
    char line[SECRET_LONGEST + 3] = "";
    *out = (secret){0};
    if (!path && !text)
        return GPEN_OK;
    gpen_status status = path ? read_line(line, path, error) : GPEN_OK;
    const char *token = path ? line : text;
    if (!status)
        status = check(token, error);
    if (status)
        return status;
    strcpy(out->token, token);
    char *sum = g_compute_hmac_for_string(G_CHECKSUM_SHA256, (const guchar *)token, strlen(token),
                                          "a browser of gpen serve", -1);
    strcpy(out->cookie, sum);
    g_free(sum);
    explicit_bzero(line, sizeof line);
    return GPEN_OK;
}

/* The time it takes depends on the length of what is given alone. */
static bool same(const char *known, const char *given)
{
    size_t known_length = strlen(known), length = strlen(given);
    unsigned differs = known_length != length || !known_length;
    for (size_t i = 0; i < length; i++)
        differs |= (unsigned char)given[i] ^ (unsigned char)known[known_length ? i % known_length : 0];
    return !differs;
}

bool secret_is_token(const secret *known, const char *given)
{
    return same(known->token, given);
}

bool secret_is_cookie(const secret *known, const char *given)
{
    return same(known->cookie, given);
}

void secret_clear(secret *known)
{
    explicit_bzero(known, sizeof *known);
}
