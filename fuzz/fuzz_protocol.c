/* Any bytes as what a worker sends: over a socket as frames, and as the body of each kind of message. What can be read must be
 * written and read again as the same. */
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "batch/channel.h"
#include "batch/crash.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count);

static void write_and_read_again(const message *m)
{
    static unsigned char first[MOST_FRAME], second[MOST_FRAME];
    static message again;
    size_t length, second_length;
    if (!message_write(m, first, sizeof first, &length) || message_read(&again, m->kind, first, length, NULL) ||
        !message_write(&again, second, sizeof second, &second_length) || second_length != length ||
        memcmp(first, second, length) != 0)
        abort();
    message_free(&again);
}

static void read_bodies(const uint8_t *bytes, size_t count)
{
    static message m;
    gpen_error error;
    for (int kind = 0; kind <= MESSAGE_TAKE_BACK + 1; kind++) {
        if (message_read(&m, (message_kind)kind, bytes, count, &error))
            continue;
        write_and_read_again(&m);
        message_free(&m);
    }
}

static void read_frames(const uint8_t *bytes, size_t count)
{
    static message m;
    int ends[2], files[MOST_FRAME_FILES];
    channel c;
    gpen_error error;
    if (count > MOST_FRAME / 2) /* what a socket takes without a reader */
        count = MOST_FRAME / 2;
    if (channel_pair(ends, &error) || channel_open(&c, ends[0], &error) ||
        send(ends[1], bytes, count, MSG_NOSIGNAL) != (ssize_t)count)
        abort();
    close(ends[1]);
    while (channel_receive(&c, &m, files, &error) == CHANNEL_MESSAGE)
        message_free(&m); /* none can have come with open files */
    channel_close(&c);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count)
{
    static crash_record record;
    read_frames(bytes, count);
    read_bodies(bytes, count);
    if (count && bytes[0] && bytes[0] <= MESSAGE_TAKE_BACK) { /* a body behind its kind: how the corpus has them */
        static message m;
        if (!message_read(&m, (message_kind)bytes[0], bytes + 1, count - 1, NULL)) {
            write_and_read_again(&m);
            message_free(&m);
        }
    }
    crash_record_read(&record, bytes, count);
    return 0;
}
