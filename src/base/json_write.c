/* A small JSON writer: what the commands print with --json, reports, the log. Its own file because escaping is easy to get nearly
 * right. */
#include "base/json_write.h"

#include <math.h>
#include <string.h>

#include "base/characters.h"

json_writer json_begin(FILE *out)
{
    return (json_writer){.out = out};
}

size_t json_escape(int32_t character, const char *from, const char *to, char escaped[JSON_MOST_ESCAPED])
{
    if (character < 0)
        return (size_t)snprintf(escaped, JSON_MOST_ESCAPED, "\\ufffd");
    if (character == '"' || character == '\\')
        return (size_t)snprintf(escaped, JSON_MOST_ESCAPED, "\\%c", (int)character);
    if (character == '\n')
        return (size_t)snprintf(escaped, JSON_MOST_ESCAPED, "\\n");
    if (character < 0x20 || (character >= 0x7F && character <= 0x9F))
        return (size_t)snprintf(escaped, JSON_MOST_ESCAPED, "\\u%04x", (unsigned)character & 0xFFU);
    memcpy(escaped, from, (size_t)(to - from));
    return (size_t)(to - from);
}

static void write_string(json_writer *json, const char *text)
{
    char escaped[JSON_MOST_ESCAPED];
    (void)fputc('"', json->out);
    for (const char *from = text;; from = text) {
        int32_t character = text_next(&text);
        if (!character)
            break;
        size_t length = json_escape(character, from, text, escaped);
        (void)fwrite(escaped, 1, length, json->out);
    }
    (void)fputc('"', json->out);
}

/* What stands before a value: the comma, the key. */
static void lead(json_writer *json, const char *key)
{
    if (json->follows)
        (void)fputc(',', json->out);
    json->follows = true;
    if (key) {
        write_string(json, key);
        (void)fputc(':', json->out);
    }
}

static void open_bracket(json_writer *json, const char *key, char bracket)
{
    lead(json, key);
    (void)fputc(bracket, json->out);
    json->follows = false;
}

static void close_bracket(json_writer *json, char bracket)
{
    (void)fputc(bracket, json->out);
    json->follows = true;
}

void json_object(json_writer *json, const char *key)
{
    open_bracket(json, key, '{');
}

void json_object_end(json_writer *json)
{
    close_bracket(json, '}');
}

void json_array(json_writer *json, const char *key)
{
    open_bracket(json, key, '[');
}

void json_array_end(json_writer *json)
{
    close_bracket(json, ']');
}

void json_null(json_writer *json, const char *key)
{
    lead(json, key);
    (void)fputs("null", json->out);
}

void json_text(json_writer *json, const char *key, const char *value)
{
    if (!value) {
        json_null(json, key);
        return;
    }
    lead(json, key);
    write_string(json, value);
}

void json_path(json_writer *json, const char *key, const char *path)
{
    json_text(json, key, path);
    if (!path || text_is_utf8(path))
        return;
    fprintf(json->out, ",\"%s_bytes\":\"", key);
    for (const unsigned char *byte = (const unsigned char *)path; *byte; byte++)
        fprintf(json->out, "%02x", *byte);
    (void)fputc('"', json->out);
}

void json_integer(json_writer *json, const char *key, int64_t value)
{
    lead(json, key);
    fprintf(json->out, "%lld", (long long)value);
}

void json_number(json_writer *json, const char *key, double value)
{
    if (!isfinite(value)) {
        json_null(json, key);
        return;
    }
    lead(json, key);
    fprintf(json->out, "%.9g", value);
}

void json_boolean(json_writer *json, const char *key, bool value)
{
    lead(json, key);
    (void)fputs(value ? "true" : "false", json->out);
}

void json_ready(json_writer *json, const char *key, const char *value)
{
    lead(json, key);
    (void)fputs(value && *value ? value : "null", json->out);
}

void json_end_line(json_writer *json)
{
    (void)fputc('\n', json->out);
    (void)fflush(json->out);
    json->follows = false;
}
