/* Collections that were begun before, and did not take place. */
#include "test.h"

#include "engine/alloc_repeats.h"

enum { PROCESS = 0x7f0000001000, OTHER = PROCESS + 896 };

static struct alloc_repeats r;

static struct alloc_heap made(uint64_t htop, uint64_t fragments)
{
    return (struct alloc_heap){.heap = 0x10000,
                               .high_water = 0x10100,
                               .htop = htop,
                               .hend = 0x20000,
                               .fragments = fragments};
}

struct taken {
    bool is_one;
    struct alloc_bytes bytes;
    uint64_t binary;
};

static struct taken take(uint64_t process, uint64_t window,
                         const struct alloc_heap *h, uint64_t binary)
{
    struct alloc_collection c = {.heap = *h,
                                 .bytes = alloc_words_bytes(h, false),
                                 .left = {.known = true}};
    struct sample s = {.process = {.c_p = process}, .binary_bytes = binary};
    bool is_one = alloc_repeats_take(&r, window, &c, &s);
    assert_true(c.left.known == !is_one);
    return (struct taken){is_one, c.bytes, s.binary_bytes};
}

static void is_whole(const struct taken *t, uint64_t block, uint64_t beside,
                     uint64_t binary)
{
    assert_false(t->is_one);
    assert_int_equal(t->bytes.block, block);
    assert_int_equal(t->bytes.beside, beside);
    assert_int_equal(t->binary, binary);
}

static void only_what_is_new_counts(void **state)
{
    (void)state;
    r = (struct alloc_repeats){0};
    struct alloc_heap h = made(0x10900, 1000);
    struct taken t = take(PROCESS, 1, &h, 5000);
    is_whole(&t, 0x800, 8000, 5000);
    for (int i = 0; i < 3; i++) {
        t = take(PROCESS, 1, &h, 5000);
        assert_true(t.is_one);
        assert_int_equal(t.bytes.block + t.bytes.beside + t.binary, 0);
    }
    h = made(0x10940, 1002);
    t = take(PROCESS, 1, &h, 5100);
    assert_true(t.is_one);
    assert_int_equal(t.bytes.block, 0x40);
    assert_int_equal(t.bytes.beside, 16);
    assert_int_equal(t.binary, 100);
    /* Then it takes place: the heap is elsewhere. */
    h.heap += 0x100000, h.high_water += 0x100000;
    h.htop += 0x100000, h.hend += 0x100000;
    t = take(PROCESS, 1, &h, 5100);
    is_whole(&t, 0x840, 8016, 5100);
}

static void each_process_has_its_own(void **state)
{
    (void)state;
    r = (struct alloc_repeats){0};
    struct alloc_heap h = made(0x10900, 0);
    struct taken t = take(PROCESS, 1, &h, 0);
    is_whole(&t, 0x800, 0, 0);
    t = take(OTHER, 1, &h, 0);
    is_whole(&t, 0x800, 0, 0);
    t = take(PROCESS, 1, &h, 0);
    assert_true(t.is_one);
}

/* Collections between two windows are not seen: the heap may be there again. */
static void a_later_window_has_others(void **state)
{
    (void)state;
    r = (struct alloc_repeats){0};
    struct alloc_heap h = made(0x10900, 7);
    struct taken t = take(PROCESS, 1, &h, 9);
    t = take(PROCESS, 2, &h, 9);
    is_whole(&t, 0x800, 56, 9);
}

static void less_than_before_is_another_one(void **state)
{
    (void)state;
    r = (struct alloc_repeats){0};
    struct alloc_heap h = made(0x10900, 7);
    struct taken t = take(PROCESS, 1, &h, 0);
    h = made(0x10900, 6);
    t = take(PROCESS, 1, &h, 0);
    is_whole(&t, 0x800, 48, 0);
    h = made(0x108f8, 6);
    t = take(PROCESS, 1, &h, 0);
    is_whole(&t, 0x7f8, 48, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_what_is_new_counts),
        cmocka_unit_test(each_process_has_its_own),
        cmocka_unit_test(a_later_window_has_others),
        cmocka_unit_test(less_than_before_is_another_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
