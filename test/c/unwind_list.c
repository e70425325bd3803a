#include "test.h"

#include "unwind/unwind_list.h"

static struct unwound out;

static struct unwind_list filled(size_t n)
{
    struct unwind_list l = unwind_list_of(&out);
    for (size_t i = 0; i < n; i++)
        unwind_list_add(&l, 1000 + i, ADDRESS_ERLANG);
    unwind_list_finish(&l);
    return l;
}

static void keeps_what_fits(void **state)
{
    (void)state;
    filled(UNWIND_MAX);
    assert_int_equal(out.count, UNWIND_MAX);
    for (size_t i = 0; i < UNWIND_MAX; i++)
        assert_int_equal(out.list[i].at, 1000 + i);
}

/* For any depth: the leaf end, one mark, the root end, in order. */
static void elides_the_middle(void **state)
{
    (void)state;
    static const size_t depths[] = {UNWIND_MAX + 1, UNWIND_MAX + 479,
                                    UNWIND_MAX + 480, UNWIND_MAX + 481, 100000};
    for (size_t d = 0; d < sizeof(depths) / sizeof(depths[0]); d++) {
        size_t n = depths[d];
        filled(n);
        assert_int_equal(out.count, UNWIND_TOP + 1 + UNWIND_BOTTOM);
        assert_int_equal(out.list[UNWIND_TOP - 1].at, 1000 + UNWIND_TOP - 1);
        assert_int_equal(out.list[UNWIND_TOP].kind, ADDRESS_ELIDED);
        assert_int_equal(out.list[UNWIND_TOP].at,
                         n - UNWIND_TOP - UNWIND_BOTTOM);
        for (size_t i = 0; i < UNWIND_BOTTOM; i++)
            assert_int_equal(out.list[UNWIND_TOP + 1 + i].at,
                             1000 + n - UNWIND_BOTTOM + i);
    }
}

static void takes_back_what_was_added(void **state)
{
    (void)state;
    struct unwind_list l = unwind_list_of(&out);
    unwind_list_add(&l, 1, ADDRESS_NATIVE);
    struct unwind_list then = l;
    size_t count = out.count;
    for (size_t i = 0; i < 5000; i++)
        unwind_list_add(&l, 1000 + i, ADDRESS_ERLANG);
    unwind_list_back(&l, &then, count);
    unwind_list_add(&l, 2, ADDRESS_ERLANG);
    unwind_list_finish(&l);
    assert_int_equal(out.count, 2);
    assert_int_equal(out.list[0].at, 1);
    assert_int_equal(out.list[1].at, 2);
}

static void an_unknown_number_is_said_to_be_unknown(void **state)
{
    (void)state;
    struct unwind_list l = unwind_list_of(&out);
    for (size_t i = 0; i < UNWIND_TOP; i++)
        unwind_list_add(&l, 1000 + i, ADDRESS_ERLANG);
    unwind_list_skip(&l, ADDRESS_ELIDED);
    for (size_t i = 0; i < 4000; i++)
        unwind_list_add(&l, 9000 + i, ADDRESS_ERLANG);
    unwind_list_finish(&l);
    assert_int_equal(out.list[UNWIND_TOP].kind, ADDRESS_ELIDED);
    assert_int_equal(out.list[UNWIND_TOP].at, 0);
    assert_int_equal(out.list[out.count - 1].at, 9000 + 3999);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keeps_what_fits),
        cmocka_unit_test(elides_the_middle),
        cmocka_unit_test(takes_back_what_was_added),
        cmocka_unit_test(an_unknown_number_is_said_to_be_unknown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
