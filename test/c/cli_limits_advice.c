#include "test.h"

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/limits_advice.h"

static char text[LIMITS_ADVICE_TEXT];

static struct limits_advice plenty(void)
{
    return (struct limits_advice){.descriptors = 20000,
                                  .locked_bytes = LIMITS_ADVICE_UNLIMITED,
                                  .can_fork = true,
                                  .threads = 1050,
                                  .each_thread = true};
}

static void plenty_is_enough(void **state)
{
    (void)state;
    const struct limits_advice l = plenty();
    assert_true(limits_advice_descriptors(&l, text));
    assert_true(limits_advice_locked(&l, text));
    assert_true(limits_advice_processes(&l, text));
    assert_true(limits_advice_threads(&l, text));
    assert_non_null(strstr(text, "1050"));
}

static void says_how_many_threads_go_without(void **state)
{
    (void)state;
    struct limits_advice l = plenty();
    l.descriptors = 1024;
    assert_false(limits_advice_descriptors(&l, text));
    assert_non_null(strstr(text, "so 90 of 1050 will not be sampled"));
    assert_non_null(strstr(text, "ulimit -n"));
    l.locked_bytes = 20480 * 50 + 1;
    assert_false(limits_advice_locked(&l, text));
    assert_non_null(strstr(text, "so 1000 of 1050 will not be sampled"));
    assert_non_null(strstr(text, "ulimit -l"));
    l.each_thread = false; /* an event on each CPU */
    assert_true(limits_advice_descriptors(&l, text));
    assert_true(limits_advice_locked(&l, text));
    l.descriptors = 20;
    assert_false(limits_advice_descriptors(&l, text));
    assert_non_null(strstr(text, "too few for any engine"));
}

/* In a child: a lowered hard limit stays. */
static void reads_the_limits_of_the_process(void **state)
{
    (void)state;
    pid_t child = fork();
    if (child == 0) {
        struct limits_advice l = {.threads = 1};
        const struct rlimit files = {100, 100}, locked = {8192, 8192};
        setrlimit(RLIMIT_NOFILE, &files);
        setrlimit(RLIMIT_MEMLOCK, &locked);
        limits_advice_read(0, &l);
        bool good = l.descriptors == 100 && l.locked_bytes > 8192 &&
                    l.locked_bytes < LIMITS_ADVICE_UNLIMITED && l.can_fork;
        limits_advice_read(1 << 14, &l);
        _exit(good && l.locked_bytes == LIMITS_ADVICE_UNLIMITED ? 0 : 1);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plenty_is_enough),
        cmocka_unit_test(says_how_many_threads_go_without),
        cmocka_unit_test(reads_the_limits_of_the_process),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
