/* json_write.h: JSON, written as it is known.
 *
 *     json_writer json = json_begin(stdout);
 *     json_object(&json, NULL);
 *     json_text(&json, "state", "done");
 *     json_object_end(&json);
 *     json_end_line(&json);                     one line, flushed
 *
 * key is NULL in an array and at the top. Always valid UTF-8, whatever the values hold. */
#ifndef GPEN_BASE_JSON_WRITE_H
#define GPEN_BASE_JSON_WRITE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

typedef struct json_writer {
    FILE *out;
    bool follows; /* something stands before, in the same object or array */
} json_writer;

json_writer json_begin(FILE *out);
void json_object(json_writer *json, const char *key);
void json_object_end(json_writer *json);
void json_array(json_writer *json, const char *key);
void json_array_end(json_writer *json);

/* value NULL: null. Bytes that are not UTF-8 become U+FFFD. */
void json_text(json_writer *json, const char *key, const char *value);

/* A file's name. When it is not UTF-8, KEY_bytes follows: its bytes in hexadecimal, so that the file can still be found. */
void json_path(json_writer *json, const char *key, const char *path);

void json_integer(json_writer *json, const char *key, int64_t value);
void json_number(json_writer *json, const char *key, double value); /* null when it is none */
void json_boolean(json_writer *json, const char *key, bool value);
void json_null(json_writer *json, const char *key);

/* A text that is one JSON value already; NULL or "": null. */
void json_ready(json_writer *json, const char *key, const char *value);

void json_end_line(json_writer *json);

enum { JSON_MOST_ESCAPED = 8 };

/* One character (text_next's; -1 is no UTF-8) as it stands in a string: its own bytes from..to, or an escape. Returns the
 * length; no zero byte is added. */
size_t json_escape(int32_t character, const char *from, const char *to, char escaped[JSON_MOST_ESCAPED]);

#endif
