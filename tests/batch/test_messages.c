/* Messages: what is written is read as the same, field by field; what was tampered with is refused or harmless. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "batch/channel.h"

static unsigned char bytes[MOST_FRAME];

static size_t write_message(const message *m)
{
    size_t length;
    assert_true(message_write(m, bytes, sizeof bytes, &length));
    return length;
}

static gpen_settings full_look(void)
{
    gpen_settings look = {.preset = GPEN_PRESET_AUTO,
                          .held = GPEN_HELD_DENOISE,
                          .mode = GPEN_MODE_PLAIN,
                          .strength = 37,
                          .most_faces = 5,
                          .least_face = 64,
                          .least_score = 0.75f};
    int value = 11;
#define SET_CONTROL(field, least, most) look.field = value++;
    GPEN_CONTROL_LIST(SET_CONTROL)
#undef SET_CONTROL
    look.contrast = -100;
    look.likeness = 1;
    look.face_strength_count = GPEN_MOST_FACE_STRENGTHS;
    for (int i = 0; i < GPEN_MOST_FACE_STRENGTHS; i++)
        look.face_strengths[i] = (gpen_face_strength){1000 - i, i};
    look.extra_face_count = GPEN_MOST_EXTRA_FACES;
    for (int i = 0; i < GPEN_MOST_EXTRA_FACES; i++)
        for (int k = 0; k < 4; k++)
            look.extra_faces[i][k] = (float)(10 * i + k) + 0.5f;
    return look;
}

static job_order full_order(void)
{
    job_order order = {.id = UINT64_C(0x0123456789ABCDEF),
                       .look = full_look(),
                       .format = PICTURE_WEBP,
                       .quality = 88,
                       .max_edge = 4096,
                       .max_pixels = INT64_C(50000000),
                       .aligned = true,
                       .save_faces = true,
                       .detect_only = true,
                       .thumbnail_edge = 160};
    snprintf(order.input_name, sizeof order.input_name, "a \"name\"\n图片.jpg");
    snprintf(order.output_name, sizeof order.output_name, "out.webp");
    return order;
}

static void an_order_arrives_as_it_was(void **state)
{
    (void)state;
    message sent = {.kind = MESSAGE_ORDER}, got;
    sent.order = full_order();
    size_t length = write_message(&sent);
    assert_int_equal(message_read(&got, MESSAGE_ORDER, bytes, length, NULL), GPEN_OK);
    assert_true(got.order.id == sent.order.id);
    assert_string_equal(got.order.input_name, sent.order.input_name);
    assert_string_equal(got.order.output_name, sent.order.output_name);
    assert_int_equal(got.order.look.preset, GPEN_PRESET_AUTO);
    assert_int_equal(got.order.look.held, GPEN_HELD_DENOISE);
    assert_int_equal(got.order.look.mode, GPEN_MODE_PLAIN);
    assert_int_equal(got.order.look.strength, 37);
    assert_int_equal(got.order.look.most_faces, 5);
    assert_int_equal(got.order.look.least_face, 64);
    assert_true(got.order.look.least_score == 0.75f);
#define COMPARE_CONTROL(field, least, most) assert_int_equal(got.order.look.field, sent.order.look.field);
    GPEN_CONTROL_LIST(COMPARE_CONTROL)
#undef COMPARE_CONTROL
    assert_int_equal(got.order.look.likeness, 1);
    assert_int_equal(got.order.look.face_strength_count, GPEN_MOST_FACE_STRENGTHS);
    for (int i = 0; i < GPEN_MOST_FACE_STRENGTHS; i++) {
        assert_int_equal(got.order.look.face_strengths[i].face, 1000 - i);
        assert_int_equal(got.order.look.face_strengths[i].strength, i);
    }
    assert_int_equal(got.order.look.extra_face_count, GPEN_MOST_EXTRA_FACES);
    assert_memory_equal(got.order.look.extra_faces, sent.order.look.extra_faces, sizeof sent.order.look.extra_faces);
    assert_int_equal(got.order.format, PICTURE_WEBP);
    assert_int_equal(got.order.quality, 88);
    assert_int_equal(got.order.max_edge, 4096);
    assert_true(got.order.max_pixels == INT64_C(50000000));
    assert_true(got.order.aligned && got.order.save_faces && got.order.detect_only && !got.order.require_face);
    assert_int_equal(got.order.thumbnail_edge, 160);
    sent.order.thumbnail_edge = JOB_MOST_THUMBNAIL + 1;
    length = write_message(&sent);
    assert_int_equal(message_read(&got, MESSAGE_ORDER, bytes, length, NULL), GPEN_UNREADABLE);
}

static message full_result(void)
{
    message m = {.kind = MESSAGE_RESULT, .result = {.id = 7}};
    job_result *result = &m.result.result;
    result->faces.faces = calloc(2, sizeof *result->faces.faces);
    assert_non_null(result->faces.faces);
    result->faces.count = 2;
    result->faces.faces[1] = (gpen_face){.box = {1, 2, 3.5f, -4},
                                         .score = 0.5f,
                                         .state = GPEN_FACE_TOO_SMALL,
                                         .seconds = 2,
                                         .strength = 35,
                                         .likeness = 0.75f,
                                         .pointed_at = 1};
    result->faces.faces[1].landmarks[4][1] = 99;
    result->restored = 1;
    result->width = 4000;
    result->height = 3000;
    result->seconds[JOB_ENCODE] = 0.25;
    result->output_bytes = INT64_C(5000000000);
    result->look = full_look();
    result->choice = (gpen_choice){.preset = GPEN_PRESET_OLD_PHOTO,
                                   .reasons = GPEN_REASON_FADED | GPEN_REASON_NOISE,
                                   .denoise = 60,
                                   .noise = 9.5f,
                                   .blur = 0.25f,
                                   .quality = 20,
                                   .range = 0.5f,
                                   .cast = 0.125f,
                                   .face = 77};
    result->notes = strdup("One.\nTwo.");
    gpen_fail(&result->error, GPEN_WRITE_FAILED, "x.png: flushing");
    return m;
}

static void a_result_arrives_as_it_was(void **state)
{
    (void)state;
    message sent = full_result(), got;
    size_t length = write_message(&sent);
    assert_int_equal(message_read(&got, MESSAGE_RESULT, bytes, length, NULL), GPEN_OK);
    const job_result *result = &got.result.result;
    assert_true(got.result.id == 7);
    assert_int_equal(result->error.status, GPEN_WRITE_FAILED);
    assert_string_equal(result->error.message, "x.png: flushing");
    assert_int_equal(result->faces.count, 2);
    assert_true(result->faces.faces[1].box[3] == -4 && result->faces.faces[1].landmarks[4][1] == 99);
    assert_int_equal(result->faces.faces[1].state, GPEN_FACE_TOO_SMALL);
    assert_int_equal(result->width, 4000);
    assert_int_equal(result->height, 3000);
    assert_int_equal(result->restored, 1);
    assert_true(result->seconds[JOB_ENCODE] == 0.25);
    assert_true(result->output_bytes == INT64_C(5000000000));
    assert_int_equal(result->look.strength, 37);
    assert_int_equal(result->look.face_strengths[1].face, 999);
    const gpen_choice *choice = &result->choice, *meant = &sent.result.result.choice;
    assert_int_equal(choice->preset, meant->preset);
    assert_int_equal(choice->reasons, meant->reasons);
    assert_int_equal(choice->denoise, meant->denoise);
    assert_int_equal(choice->quality, meant->quality);
    assert_int_equal(choice->face, meant->face);
    assert_true(choice->noise == meant->noise && choice->blur == meant->blur);
    assert_true(choice->range == meant->range && choice->cast == meant->cast);
    assert_string_equal(result->notes, "One.\nTwo.");
    message_free(&got);
    message_free(&sent);
}

static void what_is_taken_back_has_a_number(void **state)
{
    (void)state;
    const message sent = {.kind = MESSAGE_TAKE_BACK, .unwanted = UINT64_C(0xFEDCBA9876543210)};
    message got;
    size_t length = write_message(&sent);
    assert_int_equal(message_files(MESSAGE_TAKE_BACK), 0);
    assert_int_equal(message_read(&got, MESSAGE_TAKE_BACK, bytes, length, NULL), GPEN_OK);
    assert_true(got.unwanted == sent.unwanted);
    assert_int_equal(message_read(&got, MESSAGE_TAKE_BACK, bytes, length - 1, NULL), GPEN_UNREADABLE);
}

/* Cut anywhere, or longer than it should be: refused, without a leak. */
static void what_is_cut_or_too_long_is_refused(void **state)
{
    (void)state;
    message sent = full_result(), got;
    size_t length = write_message(&sent);
    for (size_t cut = 0; cut < length; cut++) {
        assert_int_equal(message_read(&got, MESSAGE_RESULT, bytes, cut, NULL), GPEN_UNREADABLE);
        message_free(&got);
    }
    assert_int_equal(message_read(&got, MESSAGE_RESULT, bytes, length + 1, NULL), GPEN_UNREADABLE);
    message_free(&sent);
}

/* Any byte changed in any bit: whatever is accepted is within bounds. */
static void what_is_tampered_with_stays_in_bounds(void **state)
{
    (void)state;
    message sent = full_result(), got;
    size_t length = write_message(&sent);
    int refused = 0;
    for (size_t bit = 0; bit < length * 8; bit++) {
        bytes[bit / 8] ^= (unsigned char)(1 << bit % 8);
        if (message_read(&got, MESSAGE_RESULT, bytes, length, NULL)) {
            refused++;
        } else {
            const job_result *result = &got.result.result;
            assert_true((unsigned)result->error.status < GPEN_STATUS_COUNT);
            assert_true(result->width >= 0 && result->height >= 0 && result->faces.count <= MOST_RESULT_FACES);
            for (size_t i = 0; i < result->faces.count; i++) {
                assert_true((unsigned)result->faces.faces[i].state < GPEN_FACE_STATE_COUNT);
                assert_true(isfinite(result->faces.faces[i].box[0]) && isfinite(result->faces.faces[i].score));
            }
            for (const char *p = result->error.message; *p; p++)
                assert_true((unsigned char)*p >= 0x20);
            message_free(&got);
        }
        bytes[bit / 8] ^= (unsigned char)(1 << bit % 8);
    }
    assert_true(refused > 0);
    message_free(&sent);
}

static void open_files_travel_with_their_message(void **state)
{
    (void)state;
    int ends[2], files[2], got_files[MOST_FRAME_FILES];
    channel left, right;
    message got;
    gpen_error error;
    assert_int_equal(channel_pair(ends, &error), GPEN_OK);
    assert_int_equal(channel_open(&left, ends[0], &error), GPEN_OK);
    assert_int_equal(channel_open(&right, ends[1], &error), GPEN_OK);
    assert_int_equal(pipe(files), 0);
    message order = {.kind = MESSAGE_ORDER};
    order.order = full_order();
    const message beat = {.kind = MESSAGE_HEARTBEAT};
    assert_int_equal(channel_send(&left, &beat, NULL, &error), GPEN_OK);
    assert_int_equal(channel_send(&left, &order, files, &error), GPEN_OK);
    assert_int_equal(channel_send(&left, &beat, NULL, &error), GPEN_OK);
    assert_int_equal(channel_receive(&right, &got, got_files, &error), CHANNEL_MESSAGE);
    assert_int_equal(got.kind, MESSAGE_HEARTBEAT);
    assert_int_equal(channel_receive(&right, &got, got_files, &error), CHANNEL_MESSAGE);
    assert_int_equal(got.kind, MESSAGE_ORDER);
    assert_int_equal(write(got_files[1], "x", 1), 1);
    char byte = 0;
    assert_int_equal(read(files[0], &byte, 1), 1);
    assert_int_equal(byte, 'x');
    assert_true(fcntl(got_files[0], F_GETFD) & FD_CLOEXEC);
    assert_int_equal(channel_receive(&right, &got, got_files, &error), CHANNEL_MESSAGE);
    assert_int_equal(got.kind, MESSAGE_HEARTBEAT);
    for (int i = 0; i < 2; i++) {
        close(files[i]);
        close(got_files[i]);
    }
    channel_close(&left);
    assert_int_equal(channel_receive(&right, &got, got_files, &error), CHANNEL_CLOSED);
    channel_close(&right);
}

/* Files with a message that has none, and more of them than any has. */
static void uninvited_files_are_closed(void **state)
{
    (void)state;
    enum { FILES = 5 };
    static const unsigned char heartbeat[FRAME_HEAD] = {'g', 'P', 1, MESSAGE_HEARTBEAT};
    union {
        struct cmsghdr head;
        char bytes[CMSG_SPACE(sizeof(int) * FILES)];
    } control = {.bytes = {0}};
    struct iovec part = {.iov_base = (void *)(uintptr_t)heartbeat, .iov_len = sizeof heartbeat};
    struct msghdr head = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
    int ends[2], files[MOST_FRAME_FILES], probe;
    channel c;
    message got;
    gpen_error error;
    assert_int_equal(channel_pair(ends, &error), GPEN_OK);
    assert_int_equal(channel_open(&c, ends[0], &error), GPEN_OK);
    probe = dup(0);
    close(probe);
    control.head.cmsg_level = SOL_SOCKET;
    control.head.cmsg_type = SCM_RIGHTS;
    control.head.cmsg_len = CMSG_LEN(sizeof(int) * FILES);
    for (int i = 0; i < FILES; i++)
        memcpy(CMSG_DATA(&control.head) + (size_t)i * sizeof(int), &(int){0}, sizeof(int));
    assert_int_equal(sendmsg(ends[1], &head, 0), sizeof heartbeat);
    assert_int_equal(channel_receive(&c, &got, files, &error), CHANNEL_BROKEN);
    int descriptor = c.descriptor;
    channel_close(&c);
    close(ends[1]);
    assert_int_equal(dup(0), descriptor < probe ? descriptor : probe); /* none is left open */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_order_arrives_as_it_was),
        cmocka_unit_test(a_result_arrives_as_it_was),
        cmocka_unit_test(what_is_taken_back_has_a_number),
        cmocka_unit_test(what_is_cut_or_too_long_is_refused),
        cmocka_unit_test(what_is_tampered_with_stays_in_bounds),
        cmocka_unit_test(open_files_travel_with_their_message),
        cmocka_unit_test(uninvited_files_are_closed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
