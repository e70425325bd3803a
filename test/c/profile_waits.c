#include "test.h"

#include <stdio.h>
#include <string.h>

#include "profile/waits.h"

#define S(n) ((uint64_t)(n)*1000000000)

static struct profile *p;

static int64_t frame(const char *module, const char *name)
{
    const struct frame f = {.kind = *module ? FRAME_ERLANG : FRAME_RUNTIME,
                            .name = name,
                            .module = module,
                            .function = name,
                            .arity = FRAME_NO_ARITY,
                            .file = ""};
    return profile_frame(p, &f);
}

static uint32_t process(const char *pid, const char *name)
{
    int64_t id = profile_process(p, pid, name, "", "", "");
    assert_true(id >= 0);
    return (uint32_t)id;
}

/* `who` is in `site` for that long; leaf NULL: it runs there. */
static void spends(uint32_t who, const char *site, const char *leaf,
                   uint64_t seconds)
{
    int64_t stack =
        profile_stack(p, PROFILE_NONE, (uint32_t)frame("shop", site));
    if (leaf)
        stack = profile_stack(p, (uint32_t)stack, (uint32_t)frame("", leaf));
    assert_true(stack >= 0);
    const struct profile_sample s = {.stack = (uint32_t)stack,
                                     .process = who,
                                     .thread = PROFILE_NONE,
                                     .state =
                                         leaf ? STATE_BLOCKED : STATE_RUNNING};
    const uint64_t values[] = {S(seconds), seconds};
    assert_int_equal(profile_add(p, &s, values), 0);
}

static int begin(void **state)
{
    (void)state;
    static const struct value_texts values[] = {VALUE_WALL, VALUE_SAMPLES};
    int err = profile_create(&p) || profile_set_values(p, values, 2);
    if (!err)
        profile_counters_edit(p)->ticks = 100;
    return err;
}

static int end(void **state)
{
    (void)state;
    profile_destroy(p);
    return 0;
}

static void assert_name(const struct waits_row *row, const char *want)
{
    assert_string_equal(row->name, want);
}

static void a_chain(void **state)
{
    (void)state;
    uint32_t db = process("<0.9.0>", "db"), stock = process("<0.8.0>", "");
    for (unsigned i = 0; i < 5; i++) {
        char pid[16];
        snprintf(pid, sizeof(pid), "<0.%u.0>", 20 + i);
        spends(process(pid, ""), i < 3 ? "buy" : "look",
               "[waits for <0.8.0> (stock)]", 10);
    }
    spends(stock, "count", "[waits for db]", 9);
    spends(stock, "count", NULL, 1);
    spends(db, "query", NULL, 10);

    struct waits w;
    assert_int_equal(waits_find(p, &w), 0);
    assert_int_equal(w.count, 2);
    assert_name(&w.rows[0], "<0.8.0> (stock)");
    assert_true(w.rows[0].ns == S(50));
    assert_int_equal(w.rows[0].site_count, 2);
    assert_true(w.rows[0].sites[0].ns == S(30));
    assert_true(w.rows[0].own_ns == S(10));
    assert_true(w.rows[0].own_by_state[STATE_BLOCKED] == S(9));
    assert_int_equal(w.rows[0].waits_for, 1);
    assert_true(w.rows[0].waits_for_ns == S(9));
    assert_name(&w.rows[1], "db");
    assert_int_equal(w.rows[1].waits_for, PROFILE_NONE);

    struct waits_cause c = waits_explain(&w, S(10));
    assert_int_equal(c.row, 1);
    assert_int_equal(c.length, 2);
    assert_int_equal(c.circle, 0);
    assert_int_equal(waits_explain(&w, S(101)).row, PROFILE_NONE);
    waits_deinit(&w);
}

static void a_circle(void **state)
{
    (void)state;
    uint32_t left = process("<0.1.0>", "left");
    uint32_t right = process("<0.2.0>", "right");
    spends(left, "a", "[waits for right]", 10);
    spends(right, "b", "[waits for left]", 10);
    struct waits w;
    assert_int_equal(waits_find(p, &w), 0);
    struct waits_cause c = waits_explain(&w, S(10));
    assert_int_equal(c.circle, 2);
    assert_int_equal(c.length, 2);
    assert_true(c.deadlock);
    waits_deinit(&w);
}

static void nobody(void **state)
{
    (void)state;
    spends(process("<0.1.0>", ""), "a", NULL, 10);
    struct waits w;
    assert_int_equal(waits_find(p, &w), 0);
    assert_int_equal(w.count, 0);
    assert_int_equal(waits_explain(&w, S(10)).row, PROFILE_NONE);
    waits_deinit(&w);
}

static void names_of_processes(void **state)
{
    (void)state;
    char text[WAITS_TEXT], longer[2000];
    memset(longer, 'x', sizeof(longer) - 1);
    longer[sizeof(longer) - 1] = '\0';
    static const char *const cases[][4] = {
        {"db", "<0.1.0>", "a:b/1", "[waits for db]"},
        {"Elixir.Shop.Db", "", "", "[waits for Shop.Db]"},
        {"Elixir.db", "", "", "[waits for Elixir.db]"},
        {"<0.7.0>", "<0.1.0>", "", "[waits for '<0.7.0>']"},
        {"", "<0.1.0>", "", "[waits for <0.1.0>]"},
        {"", "<0.1.0>", "a:b/1", "[waits for <0.1.0> (a:b/1)]"},
        {"", "", "a:b/1", WAITS_UNKNOWN},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        waits_text(cases[i][0], cases[i][1], cases[i][2], text);
        assert_string_equal(text, cases[i][3]);
    }
    waits_text(longer, longer, longer, text);
    assert_int_equal(text[strlen(text) - 1], ']');
    waits_text("", longer, longer, text);
    assert_int_equal(text[strlen(text) - 1], ']');
}

/* In turn each waits for the next, so none of them stands still. */
static void a_circle_that_goes_on(void **state)
{
    (void)state;
    uint32_t a = process("<0.1.0>", "a"), b = process("<0.2.0>", "b");
    spends(process("<0.9.0>", ""), "c", "[waits for entry]", 20);
    spends(process("<0.8.0>", "entry"), "d", "[waits for a]", 10);
    spends(a, "a", "[waits for b]", 8);
    spends(a, "a", NULL, 2);
    spends(b, "b", "[waits for a]", 7);
    spends(b, "b", NULL, 3);
    struct waits w;
    assert_int_equal(waits_find(p, &w), 0);
    struct waits_cause c = waits_explain(&w, S(10));
    assert_name(&w.rows[c.first], "entry");
    assert_int_equal(c.length, 3);
    assert_int_equal(c.circle, 2);
    assert_name(&w.rows[c.row], "b");
    assert_false(c.deadlock);
    waits_deinit(&w);
}

static void is_waited_for(const char *leaf, uint32_t most)
{
    const struct frame f = {.kind = FRAME_RUNTIME,
                            .name = leaf,
                            .module = "",
                            .function = leaf,
                            .arity = FRAME_NO_ARITY,
                            .file = "",
                            .most = most};
    assert_true(profile_frame(p, &f) >= 0);
}

/* What is known of one process, by its pid and by its name, is of one row. */
static void the_most_that_wait_at_once(void **state)
{
    (void)state;
    process("<0.2.0>", "db");
    uint32_t asks = process("<0.9.0>", "");
    spends(asks, "a", "[waits for db]", 10);
    spends(asks, "a", "[waits for <0.2.0> (db:init/1)]", 3);
    is_waited_for("[waits for db]", 4);
    is_waited_for("[waits for db]", 2);
    is_waited_for("[waits for <0.2.0> (db:init/1)]", 7);
    for (int partial = 0; partial < 2; partial++) {
        struct waits w;
        profile_counters_edit(p)->partial = (uint64_t)partial;
        assert_int_equal(waits_find(p, &w), 0);
        assert_int_equal(w.count, 1);
        assert_int_equal(w.rows[0].most, partial ? 0 : 7);
        waits_deinit(&w);
    }
}

/* The first life of a server, its second, and the time before it had a name. */
static void one_name_is_one_row(void **state)
{
    (void)state;
    uint32_t first = process("<0.1.0>", "db"), then = process("<0.2.0>", "db");
    uint32_t asks = process("<0.9.0>", "");
    spends(asks, "a", "[waits for db]", 10);
    spends(asks, "a", "[waits for <0.2.0> (db:init/1)]", 3);
    spends(first, "x", NULL, 4);
    spends(then, "y", NULL, 6);
    struct waits w;
    assert_int_equal(waits_find(p, &w), 0);
    assert_int_equal(w.count, 1);
    assert_name(&w.rows[0], "db");
    assert_true(w.rows[0].ns == S(13) && w.rows[0].own_ns == S(10));
    assert_int_equal(w.rows[0].usual, STATE_RUNNING);
    assert_string_equal(
        profile_text(p, profile_function_at(p, w.rows[0].usual_function)->name),
        "y");
    waits_deinit(&w);
}

static void the_unknown_are_no_cause(void **state)
{
    (void)state;
    spends(process("<0.9.0>", ""), "a", WAITS_UNKNOWN, 20);
    spends(process("<0.8.0>", ""), "a", "[waits for db]", 10);
    struct waits w;
    assert_int_equal(waits_find(p, &w), 0);
    assert_true(w.rows[0].unknown);
    assert_name(&w.rows[waits_explain(&w, S(10)).first], "db");
    waits_deinit(&w);
}

/* A process may have a name that looks like a port. */
static void ports(void **state)
{
    (void)state;
    static const char *const names[][2] = {
        {"port", "[waits for 'port']"},
        {"socket", "[waits for 'socket']"},
        {"ports", "[waits for ports]"},
        {"port spawn sh", "[waits for 'port spawn sh']"},
    };
    char text[WAITS_TEXT];
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        waits_text(names[i][0], "", "", text);
        assert_string_equal(text, names[i][1]);
    }
    uint32_t who = process("<0.1.0>", "");
    spends(who, "a", "[waits for port spawn sh]", 10);
    spends(who, "b", "[waits for 'port']", 5);
    struct waits w;
    assert_int_equal(waits_find(p, &w), 0);
    assert_int_equal(w.count, 2);
    assert_name(&w.rows[0], "port spawn sh");
    assert_true(w.rows[0].port);
    assert_false(w.rows[1].port);
    waits_deinit(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_chain, begin, end),
        cmocka_unit_test_setup_teardown(a_circle, begin, end),
        cmocka_unit_test_setup_teardown(ports, begin, end),
        cmocka_unit_test_setup_teardown(a_circle_that_goes_on, begin, end),
        cmocka_unit_test_setup_teardown(the_most_that_wait_at_once, begin, end),
        cmocka_unit_test_setup_teardown(one_name_is_one_row, begin, end),
        cmocka_unit_test_setup_teardown(the_unknown_are_no_cause, begin, end),
        cmocka_unit_test_setup_teardown(nobody, begin, end),
        cmocka_unit_test_setup_teardown(names_of_processes, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
