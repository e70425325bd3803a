#include "profile_make.h"

#include <math.h>

#include "profile/breakdown.h"
#include "profile/groups.h"

static uint32_t process(struct profile *p, int number, const char *name,
                        const char *initial_call)
{
    char pid[32];
    snprintf(pid, sizeof(pid), "<0.%d.0>", number);
    return made(profile_process(p, pid, name, initial_call, "", ""));
}

/* Samples of a process, all in one stack. */
static void run(struct profile *p, uint32_t process, uint64_t count)
{
    make_sample(p, make_stack(p, "main;work"), process, STATE_RUNNING, count);
}

struct both {
    struct summary s;
    struct groups g;
};

static struct both compute(const struct profile *p)
{
    struct both b;
    assert_int_equal(summary_compute(p, &b.s), 0);
    assert_int_equal(groups_compute(p, &b.s, &b.g), 0);
    return b;
}

static void both_deinit(struct both *b)
{
    groups_deinit(&b->g);
    summary_deinit(&b->s);
}

/* Thirty sessions of 3 % each say more together than each of them. */
static void all_of_a_kind_are_one_row(void **state)
{
    (void)state;
    struct profile *p = make_profile();
    for (int i = 0; i < 8; i++)
        run(p, process(p, i, "", "m:worker/1"), i == 3 ? 92 : 1);
    run(p, process(p, 100, "big", "m:worker/1"), 400);
    for (int i = 200; i < 202; i++)
        run(p, process(p, i, "", "m:few/1"), 4);
    for (int i = 300; i < 310; i++) {
        char name[16];
        snprintf(name, sizeof(name), "n%d", i);
        run(p, process(p, i, name, "m:worker/1"), 1); /* named */
    }
    struct both b = compute(p);
    assert_int_equal(b.s.counted, 517);
    assert_int_equal(b.g.count, 1 + 1 + 1 + 10);
    assert_int_equal(b.g.rows[0].samples, 400);
    assert_false(b.g.rows[0].together);
    assert_string_equal(groups_name(&b.g, &b.g.rows[0]), "big");
    assert_int_equal(b.g.rows[0].processes, 1);
    const struct group *workers = &b.g.rows[1];
    assert_true(workers->together);
    assert_int_equal(workers->processes, 8);
    assert_int_equal(workers->samples, 99);
    assert_int_equal(workers->process, 3); /* its biggest */
    assert_string_equal(groups_name(&b.g, workers), "m:worker/1");
    assert_true(fabs(workers->pct - 9900.0 / 517) < 1e-9);
    assert_true(workers->error_pct == summary_error_pct(99, 517));
    for (uint32_t i = 0; i < 8; i++)
        assert_int_equal(b.g.of[i], 1);
    both_deinit(&b);
    profile_destroy(p);
}

static void a_crowd_joins_with_all_its_members(void **state)
{
    (void)state;
    struct profile *p = make_profile();
    uint32_t crowd = made(profile_process(p, "", "", "m:worker/1", "", ""));
    assert_int_equal(profile_set_members(p, crowd, 1000), 0);
    assert_int_equal(profile_members(p, crowd), 1000);
    run(p, crowd, 600);
    for (int i = 0; i < 3; i++)
        run(p, process(p, i, "", "m:worker/1"), 1);
    run(p, process(p, 9, "big", "m:big/0"), 997);
    struct both b = compute(p);
    assert_int_equal(b.g.count, 2);
    assert_int_equal(b.g.rows[1].processes, 1003);
    assert_int_equal(b.g.rows[1].samples, 603);
    assert_int_equal(profile_members(p, b.g.rows[0].process), 1);
    both_deinit(&b);
    profile_destroy(p);
}

static void a_group_has_what_all_of_it_share(void **state)
{
    (void)state;
    struct profile *p = make_profile();
    static const char *const labels[] = {"odd", "even", "one", "one"};
    static const char *const calls[] = {"m:f/0", "m:f/0", "m:g/0", "m:g/0"};
    for (int i = 0; i < 4; i++) {
        char pid[32];
        snprintf(pid, sizeof(pid), "<0.%d.0>", i);
        run(p, made(profile_process(p, pid, "", calls[i], labels[i], "")),
            i < 2 ? 10 : 1);
    }
    struct both b = compute(p);
    assert_int_equal(b.g.count, 2);
    assert_int_equal(b.g.rows[0].label, 0);
    assert_string_equal(profile_text(p, b.g.rows[0].initial_call), "m:f/0");
    assert_string_equal(profile_text(p, b.g.rows[1].label), "one");
    both_deinit(&b);
    profile_destroy(p);
}

static void nothing_is_no_row(void **state)
{
    (void)state;
    struct profile *p = make_profile();
    struct both b = compute(p);
    assert_int_equal(b.g.count, 0);
    struct breakdown d;
    assert_int_equal(breakdown_compute(p, b.g.of, 0, &d), 0);
    assert_int_equal(d.first[0], 0);
    breakdown_deinit(&d);
    both_deinit(&b);
    profile_destroy(p);
}

/* --- by function ---------------------------------------------------------- */

static uint32_t child(struct profile *p, uint32_t parent, enum frame_kind kind,
                      const char *name)
{
    struct frame f = {.kind = kind,
                      .name = name,
                      .module = "",
                      .function = name,
                      .arity = FRAME_NO_ARITY,
                      .file = ""};
    return made(profile_stack(p, parent, made(profile_frame(p, &f))));
}

static const char *name_of(const struct profile *p, const struct breakdown *b,
                           size_t row)
{
    uint32_t function = b->rows[row].function;
    return profile_text(p, profile_function_at(p, function)->name);
}

static void c_code_is_charged_to_what_called_it(void **state)
{
    (void)state;
    struct profile *p = make_profile();
    uint32_t q = process(p, 1, "q", ""), r = process(p, 2, "r", "");
    uint32_t erl = child(p, PROFILE_NONE, FRAME_ERLANG, "m:f/0");
    uint32_t bif = child(p, erl, FRAME_BIF, "erlang:md5/1");
    uint32_t c =
        child(p, child(p, bif, FRAME_NATIVE, "md5"), FRAME_KERNEL, "[kernel]");
    uint32_t gc = child(p, erl, FRAME_GC, "[gc]");
    uint32_t bare = child(p, PROFILE_NONE, FRAME_NATIVE, "memcpy");
    make_sample(p, c, q, STATE_RUNNING, 5);
    make_sample(p, bif, q, STATE_RUNNING, 1);
    make_sample(p, child(p, gc, FRAME_NATIVE, "sweep"), q, STATE_GC, 3);
    make_sample(p, erl, q, STATE_RUNNING, 2);
    make_sample(p, bare, r, STATE_DIRTY_CPU, 4);
    make_sample(p, erl, q, STATE_SCHEDULER, 100);
    make_sample(p, PROFILE_NONE, q, STATE_RUNNING, 7);
    make_sample(p, erl, PROFILE_NONE, STATE_RUNNING, 9);
    make_sample(p, bare, q, STATE_RUNNING, 0); /* as of a collection */
    uint32_t owner_of[] = {0, 1};
    struct breakdown b;
    assert_int_equal(breakdown_compute(p, owner_of, 2, &b), 0);
    assert_int_equal(b.first[0], 0);
    assert_int_equal(b.first[1], 3);
    assert_int_equal(b.first[2], 4);
    assert_string_equal(name_of(p, &b, 0), "erlang:md5/1");
    assert_int_equal(b.rows[0].samples, 6);
    assert_string_equal(name_of(p, &b, 1), "[gc]");
    assert_int_equal(b.rows[1].samples, 3);
    assert_string_equal(name_of(p, &b, 2), "m:f/0");
    assert_int_equal(b.rows[2].samples, 2);
    assert_string_equal(name_of(p, &b, 3), "memcpy");
    assert_int_equal(b.rows[3].samples, 4);
    breakdown_deinit(&b);
    profile_destroy(p);
}

static void a_bif_and_its_stub_are_one_row(void **state)
{
    (void)state;
    struct profile *p = make_profile();
    uint32_t q = process(p, 1, "q", "");
    uint32_t erl = child(p, PROFILE_NONE, FRAME_ERLANG, "m:f/0");
    make_sample(p, child(p, erl, FRAME_BIF, "erlang:put/2"), q, STATE_RUNNING,
                5);
    make_sample(p, child(p, erl, FRAME_ERLANG, "erlang:put/2"), q,
                STATE_RUNNING, 3);
    uint32_t owner_of[] = {0};
    struct breakdown b;
    assert_int_equal(breakdown_compute(p, owner_of, 1, &b), 0);
    assert_int_equal(b.first[1], 1);
    assert_string_equal(name_of(p, &b, 0), "erlang:put/2");
    assert_int_equal(b.rows[0].samples, 8);
    breakdown_deinit(&b);
    profile_destroy(p);
}

/* --- sums ----------------------------------------------------------------- */

static uint32_t seed;

static uint32_t random_below(uint32_t n)
{
    seed = seed * 1664525 + 1013904223;
    return (seed >> 8) % n;
}

static struct profile *random_profile(void)
{
    static const char *const calls[] = {"a:b/1", "c:d/2", ""};
    static const char *const stacks[] = {"f", "f;g", "g;f;h", "h:3"};
    struct profile *p = make_profile();
    uint32_t processes = 1 + random_below(60);
    for (uint32_t i = 0; i < processes; i++) {
        uint32_t q = process(p, (int)i, random_below(5) ? "" : "named",
                             calls[random_below(3)]);
        for (uint32_t j = random_below(4); j > 0; j--)
            make_sample(p, make_stack(p, stacks[random_below(4)]),
                        random_below(9) ? q : PROFILE_NONE,
                        (enum sample_state)random_below(STATE_COUNT),
                        1 + random_below(i == 0 ? 400 : 5));
    }
    return p;
}

static void check_sums(const struct profile *p, const struct both *b)
{
    uint64_t by_process = 0, by_group = 0, by_row = 0, processes = 0, self = 0,
             states = 0;
    for (size_t i = 0; i < b->s.process_count; i++)
        by_process += b->s.processes[i].samples;
    for (size_t i = 0; i < b->g.count; i++) {
        by_group += b->g.rows[i].samples;
        processes += b->g.rows[i].processes;
        assert_true(i == 0 || b->g.rows[i].samples <= b->g.rows[i - 1].samples);
        assert_int_equal(b->g.of[b->g.rows[i].process], i);
    }
    for (size_t i = 0; i < b->s.function_count; i++)
        self += b->s.functions[i].self;
    for (int i = 0; i < STATE_COUNT; i++)
        states +=
            profile_counts(p, (enum sample_state)i) ? b->s.by_state[i] : 0;
    assert_true(by_process == by_group && processes == b->s.process_count);
    assert_true(self == b->s.counted && states == b->s.counted);
    struct breakdown d;
    assert_int_equal(breakdown_compute(p, b->g.of, b->g.count, &d), 0);
    for (size_t i = 0; i < b->g.count; i++) {
        uint64_t row = 0;
        for (size_t j = d.first[i]; j < d.first[i + 1]; j++)
            row += d.rows[j].samples;
        assert_true(row == b->g.rows[i].samples);
        by_row += row;
    }
    assert_true(by_row == by_group);
    breakdown_deinit(&d);
}

static void rows_sum_to_the_totals(void **state)
{
    (void)state;
    for (seed = 1; seed < 4000000000u; seed += 40000000u) {
        uint32_t from = seed;
        struct profile *p = random_profile();
        struct both b = compute(p);
        check_sums(p, &b);
        both_deinit(&b);
        profile_destroy(p);
        seed = from;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_of_a_kind_are_one_row),
        cmocka_unit_test(a_crowd_joins_with_all_its_members),
        cmocka_unit_test(a_group_has_what_all_of_it_share),
        cmocka_unit_test(nothing_is_no_row),
        cmocka_unit_test(c_code_is_charged_to_what_called_it),
        cmocka_unit_test(a_bif_and_its_stub_are_one_row),
        cmocka_unit_test(rows_sum_to_the_totals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
