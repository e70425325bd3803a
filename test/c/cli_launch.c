#include "test.h"

#include <errno.h>
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include "cli/launch.h"
#include "recorder/limits.h"

static volatile sig_atomic_t stop;

/* A command in which no VM comes up, run to its end. */
static struct launch run(char *script)
{
    char *const command[] = {"sh", "-c", script, NULL};
    struct launch l;
    assert_int_equal(launch_start(command, &stop, &l), -E_GONE);
    assert_true(l.ended);
    return l;
}

static void expect(char *script, int code, const char *outcome)
{
    char text[64];
    struct launch l = run(script);
    launch_outcome(&l, text, sizeof(text));
    assert_string_equal(text, outcome);
    assert_int_equal(launch_exit_code(&l), code);
}

static void what_became_of_a_command(void **state)
{
    (void)state;
    expect("exit 0", 0, "");
    expect("exit 7", 7, "exited with 7");
    expect("exit 255", 255, "exited with 255");
    expect("kill -SEGV $$", 128 + SIGSEGV, "was ended by SIGSEGV");
    expect("kill -KILL $$", 128 + SIGKILL, "was ended by SIGKILL");
}

static void a_signal_without_a_name(void **state)
{
    (void)state;
    char text[64];
    const struct launch l = {.ended = true, .status = SIGRTMIN + 1};
    launch_outcome(&l, text, sizeof(text));
    assert_non_null(strstr(text, "was ended by signal 3"));
}

static void one_that_has_not_ended_has_no_outcome(void **state)
{
    (void)state;
    char text[64];
    const struct launch l = {.ended = false};
    launch_outcome(&l, text, sizeof(text));
    assert_string_equal(text, "");
}

/* With as many descriptors as we may have, a command may close them all when
 * it starts, or take them. */
static void it_finds_the_limits_that_we_found(void **state)
{
    (void)state;
    struct rlimit l = {.rlim_cur = 100};
    struct rlimit now;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &now), 0);
    l.rlim_max = now.rlim_max;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &l), 0);
    limits_raise();
    struct launch at_start = run("[ $(ulimit -Sn) = 100 ]");
    assert_int_equal(launch_exit_code(&at_start), 0);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &now), 0);
    assert_true(now.rlim_cur == now.rlim_max); /* ours is as it was */
    limits_restore();
}

static void an_end_that_is_asked_for(void **state)
{
    (void)state;
    char *const command[] = {"sleep", "60", NULL};
    struct launch l;
    stop = 1;
    assert_int_equal(launch_start(command, &stop, &l), -EINTR);
    stop = 0;
    assert_true(l.ended);
    assert_int_equal(launch_exit_code(&l), 128 + SIGTERM);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_became_of_a_command),
        cmocka_unit_test(a_signal_without_a_name),
        cmocka_unit_test(one_that_has_not_ended_has_no_outcome),
        cmocka_unit_test(it_finds_the_limits_that_we_found),
        cmocka_unit_test(an_end_that_is_asked_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
