/* Who is waited for, through whom: graphs of random processes, counted again by
 * following each process. */
#include "profile_make.h"

#include <string.h>

#include "base/random.h"
#include "profile/dump.h"

enum { MOST = 40 };

/* For each of n: how many wait for it, and whom it asks (-1: nobody). */
static struct dump *asked(const uint64_t *waiting, const int *asks, size_t n)
{
    struct dump *d = NULL;
    assert_int_equal(dump_create(&d), 0);
    d->asked = calloc(n ? n : 1, sizeof(*d->asked));
    d->asked_count = d->asked_cap = n;
    for (size_t i = 0; i < n; i++)
        d->asked[i] = (struct dump_asked){
            .who = {.pid = (uint32_t)i},
            .waiting = waiting[i],
            .asks = asks[i] < 0 ? DUMP_NONE : (uint32_t)asks[i]};
    assert_int_equal(dump_settle_asked(d), 0);
    return d;
}

static const struct dump_asked *of(const struct dump *d, uint32_t pid)
{
    for (size_t i = 0; i < d->asked_count; i++)
        if (d->asked[i].who.pid == pid)
            return &d->asked[i];
    fail();
    return NULL;
}

static void a_chain_is_counted_to_its_end(void **state)
{
    (void)state;
    /* 0 <- 1 <- 2, of those that wait for 0 and 1 one each is the next. */
    struct dump *d = asked((uint64_t[]){3, 1, 5}, (int[]){-1, 0, 1}, 3);
    assert_int_equal(of(d, 2)->in_all, 5);
    assert_int_equal(of(d, 1)->in_all, 6);
    assert_int_equal(of(d, 0)->in_all, 9);
    assert_int_equal(d->asked[0].who.pid, 0);
    assert_int_equal(of(d, 1)->asks, 0);
    assert_false(of(d, 0)->circle);
    dump_destroy(d);
}

static void a_circle_is_found_with_what_hangs_on_it(void **state)
{
    (void)state;
    /* 0 <-> 1, 2 asks 0, 3 asks itself. */
    struct dump *d = asked((uint64_t[]){4, 1, 7, 1}, (int[]){1, 0, 0, 3}, 4);
    assert_true(of(d, 0)->circle && of(d, 1)->circle && of(d, 3)->circle);
    assert_false(of(d, 2)->circle);
    assert_int_equal(of(d, 0)->in_all, 12);
    assert_int_equal(of(d, 1)->in_all, 12);
    assert_int_equal(of(d, 2)->in_all, 7);
    assert_int_equal(of(d, 3)->in_all, 1);
    dump_destroy(d);
}

/* Does following `from` lead to `to`? In at most n steps. */
static bool leads(const int *asks, size_t n, int from, int to)
{
    int at = asks[from];
    for (size_t i = 0; i < n && at >= 0 && at != to; i++)
        at = asks[at];
    return at == to;
}

static void random_ones_are_as_when_each_is_followed(void **state)
{
    (void)state;
    uint64_t seed = 7;
    for (int round = 0; round < 2000; round++) {
        uint64_t waiting[MOST];
        int asks[MOST];
        size_t n = 1 + random_next(&seed) % MOST;
        for (size_t i = 0; i < n; i++) {
            waiting[i] = 1 + random_next(&seed) % 9;
            asks[i] =
                random_next(&seed) % 3 ? (int)(random_next(&seed) % n) : -1;
        }
        struct dump *d = asked(waiting, asks, n);
        for (size_t i = 0; i < n; i++) {
            uint64_t in_all = waiting[i];
            for (size_t k = 0; k < n; k++)
                if (k != i && leads(asks, n, (int)k, (int)i))
                    in_all += waiting[k];
            const struct dump_asked *a = of(d, (uint32_t)i);
            assert_int_equal(a->in_all, in_all);
            assert_int_equal(a->circle, leads(asks, n, (int)i, (int)i));
            if (asks[i] < 0)
                assert_int_equal(a->asks, DUMP_NONE);
            else
                assert_int_equal(d->asked[a->asks].who.pid, asks[i]);
        }
        for (size_t i = 1; i < n; i++)
            assert_true(d->asked[i - 1].in_all >= d->asked[i].in_all);
        dump_destroy(d);
    }
}

static void none_are_none(void **state)
{
    (void)state;
    struct dump *d = asked(NULL, NULL, 0);
    assert_int_equal(d->asked_count, 0);
    dump_destroy(d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_chain_is_counted_to_its_end),
        cmocka_unit_test(a_circle_is_found_with_what_hangs_on_it),
        cmocka_unit_test(random_ones_are_as_when_each_is_followed),
        cmocka_unit_test(none_are_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
