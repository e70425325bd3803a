#include "profile_random.h"

#include <zlib.h>

#include "base/clock.h"
#include "formats/format.h"
#include "formats/pprof_gzip.h"
#include "profile/filter.h"
#include "profile/merge.h"

static struct buffer written(const struct profile *p)
{
    struct buffer b;
    buffer_init(&b, BUFFER_DEFAULT_MAX);
    struct format_options o = {0};
    assert_int_equal(format_pprof.write(p, &o, &b), 0);
    return b;
}

static struct profile *read_back(const void *bytes, size_t len)
{
    struct profile *p = NULL;
    assert_int_equal(pprof_read(bytes, len, &p), 0);
    return p;
}

/* Written and read, twice, it is the same; takes the profile. */
static void assert_round_trip(struct profile *p)
{
    char *before = dump_profile(p);
    for (int i = 0; i < 2; i++) {
        struct buffer b = written(p);
        struct profile *again = read_back(b.data, b.len);
        char *after = dump_profile(again);
        assert_string_equal(before, after);
        free(after);
        buffer_deinit(&b);
        profile_destroy(p);
        p = again;
    }
    free(before);
    profile_destroy(p);
}

static void an_empty_profile(void **state)
{
    (void)state;
    assert_round_trip(make_profile());
}

static void one_sample_and_all_metadata(void **state)
{
    (void)state;
    struct profile *p = make_profile();
    make_all_meta(p);
    make_samples(p, "a:1;b:2", 1);
    assert_round_trip(p);
}

/* Of those that are waited for; functions that nobody waits for have none. */
static void how_many_waited_is_kept(void **state)
{
    (void)state;
    struct profile *p = make_profile();
    make_samples(p, "a:1;b\t27:2", 1);
    const struct profile_function *last =
        profile_function_at(p, (uint32_t)profile_function_count(p) - 1);
    const struct frame waits = {.kind = last->kind,
                                .name = profile_text(p, last->name),
                                .module = profile_text(p, last->module),
                                .function = profile_text(p, last->function),
                                .arity = last->arity,
                                .file = profile_text(p, last->file),
                                .most = 27};
    made(profile_frame(p, &waits));
    struct buffer b = written(p);
    struct profile *again = read_back(b.data, b.len);
    size_t n = profile_function_count(again);
    assert_int_equal(n, profile_function_count(p));
    for (uint32_t i = 0; i < n; i++) {
        const struct profile_function *f = profile_function_at(again, i);
        bool same = strcmp(profile_text(again, f->name), waits.name) == 0;
        assert_int_equal(f->most, same ? 27 : 0);
    }
    buffer_deinit(&b);
    profile_destroy(again);
    profile_destroy(p);
}

static const char *const hostile[] = {
    "",
    "cprof.recording=1",
    "a\tb\nc\\d\\n\\t",
    "'hello world';[gc]",
    "\xd0\x9f\xd1\x80\xd0\xb8\xd0\xb2\xd0\xb5\xd1\x82",
    "\xf0\x9f\x98\x80</script>",
    "<0.100.0>",
    "process",
    "=",
};
enum { HOSTILE = sizeof(hostile) / sizeof(hostile[0]) };

static void hostile_names_of_everything(void **state)
{
    (void)state;
    struct profile *p = make_profile();
    uint32_t at = PROFILE_NONE;
    for (uint32_t i = 0; i < 2 * HOSTILE * HOSTILE; i++) {
        const char *x = hostile[i % HOSTILE];
        const char *y = hostile[i / HOSTILE % HOSTILE];
        struct frame f = {.kind = (enum frame_kind)(i % FRAME_KIND_COUNT),
                          .name = x,
                          .module = y,
                          .function = hostile[i * 7 % HOSTILE],
                          .arity = (int)(i % 257) - 1,
                          .file = hostile[i * 5 % HOSTILE],
                          .line = i * 1000003};
        at = made(profile_stack(p, i % 11 ? at : PROFILE_NONE,
                                made(profile_frame(p, &f))));
        const struct process_texts q = {
            x, y, y, x, y, i % 2 ? x : "", i % 3 ? y : ""};
        struct profile_sample s = {
            .stack = i % 13 ? at : PROFILE_NONE,
            .process = i % 3 ? made(profile_process_of(p, &q)) : PROFILE_NONE,
            .thread = i % 5 ? made(profile_thread(p, i % 7, y)) : PROFILE_NONE,
            .state = (enum sample_state)(i % STATE_COUNT),
            .bucket = i % 17 ? i : UINT32_MAX};
        const uint64_t values[] = {i % 2 ? i : 1ull << 63,
                                   i % 2 ? UINT64_MAX : i};
        assert_int_equal(profile_add(p, &s, values), 0);
        if (s.process != PROFILE_NONE && i % 4 == 0)
            assert_int_equal(profile_set_members(p, s.process, i * i), 0);
    }
    assert_round_trip(p);
}

static void a_very_deep_stack(void **state)
{
    (void)state;
    struct profile *p = make_profile();
    uint32_t at = PROFILE_NONE;
    uint32_t frame = profile_stack_at(p, make_stack(p, "deep:1"))->frame;
    for (int i = 0; i < 20000; i++)
        at = made(profile_stack(p, at, frame));
    make_sample(p, at, PROFILE_NONE, STATE_RUNNING, 1);
    assert_round_trip(p);
}

/* With sanitizers, which make it ten times slower, fewer do. */
#ifdef __SANITIZE_ADDRESS__
enum { MANY = 20000 };
#else
enum { MANY = 100000 };
#endif

static void very_many_stacks(void **state)
{
    (void)state;
    struct profile *p = random_stacks(MANY, 10);
    uint64_t start = clock_now_ns();
    struct buffer b = written(p);
    uint64_t middle = clock_now_ns();
    struct profile *again = read_back(b.data, b.len);
    uint64_t end = clock_now_ns();
    print_message("%d stacks of 10: %zu bytes, write %.0f ms, read %.0f ms\n",
                  MANY, b.len, (double)(middle - start) / 1e6,
                  (double)(end - middle) / 1e6);
    assert_int_equal(profile_sample_count(again), profile_sample_count(p));
    buffer_deinit(&b);
    profile_destroy(again);
    assert_round_trip(p);
}

/* --- what is no recording ------------------------------------------------- */

static int try_to_read(const void *bytes, size_t len)
{
    struct profile *p = NULL;
    int err = pprof_read(bytes, len, &p);
    assert_true((err == 0) == (p != NULL));
    profile_destroy(p);
    return err;
}

static void other_files_are_refused(void **state)
{
    (void)state;
    const char *files[] = {
        "",         "{\"version\":1}", "main;work 3\n", "<!doctype html>",
        "\x1f\x8b", "\x1f\x8b\x08"};
    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
        assert_int_equal(try_to_read(files[i], strlen(files[i])),
                         -E_NOT_A_PROFILE);
}

static struct buffer unpacked(const struct buffer *gz)
{
    struct buffer plain;
    buffer_init(&plain, BUFFER_DEFAULT_MAX);
    z_stream z = {.next_in = gz->data, .avail_in = (uInt)gz->len};
    assert_int_equal(inflateInit2(&z, 31), Z_OK);
    z.next_out = buffer_grow(&plain, 1 << 20);
    z.avail_out = 1 << 20;
    assert_int_equal(inflate(&z, Z_FINISH), Z_STREAM_END);
    plain.len = z.total_out;
    inflateEnd(&z);
    return plain;
}

static struct profile *some_profile(void)
{
    struct profile *p = make_profile();
    make_all_meta(p);
    uint32_t q = made(profile_process(p, "<0.1.0>", "q", "m:f/1", "l", "a"));
    uint32_t crowd = made(profile_process(p, "", "", "m:f/1", "l", "a"));
    assert_int_equal(profile_set_members(p, crowd, 1000000), 0);
    make_sample(p, make_stack(p, "a:1;b:2;c:3"), q, STATE_RUNNING, 3);
    make_sample(p, make_stack(p, "a:1;b:4"), q, STATE_GC, 5);
    make_sample(p, make_stack(p, "a:1;b:4"), crowd, STATE_RUNNING, 2);
    return p;
}

/* There is more than one way to pack the same bytes: a match may lie at one
 * distance or at another, and the last byte may have unused bits. */
static bool is_refused_or_the_same(const struct buffer *gz,
                                   const struct buffer *before)
{
    int err = try_to_read(gz->data, gz->len);
    if (err)
        return err == -E_NOT_A_PROFILE;
    struct buffer now = unpacked(gz);
    bool same =
        now.len == before->len && memcmp(now.data, before->data, now.len) == 0;
    buffer_deinit(&now);
    return same;
}

static void a_cut_or_damaged_file_is_refused(void **state)
{
    (void)state;
    struct profile *p = some_profile();
    struct buffer b = written(p);
    for (size_t len = 0; len < b.len; len++)
        assert_int_equal(try_to_read(b.data, len), -E_NOT_A_PROFILE);
    /* The head has unused bits. */
    struct buffer plain = unpacked(&b);
    for (size_t i = 10; i < b.len; i++) {
        b.data[i] ^= 0x10;
        assert_true(is_refused_or_the_same(&b, &plain));
        b.data[i] ^= 0x10;
    }
    buffer_deinit(&plain);
    buffer_deinit(&b);
    profile_destroy(p);
}

/* Without gzip nothing but our own checks stands between. */
static void every_byte_of_a_plain_file_may_be_wrong(void **state)
{
    (void)state;
    struct profile *p = some_profile();
    struct buffer gz = written(p), b = unpacked(&gz);
    assert_int_equal(try_to_read(b.data, b.len), 0);
    int refused = 0;
    for (size_t i = 0; i < b.len; i++) {
        for (int bit = 0; bit < 8; bit++) {
            b.data[i] ^= (uint8_t)(1 << bit);
            refused += try_to_read(b.data, b.len) != 0;
            b.data[i] ^= (uint8_t)(1 << bit);
        }
    }
    assert_true(refused > 100);
    for (size_t len = 0; len < b.len; len++)
        (void)try_to_read(b.data, len);
    buffer_deinit(&gz);
    buffer_deinit(&b);
    profile_destroy(p);
}

/* As `cat a.gz b.gz` and parallel packers make them. */
static void all_members_are_unpacked(void **state)
{
    (void)state;
    struct profile *p = some_profile();
    struct buffer gz = written(p), plain = unpacked(&gz), members;
    buffer_init(&members, BUFFER_DEFAULT_MAX);
    size_t half = plain.len / 2;
    assert_int_equal(pprof_gzip_pack(plain.data, half, &members), 0);
    assert_int_equal(
        pprof_gzip_pack(plain.data + half, plain.len - half, &members), 0);
    struct buffer again;
    buffer_init(&again, BUFFER_DEFAULT_MAX);
    assert_int_equal(pprof_gzip_unpack(members.data, members.len, &again), 0);
    assert_int_equal(again.len, plain.len);
    assert_memory_equal(again.data, plain.data, plain.len);
    assert_int_equal(try_to_read(members.data, members.len), 0);
    buffer_add(&members, "more", 4);
    assert_int_equal(try_to_read(members.data, members.len), -E_NOT_A_PROFILE);
    buffer_deinit(&again);
    buffer_deinit(&members);
    buffer_deinit(&plain);
    buffer_deinit(&gz);
    profile_destroy(p);
}

static void a_bomb_is_not_unpacked(void **state)
{
    (void)state;
    struct buffer b;
    buffer_init(&b, BUFFER_DEFAULT_MAX);
    static uint8_t zeros[1 << 20];
    z_stream z = {0};
    assert_int_equal(deflateInit2(&z, 1, Z_DEFLATED, 31, 9, Z_DEFAULT_STRATEGY),
                     Z_OK);
    z.next_out = buffer_grow(&b, 16 << 20);
    z.avail_out = 16 << 20;
    for (int i = 0; i < 1025; i++) {
        z.next_in = zeros;
        z.avail_in = sizeof(zeros);
        assert_int_equal(deflate(&z, i == 1024 ? Z_FINISH : Z_NO_FLUSH),
                         i == 1024 ? Z_STREAM_END : Z_OK);
    }
    b.len = z.total_out;
    deflateEnd(&z);
    assert_int_equal(try_to_read(b.data, b.len), -E_UNPACKED);
    buffer_deinit(&b);
}

/* --- a file of another program -------------------------------------------- */

/*
 * By hand, as Go's runtime would write it: no comments of ours, the strings
 * last, a mapping, an inlined function, one location without a name.
 */
static const uint8_t foreign[] = {
    /* sample_type samples/count, cpu/nanoseconds */
    0x0a, 4, 0x08, 1, 0x10, 2, 0x0a, 4, 0x08, 3, 0x10, 4,
    /* sample: locations 7, 9, values 5, 50, a label */
    0x12, 14, 0x0a, 2, 7, 9, 0x12, 2, 5, 50, 0x1a, 4, 0x08, 5, 0x10, 6,
    /* mapping 1: file "/bin/prog" */
    0x1a, 4, 0x08, 1, 0x28, 8,
    /* location 7, mapping 1: inner (line 3) inlined into outer (line 9) */
    0x22, 16, 0x08, 7, 0x10, 1, 0x22, 4, 0x08, 2, 0x10, 3, 0x22, 4, 0x08, 3,
    0x10, 9,
    /* location 9, mapping 1, address 0x2a */
    0x22, 6, 0x08, 9, 0x10, 1, 0x18, 0x2a,
    /* functions 2 "inner" and 3 "outer" */
    0x2a, 4, 0x08, 2, 0x10, 5, 0x2a, 6, 0x08, 3, 0x10, 6, 0x20, 7,
    /* strings */
    0x32, 0, 0x32, 7, 's', 'a', 'm', 'p', 'l', 'e', 's', 0x32, 5, 'c', 'o', 'u',
    'n', 't', 0x32, 3, 'c', 'p', 'u', 0x32, 11, 'n', 'a', 'n', 'o', 's', 'e',
    'c', 'o', 'n', 'd', 's', 0x32, 5, 'i', 'n', 'n', 'e', 'r', 0x32, 5, 'o',
    'u', 't', 'e', 'r', 0x32, 4, 'o', '.', 'g', 'o', 0x32, 9, '/', 'b', 'i',
    'n', '/', 'p', 'r', 'o', 'g',
    /* time_nanos, duration_nanos, period 10 ms */
    0x48, 9, 0x50, 8, 0x5a, 4, 0x08, 3, 0x10, 4, 0x60, 0x80, 0xad, 0xe2, 0x04};

static void another_programs_file_is_read(void **state)
{
    (void)state;
    struct profile *p = read_back(foreign, sizeof(foreign));
    struct buffer b;
    buffer_init(&b, 4096);
    assert_int_equal(profile_sample_count(p), 1);
    dump_row(&b, p, 0);
    buffer_add(&b, "", 1);
    assert_string_equal((char *)b.data,
                        "{inner|prog|inner|-1|4||3|3}"
                        "{outer|prog|outer|-1|4|o.go|9|2}"
                        "{prog+0x2a|prog||-1|4||0|1} running 0 5 50");
    assert_int_equal(profile_meta(p)->rate_asked, 100);
    assert_int_equal(profile_meta(p)->started_unix_ns, 9);
    assert_int_equal(profile_meta(p)->duration_ns, 8);
    assert_int_equal(profile_counters(p)->samples, 5);
    assert_string_equal(profile_text(p, profile_meta(p)->notes),
                        "read from a pprof file that cprof did not write: all "
                        "frames are shown as native, and as a sample each "
                        "count of its value samples");
    buffer_deinit(&b);
    profile_destroy(p);
}

/* --- value types ---------------------------------------------------------- */

static const struct value_texts three_types[] = {{"wall", "nanoseconds"},
                                                 {"samples", "count"},
                                                 {"objects \xe2\x82\xac", ""}};

static void assert_filter_keeps(const struct profile *p)
{
    struct profile *kept;
    struct filter all = {0};
    assert_int_equal(filter_apply(p, &all, &kept), 0);
    char *before = dump_profile(p), *after = dump_profile(kept);
    assert_string_equal(before, after);
    free(before);
    free(after);
    profile_destroy(kept);
}

static void add_values(const struct profile *p, uint64_t *sums)
{
    for (size_t i = 0; i < profile_sample_count(p); i++)
        for (size_t v = 0; v < profile_value_count(p); v++)
            sums[v] += profile_values_at(p, i)[v];
}

/* Both in one: each type's sum is that of both. */
static void assert_merge_keeps(const struct profile *a, const struct profile *b)
{
    const struct profile *both[] = {a, b};
    uint64_t apart[PROFILE_MAX_VALUES] = {0}, sums[PROFILE_MAX_VALUES] = {0};
    struct profile *merged = make_profile();
    struct merge m;
    uint32_t *stacks;
    merge_init(&m, merged);
    assert_int_equal(merge_meta(&m, a), 0);
    for (int i = 0; i < 2; i++)
        assert_int_equal(merge_functions(&m, both[i]), 0);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(merge_rows(&m, both[i], &stacks), 0);
        free(stacks);
        add_values(both[i], apart);
    }
    add_values(merged, sums);
    assert_true(profile_same_values(merged, a));
    assert_memory_equal(apart, sums, sizeof(sums));

    struct profile *other = random_profile(1, 5, 5);
    assert_int_equal(merge_functions(&m, other), 0);
    assert_int_equal(merge_rows(&m, other, &stacks), -E_VALUES);
    profile_destroy(other);
    merge_deinit(&m);
    profile_destroy(merged);
}

static void values_of_any_type_come_through(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 20; seed++) {
        uint32_t rows = 15 * (uint32_t)seed;
        struct profile *p = random_profile_of(three_types, 3, seed, rows, 20);
        struct profile *q = random_profile_of(three_types, 3, seed * 7, 50, 9);
        assert_filter_keeps(p);
        assert_merge_keeps(p, q);
        profile_destroy(q);
        assert_round_trip(p);
    }
}

/* What it says of itself is then a comment of somebody else. */
static void make_foreign(struct buffer *plain)
{
    static const char mark[] = "cprof.recording=1";
    char *at = memmem(plain->data, plain->len, mark, strlen(mark));
    assert_non_null(at);
    *at = 'x';
}

static struct profile *as_foreign(const struct value_texts *types, size_t n)
{
    struct profile *p = make_profile();
    const uint64_t values[PROFILE_MAX_VALUES] = {10000001, 20000000, 30000000};
    assert_int_equal(profile_set_values(p, types, n), 0);
    profile_meta_edit(p)->rate_asked = 100; /* a period of 10 ms */
    struct profile_sample s = {
        make_stack(p, "a"), PROFILE_NONE, PROFILE_NONE, STATE_RUNNING, 0, 0};
    assert_int_equal(profile_add(p, &s, values), 0);
    struct buffer gz = written(p), plain = unpacked(&gz);
    make_foreign(&plain);
    profile_destroy(p);
    p = read_back(plain.data, plain.len);
    buffer_deinit(&gz);
    buffer_deinit(&plain);
    return p;
}

/* What is counted comes first; else samples are made of the time. */
static void another_programs_types_are_kept(void **state)
{
    (void)state;
    static const struct value_texts heap[] = {
        {"inuse_space", "bytes"}, {"alloc_objects", "count"}, {"t", "seconds"}};
    static const struct value_texts kept[] = {
        {"alloc_objects", "count"}, {"inuse_space", "bytes"}, {"t", "seconds"}};
    struct profile *p = as_foreign(heap, 3);
    assert_int_equal(profile_value_count(p), 3);
    for (uint32_t i = 0; i < 3; i++)
        assert_int_equal(profile_find_value(p, kept[i]), i);
    assert_int_equal(profile_weight(p, 0), 20000000);
    assert_int_equal(profile_value(p, 0, 1), 10000001);
    assert_int_equal(profile_value(p, 0, 2), 30000000);
    profile_destroy(p);

    p = as_foreign(&VALUE_CPU, 1);
    assert_int_equal(profile_value_count(p), 2);
    assert_int_equal(profile_find_value(p, VALUE_SAMPLES), 0);
    assert_int_equal(profile_find_value(p, VALUE_CPU), 1);
    assert_int_equal(profile_weight(p, 0), 1);
    assert_int_equal(profile_value(p, 0, 1), 10000001);
    profile_destroy(p);
}

/* Rows of times that are no multiples of the period: nobody's share is lost. */
static void shares_of_times_stay_right(void **state)
{
    (void)state;
    struct profile *p = make_profile();
    assert_int_equal(profile_set_values(p, &VALUE_CPU, 1), 0);
    profile_meta_edit(p)->rate_asked = 100; /* a period of 10 ms */
    for (uint32_t i = 0; i < 100; i++) {
        char name[8];
        snprintf(name, sizeof(name), "a%u", i);
        struct profile_sample s = {make_stack(p, name),
                                   PROFILE_NONE,
                                   PROFILE_NONE,
                                   STATE_RUNNING,
                                   0,
                                   0};
        const uint64_t ns = i == 0 ? 10000000 : 9900000;
        assert_int_equal(profile_add(p, &s, &ns), 0);
    }
    struct buffer gz = written(p), plain = unpacked(&gz);
    make_foreign(&plain);
    profile_destroy(p);
    p = read_back(plain.data, plain.len);
    uint64_t sum = 0;
    for (size_t i = 0; i < profile_sample_count(p); i++) {
        assert_true(profile_weight(p, i) <= 1);
        sum += profile_weight(p, i);
    }
    assert_int_equal(sum, 99); /* 990.1 ms */
    profile_destroy(p);
    buffer_deinit(&gz);
    buffer_deinit(&plain);
}

static void ids_of_nothing_are_refused(void **state)
{
    (void)state;
    static const struct {
        size_t at;
        uint8_t value;
    } wrong[] = {
        {3, 100}, /* a type's string */
        {16, 8},  /* a sample's location */
        {37, 9},  /* a location's id, there twice */
        {37, 0},  /* ... or none */
        {43, 4},  /* a line's function */
    };
    uint8_t bytes[sizeof(foreign)];
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        memcpy(bytes, foreign, sizeof(foreign));
        bytes[wrong[i].at] = wrong[i].value;
        assert_int_equal(try_to_read(bytes, sizeof(bytes)), -E_NOT_A_PROFILE);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_empty_profile),
        cmocka_unit_test(one_sample_and_all_metadata),
        cmocka_unit_test(how_many_waited_is_kept),
        cmocka_unit_test(hostile_names_of_everything),
        cmocka_unit_test(a_very_deep_stack),
        cmocka_unit_test(very_many_stacks),
        cmocka_unit_test(other_files_are_refused),
        cmocka_unit_test(a_cut_or_damaged_file_is_refused),
        cmocka_unit_test(every_byte_of_a_plain_file_may_be_wrong),
        cmocka_unit_test(all_members_are_unpacked),
        cmocka_unit_test(a_bomb_is_not_unpacked),
        cmocka_unit_test(another_programs_file_is_read),
        cmocka_unit_test(values_of_any_type_come_through),
        cmocka_unit_test(another_programs_types_are_kept),
        cmocka_unit_test(shares_of_times_stay_right),
        cmocka_unit_test(ids_of_nothing_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
