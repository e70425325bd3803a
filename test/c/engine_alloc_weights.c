/* How many samples of allocation there are, and how certain they are. */
#include "test.h"

#include "engine/alloc_weights.h"

static void samples_of_equal_weight_are_as_many(void **state)
{
    (void)state;
    struct alloc_weights w = {.samples = 0};
    assert_int_equal(alloc_weights_effective(&w, 0), 0);
    for (int i = 0; i < 100; i++) {
        struct alloc_charged of = {.any = false};
        assert_true(alloc_weights_add(&w, &of, 1000));
    }
    assert_int_equal(w.samples, 100);
    assert_float_equal(w.heap, 100 * 1000.0, 1e-6);
    assert_int_equal(alloc_weights_effective(&w, 0), 50);
}

/* As if all that it has were charged at once. */
static void a_record_is_one_sample_whatever_it_is_charged(void **state)
{
    (void)state;
    struct alloc_weights parts = {.samples = 0}, whole = {.samples = 0};
    for (int i = 0; i < 100; i++) {
        struct alloc_charged of = {.any = false}, all = {.any = false};
        for (int part = 0; part < 8; part++)
            assert_int_equal(alloc_weights_add(&parts, &of, 125), part == 0);
        assert_true(alloc_weights_add(&whole, &all, 8 * 125));
    }
    assert_int_equal(parts.samples, 100);
    assert_float_equal(parts.heap, whole.heap, 1e-3);
    assert_float_equal(parts.heap_squared, whole.heap_squared, 1e-3);
    assert_int_equal(alloc_weights_effective(&parts, 0), 50);
}

/* Of binaries only, whose bytes are not weighed. */
static void a_sample_may_have_no_bytes_on_the_heap(void **state)
{
    (void)state;
    struct alloc_weights w = {.samples = 0};
    struct alloc_charged of = {.any = false};
    assert_true(alloc_weights_add(&w, &of, 0));
    assert_false(alloc_weights_add(&w, &of, 10));
    assert_int_equal(w.samples, 1);
}

/* However many samples there are, what is lacking in the sum is in no share. */
static void what_may_be_lacking_counts_against_all(void **state)
{
    (void)state;
    struct alloc_weights w = {.heap = 0};
    for (int i = 0; i < 100000; i++) {
        struct alloc_charged none = {.any = false};
        (void)alloc_weights_add(&w, &none, 8);
    }
    assert_int_equal(alloc_weights_effective(&w, 0), 50000);
    assert_int_equal(alloc_weights_effective(&w, 0.05), 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(samples_of_equal_weight_are_as_many),
        cmocka_unit_test(a_record_is_one_sample_whatever_it_is_charged),
        cmocka_unit_test(a_sample_may_have_no_bytes_on_the_heap),
        cmocka_unit_test(what_may_be_lacking_counts_against_all),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
