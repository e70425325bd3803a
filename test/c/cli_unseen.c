#include "profile_make.h"

#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "cli/unseen.h"

static struct profile *profile_with(uint64_t samples)
{
    struct profile *p = make_profile();
    profile_meta_edit(p)->rate_asked = 100;
    profile_counters_edit(p)->samples = samples;
    return p;
}

/* 200 samples at 100 Hz stand for 2 s. */
static void what_is_more_than_chance_is_told(void **state)
{
    (void)state;
    struct profile *p = profile_with(200);
    assert_int_equal(unseen_note(p, 3 * NS_PER_S, 0), 0);
    assert_int_equal(profile_counters(p)->unseen_ms, 1000);
    assert_non_null(strstr(profile_text(p, profile_meta(p)->notes),
                           "of 3.00 s of CPU time that the node used, 1.00 s"));
    profile_destroy(p);
}

static void our_own_stop_is_a_reason(void **state)
{
    (void)state;
    struct profile *p = profile_with(200);
    assert_int_equal(unseen_note(p, 3 * NS_PER_S, NS_PER_S), 0);
    const char *notes = profile_text(p, profile_meta(p)->notes);
    assert_non_null(strstr(notes, "not sampled: cprof was stopped"));
    assert_null(strstr(notes, "threads"));
    profile_destroy(p);
}

static void what_may_be_chance_is_not(void **state)
{
    (void)state;
    struct profile *p = profile_with(200);
    profile_counters_edit(p)->lost = 90;
    assert_int_equal(unseen_note(p, 3 * NS_PER_S, 0), 0);
    assert_int_equal(unseen_note(p, NS_PER_S, 0), 0);
    assert_int_equal(profile_counters(p)->unseen_ms, 0);
    profile_destroy(p);
}

static void the_clock_of_a_process_goes_on(void **state)
{
    (void)state;
    uint64_t before = unseen_cpu_ns(getpid());
    assert_true(before > 0);
    while (unseen_cpu_ns(getpid()) < before + 2 * NS_PER_MS)
        ;
    pid_t ended = fork();
    if (ended == 0)
        _exit(0);
    assert_int_equal(waitpid(ended, NULL, 0), ended);
    assert_int_equal(unseen_cpu_ns(ended), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_more_than_chance_is_told),
        cmocka_unit_test(our_own_stop_is_a_reason),
        cmocka_unit_test(what_may_be_chance_is_not),
        cmocka_unit_test(the_clock_of_a_process_goes_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
