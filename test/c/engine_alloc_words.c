/* What a process has allocated since its last collection, and what that one has
 * left. */
#include "test.h"

#include "engine/alloc_words.h"

enum { HEAP = 0x10000, WORDS = 233 };

static const struct alloc_heap full = {.heap = HEAP,
                                       .htop = HEAP + 8 * 200,
                                       .hend = HEAP + 8 * WORDS,
                                       .high_water = HEAP + 8 * 50,
                                       .fragments = 7};

static void assert_bytes(const struct alloc_heap *h, bool dirty, uint64_t block,
                         uint64_t beside)
{
    struct alloc_bytes bytes = alloc_words_bytes(h, dirty);
    assert_int_equal(bytes.block, block);
    assert_int_equal(bytes.beside, beside);
}

static void above_the_high_water_mark_and_in_fragments(void **state)
{
    (void)state;
    assert_bytes(&full, false, 8 * 150, 8 * 7);
    struct alloc_heap first = full;
    first.high_water = HEAP;
    assert_bytes(&first, false, 8 * 200, 8 * 7);
}

static void what_was_delayed_is_counted_once(void **state)
{
    (void)state;
    assert_bytes(&full, true, 0, 0);
    struct alloc_heap fragment = full;
    fragment.high_water = HEAP + 0x100000; /* in the abandoned heap */
    assert_bytes(&fragment, false, 0, 8 * 200);
    assert_bytes(&fragment, true, 0, 8 * 200);
    fragment.high_water = HEAP - 0x1000;
    assert_bytes(&fragment, true, 0, 8 * 200);
}

static void fields_that_do_not_fit_count_nothing(void **state)
{
    (void)state;
    struct alloc_heap torn = full;
    torn.htop = HEAP - 8;
    assert_bytes(&torn, false, 0, 0);
    torn.htop = torn.hend + 8;
    assert_bytes(&torn, false, 0, 0);
    torn = full;
    torn.high_water = torn.htop + 8; /* the process gave up some words */
    assert_bytes(&torn, false, 0, 0);
}

/* A word is chosen among them, so there must be at least one. */
static void parts_of_words_count_nothing(void **state)
{
    (void)state;
    struct alloc_heap torn = full;
    torn.htop = torn.high_water + 4;
    assert_bytes(&torn, false, 0, 0);
    torn = full;
    torn.high_water += 1;
    assert_bytes(&torn, false, 0, 0);
    torn.high_water = torn.hend + 1;
    assert_bytes(&torn, false, 0, 0);
}

/* --- what the last collection has left ------------------------------------ */

static void a_minor_collection_leaves_what_survived(void **state)
{
    (void)state;
    struct alloc_heap h = full;
    h.old_heap = HEAP + 0x100000;
    h.old_hend = h.old_heap + 8 * 610;
    struct alloc_left left = alloc_words_left(&h, false);
    assert_true(left.known && left.by_minor);
    assert_int_equal(left.survived, 8 * 50);
    assert_int_equal(left.size, 8 * (WORDS + 610 + 7));
    h.high_water = h.heap; /* it kept nothing */
    left = alloc_words_left(&h, false);
    assert_true(left.known && left.by_minor);
    assert_int_equal(left.survived, 0);
}

static void what_a_major_one_kept_may_be_older(void **state)
{
    (void)state;
    struct alloc_left left = alloc_words_left(&full, false);
    assert_true(left.known && !left.by_minor);
    assert_int_equal(left.survived, 0);
    assert_int_equal(left.size, 8 * (WORDS + 7));
}

static void a_heap_that_no_collection_left_says_nothing(void **state)
{
    (void)state;
    assert_false(alloc_words_left(&full, true).known);
    struct alloc_heap h = full;
    h.high_water = HEAP + 0x100000; /* in the abandoned heap */
    assert_false(alloc_words_left(&h, false).known);
    h.high_water = h.htop + 8;
    assert_false(alloc_words_left(&h, false).known);
    h = full;
    h.old_heap = HEAP;
    assert_false(alloc_words_left(&h, false).known); /* torn */
    h = full;
    h.htop = h.hend + 8;
    assert_false(alloc_words_left(&h, false).known);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(above_the_high_water_mark_and_in_fragments),
        cmocka_unit_test(what_was_delayed_is_counted_once),
        cmocka_unit_test(fields_that_do_not_fit_count_nothing),
        cmocka_unit_test(parts_of_words_count_nothing),
        cmocka_unit_test(a_minor_collection_leaves_what_survived),
        cmocka_unit_test(what_a_major_one_kept_may_be_older),
        cmocka_unit_test(a_heap_that_no_collection_left_says_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
