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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_what_was_added_and_nothing_else),
        cmocka_unit_test(tells_things_with_one_hash_apart),
        cmocka_unit_test(a_buffer_keeps_its_maximum),
        cmocka_unit_test(a_missing_file_is_its_errno),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
