/* A buffer reads up to its maximum, and not one byte more. */
#include "test.h"

#include <string.h>
#include <unistd.h>

#include "base/buffer.h"

enum { MAX = 1000 };

/* Reads so many bytes from a pipe into a buffer of MAX. */
static int read_bytes(size_t count, struct buffer *b)
{
    char bytes[MAX + 1];
    int ends[2];
    memset(bytes, 'x', sizeof(bytes));
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(write(ends[1], bytes, count), (ssize_t)count);
    close(ends[1]);
    buffer_init(b, MAX);
    int err = buffer_read_fd(b, ends[0]);
    close(ends[0]);
    return err;
}

static void what_fits_is_read(void **state)
{
    (void)state;
    static const size_t counts[] = {0, 1, MAX - 1, MAX};
    for (size_t i = 0; i < sizeof(counts) / sizeof(*counts); i++) {
        struct buffer b;
        assert_int_equal(read_bytes(counts[i], &b), 0);
        assert_int_equal(b.len, counts[i]);
        buffer_deinit(&b);
    }
}

static void one_byte_more_is_too_much(void **state)
{
    (void)state;
    struct buffer b;
    assert_int_equal(read_bytes(MAX + 1, &b), -E_LIMIT);
    buffer_deinit(&b);
}

/* The kernel says nothing of the size of such a file. */
static void a_small_file_of_proc(void **state)
{
    (void)state;
    struct buffer b;
    buffer_init(&b, 4096);
    assert_int_equal(buffer_read_file(&b, "/proc/self/schedstat"), 0);
    assert_true(b.len > 0);
    buffer_deinit(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_fits_is_read),
        cmocka_unit_test(one_byte_more_is_too_much),
        cmocka_unit_test(a_small_file_of_proc),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
