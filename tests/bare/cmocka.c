/* Running a group of cases, failing one and skipping one, where there is no cmocka. */
#include <cmocka.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

typedef enum outcome { PASSED, FAILED, SKIPPED, OUTCOMES } outcome;

static jmp_buf running_case;

void skip(void)
{
    longjmp(running_case, SKIPPED);
}

void bare_fail(const char *file, int line, const char *format, ...)
{
    va_list values;
    va_start(values, format);
    fprintf(stderr, "%s:%d: ", file, line);
    vfprintf(stderr, format, values);
    fputc('\n', stderr);
    va_end(values);
    longjmp(running_case, FAILED);
}

void bare_equal(const char *file, int line, const char *what, intmax_t a, intmax_t b)
{
    if (a != b)
        bare_fail(file, line, "%s differ: %jd and %jd", what, a, b);
}

void bare_in_range(const char *file, int line, const char *what, uintmax_t x, uintmax_t least, uintmax_t most)
{
    if (x < least || x > most)
        bare_fail(file, line, "%s is %ju, outside %ju to %ju", what, x, least, most);
}

static outcome run_case(const struct CMUnitTest *test)
{
    void *state = test->initial_state;
    switch (setjmp(running_case)) {
    case 0: test->test_func(&state); return PASSED;
    case SKIPPED: return SKIPPED;
    default: return FAILED;
    }
}

int bare_run_group(const char *name, const struct CMUnitTest *tests, size_t count)
{
    static const char *const words[OUTCOMES] = {"[       OK ]", "[  FAILED  ]", "[  SKIPPED ]"};
    int counts[OUTCOMES] = {0};
    printf("[==========] %s: Running %zu test(s).\n", name, count);
    for (size_t i = 0; i < count; i++) {
        printf("[ RUN      ] %s\n", tests[i].name);
        fflush(stdout);
        outcome o = run_case(&tests[i]);
        printf("%s %s\n", words[o], tests[i].name);
        counts[o]++;
    }
    printf("[  PASSED  ] %d test(s).\n", counts[PASSED]);
    return counts[FAILED];
}
