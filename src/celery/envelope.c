/* Writing messages as kombu does. Its own file because tasks, replies and events all travel in the same envelope. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "celery/base64.h"
#include "celery/task.h"

static bool random_bytes(unsigned char *bytes, size_t count)
{
    int source = open("/dev/urandom", O_RDONLY | O_CLOEXEC);
    bool good = source >= 0 && read(source, bytes, count) == (ssize_t)count;
    if (source >= 0)
        close(source);
    return good;
}

void uuid_write(char text[UUID_TEXT])
{
    unsigned char b[16] = {0};
    double now = clock_seconds();
    if (!random_bytes(b, sizeof b)) /* a system without it: unlike others at least */
        memcpy(b, &now, sizeof now);
    b[6] = (unsigned char)((b[6] & 0x0F) | 0x40);
    b[8] = (unsigned char)((b[8] & 0x3F) | 0x80);
    snprintf(text, UUID_TEXT, "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", b[0], b[1], b[2],
             b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10], b[11], b[12], b[13], b[14], b[15]);
}

char *json_text_of(const json_t *value)
{
    return value ? json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY) : NULL;
}

static char *body_text(const json_t *body)
{
    char *plain = json_text_of(body);
    size_t length = plain ? strlen(plain) : 0;
    char *packed = plain ? malloc(base64_length(length) + 1) : NULL;
    if (packed)
        base64_encode((const unsigned char *)plain, length, packed);
    free(plain);
    return packed;
}

json_t *envelope_make(const json_t *body, json_t *headers, const char *exchange, const char *routing_key, int priority)
{
    char tag[UUID_TEXT];
    char *text = body_text(body);
    uuid_write(tag);
    if (!headers)
        headers = json_pack("{}");
    json_t *envelope = NULL;
    if (text && headers)
        envelope = json_pack("{s:s, s:s, s:s, s:O, s:{s:i, s:{s:s, s:s}, s:i, s:s, s:s}}", "body", text,
                             "content-encoding", "utf-8", "content-type", "application/json", "headers", headers,
                             "properties", "delivery_mode", 2, "delivery_info", "exchange", exchange, "routing_key",
                             routing_key, "priority", priority, "body_encoding", "base64", "delivery_tag", tag);
    json_decref(headers);
    free(text);
    return envelope;
}

void envelope_redelivered(json_t *envelope)
{
    json_t *info = json_object_get(json_object_get(envelope, "properties"), "delivery_info");
    json_t *headers = json_object_get(envelope, "headers");
    if (headers)
        (void)json_object_set_new(headers, "redelivered", json_true());
    if (info)
        (void)json_object_set_new(info, "redelivered", json_true());
}
