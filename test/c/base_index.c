#include "test.h"

#include "base/buffer.h"
#include "base/index.h"

static bool same(const void *things, uint32_t id, const void *key)
{
    return ((const uint64_t *)things)[id] == *(const uint64_t *)key;
}

static void finds_what_was_added_and_nothing_else(void **state)
{
    (void)state;
    enum { N = 5000 };
    static uint64_t things[N];
    struct index x;
    index_init(&x);
    for (uint32_t i = 0; i < N; i++) {
        things[i] = i * 7919ull;
        assert_int_equal(index_add(&x, hash_u64(1, things[i]), i), 0);
    }
    for (uint32_t i = 0; i < N; i++)
        assert_int_equal(
            index_find(&x, hash_u64(1, things[i]), same, things, &things[i]),
            i);
    uint64_t absent = 7919ull * N;
    assert_int_equal(index_find(&x, hash_u64(1, absent), same, things, &absent),
                     INDEX_NONE);
    index_deinit(&x);
}

static void tells_things_with_one_hash_apart(void **state)
{
    (void)state;
    uint64_t things[] = {10, 20, 30};
    struct index x;
    index_init(&x);
    for (uint32_t i = 0; i < 3; i++)
        assert_int_equal(index_add(&x, 42, i), 0);
    uint64_t key = 20;
    assert_int_equal(index_find(&x, 42, same, things, &key), 1);
    index_deinit(&x);
}

static void a_buffer_keeps_its_maximum(void **state)
{
    (void)state;
    struct buffer b;
    buffer_init(&b, 8);
    buffer_text(&b, "12345");
    assert_int_equal(buffer_status(&b), 0);
    buffer_text(&b, "6789");
    assert_int_equal(buffer_status(&b), -E_LIMIT);
    assert_int_equal(b.len, 5);
    buffer_clear(&b);
    buffer_printf(&b, "%d", 1234567);
    assert_int_equal(buffer_status(&b), 0);
    assert_int_equal(b.len, 7);
    buffer_deinit(&b);
}

static void a_missing_file_is_its_errno(void **state)
{
    (void)state;
    struct buffer b;
    buffer_init(&b, 1 << 20);
    assert_true(buffer_read_file(&b, "/no/such/file") < 0);
    assert_int_equal(buffer_read_file(&b, "/proc/self/stat"), 0);
    assert_true(b.len > 10);
    buffer_deinit(&b);
}

/* Whoever writes a file chooses the ids in it: hashes that agree in their lower
 * half may not all fall on one place. How many are compared on the way shows.
 */
static size_t compared;

static bool count_same(const void *things, uint32_t id, const void *key)
{
    compared++;
    return ((const uint64_t *)things)[id] == *(const uint64_t *)key;
}

static void hashes_alike_in_half_are_spread(void **state)
{
    (void)state;
    enum { N = 1000 };
    static uint64_t things[N];
    struct index x;
    index_init(&x);
    for (uint32_t i = 0; i < N; i++) {
        things[i] = i;
        assert_int_equal(index_add(&x, (uint64_t)i << 32 | 42, i), 0);
    }
    uint32_t longest = 0, run = 0;
    for (uint32_t i = 0; i < x.cap; i++) {
        run = x.slots[i].id == INDEX_NONE ? 0 : run + 1;
        longest = run > longest ? run : longest;
    }
    assert_true(longest < N / 2);
    for (uint32_t i = 0; i < N; i++)
        assert_int_equal(index_find(&x, (uint64_t)i << 32 | 42, count_same,
                                    things, &things[i]),
                         i);
    assert_int_equal(compared, N);
    index_deinit(&x);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hashes_alike_in_half_are_spread),
        cmocka_unit_test(finds_what_was_added_and_nothing_else),
        cmocka_unit_test(tells_things_with_one_hash_apart),
        cmocka_unit_test(a_buffer_keeps_its_maximum),
        cmocka_unit_test(a_missing_file_is_its_errno),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
