/* What a crash becomes for Sentry: an event in an envelope. Its own file because it decides what leaves the machine: the trace comes
 * from a process that had gone wrong, so only what has the shape of a function's name is taken out of it. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>

#include "base/date.h"
#include "base/file.h"
#include "base/json_write.h"
#include "batch/crash_send.h"

/* ---------------------------------------------------------------- functions */

enum { MOST_MODULE = 64, MOST_FUNCTION = 128 };

typedef struct crash_frame {
    char module[MOST_MODULE + 1]; /* the file's bare name, which is the program's or a library's */
    char function[MOST_FUNCTION + 1];
    unsigned long long offset; /* in the function, or in the module where that has no name */
} crash_frame;

static bool take_name(char *name, size_t most, const char *from, size_t length)
{
    if (length > most)
        return false;
    for (size_t i = 0; i < length; i++)
        if (!isalnum((unsigned char)from[i]) && !strchr("._-+@$", from[i]))
            return false;
    memcpy(name, from, length);
    name[length] = '\0';
    return true;
}

/* "/usr/lib/libvips.so.42(vips_foo+0x1c) [0x7f...]", as backtrace_symbols_fd writes it. */
static bool read_frame(crash_frame *frame, const char *line, size_t length)
{
    const char *open = memchr(line, '(', length), *end = line + length;
    const char *close = open ? memchr(open, ')', (size_t)(end - open)) : NULL;
    const char *plus = close ? memchr(open, '+', (size_t)(close - open)) : NULL;
    char digits[20];
    if (!plus || plus[1] != '0' || plus[2] != 'x')
        return false;
    const char *module = open;
    while (module > line && module[-1] != '/')
        module--;
    size_t count = (size_t)(close - plus) - 1;
    if (count >= sizeof digits || count < 3 ||
        !take_name(frame->module, MOST_MODULE, module, (size_t)(open - module)) ||
        !take_name(frame->function, MOST_FUNCTION, open + 1, (size_t)(plus - open) - 1))
        return false;
    memcpy(digits, plus + 1, count);
    digits[count] = '\0';
    return strspn(digits + 2, "0123456789abcdef") == count - 2 && sscanf(digits, "%llx", &frame->offset) == 1;
}

static size_t read_frames(crash_frame frames[CRASH_MOST_FRAMES], const char *trace)
{
    size_t count = 0;
    while (*trace && count < CRASH_MOST_FRAMES) {
        size_t length = strcspn(trace, "\n");
        count += read_frame(&frames[count], trace, length);
        trace += length + (trace[length] == '\n');
    }
    return count;
}

/* Sentry has the innermost last. */
static void put_frames(json_writer *json, const char *trace)
{
    crash_frame frames[CRASH_MOST_FRAMES];
    size_t count = read_frames(frames, trace);
    if (!count)
        return;
    json_object(json, "stacktrace");
    json_array(json, "frames");
    while (count--) {
        char offset[32];
        (void)snprintf(offset, sizeof offset, "0x%llx", frames[count].offset);
        json_object(json, NULL);
        json_text(json, "package", frames[count].module);
        json_text(json, "function", *frames[count].function ? frames[count].function : offset);
        json_object(json, "vars");
        json_text(json, "offset", offset);
        json_object_end(json);
        json_object_end(json);
    }
    json_array_end(json);
    json_object_end(json);
}

/* ---------------------------------------------------------------- the event */

static void put_exception(json_writer *json, gpen_status reason, const crash_record *record)
{
    const char *what = record->signal ? crash_signal_name(record->signal) : gpen_status_name(reason);
    char value[96];
    (void)snprintf(value, sizeof value, "%s%s%s", gpen_status_name(reason), record->knows_item ? " in " : "",
                   record->knows_item ? job_stage_name(record->stage) : "");
    json_object(json, "exception");
    json_array(json, "values");
    json_object(json, NULL);
    json_text(json, "type", what);
    json_text(json, "value", value);
    json_object(json, "mechanism");
    json_text(json, "type", record->signal ? "signalhandler" : "generic");
    json_boolean(json, "handled", false);
    json_object_end(json);
    put_frames(json, record->trace);
    json_object_end(json);
    json_array_end(json);
    json_object_end(json);
}

static void put_machine(json_writer *json)
{
    struct utsname system;
    if (uname(&system) < 0)
        return;
    json_object(json, "contexts");
    json_object(json, "os");
    json_text(json, "name", system.sysname);
    json_text(json, "version", system.release);
    json_object_end(json);
    json_object(json, "device");
    json_text(json, "arch", system.machine);
    json_object_end(json);
    json_object_end(json);
}

static void put_event(json_writer *json, const char *event, int64_t now, gpen_status reason, const crash_record *record)
{
    json_object(json, NULL);
    json_text(json, "event_id", event);
    json_integer(json, "timestamp", now / 1000);
    json_text(json, "platform", "native");
    json_text(json, "level", "fatal");
    json_text(json, "release", "gpen@" GPEN_VERSION);
    json_text(json, "server_name", ""); /* or the server would note our address */
    put_exception(json, reason, record);
    put_machine(json);
    json_object(json, "tags");
    json_text(json, "reason", gpen_status_name(reason));
    json_text(json, "stage", record->knows_item ? job_stage_name(record->stage) : "unknown");
    json_boolean(json, "out_of_memory", record->out_of_memory);
    json_object_end(json);
    json_object(json, "extra");
    json_integer(json, "memory_mib", record->resident_bytes >> 20);
    json_object_end(json);
    json_object_end(json);
}

/* Writes into a block of its own size. 0: it does not fit. */
static size_t write_event(char *text, size_t capacity, const char *event, int64_t now, gpen_status reason,
                          const crash_record *record)
{
    FILE *out = fmemopen(text, capacity, "w");
    if (!out)
        return 0;
    json_writer json = json_begin(out);
    put_event(&json, event, now, reason, record);
    bool good = !fflush(out) && !ferror(out);
    long length = good ? ftell(out) : 0;
    (void)fclose(out);
    return length > 0 && (size_t)length < capacity ? (size_t)length : 0;
}

size_t crash_envelope_write(char *text, const char *event, int64_t now, gpen_status reason, const crash_record *record)
{
    enum { HEADS = 256 };
    char moment[DATE_TEXT], heads[HEADS];
    size_t length = write_event(text + HEADS, CRASH_MOST_ENVELOPE - HEADS - 1, event, now, reason, record);
    date_text(now, moment);
    int head =
        snprintf(heads, sizeof heads, "{\"event_id\":\"%s\",\"sent_at\":\"%s\"}\n{\"type\":\"event\",\"length\":%zu}\n",
                 event, moment, length);
    if (!length || head < 0 || head >= HEADS)
        return 0;
    memcpy(text, heads, (size_t)head);
    memmove(text + head, text + HEADS, length);
    text[(size_t)head + length] = '\n';
    return (size_t)head + length + 1;
}
