#include "test.h"

#include <jansson.h>
#include <stdio.h>

#include "formats/format.h"
#include "formats/html_parts.h"

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
                               .state = state,
                               .count = count,
                               .cpu_ns = count * 1000000};
    assert_int_equal(profile_add(p, &s), 0);
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

struct page {
    char *text; /* NUL-terminated */
    json_t *data;
};

static const char *data_begin(const char *text)
{
    static const char mark[] = "id=\"profile-data\">";
    const char *at = strstr(text, mark);
    assert_non_null(at);
    return at + strlen(mark);
}

static struct page write_page(const struct profile *p)
{
    struct buffer out;
    buffer_init(&out, BUFFER_DEFAULT_MAX);
    struct format_options options = {0};
    assert_int_equal(format_html.write(p, &options, &out), 0);
    buffer_add(&out, "", 1);
    struct page page = {.text = (char *)out.data};
    const char *begin = data_begin(page.text);
    const char *end = strstr(begin, "</script>");
    assert_non_null(end);
    page.data = json_loadb(begin, (size_t)(end - begin), 0, NULL);
    assert_non_null(page.data);
    return page;
}

static void free_page(struct page *page)
{
    json_decref(page->data);
    free(page->text);
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
    assert_int_equal(sum(column(&page, "stacks", "self")), 40);
    assert_int_equal(sum(column(&page, "stacks", "cpu")), 40000);
    free_page(&page);
    profile_destroy(p);
}

static void stacks_keep_their_names_lines_and_order(void **state)
{
    (void)state;
    struct profile *p = small_profile();
    struct page page = write_page(p);
    json_t *parent = column(&page, "stacks", "parent");
    json_t *self = column(&page, "stacks", "self");
    assert_int_equal(json_array_size(parent), 4);
    assert_int_equal(at(parent, 0), -1);
    assert_string_equal(name_of_stack(&page, 0), "m:run/0");
    json_int_t seq = 0;
    for (size_t i = 1; i < 4; i++) {
        assert_int_equal(at(parent, i), 0);
        if (strcmp(name_of_stack(&page, i), "lists:seq/2") == 0)
            seq += at(self, i);
        else
            assert_int_equal(at(self, i), 9);
    }
    assert_int_equal(seq, 30);
    assert_int_equal(sum(column(&page, "frames", "line")), 3 + 7 + 9);
    free_page(&page);
    profile_destroy(p);
}

static void the_scheduler_is_in_the_header_not_in_the_graph(void **state)
{
    (void)state;
    struct profile *p = small_profile();
    struct page page = write_page(p);
    assert_null(strstr(data_begin(page.text), "[scheduler]"));
    assert_non_null(strstr(page.text, "50 samples, 55.6 %"));
    free_page(&page);
    profile_destroy(p);
}

static void every_column_of_a_table_is_as_long(void **state)
{
    (void)state;
    static const char *const columns[][2] = {
        {"functions", "name"},  {"functions", "file"}, {"functions", "kind"},
        {"frames", "function"}, {"frames", "line"},    {"stacks", "parent"},
        {"stacks", "frame"},    {"stacks", "self"},    {"stacks", "cpu"}};
    static const size_t sizes[] = {3, 3, 3, 4, 4, 4, 4, 4, 4};
    struct profile *p = small_profile();
    struct page page = write_page(p);
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
        assert_int_equal(
            json_array_size(column(&page, columns[i][0], columns[i][1])),
            sizes[i]);
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
    assert_int_equal(occurrences(page.text, "\xe2\x80\xa8"),
                     3); /* note, row's name and file: text, not script */
    const char *begin = data_begin(page.text);
    size_t len = (size_t)(strstr(begin, "</script>") - begin);
    for (size_t i = 0; i < len; i++)
        assert_false(begin[i] == '<' || begin[i] == '>' || begin[i] == '&' ||
                     (unsigned char)begin[i] >= 0x80);
    for (size_t i = 0; i < n; i++)
        assert_string_equal(name_of_stack(&page, i), hostile[i]);
    free_page(&page);
    profile_destroy(p);
}

static void bytes_that_are_no_text_are_replaced(void **state)
{
    (void)state;
    static const char *const bad[] = {"a\xff"
                                      "b",
                                      "a\xc0\xaf"
                                      "b",
                                      "a\xed\xa0\x80"
                                      "b",
                                      "a\xf4\x90\x80\x80", "a\xe2\x82"};
    static const char *const good[] = {
        "a\xef\xbf\xbd"
        "b",
        "a\xef\xbf\xbd\xef\xbf\xbd"
        "b",
        "a\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"
        "b",
        "a\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd",
        "a\xef\xbf\xbd\xef\xbf\xbd"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct buffer out;
        buffer_init(&out, 100);
        html_text_utf8(&out, bad[i]);
        assert_int_equal(out.len, strlen(good[i]));
        assert_memory_equal(out.data, good[i], out.len);
        buffer_deinit(&out);
    }
    struct profile *p;
    assert_int_equal(profile_create(&p), 0);
    uint32_t f = frame(p, FRAME_NATIVE, bad[0], "", 0);
    add(p, child(p, PROFILE_NONE, f), STATE_RUNNING, 1);
    struct page page = write_page(p);
    assert_string_equal(name_of_stack(&page, 0), good[0]);
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
    profile_counters_edit(p)->lost = 7;
    assert_int_equal(profile_note(p, "kernel time is missing"), 0);
    struct page page = write_page(p);
    assert_non_null(strstr(page.text, "<dd>shop@host</dd>"));
    assert_non_null(strstr(page.text, "<title>CPU profile of shop@host"));
    assert_non_null(strstr(page.text, "2.50 s"));
    assert_non_null(strstr(page.text, "99 asked"));
    assert_non_null(strstr(page.text, "<b>7</b> samples dropped"));
    assert_null(strstr(page.text, "<b>0</b>"));
    assert_non_null(strstr(page.text, "<li>kernel time is missing</li>"));
    free_page(&page);
    profile_destroy(p);
}

static void the_table_has_the_top_functions(void **state)
{
    (void)state;
    struct profile *p = small_profile();
    struct page page = write_page(p);
    const char *seq = strstr(page.text, "<td>75.00</td><td>75.00</td><td>30"
                                        "</td><th scope=\"row\">lists:seq/2"
                                        "</th><td>erlang</td><td>lists.erl:7");
    const char *run = strstr(page.text, "<td>2.50</td><td>100.00</td><td>1</td>"
                                        "<th scope=\"row\">m:run/0</th>");
    assert_non_null(seq);
    assert_non_null(run);
    assert_true(seq < run);
    free_page(&page);
    profile_destroy(p);
}

static void a_profile_without_samples_is_a_page_too(void **state)
{
    (void)state;
    struct profile *p;
    assert_int_equal(profile_create(&p), 0);
    struct page page = write_page(p);
    assert_int_equal(json_array_size(column(&page, "stacks", "self")), 0);
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
        cmocka_unit_test(the_scheduler_is_in_the_header_not_in_the_graph),
        cmocka_unit_test(every_column_of_a_table_is_as_long),
        cmocka_unit_test(hostile_names_are_inert),
        cmocka_unit_test(bytes_that_are_no_text_are_replaced),
        cmocka_unit_test(the_header_says_what_was_measured_and_how_well),
        cmocka_unit_test(the_table_has_the_top_functions),
        cmocka_unit_test(a_profile_without_samples_is_a_page_too),
        cmocka_unit_test(the_page_loads_nothing_from_elsewhere),
        cmocka_unit_test(no_memory_left_in_the_buffer_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
