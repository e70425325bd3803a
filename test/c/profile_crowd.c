#include "profile_make.h"

#include "profile/crowd.h"
#include "profile/distinct.h"

/* --- how many different --------------------------------------------------- */

static void few_keys_are_counted_exactly(void **state)
{
    (void)state;
    struct distinct d = {0};
    assert_int_equal(distinct_count(&d), 0);
    for (int round = 0; round < 3; round++)
        for (uint64_t i = 1; i < DISTINCT_EXACT; i++)
            assert_int_equal(distinct_add(&d, i << 4 | 3), 0);
    assert_int_equal(distinct_count(&d), DISTINCT_EXACT - 1);
    distinct_deinit(&d);
}

/* Within three standard errors; the hash is fixed, so is the outcome. */
static void many_keys_are_estimated_in_bounded_memory(void **state)
{
    (void)state;
    for (int shift = 4; shift <= 32; shift += 4) {
        struct distinct d = {0};
        for (uint64_t i = 0; i < 300000; i++)
            assert_int_equal(distinct_add(&d, i << shift | 3), 0);
        assert_within(distinct_count(&d), 285000, 315000);
        assert_within(d.cap, 1, 2 * DISTINCT_EXACT);
        distinct_deinit(&d);
    }
}

/* --- who is alone --------------------------------------------------------- */

static const struct crowd_kind a = {{11, 22, 1}}, b = {{11, 22, 2}};

static void the_first_of_a_kind_are_alone(void **state)
{
    (void)state;
    struct crowd *c = NULL;
    assert_int_equal(crowd_open(&c), 0);
    for (uint64_t pid = 1; pid <= CROWD_ALONE; pid++)
        assert_int_equal(crowd_place(c, &a, pid), CROWD_ITS_OWN);
    int crowd = crowd_place(c, &a, 1000);
    assert_within(crowd, 0, 100);
    assert_int_equal(crowd_place(c, &a, 1001), crowd);
    assert_int_equal(crowd_place(c, &a, 1000), crowd);
    assert_int_equal(crowd_members(c, (uint32_t)crowd), 2);
    assert_int_equal(crowd_place(c, &b, 1002), CROWD_ITS_OWN);
    crowd_close(c);
}

static void fill(struct crowd *c)
{
    for (uint64_t pid = 1; pid <= CROWD_ALONE; pid++)
        assert_int_equal(crowd_place(c, &a, pid), CROWD_ITS_OWN);
}

static void who_is_seen_again_and_again_leaves_the_crowd(void **state)
{
    (void)state;
    struct crowd *c = NULL;
    assert_int_equal(crowd_open(&c), 0);
    fill(c);
    int seen = 1;
    while (crowd_place(c, &a, 5000) != CROWD_ITS_OWN && seen < 10000)
        seen++;
    assert_int_equal(seen, CROWD_SEEN_OFTEN);
    crowd_close(c);
}

/* Each is seen five times in a row, one after another: none is alone. */
static void short_lives_stay_in_the_crowd(void **state)
{
    (void)state;
    struct crowd *c = NULL;
    assert_int_equal(crowd_open(&c), 0);
    fill(c);
    for (uint64_t pid = 1000; pid < 101000; pid++)
        for (int seen = 0; seen < 5; seen++)
            assert_int_equal(crowd_place(c, &a, pid), 0);
    assert_within(crowd_members(c, 0), 95000, 105000);
    crowd_close(c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(few_keys_are_counted_exactly),
        cmocka_unit_test(many_keys_are_estimated_in_bounded_memory),
        cmocka_unit_test(the_first_of_a_kind_are_alone),
        cmocka_unit_test(who_is_seen_again_and_again_leaves_the_crowd),
        cmocka_unit_test(short_lives_stay_in_the_crowd),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
