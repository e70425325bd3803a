#include "profile_random.h"

#include <jansson.h>

#include "formats/format.h"

static json_t *report(const struct profile *p)
{
    struct buffer b;
    buffer_init(&b, BUFFER_DEFAULT_MAX);
    struct format_options o = {0};
    assert_int_equal(format_json.write(p, &o, &b), 0);
    json_error_t error;
    json_t *json =
        json_loadb((char *)b.data, b.len, JSON_REJECT_DUPLICATES, &error);
    if (!json)
        fail_msg("%s", error.text);
    buffer_deinit(&b);
    return json;
}

static json_int_t integer(json_t *object, const char *key)
{
    json_t *value = json_object_get(object, key);
    assert_true(json_is_integer(value));
    return json_integer_value(value);
}

static const char *text(json_t *object, const char *key)
{
    json_t *value = json_object_get(object, key);
    assert_true(json_is_string(value));
    return json_string_value(value);
}

static double number(json_t *object, const char *key)
{
    json_t *value = json_object_get(object, key);
    assert_true(json_is_real(value));
    return json_real_value(value);
}

static void has_the_documented_shape(void **state)
{
    (void)state;
    struct profile *p = make_profile();
    const struct process_texts texts = {.pid = "<0.1.0>",
                                        .name = "q",
                                        .initial_call = "m:f/1",
                                        .label = "l",
                                        .application = "a",
                                        .parent = "sup",
                                        .child = "c"};
    uint32_t q = made(profile_process_of(p, &texts));
    make_sample(p, make_stack(p, "main:3;work:7"), q, STATE_RUNNING, 3);
    make_sample(p, make_stack(p, "main:4"), PROFILE_NONE, STATE_GC, 1);
    make_sample(p, make_stack(p, "[scheduler]"), PROFILE_NONE, STATE_SCHEDULER,
                6);
    profile_meta_edit(p)->node = made(profile_string(p, "n@h"));
    profile_meta_edit(p)->rate_asked = 99;
    profile_counters_edit(p)->lost = 5;
    assert_int_equal(profile_note(p, "one"), 0);
    assert_int_equal(profile_note(p, "two"), 0);
    json_t *r = report(p);
    assert_int_equal(integer(r, "version"), 1);
    json_t *meta = json_object_get(r, "meta");
    assert_string_equal(text(meta, "node"), "n@h");
    assert_int_equal(integer(meta, "rate_asked"), 99);
    assert_int_equal(integer(meta, "counted"), 4);
    assert_int_equal(json_array_size(json_object_get(meta, "notes")), 2);
    assert_int_equal(integer(json_object_get(r, "counters"), "lost"), 5);
    json_t *states = json_object_get(r, "states");
    assert_int_equal(integer(states, "scheduler"), 6);
    assert_int_equal(integer(states, "gc"), 1);
    json_t *functions = json_object_get(r, "functions");
    assert_int_equal(json_array_size(functions), 2);
    json_t *f = json_array_get(functions, 0);
    assert_string_equal(text(f, "name"), "work");
    assert_string_equal(text(f, "module"), "m");
    assert_string_equal(text(f, "function"), "work");
    assert_string_equal(text(f, "kind"), "erlang");
    assert_string_equal(text(f, "file"), "work.erl");
    assert_int_equal(integer(f, "arity"), 1);
    assert_int_equal(integer(f, "line"), 7);
    assert_int_equal(integer(f, "self"), 3);
    assert_int_equal(integer(f, "own"), 3);
    assert_int_equal(integer(f, "own_c"), 0);
    assert_int_equal(integer(f, "own_gc"), 0);
    assert_int_equal(integer(f, "own_kernel"), 0);
    assert_true(number(f, "own_pct") == 75.0);
    assert_true(number(f, "own_error_pct") == 32.6885);
    assert_int_equal(integer(f, "total"), 3);
    assert_true(number(f, "self_pct") == 75.0);
    assert_true(number(json_array_get(functions, 1), "total_pct") == 100.0);
    json_t *process = json_array_get(json_object_get(r, "processes"), 0);
    assert_string_equal(text(process, "pid"), "<0.1.0>");
    assert_string_equal(text(process, "initial_call"), "m:f/1");
    assert_string_equal(text(process, "group"), text(process, "name"));
    assert_string_equal(text(process, "label"), "l");
    assert_string_equal(text(process, "application"), "a");
    assert_string_equal(text(process, "parent"), "sup");
    assert_string_equal(text(process, "child_id"), "c");
    assert_int_equal(integer(process, "samples"), 3);
    assert_true(number(process, "pct") == 75.0);
    /* Wilson, by hand: 3 of 4 */
    assert_true(number(process, "error_pct") == 32.6885);
    assert_true(number(f, "total_error_pct") == 32.6885);
    assert_int_equal(integer(process, "processes"), 1);
    json_t *top = json_object_get(process, "functions");
    assert_int_equal(json_array_size(top), 1);
    assert_string_equal(text(json_array_get(top, 0), "name"), "work");
    assert_int_equal(integer(json_array_get(top, 0), "samples"), 3);
    assert_true(number(json_array_get(top, 0), "pct") == 75.0);
    assert_int_equal(json_array_size(json_object_get(r, "process_groups")), 0);
    json_t *shares = json_object_get(r, "states_pct");
    assert_true(number(shares, "running") == 75.0);
    assert_true(number(shares, "gc") == 25.0);
    assert_true(number(shares, "scheduler") == 60.0);
    assert_true(number(json_object_get(r, "leaf_kinds_pct"), "erlang") == 100);
    json_decref(r);
    profile_destroy(p);
}

static void groups_are_there_beside_their_rows(void **state)
{
    (void)state;
    struct profile *p = make_profile();
    uint32_t crowd = made(profile_process(p, "", "", "m:life/1", "", ""));
    assert_int_equal(profile_set_members(p, crowd, 100), 0);
    make_sample(p, make_stack(p, "a"), crowd, STATE_RUNNING, 60);
    uint32_t q = made(profile_process(p, "<0.1.0>", "", "m:life/1", "", ""));
    make_sample(p, make_stack(p, "b"), q, STATE_RUNNING, 1);
    uint32_t big = made(profile_process(p, "<0.2.0>", "big", "", "", ""));
    make_sample(p, make_stack(p, "a"), big, STATE_RUNNING, 139);
    json_t *r = report(p);
    json_t *rows = json_object_get(r, "processes");
    assert_int_equal(json_array_size(rows), 3);
    assert_string_equal(text(json_array_get(rows, 1), "pid"), "");
    assert_int_equal(integer(json_array_get(rows, 1), "processes"), 100);
    assert_string_equal(text(json_array_get(rows, 1), "group"), "m:life/1");
    assert_string_equal(text(json_array_get(rows, 2), "group"), "m:life/1");
    json_t *groups = json_object_get(r, "process_groups");
    assert_int_equal(json_array_size(groups), 1);
    json_t *g = json_array_get(groups, 0);
    assert_string_equal(text(g, "name"), "m:life/1");
    assert_string_equal(text(g, "initial_call"), "m:life/1");
    assert_string_equal(text(g, "label"), "");
    assert_int_equal(integer(g, "processes"), 101);
    assert_int_equal(integer(g, "samples"), 61);
    assert_true(number(g, "pct") == 30.5);
    assert_true(number(g, "error_pct") > 6.3);
    assert_true(number(g, "error_pct") < 6.4);
    json_decref(r);
    profile_destroy(p);
}

static void of_an_idle_node(void **state)
{
    (void)state;
    struct profile *p = make_profile();
    json_t *r = report(p);
    assert_int_equal(json_array_size(json_object_get(r, "functions")), 0);
    assert_int_equal(json_array_size(json_object_get(r, "processes")), 0);
    assert_int_equal(integer(json_object_get(r, "meta"), "samples"), 0);
    json_decref(r);
    profile_destroy(p);
}

static void hostile_names_stay_text(void **state)
{
    (void)state;
    const char *name = "\"},{\"self\":9,\n</script>\x01\xff";
    struct profile *p = make_profile();
    struct frame f = {.kind = FRAME_NATIVE,
                      .name = name,
                      .module = "",
                      .function = "\xf0\x9f\x98\x80",
                      .arity = FRAME_NO_ARITY,
                      .file = ""};
    uint32_t frame = made(profile_frame(p, &f));
    uint32_t stack = made(profile_stack(p, PROFILE_NONE, frame));
    make_sample(p, stack, PROFILE_NONE, STATE_RUNNING, UINT64_MAX);
    json_t *r = report(p);
    json_t *row = json_array_get(json_object_get(r, "functions"), 0);
    assert_string_equal(text(row, "name"),
                        "\"},{\"self\":9,\n</script>\x01\xef\xbf\xbd");
    assert_string_equal(text(row, "function"), "\xf0\x9f\x98\x80");
    assert_true(json_is_null(json_object_get(row, "arity")));
    assert_true(integer(row, "self") == INT64_MAX);
    json_decref(r);
    profile_destroy(p);
}

/* As jansson would write the tree of it: its layout, its numbers, and each key
 * in its place. What JSON goes beyond it for is in hostile_names_stay_text. */
static void is_laid_out_as_a_library_would(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < 20; seed++) {
        struct profile *p = random_profile(seed, 30 * (uint32_t)seed, 40);
        struct buffer b;
        buffer_init(&b, BUFFER_DEFAULT_MAX);
        struct format_options o = {0};
        assert_int_equal(format_json.write(p, &o, &b), 0);
        buffer_add(&b, "", 1);
        json_t *json = report(p);
        char *dump = json_dumps(json, JSON_INDENT(1) | JSON_REAL_PRECISION(10));
        struct buffer expected;
        buffer_init(&expected, BUFFER_DEFAULT_MAX);
        for (const char *at = dump; *at; at++)
            if (memcmp(at, "\xc2\x85", 2) == 0)
                buffer_text(&expected, "\\u0085"), at++;
            else
                buffer_add(&expected, at, 1);
        buffer_add(&expected, "\n", 2);
        assert_string_equal((char *)b.data, (char *)expected.data);
        free(dump);
        json_decref(json);
        buffer_deinit(&expected);
        buffer_deinit(&b);
        profile_destroy(p);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(has_the_documented_shape),
        cmocka_unit_test(groups_are_there_beside_their_rows),
        cmocka_unit_test(of_an_idle_node),
        cmocka_unit_test(hostile_names_stay_text),
        cmocka_unit_test(is_laid_out_as_a_library_would),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
