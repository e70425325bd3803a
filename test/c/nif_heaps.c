#include "test.h"

#include <math.h>

#include "base/procstate.h"
#include "nif/walk_heaps.h"

enum { SIZE = 776, HEAP = 0x100000, OLD = 0x200000 };

/* OTP 25's. */
static const struct walk_layout layout = {.heap_size = 152,
                                          .old_hend = 504,
                                          .old_heap = 520,
                                          .fragments = 584,
                                          .vheap_old = 616,
                                          .heap = 136,
                                          .high_water = 144,
                                          .htop = 80,
                                          .stop = 88,
                                          .hend = 128,
                                          .old_htop = 512};

static struct walk_heaps heaps;
static uint64_t process[SIZE / 8];

static uint64_t address(void)
{
    return (uint64_t)(uintptr_t)process;
}

static void set(uint32_t offset, uint64_t word)
{
    process[offset / 8] = word;
}

/* A process with a young block of 1,000 words, and an old one of 500. */
static int fill_in(void **state)
{
    (void)state;
    memset(process, 0, sizeof(process));
    memset(&heaps, 0, sizeof(heaps));
    walk_heaps_init(&heaps, 10, 7);
    set(layout.heap, HEAP);
    set(layout.high_water, HEAP + 8 * 300);
    set(layout.htop, HEAP + 8 * 400);
    set(layout.stop, HEAP + 8 * 990);
    set(layout.hend, HEAP + 8 * 1000);
    set(layout.heap_size, 1000);
    set(layout.old_heap, OLD);
    set(layout.old_htop, OLD + 8 * 200);
    set(layout.old_hend, OLD + 8 * 500);
    set(layout.fragments, 30);
    set(layout.vheap_old, 70);
    return 0;
}

static void add(uint64_t id, uint64_t words, uint32_t state)
{
    const struct procsums_process f = {
        .id = id, .queue = 4, .vheap_words = 100, .heap_words = words};
    walk_heaps_add(&heaps, &layout, address(), state, &f);
}

static void a_heap_is_the_sum_of_its_parts(void **state)
{
    (void)state;
    struct walk_heap h;
    assert_true(walk_heap_read(&layout, address(), &h));
    assert_int_equal(h.young, 400);
    assert_int_equal(h.stack, 10);
    assert_int_equal(h.young_free, 590);
    assert_int_equal(h.old, 200);
    assert_int_equal(h.old_free, 300);
    assert_int_equal(h.live, 500);
}

static void sums_and_lists(void **state)
{
    (void)state;
    add(1, 1530, 0);
    add(2, 1530, PROCSTATE_FLAG_OFF_HEAP_MESSAGES);
    set(layout.htop, HEAP + 8 * 900);
    add(3, 1530, 0);
    walk_heaps_sort(&heaps);
    assert_int_equal(heaps.count, 3);
    assert_int_equal(heaps.unread, 0);
    assert_int_equal(heaps.sum.young, 400 + 400 + 900);
    assert_int_equal(heaps.sum.young_free, 590 + 590 + 90);
    assert_int_equal(heaps.sum.stack, 30);
    assert_int_equal(heaps.sum.old, 600);
    assert_int_equal(heaps.sum.old_free, 900);
    assert_int_equal(heaps.fragments, 90);
    assert_int_equal(heaps.vheap_old, 210);
    assert_int_equal(heaps.off_heap_messages, 4);
    /* 610 of 1,500 words, twice, and 1,110 */
    assert_int_equal(heaps.fill_counts[4], 2);
    assert_int_equal(heaps.fill_words[4], 3000);
    assert_int_equal(heaps.fill_counts[7], 1);
    assert_int_equal(heaps.unused.count, 3);
    assert_int_equal(heaps.unused.rows[2].id, 3);
    assert_int_equal(heaps.unused.rows[2].key, 390);
    assert_int_equal(heaps.unused.rows[2].more[0], 1500);
    assert_int_equal(heaps.pinned.rows[0].key, 70);
    assert_int_equal(heaps.pinned.rows[0].more[0], 100);
}

static void a_full_heap_is_of_the_last_class(void **state)
{
    (void)state;
    set(layout.htop, HEAP + 8 * 990);
    set(layout.old_htop, OLD + 8 * 500);
    add(1, 1530, 0);
    assert_int_equal(heaps.fill_counts[WALK_FILLS - 1], 1);
    assert_int_equal(heaps.unused.count, 0);
}

static void ends_that_do_not_fit_are_counted(void **state)
{
    (void)state;
    static const uint32_t ends[] = {136, 144, 80, 88, 128, 152, 504, 512, 520};
    struct walk_heap h;
    for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
        fill_in(NULL);
        set(ends[i], ends[i] == layout.old_hend ? 8 : 0x7f0000000000);
        assert_false(walk_heap_read(&layout, address(), &h));
        add(1, 1530, 0);
        assert_int_equal(heaps.unread, 1);
        assert_int_equal(heaps.count, 0);
        assert_int_equal(heaps.fragments, 30);
    }
}

static void ends_that_are_not_known_are_not_read(void **state)
{
    (void)state;
    struct walk_layout unknown = layout;
    struct walk_heap h;
    unknown.high_water = 0;
    assert_false(walk_heap_read(&unknown, address(), &h));
}

/* What was read again, and had changed, is at most what it is a part of. */
static void parts_are_at_most_their_sum(void **state)
{
    (void)state;
    set(layout.fragments, 1ull << 60);
    set(layout.vheap_old, 1ull << 60);
    add(1, 1530, 0);
    assert_int_equal(heaps.fragments, 1530);
    assert_int_equal(heaps.vheap_old, 100);
}

/* --- the sample ----------------------------------------------------------- */

/* The estimate of the words of all processes whose id is from `from` on. */
static double estimate(uint64_t from)
{
    double sum = 0;
    for (unsigned s = 0; s < WALK_SAMPLES; s++) {
        const struct largest *l = &heaps.samples[s];
        bool is_full = l->count == LARGEST_ROOM;
        double threshold =
            is_full ? (double)l->rows[l->count - 1].key / WALK_PRIORITY_UNIT
                    : 0;
        for (uint32_t i = 0; i < l->count - is_full; i++) {
            double words = (double)l->rows[i].more[0];
            if (l->rows[i].id >= from)
                sum += words > threshold ? words : threshold;
        }
    }
    return sum;
}

static void few_processes_are_all_in_the_sample(void **state)
{
    (void)state;
    for (uint64_t id = 1; id <= 500; id++)
        add(id, 233 + id, 0);
    walk_heaps_sort(&heaps);
    assert_true(estimate(0) == 500 * 233 + 500 * 501 / 2);
    assert_true(estimate(401) == 100 * 233 + 100 * 901 / 2);
}

/* 40,000 small ones, 4,000 larger ones with as much in all, and a huge one. */
static void what_the_sample_says_is_near_the_truth(void **state)
{
    (void)state;
    double all = 0, larger = 0;
    enum { TRIALS = 20 };
    for (unsigned trial = 0; trial < TRIALS; trial++) {
        memset(&heaps, 0, sizeof(heaps));
        walk_heaps_init(&heaps, 10, trial + 1);
        for (uint64_t id = 1; id <= 40000; id++)
            add(id, 233, 0);
        for (uint64_t id = 50000; id < 54000; id++)
            add(id, 2330, 0);
        add(60000, 5000000, 0);
        walk_heaps_sort(&heaps);
        all += estimate(0) / TRIALS;
        larger += estimate(50000) / TRIALS;
        /* It is there for certain, and counts for itself. */
        assert_true(estimate(60000) == 5000000);
    }
    assert_true(fabs(all / (2 * 9320000.0 + 5000000) - 1) < 0.02);
    assert_true(fabs(larger / (9320000.0 + 5000000) - 1) < 0.02);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_heap_is_the_sum_of_its_parts, fill_in),
        cmocka_unit_test_setup(sums_and_lists, fill_in),
        cmocka_unit_test_setup(a_full_heap_is_of_the_last_class, fill_in),
        cmocka_unit_test_setup(ends_that_do_not_fit_are_counted, fill_in),
        cmocka_unit_test_setup(ends_that_are_not_known_are_not_read, fill_in),
        cmocka_unit_test_setup(parts_are_at_most_their_sum, fill_in),
        cmocka_unit_test_setup(few_processes_are_all_in_the_sample, fill_in),
        cmocka_unit_test_setup(what_the_sample_says_is_near_the_truth, fill_in),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
