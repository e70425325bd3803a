/* Spans in the formats: saved and read back, in the text report, as JSON. */
#include "profile_make.h"

#include "formats/format.h"
#include "formats/pprof_spans.h"
#include "formats/view.h"
#include "page_read.h"
#include "profile/span_times.h"
#include "two_events.h"

static void ended(struct profile *p, const char *path, uint64_t ns, int times)
{
    while (times--)
        assert_int_equal(span_times_ended(profile_span_times_edit(p),
                                          make_span(p, path), ns),
                         0);
}

/* 10 requests of 40 ms: 6 ms CPU, 30 ms waiting for a server, 4 ms runnable. */
static struct profile *recording(void)
{
    struct profile *p = make_profile(), *wall;
    const uint64_t ms = 1000000;
    make_in_span(p, "[:web] GET /a>[:db] \t\\x\n", "E m:f/0", STATE_RUNNING,
                 20000);
    make_in_span(p, "[:web] GET /a", "E m:f/0", STATE_RUNNING, 40000);
    make_in_span(p, "", "E m:f/0", STATE_RUNNING, 60000);
    assert_int_equal(profile_add_event(p, two_wall, 2, &wall), 0);
    profile_counters_edit(wall)->ticks = 10;
    make_in_span(wall, "[:web] GET /a", "E m:f/0;R [waits for repo]",
                 STATE_BLOCKED, 300 * ms);
    make_in_span(wall, "[:web] GET /a", "E m:f/0", STATE_RUNNABLE, 40 * ms);
    make_in_span(wall, "[:web] GET /a", "", STATE_RUNNING, 60 * ms);
    ended(p, "[:web] GET /a", 40 * ms, 10);
    ended(p, "[:web] GET /a>[:db] \t\\x\n", 2 * ms, 30);
    assert_int_equal(
        span_times_add(profile_span_times_edit(p),
                       &(struct span_total){
                           .span = make_span(p, "[:web] GET /a"), .cut = 3}),
        0);
    profile_counters_edit(p)->span_marks_lost = 7;
    return p;
}

static char *written(const struct profile *p, const struct format *format,
                     const char *span)
{
    struct buffer b;
    const struct view view = {
        .format = format,
        .filter = {.spans = &span, .span_count = span ? 1 : 0}};
    buffer_init(&b, BUFFER_DEFAULT_MAX);
    assert_int_equal(view_render(p, &view, &b), 0);
    buffer_add(&b, "", 1);
    return (char *)b.data;
}

static struct profile *read_back(const struct profile *p)
{
    struct buffer b;
    struct profile *back;
    buffer_init(&b, BUFFER_DEFAULT_MAX);
    assert_int_equal(format_pprof.write(p, &(struct format_options){0}, &b), 0);
    assert_int_equal(pprof_read(b.data, b.len, &back), 0);
    buffer_deinit(&b);
    return back;
}

static void a_recording_keeps_its_spans(void **state)
{
    (void)state;
    struct profile *p = recording(), *back = read_back(p);
    char *before = written(p, &format_json, NULL);
    char *after = written(back, &format_json, NULL);
    assert_string_equal(before, after);
    for (const struct profile *a = p, *b = back; a;
         a = profile_next(a), b = profile_next(b)) {
        char *x = dump_profile(a), *y = dump_profile(b);
        assert_string_equal(x, y);
        free(x);
        free(y);
    }
    free(before);
    free(after);
    profile_destroy(back);
    profile_destroy(p);
}

static void damaged_spans_are_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "cprof.spans=x\n",
        "cprof.spans=0\t1\t2\t3\n",
        "cprof.spans=1\t1\t2\t3\t\ta\n", /* within itself */
        "cprof.spans=0\t1\t2\t3\t\t\n",
        "cprof.spans=0\t1\t2\t3\t5\ta\n",
        "cprof.spans=0\t1\t2\t3\t9999:1\ta\n",
        "cprof.spans=0\t1\t2\t3\t5:\ta\n",
        "cprof.spans=0\t1\t2\t3\t5:1,\ta\n",
        "cprof.spans=0\t-1\t2\t3\t\ta\n",
        "cprof.spans=0\t99999999999999999999\t2\t3\t\ta\n",
        "cprof.spans=0\t1\t2\t3\t\ta\n0\t1\t2\t3\t\ta\n", /* twice */
    };
    static const char good[] = "cprof.spans=0\t1\t2\t3\t5:1,6:2\ta\n";
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct profile *p = make_profile();
        assert_int_equal(pprof_spans_read(p, bad[i], strlen(bad[i])),
                         -E_FORMAT);
        profile_destroy(p);
    }
    struct profile *p = make_profile();
    assert_int_equal(pprof_spans_read(p, "cprof.functions=", 16), 0);
    assert_int_equal(pprof_spans_read(p, good, strlen(good)), 0);
    assert_int_equal(profile_span_times(p)->durations.len, 2);
    profile_destroy(p);
}

static void has(const char *text, const char *part)
{
    if (strstr(text, part))
        return;
    fprintf(stderr, "no \"%s\" in:\n%s", part, text);
    fail();
}

static void the_text_says_what_one_span_took(void **state)
{
    (void)state;
    struct profile *p = recording();
    char *text = written(p, &format_text, NULL);
    has(text, "===== Spans ==");
    has(text, "Spans:    40 ended; 50.0 % of the CPU time was in spans\n");
    has(text, " 50.00       10  40.0 ms  40.4 ms  40.4 ms  40.4 ms  [:web] GET "
              "/a\n");
    has(text, "          each: 6.00 ms CPU (own 4.00 ms) + 30.0 ms waiting for "
              "repo + 4.00 ms runnable\n");
    has(text, " 16.67       30  2.00 ms");
    has(text, "[:db] \\x{09}\\x\\x{0A}\n          each: 667 us CPU\n");
    has(text, "Doubt:    3 spans began before the recording");
    has(text, "Doubt:    7 starts or ends of spans were lost");
    free(text);
    for (struct profile *e = p; e; e = profile_next_edit(e))
        profile_counters_edit(e)->span_marks_lost = 1;
    text = written(p, &format_text, "[:db]");
    has(text, "Doubt:    1 start or end of a span was lost");
    has(text, "Note:     filtered: --span [:db]; ");
    has(text, "Spans:    30 ended; 100.0 % of the CPU time was in spans\n");
    free(text);
    profile_destroy(p);
}

/* Which spans ended in that time is not known, and the counters are those of
 * the whole recording. */
static void a_part_of_the_time_has_no_number_of_spans(void **state)
{
    (void)state;
    struct profile *p = recording();
    struct buffer b;
    const struct view view = {.format = &format_text,
                              .filter = {.to_ns = 1000000000}};
    for (struct profile *e = p; e; e = profile_next_edit(e))
        profile_meta_edit(e)->bucket_ns = 1000000000;
    buffer_init(&b, BUFFER_DEFAULT_MAX);
    assert_int_equal(view_render(p, &view, &b), 0);
    buffer_add(&b, "", 1);
    const char *text = (char *)b.data;
    has(text, "Spans:    how many ended in this part of the recording is not "
              "known; 50.0 % of");
    has(text, " 50.00        -        -        -        -        -  [:web] GET "
              "/a\n          in all: 60.0 ms CPU (own 40.0 ms)");
    has(text, "of them (whole recording)\n");
    buffer_deinit(&b);
    profile_destroy(p);
}

/* 4 requests of 3 MB each, of which a query within them takes a third. */
static void spans_have_what_they_allocated(void **state)
{
    (void)state;
    size_t n;
    const struct value_texts *values = event_values(EVENT_ALLOC, &n);
    struct profile *p = make_profile(), *alloc;
    assert_int_equal(profile_add_event(p, values, n, &alloc), 0);
    profile_counters_edit(alloc)->effective = 10;
    make_in_span(alloc, "[:web] GET /a", "E m:f/0", STATE_RUNNING, 8 << 20);
    make_in_span(alloc, "[:web] GET /a>[:db]", "E m:f/0", STATE_RUNNING,
                 4 << 20);
    make_in_span(alloc, "", "E m:f/0", STATE_RUNNING, 7 << 20);
    ended(p, "[:web] GET /a", 40000000, 4);
    char *text = written(p, &format_text, NULL);
    char *json = written(p, &format_json, NULL);
    has(text, "          each: 3.00 MB allocated\n");
    has(json, "\"allocated_bytes\": 12582912");
    has(json, "\"allocated_bytes\": 4194304");
    free(text);
    free(json);
    profile_destroy(p);
}

/* As a file of another program may have it. */
static void a_wait_without_a_bracket_is_a_name_like_any_other(void **state)
{
    (void)state;
    struct profile *p = make_profile(), *wall;
    make_in_span(p, "[:web]", "E m:f/0", STATE_RUNNING, 1);
    assert_int_equal(profile_add_event(p, two_wall, 2, &wall), 0);
    profile_counters_edit(wall)->ticks = 10;
    make_in_span(wall, "[:web]", "R [waits for ", STATE_BLOCKED, 3000000);
    char *text = written(p, &format_text, NULL);
    has(text, "3.00 ms waiting in [waits for");
    free(text);
    profile_destroy(p);
}

static void without_spans_nothing_is_said(void **state)
{
    (void)state;
    struct profile *p = make_profile();
    make_samples(p, "a;b", 100);
    char *text = written(p, &format_text, NULL);
    char *json = written(p, &format_json, NULL);
    assert_null(strstr(text, "pans"));
    assert_null(strstr(json, "\"spans\""));
    free(text);
    free(json);
    profile_destroy(p);
}

static void json_has_the_figures(void **state)
{
    (void)state;
    struct profile *p = recording();
    char *json = written(p, &format_json, NULL);
    has(json, "\"spans\"");
    has(json, "\"event\": \"[:web]\"");
    has(json, "\"metadata\": \"GET /a\"");
    has(json, "\"took_ns\": 400000000");
    has(json, "\"cut\": 3");
    has(json, "\"cpu_ns\": 60000000");
    has(json, "\"own_cpu_ns\": 40000000");
    has(json, "\"waiting_ns\": 300000000");
    has(json, "\"runnable_ns\": 40000000");
    has(json, "\"wait_ns\": 300000000");
    free(json);
    profile_destroy(p);
}

static void stacks_begin_with_spans_if_asked(void **state)
{
    (void)state;
    struct profile *p = make_profile();
    struct buffer b;
    make_in_span(p, "[:web] a;b>[:db]", "E m:f/0;E m:g/0", STATE_RUNNING, 2);
    make_in_span(p, "[:web] a;b", "E m:f/0;E m:g/0", STATE_RUNNING, 3);
    make_in_span(p, "[:web] a;b", "", STATE_RUNNING, 4);
    make_in_span(p, "", "E m:f/0;E m:g/0", STATE_RUNNING, 5);
    make_in_span(p, "", "", STATE_RUNNING, 6);
    make_in_span(p, "[:db]", "E m:f/0", STATE_IDLE, 7);
    buffer_init(&b, BUFFER_DEFAULT_MAX);
    const struct format_options how = {.by = FORMAT_BY_SPAN};
    assert_int_equal(format_collapsed.write(p, &how, &b), 0);
    buffer_add(&b, "", 1);
    assert_string_equal((char *)b.data, "[no stack] 6\n"
                                        "[idle] 7\n"
                                        "[:web] a:b 4\n"
                                        "[:web] a:b;[:db];m:f/0;m:g/0 2\n"
                                        "[:web] a:b;m:f/0;m:g/0 3\n"
                                        "m:f/0;m:g/0 5\n");
    buffer_deinit(&b);
    profile_destroy(p);
}

static json_int_t column(const struct page *page, const char *table,
                         const char *name, size_t i)
{
    return json_integer_value(json_array_get(
        json_object_get(json_object_get(page->data, table), name), i));
}

static void a_page_has_the_spans_of_its_samples(void **state)
{
    (void)state;
    struct profile *p = recording();
    struct page page = page_read(written(p, &format_html, NULL));
    json_t *strings = json_object_get(page.data, "strings");
    size_t outer = (size_t)column(&page, "spans", "name", 0);
    assert_string_equal(json_string_value(json_array_get(strings, outer)),
                        "[:web] GET /a");
    assert_int_equal(column(&page, "spans", "up", 0), 0);
    assert_int_equal(column(&page, "spans", "up", 1), 1);
    json_int_t in_spans = 0;
    for (size_t i = 0; i < 3; i++)
        in_spans += column(&page, "rows", "span", i);
    assert_int_equal(in_spans, 0 + 1 + 2);
    free_page(&page);
    profile_destroy(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_recording_keeps_its_spans),
        cmocka_unit_test(damaged_spans_are_refused),
        cmocka_unit_test(the_text_says_what_one_span_took),
        cmocka_unit_test(a_part_of_the_time_has_no_number_of_spans),
        cmocka_unit_test(spans_have_what_they_allocated),
        cmocka_unit_test(a_wait_without_a_bracket_is_a_name_like_any_other),
        cmocka_unit_test(without_spans_nothing_is_said),
        cmocka_unit_test(json_has_the_figures),
        cmocka_unit_test(stacks_begin_with_spans_if_asked),
        cmocka_unit_test(a_page_has_the_spans_of_its_samples),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
