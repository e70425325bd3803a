/*
 * Recordings that are made to be costly: small files that would take endless
 * work. Each is refused by a limit that grows with the file, so that large
 * recordings can still be read.
 */
#include "test.h"

#include <stdio.h>
#include <sys/resource.h>

#include "base/intern.h"
#include "formats/format.h"

enum { LINES = 1000, DEPTH = 1000 };

/* --- a file, field by field ----------------------------------------------- */

static void put_varint(struct buffer *b, uint64_t n)
{
    do {
        uint8_t byte = (uint8_t)((n & 0x7f) | (n > 0x7f ? 0x80 : 0));
        buffer_add(b, &byte, 1);
        n >>= 7;
    } while (n);
}

static void put_number(struct buffer *b, uint32_t field, uint64_t n)
{
    put_varint(b, field << 3);
    put_varint(b, n);
}

static void put_bytes(struct buffer *b, uint32_t field, const void *bytes,
                      size_t len)
{
    put_varint(b, field << 3 | 2);
    put_varint(b, len);
    buffer_add(b, bytes, len);
}

/* Adds a message and empties it. */
static void put_message(struct buffer *b, uint32_t field, struct buffer *m)
{
    put_bytes(b, field, m->data, m->len);
    buffer_clear(m);
}

struct file {
    struct buffer bytes, part, inner;
};

static void begin(struct file *f)
{
    buffer_init(&f->bytes, BUFFER_DEFAULT_MAX);
    buffer_init(&f->part, BUFFER_DEFAULT_MAX);
    buffer_init(&f->inner, BUFFER_DEFAULT_MAX);
    put_bytes(&f->bytes, 6, "", 0);
    put_bytes(&f->bytes, 6, "samples", 7);
    put_bytes(&f->bytes, 6, "count", 5);
    put_number(&f->part, 1, 1);
    put_number(&f->part, 2, 2);
    put_message(&f->bytes, 1, &f->part);
}

static void add_function(struct file *f, uint64_t id, uint64_t name)
{
    put_number(&f->part, 1, id);
    put_number(&f->part, 2, name);
    put_message(&f->bytes, 5, &f->part);
}

/* A location with `lines` functions, all of them function 1, or its own. */
static void add_location(struct file *f, uint64_t id, int lines,
                         uint64_t function)
{
    put_number(&f->part, 1, id);
    for (int i = 0; i < lines; i++) {
        put_number(&f->inner, 1, function);
        put_message(&f->part, 4, &f->inner);
    }
    put_message(&f->bytes, 4, &f->part);
}

/* A sample of `depth` times location 1. */
static void add_sample(struct file *f, int depth)
{
    for (int i = 0; i < depth; i++)
        put_varint(&f->inner, 1);
    put_message(&f->part, 1, &f->inner);
    put_varint(&f->inner, 1);
    put_message(&f->part, 2, &f->inner);
    put_message(&f->bytes, 2, &f->part);
}

static int end(struct file *f)
{
    struct profile *p;
    assert_int_equal(buffer_status(&f->bytes), 0);
    int err = pprof_read(f->bytes.data, f->bytes.len, &p);
    if (!err)
        profile_destroy(p);
    buffer_deinit(&f->bytes);
    buffer_deinit(&f->part);
    buffer_deinit(&f->inner);
    return err;
}

/* --- what is refused, and what is not ------------------------------------- */

static int read_stacks(int samples, int lines)
{
    struct file f;
    begin(&f);
    add_function(&f, 1, 1);
    add_location(&f, 1, lines, 1);
    for (int i = 0; i < samples; i++)
        add_sample(&f, DEPTH);
    return end(&f);
}

/* A kilobyte for each million frames. */
static void stacks_of_inlined_functions(void **state)
{
    (void)state;
    assert_int_equal(read_stacks(1, LINES), 0);
    assert_int_equal(read_stacks(20, LINES), -E_WORK);
    assert_int_equal(read_stacks(20, 1), 0);
}

/* However large, a file in which every frame takes a byte is read. */
static void deep_stacks_without_are_read(void **state)
{
    (void)state;
    assert_int_equal(read_stacks(10000, 1), 0);
}

static int read_names(int functions, size_t len)
{
    struct file f;
    char *name = malloc(len);
    memset(name, 'x', len);
    begin(&f);
    put_bytes(&f.bytes, 6, name, len);
    free(name);
    for (int i = 1; i <= functions; i++) {
        add_function(&f, (uint64_t)i, 3);
        add_location(&f, (uint64_t)i, 1, (uint64_t)i);
    }
    return end(&f);
}

static void a_long_name_for_many(void **state)
{
    (void)state;
    assert_int_equal(read_names(20000, 200000), -E_WORK);
    assert_int_equal(read_names(20000, 200), 0);
    assert_int_equal(read_names(1, 4000000), 0);
}

/* --- what we write is read ------------------------------------------------ */

static struct profile *deep_profile(int processes)
{
    struct profile *p;
    assert_int_equal(profile_create(&p), 0);
    const struct frame frame = {.kind = FRAME_ERLANG,
                                .name = "m:loop/1",
                                .module = "m",
                                .function = "loop",
                                .arity = 1,
                                .file = "m.erl"};
    int64_t id = profile_frame(p, &frame), stack = PROFILE_NONE;
    for (int i = 0; i < DEPTH; i++) {
        stack = profile_stack(p, (uint32_t)stack, (uint32_t)id);
        assert_true(stack >= 0);
    }
    for (int i = 0; i < processes; i++) {
        char pid[32], name[256];
        snprintf(pid, sizeof(pid), "<0.%d.0>", i);
        memset(name, 'a' + i % 26, sizeof(name) - 1);
        name[sizeof(name) - 1] = '\0';
        int64_t process = profile_process(p, pid, name, name, name, name);
        const struct profile_sample row = {.stack = (uint32_t)stack,
                                           .process = (uint32_t)process,
                                           .thread = PROFILE_NONE};
        const uint64_t values[] = {1, 0};
        assert_int_equal(profile_add(p, &row, values), 0);
    }
    return p;
}

/* Two bytes of the file are 24 of a table. */
static void texts_without_end(void **state)
{
    (void)state;
    struct buffer b;
    struct profile *p;
    buffer_init(&b, BUFFER_DEFAULT_MAX);
    for (size_t i = 0; i <= INTERN_MAX; i++)
        put_bytes(&b, 6, "", 0);
    assert_int_equal(buffer_status(&b), 0);
    assert_int_equal(pprof_read(b.data, b.len, &p), -E_LIMIT);
    buffer_deinit(&b);
}

/* The same stack ten thousand times: it packs to a hundredth. */
static void ours_are_read_however_well_they_pack(void **state)
{
    (void)state;
    struct profile *p = deep_profile(10000), *again;
    struct buffer b;
    buffer_init(&b, BUFFER_DEFAULT_MAX);
    assert_int_equal(format_pprof.write(p, &(struct format_options){0}, &b), 0);
    assert_int_equal(pprof_read(b.data, b.len, &again), 0);
    assert_int_equal(profile_sample_count(again), 10000);
    profile_destroy(again);
    profile_destroy(p);
    buffer_deinit(&b);
}

/* --- a report of very many functions -------------------------------------- */

static struct profile *wide_profile(int functions)
{
    struct profile *p;
    assert_int_equal(profile_create(&p), 0);
    for (int i = 0; i < functions; i++) {
        char name[32];
        snprintf(name, sizeof(name), "m:f%d/1", i);
        const struct frame frame = {.kind = FRAME_ERLANG,
                                    .name = name,
                                    .module = "m",
                                    .function = name,
                                    .arity = 1,
                                    .file = ""};
        int64_t stack =
            profile_stack(p, PROFILE_NONE, (uint32_t)profile_frame(p, &frame));
        const struct profile_sample row = {.stack = (uint32_t)stack,
                                           .process = PROFILE_NONE,
                                           .thread = PROFILE_NONE};
        const uint64_t values[] = {1, 0};
        assert_int_equal(profile_add(p, &row, values), 0);
    }
    return p;
}

static size_t most_memory(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return (size_t)usage.ru_maxrss * 1024;
}

static void json_takes_the_memory_of_its_text(void **state)
{
    (void)state;
#ifdef __SANITIZE_ADDRESS__
    skip(); /* it keeps what was freed */
#endif
    struct profile *p = wide_profile(100000);
    struct buffer b;
    buffer_init(&b, BUFFER_DEFAULT_MAX);
    size_t before = most_memory();
    assert_int_equal(format_json.write(p, &(struct format_options){0}, &b), 0);
    assert_true(b.len > 20 << 20);
    assert_true(most_memory() - before < 4 * b.len);
    buffer_deinit(&b);
    profile_destroy(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        /* The first: it looks at the most that was ever taken. */
        cmocka_unit_test(json_takes_the_memory_of_its_text),
        cmocka_unit_test(stacks_of_inlined_functions),
        cmocka_unit_test(deep_stacks_without_are_read),
        cmocka_unit_test(a_long_name_for_many),
        cmocka_unit_test(texts_without_end),
        cmocka_unit_test(ours_are_read_however_well_they_pack),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
