/* A recording loses nothing: when a profile is written and read back, every
 * format made from it is the same as from the profile itself, byte for byte. */
#include "profile_random.h"

#include "base/clock.h"
#include "formats/format.h"

static const struct format_options views[] = {
    {.top = 0},
    {.top = 3},
    {.tree = true},
    {.tree = true, .min_pct = 10},
    {.callers = "lists:seq/2"},
    {.callers = "m:f"},
    {.by = FORMAT_BY_SCHEDULER},
    {.cpu_weights = true},
};

static struct profile *read_back(const struct profile *p)
{
    struct buffer b;
    struct profile *again = NULL;
    buffer_init(&b, BUFFER_DEFAULT_MAX);
    assert_int_equal(format_pprof.write(p, &views[0], &b), 0);
    assert_int_equal(pprof_read(b.data, b.len, &again), 0);
    buffer_deinit(&b);
    return again;
}

static void assert_same(const struct profile *p, const struct profile *q,
                        const struct format *f, const struct format_options *o)
{
    struct buffer x, y;
    buffer_init(&x, BUFFER_DEFAULT_MAX);
    buffer_init(&y, BUFFER_DEFAULT_MAX);
    int result = f->write(p, o, &x);
    assert_int_equal(result, f->write(q, o, &y));
    assert_true(result == 0 || (o->callers && result == -E_NO_FUNCTION));
    size_t at = 0;
    while (at < x.len && at < y.len && x.data[at] == y.data[at])
        at++;
    if (x.len != y.len || at != x.len)
        fail_msg("%s differs from byte %zu on:\n%.300s\nand\n%.300s", f->name,
                 at, x.data + (at < 100 ? 0 : at - 100),
                 y.data + (at < 100 ? 0 : at - 100));
    buffer_deinit(&x);
    buffer_deinit(&y);
}

/* Takes the profile. */
static void assert_all_the_same(struct profile *p)
{
    static const struct format *const formats[] = {
        &format_text, &format_json, &format_collapsed, &format_speedscope};
    struct profile *again = read_back(p);
    for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++)
        for (size_t j = 0; j < sizeof(views) / sizeof(views[0]); j++)
            assert_same(p, again, formats[i], &views[j]);
    /* The page packs its strings in the profile's order, which is another one
     * after the first reading only. */
    struct profile *twice = read_back(again);
    assert_same(again, twice, &format_html, &views[0]);
    profile_destroy(twice);
    profile_destroy(again);
    profile_destroy(p);
}

static void of_nothing(void **state)
{
    (void)state;
    assert_all_the_same(make_profile());
}

static void of_one_sample(void **state)
{
    (void)state;
    struct profile *p = make_profile();
    make_samples(p, "lists:seq/2", 1);
    assert_all_the_same(p);
}

static void of_what_chance_makes(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 40; seed++)
        assert_all_the_same(
            random_profile(seed, (uint32_t)(seed * seed), 5 * (uint32_t)seed));
}

static void of_counts_at_the_end_of_their_range(void **state)
{
    (void)state;
    static const uint64_t counts[] = {1ull << 63, UINT64_MAX, INT64_MAX, 1};
    for (int i = 0; i < 4; i++) {
        struct profile *p = random_profile((uint64_t)i + 100, 30, 5);
        struct profile_sample s = *profile_sample_at(p, 3);
        const uint64_t values[] = {counts[i], counts[i]};
        assert_int_equal(profile_add(p, &s, values), 0);
        s = *profile_sample_at(p, 5);
        assert_int_equal(profile_add(p, &s, values), 0);
        assert_all_the_same(p);
    }
}

/* A million stacks: a tree of 100 x 100 x 100 functions, one row each. */
static void of_a_million_stacks(void **state)
{
    (void)state;
#ifdef __SANITIZE_ADDRESS__
    skip();
#endif
    struct profile *p = make_profile();
    uint32_t frames[100];
    for (int i = 0; i < 100; i++) {
        char name[32];
        snprintf(name, sizeof(name), "f%d", i);
        frames[i] = profile_stack_at(p, make_stack(p, name))->frame;
    }
    for (uint32_t i = 0; i < 1000000; i++) {
        uint32_t at = PROFILE_NONE;
        for (uint32_t n = i, depth = 0; depth < 3; depth++, n /= 100)
            at = made(profile_stack(p, at, frames[n % 100]));
        make_sample(p, at, PROFILE_NONE, STATE_RUNNING, 1 + i % 3);
    }
    static const struct format *const formats[] = {
        &format_text, &format_collapsed, &format_speedscope};
    struct profile *again = read_back(p);
    assert_int_equal(profile_sample_count(again), 1000000);
    for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++)
        assert_same(p, again, formats[i], &views[0]);
    profile_destroy(again);
    profile_destroy(p);
}

static const uint64_t seeds = 40;

/* Read back twice, it is the same again. */
static void again_and_again(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed < seeds; seed += 5) {
        struct profile *p = random_profile(seed, 300, 20);
        struct profile *once = read_back(p);
        struct profile *twice = read_back(once);
        char *first = dump_profile(p), *last = dump_profile(twice);
        assert_string_equal(first, last);
        free(first);
        free(last);
        profile_destroy(p);
        profile_destroy(once);
        profile_destroy(twice);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(of_nothing),
        cmocka_unit_test(of_one_sample),
        cmocka_unit_test(of_what_chance_makes),
        cmocka_unit_test(of_a_million_stacks),
        cmocka_unit_test(of_counts_at_the_end_of_their_range),
        cmocka_unit_test(again_and_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
