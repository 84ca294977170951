/* Paths taken apart and put together, folders made, and where the program keeps its things. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/file.h"
#include "scratch.h"

/* For functions that hand out a path: compares and frees. */
static void assert_path(char *path, const char *expected)
{
    assert_non_null(path);
    assert_string_equal(path, expected);
    free(path);
}

static void joining_doubles_no_slash(void **state)
{
    (void)state;
    assert_path(path_join("a", "b"), "a/b");
    assert_path(path_join("a/", "b"), "a/b");
    assert_path(path_join("/", "b"), "/b");
    assert_path(path_join("", "b"), "b");
    assert_path(path_join("a", ""), "a/");
}

static void a_path_comes_apart(void **state)
{
    (void)state;
    assert_path(path_folder("a/b/c.png"), "a/b");
    assert_path(path_folder("c.png"), ".");
    assert_path(path_folder("/c.png"), "/");
    assert_path(path_folder("a//c.png"), "a");
    assert_path(path_folder("a/b/"), "a/b");
    assert_string_equal(path_name("a/b/c.png"), "c.png");
    assert_string_equal(path_name("c.png"), "c.png");
    assert_string_equal(path_name("a/"), "");
}

static void a_stem_loses_one_ending(void **state)
{
    (void)state;
    assert_path(path_stem("a/b.png"), "b");
    assert_path(path_stem("a.b/c"), "c");
    assert_path(path_stem("x.tar.gz"), "x.tar");
    assert_path(path_stem(".hidden"), ".hidden");
    assert_path(path_stem("ends."), "ends");
}

static void folders_are_made_with_those_above(void **state)
{
    char *deep = path_join(*state, "a/b//c/");
    gpen_error error = {0};
    assert_int_equal(folder_make(deep, &error), GPEN_OK);
    assert_true(path_is_folder(deep));
    assert_false(path_is_file(deep));
    assert_int_equal(folder_make(deep, &error), GPEN_OK); /* there already: fine */
    assert_int_equal(folder_make("/", &error), GPEN_OK);
    assert_int_equal(folder_make(".", &error), GPEN_OK);
    free(deep);
}

static void a_file_in_the_way_of_a_folder_is_an_error(void **state)
{
    char *file = path_join(*state, "file"), *under = path_join(*state, "file/under");
    int descriptor = open(file, O_CREAT | O_WRONLY, 0600);
    assert_true(descriptor >= 0);
    close(descriptor);
    assert_true(path_is_file(file));
    gpen_error error = {0};
    assert_int_equal(folder_make(file, &error), GPEN_WRITE_FAILED);
    assert_non_null(strstr(error.message, file));
    assert_int_equal(folder_make(under, &error), GPEN_WRITE_FAILED);
    assert_int_equal(scratch_count(*state), 1);
    free(file);
    free(under);
}

static void what_is_not_there_is_neither(void **state)
{
    char *path = path_join(*state, "nothing");
    assert_false(path_is_file(path));
    assert_false(path_is_folder(path));
    assert_true(path_is_folder(*state));
    free(path);
}

static int forget_environment(void **state)
{
    (void)state;
    unsetenv("GPEN_HOME");
    unsetenv("XDG_DATA_HOME");
    unsetenv("XDG_CACHE_HOME");
    unsetenv("XDG_STATE_HOME");
    return setenv("HOME", "/home/somebody", 1);
}

static void without_variables_the_home_folder_is_used(void **state)
{
    (void)state;
    assert_path(folder_data(), "/home/somebody/.local/share/gpen");
    assert_path(folder_cache(), "/home/somebody/.cache/gpen");
    assert_path(folder_state(), "/home/somebody/.local/state/gpen");
}

static void the_desktop_s_variables_move_each(void **state)
{
    (void)state;
    setenv("XDG_DATA_HOME", "/d", 1);
    setenv("XDG_CACHE_HOME", "/c/", 1);
    setenv("XDG_STATE_HOME", "/s", 1);
    assert_path(folder_data(), "/d/gpen");
    assert_path(folder_cache(), "/c/gpen");
    assert_path(folder_state(), "/s/gpen");
}

/* The specification of these variables says so. */
static void relative_and_empty_ones_do_not_count(void **state)
{
    (void)state;
    setenv("XDG_DATA_HOME", "relative", 1);
    setenv("XDG_CACHE_HOME", "", 1);
    assert_path(folder_data(), "/home/somebody/.local/share/gpen");
    assert_path(folder_cache(), "/home/somebody/.cache/gpen");
}

static void gpen_home_moves_all_three(void **state)
{
    (void)state;
    setenv("XDG_DATA_HOME", "/d", 1);
    setenv("GPEN_HOME", "/g", 1);
    assert_path(folder_data(), "/g/data");
    assert_path(folder_cache(), "/g/cache");
    assert_path(folder_state(), "/g/state");
    setenv("GPEN_HOME", "", 1);
    assert_path(folder_data(), "/d/gpen");
}

static void nobody_s_home_is_no_path(void **state)
{
    (void)state;
    unsetenv("HOME");
    assert_null(folder_data());
    setenv("HOME", "", 1);
    assert_null(folder_cache());
    assert_null(folder_state());
}

#define SCRATCH_TEST(name) cmocka_unit_test_setup_teardown(name, scratch_setup, scratch_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(joining_doubles_no_slash),
        cmocka_unit_test(a_path_comes_apart),
        cmocka_unit_test(a_stem_loses_one_ending),
        SCRATCH_TEST(folders_are_made_with_those_above),
        SCRATCH_TEST(a_file_in_the_way_of_a_folder_is_an_error),
        SCRATCH_TEST(what_is_not_there_is_neither),
        cmocka_unit_test_setup(without_variables_the_home_folder_is_used, forget_environment),
        cmocka_unit_test_setup(the_desktop_s_variables_move_each, forget_environment),
        cmocka_unit_test_setup(relative_and_empty_ones_do_not_count, forget_environment),
        cmocka_unit_test_setup(gpen_home_moves_all_three, forget_environment),
        cmocka_unit_test_setup(nobody_s_home_is_no_path, forget_environment),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
