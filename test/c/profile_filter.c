#include "profile_make.h"

#include "profile/filter.h"
#include "profile/merge.h"
#include "profile/summary.h"

static struct profile *two_processes(void)
{
    struct profile *p = make_profile();
    uint32_t db =
        made(profile_process(p, "<0.10.0>", "db", "gen:init_it/6", "", "app"));
    uint32_t web =
        made(profile_process(p, "<0.11.0>", "", "web:init/1", "", ""));
    make_sample(p, make_stack(p, "a;b:1;c"), db, STATE_RUNNING, 1);
    make_sample(p, make_stack(p, "a;b:2"), web, STATE_RUNNING, 2);
    make_sample(p, make_stack(p, "x;y;b.z"), web, STATE_GC, 4);
    make_sample(p, PROFILE_NONE, PROFILE_NONE, STATE_SCHEDULER, 8);
    profile_meta_edit(p)->node = made(profile_string(p, "n@h"));
    profile_counters_edit(p)->lost = 3;
    return p;
}

static uint64_t count(const struct profile *p)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < profile_sample_count(p); i++)
        sum += profile_weight(p, i);
    return sum;
}

/* How many samples are left. */
static uint64_t left(struct filter f)
{
    struct profile *p = two_processes(), *out = NULL;
    assert_int_equal(filter_apply(p, &f, &out), 0);
    assert_string_equal(profile_text(out, profile_meta(out)->node), "n@h");
    assert_int_equal(profile_counters(out)->lost, 3);
    uint64_t n = count(out);
    profile_destroy(out);
    profile_destroy(p);
    return n;
}

static void nothing_asked_keeps_all(void **state)
{
    (void)state;
    struct profile *p = two_processes(), *out = NULL;
    struct filter f = {0};
    assert_int_equal(filter_apply(p, &f, &out), 0);
    char *before = dump_profile(p), *after = dump_profile(out);
    assert_string_equal(before, after);
    free(before);
    free(after);
    profile_destroy(out);
    profile_destroy(p);
}

/* Strings of the copy, not ids of the original's. */
static void all_that_is_known_is_kept(void **state)
{
    (void)state;
    struct profile *p = two_processes(), *out = NULL;
    make_all_meta(p);
    struct filter f = {0};
    assert_int_equal(filter_apply(p, &f, &out), 0);
    char *before = dump_profile(p), *after = dump_profile(out);
    assert_string_equal(before, after);
    free(after);
    profile_destroy(out);

    struct profile *merged = make_profile();
    struct merge m;
    merge_init(&m, merged);
    assert_int_equal(merge_meta(&m, p), 0);
    assert_int_equal(profile_meta(merged)->bucket_ns, 0);
    assert_int_equal(profile_meta(merged)->used_ns, 0);
    assert_int_equal(profile_meta(merged)->seen_ns, 0);
    profile_meta_edit(merged)->bucket_ns = profile_meta(p)->bucket_ns;
    profile_meta_edit(merged)->used_ns = profile_meta(p)->used_ns;
    profile_meta_edit(merged)->seen_ns = profile_meta(p)->seen_ns;
    profile_add_counters(merged, p);
    after = dump_profile(merged);
    assert_int_equal(strncmp(before, after, strlen(after)), 0);
    free(before);
    free(after);
    merge_deinit(&m);
    profile_destroy(merged);
    profile_destroy(p);
}

static void by_process(void **state)
{
    (void)state;
    const char *pid[] = {"<0.10.0>"}, *name[] = {"db"},
               *call[] = {"web:init/1"};
    const char *both[] = {"db", "<0.11.0>"};
#define PROCESSES(list, n)                                                     \
    left((struct filter){.processes = list, .process_count = n})
    assert_int_equal(PROCESSES(pid, 1), 1);
    assert_int_equal(PROCESSES(name, 1), 1);
    assert_int_equal(PROCESSES(call, 1), 6);
    assert_int_equal(PROCESSES(both, 2), 7);
#undef PROCESSES
}

static void a_process_that_is_not_there_is_an_error(void **state)
{
    (void)state;
    static const char *const names[] = {"nobody", ""};
    struct profile *p = two_processes(), *out;
    for (size_t i = 0; i < 2; i++) {
        const struct filter f = {.processes = &names[i], .process_count = 1};
        assert_int_equal(filter_apply(p, &f, &out), -E_NO_MATCH);
        struct filter fine = f;
        fine.idle_is_fine = true;
        assert_int_equal(filter_apply(p, &fine, &out), 0);
        assert_int_equal(profile_sample_count(out), 0);
        profile_destroy(out);
    }
    profile_destroy(p);
}

static void by_frames(void **state)
{
    (void)state;
    assert_int_equal(left((struct filter){.focus = "b"}), 7);
    assert_int_equal(left((struct filter){.focus = "^b$"}), 3);
    assert_int_equal(left((struct filter){.focus = "^(c|y)$"}), 5);
    assert_int_equal(left((struct filter){.ignore = "^b$"}), 12);
    assert_int_equal(left((struct filter){.focus = "^a$", .ignore = "^c$"}), 2);
    assert_int_equal(left((struct filter){.focus = ""}), 15);
}

static void by_state(void **state)
{
    (void)state;
    assert_int_equal(left((struct filter){.states = 1u << STATE_RUNNING}), 3);
    assert_int_equal(left((struct filter){.states = 1u << STATE_GC}), 4);
    assert_int_equal(
        left((struct filter){.states = 1u << STATE_GC | 1u << STATE_SCHEDULER}),
        12);
    assert_int_equal(left((struct filter){.states = 1u << STATE_OTHER}), 0);
}

/* 1, 2, 4, ... samples on threads and in the buckets 0, 1, 2, 3, 4 of 10 ms;
 * the sixth row is on no thread and far away. */
static struct profile *on_threads(void)
{
    static const char *const names[] = {"1_scheduler", "erts_sched_2",
                                        "erts_sched_12", "erts_dcpus_1",
                                        "2_dirty_cpu_sc"};
    struct profile *p = make_profile();
    uint32_t stack = make_stack(p, "a;b");
    for (uint32_t i = 0; i < 6; i++) {
        struct profile_sample s = {.stack = stack,
                                   .process = PROFILE_NONE,
                                   .thread = PROFILE_NONE,
                                   .bucket = i < 5 ? i : 100};
        const uint64_t values[] = {1u << i, 0};
        if (i < 5)
            s.thread = made(profile_thread(p, 1000 + i, names[i]));
        assert_int_equal(profile_add(p, &s, values), 0);
    }
    profile_meta_edit(p)->bucket_ns = 10000000;
    return p;
}

static uint64_t left_on_threads(struct filter f)
{
    struct profile *p = on_threads(), *out = NULL;
    assert_int_equal(filter_apply(p, &f, &out), 0);
    uint64_t n = count(out);
    profile_destroy(out);
    profile_destroy(p);
    return n;
}

/* Whoever asks for a state that is not counted wants to see its stacks. */
static void a_state_that_is_asked_for_counts(void **state)
{
    (void)state;
    struct profile *p = make_profile(), *out = NULL;
    make_sample(p, make_stack(p, "main"), PROFILE_NONE, STATE_RUNNING, 3);
    make_sample(p, make_stack(p, "[idle: poll]:0;wait"), PROFILE_NONE,
                STATE_IDLE, 4);
    assert_true(profile_counts(p, STATE_RUNNING));
    assert_false(profile_counts(p, STATE_IDLE));
    struct filter f = {.states = 1u << STATE_IDLE};
    assert_int_equal(filter_apply(p, &f, &out), 0);
    assert_true(profile_counts(out, STATE_IDLE));
    assert_false(profile_counts(out, STATE_SCHEDULER));
    struct summary s;
    assert_int_equal(summary_compute(out, &s), 0);
    assert_true(s.counted == 4 && s.function_count == 2);
    assert_int_equal(s.by_idle_part[IDLE_POLL], 4);
    summary_deinit(&s);
    profile_destroy(out);
    profile_destroy(p);
}

static void by_thread(void **state)
{
    (void)state;
    const uint32_t first = 1, second = 2, dirty[] = {3, 12};
    const char *name = "erts_dcpus_1", *tid = "1004";
#define SCHEDULERS(list, n)                                                    \
    left_on_threads((struct filter){.schedulers = list, .scheduler_count = n})
    assert_int_equal(SCHEDULERS(&first, 1), 1);
    assert_int_equal(SCHEDULERS(&second, 1), 2);
    assert_int_equal(SCHEDULERS(dirty, 2), 4);
#undef SCHEDULERS
    struct filter by_name = {.threads = &name, .thread_count = 1};
    assert_int_equal(left_on_threads(by_name), 8);
    struct filter by_tid = {.threads = &tid,
                            .thread_count = 1,
                            .schedulers = &first,
                            .scheduler_count = 1};
    assert_int_equal(left_on_threads(by_tid), 17);
}

static void by_time(void **state)
{
    (void)state;
    const uint64_t ms = 1000000;
#define SPAN(from, to)                                                         \
    left_on_threads((struct filter){.from_ns = (from)*ms, .to_ns = (to)*ms})
    assert_int_equal(SPAN(0, 10), 1);
    assert_int_equal(SPAN(0, 11), 3);
    assert_int_equal(SPAN(10, 30), 6);
    assert_int_equal(SPAN(19, 20), 2);
    assert_int_equal(SPAN(30, 0), 8 + 16 + 32);
    assert_int_equal(SPAN(50, 1000), 0);
    assert_int_equal(SPAN(1000, 0), 32);
    assert_int_equal(SPAN(30, 20), 0);
#undef SPAN
    struct profile *p = two_processes(), *out = NULL;
    struct filter f = {.to_ns = 1};
    assert_int_equal(filter_apply(p, &f, &out), -E_NO_TIMELINE);
    assert_null(out);
    profile_destroy(p);
}

/* But the CPU time that the node used meanwhile is not known. */
static void a_part_of_the_time_has_its_length(void **state)
{
    (void)state;
    const uint64_t ms = 1000000;
    const uint32_t first = 1;
    const struct filter filters[] = {
        {.schedulers = &first, .scheduler_count = 1},
        {.from_ns = 15 * ms, .to_ns = 35 * ms},
        {.from_ns = 30 * ms},
        {.from_ns = 60 * ms},
    };
    const uint64_t lengths[] = {50 * ms, 30 * ms, 20 * ms, 0};
    for (size_t i = 0; i < 4; i++) {
        struct profile *p = on_threads(), *out = NULL;
        struct profile_meta *m = profile_meta_edit(p);
        m->duration_ns = 50 * ms;
        m->used_ns = m->seen_ns = 40 * ms;
        assert_int_equal(filter_apply(p, &filters[i], &out), 0);
        assert_int_equal(profile_meta(out)->duration_ns, lengths[i]);
        assert_int_equal(profile_meta(out)->used_ns, i ? 0 : 40 * ms);
        assert_int_equal(profile_meta(out)->seen_ns, i ? 0 : 40 * ms);
        profile_destroy(out);
        profile_destroy(p);
    }
}

/* Each two are one, of twice the length; nothing is lost. */
static void buckets_are_doubled(void **state)
{
    (void)state;
    struct profile *p = on_threads();
    assert_int_equal(profile_double_buckets(p), 0);
    assert_int_equal(profile_meta(p)->bucket_ns, 20000000);
    assert_int_equal(count(p), 63);
    static const uint32_t want[] = {0, 0, 1, 1, 2, 50};
    for (uint32_t i = 0; i < 6; i++)
        assert_int_equal(profile_sample_at(p, i)->bucket, want[i]);
    for (uint32_t i = 0; i < 6; i++)
        assert_int_equal(profile_double_buckets(p), 0);
    assert_int_equal(profile_sample_count(p), 6); /* one a thread */
    struct profile_sample s = *profile_sample_at(p, 0);
    const uint64_t values[] = {1, 0};
    assert_int_equal(profile_add(p, &s, values),
                     0); /* the table is one still */
    assert_int_equal(profile_sample_count(p), 6);
    assert_int_equal(count(p), 64);
    profile_destroy(p);
}

static void what_is_left_out_leaves_no_frames(void **state)
{
    (void)state;
    struct profile *p = two_processes(), *out = NULL;
    struct filter f = {.focus = "^x$"};
    assert_int_equal(filter_apply(p, &f, &out), 0);
    assert_int_equal(profile_stack_count(out), 3);
    assert_int_equal(profile_function_count(out), 3);
    assert_int_equal(profile_process_count(out), 1);
    profile_destroy(out);
    profile_destroy(p);
}

static void a_label_is_a_name_and_a_crowd_stays_one(void **state)
{
    (void)state;
    struct profile *p = make_profile(), *out = NULL;
    uint32_t crowd = made(profile_process(p, "", "", "m:f/1", "job", ""));
    assert_int_equal(profile_set_members(p, crowd, 500), 0);
    make_sample(p, make_stack(p, "a"), crowd, STATE_RUNNING, 3);
    make_samples(p, "b", 4);
    const char *label = "job";
    struct filter f = {.processes = &label, .process_count = 1};
    assert_int_equal(filter_apply(p, &f, &out), 0);
    assert_int_equal(profile_process_count(out), 1);
    assert_int_equal(profile_members(out, 0), 500);
    assert_int_equal(profile_weight(out, 0), 3);
    profile_destroy(out);
    profile_destroy(p);
}

/* A name as a report shows it, which cannot be typed otherwise. */
static void by_a_name_as_it_is_shown(void **state)
{
    (void)state;
    struct profile *p = make_profile(), *out = NULL;
    const char *const asked[] = {"a\\x{1B}[0m", "a\\x{1C}[0m", "a\033[0m"};
    uint32_t q =
        made(profile_process(p, "<0.1.0>", "a\033[0m", "m:f/1", "", ""));
    make_sample(p, make_stack(p, "a"), q, STATE_RUNNING, 3);
    for (size_t i = 0; i < 3; i++) {
        const struct filter f = {.processes = &asked[i], .process_count = 1};
        assert_int_equal(filter_apply(p, &f, &out), i == 1 ? -E_NO_MATCH : 0);
        if (i != 1)
            profile_destroy(out);
    }
    profile_destroy(p);
}

static void a_broken_expression_is_refused(void **state)
{
    (void)state;
    struct profile *p = two_processes(), *out = NULL;
    struct filter f = {.focus = "ok", .ignore = "(["};
    assert_int_equal(filter_apply(p, &f, &out), -E_PATTERN);
    assert_null(out);
    profile_destroy(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_asked_keeps_all),
        cmocka_unit_test(all_that_is_known_is_kept),
        cmocka_unit_test(by_process),
        cmocka_unit_test(a_process_that_is_not_there_is_an_error),
        cmocka_unit_test(by_frames),
        cmocka_unit_test(by_state),
        cmocka_unit_test(a_state_that_is_asked_for_counts),
        cmocka_unit_test(by_thread),
        cmocka_unit_test(by_time),
        cmocka_unit_test(a_part_of_the_time_has_its_length),
        cmocka_unit_test(buckets_are_doubled),
        cmocka_unit_test(what_is_left_out_leaves_no_frames),
        cmocka_unit_test(a_label_is_a_name_and_a_crowd_stays_one),
        cmocka_unit_test(by_a_name_as_it_is_shown),
        cmocka_unit_test(a_broken_expression_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
