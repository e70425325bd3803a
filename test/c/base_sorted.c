#include "test.h"

#include "base/sorted.h"

struct place {
    int before;
    uint64_t start;
};

static void counts_those_up_to_the_key(void **state)
{
    (void)state;
    const struct place list[] = {{1, 10}, {2, 20}, {3, 20}, {4, UINT64_MAX}};
    assert_int_equal(SORTED_UPTO(list, 4, start, 9), 0);
    assert_int_equal(SORTED_UPTO(list, 4, start, 10), 1);
    assert_int_equal(SORTED_UPTO(list, 4, start, 19), 1);
    assert_int_equal(SORTED_UPTO(list, 4, start, 20), 3);
    assert_int_equal(SORTED_UPTO(list, 4, start, UINT64_MAX), 4);
}

static void an_empty_list_has_none(void **state)
{
    (void)state;
    const struct place *list = NULL;
    assert_int_equal(SORTED_UPTO(list, 0, start, 5), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counts_those_up_to_the_key),
        cmocka_unit_test(an_empty_list_has_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
