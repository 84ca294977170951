/* Events. Its own file because it is a format that Celery's receivers read. */
#include "celery/events.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "celery/moment.h"

enum { MOST_WAITING = 1000 };

/* Hours that local time is behind UTC, as Celery counts them. */
static int utc_offset(void)
{
    time_t now = time(NULL);
    struct tm local;
    return localtime_r(&now, &local) ? (int)(-local.tm_gmtoff / 3600) : 0;
}

static json_t *event_make(event_sender *sender, const char *type, json_t *fields)
{
    json_t *event =
        json_pack("{s:s, s:f, s:s, s:i, s:i, s:I}", "type", type, "timestamp", moment_now(), "hostname", sender->node,
                  "utcoffset", utc_offset(), "pid", (int)getpid(), "clock", (json_int_t)++sender->clock);
    if (event && fields)
        (void)json_object_update(event, fields);
    json_decref(fields);
    return event;
}

/* body is stolen. An event that cannot be made is lost: events are no records. */
static void publish(event_sender *sender, redis_connection *redis, const char *routing_key, json_t *body)
{
    json_t *headers = json_pack("{s:s}", "hostname", sender->node);
    json_t *envelope = body ? envelope_make(body, headers, "celeryev", routing_key, 0) : NULL;
    char *text = json_text_of(envelope);
    if (!body)
        json_decref(headers);
    if (text)
        redis_append(redis, "PUBLISH /%d.celeryev/%s %s", sender->database, routing_key, text);
    free(text);
    json_decref(envelope);
    json_decref(body);
}

void event_worker(event_sender *sender, redis_connection *redis, const char *type, json_t *fields)
{
    char key[64];
    size_t length = strlen(type);
    if (length >= sizeof key) {
        json_decref(fields);
        return;
    }
    for (size_t i = 0; i <= length; i++)
        key[i] = (char)(type[i] == '-' ? '.' : type[i]);
    publish(sender, redis, key, event_make(sender, type, fields));
}

void event_task(event_sender *sender, const char *type, const char *id, json_t *fields)
{
    if (!sender->tasks) {
        json_decref(fields);
        return;
    }
    json_t *event = event_make(sender, type, fields);
    if (event)
        (void)json_object_set_new(event, "uuid", json_pack("s", id));
    if (!sender->waiting)
        sender->waiting = json_pack("[]");
    if (!event || !sender->waiting || json_array_size(sender->waiting) >= MOST_WAITING)
        json_decref(event);
    else
        (void)json_array_append_new(sender->waiting, event);
}

void event_clock_heard(event_sender *sender, const json_t *clock)
{
    json_int_t theirs = json_integer_value(clock);
    if (theirs > sender->clock && theirs < INT64_MAX / 2)
        sender->clock = theirs;
    ++sender->clock;
}

void event_flush(event_sender *sender, redis_connection *redis)
{
    if (!json_array_size(sender->waiting))
        return;
    publish(sender, redis, "task.multi", sender->waiting);
    sender->waiting = NULL;
}
