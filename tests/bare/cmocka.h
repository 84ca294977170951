/* The few words of cmocka that the suites "kernels" and "models" speak, for a machine that has no cmocka: one that is built for
 * on another. A case that fails or is skipped jumps back to its group, which reports it as cmocka does and goes on. One thread;
 * groups do not nest. */
#ifndef GPEN_TESTS_BARE_CMOCKA_H
#define GPEN_TESTS_BARE_CMOCKA_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

typedef void (*CMUnitTestFunction)(void **state);

struct CMUnitTest {
    const char *name;
    CMUnitTestFunction test_func;
    void *initial_state;
};

/* clang-format off */
#define cmocka_unit_test(f)                {#f, f, NULL}
#define cmocka_unit_test_prestate(f, with) {#f, f, with}
/* clang-format on */

/* How many of the cases failed. */
int bare_run_group(const char *name, const struct CMUnitTest *tests, size_t count);

#define cmocka_run_group_tests_name(name, tests, setup, teardown)                                                      \
    ((void)(setup), (void)(teardown), bare_run_group(name, tests, sizeof(tests) / sizeof(tests)[0]))
#define cmocka_run_group_tests(tests, setup, teardown) cmocka_run_group_tests_name(#tests, tests, setup, teardown)

/* Leaves the running case as skipped. */
_Noreturn void skip(void);

/* Prints the place and the reason and leaves the running case as failed. */
_Noreturn void bare_fail(const char *file, int line, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* Fails where two numbers differ; a function, so that each is asked for once. */
void bare_equal(const char *file, int line, const char *what, intmax_t a, intmax_t b);
void bare_in_range(const char *file, int line, const char *what, uintmax_t x, uintmax_t least, uintmax_t most);

#define fail_msg(...) bare_fail(__FILE__, __LINE__, __VA_ARGS__)
#define assert_true(x)                                                                                                 \
    do {                                                                                                               \
        if (!(x))                                                                                                      \
            fail_msg("not true: %s", #x);                                                                              \
    } while (0)
#define assert_false(x)            assert_true(!(x))
#define assert_null(p)             assert_true((p) == NULL)
#define assert_non_null(p)         assert_true((p) != NULL)
#define assert_ptr_not_equal(a, b) assert_true((const void *)(a) != (const void *)(b))
#define assert_int_equal(a, b)     bare_equal(__FILE__, __LINE__, #a " and " #b, (intmax_t)(a), (intmax_t)(b))
#define assert_in_range(x, least, most)                                                                                \
    bare_in_range(__FILE__, __LINE__, #x, (uintmax_t)(x), (uintmax_t)(least), (uintmax_t)(most))
#define assert_memory_equal(a, b, bytes) assert_true(!memcmp(a, b, bytes))

#endif
