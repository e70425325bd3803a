#include "profile_random.h"

#include <math.h>

#include "profile/summary.h"

static struct summary sum_up(const struct profile *p)
{
    struct summary s;
    assert_int_equal(summary_compute(p, &s), 0);
    return s;
}

static const struct summary_function *
find(const struct profile *p, const struct summary *s, const char *name)
{
    for (size_t i = 0; i < s->function_count; i++) {
        uint32_t id = s->functions[i].function;
        if (strcmp(profile_text(p, profile_function_at(p, id)->name), name) ==
            0)
            return &s->functions[i];
    }
    fail_msg("no function %s", name);
    return NULL;
}

static void near(double a, double b)
{
    if (fabs(a - b) > 1e-6)
        fail_msg("%f is not %f", a, b);
}

static void self_and_total(void **state)
{
    (void)state;
    struct profile *p = make_profile();
    make_samples(p, "main;work;leaf", 6);
    make_samples(p, "main;work", 3);
    make_samples(p, "main;leaf", 1);
    struct summary s = sum_up(p);
    assert_int_equal(s.samples, 10);
    assert_int_equal(s.counted, 10);
    assert_int_equal(s.function_count, 3);
    assert_int_equal(find(p, &s, "main")->self, 0);
    assert_int_equal(find(p, &s, "main")->total, 10);
    assert_int_equal(find(p, &s, "work")->self, 3);
    assert_int_equal(find(p, &s, "work")->total, 9);
    assert_int_equal(find(p, &s, "leaf")->self, 7);
    near(find(p, &s, "leaf")->self_pct, 70.0);
    near(find(p, &s, "work")->total_pct, 90.0);
    assert_ptr_equal(find(p, &s, "leaf"), &s.functions[0]);
    assert_ptr_equal(find(p, &s, "main"), &s.functions[2]);
    near(s.rate_reached, 1e6); /* a sample is 1000 ns here */
    summary_deinit(&s);
    profile_destroy(p);
}

static void recursion_counts_once_a_stack(void **state)
{
    (void)state;
    struct profile *p = make_profile();
    make_samples(p, "fib:3;fib:3;fib:4;fib:3", 5);
    make_samples(p, "fib:3;other;fib:4", 2);
    make_samples(p, "other;fib:4", 1);
    struct summary s = sum_up(p);
    assert_int_equal(find(p, &s, "fib")->total, 8);
    assert_int_equal(find(p, &s, "fib")->self, 8);
    assert_int_equal(find(p, &s, "fib")->line, 3);
    assert_int_equal(find(p, &s, "other")->total, 3);
    assert_int_equal(find(p, &s, "other")->line, 0);
    summary_deinit(&s);
    profile_destroy(p);
}

static void the_line_without_self_is_the_one_with_most_total(void **state)
{
    (void)state;
    struct profile *p = make_profile();
    make_samples(p, "loop:10;leaf", 1);
    make_samples(p, "loop:20;leaf", 4);
    make_samples(p, "loop:30;leaf", 2);
    struct summary s = sum_up(p);
    assert_int_equal(find(p, &s, "loop")->line, 20);
    summary_deinit(&s);
    profile_destroy(p);
}

static void the_scheduler_is_in_no_percentage(void **state)
{
    (void)state;
    struct profile *p = make_profile();
    uint32_t q = made(profile_process(p, "<0.9.0>", "q", "", "", ""));
    uint32_t r = made(profile_process(p, "<0.10.0>", "r", "", "", ""));
    make_sample(p, make_stack(p, "work"), q, STATE_RUNNING, 1);
    make_sample(p, make_stack(p, "work"), r, STATE_GC, 1);
    make_sample(p, make_stack(p, "[scheduler]"), PROFILE_NONE, STATE_SCHEDULER,
                98);
    make_sample(p, PROFILE_NONE, PROFILE_NONE, STATE_OTHER, 2);
    struct summary s = sum_up(p);
    assert_int_equal(s.samples, 102);
    assert_int_equal(s.counted, 4);
    assert_int_equal(s.by_state[STATE_SCHEDULER], 98);
    assert_int_equal(s.by_leaf_kind[FRAME_ERLANG], 2);
    assert_int_equal(s.function_count, 1);
    near(s.functions[0].self_pct, 50.0);
    assert_int_equal(s.process_count, 2);
    assert_int_equal(s.processes[0].process,
                     q); /* <0.9.0> is before <0.10.0> */
    near(s.processes[0].pct, 25.0);
    summary_deinit(&s);
    profile_destroy(p);
}

static void own_is_of_the_innermost_erlang_function(void **state)
{
    (void)state;
    struct profile *p = make_profile();
    static const struct {
        const char *stack;
        uint64_t count;
        enum sample_state state;
    } rows[] = {
        {"E m:run/0;E lists:map/2", 10, STATE_RUNNING},
        {"E m:run/0;E lists:map/2;B erlang:phash2/1;C hash", 20, STATE_RUNNING},
        {"E m:run/0;E lists:map/2;G [gc]", 5, STATE_GC},
        {"E m:run/0;E lists:map/2;B erlang:phash2/1;K [kernel]", 3,
         STATE_RUNNING},
        {"E m:run/0;N m:nif/1;E m:run/0;R [scheduling]", 2, STATE_SCHEDULING},
        {"X Enum.map/2", 1, STATE_RUNNING},
        {"R [scheduling];C f", 4, STATE_SCHEDULING},
        {"G [gc]", 6, STATE_GC},
        {"E m:run/0;R [scheduler]", 100, STATE_SCHEDULER}, /* not counted */
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        make_sample(p, make_frames(p, rows[i].stack), PROFILE_NONE,
                    rows[i].state, rows[i].count);
    make_sample(p, PROFILE_NONE, PROFILE_NONE, STATE_OTHER, 9);
    struct summary s = sum_up(p);
    const struct summary_function *map = find(p, &s, "lists:map/2");
    assert_int_equal(map->self, 10);
    assert_int_equal(map->own, 38);
    assert_int_equal(map->own_c, 20);
    assert_int_equal(map->own_gc, 5);
    assert_int_equal(map->own_kernel, 3);
    near(map->own_pct, 100.0 * 38 / 60);
    near(map->own_error_pct, summary_error_pct(38, 60));
    assert_int_equal(find(p, &s, "m:run/0")->own, 2);
    assert_int_equal(find(p, &s, "m:run/0")->own_c, 2);
    assert_int_equal(find(p, &s, "m:run/0")->total, 40);
    assert_int_equal(find(p, &s, "erlang:phash2/1")->own, 0);
    assert_int_equal(s.counted, 60);
    assert_int_equal(s.owned, 41);
    assert_int_equal(s.unowned_by_state[STATE_SCHEDULING], 4);
    assert_int_equal(s.unowned_by_state[STATE_GC], 6);
    assert_int_equal(s.unowned_by_state[STATE_OTHER], 9);
    assert_int_equal(s.unowned_by_state[STATE_SCHEDULER], 0);
    assert_int_equal(s.own_count, 3);
    assert_ptr_equal(&s.functions[s.by_own[0]], map);
    assert_ptr_equal(&s.functions[s.by_own[1]], find(p, &s, "m:run/0"));
    summary_deinit(&s);
    profile_destroy(p);
}

/* Every counted sample is one function's own or nobody's, in any profile. */
static void own_parts_the_samples(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 100; seed++) {
        struct profile *p = random_profile(seed, 60, 5);
        struct summary s = sum_up(p);
        uint64_t own = 0, unowned = 0;
        for (size_t i = 0; i < s.own_count; i++) {
            const struct summary_function *f = &s.functions[s.by_own[i]];
            own += f->own;
            assert_int_equal(f->own,
                             f->self + f->own_c + f->own_gc + f->own_kernel);
            assert_true(f->own <= f->total);
        }
        for (int i = 0; i < STATE_COUNT; i++)
            unowned += s.unowned_by_state[i];
        assert_int_equal(own, s.owned);
        assert_int_equal(own + unowned, s.counted);
        summary_deinit(&s);
        profile_destroy(p);
    }
}

/* Code that was loaded again has a file where it had none, or another. */
static void a_function_is_one_row_whatever_its_file(void **state)
{
    (void)state;
    static const char *const files[] = {"", "a/m.erl", "b/m.erl"};
    struct profile *p = make_profile();
    for (size_t i = 0; i < 6; i++) {
        struct frame f = {.kind = i < 3 ? FRAME_ERLANG : FRAME_NATIVE,
                          .name = "m:f/1",
                          .module = "m",
                          .function = "f",
                          .arity = 1,
                          .file = files[i % 3],
                          .line = i % 3 ? 7 : 0};
        uint32_t frame = made(profile_frame(p, &f));
        make_sample(p, made(profile_stack(p, PROFILE_NONE, frame)),
                    PROFILE_NONE, STATE_RUNNING, 10);
    }
    struct summary s = sum_up(p);
    assert_int_equal(s.function_count, 4); /* the C function's stay apart */
    const struct summary_function *f = &s.functions[0];
    assert_int_equal(f->self, 30);
    assert_int_equal(f->line, 7);
    assert_string_equal(
        profile_text(p, profile_function_at(p, f->function)->file), "a/m.erl");
    summary_deinit(&s);
    profile_destroy(p);
}

static void of_nothing(void **state)
{
    (void)state;
    struct profile *p = make_profile();
    struct summary s = sum_up(p);
    assert_int_equal(s.samples, 0);
    assert_int_equal(s.function_count, 0);
    assert_int_equal(s.process_count, 0);
    near(s.rate_reached, 0);
    near(summary_error_pct(0, 0), 0);
    summary_deinit(&s);
    profile_destroy(p);
}

/* Wilson (1927), as statistics packages give it for 95 %. */
static void the_margin_is_wilsons(void **state)
{
    (void)state;
    assert_true(fabs(summary_error_pct(50, 1000) - 1.361) < 0.01);
    assert_true(fabs(summary_error_pct(0, 10) - 13.877) < 0.01);
    assert_true(fabs(summary_error_pct(5, 10) - 26.341) < 0.01);
}

/* They share little: the worst for the walk. */
static void a_hundred_thousand_stacks(void **state)
{
    (void)state;
    struct profile *p = random_stacks(100000, 30);
    struct summary s = sum_up(p);
    assert_int_equal(s.counted, 100000);
    summary_deinit(&s);
    profile_destroy(p);
}

static void a_stack_of_a_million_frames(void **state)
{
    (void)state;
    struct profile *p = make_profile();
    uint32_t at = make_stack(p, "a:1");
    uint32_t frame = profile_stack_at(p, at)->frame;
    for (int i = 1; i < 1000000; i++)
        at = made(profile_stack(p, at, frame));
    make_sample(p, at, PROFILE_NONE, STATE_RUNNING, 1);
    struct summary s = sum_up(p);
    assert_int_equal(s.functions[0].total, 1);
    summary_deinit(&s);
    profile_destroy(p);
}

/* Percentages are by the first value, their errors by the number of samples. */
static void shares_are_of_the_weight(void **state)
{
    (void)state;
    struct profile *p = make_profile();
    const struct value_texts types[] = {{"wall", "nanoseconds"}, VALUE_SAMPLES};
    assert_int_equal(profile_set_values(p, types, 2), 0);
    const uint64_t slow[] = {9000000000, 9}, quick[] = {1000000000, 91};
    struct profile_sample row = {
        make_stack(p, "slow"), PROFILE_NONE, PROFILE_NONE, STATE_RUNNING, 0, 0};
    assert_int_equal(profile_add(p, &row, slow), 0);
    row.stack = make_stack(p, "quick");
    assert_int_equal(profile_add(p, &row, quick), 0);
    struct summary s;
    assert_int_equal(summary_compute(p, &s), 0);
    near(find(p, &s, "slow")->self_pct, 90);
    near(find(p, &s, "slow")->self_error_pct, summary_error_pct(90, 100));
    near(find(p, &s, "quick")->self_pct, 10);
    assert_int_equal(s.cpu_ns, 0);
    near(s.rate_reached, 0);
    summary_deinit(&s);
    profile_destroy(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(self_and_total),
        cmocka_unit_test(shares_are_of_the_weight),
        cmocka_unit_test(recursion_counts_once_a_stack),
        cmocka_unit_test(the_line_without_self_is_the_one_with_most_total),
        cmocka_unit_test(the_scheduler_is_in_no_percentage),
        cmocka_unit_test(own_is_of_the_innermost_erlang_function),
        cmocka_unit_test(own_parts_the_samples),
        cmocka_unit_test(a_function_is_one_row_whatever_its_file),
        cmocka_unit_test(of_nothing),
        cmocka_unit_test(the_margin_is_wilsons),
        cmocka_unit_test(a_hundred_thousand_stacks),
        cmocka_unit_test(a_stack_of_a_million_frames),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
