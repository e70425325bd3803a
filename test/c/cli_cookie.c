/* Where a cookie is taken from, and which files are refused. */
#include "cli/cookie.h" /* before cmocka: it has a macro `fail` */
#include "cli/verbs.h"

#include "test.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static char home[64], path[128], cookie[COOKIE_MAX + 1];

static void make_file(const char *name, mode_t mode, const char *text)
{
    snprintf(path, sizeof(path), "%s/%s", home, name);
    unlink(path);
    int fd = open(path, O_WRONLY | O_CREAT, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    assert_int_equal(fchmod(fd, mode), 0);
    close(fd);
}

static int set_up(void **state)
{
    (void)state;
    snprintf(home, sizeof(home), "/tmp/cprof-cookie-XXXXXX");
    if (!mkdtemp(home))
        return -1;
    unsetenv("CPROF_COOKIE");
    return setenv("HOME", home, 1);
}

static int tear_down(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        snprintf(path, sizeof(path), "%s/%s", home,
                 i ? ".erlang.cookie" : "COOKIE");
        unlink(path);
    }
    return rmdir(home);
}

static int at_home(void)
{
    return cookie_read(NULL, geteuid(), cookie);
}

static void from_home_a_file_that_only_its_owner_can_read(void **state)
{
    (void)state;
    assert_int_equal(at_home(), EXIT_FAILED); /* there is none */
    make_file(".erlang.cookie", 0400, "sesame\n");
    assert_int_equal(at_home(), EXIT_DONE);
    assert_string_equal(cookie, "sesame");
    static const mode_t open_to_others[] = {0440, 0604, 0620, 0601};
    for (size_t i = 0; i < 4; i++) {
        make_file(".erlang.cookie", open_to_others[i], "sesame\n");
        assert_int_equal(at_home(), EXIT_FAILED);
    }
}

static void a_pipe_at_home_holds_nobody_up(void **state)
{
    (void)state;
    snprintf(path, sizeof(path), "%s/.erlang.cookie", home);
    assert_int_equal(mkfifo(path, 0600), 0);
    assert_int_equal(at_home(), EXIT_FAILED);
}

static void a_named_file_goes_first_and_may_be_open(void **state)
{
    (void)state;
    make_file("COOKIE", 0644, "of_a_release");
    setenv("CPROF_COOKIE", "of_the_environment", 1);
    assert_int_equal(cookie_read(path, geteuid(), cookie), EXIT_DONE);
    assert_string_equal(cookie, "of_a_release");
}

/* Nor does a command that is started then get it. */
static void the_environment_goes_before_home_and_forgets(void **state)
{
    (void)state;
    make_file(".erlang.cookie", 0600, "sesame");
    setenv("CPROF_COOKIE", "of_the_environment", 1);
    assert_int_equal(at_home(), EXIT_DONE);
    assert_string_equal(cookie, "of_the_environment");
    assert_null(getenv("CPROF_COOKIE"));
    setenv("CPROF_COOKIE", "", 1);
    assert_int_equal(at_home(), EXIT_DONE);
    assert_string_equal(cookie, "sesame");
}

static void what_is_no_cookie_is_refused(void **state)
{
    (void)state;
    char longest[COOKIE_MAX + 2];
    memset(longest, 'c', sizeof(longest));
    longest[COOKIE_MAX + 1] = '\0';
    const char *const texts[] = {"",
                                 "\n",
                                 "two words",
                                 "a\nb",
                                 "\x01"
                                 "a",
                                 "K\xc3\xa4se",
                                 longest};
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        make_file(".erlang.cookie", 0600, texts[i]);
        assert_int_equal(at_home(), EXIT_FAILED);
    }
    longest[COOKIE_MAX] = '\0';
    make_file(".erlang.cookie", 0600, longest);
    assert_int_equal(at_home(), EXIT_DONE);
    assert_string_equal(cookie, longest);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(from_home_a_file_that_only_its_owner_can_read),
        TEST(a_pipe_at_home_holds_nobody_up),
        TEST(a_named_file_goes_first_and_may_be_open),
        TEST(the_environment_goes_before_home_and_forgets),
        TEST(what_is_no_cookie_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
