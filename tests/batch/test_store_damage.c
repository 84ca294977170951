/* Flipped bits, cuts and rubbish in every part of the store's files: what opens holds exactly what it held, everything else is
 * refused. Damage to the log may take the store back to an earlier moment, as a power cut does. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "../base/scratch.h"
#include "base/file.h"
#include "kit.h"

enum { MOMENTS = 30 };

/* A store in mid-work, copied while it was open: file and log; and what it held after each move. */
static struct {
    unsigned char *file, *log, *closed;
    size_t file_length, log_length, closed_length;
    char *digests[MOMENTS];
    int moments;
} sample;

static unsigned char *read_beside(const char *folder, const char *name, size_t *length)
{
    char *path = path_join(folder, name);
    unsigned char *bytes = kit_read(path, length);
    free(path);
    return bytes;
}

static void remember(batch_store *store)
{
    gpen_error error;
    char *digest = kit_digest(store, &error);
    assert_non_null(digest);
    assert_true(sample.moments < MOMENTS);
    sample.digests[sample.moments++] = digest;
}

static int make_sample(void **state)
{
    batch_store *store = NULL;
    gpen_error error;
    if (scratch_setup(state) || store_open(&store, *state, KIT_NOW, &error))
        return -1;
    remember(store);
    for (int batch = 0; batch < 2; batch++) {
        if (!kit_add(store, "/out", 20, &error))
            return -1;
        remember(store);
    }
    for (int i = 0; i < 10; i++) {
        store_item item;
        store_result result = kit_result();
        store_failure failure = {.reason = GPEN_UNREADABLE, .detail = "it ends early"};
        if (store_claim(store, 5, KIT_NOW, &item, &error))
            return -1;
        remember(store);
        if (i % 2 ? store_finish_done(store, item.id, item.attempts, &result, KIT_NOW, &error)
                  : store_finish_failed(store, item.id, item.attempts, &failure, KIT_NOW, NULL, &error))
            return -1;
        remember(store);
        store_item_free(&item);
    }
    sample.file = read_beside(*state, "batches.db", &sample.file_length);
    sample.log = read_beside(*state, "batches.db-wal", &sample.log_length);
    store_close(store);
    sample.closed = read_beside(*state, "batches.db", &sample.closed_length);
    scratch_teardown(state);
    return sample.file && sample.log && sample.closed ? 0 : -1;
}

static int forget_sample(void **state)
{
    (void)state;
    for (int i = 0; i < sample.moments; i++)
        free(sample.digests[i]);
    free(sample.file);
    free(sample.log);
    free(sample.closed);
    return 0;
}

/* Lays out a store and opens it. Returns the moment it holds, -1 when it is refused; anything else fails the test. */
static int open_laid_out(const char *folder, const unsigned char *file, size_t length, const unsigned char *log,
                         size_t log_length, const char *what, size_t where)
{
    char *path = path_join(folder, "batches.db"), *log_path = path_join(folder, "batches.db-wal");
    char *shared = path_join(folder, "batches.db-shm");
    batch_store *store = NULL;
    gpen_error error = {0};
    (void)unlink(log_path), (void)unlink(shared);
    assert_true(kit_write(path, file, length));
    if (log)
        assert_true(kit_write(log_path, log, log_length));
    gpen_status status = store_open(&store, folder, KIT_NOW, &error);
    int moment = -1;
    if (status == GPEN_OK) {
        char *digest = kit_digest(store, &error);
        if (!digest) /* read damage later than at opening is refused as well */
            assert_int_equal(error.status, GPEN_STORE_DAMAGED);
        for (int i = 0; digest && i < sample.moments; i++)
            if (!strcmp(digest, sample.digests[i]))
                moment = i;
        if (digest && moment < 0)
            fail_msg("%s at %zu: believed:\n%s", what, where, digest);
        free(digest);
    } else if (status != GPEN_STORE_DAMAGED && status != GPEN_UNSUPPORTED_FORMAT) {
        fail_msg("%s at %zu: %s", what, where, error.message);
    }
    store_close(store);
    free(path);
    free(log_path);
    free(shared);
    return moment;
}

static int stride(int sparse)
{
    return getenv("GPEN_SANITIZED") ? sparse * 4 : sparse;
}

static void undamaged_it_opens(void **state)
{
    int last = sample.moments - 1;
    assert_int_equal(open_laid_out(*state, sample.closed, sample.closed_length, NULL, 0, "nothing", 0), last);
    assert_int_equal(open_laid_out(*state, sample.file, sample.file_length, sample.log, sample.log_length, "nothing",
                                   0),
                     last);
}

/* Every page's first bytes one by one, the rest in steps; another bit each time. */
static void a_flipped_bit_in_the_file_is_never_believed(void **state)
{
    int flips = 0, refused = 0;
    for (size_t i = 0; i < sample.closed_length; i += i % 4096 < 24 ? 1 : (size_t)stride(41)) {
        unsigned char bit = (unsigned char)(1 << i % 8);
        sample.closed[i] ^= bit;
        refused += open_laid_out(*state, sample.closed, sample.closed_length, NULL, 0, "a flipped bit", i) < 0;
        sample.closed[i] ^= bit;
        flips++;
    }
    print_message("%d flips, %d refused\n", flips, refused);
    assert_true(flips > 300);
    assert_int_equal(refused, flips);
}

static void a_flipped_bit_in_the_log_is_an_earlier_moment_at_worst(void **state)
{
    int flips = 0, earlier = 0, refused = 0;
    for (size_t i = 0; i < sample.log_length; i += i < 64 ? 1 : (size_t)stride(1009)) {
        unsigned char bit = (unsigned char)(1 << i % 8);
        sample.log[i] ^= bit;
        int moment =
            open_laid_out(*state, sample.file, sample.file_length, sample.log, sample.log_length, "a flipped bit", i);
        sample.log[i] ^= bit;
        refused += moment < 0;
        earlier += moment >= 0 && moment < sample.moments - 1;
        flips++;
    }
    print_message("%d flips, %d earlier moments, %d refused\n", flips, earlier, refused);
    assert_true(earlier > flips / 2);
}

static void a_file_that_was_cut_off_is_refused(void **state)
{
    for (size_t length = 0; length < sample.closed_length; length += (size_t)stride(777))
        assert_int_equal(open_laid_out(*state, sample.closed, length, NULL, 0, "a cut", length), -1);
    for (size_t length = 4096; length < sample.closed_length; length += 4096)
        assert_int_equal(open_laid_out(*state, sample.closed, length, NULL, 0, "a cut", length), -1);
}

static void a_log_that_was_cut_off_is_an_earlier_moment(void **state)
{
    int last = 0;
    for (size_t length = 0; length <= sample.log_length; length += (size_t)stride(1500)) {
        int moment = open_laid_out(*state, sample.file, sample.file_length, sample.log, length, "a cut log", length);
        assert_true(moment >= last); /* never refused, and never back in time */
        last = moment;
    }
    assert_true(last > 0);
}

/* Two pages that changed places: each is sound, but neither is where it belongs. */
static void pages_that_changed_places_are_refused(void **state)
{
    unsigned char page[4096];
    size_t pages = sample.closed_length / 4096;
    assert_true(pages > 4);
    for (size_t i = 1; i + 1 < pages; i++) {
        unsigned char *first = sample.closed + i * 4096, *second = first + 4096;
        memcpy(page, first, 4096), memcpy(first, second, 4096), memcpy(second, page, 4096);
        int moment = open_laid_out(*state, sample.closed, sample.closed_length, NULL, 0, "swapped pages", i);
        memcpy(page, first, 4096), memcpy(first, second, 4096), memcpy(second, page, 4096);
        assert_int_equal(moment, -1);
    }
}

static void rubbish_is_refused(void **state)
{
    unsigned seed = 5;
    for (int i = 0; i < 200 / stride(1); i++) {
        unsigned char rubbish[8192];
        size_t length = (size_t)rand_r(&seed) % sizeof rubbish;
        for (size_t k = 0; k < length; k++)
            rubbish[k] = (unsigned char)rand_r(&seed);
        if (i % 2 && length > 100) /* with a header that is a store's */
            memcpy(rubbish, sample.closed, 100);
        assert_int_equal(open_laid_out(*state, rubbish, length, NULL, 0, "rubbish", (size_t)i), -1);
    }
}

#define DAMAGE_TEST(name) cmocka_unit_test_setup_teardown(name, scratch_setup, scratch_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        DAMAGE_TEST(undamaged_it_opens),
        DAMAGE_TEST(a_flipped_bit_in_the_file_is_never_believed),
        DAMAGE_TEST(a_flipped_bit_in_the_log_is_an_earlier_moment_at_worst),
        DAMAGE_TEST(a_file_that_was_cut_off_is_refused),
        DAMAGE_TEST(a_log_that_was_cut_off_is_an_earlier_moment),
        DAMAGE_TEST(pages_that_changed_places_are_refused),
        DAMAGE_TEST(rubbish_is_refused),
    };
    return cmocka_run_group_tests(tests, make_sample, forget_sample);
}
