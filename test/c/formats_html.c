#include "test.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/index.h"
#include "formats/format.h"
#include "formats/html_parts.h"
#include "page_read.h"

/* --- profiles to write --------------------------------------------------- */

static uint32_t id_of(int64_t result)
{
    assert_true(result >= 0);
    return (uint32_t)result;
}

static uint32_t frame(struct profile *p, enum frame_kind kind, const char *name,
                      const char *file, uint32_t line)
{
    struct frame f = {.kind = kind,
                      .name = name,
                      .module = "",
                      .function = name,
                      .arity = FRAME_NO_ARITY,
                      .file = file,
                      .line = line};
    return id_of(profile_frame(p, &f));
}

static void add(struct profile *p, uint32_t stack, enum sample_state state,
                uint64_t count)
{
    struct profile_sample s = {.stack = stack,
                               .process = PROFILE_NONE,
                               .thread = PROFILE_NONE,
                               .state = state};
    const uint64_t values[] = {count, count * 1000000};
    assert_int_equal(profile_add(p, &s, values), 0);
}

static uint32_t child(struct profile *p, uint32_t parent, uint32_t f)
{
    return id_of(profile_stack(p, parent, f));
}

/* run -> seq (two lines), run -> phash2, and the scheduler apart. */
static struct profile *small_profile(void)
{
    struct profile *p;
    assert_int_equal(profile_create(&p), 0);
    uint32_t unused = frame(p, FRAME_RUNTIME, "[scheduler]", "", 0);
    uint32_t run = frame(p, FRAME_ERLANG, "m:run/0", "m.erl", 3);
    uint32_t seq7 = frame(p, FRAME_ERLANG, "lists:seq/2", "lists.erl", 7);
    uint32_t seq9 = frame(p, FRAME_ERLANG, "lists:seq/2", "lists.erl", 9);
    uint32_t hash = frame(p, FRAME_BIF, "erlang:phash2/1", "", 0);
    uint32_t idle = child(p, PROFILE_NONE, unused);
    uint32_t root = child(p, PROFILE_NONE, run);
    add(p, idle, STATE_SCHEDULER, 50);
    add(p, root, STATE_RUNNING, 1);
    add(p, child(p, root, seq7), STATE_RUNNING, 20);
    add(p, child(p, root, seq9), STATE_RUNNING, 10);
    add(p, child(p, root, hash), STATE_GC, 4);
    add(p, child(p, root, hash), STATE_DIRTY_CPU, 5);
    return p;
}

/* --- what was written ---------------------------------------------------- */

static struct page write_page(const struct profile *p)
{
    struct buffer out;
    buffer_init(&out, BUFFER_DEFAULT_MAX);
    struct format_options options = {0};
    assert_int_equal(format_html.write(p, &options, &out), 0);
    buffer_add(&out, "", 1);
    return page_read((char *)out.data);
}

static size_t occurrences(const char *text, const char *of)
{
    size_t n = 0;
    for (const char *at = text; (at = strstr(at, of)); at++)
        n++;
    return n;
}

static json_t *column(const struct page *page, const char *table,
                      const char *name)
{
    json_t *json = json_object_get(json_object_get(page->data, table), name);
    assert_true(json_is_array(json));
    return json;
}

static json_int_t at(json_t *array, size_t i)
{
    assert_true(json_is_integer(json_array_get(array, i)));
    return json_integer_value(json_array_get(array, i));
}

/* One of the event's values other than the first. */
static json_t *other(const struct page *page, size_t i)
{
    json_t *json = json_array_get(json_object_get(page->data, "others"), i);
    assert_non_null(json);
    return json;
}

static json_t *other_values(const struct page *page, size_t i)
{
    return json_object_get(other(page, i), "count");
}

static json_int_t sum(json_t *array)
{
    json_int_t total = 0;
    for (size_t i = 0; i < json_array_size(array); i++)
        total += at(array, i);
    return total;
}

static const char *name_of_stack(const struct page *page, size_t stack)
{
    size_t f = (size_t)at(column(page, "stacks", "frame"), stack);
    size_t function = (size_t)at(column(page, "frames", "function"), f);
    size_t name = (size_t)at(column(page, "functions", "name"), function);
    json_t *strings = json_object_get(page->data, "strings");
    return json_string_value(json_array_get(strings, name));
}

/* --- tests --------------------------------------------------------------- */

static void the_data_adds_up(void **state)
{
    (void)state;
    struct profile *p = small_profile();
    struct page page = write_page(p);
    assert_int_equal(json_integer_value(json_object_get(page.data, "counted")),
                     40);
    assert_int_equal(sum(column(&page, "rows", "count")), 40);
    assert_int_equal(sum(other_values(&page, 0)), 40000);
    free_page(&page);
    profile_destroy(p);
}

/* Samples of each stack, from the rows' steps. */
static void samples_by_stack(const struct page *page, json_int_t *samples,
                             size_t n)
{
    json_t *step = column(page, "rows", "stack");
    json_t *count = column(page, "rows", "count");
    json_int_t stack = 0;
    for (size_t i = 0; i < json_array_size(step); i++) {
        stack += at(step, i);
        assert_true(stack >= 0 && (size_t)stack <= n);
        if (stack > 0)
            samples[stack - 1] += at(count, i);
    }
}

static void stacks_keep_their_names_lines_and_order(void **state)
{
    (void)state;
    struct profile *p = small_profile();
    struct page page = write_page(p);
    json_t *up = column(&page, "stacks", "up");
    json_int_t samples[4] = {0};
    assert_int_equal(json_array_size(up), 4);
    samples_by_stack(&page, samples, 4);
    assert_int_equal(at(up, 0), 0);
    assert_string_equal(name_of_stack(&page, 0), "m:run/0");
    assert_int_equal(samples[0], 1);
    json_int_t seq = 0;
    for (size_t i = 1; i < 4; i++) {
        assert_int_equal(at(up, i), i); /* all of the first */
        if (strcmp(name_of_stack(&page, i), "lists:seq/2") == 0)
            seq += samples[i];
        else
            assert_int_equal(samples[i], 9);
    }
    assert_int_equal(seq, 30);
    assert_int_equal(sum(column(&page, "frames", "line")), 3 + 7 + 9);
    free_page(&page);
    profile_destroy(p);
}

static const char *text_of(const struct page *page, const char *table,
                           const char *name, size_t i)
{
    json_t *strings = json_object_get(page->data, "strings");
    size_t id = (size_t)at(column(page, table, name), i);
    return json_string_value(json_array_get(strings, id));
}

static void rows_tell_process_thread_state_and_time(void **state)
{
    (void)state;
    struct profile *p = small_profile();
    profile_meta_edit(p)->bucket_ns = 100000000;
    profile_meta_edit(p)->duration_ns = 2500000000;
    struct profile_sample s = {
        .stack = PROFILE_NONE, .state = STATE_DIRTY_IO, .bucket = 17};
    const uint64_t values[] = {3, 5000};
    s.thread = id_of(profile_thread(p, 77, "2_scheduler"));
    assert_true(profile_process(p, "<0.1.0>", "idle", "", "", "") >= 0);
    s.process = id_of(
        profile_process(p, "<0.9.0>", "shop", "m:init/1", "\"quoted\"", "app"));
    assert_int_equal(profile_add(p, &s, values), 0);
    struct page page = write_page(p);
    /* Of no stack: the first row. The process that did nothing is left out. */
    assert_int_equal(at(column(&page, "rows", "stack"), 0), 0);
    assert_int_equal(at(column(&page, "rows", "process"), 0), 1);
    assert_int_equal(at(column(&page, "rows", "thread"), 0), 1);
    assert_int_equal(at(column(&page, "rows", "state"), 0), STATE_DIRTY_IO);
    assert_int_equal(at(column(&page, "rows", "bucket"), 0), 17);
    assert_int_equal(at(column(&page, "rows", "count"), 0), 3);
    assert_int_equal(at(other_values(&page, 0), 0), 5);
    assert_int_equal(at(column(&page, "rows", "process"), 1), 0);
    assert_int_equal(json_array_size(column(&page, "processes", "pid")), 1);
    assert_string_equal(text_of(&page, "processes", "pid", 0), "<0.9.0>");
    assert_string_equal(text_of(&page, "processes", "name", 0), "shop");
    assert_string_equal(text_of(&page, "processes", "label", 0), "\"quoted\"");
    assert_string_equal(text_of(&page, "processes", "initial_call", 0),
                        "m:init/1");
    assert_string_equal(text_of(&page, "processes", "application", 0), "app");
    assert_int_equal(at(column(&page, "processes", "members"), 0), 1);
    assert_string_equal(text_of(&page, "threads", "name", 0), "2_scheduler");
    assert_int_equal(at(column(&page, "threads", "tid"), 0), 77);
    json_t *bucket = json_object_get(page.data, "bucket_us");
    assert_int_equal(json_integer_value(bucket), 100000);
    json_t *duration = json_object_get(page.data, "duration_us");
    assert_int_equal(json_integer_value(duration), 2500000);
    free_page(&page);
    profile_destroy(p);
}

static void the_scheduler_is_in_the_header_not_in_the_graph(void **state)
{
    (void)state;
    struct profile *p = small_profile();
    struct page page = write_page(p);
    json_t *strings = json_object_get(page.data, "strings");
    for (size_t i = 0; i < json_array_size(strings); i++)
        assert_string_not_equal(json_string_value(json_array_get(strings, i)),
                                "[scheduler]");
    assert_non_null(strstr(page.text, "50 samples, 55.6 %"));
    free_page(&page);
    profile_destroy(p);
}

static void every_column_of_a_table_is_as_long(void **state)
{
    (void)state;
    static const char *const columns[][2] = {
        {"functions", "name"},  {"functions", "file"}, {"functions", "kind"},
        {"frames", "function"}, {"frames", "line"},    {"stacks", "up"},
        {"stacks", "frame"},    {"rows", "stack"},     {"rows", "process"},
        {"rows", "thread"},     {"rows", "state"},     {"rows", "bucket"},
        {"rows", "count"}};
    static const size_t sizes[] = {3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 5, 5};
    struct profile *p = small_profile();
    struct page page = write_page(p);
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
        assert_int_equal(
            json_array_size(column(&page, columns[i][0], columns[i][1])),
            sizes[i]);
    assert_int_equal(json_array_size(other_values(&page, 0)), 5);
    free_page(&page);
    profile_destroy(p);
}

static void is_other(const struct page *page, size_t i, const char *value,
                     const char *unit, double counted, double per_sample)
{
    json_t *json = other(page, i);
    assert_string_equal(json_string_value(json_object_get(json, "value")),
                        value);
    assert_string_equal(json_string_value(json_object_get(json, "unit")), unit);
    assert_float_equal(json_number_value(json_object_get(json, "counted")),
                       counted, 0);
    assert_float_equal(json_number_value(json_object_get(json, "per_sample")),
                       per_sample, 0.001);
}

/* Ten waits of 10 ms, all taken; and four samples of 0.1 ms that stand for 25
 * waits each. */
static void every_value_of_the_event_is_there(void **state)
{
    (void)state;
    static const struct value_texts types[] = {VALUE_BLOCKED, VALUE_TIMES,
                                               VALUE_SAMPLES};
    static const uint64_t values[][3] = {{100000000, 10, 10},
                                         {10000000, 100, 4}};
    struct profile *p;
    assert_int_equal(profile_create(&p), 0);
    assert_int_equal(profile_set_values(p, types, 3), 0);
    for (int i = 0; i < 2; i++) {
        uint32_t f = frame(p, FRAME_ERLANG, i ? "m:b/0" : "m:a/0", "", 0);
        struct profile_sample row = {child(p, PROFILE_NONE, f),
                                     PROFILE_NONE,
                                     PROFILE_NONE,
                                     STATE_SOCKET,
                                     0,
                                     0};
        assert_int_equal(profile_add(p, &row, values[i]), 0);
    }
    struct page page = write_page(p);
    assert_int_equal(json_array_size(json_object_get(page.data, "others")), 2);
    /* 110^2 / (10 + 4 * 25^2) samples of equal weight would be as good. */
    is_other(&page, 0, "times", "count", 110, 110 / (110.0 * 110 / 2510));
    is_other(&page, 1, "samples", "count", 14, 1);
    assert_int_equal(at(other_values(&page, 0), 0), 10);
    assert_int_equal(at(other_values(&page, 0), 1), 100);
    assert_int_equal(at(other_values(&page, 1), 1), 4);
    assert_int_equal(at(column(&page, "rows", "count"), 1), 10000000);
    free_page(&page);
    profile_destroy(p);
}

static void cpu_time_has_the_error_of_its_samples(void **state)
{
    (void)state;
    struct profile *p = small_profile();
    struct page page = write_page(p);
    is_other(&page, 0, "cpu", "microseconds", 40000, 1000);
    free_page(&page);
    profile_destroy(p);
}

static const char *const hostile[] = {
    "'</script><script>alert(1)</script>':f/0",
    "<!--<script>",
    "]]>&lt;&amp;\"'`",
    "line\xe2\x80\xa8separator\xe2\x80\xa9",
    "</td><img src=x onerror=alert(2)>",
    "{{data}}{{script}}",
};

static void hostile_names_are_inert(void **state)
{
    (void)state;
    struct profile *p;
    assert_int_equal(profile_create(&p), 0);
    const size_t n = sizeof(hostile) / sizeof(hostile[0]);
    for (size_t i = 0; i < n; i++) {
        uint32_t f = frame(p, FRAME_ERLANG, hostile[i], hostile[i], 1);
        add(p, child(p, PROFILE_NONE, f), STATE_RUNNING, n - i);
        assert_int_equal(profile_note(p, hostile[i]), 0);
    }
    int64_t node = profile_string(p, hostile[0]);
    profile_meta_edit(p)->node = profile_meta_edit(p)->command = id_of(node);
    struct page page = write_page(p);

    assert_int_equal(occurrences(page.text, "<script"), 2);
    assert_int_equal(occurrences(page.text, "</script"), 2);
    assert_int_equal(occurrences(page.text, "<img"), 0);
    assert_int_equal(occurrences(page.text, "<!--"), 0);
    assert_int_equal(occurrences(page.text, "\xe2\x80\xa8"), 0);
    for (size_t i = 0; i < n; i++)
        assert_string_equal(name_of_stack(&page, i),
                            i == 3 ? "line\\x{2028}separator\\x{2029}"
                                   : hostile[i]);
    free_page(&page);
    profile_destroy(p);
}

static void bytes_that_are_no_text_are_replaced(void **state)
{
    (void)state;
    static const char bad[] = "a\xed\xa0\x80"
                              "b";
    static const char good[] = "a\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"
                               "b";
    struct profile *p;
    assert_int_equal(profile_create(&p), 0);
    uint32_t f = frame(p, FRAME_NATIVE, bad, "", 0);
    add(p, child(p, PROFILE_NONE, f), STATE_RUNNING, 1);
    struct page page = write_page(p);
    assert_string_equal(name_of_stack(&page, 0), good);
    free_page(&page);
    profile_destroy(p);
}

static void the_header_says_what_was_measured_and_how_well(void **state)
{
    (void)state;
    struct profile *p = small_profile();
    struct profile_meta *m = profile_meta_edit(p);
    m->node = id_of(profile_string(p, "shop@host"));
    m = profile_meta_edit(p);
    m->rate_asked = 99;
    m->duration_ns = 2500000000;
    m->started_unix_ns = 1795825817820740000;
    profile_counters_edit(p)->lost = 7;
    assert_int_equal(profile_note(p, "kernel time is missing"), 0);
    struct page page = write_page(p);
    assert_non_null(strstr(page.text, "<dd>shop@host</dd>"));
    assert_non_null(strstr(page.text, "<title>CPU profile of shop@host, "
                                      "2026-11-28 00:30:17 UTC</title>"));
    assert_non_null(strstr(page.text, "2.50 s"));
    assert_non_null(strstr(page.text, "99 requested"));
    assert_non_null(strstr(page.text, "<b>7</b> samples lost"));
    assert_null(strstr(page.text, "<b>0</b>"));
    assert_non_null(strstr(page.text, "<li>kernel time is missing</li>"));
    assert_non_null(strstr(page.text, "<dd>2026-11-28 00:30:17 UTC</dd>"));
    free_page(&page);
    profile_destroy(p);
}

static void the_table_has_the_top_functions(void **state)
{
    (void)state;
    struct profile *p = small_profile();
    struct page page = write_page(p);
    /* Own, its error (Wilson, 30 and 10 of 40), C, gc, kernel, total, self. */
    const char *seq = strstr(
        page.text, "<td>75.00</td><td>13.00</td><td></td><td></td><td></td>"
                   "<td>75.00</td><td>30</td><th scope=\"row\">lists:seq/2"
                   "</th><td>erlang</td><td>lists.erl:7");
    const char *run =
        strstr(page.text, "<td>25.00</td><td>13.00</td><td>22.5</td><td></td>"
                          "<td></td><td>100.00</td><td>1</td><th scope=\"row\">"
                          "m:run/0</th>");
    const char *hash = strstr(page.text, "<td>22.50</td><td>9</td><th scope="
                                         "\"row\">erlang:phash2/1</th>");
    assert_non_null(hash);
    assert_true(run < hash);
    assert_non_null(seq);
    assert_non_null(run);
    assert_true(seq < run);
    free_page(&page);
    profile_destroy(p);
}

static void a_page_of_bytes_does_not_say_cpu(void **state)
{
    (void)state;
    struct profile *p;
    assert_int_equal(profile_create(&p), 0);
    const struct value_texts types[] = {{"alloc_space", "bytes"}};
    assert_int_equal(profile_set_values(p, types, 1), 0);
    const uint64_t value[] = {3 << 20};
    struct profile_sample row = {
        child(p, PROFILE_NONE, frame(p, FRAME_NATIVE, "main.work", "w.go", 1)),
        PROFILE_NONE,
        PROFILE_NONE,
        STATE_RUNNING,
        0,
        0};
    assert_int_equal(profile_add(p, &row, value), 0);
    struct page page = write_page(p);
    *strstr(page.text, "<style>") = '\0';
    assert_non_null(strstr(page.text, "<title>alloc_space profile</title>"));
    assert_string_equal(json_string_value(json_object_get(page.data, "unit")),
                        "bytes");
    free_page(&page);
    page = write_page(p);
    char *header = strstr(page.text, "<header>");
    *strstr(header, "</header>") = '\0';
    assert_non_null(strstr(header, "<dt>alloc_space</dt><dd>3.00 MB</dd>"));
    assert_null(strstr(header, "CPU"));
    assert_null(strstr(header, "samples"));
    free_page(&page);
    profile_destroy(p);
}

static void a_profile_without_samples_is_a_page_too(void **state)
{
    (void)state;
    struct profile *p;
    assert_int_equal(profile_create(&p), 0);
    struct page page = write_page(p);
    assert_int_equal(json_array_size(column(&page, "rows", "stack")), 0);
    free_page(&page);
    profile_destroy(p);
}

static void the_page_loads_nothing_from_elsewhere(void **state)
{
    (void)state;
    struct profile *p = small_profile();
    struct page page = write_page(p);
    assert_null(strstr(page.text, "://"));
    assert_null(strstr(page.text, "src="));
    assert_null(strstr(page.text, "@import"));
    assert_null(strstr(page.text, "innerHTML"));
    free_page(&page);
    profile_destroy(p);
}

/* As random bytes cannot be packed, their text shows what the text costs. */
static void data_as_text_is_at_most_a_third_longer(void **state)
{
    (void)state;
    for (size_t len = 0; len < 4000; len = len * 3 / 2 + 1) {
        struct buffer bytes, text, back;
        buffer_init(&bytes, BUFFER_DEFAULT_MAX);
        buffer_init(&text, BUFFER_DEFAULT_MAX);
        buffer_init(&back, BUFFER_DEFAULT_MAX);
        uint64_t seed = len;
        for (size_t i = 0; i < len; i++) {
            seed = hash_u64(seed, i);
            buffer_add(&bytes, &seed, 1);
        }
        size_t packed;
        assert_int_equal(html_pack_add(&text, &bytes, &packed), 0);
        assert_true((double)text.len <= 1.2308 * (double)packed + 2);
        unpack((char *)text.data, text.len, packed, &back);
        assert_int_equal(back.len, len);
        if (len)
            assert_memory_equal(back.data, bytes.data, len);
        buffer_deinit(&bytes);
        buffer_deinit(&text);
        buffer_deinit(&back);
    }
}

static void no_memory_left_in_the_buffer_is_an_error(void **state)
{
    (void)state;
    struct profile *p = small_profile();
    struct buffer out;
    buffer_init(&out, 30000);
    struct format_options options = {0};
    assert_int_equal(format_html.write(p, &options, &out), -E_LIMIT);
    buffer_deinit(&out);
    profile_destroy(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_data_adds_up),
        cmocka_unit_test(stacks_keep_their_names_lines_and_order),
        cmocka_unit_test(rows_tell_process_thread_state_and_time),
        cmocka_unit_test(the_scheduler_is_in_the_header_not_in_the_graph),
        cmocka_unit_test(every_column_of_a_table_is_as_long),
        cmocka_unit_test(every_value_of_the_event_is_there),
        cmocka_unit_test(cpu_time_has_the_error_of_its_samples),
        cmocka_unit_test(hostile_names_are_inert),
        cmocka_unit_test(bytes_that_are_no_text_are_replaced),
        cmocka_unit_test(the_header_says_what_was_measured_and_how_well),
        cmocka_unit_test(the_table_has_the_top_functions),
        cmocka_unit_test(a_page_of_bytes_does_not_say_cpu),
        cmocka_unit_test(a_profile_without_samples_is_a_page_too),
        cmocka_unit_test(the_page_loads_nothing_from_elsewhere),
        cmocka_unit_test(data_as_text_is_at_most_a_third_longer),
        cmocka_unit_test(no_memory_left_in_the_buffer_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
