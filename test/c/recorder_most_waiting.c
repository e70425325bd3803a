#include "test.h"

#include "recorder/most_waiting.h"

static void counts_within_a_reading(void **state)
{
    (void)state;
    struct most_waiting m = {0};
    assert_int_equal(most_waiting_add(&m, 3, 0), 1);
    assert_int_equal(most_waiting_add(&m, 900, 0), 1);
    assert_int_equal(most_waiting_add(&m, 3, 0), 2);
    assert_int_equal(most_waiting_add(&m, 3, 1), 1);
    assert_int_equal(most_waiting_add(&m, 900, 7), 1);
    assert_int_equal(most_waiting_add(&m, 900, 7), 2);
    assert_int_equal(most_waiting_add(&m, 0, 7), 1);
    most_waiting_deinit(&m);
}

static void grows(void **state)
{
    (void)state;
    struct most_waiting m = {0};
    for (uint32_t tick = 1; tick < 4; tick++)
        for (uint32_t i = 0; i < 10000; i++)
            assert_int_equal(most_waiting_add(&m, i, tick), 1);
    most_waiting_deinit(&m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counts_within_a_reading),
        cmocka_unit_test(grows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
