/* The result of a recording, read with ei as the Erlang side does. */
#include "test.h"

#include <ei.h>

#include "port/port.h"

static struct profile *profile_with_two_functions(void)
{
    struct profile *p;
    assert_int_equal(profile_create(&p), 0);
    struct frame hot = {.kind = FRAME_ERLANG,
                        .name = "lists:seq/2",
                        .module = "lists",
                        .function = "seq",
                        .arity = 2,
                        .file = "lists.erl",
                        .line = 123};
    struct frame c = {.kind = FRAME_NATIVE,
                      .name = "memcpy",
                      .module = "libc.so.6",
                      .function = "memcpy",
                      .arity = FRAME_NO_ARITY,
                      .file = ""};
    int64_t root =
        profile_stack(p, PROFILE_NONE, (uint32_t)profile_frame(p, &hot));
    int64_t leaf =
        profile_stack(p, (uint32_t)root, (uint32_t)profile_frame(p, &c));
    int64_t process = profile_process_of(
        p, &(struct process_texts){"<0.99.0>", "shop", "shop:init/1", "till 7",
                                   "shops", "shop_sup", "till_7"});
    struct profile_sample s = {.stack = (uint32_t)root,
                               .process = (uint32_t)process,
                               .thread = PROFILE_NONE,
                               .state = STATE_RUNNING};
    uint64_t values[] = {3, 3000000};
    assert_int_equal(profile_add(p, &s, values), 0);
    s.stack = (uint32_t)leaf;
    values[0] = 1;
    assert_int_equal(profile_add(p, &s, values), 0);
    s.state = STATE_SCHEDULER;
    s.stack = s.process = PROFILE_NONE;
    assert_int_equal(profile_add(p, &s, values), 0);
    profile_counters_edit(p)->samples = 5;
    profile_meta_edit(p)->pid = 4711;
    assert_int_equal(profile_note(p, "one thing is missing"), 0);
    assert_int_equal(profile_note(p, "and another"), 0);
    return p;
}

/* The value of a map's key: moves the index there, false when it is not. */
static bool at_key(const char *bytes, int *at, const char *wanted)
{
    int pairs;
    if (ei_decode_map_header(bytes, at, &pairs) != 0)
        return false;
    while (pairs-- > 0) {
        char key[MAXATOMLEN];
        assert_int_equal(ei_decode_atom(bytes, at, key), 0);
        if (strcmp(key, wanted) == 0)
            return true;
        assert_int_equal(ei_skip_term(bytes, at), 0);
    }
    return false;
}

struct result {
    struct buffer packet;
    const char *bytes;
    int at; /* of the map with report and recording */
};

static struct result result_of(const struct profile *p)
{
    struct result r = {.at = 4};
    buffer_init(&r.packet, PORT_MAX_PACKET);
    assert_int_equal(port_reply_result(&r.packet, 12, p, "\0rec", 4), 0);
    r.bytes = (const char *)r.packet.data;
    int version, arity;
    long ref;
    char tag[MAXATOMLEN];
    assert_int_equal(ei_decode_version(r.bytes, &r.at, &version), 0);
    assert_int_equal(ei_decode_tuple_header(r.bytes, &r.at, &arity), 0);
    assert_int_equal(ei_decode_long(r.bytes, &r.at, &ref), 0);
    assert_int_equal(ref, 12);
    assert_int_equal(ei_decode_atom(r.bytes, &r.at, tag), 0);
    assert_string_equal(tag, "ok");
    return r;
}

/* Follows keys down to a value. */
static int at_path(const struct result *r, const char *first,
                   const char *second)
{
    int at = r->at;
    assert_true(at_key(r->bytes, &at, "report"));
    assert_true(at_key(r->bytes, &at, first));
    if (second)
        assert_true(at_key(r->bytes, &at, second));
    return at;
}

static void is_integer(const char *bytes, int at, long wanted)
{
    long value;
    assert_int_equal(ei_decode_long(bytes, &at, &value), 0);
    assert_int_equal(value, wanted);
}

static void is_text(const char *bytes, int at, const char *wanted)
{
    char text[64] = "";
    long len;
    int type, size;
    assert_int_equal(ei_get_type(bytes, &at, &type, &size), 0);
    assert_true(size < (int)sizeof(text));
    assert_int_equal(ei_decode_binary(bytes, &at, text, &len), 0);
    assert_string_equal(text, wanted);
}

static void is_text_at(const struct result *r, int map, const char *key,
                       const char *wanted)
{
    assert_true(at_key(r->bytes, &map, key));
    is_text(r->bytes, map, wanted);
}

static void is_integer_at(const struct result *r, int map, const char *key,
                          long wanted)
{
    assert_true(at_key(r->bytes, &map, key));
    is_integer(r->bytes, map, wanted);
}

static void is_atom_at(const struct result *r, int map, const char *key,
                       const char *wanted)
{
    char atom[MAXATOMLEN];
    assert_true(at_key(r->bytes, &map, key));
    assert_int_equal(ei_decode_atom(r->bytes, &map, atom), 0);
    assert_string_equal(atom, wanted);
}

static void the_term_is_well_formed(void **state)
{
    (void)state;
    struct profile *p = profile_with_two_functions();
    struct result r = result_of(p);
    int at = 4, version;
    assert_int_equal(ei_decode_version(r.bytes, &at, &version), 0);
    assert_int_equal(ei_skip_term(r.bytes, &at), 0);
    assert_int_equal(at, r.packet.len);
    at = r.at;
    assert_true(at_key(r.bytes, &at, "recording"));
    char recording[8];
    long len;
    assert_int_equal(ei_decode_binary(r.bytes, &at, recording, &len), 0);
    assert_int_equal(len, 4);
    assert_memory_equal(recording, "\0rec", 4);
    buffer_deinit(&r.packet);
    profile_destroy(p);
}

static void functions_are_rows_with_all_their_keys(void **state)
{
    (void)state;
    struct profile *p = profile_with_two_functions();
    struct result r = result_of(p);
    int at = at_path(&r, "functions", NULL), count;
    assert_int_equal(ei_decode_list_header(r.bytes, &at, &count), 0);
    assert_int_equal(count, 2);
    is_text_at(&r, at, "name", "lists:seq/2");
    is_text_at(&r, at, "module", "lists");
    is_text_at(&r, at, "function", "seq");
    is_text_at(&r, at, "file", "lists.erl");
    is_integer_at(&r, at, "arity", 2);
    is_integer_at(&r, at, "line", 123);
    is_integer_at(&r, at, "self", 3);
    is_integer_at(&r, at, "own", 4);
    is_integer_at(&r, at, "own_c", 1);
    is_integer_at(&r, at, "total", 4);
    double percent;
    int value = at;
    assert_true(at_key(r.bytes, &value, "self_pct"));
    assert_int_equal(ei_decode_double(r.bytes, &value, &percent), 0);
    assert_true(percent > 74.9 && percent < 75.1);
    assert_int_equal(ei_skip_term(r.bytes, &at), 0);
    is_text_at(&r, at, "name", "memcpy");
    is_atom_at(&r, at, "arity", "nil");
    is_atom_at(&r, at, "kind", "native");
    is_integer_at(&r, at, "self", 1);
    buffer_deinit(&r.packet);
    profile_destroy(p);
}

static void processes_states_counters_and_notes_are_there(void **state)
{
    (void)state;
    struct profile *p = profile_with_two_functions();
    struct result r = result_of(p);
    int at = at_path(&r, "processes", NULL), count;
    assert_int_equal(ei_decode_list_header(r.bytes, &at, &count), 0);
    assert_int_equal(count, 1);
    is_text_at(&r, at, "pid", "<0.99.0>");
    is_text_at(&r, at, "name", "shop");
    is_text_at(&r, at, "initial_call", "shop:init/1");
    is_text_at(&r, at, "label", "till 7");
    is_text_at(&r, at, "application", "shops");
    is_text_at(&r, at, "parent", "shop_sup");
    is_text_at(&r, at, "child_id", "till_7");
    is_integer_at(&r, at, "processes", 1);
    is_integer_at(&r, at, "samples", 4);
    is_integer(r.bytes, at_path(&r, "states", "running"), 4);
    is_integer(r.bytes, at_path(&r, "states", "scheduler"), 1);
    is_integer(r.bytes, at_path(&r, "leaf_kinds", "erlang"), 3);
    is_integer(r.bytes, at_path(&r, "counters", "samples"), 5);
    is_integer(r.bytes, at_path(&r, "counters", "lost"), 0);
    is_integer(r.bytes, at_path(&r, "meta", "pid"), 4711);
    at = at_path(&r, "meta", "notes");
    assert_int_equal(ei_decode_list_header(r.bytes, &at, &count), 0);
    assert_int_equal(count, 2);
    is_text(r.bytes, at, "one thing is missing");
    buffer_deinit(&r.packet);
    profile_destroy(p);
}

static void an_empty_profile_is_a_result_too(void **state)
{
    (void)state;
    struct profile *p;
    assert_int_equal(profile_create(&p), 0);
    struct result r = result_of(p);
    int at = at_path(&r, "functions", NULL), count;
    assert_int_equal(ei_decode_list_header(r.bytes, &at, &count), 0);
    assert_int_equal(count, 0);
    buffer_deinit(&r.packet);
    profile_destroy(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_term_is_well_formed),
        cmocka_unit_test(functions_are_rows_with_all_their_keys),
        cmocka_unit_test(processes_states_counters_and_notes_are_there),
        cmocka_unit_test(an_empty_profile_is_a_result_too),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
