/* What processes allocate and keep, in recordings of allocation. */
#include "two_events.h"

#include <jansson.h>

#include "formats/format.h"
#include "profile/filter.h"
#include "profile/garbage.h"

static struct profile *p;

static int begin(void **state)
{
    (void)state;
    size_t n;
    const struct value_texts *types = event_values(EVENT_ALLOC, &n);
    p = make_profile();
    return profile_set_values(p, types, n);
}

static int end(void **state)
{
    (void)state;
    profile_destroy(p);
    return 0;
}

static void add(uint32_t process, uint32_t stack, const uint64_t values[9])
{
    const struct profile_sample s = {.stack = stack,
                                     .process = process,
                                     .thread = PROFILE_NONE,
                                     .state = STATE_RUNNING};
    assert_int_equal(profile_add(p, &s, values), 0);
}

static uint32_t allocates(const char *pid, const char *name,
                          const char *initial)
{
    uint32_t q = made(profile_process(p, pid, name, initial, "", ""));
    add(q, make_stack(p, "work"), (uint64_t[9]){1 << 20, 4096, 1});
    return q;
}

enum { KIB = 1024 };

/* The heap grows if growth is above 0. */
static void is_collected(uint32_t process, uint64_t kib, uint64_t collections,
                         uint64_t minor, uint64_t survived_kib, int growth_kib)
{
    uint64_t grown = growth_kib > 0 ? (uint64_t)growth_kib * KIB : 0;
    uint64_t shrunk = growth_kib < 0 ? (uint64_t)-growth_kib * KIB : 0;
    add(process, PROFILE_NONE,
        (uint64_t[9]){0, 0, 0, kib * KIB, collections, minor,
                      survived_kib * KIB, grown, shrunk});
}

static void three_kinds(void)
{
    uint32_t one = allocates("<0.9.0>", "cache", "shop:cache/1");
    uint32_t worker = allocates("<0.10.0>", "", "shop:worker/0");
    uint32_t other = allocates("<0.11.0>", "", "shop:worker/0");
    uint32_t brief = allocates("", "", "shop:brief/0");
    assert_int_equal(profile_set_members(p, brief, 7000), 0);
    is_collected(one, 100, 60, 30, 50, 300);
    is_collected(one, 100, 60, 30, 20, -100);
    is_collected(worker, 200, 100, 98, 2, 0);
    is_collected(other, 300, 100, 99, 1, -8);
    is_collected(brief, 300, 900, 0, 0, 0);
}

static char *written(const struct format *format)
{
    struct buffer b;
    buffer_init(&b, BUFFER_DEFAULT_MAX);
    assert_int_equal(format->write(p, &(struct format_options){0}, &b), 0);
    buffer_add(&b, "", 1);
    assert_int_equal(buffer_status(&b), 0);
    return (char *)b.data;
}

static void assert_has(const char *text, const char *part)
{
    if (!strstr(text, part))
        fail_msg("no \"%s\" in:\n%s", part, text);
}

static void processes_with_one_name_are_one_row(void **state)
{
    (void)state;
    struct garbage g;
    three_kinds();
    assert_int_equal(garbage_find(p, &g), 0);
    assert_int_equal(g.count, 3);
    assert_int_equal(g.allocated, 1000 * KIB);
    const struct garbage_row *workers = &g.rows[0], *cache = &g.rows[2];
    assert_string_equal(garbage_name(&g, workers), "shop:worker/0");
    assert_true(workers->together);
    assert_int_equal(workers->processes, 2);
    assert_int_equal(workers->allocated, 500 * KIB);
    assert_int_equal(workers->survived, 3 * KIB);
    assert_int_equal(garbage_growth(workers), -8 * KIB);
    assert_int_equal(g.rows[1].processes, 7000);
    assert_true(g.rows[1].together);
    assert_string_equal(garbage_name(&g, cache), "cache");
    assert_false(cache->together);
    assert_int_equal(cache->collections, 120);
    assert_int_equal(cache->minor, 60);
    assert_int_equal(garbage_growth(cache), 200 * KIB);
    garbage_deinit(&g);
}

static void what_is_not_known_has_no_figure(void **state)
{
    (void)state;
    three_kinds();
    char *text = written(&format_text);
    assert_has(text, "     %  ALLOCATED   SURVIVED  HEAP GREW COLLECTIONS  "
                     "PROCESSES          NAME\n");
    assert_has(text, " 50.00     500 KB    3.00 KB   -8.00 KB         200  "
                     "2 processes        shop:worker/0\n");
    assert_has(text, " 30.00     300 KB          -        0 B         900  "
                     "7,000 processes    shop:brief/0\n");
    assert_has(text, " 20.00     200 KB   >70.0 KB    +200 KB         120  "
                     "<0.9.0>            cache\n");
    assert_has(text, "SURVIVED is what minor collections kept");
    free(text);
}

static json_t *find(json_t *list, const char *name)
{
    for (size_t i = 0; i < json_array_size(list); i++) {
        json_t *row = json_array_get(list, i);
        if (strcmp(json_string_value(json_object_get(row, "name")), name) == 0)
            return row;
    }
    fail_msg("no row of %s", name);
    return NULL;
}

static json_int_t figure(json_t *row, const char *key)
{
    json_t *value = json_object_get(row, key);
    assert_true(json_is_integer(value));
    return json_integer_value(value);
}

static void the_same_in_json(void **state)
{
    (void)state;
    three_kinds();
    char *text = written(&format_json);
    json_t *json = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
    assert_int_equal(figure(json_object_get(json, "meta"), "binary_bytes"),
                     4 * 4096);
    json_t *rows = json_object_get(json, "garbage");
    assert_int_equal(json_array_size(rows), 3);
    json_t *row = find(rows, "cache");
    assert_string_equal(json_string_value(json_object_get(row, "pid")),
                        "<0.9.0>");
    assert_int_equal(figure(row, "processes"), 1);
    assert_int_equal(figure(row, "allocated_bytes"), 200 * KIB);
    assert_int_equal(figure(row, "survived_bytes"), 70 * KIB);
    assert_int_equal(figure(row, "collections"), 120);
    assert_int_equal(figure(row, "survival_known"), 60);
    assert_int_equal(figure(row, "heap_grew_bytes"), 200 * KIB);
    row = find(rows, "shop:brief/0");
    assert_string_equal(json_string_value(json_object_get(row, "pid")), "");
    assert_true(json_is_null(json_object_get(row, "survived_bytes")));
    json_decref(json);
    free(text);
}

/* Functions have nothing to do with what survives. */
static void stacks_have_values_of_functions_only(void **state)
{
    (void)state;
    three_kinds();
    assert_int_equal(profile_function_values(p), 3);
    char *collapsed = written(&format_collapsed);
    assert_string_equal(collapsed, "work 4194304\n");
    free(collapsed);
}

static void files_and_filters_keep_it(void **state)
{
    (void)state;
    struct buffer b;
    struct profile *read = NULL, *part = NULL;
    struct garbage g;
    three_kinds();
    buffer_init(&b, BUFFER_DEFAULT_MAX);
    assert_int_equal(format_pprof.write(p, &(struct format_options){0}, &b), 0);
    assert_int_equal(pprof_read(b.data, b.len, &read), 0);
    assert_same_profile(read, p);
    const char *name = "cache";
    const struct filter filter = {.processes = &name, .process_count = 1};
    assert_int_equal(filter_apply(read, &filter, &part), 0);
    assert_int_equal(garbage_find(part, &g), 0);
    assert_int_equal(g.count, 1);
    assert_int_equal(g.allocated, 200 * KIB);
    garbage_deinit(&g);
    profile_destroy(part);
    profile_destroy(read);
    buffer_deinit(&b);
}

static void other_recordings_have_none(void **state)
{
    (void)state;
    struct garbage g;
    struct profile *cpu = make_profile();
    make_samples(cpu, "main", 3);
    assert_int_equal(garbage_find(cpu, &g), 0);
    assert_int_equal(g.count, 0);
    garbage_deinit(&g);
    profile_destroy(cpu);
    allocates("<0.9.0>", "cache", "shop:cache/1");
    assert_int_equal(garbage_find(p, &g), 0);
    assert_int_equal(g.count, 0); /* no collection was sampled */
    garbage_deinit(&g);
    char *text = written(&format_text);
    assert_null(strstr(text, "SURVIVED"));
    free(text);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(processes_with_one_name_are_one_row),
        TEST(what_is_not_known_has_no_figure),
        TEST(the_same_in_json),
        TEST(stacks_have_values_of_functions_only),
        TEST(files_and_filters_keep_it),
        TEST(other_recordings_have_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
