#include "test.h"

#include "base/procsums.h"

static struct procsums sums;

static void start(uint32_t top)
{
    memset(&sums, 0, sizeof(sums));
    procsums_init(&sums, top);
}

static void add(uint64_t id, uint64_t queue, uint64_t vheap, uint64_t heap)
{
    const struct procsums_since since = {0};
    const struct procsums_process p = {id, queue, vheap, heap, heap / 2};
    procsums_count(&sums, PROCSTATE_WAITING, queue > 100);
    procsums_add(&sums, &p, &since);
}

static void sums_and_lists_are_those_of_all(void **state)
{
    (void)state;
    start(3);
    for (uint64_t i = 1; i <= 200; i++)
        add(i, i, 10 * i, 1000 - i);
    procsums_count(&sums, PROCSTATE_RUNNING, false);
    procsums_sort(&sums);
    assert_int_equal(sums.count, 201);
    assert_int_equal(sums.states[PROCSTATE_WAITING], 200);
    assert_int_equal(sums.states[PROCSTATE_RUNNING], 1);
    assert_int_equal(sums.lower_bounds, 100);
    assert_int_equal(sums.queue_total, 200 * 201 / 2);
    assert_int_equal(sums.queue_max, 200);
    assert_int_equal(sums.vheap_words, 10 * 200 * 201 / 2);
    assert_int_equal(sums.queues.count, 3);
    assert_int_equal(sums.queues.rows[0].id, 200);
    assert_int_equal(sums.queues.rows[2].key, 198);
    assert_int_equal(sums.binaries.rows[0].more[0], 2000);
    assert_int_equal(sums.binaries.rows[0].more[1], 800);
    assert_int_equal(sums.memories.rows[0].id, 1);
    assert_int_equal(sums.reductions.count, 0);
    assert_int_equal(sums.leaks.count, 0);
}

static void queues_are_classed_by_powers_of_two(void **state)
{
    (void)state;
    static const uint64_t lengths[] = {0, 0, 1, 2, 3, 4, 7, 8, 1ull << 50};
    start(3);
    for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++)
        add(i, lengths[i], 0, 1);
    assert_int_equal(sums.queue_classes[0], 2);
    assert_int_equal(sums.queue_classes[1], 1);
    assert_int_equal(sums.queue_classes[2], 2);
    assert_int_equal(sums.queue_classes[3], 2);
    assert_int_equal(sums.queue_classes[4], 1);
    assert_int_equal(sums.queue_classes[PROCSUMS_CLASSES - 1], 1);
}

static void leaks_are_by_ratio_of_those_that_hold_much(void **state)
{
    (void)state;
    start(3);
    add(1, 0, PROCSUMS_LEAK_LEAST - 1, 1);
    add(2, 0, PROCSUMS_LEAK_LEAST, 999);
    add(3, 0, 10 * PROCSUMS_LEAK_LEAST, 99999);
    add(4, 0, 10 * PROCSUMS_LEAK_LEAST, FIGURE_UNKNOWN);
    procsums_sort(&sums);
    assert_int_equal(sums.leaks.count, 2);
    assert_int_equal(sums.leaks.rows[0].id, 2);
    assert_int_equal(sums.leaks.rows[0].key, PROCSUMS_LEAK_LEAST * 256 / 1000);
    assert_int_equal(sums.leaks.rows[1].id, 3);
    assert_int_equal(sums.binaries.count, 3);
}

static void what_is_not_known_is_in_no_sum(void **state)
{
    (void)state;
    const struct procsums_process p = {7, FIGURE_UNKNOWN, FIGURE_UNKNOWN,
                                       FIGURE_UNKNOWN, 0};
    const struct procsums_since since = {.queue = 4, .reductions = 9};
    start(3);
    procsums_add(&sums, &p, &since);
    procsums_sort(&sums);
    assert_int_equal(sums.queue_total + sums.queue_max + sums.vheap_words, 0);
    assert_int_equal(
        sums.queues.count + sums.binaries.count + sums.memories.count, 0);
    assert_int_equal(sums.reductions.rows[0].key, 9);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sums_and_lists_are_those_of_all),
        cmocka_unit_test(queues_are_classed_by_powers_of_two),
        cmocka_unit_test(leaks_are_by_ratio_of_those_that_hold_much),
        cmocka_unit_test(what_is_not_known_is_in_no_sum),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
