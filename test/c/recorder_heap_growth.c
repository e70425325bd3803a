/* How much the heaps of processes have grown since they were last read. */
#include "test.h"

#include "recorder/heap_growth.h"

static struct heap_growth *g;

static int begin(void **state)
{
    (void)state;
    return heap_growth_open(&g);
}

static int end(void **state)
{
    (void)state;
    heap_growth_close(g);
    return 0;
}

/* By how much, up or down. */
static int64_t change(uint64_t pid, uint64_t bytes)
{
    uint64_t grown = 1, shrunk = 1;
    assert_int_equal(heap_growth_read(g, pid, bytes, &grown, &shrunk), 0);
    assert_true(grown == 0 || shrunk == 0);
    return (int64_t)grown - (int64_t)shrunk;
}

static void changes_add_up_to_last_minus_first(void **state)
{
    (void)state;
    assert_int_equal(change(3, 1000), 0);
    assert_int_equal(change(3, 5000), 4000);
    assert_int_equal(change(3, 2000), -3000);
    assert_int_equal(change(3, 2000), 0);
}

static void each_process_has_its_own(void **state)
{
    (void)state;
    const uint64_t other = 3 + (1ULL << 40);
    assert_int_equal(change(3, 1000), 0);
    assert_int_equal(change(other, 80), 0);
    assert_int_equal(change(3, 1008), 8);
    assert_int_equal(change(other, 90), 10);
}

/* However many processes there are, memory stays bounded. */
static void too_many_are_forgotten(void **state)
{
    (void)state;
    assert_int_equal(change(1, 100), 0);
    for (uint64_t pid = 2; pid <= HEAP_GROWTH_MOST; pid++)
        assert_int_equal(change(pid, 100), 0);
    assert_int_equal(change(1, 150), 50); /* known, so there is room for it */
    assert_int_equal(change(HEAP_GROWTH_MOST + 1, 100), 0);
    assert_int_equal(change(1, 200), 0);
    assert_int_equal(change(1, 230), 30);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(changes_add_up_to_last_minus_first),
        TEST(each_process_has_its_own),
        TEST(too_many_are_forgotten),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
