#include "profile_make.h"

#include <errno.h>

static void the_same_things_have_the_same_id(void **state)
{
    (void)state;
    struct profile *p = make_profile();
    assert_int_equal(profile_string(p, ""), 0);
    uint32_t a = made(profile_string(p, "lists"));
    assert_int_equal(profile_string_n(p, "lists:seq", 5), a);
    assert_int_equal(make_stack(p, "a;b;c"), make_stack(p, "a;b;c"));
    assert_int_not_equal(make_stack(p, "a;b;c"), make_stack(p, "a;c;b"));
    assert_int_equal(profile_process(p, "<0.1.0>", "x", "m:f/1", "", ""),
                     profile_process(p, "<0.1.0>", "x", "m:f/1", "", ""));
    assert_int_not_equal(profile_thread(p, 7, "a"), profile_thread(p, 8, "a"));
    assert_int_equal(profile_thread_count(p), 2);
    profile_destroy(p);
}

static const struct profile_process *process_at(const struct profile *p,
                                                uint32_t id)
{
    return profile_process_at(p, id);
}

static void a_process_may_be_described_later(void **state)
{
    (void)state;
    struct profile *p = make_profile();
    const char *raw = "proc_lib:init_p/5";
    uint32_t a = made(profile_process(p, "<0.1.0>", "", raw, "", ""));
    uint32_t b = made(profile_process(p, "<0.2.0>", "b", raw, "", ""));
    uint32_t c = made(profile_process(p, "<0.1.0>", "late", raw, "", ""));
    const struct process_texts said = {"<0.1.0>", "",      "m:init/1", "job",
                                       "app",     "m_sup", "m_1"};
    assert_false(profile_is_described(p, a));
    assert_int_equal(profile_describe_process(p, &said), 0);
    assert_true(profile_is_described(p, a));
    assert_false(profile_is_described(p, b));
    const uint32_t ids[] = {a, c};
    for (size_t i = 0; i < 2; i++) {
        const struct profile_process *q = process_at(p, ids[i]);
        assert_string_equal(profile_text(p, q->pid), "<0.1.0>");
        assert_string_equal(profile_text(p, q->initial_call), "m:init/1");
        assert_string_equal(profile_text(p, q->label), "job");
        assert_string_equal(profile_text(p, q->application), "app");
        assert_string_equal(profile_text(p, q->parent), "m_sup");
        assert_string_equal(profile_text(p, q->child), "m_1");
    }
    /* What is not said stays, and so do the others and all ids. */
    assert_string_equal(profile_text(p, process_at(p, c)->name), "late");
    assert_string_equal(profile_text(p, process_at(p, b)->initial_call), raw);
    assert_int_equal(profile_process(p, "<0.1.0>", "", raw, "", ""), a);
    assert_int_equal(profile_process(p, "<0.1.0>", "late", raw, "", ""), c);
    assert_int_equal(profile_process_count(p), 3);
    profile_destroy(p);
}

static void only_a_known_pid_can_be_described(void **state)
{
    (void)state;
    struct profile *p = make_profile();
    struct process_texts said = {.pid = "<0.1.0>", .label = "job"};
    assert_int_equal(profile_describe_process(p, &said), -E_NOT_FOUND);
    uint32_t crowd = made(profile_process(p, "", "", "m:f/1", "", ""));
    said.pid = "";
    assert_int_equal(profile_describe_process(p, &said), -E_NOT_FOUND);
    assert_int_equal(process_at(p, crowd)->label, 0);
    assert_int_equal(profile_process_count(p), 1);
    profile_destroy(p);
}

static void lines_are_frames_of_one_function(void **state)
{
    (void)state;
    struct profile *p = make_profile();
    make_stack(p, "a:1;a:2;a:1");
    assert_int_equal(profile_function_count(p), 1);
    assert_int_equal(profile_frame_count(p), 2);
    assert_int_equal(profile_stack_count(p), 3);
    assert_int_equal(profile_stack_at(p, 2)->depth, 3);
    assert_int_equal(profile_stack_at(p, 2)->parent, 1);
    assert_int_equal(profile_stack_at(p, 0)->parent, PROFILE_NONE);
    profile_destroy(p);
}

static void rows_add_up_and_never_wrap(void **state)
{
    (void)state;
    struct profile *p = make_profile();
    uint32_t stack = make_stack(p, "a");
    make_sample(p, stack, PROFILE_NONE, STATE_RUNNING, 2);
    make_sample(p, stack, PROFILE_NONE, STATE_RUNNING, 3);
    make_sample(p, stack, PROFILE_NONE, STATE_GC, 1);
    assert_int_equal(profile_sample_count(p), 2);
    assert_int_equal(profile_weight(p, 0), 5);
    assert_int_equal(profile_value(p, 0, 1), 5000);
    make_sample(p, stack, PROFILE_NONE, STATE_GC, UINT64_MAX);
    assert_true(profile_weight(p, 1) == UINT64_MAX);
    profile_destroy(p);
}

static void rows_count_up_to_sixteen_types(void **state)
{
    (void)state;
    struct profile *p = make_profile();
    const struct value_texts types[17] = {
        {"a", "x"}, {"b", "x"}, {"a", "y"}, {"c", "x"}, {"d", "x"}, {"e", "x"},
        {"f", "x"}, {"g", "x"}, {"h", "x"}, {"i", "x"}, {"j", "x"}, {"k", "x"},
        {"l", "x"}, {"m", "x"}, {"n", "x"}, {"o", "x"}, {"p", "x"}};
    const uint64_t values[16] = {1, 2,  3,  4,  5,  6,  7,  8,
                                 9, 10, 11, 12, 13, 14, 15, UINT64_MAX};
    struct profile_sample s = {
        make_stack(p, "a"), PROFILE_NONE, PROFILE_NONE, STATE_RUNNING, 0, 0};
    assert_int_equal(profile_set_values(p, types, 0), -EINVAL);
    assert_int_equal(profile_set_values(p, types, 17), -EINVAL);
    assert_int_equal(profile_value_count(p), 2);
    assert_int_equal(profile_set_values(p, types, 16), 0);
    for (s.bucket = 0; s.bucket < 1000; s.bucket++) {
        assert_int_equal(profile_add(p, &s, values), 0);
        assert_int_equal(profile_add(p, &s, values), 0);
    }
    for (uint32_t i = 0; i < 1000; i++) {
        for (uint32_t v = 0; v < 15; v++)
            assert_int_equal(profile_value(p, i, v), 2 * values[v]);
        assert_true(profile_value(p, i, 15) == UINT64_MAX);
    }
    assert_int_equal(profile_find_value(p, types[2]), 2);
    assert_true(profile_find_value(p, types[16]) == PROFILE_NONE);
    assert_int_equal(profile_value(p, 0, PROFILE_NONE), 0);
    assert_int_equal(profile_set_values(p, types, 1), -EINVAL);
    profile_destroy(p);
}

static void ids_of_nothing_are_refused(void **state)
{
    (void)state;
    struct profile *p = make_profile();
    uint32_t stack = make_stack(p, "a");
    assert_true(profile_stack(p, PROFILE_NONE, 1) < 0);
    assert_true(profile_stack(p, stack + 1, 0) < 0);
    struct profile_sample s = {
        .stack = stack, .process = 0, .thread = PROFILE_NONE};
    const uint64_t values[] = {1, 0};
    assert_true(profile_add(p, &s, values) < 0);
    s.process = PROFILE_NONE;
    s.state = STATE_COUNT;
    assert_true(profile_add(p, &s, values) < 0);
    assert_int_equal(profile_sample_count(p), 0);
    profile_destroy(p);
}

/* What bytes an interned text has. */
static void assert_text(const char *bytes, size_t len, const char *expected)
{
    struct profile *p = make_profile();
    uint32_t id = made(profile_string_n(p, bytes, len));
    assert_string_equal(profile_text(p, id), expected);
    profile_destroy(p);
}

static void texts_are_always_utf8(void **state)
{
    (void)state;
#define BAD "\xef\xbf\xbd"
    assert_text("na\xc3\xafve \xe2\x82\xac \xf0\x9f\x98\x80", 15,
                "na\xc3\xafve \xe2\x82\xac \xf0\x9f\x98\x80");
    assert_text("a\0b", 3, "a" BAD "b");
    assert_text("\xff", 1, BAD);
    assert_text("\xc3", 1, BAD);                 /* cut */
    assert_text("\xc0\x80", 2, BAD BAD);         /* overlong */
    assert_text("\xe0\x80\x80", 3, BAD BAD BAD); /* overlong */
    assert_text("\xed\xa0\x80", 3, BAD BAD BAD); /* half a surrogate pair */
    assert_text("\xf4\x90\x80\x80", 4, BAD BAD BAD BAD); /* too high */
#undef BAD
}

static void texts_stay_where_they_are(void **state)
{
    (void)state;
    struct profile *p = make_profile();
    const char *first = profile_text(p, made(profile_string(p, "first")));
    for (int i = 0; i < 100000; i++) {
        char text[32];
        snprintf(text, sizeof(text), "text number %d", i);
        made(profile_string(p, text));
    }
    assert_ptr_equal(first, profile_text(p, made(profile_string(p, first))));
    assert_string_equal(first, "first");
    profile_destroy(p);
}

static void a_note_is_noted_once(void **state)
{
    (void)state;
    struct profile *p = make_profile();
    assert_int_equal(profile_note(p, "no kernel symbols"), 0);
    assert_int_equal(profile_note(p, "no kernel"), 0);
    assert_int_equal(profile_note(p, "no kernel symbols"), 0);
    assert_int_equal(profile_note(p, "no kernel"), 0);
    assert_string_equal(profile_text(p, profile_meta(p)->notes),
                        "no kernel symbols\nno kernel");
    profile_destroy(p);
}

static void names_of_states_and_kinds_parse_back(void **state)
{
    (void)state;
    for (int i = 0; i < STATE_COUNT; i++) {
        enum sample_state parsed;
        const char *name = state_name((enum sample_state)i);
        assert_int_equal(state_parse(name, &parsed), 0);
        assert_int_equal(parsed, i);
    }
    for (int i = 0; i < FRAME_KIND_COUNT; i++) {
        enum frame_kind parsed;
        const char *name = frame_kind_name((enum frame_kind)i);
        assert_int_equal(frame_kind_parse(name, &parsed), 0);
        assert_int_equal(parsed, i);
    }
    enum sample_state s;
    assert_int_equal(state_parse("runnin", &s), -E_FORMAT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_same_things_have_the_same_id),
        cmocka_unit_test(a_process_may_be_described_later),
        cmocka_unit_test(only_a_known_pid_can_be_described),
        cmocka_unit_test(lines_are_frames_of_one_function),
        cmocka_unit_test(rows_add_up_and_never_wrap),
        cmocka_unit_test(rows_count_up_to_sixteen_types),
        cmocka_unit_test(ids_of_nothing_are_refused),
        cmocka_unit_test(texts_are_always_utf8),
        cmocka_unit_test(texts_stay_where_they_are),
        cmocka_unit_test(a_note_is_noted_once),
        cmocka_unit_test(names_of_states_and_kinds_parse_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
