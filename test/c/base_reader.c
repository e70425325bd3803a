#include "test.h"

#include "base/reader.h"

static void reads_little_endian_at_any_alignment(void **state)
{
    (void)state;
    const uint8_t bytes[] = {0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08,
                             0x09, 0x0a, 0x0b, 0x0c, 0x0d, 0x0e, 0x0f};
    struct reader r = reader_of(bytes, sizeof(bytes));
    assert_int_equal(reader_u8(&r), 0x01);
    assert_int_equal(reader_u16(&r), 0x0302);
    assert_int_equal(reader_u32(&r), 0x07060504);
    assert_true(reader_u64(&r) == 0x0f0e0d0c0b0a0908ull);
    assert_false(r.failed);
    assert_int_equal(reader_left(&r), 0);
}

static void stays_failed_past_the_end(void **state)
{
    (void)state;
    const uint8_t bytes[] = {1, 2, 3};
    struct reader r = reader_of(bytes, sizeof(bytes));
    assert_int_equal(reader_u32(&r), 0);
    assert_true(r.failed);
    assert_int_equal(reader_u8(&r), 0);
    assert_null(reader_bytes(&r, 0));
}

static void a_huge_length_does_not_wrap(void **state)
{
    (void)state;
    const uint8_t bytes[] = {1, 2, 3};
    struct reader r = reader_of(bytes, sizeof(bytes));
    assert_null(reader_bytes(&r, SIZE_MAX));
    struct reader sub = reader_sub(&r, SIZE_MAX - 1);
    assert_true(sub.failed);
}

static void splits_lines_with_and_without_a_last_newline(void **state)
{
    (void)state;
    struct reader r = reader_of("one\n\ntwo", 8);
    const char *line;
    size_t len;
    assert_true(reader_line(&r, &line, &len));
    assert_memory_equal(line, "one", 3);
    assert_true(reader_line(&r, &line, &len));
    assert_int_equal(len, 0);
    assert_true(reader_line(&r, &line, &len));
    assert_int_equal(len, 3);
    assert_false(reader_line(&r, &line, &len));
}

static void no_bytes_at_all(void **state)
{
    (void)state;
    struct reader r = reader_of(NULL, 0);
    assert_int_equal(reader_left(&r), 0);
    assert_int_equal(reader_u8(&r), 0);
    assert_true(r.failed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_little_endian_at_any_alignment),
        cmocka_unit_test(stays_failed_past_the_end),
        cmocka_unit_test(a_huge_length_does_not_wrap),
        cmocka_unit_test(splits_lines_with_and_without_a_last_newline),
        cmocka_unit_test(no_bytes_at_all),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
