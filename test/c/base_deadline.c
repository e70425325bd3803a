#include "test.h"

#include <errno.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/deadline.h"

static void none_goes_on_for_ever(void **state)
{
    (void)state;
    const struct deadline never = {.end_ns = DEADLINE_NEVER};
    assert_int_equal(deadline_check(NULL), 0);
    assert_int_equal(deadline_check(&never), 0);
}

static void ends_by_its_time(void **state)
{
    (void)state;
    const struct deadline later = deadline_in(3600 * 1000, NULL);
    const struct deadline now = deadline_in(0, NULL);
    assert_int_equal(deadline_check(&later), 0);
    assert_int_equal(deadline_check(&now), -E_TIME);
}

static void ends_when_somebody_asks(void **state)
{
    (void)state;
    volatile sig_atomic_t stop = 0;
    struct deadline d = deadline_in(3600 * 1000, &stop);
    assert_int_equal(deadline_check(&d), 0);
    stop = 1;
    assert_int_equal(deadline_check(&d), -EINTR);
    d.end_ns = 0; /* what was asked for comes first */
    assert_int_equal(deadline_check(&d), -EINTR);
}

/* As if the work had taken that long, and as long been rested after it. */
static void pretend(struct pace *p, uint64_t worked_ns, uint64_t rested_ns)
{
    p->began_ns -= worked_ns;
    pace_end(p);
    p->ended_ns -= rested_ns;
}

static void long_work_is_rested_for(void **state)
{
    (void)state;
    struct pace p = {.share = 9};
    assert_true(pace_begin(&p)); /* the first time, at once */
    pretend(&p, 10 * NS_PER_S, 80 * NS_PER_S);
    assert_false(pace_begin(&p)); /* 9 times as long is the rest */
    p.ended_ns -= 11 * NS_PER_S;
    assert_true(pace_begin(&p));
}

/* The limit that this replaced counted from the start: work that takes longer
 * than the pause was then done without any. */
static void the_pause_counts_from_the_end(void **state)
{
    (void)state;
    struct pace p = {.pause_ns = 3600 * NS_PER_S};
    assert_true(pace_begin(&p));
    pretend(&p, 7200 * NS_PER_S, 0);
    p.credit_ns = 0;
    assert_false(pace_begin(&p));
    p.ended_ns -= 3600 * NS_PER_S;
    assert_true(pace_begin(&p));
}

static void a_burst_needs_no_rest(void **state)
{
    (void)state;
    struct pace p = {.burst_ns = 3600 * NS_PER_S, .share = 1};
    for (int i = 0; i < 3; i++) {
        assert_true(pace_begin(&p));
        pretend(&p, 1000 * NS_PER_S, 0);
    }
    assert_true(pace_begin(&p)); /* 600 s are left */
    pretend(&p, 1000 * NS_PER_S, 300 * NS_PER_S);
    assert_false(pace_begin(&p));
    p.ended_ns -= 200 * NS_PER_S;
    assert_true(pace_begin(&p));
}

/* However long the rest, no more than a burst is saved up. */
static void rest_is_not_saved(void **state)
{
    (void)state;
    struct pace p = {.burst_ns = NS_PER_S, .share = 1};
    assert_true(pace_begin(&p));
    pretend(&p, NS_PER_S, 10000 * NS_PER_S);
    assert_true(pace_begin(&p));
    pretend(&p, 100 * NS_PER_S, 50 * NS_PER_S);
    assert_false(pace_begin(&p));
}

/* Work of 20 ms, in which the thread runs or sleeps. */
static bool may_go_on_after(bool of_cpu, bool runs)
{
    struct pace p = {
        .burst_ns = 10 * NS_PER_MS, .share = 1000000, .of_cpu = of_cpu};
    assert_true(pace_begin(&p));
    uint64_t from = clock_ns_of(CLOCK_THREAD_CPUTIME_ID);
    while (runs && clock_ns_of(CLOCK_THREAD_CPUTIME_ID) - from < 20 * NS_PER_MS)
        ;
    const struct timespec pause = {.tv_nsec = 20 * NS_PER_MS};
    if (!runs)
        nanosleep(&pause, NULL);
    pace_end(&p);
    return pace_begin(&p);
}

static void waiting_for_a_cpu_is_no_work_of_it(void **state)
{
    (void)state;
    assert_false(may_go_on_after(false, true));
    assert_false(may_go_on_after(false, false));
    assert_false(may_go_on_after(true, true));
    assert_true(may_go_on_after(true, false));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(none_goes_on_for_ever),
        cmocka_unit_test(ends_by_its_time),
        cmocka_unit_test(ends_when_somebody_asks),
        cmocka_unit_test(long_work_is_rested_for),
        cmocka_unit_test(the_pause_counts_from_the_end),
        cmocka_unit_test(a_burst_needs_no_rest),
        cmocka_unit_test(rest_is_not_saved),
        cmocka_unit_test(waiting_for_a_cpu_is_no_work_of_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
