/* Spans of a profile: their names and durations, the table of a report, and
 * what filters and merging make of them. */
#include "profile_make.h"

#include <errno.h>

#include "profile/filter.h"
#include "profile/merge.h"
#include "profile/span_name.h"
#include "profile/span_table.h"
#include "profile/span_times.h"

static void a_bucket_is_as_narrow_as_it_says(void **state)
{
    (void)state;
    uint32_t last = 0;
    for (uint64_t ns = 0; ns < 1ull << 62; ns += ns / 50 + 1) {
        uint32_t bucket = span_times_bucket(ns);
        uint64_t middle = span_times_middle(bucket);
        uint64_t off = middle > ns ? middle - ns : ns - middle;
        assert_true(bucket >= last && bucket < SPAN_BUCKETS);
        assert_true((double)off <= (double)ns * 0.016);
        assert_int_equal(span_times_bucket(middle), bucket);
        last = bucket;
    }
    assert_true(span_times_bucket(UINT64_MAX) == SPAN_BUCKETS - 1);
}

static void a_name_is_an_event_and_metadata(void **state)
{
    (void)state;
    static const char name[] = "[:phoenix, :router] GET /users/:id";
    assert_int_equal(span_name_event(name), strlen("[:phoenix, :router]"));
    assert_int_equal(span_name_event("[:a]"), 4);
    assert_int_equal(span_name_event("plain name"), 10);
    assert_true(span_name_is(name, name));
    assert_true(span_name_is(name, "[:phoenix, :router]"));
    assert_true(span_name_is(name, "GET /users/:id"));
    assert_false(span_name_is(name, "[:phoenix"));
    assert_false(span_name_is(name, "/users/:id"));
    assert_false(span_name_is(name, ""));
    assert_false(span_name_is("[:a]", ""));
}

static void spans_are_a_trie(void **state)
{
    (void)state;
    struct profile *p = make_profile();
    assert_int_equal(profile_span_count(p), 1);
    uint32_t b = make_span(p, "a>b"), at = 0;
    assert_int_equal(make_span(p, "a>b"), b);
    assert_int_not_equal(make_span(p, "b"), b);
    assert_int_equal(profile_span_at(p, b)->depth, 2);
    assert_int_equal(profile_span(p, 0, ""), -EINVAL);
    assert_int_equal(profile_span(p, 99, "a"), -EINVAL);
    for (int i = 0; i < PROFILE_SPAN_DEPTH; i++)
        at = made(profile_span(p, at, "deep"));
    assert_int_equal(profile_span(p, at, "deep"), -E_LIMIT);
    profile_destroy(p);
}

/* --- the table ------------------------------------------------------------ */

static void ended(struct profile *p, const char *path, uint64_t ns, int times)
{
    while (times--)
        assert_int_equal(span_times_ended(profile_span_times_edit(p),
                                          make_span(p, path), ns),
                         0);
}

static const struct span_row *row(const struct profile *p,
                                  const struct span_table *t, const char *name)
{
    for (size_t i = 0; i < t->count; i++)
        if (strcmp(profile_text(p, t->rows[i].name), name) == 0)
            return &t->rows[i];
    fail_msg("no row %s", name);
    return NULL;
}

static void rows_include_the_spans_within(void **state)
{
    (void)state;
    struct profile *p = make_profile();
    struct span_table t;
    make_in_span(p, "a", "E m:f/0", STATE_RUNNING, 10);
    make_in_span(p, "a>b", "E m:g/0", STATE_RUNNING, 30);
    make_in_span(p, "a>b>a", "E m:h/0", STATE_GC, 5);
    make_in_span(p, "b", "E m:g/0", STATE_RUNNING, 2);
    make_in_span(p, "", "E m:g/0", STATE_RUNNING, 53);
    make_in_span(p, "a", "E m:f/0", STATE_IDLE, 1000); /* not counted */
    ended(p, "a", 1000, 90);
    ended(p, "a", 100000, 10);
    ended(p, "a>b", 10, 3);
    ended(p, "a>b>a", 7, 1); /* a part of the outer one */
    assert_int_equal(span_table_compute(p, &t), 0);
    const struct span_row *a = row(p, &t, "a"), *b = row(p, &t, "b");
    assert_ptr_equal(a, t.rows);
    assert_int_equal(a->cpu_ns, 45000);
    assert_int_equal(a->own_cpu_ns, 15000);
    assert_int_equal(b->cpu_ns, 37000);
    assert_int_equal(b->own_cpu_ns, 32000);
    assert_int_equal(t.cpu_ns, 100000);
    assert_int_equal(t.cpu_in_spans_ns, 47000);
    assert_int_equal(a->ended, 100);
    assert_int_equal(a->took_ns, 90 * 1000 + 10 * 100000);
    assert_within(a->p50_ns, 984, 1016);
    assert_within(a->p95_ns, 98400, 101600);
    assert_int_equal(b->ended, 3);
    assert_int_equal(b->p99_ns, 10);
    span_table_deinit(&t);
    profile_destroy(p);
}

static void process_time_is_split_by_what_is_waited_for(void **state)
{
    (void)state;
    static const struct value_texts types[] = {VALUE_WALL, VALUE_SAMPLES};
    struct profile *p = make_profile();
    struct span_table t;
    assert_int_equal(profile_set_values(p, types, 2), 0);
    profile_counters_edit(p)->ticks = 1;
    make_in_span(p, "a", "", STATE_RUNNING, 6);
    make_in_span(p, "a", "E m:f/0", STATE_RUNNABLE, 4);
    make_in_span(p, "a", "E m:f/0;R [waits for repo]", STATE_BLOCKED, 25);
    make_in_span(p, "a", "E m:g/0;R [waits for repo]", STATE_BLOCKED, 5);
    make_in_span(p, "a>b", "E m:g/0;R [waits for x]", STATE_BLOCKED, 1);
    make_in_span(p, "a>b", "E m:g/0;R [waits for y]", STATE_BLOCKED, 2);
    make_in_span(p, "a>b", "E m:g/0", STATE_WAITING, 3);
    make_in_span(p, "a", "E m:f/0", STATE_SUSPENDED, 9);
    assert_int_equal(span_table_compute(p, &t), 0);
    const struct span_row *a = row(p, &t, "a");
    assert_int_equal(a->running_ns, 6);
    assert_int_equal(a->runnable_ns, 4);
    assert_int_equal(a->waiting_ns, 36);
    assert_int_equal(a->rest_ns, 9);
    assert_int_equal(a->wait_count, SPAN_WAITS);
    assert_string_equal(
        profile_text(p, profile_function_at(p, a->waits[0].function)->name),
        "[waits for repo]");
    assert_int_equal(a->waits[0].ns, 30);
    assert_int_equal(a->waits[1].ns, 3);
    assert_int_equal(a->waits[2].ns, 2);
    span_table_deinit(&t);
    profile_destroy(p);
}

static void spans_without_anything_have_no_row(void **state)
{
    (void)state;
    struct profile *p = make_profile();
    struct span_table t;
    make_span(p, "a>b");
    assert_int_equal(span_table_compute(p, &t), 0);
    assert_int_equal(t.count, 0);
    span_table_deinit(&t);
    profile_destroy(p);
}

/* --- filters and merging -------------------------------------------------- */

static struct profile *recording(void)
{
    struct profile *p = make_profile();
    make_in_span(p, "[:web] GET /a", "E m:f/0", STATE_RUNNING, 10);
    make_in_span(p, "[:web] GET /a>[:db]", "E m:g/0", STATE_RUNNING, 20);
    make_in_span(p, "[:web] GET /b>[:db]", "E m:g/0", STATE_RUNNING, 40);
    make_in_span(p, "", "E m:g/0", STATE_RUNNING, 80);
    ended(p, "[:web] GET /a", 1000, 3);
    ended(p, "[:web] GET /a>[:db]", 100, 4);
    ended(p, "[:web] GET /b>[:db]", 200, 5);
    ended(p, "[:unseen]", 300, 1);
    return p;
}

static struct profile *in_span(const struct profile *p, const char *name)
{
    struct profile *out;
    const struct filter f = {.spans = &name, .span_count = 1};
    assert_int_equal(filter_apply(p, &f, &out), 0);
    return out;
}

static uint64_t samples_of(const struct profile *p)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < profile_sample_count(p); i++)
        sum += profile_weight(p, i);
    return sum;
}

static void a_span_is_asked_for_by_event_or_metadata(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        uint64_t samples, ended;
    } rows[] = {{"[:web] GET /a", 30, 3},
                {"GET /b", 40, 0},
                {"[:web]", 70, 3},
                {"[:db]", 60, 0}};
    struct profile *p = recording();
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct profile *part = in_span(p, rows[i].name);
        struct span_table t;
        assert_int_equal(samples_of(part), rows[i].samples);
        assert_int_equal(span_table_compute(part, &t), 0);
        uint64_t web = 0;
        for (size_t j = 0; j < t.count; j++)
            if (strncmp(profile_text(part, t.rows[j].name), "[:web]", 6) == 0)
                web += t.rows[j].ended;
        assert_int_equal(web, rows[i].ended);
        span_table_deinit(&t);
        profile_destroy(part);
    }
    profile_destroy(p);
}

static void a_span_that_is_not_there_is_an_error(void **state)
{
    (void)state;
    struct profile *p = recording(), *out;
    const char *name = "[:other]";
    struct filter f = {.spans = &name, .span_count = 1};
    assert_int_equal(filter_apply(p, &f, &out), -E_NO_SPAN);
    f.idle_is_fine = true;
    assert_int_equal(filter_apply(p, &f, &out), 0);
    assert_int_equal(profile_sample_count(out), 0);
    profile_destroy(out);
    profile_destroy(p);
}

static void other_filters_keep_durations_only_of_all_processes(void **state)
{
    (void)state;
    struct profile *p = recording(), *out;
    const char *thread = "none";
    const struct filter by_state = {.states = 1u << STATE_RUNNING},
                        by_thread = {.threads = &thread, .thread_count = 1};
    assert_int_equal(filter_apply(p, &by_state, &out), 0);
    assert_int_equal(profile_span_times(out)->totals.len, 4);
    profile_destroy(out);
    assert_int_equal(filter_apply(p, &by_thread, &out), 0);
    assert_int_equal(profile_span_times(out)->totals.len, 0);
    assert_int_equal(profile_span_count(out), 1);
    profile_destroy(out);
    profile_destroy(p);
}

static void parts_of_several_events_have_all_spans(void **state)
{
    (void)state;
    static const struct value_texts types[] = {VALUE_WALL, VALUE_SAMPLES};
    struct profile *p = recording(), *wall;
    struct filter_parts parts;
    assert_int_equal(profile_add_event(p, types, 2, &wall), 0);
    make_in_span(wall, "[:web] GET /a", "E m:f/0", STATE_RUNNABLE, 7);
    assert_int_equal(filter_split(p, &parts), 0);
    assert_int_equal(parts.count, 2);
    for (size_t i = 0; i < parts.count; i++)
        assert_int_equal(profile_span_times(parts.list[i])->totals.len, 4);
    filter_parts_deinit(&parts);
    profile_destroy(p);
}

static void merged_spans_add_up(void **state)
{
    (void)state;
    struct profile *p = recording(), *sum = make_profile();
    struct merge m;
    struct span_table t;
    merge_init(&m, sum);
    assert_int_equal(merge_meta(&m, p), 0);
    for (int i = 0; i < 2; i++) {
        uint32_t *stacks = NULL;
        assert_int_equal(merge_functions(&m, p), 0);
        assert_int_equal(merge_rows(&m, p, &stacks), 0);
        free(stacks);
    }
    assert_int_equal(span_table_compute(sum, &t), 0);
    assert_int_equal(row(sum, &t, "[:db]")->ended, 18);
    assert_int_equal(row(sum, &t, "[:db]")->cpu_ns, 120000);
    assert_int_equal(row(sum, &t, "[:unseen]")->ended, 2);
    span_table_deinit(&t);
    merge_deinit(&m);
    profile_destroy(sum);
    profile_destroy(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_bucket_is_as_narrow_as_it_says),
        cmocka_unit_test(a_name_is_an_event_and_metadata),
        cmocka_unit_test(spans_are_a_trie),
        cmocka_unit_test(rows_include_the_spans_within),
        cmocka_unit_test(process_time_is_split_by_what_is_waited_for),
        cmocka_unit_test(spans_without_anything_have_no_row),
        cmocka_unit_test(a_span_is_asked_for_by_event_or_metadata),
        cmocka_unit_test(a_span_that_is_not_there_is_an_error),
        cmocka_unit_test(other_filters_keep_durations_only_of_all_processes),
        cmocka_unit_test(parts_of_several_events_have_all_spans),
        cmocka_unit_test(merged_spans_add_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
