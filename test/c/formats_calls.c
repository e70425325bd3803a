/* The text report's views of calls: those of one function, and the call tree.
 */
#include "profile_random.h"

#include "formats/format.h"

static char *report(const struct profile *p, const struct format_options *o)
{
    struct buffer b;
    buffer_init(&b, BUFFER_DEFAULT_MAX);
    assert_int_equal(format_text.write(p, o, &b), 0);
    buffer_add(&b, "", 1);
    return (char *)b.data;
}

static void assert_report(struct profile *p, struct format_options o,
                          const char *expected)
{
    char *text = report(p, &o);
    if (!strstr(text, expected))
        fail_msg("%s\nis not in\n%s", expected, text);
    free(text);
    profile_destroy(p);
}

/* --- callers -------------------------------------------------------------- */

static struct profile *calls(void)
{
    struct profile *p = make_profile();
    make_samples(p, "main:1;f:1;leaf", 10);
    make_samples(p, "main:2;f:2", 20);
    make_samples(p, "other;f:3;leaf;deeper", 5);
    make_samples(p, "f:1;f:2;again;f:1;last", 4);
    make_samples(p, "main:1;elsewhere", 61);
    make_sample(p, PROFILE_NONE, PROFILE_NONE, STATE_SCHEDULER, 1000);
    make_sample(p, make_stack(p, "main:1;f:1"), PROFILE_NONE, STATE_SCHEDULER,
                1000);
    return p;
}

static void callers_and_callees_of_a_function(void **state)
{
    (void)state;
    assert_report(
        calls(), (struct format_options){.callers = "f"},
        "\nFunction: f\n"
        "          self 20.00 +-7.77 % (20 samples), total 39.00 +-9.39 % (39 "
        "samples)\n"
        "          10.26 % of it is recursive (callers of the outermost call, "
        "callees of the innermost call)\n"
        "\n     %     +-  OF THIS   SAMPLES  CALLED BY\n"
        " 30.00   8.84   76.92        30  main\n"
        "  5.00   4.51   12.82         5  other\n"
        "  4.00   4.14   10.26         4  (nothing: it is the first function)\n"
        "\n     %     +-  OF THIS   SAMPLES  CALLS\n"
        " 20.00   7.77   51.28        20  (itself: the function's own code)\n"
        " 15.00   6.99   38.46        15  leaf\n"
        "  4.00   4.14   10.26         4  last\n");
}

static void what_the_top_leaves_out_is_summed(void **state)
{
    (void)state;
    assert_report(calls(), (struct format_options){.callers = "f", .top = 1},
                  "30  main\n  9.00   5.71   23.08         9  ... 2 "
                  "more\n");
}

static void a_name_without_arity_is_all_of_that_name(void **state)
{
    (void)state;
    struct profile *p = make_profile();
    make_samples(p, "a/0;m.f/1", 1);
    make_samples(p, "a/0;m.f/22", 2);
    make_samples(p, "a/0;m.f/x", 4);
    make_samples(p, "a/0;m.ff/1", 8);
    assert_report(p, (struct format_options){.callers = "m.f"},
                  "Function: m.f/1, m.f/22\n          self 20.00");
}

static void a_function_that_is_not_there_is_said(void **state)
{
    (void)state;
    struct profile *p = calls();
    struct buffer b;
    buffer_init(&b, BUFFER_DEFAULT_MAX);
    struct format_options o = {.callers = "nope"};
    assert_int_equal(format_text.write(p, &o, &b), -E_NO_FUNCTION);
    buffer_deinit(&b);
    profile_destroy(p);
}

/* Column SAMPLES of the table below a title, summed. */
static uint64_t sum_below(const char *text, const char *title)
{
    const char *at = strstr(text, title);
    uint64_t sum = 0;
    assert_non_null(at);
    double pct, error, part;
    unsigned long long samples;
    while ((at = strchr(at, '\n')) &&
           sscanf(++at, "%lf %lf %lf %llu", &pct, &error, &part, &samples) == 4)
        sum += samples;
    return sum;
}

/* By the rule itself: is a function of that name on the stack? */
static uint64_t total_of(const struct profile *p, const char *name)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < profile_sample_count(p); i++) {
        const struct profile_sample *s = profile_sample_at(p, i);
        bool found = false;
        for (uint32_t at = s->stack; at != PROFILE_NONE;) {
            const struct profile_stack *k = profile_stack_at(p, at);
            uint32_t f = profile_frame_at(p, k->frame)->function;
            found |= strcmp(profile_text(p, profile_function_at(p, f)->name),
                            name) == 0;
            at = k->parent;
        }
        if (found && profile_counts(p, s->state))
            sum += profile_weight(p, i);
    }
    return sum;
}

static void both_tables_sum_to_the_total(void **state)
{
    (void)state;
    unsigned seen = 0;
    for (uint64_t seed = 1; seed <= 40; seed++) {
        struct profile *p = random_profile(seed, 200, 5);
        struct format_options o = {.callers = "lists:seq/2", .top = 4};
        uint64_t total = total_of(p, o.callers);
        if (total) {
            char *text = report(p, &o);
            assert_int_equal(sum_below(text, "CALLED BY"), total);
            assert_int_equal(sum_below(text, "  CALLS"), total);
            free(text);
            seen++;
        }
        profile_destroy(p);
    }
    assert_true(seen >= 10 && seen <= 40);
}

/* --- tree ----------------------------------------------------------------- */

static void a_tree_of_calls(void **state)
{
    (void)state;
    struct profile *p = make_profile();
    make_samples(p, "init:1;loop:1;work;a", 30);
    make_samples(p, "init:2;loop:2;work;b", 20);
    make_samples(p, "init:1;loop:3;work", 10);
    make_samples(p, "init:1;loop:3;rare", 1);
    make_samples(p, "deep:1;deep:2;deep:1;end", 35);
    make_samples(p, "x;y", 3);
    make_samples(p, "z", 1);
    make_sample(p, PROFILE_NONE, PROFILE_NONE, STATE_SCHEDULER, 100);
    assert_report(
        p, (struct format_options){.tree = true, .min_pct = 4},
        "\nTOTAL%   SELF%   SAMPLES  CALL TREE, branches of 4 % and more\n"
        " 61.00    0.00        61  \xe2\x94\x9c\xe2\x94\x80 init\n"
        " 61.00    0.00        61  \xe2\x94\x82  loop\n"
        " 60.00   10.00        60  \xe2\x94\x82  work\n"
        " 30.00   30.00        30  \xe2\x94\x82  \xe2\x94\x9c\xe2\x94\x80 a\n"
        " 20.00   20.00        20  \xe2\x94\x82  \xe2\x94\x94\xe2\x94\x80 b\n"
        " 35.00    0.00        35  \xe2\x94\x9c\xe2\x94\x80 deep (3 deep)\n"
        " 35.00   35.00        35  \xe2\x94\x82  end\n"
        "  4.00    0.00         4  \xe2\x94\x94\xe2\x94\x80 ... 2 "
        "smaller\n");
}

static void a_tree_without_frames(void **state)
{
    (void)state;
    struct profile *p = make_profile();
    make_sample(p, PROFILE_NONE, PROFILE_NONE, STATE_OTHER, 3);
    assert_report(p, (struct format_options){.tree = true},
                  "100.00  100.00         3  [no stack]\n");
}

/* Branches at every one of many levels, and a very deep recursion. */
static void a_tree_of_any_depth(void **state)
{
    (void)state;
    struct profile *p = make_profile();
    uint32_t a = profile_stack_at(p, make_stack(p, "a"))->frame;
    uint32_t b = profile_stack_at(p, make_stack(p, "b"))->frame;
    uint32_t at = PROFILE_NONE;
    for (int i = 0; i < 20000; i++) {
        make_sample(p, made(profile_stack(p, at, b)), PROFILE_NONE,
                    STATE_RUNNING, i % 2 + 1);
        at = made(profile_stack(p, at, i % 2 ? a : b));
    }
    make_sample(p, at, PROFILE_NONE, STATE_RUNNING, 10);
    char *text =
        report(p, &(struct format_options){.tree = true, .min_pct = 0.01});
    assert_non_null(strstr(text, "CALL TREE"));
    free(text);
    profile_destroy(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(callers_and_callees_of_a_function),
        cmocka_unit_test(what_the_top_leaves_out_is_summed),
        cmocka_unit_test(a_name_without_arity_is_all_of_that_name),
        cmocka_unit_test(a_function_that_is_not_there_is_said),
        cmocka_unit_test(both_tables_sum_to_the_total),
        cmocka_unit_test(a_tree_of_calls),
        cmocka_unit_test(a_tree_without_frames),
        cmocka_unit_test(a_tree_of_any_depth),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
