/* Writes the corpus of fuzz_protocol: one body of each kind of message behind its kind, and a stream of frames. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "batch/channel.h"

static void write_file(const char *folder, const char *name, const void *bytes, size_t count)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "wb");
    if (!file || fwrite(bytes, 1, count, file) != count || fclose(file))
        abort();
}

static void write_body(const char *folder, const char *name, const message *m)
{
    static unsigned char bytes[MOST_FRAME];
    size_t length;
    bytes[0] = (unsigned char)m->kind;
    if (!message_write(m, bytes + 1, sizeof bytes - 1, &length))
        abort();
    write_file(folder, name, bytes, length + 1);
}

static void write_frames(const char *folder, const message *const *all, size_t count)
{
    static unsigned char bytes[MOST_FRAME];
    int ends[2];
    channel c;
    if (channel_pair(ends, NULL) || channel_open(&c, ends[0], NULL))
        abort();
    for (size_t i = 0; i < count; i++)
        if (channel_send(&c, all[i], NULL, NULL))
            abort();
    ssize_t length = recv(ends[1], bytes, sizeof bytes, 0);
    channel_close(&c);
    close(ends[1]);
    write_file(folder, "frames", bytes, (size_t)length);
}

int main(int argc, char **argv)
{
    static gpen_face faces[2] = {{.box = {1, 2, 3, 4}, .score = 1, .state = GPEN_FACE_RESTORED, .seconds = 0.5}};
    static char notes[] = "One.\nTwo.";
    static message start = {.kind = MESSAGE_START,
                            .start = {.restorer = {"/models/a", "a", "00"},
                                      .threads = 2,
                                      .heartbeat_milliseconds = 1000}};
    static message order = {.kind = MESSAGE_ORDER, .order = {.id = 1, .input_name = "in", .output_name = "out"}};
    static message result = {.kind = MESSAGE_RESULT};
    const message ready = {.kind = MESSAGE_READY, .ready = {.level = "avx2", .size = 256}};
    const message refused = {.kind = MESSAGE_REFUSED, .refused = {GPEN_MODEL_MISSING, "none"}};
    const message stage = {.kind = MESSAGE_STAGE, .stage = {1, JOB_DECODE}};
    const message found = {.kind = MESSAGE_FACES, .faces = {1, 0, 2}};
    const message crop = {.kind = MESSAGE_CROP, .crop = {1, 0, true}};
    const message thumbnail = {.kind = MESSAGE_THUMBNAIL, .thumbnail = {1, true}};
    const message take_back = {.kind = MESSAGE_TAKE_BACK, .unwanted = 1};
    if (argc != 2)
        return 2;
    result.result = (worker_result){1, {.faces = {faces, 2}, .notes = notes, .width = 10, .height = 10}};
    write_body(argv[1], "start", &start);
    write_body(argv[1], "order", &order);
    write_body(argv[1], "result", &result);
    write_body(argv[1], "ready", &ready);
    write_body(argv[1], "refused", &refused);
    write_body(argv[1], "stage", &stage);
    write_body(argv[1], "faces", &found);
    write_body(argv[1], "crop", &crop);
    write_body(argv[1], "thumbnail", &thumbnail);
    write_body(argv[1], "take_back", &take_back);
    const message *const stream[] = {&ready, &stage, &found, &result};
    write_frames(argv[1], stream, sizeof stream / sizeof *stream);
    return 0;
}
