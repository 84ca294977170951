/* A scheduler's jobs as tasks and back: names that follow from the job, arguments that workers read, and results that may be anything. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "celery/fleet_room.h"
#include "celery/request.h"

static fleet make_fleet(const char *there)
{
    fleet f = {.options = fleet_options_default()};
    gpen_error error;
    f.options.data = "/srv/gpen";
    f.options.data_there = there;
    assert_int_equal(fleet_name(&f.options, f.prefix, &error), GPEN_OK);
    return f;
}

static fleet_flight make_flight(void)
{
    fleet_flight flight = {.job = {.input = strdup("/srv/gpen/uploads/1"),
                                   .output = strdup("/srv/gpen/results/a.png"),
                                   .thumbnails = strdup("/srv/gpen/thumbnails/7"),
                                   .seconds = 30,
                                   .shrink = 1}};
    flight.job.order = (job_order){.id = 7, .look = gpen_settings_default(), .quality = 90, .thumbnail_edge = 320};
    job_name_copy(flight.job.order.input_name, "Grandmother.png");
    return flight;
}

static void release(fleet_flight *flight)
{
    batch_job_free(&flight->job);
    free(flight->text);
}

/* The same job has the same name and text, whoever hands it in; another attempt has not. */
static void a_name_follows_from_the_job(void **state)
{
    const fleet f = make_fleet(NULL);
    fleet_flight first = make_flight(), again = make_flight(), later = make_flight();
    gpen_error error;
    (void)state;
    again.job.interrupted = again.job.overwrite = true;
    later.job.endings = 1;
    assert_int_equal(fleet_write(&f, &first, &error), GPEN_OK);
    assert_int_equal(fleet_write(&f, &again, &error), GPEN_OK);
    assert_int_equal(fleet_write(&f, &later, &error), GPEN_OK);
    assert_string_equal(first.id, again.id);
    assert_string_equal(first.text, again.text);
    assert_string_not_equal(first.id, later.id);
    assert_memory_equal(first.id, f.prefix, strlen(f.prefix));
    release(&first);
    release(&again);
    release(&later);
}

/* What is written is what workers read. */
static void workers_understand_it(void **state)
{
    const fleet f = make_fleet("/mnt/there");
    const task_limits limits = {.most_body = 1 << 20};
    fleet_flight flight = make_flight();
    task_message task;
    task_request request;
    gpen_error error;
    (void)state;
    assert_int_equal(fleet_write(&f, &flight, &error), GPEN_OK);
    assert_int_equal(task_read(flight.text, strlen(flight.text), &limits, &task, &error), TASK_GOOD);
    assert_string_equal(task.id, flight.id);
    assert_string_equal(task.correlation_id, flight.id); /* by which it is looked for */
    assert_true(task.hard_limit == 30);
    assert_int_equal(request_read(&task, REQUEST_ENHANCE, &request, &error), GPEN_OK);
    assert_string_equal(request.input.text, "/mnt/there/uploads/1");
    assert_string_equal(request.output.text, "/mnt/there/results/a.png");
    assert_string_equal(request.extras.thumbnails, "/mnt/there/thumbnails/7");
    assert_int_equal(request.extras.thumbnail_edge, 320);
    assert_string_equal(request.extras.name, "Grandmother.png");
    assert_int_equal(request.extras.shrink, 1);
    assert_true(request.extras.once && request.overwrite);
    assert_int_equal(request.settings.quality, 90);
    task_free(&task);
    release(&flight);
}

static void a_path_that_is_no_text(void **state)
{
    const fleet f = make_fleet(NULL);
    fleet_flight flight = make_flight();
    gpen_error error;
    (void)state;
    flight.job.input[3] = (char)0xFF;
    assert_int_equal(fleet_write(&f, &flight, &error), GPEN_BAD_ARGUMENT);
    assert_non_null(strstr(error.message, "Grandmother.png"));
    release(&flight);
}

static json_t *parse(const char *text)
{
    json_t *value = json_loads(text, JSON_DECODE_ANY, NULL);
    assert_non_null(value);
    return value;
}

static void a_result_is_read(void **state)
{
    const fleet_flight flight = {.job = {.order = {.look = gpen_settings_default()}}};
    json_t *value = parse("{\"width\": 640, \"height\": 480, \"bytes\": 1234, \"restored\": 1, \"memory\": 99,"
                          " \"seconds\": {\"decode\": 0.5, \"save\": 2, \"total\": 2.5}, \"notes\": [\"one\", \"two\"],"
                          " \"receipt\": {\"program\": \"gpen\"}, \"faces\": [{\"box\": [1, 2, 3, 4], \"score\": 0.5,"
                          " \"landmarks\": [[1, 2], [3, 4]], \"state\": \"restored\", \"seconds\": 0.1,"
                          " \"strength\": 80, \"likeness\": null}]}");
    job_result result;
    (void)state;
    fleet_read_result(&flight, value, &result);
    json_decref(value);
    assert_int_equal(result.error.status, GPEN_OK);
    assert_int_equal(result.width, 640);
    assert_int_equal(result.output_bytes, 1234);
    assert_true(result.seconds[JOB_DECODE] == 0.5 && result.seconds[JOB_SAVE] == 2);
    assert_int_equal(result.faces.count, 1);
    assert_int_equal(result.faces.faces[0].state, GPEN_FACE_RESTORED);
    assert_int_equal(result.faces.faces[0].strength, 80);
    assert_true(result.faces.faces[0].box[3] == 4 && result.faces.faces[0].likeness == -1);
    assert_string_equal(result.receipt, "{\"program\":\"gpen\"}");
    assert_string_equal(result.notes, "one\ntwo");
    job_result_free(&result);
}

/* Whatever stands there, it ends with a reason and costs nothing else. */
static void results_that_make_no_sense(void **state)
{
    static const char *const wrong[] = {"null",
                                        "7",
                                        "[]",
                                        "{}",
                                        "{\"bytes\": -1}",
                                        "{\"bytes\": \"many\", \"faces\": 3, \"notes\": {}, \"seconds\": []}",
                                        "{\"bytes\": 0, \"faces\": [1, null, {}], \"notes\": [1, null]}"};
    const fleet_flight flight = {.job = {.order = {.look = gpen_settings_default()}}};
    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        json_t *value = parse(wrong[i]);
        job_result result;
        fleet_read_result(&flight, value, &result);
        assert_int_equal(result.error.status, GPEN_CRASHED);
        job_result_free(&result);
        json_decref(value);
    }
}

static void failures_keep_their_reasons(void **state)
{
    static const struct {
        const char *exception;
        task_state state;
        gpen_status reason;
        bool died;
    } known[] = {
        {"{\"exc_type\": \"GpenError\", \"exc_message\": [\"unreadable\", \"it ends early\"]}", TASK_FAILURE,
         GPEN_UNREADABLE, false},
        {"{\"exc_type\": \"GpenError\", \"exc_message\": [\"crashed\", \"SIGSEGV\"]}", TASK_FAILURE, GPEN_CRASHED,
         true},
        {"{\"exc_type\": \"GpenError\", \"exc_message\": [\"cancelled\", \"?\"]}", TASK_FAILURE, GPEN_CRASHED, false},
        {"{\"exc_type\": \"GpenError\", \"exc_message\": [\"ok\", \"?\"]}", TASK_FAILURE, GPEN_CRASHED, false},
        {"{\"exc_type\": \"TimeLimitExceeded\", \"exc_message\": [\"30\"]}", TASK_FAILURE, GPEN_TIMED_OUT, false},
        {"{\"exc_type\": \"NotRegistered\", \"exc_message\": [\"gpen.enhance\"]}", TASK_FAILURE, GPEN_CRASHED, false},
        {"{\"exc_type\": \"TaskRevokedError\", \"exc_message\": [\"revoked\"]}", TASK_REVOKED, GPEN_CRASHED, false},
        {"null", TASK_FAILURE, GPEN_CRASHED, false},
    };
    (void)state;
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        json_t *exception = parse(known[i].exception);
        job_result result;
        assert_int_equal(fleet_read_failure(known[i].state, exception, &result), known[i].died);
        assert_int_equal(result.error.status, known[i].reason);
        assert_true(*result.error.message);
        json_decref(exception);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_name_follows_from_the_job), cmocka_unit_test(workers_understand_it),
        cmocka_unit_test(a_path_that_is_no_text),      cmocka_unit_test(a_result_is_read),
        cmocka_unit_test(results_that_make_no_sense),  cmocka_unit_test(failures_keep_their_reasons),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
