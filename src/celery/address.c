/* Reading a Redis's address. Its own file because an address is a small language. */
#include "celery/address.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int hex(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Percent-decodes [from, to) into out; false: it does not fit, or holds a zero or half an escape. */
static bool take(const char *from, const char *to, char *out, size_t capacity)
{
    size_t length = 0;
    for (; from < to; from++) {
        char c = *from;
        if (c == '%') {
            if (to - from < 3 || hex(from[1]) < 0 || hex(from[2]) < 0)
                return false;
            c = (char)(hex(from[1]) * 16 + hex(from[2]));
            from += 2;
        }
        if (!c || length + 1 >= capacity)
            return false;
        out[length++] = c;
    }
    out[length] = '\0';
    return true;
}

static bool take_number(const char *from, const char *to, int most, int *number)
{
    char text[12], *end;
    if (from == to || !take(from, to, text, sizeof text) || text[0] < '0' || text[0] > '9')
        return false;
    long value = strtol(text, &end, 10);
    *number = (int)value;
    return !*end && value <= most;
}

static bool take_person(redis_address *address, const char *from, const char *at)
{
    const char *colon = memchr(from, ':', (size_t)(at - from));
    const char *user_end = colon ? colon : at;
    return take(from, user_end, address->user, sizeof address->user) &&
           (!colon || take(colon + 1, at, address->password, sizeof address->password));
}

static bool take_place(redis_address *address, const char *from, const char *end)
{
    const char *host_end;
    if (*from == '[') {
        host_end = memchr(from, ']', (size_t)(end - from));
        if (!host_end || !take(from + 1, host_end, address->host, sizeof address->host))
            return false;
        host_end++;
    } else {
        host_end = memchr(from, ':', (size_t)(end - from));
        host_end = host_end ? host_end : end;
        if (!take(from, host_end, address->host, sizeof address->host))
            return false;
    }
    if (!*address->host)
        memcpy(address->host, "localhost", sizeof "localhost");
    return host_end == end || (*host_end == ':' && take_number(host_end + 1, end, 65535, &address->port));
}

/* Behind "redis://" */
static bool take_network(redis_address *address, const char *rest)
{
    const char *slash = strchr(rest, '/'), *end = slash ? slash : rest + strlen(rest);
    const char *at = NULL;
    for (const char *p = rest; p < end; p++)
        if (*p == '@')
            at = p;
    if (at && !take_person(address, rest, at))
        return false;
    return take_place(address, at ? at + 1 : rest, end) &&
           (!slash || !slash[1] || take_number(slash + 1, slash + strlen(slash), 65535, &address->database));
}

/* Behind "redis+socket://" */
static bool take_socket(redis_address *address, const char *rest)
{
    static const char key[] = "?virtual_host=";
    const char *question = strchr(rest, '?'), *end = question ? question : rest + strlen(rest);
    address->unix_socket = true;
    if (*rest != '/' || !take(rest, end, address->host, sizeof address->host))
        return false;
    return !question ||
           (!strncmp(question, key, sizeof key - 1) &&
            take_number(question + sizeof key - 1, question + strlen(question), 65535, &address->database));
}

gpen_status redis_address_read(const char *text, redis_address *address, gpen_error *error)
{
    static const char plain[] = "redis://", safe[] = "rediss://", local[] = "redis+socket://";
    *address = (redis_address){.port = 6379};
    bool good;
    if (!strncmp(text, plain, sizeof plain - 1)) {
        good = take_network(address, text + sizeof plain - 1);
    } else if (!strncmp(text, safe, sizeof safe - 1)) {
        address->tls = true;
        good = take_network(address, text + sizeof safe - 1);
    } else {
        good = !strncmp(text, local, sizeof local - 1) && take_socket(address, text + sizeof local - 1);
    }
    if (good)
        return GPEN_OK;
    *address = (redis_address){.port = 0};
    return gpen_fail(error, GPEN_BAD_ARGUMENT,
                     "the broker's address must look like redis://HOST:6379/0, rediss://HOST:6379/0 or "
                     "redis+socket:///PATH");
}

void redis_address_write(const redis_address *address, char *text, size_t capacity)
{
    if (address->unix_socket)
        snprintf(text, capacity, "redis+socket://%s?virtual_host=%d", address->host, address->database);
    else
        snprintf(text, capacity, "redis%s://%s:%d/%d", address->tls ? "s" : "", address->host, address->port,
                 address->database);
}

bool redis_address_equal(const redis_address *a, const redis_address *b)
{
    return a->tls == b->tls && a->unix_socket == b->unix_socket && a->port == b->port && a->database == b->database &&
           !strcmp(a->host, b->host) && !strcmp(a->user, b->user);
}
