/* channel.h: messages over a pair of sockets. Private to src/batch.
 *
 * A frame is a head of twelve bytes (magic, version, kind, number of open files, length) and what message.h makes of the kind.
 * Whoever is at the other end is not trusted: lengths are bounded, open files that do not belong to a frame are closed. */
#ifndef GPEN_BATCH_CHANNEL_H
#define GPEN_BATCH_CHANNEL_H

#include "batch/message.h"

enum { FRAME_HEAD = 12, MOST_FRAME = 128 * 1024, MOST_FRAME_FILES = 2 };

typedef struct channel {
    int descriptor;
    unsigned char *sending;   /* MOST_FRAME bytes */
    unsigned char *receiving; /* likewise */
    size_t received;          /* bytes in it */
    int files[MOST_FRAME_FILES];
    int file_count; /* that came and belong to the frame at the beginning of `receiving` */
} channel;

/* Two connected ends, closed on exec. Errors: OUT_OF_MEMORY (descriptors too). */
gpen_status channel_pair(int ends[2], gpen_error *error);

/* Takes over the descriptor, whatever the outcome. Release with channel_close. Errors: OUT_OF_MEMORY. */
gpen_status channel_open(channel *c, int descriptor, gpen_error *error);
void channel_close(channel *c); /* zeroed ones are fine */

/* Sends a message with its open files, which stay the caller's. On a socket that does not block, and whose reader does not
 * read, that is an error too: what may be under way at once always fits. Errors: WRITE_FAILED. */
gpen_status channel_send(channel *c, const message *m, const int *files, gpen_error *error);

typedef enum channel_event {
    CHANNEL_MESSAGE, /* *m and files are the caller's: message_free, close */
    CHANNEL_NOTHING, /* no whole message yet */
    CHANNEL_CLOSED,  /* the other end is gone */
    CHANNEL_BROKEN   /* it sent what is no message, or memory ran out: *error */
} channel_event;

/* Reads at most one message; waits for it where the socket blocks. files: room for MOST_FRAME_FILES; as many are set as the
 * kind has. */
channel_event channel_receive(channel *c, message *m, int *files, gpen_error *error);

#endif
