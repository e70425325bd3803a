#include "test.h"

#include "nif/walk_memory.h"

enum { LIMIT = 1 << 20 };

static struct walk_memory m;

/* As a walk does: a row for each process that it meets. */
static void walk_over(uint32_t processes, uint32_t queue)
{
    assert_true(walk_memory_take(&m, LIMIT));
    for (uint32_t i = 0; i < processes; i++)
        m.next[i] =
            (struct walk_memory_row){.id = 16 * i + 3, .queue = queue + i};
    walk_memory_keep(&m, processes);
    walk_memory_give_back(&m);
}

static void the_next_walk_reads_what_one_wrote(void **state)
{
    (void)state;
    walk_over(1000, 1);
    assert_int_equal(m.count, 1000);
    assert_int_equal(m.before[999].queue, 1000);
    walk_over(10, 7);
    assert_int_equal(m.count, 10);
    assert_int_equal(m.before[9].queue, 16);
    /* one that is given up wrote some, and changes nothing */
    assert_true(walk_memory_take(&m, LIMIT));
    m.next[0].queue = 99;
    walk_memory_give_back(&m);
    assert_int_equal(m.count, 10);
    assert_int_equal(m.before[0].queue, 7);
    walk_memory_free(&m);
}

static void it_is_for_one_walk_and_one_table(void **state)
{
    (void)state;
    assert_true(walk_memory_take(&m, LIMIT));
    assert_false(walk_memory_take(&m, LIMIT));
    walk_memory_give_back(&m);
    assert_false(walk_memory_take(&m, 2 * LIMIT));
    assert_true(walk_memory_take(&m, LIMIT));
    walk_memory_give_back(&m);
    walk_memory_free(&m);
    walk_memory_free(&m);
    assert_null(m.before);
}

static void both_lists_have_room_for_all(void **state)
{
    (void)state;
    walk_over(LIMIT, 1);
    walk_over(LIMIT, 5);
    assert_int_equal(m.before[LIMIT - 1].queue, LIMIT + 4);
    walk_memory_free(&m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_next_walk_reads_what_one_wrote),
        cmocka_unit_test(it_is_for_one_walk_and_one_table),
        cmocka_unit_test(both_lists_have_room_for_all),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
