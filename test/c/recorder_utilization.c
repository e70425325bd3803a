/* How much of its schedulers' time a node uses, from what the kernel and
 * samples say. */
#include "test.h"

#include <math.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "recorder/utilization.h"

enum { SCHEDULERS = 2 };

/* One second of two schedulers, in percent of it. */
static void one_second(struct utilization *u, const unsigned cpu[SCHEDULERS],
                       const unsigned waited[SCHEDULERS], double at_work)
{
    struct live_cpu_thread *t = calloc(SCHEDULERS, sizeof(*t));
    assert_non_null(t);
    *u = (struct utilization){
        .cpu = {.count = 2, .threads = t, .thread_count = SCHEDULERS},
        .at_work = at_work};
    u->cpu.marks[0].at_ns = NS_PER_S;
    u->cpu.marks[1].at_ns = 2 * NS_PER_S;
    for (int i = 0; i < SCHEDULERS; i++) {
        t[i].runs = 1000;
        t[i].ns[0] = 7;
        t[i].ns[1] = 7 + cpu[i] * (NS_PER_S / 100);
        t[i].waited_ns[0] = 9;
        t[i].waited_ns[1] = 9 + waited[i] * (NS_PER_S / 100);
    }
}

static void assert_is(const unsigned cpu[SCHEDULERS],
                      const unsigned waited[SCHEDULERS], double at_work,
                      double percent, double percent_waited)
{
    struct utilization u;
    one_second(&u, cpu, waited, at_work);
    assert_true(fabs(utilization_percent(&u) - percent) < 0.1);
    assert_true(fabs(utilization_waited(&u) - percent_waited) < 0.1);
    utilization_deinit(&u);
}

#define IS(cpu1, cpu2, waited1, waited2, at_work, percent, percent_waited)     \
    assert_is((const unsigned[]){cpu1, cpu2},                                  \
              (const unsigned[]){waited1, waited2}, at_work, percent,          \
              percent_waited)

static void a_wait_for_a_cpu_is_no_work(void **state)
{
    (void)state;
    IS(90, 30, 0, 0, 1, 60, 0);
    /* A quarter of it was a search for work. */
    IS(90, 30, 0, 0, 0.75, 45, 0);
    /* A node with little to do, on a machine where every wake-up has to wait.
     */
    IS(5, 5, 60, 60, 1, 12.5, 60);
    /* A node that always has work, which gets a quarter of what it could use.
     */
    IS(25, 25, 75, 75, 1, 100, 75);
    /* One scheduler has no CPU at all; the other one is half idle. */
    IS(50, 0, 0, 100, 1, 50, 50);
}

static void schedulers_that_are_offline_are_left_out(void **state)
{
    (void)state;
    struct utilization u;
    one_second(&u, (const unsigned[]){80, 0}, (const unsigned[]){0, 0}, 1);
    assert_true(fabs(utilization_percent(&u) - 40) < 0.1);
    u.cpu.threads[1].runs = 5;
    assert_true(fabs(utilization_percent(&u) - 80) < 0.1);
    /* It was not offline in this second. */
    u.cpu.threads[1].ns[1] += NS_PER_S / 10;
    assert_true(fabs(utilization_percent(&u) - 45) < 0.1);
    u.cpu.threads[1].ns[1] -= NS_PER_S / 10;
    u.cpu.threads[0].runs = 5;
    u.cpu.threads[0].ns[1] = u.cpu.threads[0].ns[0];
    assert_true(isnan(utilization_percent(&u)));
    assert_true(isnan(utilization_waited(&u)));
    utilization_deinit(&u);
}

/* The kernel adds a wait when it ends, and the time on a CPU at a tick. */
static void times_may_be_longer_than_the_interval(void **state)
{
    (void)state;
    IS(0, 0, 300, 300, 1, 100, 100);
    IS(101, 101, 0, 0, 1, 100, 0);
    IS(80, 80, 50, 50, 1, 100, 50);
}

/* This process is its own scheduler. */
static void it_is_of_the_last_interval(void **state)
{
    (void)state;
    struct thread list[] = {
        {.tid = getpid(), .kind = THREAD_NORMAL, .number = 1},
        {.tid = 1, .kind = THREAD_DIRTY_CPU, .number = 1},
    };
    const struct threads threads = {.list = list, .count = 2};
    struct pipeline_work worked = {1000, 900};
    struct utilization u = {.at_work = 0};
    assert_int_equal(utilization_mark(&u, getpid(), &threads, &worked), 0);
    assert_true(isnan(utilization_percent(&u)));
    assert_true(isnan(utilization_waited(&u)));
    uint64_t from = clock_ns_of(CLOCK_PROCESS_CPUTIME_ID);
    while (clock_ns_of(CLOCK_PROCESS_CPUTIME_ID) - from < 300 * NS_PER_MS)
        ;
    worked = (struct pipeline_work){1400, 1000};
    assert_int_equal(utilization_mark(&u, getpid(), &threads, &worked), 0);
    assert_int_equal(u.cpu.thread_count, 1);
    assert_true(fabs(u.at_work - 0.75) < 1e-9);
    /* It did nothing but that, or waited for a CPU. */
    assert_true(utilization_percent(&u) > 60 && utilization_percent(&u) < 85);
    assert_true(utilization_waited(&u) >= 0);
    utilization_deinit(&u);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_wait_for_a_cpu_is_no_work),
        cmocka_unit_test(schedulers_that_are_offline_are_left_out),
        cmocka_unit_test(times_may_be_longer_than_the_interval),
        cmocka_unit_test(it_is_of_the_last_interval),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
