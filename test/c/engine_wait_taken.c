/* Which waits become samples: in sum they stand for all waits. */
#include "test.h"

#include "base/random.h"
#include "engine/bpf/wait_taken.h"

enum { PERIOD = 1000000, WAITS = 200000 };

static uint64_t random_state = 7;

static bool taken(struct bpf_wait *wait, uint64_t ns, __u64 *stands_for)
{
    uint64_t random = random_next(&random_state);
    *wait = (struct bpf_wait){.ns = ns};
    return wait_taken(wait, PERIOD, (uint32_t)random, (uint32_t)(random >> 32),
                      stands_for);
}

static void long_ones_are_all_taken_as_they_are(void **state)
{
    (void)state;
    struct bpf_wait wait;
    __u64 ns;
    for (uint64_t length = PERIOD; length < 2 * PERIOD; length += 9973) {
        assert_true(taken(&wait, length, &ns));
        assert_true(ns == length && wait.times == 1);
    }
    assert_false(taken(&wait, 0, &ns));
}

static void short_ones_stand_for_each_other(void **state)
{
    (void)state;
    static const uint64_t lengths[] = {1000, 30000, 400000, 700000, 999999};
    for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
        double sum_ns = 0, times = 0;
        struct bpf_wait wait;
        __u64 ns;
        for (int n = 0; n < WAITS; n++)
            if (taken(&wait, lengths[i], &ns)) {
                assert_int_equal(ns, PERIOD);
                sum_ns += (double)ns;
                times += wait.times;
            }
        /* At 1,000 ns 200 are expected, so four deviations are 28 %. */
        double off = i == 0 ? 0.28 : 0.06;
        assert_float_equal(sum_ns / ((double)lengths[i] * WAITS), 1, off);
        assert_float_equal(times / WAITS, 1, off);
    }
}

static void the_end_of_a_wait_is_cut_off(void **state)
{
    (void)state;
    struct bpf_wait wait = {.ns = 100, .ready_ns = 30, .slept = 1};
    wait_taken_cut(&wait, 10);
    assert_int_equal(wait.ns, 90);
    assert_int_equal(wait.ready_ns, 20); /* the time without a CPU is last */
    wait_taken_cut(&wait, 50);
    assert_int_equal(wait.ns, 40);
    assert_int_equal(wait.ready_ns, 0);
    wait_taken_cut(&wait, 1000);
    assert_int_equal(wait.ns, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(long_ones_are_all_taken_as_they_are),
        cmocka_unit_test(short_ones_stand_for_each_other),
        cmocka_unit_test(the_end_of_a_wait_is_cut_off),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
