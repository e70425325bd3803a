/* What the record of a collection says about its process. */
#include "test.h"

#include <math.h>

#include "engine/alloc_collection.h"

static struct alloc_collection made(bool by_minor)
{
    return (struct alloc_collection){.bytes = {.block = 1000, .beside = 24},
                                     .left = {.known = true,
                                              .by_minor = by_minor,
                                              .survived = by_minor ? 80 : 0,
                                              .size = 5000}};
}

static void bytes_and_counts_are_weighted(void **state)
{
    (void)state;
    struct alloc_collection c = made(true);
    struct sample s = {.of = SAMPLE_ALLOC, .time_ns = 7};
    uint64_t random = 1;
    assert_true(alloc_collection_sample(&c, 3, &random, &s));
    assert_int_equal(s.of, SAMPLE_COLLECTION);
    assert_int_equal(s.time_ns, 7);
    assert_int_equal(s.collection.filled, 3 * 1024);
    assert_int_equal(s.collection.times, 3);
    assert_int_equal(s.collection.minor, 3);
    assert_int_equal(s.collection.survived, 3 * 80);
    assert_int_equal(s.collection.size, 5000); /* of one process */
    c = made(false);
    assert_true(alloc_collection_sample(&c, 3, &random, &s));
    assert_int_equal(s.collection.times, 3);
    assert_int_equal(s.collection.minor, 0);
    assert_int_equal(s.collection.survived, 0);
}

static void counts_are_right_on_average(void **state)
{
    (void)state;
    enum { TIMES = 100000 };
    const struct alloc_collection c = made(true);
    uint64_t random = 1, times = 0, minor = 0;
    for (int i = 0; i < TIMES; i++) {
        struct sample s = {.of = SAMPLE_ALLOC};
        assert_true(alloc_collection_sample(&c, 1.3, &random, &s));
        times += s.collection.times;
        minor += s.collection.minor;
    }
    assert_float_equal((double)times / TIMES, 1.3, 0.01);
    assert_int_equal(times, minor);
}

/* While a heap waits for a dirty scheduler, its process goes on in a fragment:
 * that is allocated, but no collection has left it. */
static void a_process_that_goes_on_is_not_collected(void **state)
{
    (void)state;
    struct alloc_collection c = {.bytes = {.beside = 800}};
    struct sample s = {.of = SAMPLE_ALLOC};
    uint64_t random = 1;
    assert_true(alloc_collection_sample(&c, 1, &random, &s));
    assert_int_equal(s.collection.filled, 800);
    assert_int_equal(s.collection.times, 0);
    assert_int_equal(s.collection.size, 0);
    c.bytes.beside = 0;
    s = (struct sample){.of = SAMPLE_ALLOC};
    assert_false(alloc_collection_sample(&c, 1, &random, &s));
    assert_int_equal(s.of, SAMPLE_ALLOC);
}

static struct alloc_picked beside(uint64_t words, uint64_t newest)
{
    const struct collector_fields at = {.fragments = 80};
    const struct alloc_collection c = {
        .bytes = {.block = 8, .beside = 8 * words}, .newest_fragment = newest};
    struct alloc_picked of = {.owner = 1000};
    alloc_collection_offer_beside(&c, &at, 2, &of);
    assert_float_equal(of.bytes, 2.0 * 8.0 * (double)words, 1e-6);
    return of;
}

static void words_on_the_heap_are_between_two_addresses(void **state)
{
    (void)state;
    const struct alloc_collection c = {
        .bytes = {.block = 48, .beside = 24},
        .heap = {.heap = 8, .high_water = 16, .htop = 64}};
    struct alloc_picked of = beside(3, 0);
    alloc_collection_offer_block(&c, 3, &of);
    assert_int_equal(of.from, 16);
    assert_int_equal(of.to, 64);
    assert_int_equal(of.fragments, 0);
    assert_float_equal(of.bytes, 3 * 48, 1e-6);
}

/* One small fragment among those that follow stands for all such. */
static void words_in_fragments_are_those_that_are_counted_next(void **state)
{
    enum { MANY = 100 * ALLOC_FRAGMENT_WORDS };
    (void)state;
    const struct alloc_picked of = beside(30, 4);
    assert_int_equal(of.from, 1080);
    assert_int_equal(of.to, 1088);
    assert_int_equal(of.fragments, 30);
    assert_int_equal(beside(MANY, 4).fragments, ALLOC_FRAGMENT_WORDS);
    assert_int_equal(beside(MANY, MANY - 9).fragments, MANY - 9);
    assert_int_equal(beside(30, MANY).fragments, 30);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes_and_counts_are_weighted),
        cmocka_unit_test(counts_are_right_on_average),
        cmocka_unit_test(a_process_that_goes_on_is_not_collected),
        cmocka_unit_test(words_on_the_heap_are_between_two_addresses),
        cmocka_unit_test(words_in_fragments_are_those_that_are_counted_next),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
