/* CPU time over the last intervals of a view. */
#include "test.h"

#include <math.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "recorder/live_cpu.h"

static void the_machines_line_is_parsed(void **state)
{
    (void)state;
    uint64_t busy = 0, all = 0;
    assert_int_equal(
        live_cpu_parse("cpu  100 20 30 1000 50 6 7 8 40 0\n", &busy, &all), 0);
    assert_int_equal(all, 1221);
    assert_int_equal(busy, 171);
    assert_int_equal(live_cpu_parse("cpu  1 2 3 4 5 6 7\n", &busy, &all),
                     -E_FORMAT);
    assert_int_equal(live_cpu_parse("cpu0 1 2 3 4 5 6 7 8\n", &busy, &all),
                     -E_FORMAT);
    assert_int_equal(live_cpu_parse("", &busy, &all), -E_FORMAT);
}

static struct threads one_thread(struct thread *t)
{
    *t = (struct thread){.tid = getpid(), .kind = THREAD_NORMAL, .number = 1};
    return (struct threads){.list = t, .count = 1};
}

static void nothing_is_known_before_the_first_interval_is_over(void **state)
{
    (void)state;
    struct live_cpu c = {.count = 0};
    struct thread t;
    const struct threads threads = one_thread(&t);
    assert_int_equal(live_cpu_spans(&c, 5), 0);
    assert_int_equal(live_cpu_mark(&c, getpid(), &threads), 0);
    assert_int_equal(live_cpu_spans(&c, 5), 0);
    assert_int_equal(live_cpu_span_ns(&c, 0), 0);
    assert_true(isnan(live_cpu_of_node(&c, 0)));
    assert_true(isnan(live_cpu_of_machine(&c, 0, 2)));
    assert_true(isnan(live_cpu_of_thread(&c, &c.threads[0], 0)));
    live_cpu_deinit(&c);
}

static void work_for(uint64_t cpu_ns)
{
    uint64_t from = clock_ns_of(CLOCK_PROCESS_CPUTIME_ID);
    while (clock_ns_of(CLOCK_PROCESS_CPUTIME_ID) - from < cpu_ns)
        ;
}

/* This process itself, which knows what it used. */
static void what_was_used_is_what_was_worked(void **state)
{
    (void)state;
    struct live_cpu c = {.count = 0};
    struct thread t;
    const struct threads threads = one_thread(&t);
    uint64_t from_cpu = clock_ns_of(CLOCK_PROCESS_CPUTIME_ID);
    uint64_t from = clock_now_ns();
    assert_int_equal(live_cpu_mark(&c, getpid(), &threads), 0);
    live_cpu_mark_machine(&c);
    work_for(200 * NS_PER_MS);
    assert_int_equal(live_cpu_mark(&c, getpid(), &threads), 0);
    double ns = (double)(clock_now_ns() - from);
    double used = (double)(clock_ns_of(CLOCK_PROCESS_CPUTIME_ID) - from_cpu);
    assert_int_equal(live_cpu_spans(&c, 5), 1);
    assert_true(fabs(live_cpu_of_node(&c, 1) / (used / ns) - 1) < 0.1);
    /* A thread's is as of its last tick. */
    assert_true(
        fabs(live_cpu_of_thread(&c, &c.threads[0], 1) / (used / ns) - 1) < 0.2);
    live_cpu_mark_machine(&c);
    double all = live_cpu_of_machine(&c, 1, 2);
    assert_true(all >= 0 && all <= 2);
    live_cpu_deinit(&c);
}

/* However many intervals there were, it looks back on the last ones. */
static void old_intervals_are_forgotten(void **state)
{
    (void)state;
    struct live_cpu c = {.count = 0};
    struct thread t;
    const struct threads threads = one_thread(&t);
    for (uint64_t i = 1; i <= 1000; i++) {
        assert_int_equal(live_cpu_mark(&c, getpid(), &threads), 0);
        struct live_cpu_mark *mark = &c.marks[(c.count - 1) % LIVE_CPU_MARKS];
        /* The i-th interval is 1 s long and uses i ms, of the thread 2 i. */
        *mark = (struct live_cpu_mark){.at_ns = i * NS_PER_S,
                                       .node_ns = i * (i + 1) / 2 * NS_PER_MS,
                                       .busy = i * (i + 1) / 2,
                                       .all = 1000 * i};
        c.threads[0].ns[(c.count - 1) % LIVE_CPU_MARKS] =
            i * (i + 1) * NS_PER_MS;
        if (i < 2)
            continue;
        unsigned spans = live_cpu_spans(&c, 5);
        assert_int_equal(spans, i - 1 < 5 ? i - 1 : 5);
        double mean = (double)i - ((double)spans - 1) / 2;
        assert_int_equal(live_cpu_span_ns(&c, spans), spans * NS_PER_S);
        assert_true(fabs(live_cpu_of_node(&c, spans) - mean / 1000) < 1e-9);
        assert_true(fabs(live_cpu_of_thread(&c, &c.threads[0], spans) -
                         2 * mean / 1000) < 1e-9);
        assert_true(fabs(live_cpu_of_machine(&c, spans, 4) - 4 * mean / 1000) <
                    1e-9);
    }
    assert_int_equal(live_cpu_spans(&c, 1000), LIVE_CPU_SPANS);
    live_cpu_deinit(&c);
}

static void a_thread_that_begins_had_used_nothing(void **state)
{
    (void)state;
    struct live_cpu c = {.count = 0};
    struct thread t;
    const struct threads threads = one_thread(&t), none = {.count = 0};
    assert_int_equal(live_cpu_mark(&c, getpid(), &none), 0);
    assert_null(live_cpu_find(&c, getpid()));
    assert_int_equal(live_cpu_mark(&c, getpid(), &threads), 0);
    const struct live_cpu_thread *one = live_cpu_find(&c, getpid());
    assert_non_null(one);
    assert_int_equal(one->ns[0], 0);
    assert_int_equal(live_cpu_mark(&c, getpid(), &none), 0);
    assert_null(live_cpu_find(&c, getpid()));
    live_cpu_deinit(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_machines_line_is_parsed),
        cmocka_unit_test(nothing_is_known_before_the_first_interval_is_over),
        cmocka_unit_test(what_was_used_is_what_was_worked),
        cmocka_unit_test(old_intervals_are_forgotten),
        cmocka_unit_test(a_thread_that_begins_had_used_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
