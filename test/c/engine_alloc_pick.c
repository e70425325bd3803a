/* Which collections stand for the bytes of a span. */
#include "test.h"

#include <string.h>

#include "engine/alloc_pick.h"

enum { SPANS = 20000, KINDS = 3 };

static const double bytes_of[KINDS] = {1000, 3000, 8000};

static void offer(struct alloc_pick *p, uint8_t kind)
{
    const struct alloc_picked of = {
        .from = kind, .bytes = bytes_of[kind], .record = &kind, .len = 1};
    assert_int_equal(alloc_pick_offer(p, &of), 0);
}

static void deinit(struct alloc_pick *p, struct alloc_picked *to)
{
    for (size_t i = 0; i < ALLOC_PICKS; i++)
        alloc_picked_deinit(&to[i]);
    alloc_pick_deinit(p);
}

/* Each kind has the part of the sum that it has of the bytes. */
static void each_is_chosen_as_often_as_it_has_bytes(void **state)
{
    (void)state;
    struct alloc_pick p;
    struct alloc_picked got[ALLOC_PICKS] = {{0}};
    double sums[KINDS] = {0}, all = 0;
    alloc_pick_init(&p, 1);
    for (int i = 0; i < SPANS; i++) {
        for (uint8_t kind = 0; kind < KINDS; kind++)
            offer(&p, kind);
        assert_int_equal(alloc_pick_take(&p, got), ALLOC_PICKS);
        for (size_t k = 0; k < ALLOC_PICKS; k++) {
            assert_int_equal(got[k].record[0], got[k].from);
            sums[got[k].from] += got[k].bytes;
            all += got[k].bytes;
        }
    }
    assert_float_equal(all, SPANS * 12000.0, 1);
    for (int kind = 0; kind < KINDS; kind++)
        assert_float_equal(sums[kind] / all, bytes_of[kind] / 12000, 0.01);
    deinit(&p, got);
}

static void what_is_returned_is_not_lost(void **state)
{
    (void)state;
    struct alloc_pick p;
    struct alloc_picked got[ALLOC_PICKS] = {{0}};
    alloc_pick_init(&p, 1);
    alloc_pick_return(&p, 500);
    assert_int_equal(alloc_pick_take(&p, got), 0);
    offer(&p, 0);
    assert_int_equal(alloc_pick_take(&p, got), ALLOC_PICKS);
    assert_float_equal(got[0].bytes, 1500.0 / ALLOC_PICKS, 1e-6);
    assert_int_equal(alloc_pick_take(&p, got), 0);
    offer(&p, 1);
    assert_int_equal(alloc_pick_take(&p, got), ALLOC_PICKS);
    assert_float_equal(got[0].bytes, 3000.0 / ALLOC_PICKS, 1e-6);
    deinit(&p, got);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_is_chosen_as_often_as_it_has_bytes),
        cmocka_unit_test(what_is_returned_is_not_lost),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
