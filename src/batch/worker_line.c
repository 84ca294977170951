/* A worker's side of the channel. Its own file because talking must never wait for work, nor work for talking. */
#include "batch/worker_line.h"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"

enum { EXIT_ALONE = 4 };

gpen_status worker_line_open(worker_line *line, int descriptor, gpen_error *error)
{
    *line = (worker_line){.work = NULL};
    gpen_status status = channel_open(&line->channel, descriptor, error);
    if (!status)
        pthread_mutex_init(&line->sending, NULL);
    return status;
}

void worker_line_send(worker_line *line, const message *m, const int *files)
{
    pthread_mutex_lock(&line->sending);
    gpen_status status = channel_send(&line->channel, m, files, NULL);
    pthread_mutex_unlock(&line->sending);
    if (status)
        _exit(EXIT_ALONE);
}

bool worker_line_wait(worker_line *line, message *m)
{
    int files[MOST_FRAME_FILES];
    return channel_receive(&line->channel, m, files, NULL) == CHANNEL_MESSAGE && m->kind != MESSAGE_ORDER;
}

/* ---------------------------------------------------------------- listening */

/* Waits until something came or it is time for a sign of life. True: something came. */
static bool await(worker_line *line, double until)
{
    struct pollfd wanted = {.fd = line->channel.descriptor, .events = POLLIN};
    double left = until - clock_seconds();
    int milliseconds = left > 0 ? (int)(left * 1000) + 1 : 0;
    return poll(&wanted, 1, milliseconds) > 0;
}

static void take_message(worker_line *line)
{
    message m;
    int files[MOST_FRAME_FILES];
    gpen_error error;
    switch (channel_receive(&line->channel, &m, files, &error)) {
    case CHANNEL_MESSAGE:
        if (m.kind == MESSAGE_ORDER)
            pipeline_add(line->work, &m.order, files[0], files[1]);
        else if (m.kind == MESSAGE_QUIT)
            pipeline_quit(line->work);
        else if (m.kind == MESSAGE_TAKE_BACK)
            pipeline_take_back(line->work, m.unwanted);
        message_free(&m);
        break;
    case CHANNEL_NOTHING: break;
    case CHANNEL_CLOSED:
    case CHANNEL_BROKEN:
        if (!atomic_load(&line->ending))
            _exit(EXIT_ALONE);
        break;
    }
}

static void *listen_main(void *argument)
{
    worker_line *line = argument;
    double next = clock_seconds();
    while (!atomic_load(&line->ending)) {
        if (await(line, next)) {
            take_message(line);
        } else if (clock_seconds() >= next) {
            const message alive = {.kind = MESSAGE_HEARTBEAT};
            worker_line_send(line, &alive, NULL);
            next = clock_seconds() + line->heartbeat_milliseconds / 1000.0;
        }
    }
    return NULL;
}

gpen_status worker_line_listen(worker_line *line, pipeline *work, int heartbeat_milliseconds, gpen_error *error)
{
    line->work = work;
    line->heartbeat_milliseconds = heartbeat_milliseconds;
    if (pthread_create(&line->listener, NULL, listen_main, line)) {
        line->work = NULL;
        return gpen_fail(error, GPEN_OUT_OF_MEMORY, "a thread could not be started");
    }
    return GPEN_OK;
}

void worker_line_close(worker_line *line)
{
    atomic_store(&line->ending, true);
    if (line->work) {
        (void)shutdown(line->channel.descriptor, SHUT_RD); /* wakes the listener */
        pthread_join(line->listener, NULL);
    }
    pthread_mutex_destroy(&line->sending);
    channel_close(&line->channel);
}
