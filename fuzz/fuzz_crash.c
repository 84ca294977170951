/* What stood in a dead worker's pipe, and what would be sent of it: one event on one line, however the worker had gone wrong. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "batch/crash_send.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static crash_record record;
    static char text[CRASH_MOST_ENVELOPE];
    crash_record_read(&record, data, size);
    size_t length = crash_envelope_write(text, "00112233445566778899aabbccddeeff", 0, GPEN_CRASHED, &record), lines = 0;
    for (size_t i = 0; i < length; i++)
        lines += text[i] == '\n';
    if (!length || length > sizeof text || lines != 3 || text[length - 1] != '\n' || memchr(text, 0, length))
        abort();
    return 0;
}
