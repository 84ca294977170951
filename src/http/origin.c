/* Host and Origin. Their own file because a mistake here opens the server to every page that a person visits. */
#include "http/origin.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

static bool host_character(char c, bool bracketed)
{
    if (isalnum((unsigned char)c) || c == '.')
        return true;
    return bracketed ? c == ':' || c == '%' : c == '-' || c == '_';
}

static bool take_port(const char *text, int *port)
{
    size_t digits = strspn(text, "0123456789");
    if (!digits || digits > 5 || text[digits])
        return false;
    *port = 0;
    for (size_t i = 0; i < digits; i++)
        *port = *port * 10 + (text[i] - '0');
    return *port > 0 && *port < 65536;
}

bool authority_parse(const char *text, authority *parts)
{
    *parts = (authority){0};
    bool bracketed = *text == '[';
    const char *start = text + bracketed;
    size_t length = bracketed ? strcspn(start, "]") : strcspn(start, ":");
    const char *end = start + length;
    if (!length || length > ORIGIN_LONGEST_HOST || (bracketed && *end != ']'))
        return false;
    for (size_t i = 0; i < length; i++) {
        if (!host_character(start[i], bracketed))
            return false;
        parts->host[i] = (char)tolower((unsigned char)start[i]);
    }
    if (!bracketed && length > 1 && parts->host[length - 1] == '.')
        parts->host[length - 1] = '\0';
    end += bracketed;
    return !*end || (*end == ':' && take_port(end + 1, &parts->port));
}

/* Four numbers with dots, the first of them 127; so that 127.evil.example is none. */
static bool is_loopback_v4(const char *host)
{
    int groups = 0;
    if (strncmp(host, "127.", 4) != 0)
        return false;
    for (const char *p = host;; groups++) {
        size_t digits = strspn(p, "0123456789");
        if (!digits || digits > 3)
            return false;
        p += digits;
        if (!*p)
            return groups == 3;
        if (*p++ != '.')
            return false;
    }
}

bool host_is_loopback(const char *host)
{
    static const char below[] = ".localhost";
    size_t length = strlen(host);
    return !strcmp(host, "localhost") || !strcmp(host, "::1") || is_loopback_v4(host) ||
           (length > sizeof below - 1 && !strcmp(host + length - (sizeof below - 1), below));
}

bool origin_is_host(const char *origin, const char *host)
{
    authority from, here;
    int own_port;
    if (!strncasecmp(origin, "http://", 7)) {
        origin += 7;
        own_port = 80;
    } else if (!strncasecmp(origin, "https://", 8)) {
        origin += 8;
        own_port = 443;
    } else {
        return false;
    }
    if (!authority_parse(origin, &from) || !authority_parse(host, &here))
        return false;
    if (!from.port)
        from.port = own_port;
    if (!here.port)
        here.port = own_port;
    return from.port == here.port && !strcmp(from.host, here.host);
}
