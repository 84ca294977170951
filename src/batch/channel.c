/* Frames over a socket. Its own file because it is all that is done with the socket itself. */
#include "batch/channel.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { MAGIC_FIRST = 'g', MAGIC_SECOND = 'P', VERSION = 1 };

#ifndef MSG_NOSIGNAL
#define MSG_NOSIGNAL 0
#endif
#ifndef MSG_CMSG_CLOEXEC
#define MSG_CMSG_CLOEXEC 0
#endif

/* ---------------------------------------------------------------- opening */

/* A reader that went away must be an error here, not the end of the program. */
static void prepare_end(int descriptor)
{
    const int room = 2 * MOST_FRAME;
    (void)setsockopt(descriptor, SOL_SOCKET, SO_SNDBUF, &room, sizeof room);
#ifdef SO_NOSIGPIPE
    const int yes = 1;
    (void)setsockopt(descriptor, SOL_SOCKET, SO_NOSIGPIPE, &yes, sizeof yes);
#endif
}

gpen_status channel_pair(int ends[2], gpen_error *error)
{
#ifdef SOCK_CLOEXEC
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends))
        return gpen_fail(error, GPEN_OUT_OF_MEMORY, "a pair of sockets: %s", strerror(errno));
#else
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends))
        return gpen_fail(error, GPEN_OUT_OF_MEMORY, "a pair of sockets: %s", strerror(errno));
    (void)fcntl(ends[0], F_SETFD, FD_CLOEXEC);
    (void)fcntl(ends[1], F_SETFD, FD_CLOEXEC);
#endif
    prepare_end(ends[0]);
    prepare_end(ends[1]);
    return GPEN_OK;
}

gpen_status channel_open(channel *c, int descriptor, gpen_error *error)
{
    *c = (channel){.descriptor = descriptor, .sending = malloc(MOST_FRAME), .receiving = malloc(MOST_FRAME)};
    if (c->sending && c->receiving)
        return GPEN_OK;
    channel_close(c);
    return gpen_fail_memory(error, "messages", 2 * MOST_FRAME);
}

static void close_files(channel *c)
{
    for (int i = 0; i < c->file_count; i++)
        close(c->files[i]);
    c->file_count = 0;
}

void channel_close(channel *c)
{
    close_files(c);
    if (c->descriptor > 0)
        close(c->descriptor);
    free(c->sending);
    free(c->receiving);
    *c = (channel){0};
}

/* ---------------------------------------------------------------- sending */

typedef union ancillary {
    struct cmsghdr head; /* for its alignment */
    char bytes[CMSG_SPACE(sizeof(int) * MOST_FRAME_FILES)];
} ancillary;

static ssize_t send_some(int descriptor, const void *bytes, size_t length, const int *files, int file_count)
{
    ancillary control = {.bytes = {0}};
    struct iovec part = {.iov_base = (void *)(uintptr_t)bytes, .iov_len = length};
    struct msghdr head = {.msg_iov = &part, .msg_iovlen = 1};
    if (file_count) {
        size_t size = sizeof(int) * (size_t)file_count;
        head.msg_control = control.bytes;
        head.msg_controllen = CMSG_SPACE(size);
        control.head.cmsg_level = SOL_SOCKET;
        control.head.cmsg_type = SCM_RIGHTS;
        control.head.cmsg_len = CMSG_LEN(size);
        memcpy(CMSG_DATA(&control.head), files, size);
    }
    ssize_t sent;
    do
        sent = sendmsg(descriptor, &head, MSG_NOSIGNAL);
    while (sent < 0 && errno == EINTR);
    return sent;
}

gpen_status channel_send(channel *c, const message *m, const int *files, gpen_error *error)
{
    int file_count = message_files(m->kind);
    size_t body;
    if (file_count < 0 || !message_write(m, c->sending + FRAME_HEAD, MOST_FRAME - FRAME_HEAD, &body))
        return gpen_fail(error, GPEN_WRITE_FAILED, "a message of kind %d is too long", (int)m->kind);
    const unsigned char head[FRAME_HEAD] = {
        MAGIC_FIRST,
        MAGIC_SECOND,
        VERSION,
        (unsigned char)m->kind,
        (unsigned char)file_count,
        0,
        0,
        0,
        (unsigned char)body,
        (unsigned char)(body >> 8),
        (unsigned char)(body >> 16),
        (unsigned char)(body >> 24),
    };
    memcpy(c->sending, head, FRAME_HEAD);
    for (size_t done = 0; done < FRAME_HEAD + body;) {
        ssize_t sent =
            send_some(c->descriptor, c->sending + done, FRAME_HEAD + body - done, files, done ? 0 : file_count);
        if (sent < 0)
            return gpen_fail(error, GPEN_WRITE_FAILED, "a message could not be sent: %s", strerror(errno));
        done += (size_t)sent;
    }
    return GPEN_OK;
}

/* ---------------------------------------------------------------- receiving */

/* Open files of one call. More than a frame may have are closed at once. */
static void take_files(channel *c, struct msghdr *head)
{
    for (struct cmsghdr *control = CMSG_FIRSTHDR(head); control; control = CMSG_NXTHDR(head, control)) {
        if (control->cmsg_level != SOL_SOCKET || control->cmsg_type != SCM_RIGHTS)
            continue;
        size_t count = (control->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        for (size_t i = 0; i < count; i++) {
            int file;
            memcpy(&file, CMSG_DATA(control) + i * sizeof file, sizeof file);
            if (c->file_count < MOST_FRAME_FILES) {
                (void)fcntl(file, F_SETFD, FD_CLOEXEC);
                c->files[c->file_count++] = file;
            } else {
                close(file);
            }
        }
    }
}

static ssize_t receive_some(channel *c, size_t most)
{
    ancillary control = {.bytes = {0}};
    struct iovec part = {.iov_base = c->receiving + c->received, .iov_len = most};
    struct msghdr head = {.msg_iov = &part,
                          .msg_iovlen = 1,
                          .msg_control = control.bytes,
                          .msg_controllen = sizeof control.bytes};
    ssize_t count;
    do
        count = recvmsg(c->descriptor, &head, MSG_CMSG_CLOEXEC);
    while (count < 0 && errno == EINTR);
    if (count >= 0)
        take_files(c, &head);
    return count;
}

static size_t body_length(const channel *c)
{
    const unsigned char *head = c->receiving;
    return (size_t)head[8] | (size_t)head[9] << 8 | (size_t)head[10] << 16 | (size_t)head[11] << 24;
}

static bool head_is_sound(const channel *c)
{
    const unsigned char *head = c->receiving;
    return head[0] == MAGIC_FIRST && head[1] == MAGIC_SECOND && head[2] == VERSION &&
           message_files((message_kind)head[3]) == head[4] && body_length(c) <= MOST_FRAME - FRAME_HEAD;
}

static channel_event take_frame(channel *c, message *m, int *files, gpen_error *error)
{
    message_kind kind = (message_kind)c->receiving[3];
    int file_count = message_files(kind);
    if (c->file_count != file_count) {
        gpen_fail(error, GPEN_UNREADABLE, "a message of kind %d came with %d open files", (int)kind, c->file_count);
        return CHANNEL_BROKEN;
    }
    if (message_read(m, kind, c->receiving + FRAME_HEAD, body_length(c), error))
        return CHANNEL_BROKEN;
    for (int i = 0; i < file_count; i++)
        files[i] = c->files[i];
    c->file_count = 0;
    c->received = 0;
    return CHANNEL_MESSAGE;
}

/* A frame is read in two goes, head and body, so that never a byte of the next one is taken with it: that is how open files
 * stay with their frame. */
channel_event channel_receive(channel *c, message *m, int *files, gpen_error *error)
{
    memset(m, 0, sizeof *m);
    for (;;) {
        size_t wanted = c->received < FRAME_HEAD ? FRAME_HEAD : FRAME_HEAD + body_length(c);
        if (c->received >= FRAME_HEAD && c->received == wanted)
            return take_frame(c, m, files, error);
        ssize_t count = receive_some(c, wanted - c->received);
        if (count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
            return CHANNEL_NOTHING;
        if (!count || (count < 0 && errno == ECONNRESET))
            return CHANNEL_CLOSED;
        if (count < 0) {
            gpen_fail(error, GPEN_UNREADABLE, "a message could not be received: %s", strerror(errno));
            return CHANNEL_BROKEN;
        }
        c->received += (size_t)count;
        if (c->received == FRAME_HEAD && !head_is_sound(c)) {
            gpen_fail(error, GPEN_UNREADABLE, "what came is no message of this version");
            return CHANNEL_BROKEN;
        }
    }
}
