/* What a stranger writes into a request, as far as this program takes it apart itself. The first byte chooses the reader; the rest is
 * text. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/characters.h"
#include "http/cookie.h"
#include "http/language.h"
#include "http/names.h"
#include "http/origin.h"
#include "http/range.h"
#include "http/ring.h"
#include "http/routes.h"
#include "http/sniff.h"

static void check(bool good)
{
    if (!good)
        abort();
}

static void fuzz_range(const char *text)
{
    static const int64_t lengths[] = {0, 1, 1000, INT64_MAX};
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        byte_range range;
        if (range_parse(text, lengths[i], &range) == RANGE_PART)
            check(range.first >= 0 && range.first <= range.last && range.last < lengths[i]);
    }
    (void)etag_listed(text, "\"a\"");
}

static void fuzz_cookie(const char *text)
{
    char value[16];
    check(cookie_find(text, "gpen_session", value, sizeof value) || !*value);
    check(strlen(value) < sizeof value);
}

static void fuzz_origin(const char *text)
{
    authority parts;
    if (authority_parse(text, &parts))
        check(*parts.host && parts.port >= 0 && parts.port < 65536);
    if (origin_is_host(text, "localhost:7860"))
        check(strstr(text, "7860"));
    (void)host_is_loopback(text);
}

static void fuzz_name(const char *text)
{
    char cleaned[NAMES_LONGEST_PATH];
    name_clean(text, cleaned);
    check(*cleaned && *cleaned != '/' && strlen(cleaned) < sizeof cleaned && text_is_utf8(cleaned));
    check(!strstr(cleaned, "//") && !strchr(cleaned, '\\') && !strstr(cleaned, "/../") &&
          strncmp(cleaned, "../", 3) != 0);
    for (const char *p = cleaned; *p; p++)
        check((unsigned char)*p >= 0x20 && (*p != '.' || (p > cleaned && p[-1] != '/')));
    char *header = disposition(true, text);
    for (const char *p = header; p && *p; p++)
        check(*p >= 0x20 && *p < 0x7F);
    free(header);
}

static void fuzz_address(const char *text)
{
    const http_route *route;
    const char *name = NULL;
    int64_t id;
    char *copy = strdup(text);
    if (copy && route_find("GET", copy, &route, &id, &name) == ROUTE_FOUND)
        check(route && id >= 0 && (!name || !strstr(name, "\\")));
    free(copy);
    copy = strdup(text);
    if (copy && part_decode(copy))
        check(!strpbrk(copy, "/\\") && strlen(copy) <= strlen(text));
    free(copy);
}

static void fuzz_rest(const char *text, size_t length)
{
    event_ring *ring;
    bool resync;
    (void)language_choose(text, text);
    (void)sniff_type((const unsigned char *)text, length);
    if (ring_new(&ring, 2, 100, 7, NULL))
        return;
    ring_add(ring, "item", 1, "{}", NULL);
    check(ring_begin(ring, text, &resync) <= 2);
    ring_free(ring);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = size ? strndup((const char *)data + 1, size - 1) : NULL;
    if (!text)
        return 0;
    switch (data[0] % 6) {
    case 0: fuzz_range(text); break;
    case 1: fuzz_cookie(text); break;
    case 2: fuzz_origin(text); break;
    case 3: fuzz_name(text); break;
    case 4: fuzz_address(text); break;
    default: fuzz_rest(text, strlen(text));
    }
    free(text);
    return 0;
}
