#include "test.h"

#include "base/largest.h"

static uint64_t next(uint64_t *seed)
{
    *seed = *seed * 6364136223846793005u + 1442695040888963407u;
    return *seed >> 33;
}

static int largest_first(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x < y) - (x > y);
}

/* Against sorting all of them. */
static void keeps_the_largest_in_order(void **state)
{
    (void)state;
    static uint64_t keys[5000];
    static struct largest top;
    const uint32_t rooms[] = {1, 2, 3, 10, 199, LARGEST_ROOM};
    uint64_t seed = 1;
    for (unsigned r = 0; r < sizeof(rooms) / sizeof(rooms[0]); r++) {
        largest_init(&top, rooms[r]);
        for (unsigned i = 0; i < 5000; i++) {
            keys[i] = next(&seed) % 3000;
            largest_add(
                &top, &(struct largest_row){.key = keys[i], .id = keys[i] + 7});
        }
        qsort(keys, 5000, sizeof(keys[0]), largest_first);
        largest_sort(&top);
        assert_int_equal(top.count, rooms[r]);
        for (uint32_t i = 0; i < top.count; i++) {
            assert_int_equal(top.rows[i].key, keys[i]);
            assert_int_equal(top.rows[i].id, keys[i] + 7);
        }
    }
}

static void keeps_no_zero_and_all_of_few(void **state)
{
    (void)state;
    static struct largest top;
    largest_init(&top, 10);
    assert_false(largest_wants(&top, 0));
    largest_add(&top, &(struct largest_row){.key = 0, .id = 1});
    largest_add(&top, &(struct largest_row){.key = 5, .id = 2});
    largest_add(&top, &(struct largest_row){.key = UINT64_MAX, .id = 3});
    largest_sort(&top);
    assert_int_equal(top.count, 2);
    assert_int_equal(top.rows[0].id, 3);
    assert_int_equal(top.rows[1].id, 2);
    largest_add(&top, &(struct largest_row){.key = 9, .id = 4});
    assert_int_equal(top.count, 2);
}

static void has_no_more_room_than_there_is(void **state)
{
    (void)state;
    static struct largest top;
    largest_init(&top, UINT32_MAX);
    for (uint64_t i = 1; i <= 10 * LARGEST_ROOM; i++)
        largest_add(&top, &(struct largest_row){.key = i, .id = i});
    assert_int_equal(top.count, LARGEST_ROOM);
    largest_init(&top, 0);
    largest_add(&top, &(struct largest_row){.key = 1, .id = 1});
    assert_int_equal(top.count, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keeps_the_largest_in_order),
        cmocka_unit_test(keeps_no_zero_and_all_of_few),
        cmocka_unit_test(has_no_more_room_than_there_is),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
