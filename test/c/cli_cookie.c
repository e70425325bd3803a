/* Where a cookie is taken from, and which files are refused. */
#include "cli/cookie.h" /* before cmocka: it has a macro `fail` */
#include "cli/verbs.h"

#include "test.h"

#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>
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

static bool is_asleep(pid_t pid)
{
    char name[64], state = 0;
    snprintf(name, sizeof(name), "/proc/%d/stat", (int)pid);
    FILE *file = fopen(name, "re");
    bool read = file && fscanf(file, "%*d (%*[^)]) %c", &state) == 1;
    if (file)
        fclose(file);
    return read && state == 'S';
}

/* A process substitution, <(command): the reader is there first, and the text
 * comes in two pieces. */
static void a_pipe_is_read_to_its_end(void **state)
{
    (void)state;
    int ends[2];
    pid_t reader = getpid();
    assert_int_equal(pipe(ends), 0);
    pid_t writer = fork();
    assert_true(writer >= 0);
    if (writer == 0) {
        static const char *const pieces[] = {"ses", "ame\n"};
        close(ends[0]);
        for (int i = 0; i < 2; i++) {
            while (!is_asleep(reader))
                sched_yield();
            if (write(ends[1], pieces[i], strlen(pieces[i])) < 0)
                _exit(1);
        }
        _exit(0);
    }
    close(ends[1]);
    snprintf(path, sizeof(path), "/dev/fd/%d", ends[0]);
    int code = cookie_read(path, geteuid(), cookie);
    close(ends[0]);
    assert_int_equal(waitpid(writer, NULL, 0), writer);
    assert_int_equal(code, EXIT_DONE);
    assert_string_equal(cookie, "sesame");
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
        TEST(a_pipe_is_read_to_its_end),
        TEST(the_environment_goes_before_home_and_forgets),
        TEST(what_is_no_cookie_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
