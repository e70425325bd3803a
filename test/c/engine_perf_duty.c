/* The share of the time in which events on threads are armed. */
#include "test.h"

#include "base/clock.h"
#include "engine/perf_duty.h"
#include "engine/schedstat.h"

static const struct perf_cost dear = {
    .armed_ns = 10000, .idle_ns = 200, .sample_ns = 20000};

/* A second of a node with that many switches and half a CPU of work. */
static struct perf_duty_load second(uint64_t runs)
{
    return (struct perf_duty_load){
        .ns = NS_PER_S, .runs = runs, .cpu_ns = NS_PER_S / 2};
}

static struct perf_duty_terms at_rate(unsigned rate)
{
    return (struct perf_duty_terms){.cost = dear, .bound = 0.05, .rate = rate};
}

static struct perf_duty begin(uint64_t runs, unsigned rate)
{
    struct perf_duty d;
    struct perf_duty_load before = second(runs);
    struct perf_duty_terms terms = at_rate(rate);
    perf_duty_begin(&d, &terms, &before, 1000);
    return d;
}

static void is_always_armed_where_threads_hardly_switch(void **state)
{
    (void)state;
    struct perf_duty d = begin(100, 99);
    assert_true(d.armed && d.share == 1);
    for (uint64_t ms = 0; ms < 60000; ms++)
        assert_false(perf_duty_turn(&d, ms * NS_PER_MS));
}

static void pauses_where_they_switch_often(void **state)
{
    (void)state;
    struct perf_duty d = begin(20000, 99); /* 0.2 s of 0.5 s, if all the time */
    uint64_t armed_ms = 0, turns = 0, total_ms = 200000;
    for (uint64_t ms = 0; ms < total_ms; ms++) {
        armed_ms += d.armed;
        turns += perf_duty_turn(&d, ms * NS_PER_MS);
    }
    double share = (double)armed_ms / (double)total_ms;
    assert_true(d.share > 0.05 && d.share < 0.15);
    assert_true(share > d.share * 0.9 && share < d.share * 1.1);
    assert_true(turns > total_ms / 100); /* windows and pauses stay short */
}

/* A recording is armed for the share of its time even when it is short. */
static void the_first_moment_is_as_any_other(void **state)
{
    (void)state;
    enum { RECORDINGS = 2000, MS = 200 };
    struct perf_duty_load before = second(20000);
    struct perf_duty_terms terms = at_rate(99);
    uint64_t armed_ms = 0, first = 0;
    struct perf_duty d;
    for (uint64_t seed = 0; seed < RECORDINGS; seed++) {
        uint64_t now = seed * 7919 * NS_PER_MS + 1;
        perf_duty_begin(&d, &terms, &before, now);
        first += d.armed;
        for (uint64_t ms = 0; ms < MS; ms++) {
            armed_ms += d.armed;
            perf_duty_turn(&d, now + ms * NS_PER_MS);
        }
    }
    double share = (double)armed_ms / (double)(RECORDINGS * MS);
    assert_true(share > d.share * 0.9 && share < d.share * 1.1);
    assert_true(first > RECORDINGS * d.share * 0.7 &&
                first < RECORDINGS * d.share * 1.3);
}

static void late(uint64_t window_ms, uint64_t pause_ms)
{
    struct perf_duty d = begin(20000, 99);
    uint64_t armed_ms = 0, total_ms = 400000, ms = 0;
    while (ms < total_ms) {
        uint64_t step = d.armed ? window_ms : pause_ms;
        armed_ms += d.armed ? step : 0;
        ms += step;
        perf_duty_turn(&d, ms * NS_PER_MS);
    }
    double share = (double)armed_ms / (double)total_ms;
    assert_true(d.share < 0.15);
    assert_true(share > d.share * 0.9 && share < d.share * 1.1);
}

/* Where we get late to the end of a window or of a pause, the next one makes
 * up for it. */
static void a_late_end_leaves_the_share_as_it_is(void **state)
{
    (void)state;
    late(40, 1); /* five planned windows */
    late(1, 60);
    late(20, 100);
}

static void says_what_it_costs(void **state)
{
    (void)state;
    struct perf_duty d = begin(20000, 99);
    for (int i = 0; i < 10; i++) {
        struct perf_duty_load load = second(20000);
        perf_duty_saw(&d, &load);
    }
    double cost = 20000 * (d.share * 10000 + (1 - d.share) * 200) +
                  d.share * 0.5 * 99 * 20000;
    double own = NS_PER_S / 2 - cost;
    assert_true(perf_duty_cost(&d) > cost / own * 0.999);
    assert_true(perf_duty_cost(&d) < cost / own * 1.001);
    assert_true(perf_duty_cost(&d) < 0.06);
    double paused = 20000 * (1 - d.share) * 200 / own;
    assert_true(perf_duty_paused_cost(&d) > paused * 0.999);
    assert_true(perf_duty_paused_cost(&d) < paused * 1.001);
}

static void lowers_its_share_when_the_load_comes_later(void **state)
{
    (void)state;
    struct perf_duty d = begin(100, 99);
    struct perf_duty_load load = second(20000);
    for (int i = 0; i < 10; i++)
        perf_duty_saw(&d, &load);
    assert_true(d.share < 0.15);
    assert_true(d.share * (double)(1u << d.lowered) == 1);
    assert_true(perf_duty_turn(&d, 2000)); /* at once */
    assert_false(d.armed);
}

static void goes_on_whatever_it_costs(void **state)
{
    (void)state;
    struct perf_duty d = begin(10 * 1000 * 1000, 999);
    assert_true(d.share >= 0.01);
    struct perf_duty_load load = second(10 * 1000 * 1000);
    perf_duty_saw(&d, &load);
    assert_int_equal(d.lowered, 0);
}

static void may_cost_an_idle_node_a_little(void **state)
{
    (void)state;
    struct perf_duty_load idle = {
        .ns = NS_PER_S, .runs = 400, .cpu_ns = NS_PER_S / 1000};
    struct perf_duty_terms terms = at_rate(99);
    double share = perf_duty_share(&terms, &idle); /* 4 ms, if always armed */
    assert_true(share > 0.23 && share < 0.24);     /* 1 ms of one CPU */
}

static void reads_what_the_kernel_counts(void **state)
{
    (void)state;
    struct schedstat s;
    static const char text[] = "123 456 789\n";
    assert_int_equal(schedstat_parse(text, sizeof(text) - 1, &s), 0);
    assert_true(s.cpu_ns == 123 && s.wait_ns == 456 && s.runs == 789);
    assert_int_equal(schedstat_parse("12 34", 5, &s), -E_FORMAT);
    assert_int_equal(schedstat_parse("", 0, &s), -E_FORMAT);
    assert_int_equal(schedstat_parse("a b c", 5, &s), -E_FORMAT);
}

static void waiting_is_a_part_of_the_time_to_run(void **state)
{
    (void)state;
    const struct schedstat from = {.cpu_ns = 100, .wait_ns = 50};
    const struct schedstat to = {.cpu_ns = 400, .wait_ns = 150};
    assert_float_equal(schedstat_waited(&from, &to), 0.25, 1e-9);
    assert_float_equal(schedstat_waited(&from, &from), 0, 1e-9);
    assert_float_equal(schedstat_waited(&to, &from), 0, 1e-9);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(is_always_armed_where_threads_hardly_switch),
        cmocka_unit_test(pauses_where_they_switch_often),
        cmocka_unit_test(the_first_moment_is_as_any_other),
        cmocka_unit_test(a_late_end_leaves_the_share_as_it_is),
        cmocka_unit_test(says_what_it_costs),
        cmocka_unit_test(lowers_its_share_when_the_load_comes_later),
        cmocka_unit_test(goes_on_whatever_it_costs),
        cmocka_unit_test(may_cost_an_idle_node_a_little),
        cmocka_unit_test(reads_what_the_kernel_counts),
        cmocka_unit_test(waiting_is_a_part_of_the_time_to_run),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
