/* Pictures by http. Its own file because it is the one place where a stranger's address is gone to. How, is weights/http_get.h's
 * and http_put.h's. */
#include "celery/transfer.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "weights/http_get.h"
#include "weights/http_put.h"

enum { STALL_SECONDS = 30, MOST_SECONDS = 600 };

int transfer_shown(const char *address)
{
    return (int)strcspn(address, "?#");
}

/* Will the server say the same when it is asked again? Not when it is only busy or out of order. */
static bool is_final(int code)
{
    enum { TIMED_OUT = 408, TOO_EARLY = 425, TOO_MANY = 429 };
    return code >= 300 && code < 500 && code != TIMED_OUT && code != TOO_EARLY && code != TOO_MANY;
}

typedef struct fetching {
    const transfer_rules *rules;
    int file;
    size_t written;
    double begun;
} fetching;

static gpen_status begin(void *context, const http_answer *answer, gpen_error *error)
{
    const fetching *f = context;
    if (answer->length > 0 && (uint64_t)answer->length > f->rules->most_bytes)
        return gpen_fail(error, GPEN_TOO_LARGE, "the picture has %lld MiB, and %zu are the limit",
                         (long long)(answer->length >> 20), f->rules->most_bytes >> 20);
    return GPEN_OK;
}

static gpen_status take(void *context, const void *bytes, size_t count, gpen_error *error)
{
    fetching *f = context;
    if (count > f->rules->most_bytes - f->written)
        return gpen_fail(error, GPEN_TOO_LARGE, "the picture has more than %zu MiB", f->rules->most_bytes >> 20);
    for (size_t at = 0; at < count;) {
        ssize_t some = write(f->file, (const char *)bytes + at, count - at);
        if (some < 0)
            return gpen_fail_write(error, errno, "the picture", "writing");
        at += (size_t)some;
    }
    f->written += count;
    return GPEN_OK;
}

static bool go_on(void *context)
{
    const fetching *f = context;
    return !atomic_load(f->rules->cancelled) && clock_seconds() - f->begun < MOST_SECONDS;
}

gpen_status transfer_get(const transfer_rules *rules, const char *address, int file, gpen_error *error)
{
    fetching f = {.rules = rules, .file = file, .begun = clock_seconds()};
    const http_request request = {.address = address,
                                  .stall_seconds = STALL_SECONDS,
                                  .public_only = !rules->private_addresses,
                                  .begin = begin,
                                  .take = take,
                                  .go_on = go_on,
                                  .context = &f};
    http_answer answer;
    gpen_error why = {0};
    gpen_status status = http_get(&request, &answer, &why);
    if (status == GPEN_CANCELLED && !atomic_load(rules->cancelled))
        status = gpen_fail(&why, GPEN_FETCH_FAILED, "it took longer than %d seconds", MOST_SECONDS);
    if (status == GPEN_FETCH_FAILED && is_final(answer.code))
        status = GPEN_INPUT_MISSING;
    return status ? gpen_fail(error, status, "%.*s: %s", transfer_shown(address), address, why.message) : GPEN_OK;
}

static bool not_cancelled(void *context)
{
    const transfer_rules *rules = context;
    return !atomic_load(rules->cancelled);
}

gpen_status transfer_put(const transfer_rules *rules, const char *address, int file, const char *kind,
                         gpen_error *error)
{
    transfer_rules own = *rules;
    const http_upload upload = {.address = address,
                                .file = file,
                                .kind = kind,
                                .public_only = !rules->private_addresses,
                                .go_on = not_cancelled,
                                .context = &own};
    gpen_error why = {0};
    int code;
    gpen_status status = http_put(&upload, &code, &why);
    if (status == GPEN_FETCH_FAILED && is_final(code))
        status = GPEN_WRITE_FAILED;
    return status ? gpen_fail(error, status, "%.*s: %s", transfer_shown(address), address, why.message) : GPEN_OK;
}
