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
        alloc_pick_take(&p, got);
        for (size_t k = 0; k < ALLOC_PICKS; k++) {
            assert_int_equal(got[k].record[0], got[k].from);
            sums[got[k].from] += got[k].bytes;
            all += got[k].bytes;
            got[k].len = 0;
        }
    }
    assert_float_equal(all, SPANS * 12000.0, 1);
    for (int kind = 0; kind < KINDS; kind++)
        assert_float_equal(sums[kind] / all, bytes_of[kind] / 12000, 0.01);
    deinit(&p, got);
}

/* One kind is collected ten times as often as the other, but has a fourth of
 * the bytes; one in thirty of those that are chosen can be watched. */
static void waiting_changes_no_share(void **state)
{
    (void)state;
    enum { EVERY = 10, SERVED_EVERY = 30 };
    struct alloc_pick p;
    struct alloc_picked got[ALLOC_PICKS] = {{0}};
    double sums[2] = {0}, all = 0;
    alloc_pick_init(&p, 1);
    for (int i = 0; i < 20 * SPANS; i++) {
        uint8_t kind = i % EVERY == 0;
        double bytes = kind ? 3 * EVERY * 100 : 100;
        const struct alloc_picked of = {
            .from = kind, .bytes = bytes, .record = &kind, .len = 1};
        assert_int_equal(alloc_pick_offer(&p, &of), 0);
        all += bytes;
        alloc_pick_take(&p, got);
        if (i % SERVED_EVERY)
            continue;
        struct alloc_picked *served = &got[i / SERVED_EVERY % ALLOC_PICKS];
        assert_int_equal(served->len, 1);
        assert_int_equal(served->record[0], served->from);
        sums[served->from] += served->bytes;
        served->len = 0;
    }
    for (size_t k = 0; k < ALLOC_PICKS; k++)
        sums[got[k].from] += got[k].len ? got[k].bytes : 0;
    assert_float_equal((sums[0] + sums[1]) / all, 1, 1e-6);
    assert_float_equal(sums[1] / all, 3.0 * EVERY / (3 * EVERY + EVERY - 1),
                       0.02);
    deinit(&p, got);
}

static void what_waits_stays_if_nothing_is_offered(void **state)
{
    (void)state;
    struct alloc_pick p;
    struct alloc_picked got[ALLOC_PICKS] = {{0}};
    alloc_pick_init(&p, 1);
    alloc_pick_take(&p, got);
    assert_int_equal(got[0].len, 0);
    offer(&p, 0);
    alloc_pick_take(&p, got);
    alloc_pick_take(&p, got);
    assert_int_equal(got[0].len, 1);
    assert_float_equal(got[0].bytes, 1000.0 / ALLOC_PICKS, 1e-6);
    offer(&p, 1);
    alloc_pick_take(&p, got);
    assert_float_equal(got[0].bytes, 4000.0 / ALLOC_PICKS, 1e-6);
    got[0].len = 0; /* it is watched */
    offer(&p, 2);
    alloc_pick_take(&p, got);
    assert_int_equal(got[0].from, 2);
    assert_float_equal(got[0].bytes, 8000.0 / ALLOC_PICKS, 1e-6);
    deinit(&p, got);
}

/* A collection that was returned more often, or with more bytes, is more likely
 * to stand for all of them, if none is chosen any more. */
static void one_stands_for_all_that_were_returned(void **state)
{
    (void)state;
    double sums[KINDS] = {0}, all = 0;
    struct alloc_pick p;
    alloc_pick_init(&p, 1);
    for (int i = 0; i < SPANS; i++) {
        for (uint8_t kind = 0; kind < KINDS; kind++) {
            struct alloc_picked of = {
                .from = kind, .bytes = bytes_of[kind], .len = 1};
            alloc_pick_return(&p, &of);
            assert_int_equal(of.len, 0);
        }
        assert_int_equal(p.returned.len, 1);
        sums[p.returned.from] += p.returned.bytes;
        all += p.returned.bytes;
        p.returned.len = 0; /* it is handed out */
    }
    assert_float_equal(all, SPANS * 12000.0, 1);
    for (int kind = 0; kind < KINDS; kind++)
        assert_float_equal(sums[kind] / all, bytes_of[kind] / 12000, 0.01);
    alloc_pick_deinit(&p);
}

static void those_that_are_chosen_next_stand_for_the_returned(void **state)
{
    (void)state;
    struct alloc_pick p;
    struct alloc_picked got[ALLOC_PICKS] = {{0}};
    struct alloc_picked of = {.from = 0, .bytes = 8000, .len = 1};
    alloc_pick_init(&p, 1);
    alloc_pick_return(&p, &of);
    alloc_pick_take(&p, got); /* nothing was offered */
    assert_int_equal(p.returned.len, 1);
    offer(&p, 2);
    alloc_pick_take(&p, got);
    assert_int_equal(p.returned.len, 0);
    assert_float_equal(got[0].bytes, 16000.0 / ALLOC_PICKS, 1e-6);
    offer(&p, 2);
    alloc_pick_take(&p, got); /* they are counted once */
    assert_float_equal(got[0].bytes, 24000.0 / ALLOC_PICKS, 1e-6);
    deinit(&p, got);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_is_chosen_as_often_as_it_has_bytes),
        cmocka_unit_test(waiting_changes_no_share),
        cmocka_unit_test(what_waits_stays_if_nothing_is_offered),
        cmocka_unit_test(one_stands_for_all_that_were_returned),
        cmocka_unit_test(those_that_are_chosen_next_stand_for_the_returned),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
