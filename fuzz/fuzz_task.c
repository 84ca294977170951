/* Any bytes as a message of the queue: as an envelope, and as the body inside a good one. A task that can be read is bound to its
 * request, and what follows from it is worked out as far as that goes without a server. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "celery/base64.h"
#include "celery/moment.h"
#include "celery/request.h"
#include "celery/signature.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count);

static void follow(const task_message *task)
{
    static const char *const lists[] = {"callbacks", "errbacks", "chain"};
    const task_canvas canvas = {.queue = "gpen", .seconds = 60};
    signature_sender sender = {.canvas = &canvas, .root_id = task->id, .parent_id = task->id, .sends = json_pack("[]")};
    json_t *result = json_pack("{s:i}", "restored", 1);
    for (size_t i = 0; sender.sends && i < sizeof lists / sizeof *lists; i++) {
        const json_t *list = json_object_get(task->embed, lists[i]);
        for (size_t k = 0; k < json_array_size(list) && k < 10; k++)
            (void)signature_send(&sender, json_array_get(list, k), result, NULL, NULL);
    }
    json_decref(result);
    json_decref(sender.sends);
}

static void read_envelope(const char *text, size_t length)
{
    const task_limits limits = {.most_body = 1 << 20};
    task_message task;
    task_request request;
    request_kind kind;
    gpen_error error;
    json_t *envelope, *body;
    if (task_read(text, length, &limits, &task, &error) != TASK_FOREIGN) {
        if (!task.id || !*task.id || !json_is_array(task.args) || !json_is_object(task.kwargs))
            abort();
        if (request_kind_of(task.name, &kind))
            (void)request_read(&task, kind, &request, &error);
        follow(&task);
        task_free(&task);
    }
    if (envelope_read(text, length, limits.most_body, &envelope, &body, &error)) {
        json_decref(envelope);
        json_decref(body);
    }
}

static void read_body(const uint8_t *bytes, size_t count)
{
    static const char format[] =
        "{\"body\": \"%s\", \"content-type\": \"application/json\", \"content-encoding\": \"utf-8\", "
        "\"headers\": {\"id\": \"a\", \"task\": \"gpen.enhance\"}, "
        "\"properties\": {\"body_encoding\": \"base64\"}}";
    char *packed = malloc(base64_length(count) + 1), *text = NULL;
    if (!packed)
        return;
    base64_encode(bytes, count, packed);
    int length = asprintf(&text, format, packed);
    if (length > 0) {
        read_envelope(text, (size_t)length);
        free(text);
    }
    free(packed);
}

/* What is written must read the same. */
static void check_base64(const uint8_t *bytes, size_t count)
{
    char *packed = malloc(base64_length(count) + 1);
    unsigned char *again = malloc(base64_most_bytes(base64_length(count)));
    size_t length;
    if (packed && again) {
        base64_encode(bytes, count, packed);
        if (!base64_decode(packed, strlen(packed), again, &length) || length != count ||
            memcmp(again, bytes, count) != 0)
            abort();
        unsigned char *room = malloc(base64_most_bytes(count) + 1);
        if (room)
            (void)base64_decode((const char *)bytes, count, room, &length);
        free(room);
    }
    free(packed);
    free(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count)
{
    double seconds;
    char *text = strndup((const char *)bytes, count);
    if (text)
        (void)moment_read(text, &seconds);
    free(text);
    read_envelope((const char *)bytes, count);
    read_body(bytes, count);
    check_base64(bytes, count);
    return 0;
}
