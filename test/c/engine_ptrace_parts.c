/* What engine ptrace reads from /proc, how it judges that, and what it counts.
 */
#include "test.h"

#include "engine/ptrace_cpu.h"
#include "engine/ptrace_holds.h"
#include "engine/ptrace_load.h"
#include "engine/schedstat.h"

static void clocks_are_three_numbers(void **state)
{
    (void)state;
    static const char text[] = "123456789012 34 56\n";
    struct schedstat c;
    assert_int_equal(schedstat_parse(text, sizeof(text) - 1, &c), 0);
    assert_int_equal(c.cpu_ns, 123456789012);
    assert_int_equal(c.wait_ns, 34);
    assert_int_equal(c.runs, 56);
    c.runs = 7;
    assert_int_equal(schedstat_parse(text, 15, &c), -E_FORMAT);
    assert_int_equal(schedstat_parse("", 0, &c), -E_FORMAT);
    assert_int_equal(schedstat_parse("a b c", 5, &c), -E_FORMAT);
    assert_int_equal(c.runs, 7); /* untouched */
}

static int cpu_in(const char *text)
{
    return ptrace_cpu_parse(text, strlen(text));
}

static void the_cpu_is_field_39_behind_any_name(void **state)
{
    (void)state;
#define TO_38                                                                  \
    "R 4 5 6 7 8 9 1 1 1 1 1 1 1 1 2 2 2 2 2 2 2 2 2 2 3 3 3 3 3 3 "           \
    "3 3 3 3 99"
    assert_int_equal(cpu_in("1 (beam.smp) " TO_38 " 12 40 41\n"), 12);
    assert_int_equal(cpu_in("1 (a) b) (c) " TO_38 " 3 40"), 3);
    assert_int_equal(cpu_in("1 (x) " TO_38 " 0"), 0);
    assert_int_equal(cpu_in("1 (x) " TO_38), -1);
    assert_int_equal(cpu_in("1 (x) " TO_38 " 99999999999999999999 4"), -1);
    assert_int_equal(cpu_in("1 2 3"), -1);
    assert_int_equal(cpu_in(")"), -1);
    assert_int_equal(cpu_in(""), -1);
}

static unsigned runnable_in(const char *text)
{
    return ptrace_load_parse(text, strlen(text));
}

static void runnable_threads_are_before_the_slash(void **state)
{
    (void)state;
    assert_int_equal(runnable_in("0.37 1.46 1.33 12/311 4711\n"), 12);
    assert_int_equal(runnable_in("0.37 1.46 1.33 2/311"), 2);
    assert_int_equal(runnable_in(""), 0);
    assert_int_equal(runnable_in("/"), 0);
}

static struct ptrace_load load_of(unsigned cpus, unsigned runnable)
{
    struct ptrace_load load = {.cpus = cpus, .looks = PTRACE_LOAD_LOOKS};
    for (size_t i = 0; i < load.looks; i++)
        load.runnable[i] = runnable;
    return load;
}

static void saturated_is_more_threads_than_cpus(void **state)
{
    (void)state;
    struct ptrace_load load = load_of(4, 4);
    assert_false(ptrace_load_saturated(&load));
    load = load_of(4, 5);
    assert_true(ptrace_load_saturated(&load));
    load = load_of(4, 1);
    for (size_t i = 0; i < load.looks / 2; i++)
        load.runnable[i] = 100; /* a crowd that comes and goes */
    assert_false(ptrace_load_saturated(&load));
    load.runnable[load.looks - 1] = 100;
    assert_true(ptrace_load_saturated(&load));
}

static void saturated_is_long_waits_for_a_cpu(void **state)
{
    (void)state;
    struct ptrace_load load = load_of(4, 1);
    load.wait_ns[0] = load.wait_ns[7] = 4000000;
    assert_false(ptrace_load_saturated(&load)); /* one in ten is chance */
    load.wait_ns[9] = 4000000;
    assert_true(ptrace_load_saturated(&load));
    load = (struct ptrace_load){.cpus = 0};
    assert_false(ptrace_load_saturated(&load)); /* nothing is known */
}

static void a_look_sees_this_machine(void **state)
{
    (void)state;
    struct ptrace_load load;
    ptrace_load_look(&load);
    assert_true(load.cpus > 0);
    assert_int_equal(load.looks, PTRACE_LOAD_LOOKS);
}

static void holds_have_percentiles(void **state)
{
    (void)state;
    static struct ptrace_holds h;
    assert_int_equal(ptrace_holds_at(&h, 500), 0);
    ptrace_holds_add(&h, 5);
    assert_int_equal(ptrace_holds_at(&h, 500), 5);
    memset(&h, 0, sizeof(h));
    for (uint64_t i = 1; i <= 1000; i++)
        ptrace_holds_add(&h, i * 1000);
    uint64_t median = ptrace_holds_at(&h, 500), p99 = ptrace_holds_at(&h, 990);
    assert_true(median >= 500000 && median <= 562500);
    assert_true(p99 >= 990000 && p99 <= 1000000);
    assert_int_equal(ptrace_holds_at(&h, 1000), 1000000);
    assert_int_equal(h.max_ns, 1000000);
    assert_int_equal(h.count, 1000);
}

static void no_hold_is_too_long_to_count(void **state)
{
    (void)state;
    static struct ptrace_holds h;
    ptrace_holds_add(&h, UINT64_MAX);
    ptrace_holds_add(&h, 0);
    ptrace_holds_add(&h, UINT64_MAX / 2);
    assert_int_equal(ptrace_holds_at(&h, 1000), UINT64_MAX);
    assert_int_equal(ptrace_holds_at(&h, 1), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(clocks_are_three_numbers),
        cmocka_unit_test(the_cpu_is_field_39_behind_any_name),
        cmocka_unit_test(runnable_threads_are_before_the_slash),
        cmocka_unit_test(saturated_is_more_threads_than_cpus),
        cmocka_unit_test(saturated_is_long_waits_for_a_cpu),
        cmocka_unit_test(a_look_sees_this_machine),
        cmocka_unit_test(holds_have_percentiles),
        cmocka_unit_test(no_hold_is_too_long_to_count),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
