/* Comparisons of artificial recordings, for which the right result is known. */
#include "profile_make.h"

#include <math.h>

#include "profile/diff.h"

static struct diff *compare(struct profile *base, struct profile *now)
{
    const struct profile *a[] = {base}, *b[] = {now};
    struct diff *d = NULL;
    assert_int_equal(diff_create(a, 1, b, 1, NULL, &d), 0);
    profile_destroy(base);
    profile_destroy(now);
    return d;
}

static const char *name_of(const struct diff *d, uint32_t function)
{
    const struct profile *p = diff_profile(d);
    return profile_text(p, profile_function_at(p, function)->name);
}

static const struct diff_function *find(const struct diff *d, const char *name)
{
    for (size_t i = 0; i < diff_function_count(d); i++)
        if (strcmp(name_of(d, diff_function_at(d, i)->function), name) == 0)
            return diff_function_at(d, i);
    fail_msg("no function %s", name);
    return NULL;
}

static void near(double a, double b, double by)
{
    if (!(fabs(a - b) <= by))
        fail_msg("%f is not %f", a, b);
}

static void verdict(const struct diff_share *s, enum diff_verdict expected)
{
    assert_string_equal(diff_verdict_name(s->verdict),
                        diff_verdict_name(expected));
}

/* --- what is the same, what changed --------------------------------------- */

static struct profile *plain(uint64_t a, uint64_t b, uint64_t c, uint64_t d)
{
    struct profile *p = make_profile();
    make_samples(p, "main;a", a);
    make_samples(p, "main;b", b);
    make_samples(p, "main;x;c", c);
    make_samples(p, "main;x;d", d);
    return p;
}

static void one_grew_and_pushed_the_others_aside(void **state)
{
    (void)state;
    struct diff *d =
        compare(plain(4000, 2000, 2000, 2000), plain(6000, 2000, 2000, 2000));
    assert_int_equal(diff_base_counted(d), 10000);
    assert_int_equal(diff_now_counted(d), 12000);
    const struct diff_function *a = find(d, "a");
    verdict(&a->own, DIFF_GREW);
    verdict(&a->self, DIFF_GREW);
    near(a->own.growth, 0.5, 0.001);
    assert_true(a->own.growth_low > 0.3 && a->own.growth_high < 0.75);
    near(a->own.base_pct, 40, 1e-9);
    near(a->own.now_pct, 50, 1e-9);
    near(a->own.change, 10, 1e-9);
    assert_true(a->own.change_low > 6 && a->own.change_high < 14);
    assert_ptr_equal(diff_culprit(d), a);
    assert_ptr_equal(diff_function_at(d, 0), a);
    /* The others' shares are smaller, and they did not change. */
    for (const char *const *name = (const char *const[]){"b", "c", "d", NULL};
         *name; name++) {
        const struct diff_function *other = find(d, *name);
        verdict(&other->own, DIFF_SAME);
        near(other->own.growth, 0, 0.001);
        assert_true(other->own.change < -3);
    }
    verdict(&find(d, "x")->total, DIFF_SAME);
    verdict(&find(d, "main")->own, DIFF_SAME);
    assert_true(diff_grew_above(d, 40));
    assert_false(diff_grew_above(d, 60));
    diff_destroy(d);
}

/* A caller has what it called in its total, not in its own. */
static void a_caller_grows_in_total(void **state)
{
    (void)state;
    struct diff *d =
        compare(plain(4000, 2000, 2000, 2000), plain(4000, 2000, 4000, 2000));
    const struct diff_function *x = find(d, "x");
    verdict(&x->total, DIFF_GREW);
    verdict(&x->own, DIFF_SAME);
    near(x->total.growth, 0.5, 0.001);
    near(find(d, "c")->own.growth, 1.0, 0.001);
    assert_string_equal(name_of(d, diff_culprit(d)->function), "c");
    assert_string_equal(name_of(d, diff_above(d, 20)->function), "c");
    diff_destroy(d);
}

/* An improvement is no growth of all that it made room for. */
static void what_shrank_makes_nothing_grow(void **state)
{
    (void)state;
    struct diff *d =
        compare(plain(5000, 2000, 2000, 1000), plain(2500, 2000, 2000, 1000));
    verdict(&find(d, "a")->own, DIFF_SHRANK);
    near(find(d, "a")->own.growth, -0.5, 0.001);
    verdict(&find(d, "b")->own, DIFF_SAME);
    assert_false(diff_grew_above(d, 1));
    assert_string_equal(name_of(d, diff_culprit(d)->function), "a");
    diff_destroy(d);
}

static void two_changes_are_told_apart(void **state)
{
    (void)state;
    struct diff *d = compare(plain(20000, 20000, 30000, 30000),
                             plain(30000, 10000, 30000, 30000));
    near(find(d, "a")->own.growth, 0.5, 0.001);
    near(find(d, "b")->own.growth, -0.5, 0.001);
    verdict(&find(d, "a")->own, DIFF_GREW);
    verdict(&find(d, "b")->own, DIFF_SHRANK);
    verdict(&find(d, "c")->own, DIFF_SAME);
    verdict(&find(d, "d")->own, DIFF_SAME);
    diff_destroy(d);
}

static void new_and_gone(void **state)
{
    (void)state;
    struct profile *base = plain(4000, 2000, 2000, 2000);
    struct profile *now = plain(4000, 2000, 2000, 2000);
    make_samples(base, "main;old", 500);
    make_samples(now, "main;fresh", 700);
    make_samples(now, "main;rare", 2);
    struct diff *d = compare(base, now);
    const struct diff_function *fresh = find(d, "fresh");
    verdict(&fresh->own, DIFF_NEW);
    assert_true(isinf(fresh->own.growth) && fresh->own.growth > 0);
    verdict(&find(d, "old")->own, DIFF_GONE);
    near(find(d, "old")->own.growth, -1, 1e-9);
    assert_true(find(d, "old")->own.growth_high < -0.9);
    verdict(&find(d, "rare")->own, DIFF_SAME);
    assert_true(diff_grew_above(d, 5)); /* fresh adds 7 % */
    assert_false(diff_grew_above(d, 10));
    diff_destroy(d);
}

static void small_effects_are_none(void **state)
{
    (void)state;
    const uint64_t many = 100000000;
    struct profile *base = plain(many, many, many, many);
    struct profile *now = plain(many * 115 / 100, many, many, many);
    const struct profile *a[] = {base}, *b[] = {now};
    struct diff *d;
    struct diff_options dull = {.min_effect = 0.2};
    assert_int_equal(diff_create(a, 1, b, 1, &dull, &d), 0);
    verdict(&find(d, "a")->own, DIFF_SAME);
    assert_true(find(d, "a")->own.growth_low > 0);
    assert_null(diff_culprit(d));
    diff_destroy(d);
    assert_int_equal(diff_create(a, 1, b, 1, NULL, &d), 0);
    verdict(&find(d, "a")->own, DIFF_GREW);
    near(find(d, "a")->own.growth, 0.15, 0.0005);
    diff_destroy(d);
    profile_destroy(base);
    profile_destroy(now);
}

/* However many samples: one recording does not know how much the next would
 * differ by itself. */
static void many_samples_of_one_run_are_not_sure(void **state)
{
    (void)state;
    const uint64_t many = 100000000;
    struct diff *d = compare(plain(many, many, many, many),
                             plain(many * 106 / 100, many, many, many));
    verdict(&find(d, "a")->own, DIFF_SAME);
    assert_true(find(d, "a")->own.growth_low < 0);
    diff_destroy(d);
}

/* --- what a function is --------------------------------------------------- */

static uint32_t frame_of(struct profile *p, enum frame_kind kind,
                         const char *name, const char *module, const char *file,
                         uint32_t line)
{
    return made(profile_frame(p, &(struct frame){.kind = kind,
                                                 .name = name,
                                                 .module = module,
                                                 .function = name,
                                                 .arity = 1,
                                                 .file = file,
                                                 .line = line}));
}

static struct profile *with_c_code(const char *dir, uint32_t line,
                                   uint64_t below)
{
    struct profile *p = make_profile();
    char file[64], object[64];
    snprintf(file, sizeof(file), "%s/a.erl", dir);
    snprintf(object, sizeof(object), "%s/beam.smp", dir);
    uint32_t a = made(profile_stack(
        p, PROFILE_NONE, frame_of(p, FRAME_ERLANG, "a", "m", file, line)));
    uint32_t bif = made(profile_stack(
        p, a, frame_of(p, FRAME_BIF, "erlang:md5/1", "erlang", "", 0)));
    uint32_t one = made(profile_stack(
        p, bif, frame_of(p, FRAME_NATIVE, "md5_one", object, "", 0)));
    uint32_t two = made(profile_stack(
        p, bif, frame_of(p, FRAME_NATIVE, "md5_two", object, "", 0)));
    make_sample(p, a, PROFILE_NONE, STATE_RUNNING, 5000);
    make_sample(p, one, PROFILE_NONE, STATE_RUNNING, below / 2);
    make_sample(p, two, PROFILE_NONE, STATE_RUNNING, below / 2);
    make_sample(p, a, PROFILE_NONE, STATE_SCHEDULER, 777);
    return p;
}

static void lines_and_paths_do_not_matter(void **state)
{
    (void)state;
    struct diff *d =
        compare(with_c_code("/x", 10, 2000), with_c_code("/y", 12, 2000));
    assert_int_equal(diff_function_count(d), 4);
    assert_int_equal(diff_stack_count(d), 3);
    const struct diff_function *a = find(d, "a");
    assert_int_equal(a->self.base, 5000);
    assert_int_equal(a->self.now, 5000);
    assert_int_equal(a->line, 12);
    assert_null(diff_culprit(d));
    assert_int_equal(diff_base_counted(d), 7000);
    diff_destroy(d);
}

static void c_code_is_its_bifs_own(void **state)
{
    (void)state;
    struct diff *d =
        compare(with_c_code("/x", 1, 2000), with_c_code("/x", 1, 3000));
    const struct diff_function *bif = find(d, "erlang:md5/1");
    assert_int_equal(bif->self.base, 0);
    assert_int_equal(bif->own.now, 3000);
    verdict(&bif->own, DIFF_GREW);
    near(bif->own.growth, 0.5, 0.001);
    assert_ptr_equal(diff_culprit(d), bif);
    assert_true(diff_grew_above(d, 20));
    verdict(&find(d, "md5_one")->self, DIFF_GREW);
    assert_int_equal(find(d, "md5_one")->own.now, 0);
    diff_destroy(d);
}

/* --- both in one ---------------------------------------------------------- */

static void rows_hold_both_sides(void **state)
{
    (void)state;
    struct profile *base = plain(1, 2, 3, 4), *now = plain(10, 20, 30, 40);
    make_samples(now, "main;new", 5);
    struct diff *d = compare(base, now);
    const struct profile *p = diff_profile(d);
    uint64_t of_base = 0, all = 0;
    for (size_t i = 0; i < profile_sample_count(p); i++) {
        of_base += diff_base_of_row(d, i);
        all += profile_weight(p, i);
        assert_true(diff_base_of_row(d, i) <= profile_weight(p, i));
    }
    assert_int_equal(of_base, 10);
    assert_int_equal(all, 115);
    diff_destroy(d);
}

static void set_meta(struct profile *p, const char *engine, uint32_t rate)
{
    struct profile_meta *m = profile_meta_edit(p);
    m->engine = made(profile_string(p, engine));
    m->node = made(profile_string(p, "n@h"));
    m->rate_asked = rate;
    m->duration_ns = 2000000000;
}

static void sides_are_described_and_compared(void **state)
{
    (void)state;
    struct profile *base = plain(9, 9, 9, 9), *now = plain(9, 9, 9, 9);
    struct profile *more = plain(9, 9, 9, 9);
    set_meta(base, "bpf", 99);
    set_meta(now, "perf", 999);
    set_meta(more, "perf", 999);
    const struct profile *a[] = {base}, *b[] = {now, more};
    struct diff *d;
    assert_int_equal(diff_create(a, 1, b, 2, NULL, &d), 0);
    assert_string_equal(diff_base(d)->engine, "bpf");
    assert_string_equal(diff_now(d)->engine, "perf");
    assert_string_equal(diff_now(d)->node, "n@h");
    assert_int_equal(diff_now(d)->recordings, 2);
    assert_int_equal(diff_now(d)->counted, 72);
    assert_int_equal(diff_now(d)->duration_ns, 4000000000);
    assert_non_null(strstr(diff_warnings(d), "engines: bpf before, perf now"));
    assert_non_null(strstr(diff_warnings(d), "rates: 99 Hz before, 999 Hz"));
    assert_null(strstr(diff_warnings(d), "OTP"));
    diff_destroy(d);
    profile_destroy(base);
    profile_destroy(now);
    profile_destroy(more);
}

static void nothing_to_compare(void **state)
{
    (void)state;
    struct profile *base = make_profile(), *now = plain(1, 1, 1, 1);
    make_sample(base, make_stack(base, "[scheduler]"), PROFILE_NONE,
                STATE_SCHEDULER, 100);
    const struct profile *a[] = {base}, *b[] = {now};
    struct diff *d;
    assert_int_equal(diff_create(a, 1, b, 1, NULL, &d), -E_EMPTY);
    assert_int_equal(diff_create(b, 1, a, 1, NULL, &d), -E_EMPTY);
    assert_int_equal(diff_create(a, 1, b, 0, NULL, &d), -E_EMPTY);
    profile_destroy(base);
    profile_destroy(now);
}

static void huge_counts(void **state)
{
    (void)state;
    struct diff *d = compare(plain(UINT64_MAX, UINT64_MAX, 1, 0),
                             plain(UINT64_MAX / 2, 1, 1, 1));
    assert_int_equal(diff_function_count(d), 6);
    assert_true(find(d, "a")->own.base == UINT64_MAX);
    diff_destroy(d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_grew_and_pushed_the_others_aside),
        cmocka_unit_test(a_caller_grows_in_total),
        cmocka_unit_test(what_shrank_makes_nothing_grow),
        cmocka_unit_test(two_changes_are_told_apart),
        cmocka_unit_test(new_and_gone),
        cmocka_unit_test(small_effects_are_none),
        cmocka_unit_test(many_samples_of_one_run_are_not_sure),
        cmocka_unit_test(lines_and_paths_do_not_matter),
        cmocka_unit_test(c_code_is_its_bifs_own),
        cmocka_unit_test(rows_hold_both_sides),
        cmocka_unit_test(sides_are_described_and_compared),
        cmocka_unit_test(nothing_to_compare),
        cmocka_unit_test(huge_counts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
