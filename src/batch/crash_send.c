/* Sending crashes away. Its own file because it is a thread that must never be in anyone's way. */
#include "batch/crash_send.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/date.h"
#include "base/log.h"
#include "weights/http_post.h"

/* A crash that waits to be sent. */
typedef struct waiting_crash {
    pid_t worker;
    int64_t happened; /* milliseconds since 1970 */
    gpen_status reason;
    crash_record record;
} waiting_crash;

struct crash_sender {
    sentry_dsn dsn;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    pthread_t thread;
    waiting_crash waiting[CRASH_MOST_WAITING];
    int count;
    double hour; /* when the count of those sent began */
    int sent;
    double quiet_until; /* the server asked for it */
    bool ending;
    double until; /* ending: when patience ends */
    waiting_crash current;
    char envelope[CRASH_MOST_ENVELOPE];
};

/* ---------------------------------------------------------------- the thread */

/* 32 hexadecimal digits that nobody else has. False: the system has no chance for us. */
static bool make_event(char event[33])
{
    unsigned char bytes[16];
    if (getentropy(bytes, sizeof bytes))
        return false;
    for (size_t i = 0; i < sizeof bytes; i++)
        (void)snprintf(event + 2 * i, 3, "%02x", bytes[i]);
    return true;
}

static bool may_go_on(void *context)
{
    crash_sender *sender = context;
    pthread_mutex_lock(&sender->lock);
    bool going = !sender->ending || clock_seconds() < sender->until;
    pthread_mutex_unlock(&sender->lock);
    return going;
}

/* Too many, or the server has enough. */
static bool is_held_back(crash_sender *sender)
{
    enum { HOUR = 3600 };
    double now = clock_seconds();
    if (now - sender->hour >= HOUR) {
        sender->hour = now;
        sender->sent = 0;
    }
    return now < sender->quiet_until || sender->sent >= CRASH_MOST_SENT;
}

static gpen_status post(crash_sender *sender, size_t length, int *code, gpen_error *error)
{
    char authorization[256];
    (void)snprintf(authorization, sizeof authorization,
                   "X-Sentry-Auth: Sentry sentry_version=7, sentry_client=gpen/" GPEN_VERSION ", sentry_key=%s",
                   sender->dsn.key);
    const char *const headers[] = {"Content-Type: application/x-sentry-envelope", authorization, NULL};
    const http_letter letter = {.address = sender->dsn.address,
                                .headers = headers,
                                .body = sender->envelope,
                                .length = length,
                                .seconds = CRASH_SECONDS,
                                .go_on = may_go_on,
                                .context = sender};
    return http_post(&letter, code, error);
}

static void tell_lost(pid_t worker, const char *why)
{
    log_event(LOG_WARNING, "crash_not_sent", &(log_about){.worker = worker}, "a crash was not sent: %s", why);
}

/* Once, whatever comes of it: the server may have it although its answer was lost. */
static void send_current(crash_sender *sender)
{
    enum { TOO_MANY = 429, QUIET_SECONDS = 600 };
    const waiting_crash *crash = &sender->current;
    char event[33];
    int code = 0;
    gpen_error error;
    if (is_held_back(sender)) {
        tell_lost(crash->worker, "there were too many");
        return;
    }
    size_t length = make_event(event)
                        ? crash_envelope_write(sender->envelope, event, crash->happened, crash->reason, &crash->record)
                        : 0;
    gpen_status status = length ? post(sender, length, &code, &error)
                                : gpen_fail(&error, GPEN_OUT_OF_MEMORY, "it could not be written down");
    sender->sent++;
    if (code == TOO_MANY)
        sender->quiet_until = clock_seconds() + QUIET_SECONDS;
    if (status)
        tell_lost(crash->worker, error.message);
    else
        log_event(LOG_INFO, "crash_sent",
                  &(log_about){.worker = crash->worker, .fields = {{"event_id", .text = event}}}, "a crash was sent");
}

/* Waits for the next. False: there will be none. */
static bool take_next(crash_sender *sender)
{
    pthread_mutex_lock(&sender->lock);
    while (!sender->count && !sender->ending)
        pthread_cond_wait(&sender->changed, &sender->lock);
    bool taken = sender->count > 0;
    if (taken) {
        sender->current = sender->waiting[0];
        sender->count--;
        memmove(sender->waiting, sender->waiting + 1, (size_t)sender->count * sizeof *sender->waiting);
    }
    pthread_mutex_unlock(&sender->lock);
    return taken;
}

static void *send_main(void *argument)
{
    crash_sender *sender = argument;
    while (take_next(sender)) {
        if (may_go_on(sender))
            send_current(sender);
        else
            tell_lost(sender->current.worker, "the program ends");
    }
    return NULL;
}

/* ---------------------------------------------------------------- from outside */

void crash_sender_add(crash_sender *sender, pid_t worker, gpen_status reason, const crash_record *record)
{
    if (!sender || reason != GPEN_CRASHED)
        return;
    pthread_mutex_lock(&sender->lock);
    bool room = sender->count < CRASH_MOST_WAITING;
    if (room) {
        waiting_crash *crash = &sender->waiting[sender->count++];
        crash->worker = worker;
        crash->happened = date_now();
        crash->reason = reason;
        crash->record = *record;
        pthread_cond_signal(&sender->changed);
    }
    pthread_mutex_unlock(&sender->lock);
    if (!room)
        tell_lost(worker, "others are waiting");
}

gpen_status crash_sender_new(crash_sender **out, const sentry_dsn *dsn, gpen_error *error)
{
    *out = NULL;
    crash_sender *sender = calloc(1, sizeof *sender);
    if (!sender)
        return gpen_fail_memory(error, "the sender of crashes", sizeof *sender);
    sender->dsn = *dsn;
    sender->hour = clock_seconds();
    pthread_mutex_init(&sender->lock, NULL);
    pthread_cond_init(&sender->changed, NULL);
    if (!pthread_create(&sender->thread, NULL, send_main, sender)) {
        *out = sender;
        return GPEN_OK;
    }
    pthread_cond_destroy(&sender->changed);
    pthread_mutex_destroy(&sender->lock);
    free(sender);
    return gpen_fail(error, GPEN_OUT_OF_MEMORY, "a thread could not be started");
}

void crash_sender_free(crash_sender *sender)
{
    if (!sender)
        return;
    pthread_mutex_lock(&sender->lock);
    sender->ending = true;
    sender->until = clock_seconds() + CRASH_LAST_SECONDS;
    pthread_cond_signal(&sender->changed);
    pthread_mutex_unlock(&sender->lock);
    pthread_join(sender->thread, NULL);
    pthread_cond_destroy(&sender->changed);
    pthread_mutex_destroy(&sender->lock);
    free(sender);
}

/* ---------------------------------------------------------------- configuration */

/* The first line of a small file. */
static gpen_status read_line(const char *path, char *text, size_t capacity, gpen_error *error)
{
    int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    ssize_t count = file < 0 ? -1 : read(file, text, capacity - 1);
    int reason = errno;
    if (file >= 0)
        close(file);
    if (count < 0)
        return gpen_fail(error, GPEN_INPUT_MISSING, "%s: %s", path, strerror(reason));
    text[count] = '\0';
    text[strcspn(text, "\r\n")] = '\0';
    return GPEN_OK;
}

gpen_status crash_sender_from_environment(crash_sender **out, gpen_error *error)
{
    char text[2048] = "";
    sentry_dsn dsn;
    *out = NULL;
    const char *value = getenv("GPEN_SENTRY_DSN"), *path = getenv("GPEN_SENTRY_DSN_FILE");
    gpen_status status = GPEN_OK;
    if (value && *value)
        (void)snprintf(text, sizeof text, "%s", value);
    else if (path && *path)
        status = read_line(path, text, sizeof text, error);
    (void)unsetenv("GPEN_SENTRY_DSN");
    if (status || !*text)
        return status;
    status = sentry_dsn_read(&dsn, text, error);
    return status ? status : crash_sender_new(out, &dsn, error);
}
