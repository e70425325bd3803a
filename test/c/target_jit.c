/* The JIT list is followed while the node changes it: which code has which name
 * at which time. */
#include "jit_node.h"

#include "base/clock.h"

static void names_have_the_time_of_their_code(void **state)
{
    (void)state;
    struct jit_node *n = jit_node_new(0);
    struct jit *jit = jit_node_follow(n);
    uint64_t before = jit_read_at(jit);
    assert_int_equal(jit_module(jit, 0)->absent_at, 0);
    assert_string_equal(jit_node_name(jit, 0x1010, 1), "old");
    assert_int_equal(jit_changed(jit), 0);
    assert_string_equal(jit_node_name(jit, 0x1010, before), "old");

    jit_node_purge(n, 1);
    jit_node_load(n, 2, "new", 0x1000);
    assert_int_equal(jit_changed(jit), 1);
    uint64_t verified = jit_read_at(jit);
    assert_int_equal(jit_refresh(jit), 0);
    const struct jit_module *old = jit_module(jit, 0);
    const struct jit_module *new = jit_module(jit, 1);
    assert_int_equal(new->absent_at, verified);
    assert_int_equal(old->seen_until < old->gone_at, 1);
    assert_string_equal(jit_node_name(jit, 0x1010, verified), "old");
    assert_string_equal(jit_node_name(jit, 0x1010, verified + 1), "?");
    assert_string_equal(jit_node_name(jit, 0x1010, new->seen_from - 1), "?");
    assert_string_equal(jit_node_name(jit, 0x1010, new->seen_from), "new");
    assert_string_equal(jit_node_name(jit, 0x1010, new->seen_from + 1), "new");
    assert_string_equal(jit_node_name(jit, 0x1100, new->seen_from), "-");
    assert_string_equal(jit_node_name(jit, 0xfff, new->seen_from), "-");
    assert_true(jit_contains(jit, 0x10ff) && !jit_contains(jit, 0x1100));
    assert_int_equal(jit_counters(jit).loaded, 1);
    assert_int_equal(jit_counters(jit).removed, 1);
    jit_close(jit);
    jit_node_free(n);
}

static void a_removed_module_has_no_successor(void **state)
{
    (void)state;
    struct jit_node *n = jit_node_new(0);
    jit_node_load(n, 2, "keep", 0x3000);
    struct jit *jit = jit_node_follow(n);
    uint64_t before = jit_read_at(jit);
    jit_node_purge(n, 1);
    assert_int_equal(jit_refresh(jit), 0);
    const struct jit_module *old = jit_module(jit, 0);
    assert_string_equal(old->name, "old");
    assert_string_equal(jit_node_name(jit, 0x1010, before), "old");
    assert_string_equal(jit_node_name(jit, 0x1010, old->gone_at), "old");
    assert_string_equal(jit_node_name(jit, 0x1010, old->gone_at + 1), "-");
    assert_string_equal(jit_node_name(jit, 0x3010, old->gone_at + 1), "keep");
    assert_true(jit_module(jit, 1)->gone_at == JIT_FOREVER);
    jit_close(jit);
    jit_node_free(n);
}

/* Code that came and went between two reads may have been anywhere that code
 * came or went: a sole candidate is not the answer then. */
static void loads_and_purges_between_reads_leave_doubt(void **state)
{
    (void)state;
    struct jit_node *n = jit_node_new(0);
    struct jit *jit = jit_node_follow(n);
    jit_node_load(n, 2, "calm", 0x2000);
    assert_int_equal(jit_refresh(jit), 0);
    const struct jit_module *calm = jit_module(jit, 1);
    assert_string_equal(jit_node_name(jit, 0x2010, calm->seen_from - 1),
                        "calm");
    jit_node_purge(n, 1);
    jit_node_load(n, 3, "raced", 0x3000);
    assert_int_equal(jit_refresh(jit), 0);
    const struct jit_module *old = jit_module(jit, 0);
    const struct jit_module *raced = jit_module(jit, 2);
    assert_string_equal(jit_node_name(jit, 0x3010, raced->seen_from - 1), "?");
    assert_string_equal(jit_node_name(jit, 0x3010, raced->seen_from), "raced");
    assert_string_equal(jit_node_name(jit, 0x1010, old->seen_until), "old");
    assert_string_equal(jit_node_name(jit, 0x1010, old->gone_at), "?");
    assert_string_equal(jit_node_name(jit, 0x2010, old->gone_at), "calm");
    jit_close(jit);
    jit_node_free(n);
}

/* OTP 25 never unlinks an entry. */
static void the_newest_of_overlapping_modules_wins(void **state)
{
    (void)state;
    struct jit_node *n = jit_node_new(0);
    struct jit *jit = jit_node_follow(n);
    uint64_t before = jit_read_at(jit);
    jit_node_load(n, 2, "half", 0x1080);
    jit_node_load(n, 3, "last", 0x1000);
    assert_int_equal(jit_refresh(jit), 0);
    uint64_t after = jit_module(jit, 2)->seen_from;
    assert_string_equal(jit_module(jit, 2)->name, "last");
    assert_string_equal(jit_node_name(jit, 0x1010, before), "old");
    assert_string_equal(jit_node_name(jit, 0x1010, before + 1), "?");
    assert_string_equal(jit_node_name(jit, 0x1010, after), "last");
    assert_string_equal(jit_node_name(jit, 0x1090, after), "last");
    assert_string_equal(jit_node_name(jit, 0x1110, after), "half");
    jit_close(jit);
    jit_node_free(n);
}

static void a_freed_place_can_be_taken_by_other_code(void **state)
{
    (void)state;
    struct jit_node *n = jit_node_new(0);
    jit_node_load_as(n, 2, 0x2000, "m:f1/0");
    struct jit *jit = jit_node_follow(n);
    uint64_t then = jit_read_at(jit);
    jit_node_purge(n, 2);
    jit_node_load_as(n, 2, 0x2000, "m:f2/0");
    assert_int_equal(jit_changed(jit), 1);
    assert_int_equal(jit_refresh(jit), 0);
    const struct jit_module *m = jit_module(jit, 2);
    assert_string_equal(jit_node_function(jit, 0x2040, then), "m:f1/0");
    assert_string_equal(jit_node_function(jit, 0x2040, m->absent_at + 1), "?");
    assert_string_equal(jit_node_function(jit, 0x2040, m->seen_from), "m:f2/0");
    jit_close(jit);
    jit_node_free(n);
}

/* Two reloads, the purged versions' places taken again: no pointer at the
 * head differs, and behind it stands a second one like that. */
static void reloads_in_two_places_are_seen(void **state)
{
    (void)state;
    struct jit_node *n = jit_node_new(0);
    jit_node_load_as(n, 2, 0x2000, "m:f1/0");
    jit_node_load_as(n, 3, 0x3000, "m:f2/0");
    struct jit *jit = jit_node_follow(n);
    jit_node_purge(n, 2);
    jit_node_load_as(n, 2, 0x2000, "m:f3/0");
    jit_node_purge(n, 3);
    jit_node_load_as(n, 3, 0x3000, "m:f4/0");
    assert_int_equal(jit_changed(jit), 1);
    assert_int_equal(jit_refresh(jit), 0);
    assert_int_equal(jit_counters(jit).loaded, 2);
    assert_int_equal(jit_counters(jit).removed, 2);
    uint64_t now = jit_module(jit, 4)->seen_from;
    assert_string_equal(jit_node_function(jit, 0x2040, now), "m:f3/0");
    assert_string_equal(jit_node_function(jit, 0x3040, now), "m:f4/0");
    assert_string_equal(jit_node_name(jit, 0x1010, now - 1), "old");
    jit_close(jit);
    jit_node_free(n);
}

/* The very same code again, but linked after code that was loaded meanwhile:
 * it was gone in between. All others are as they were. */
static void an_entry_that_moved_is_another_one(void **state)
{
    (void)state;
    struct jit_node *n = jit_node_new(0);
    for (int slot = 2; slot < 20; slot++)
        jit_node_load(n, slot, "other", 0x2000 + 0x100 * (uint64_t)slot);
    struct jit *jit = jit_node_follow(n);
    jit_node_purge(n, 1);
    jit_node_load(n, 1, "old", 0x1000);
    assert_int_equal(jit_refresh(jit), 0);
    assert_int_equal(jit_counters(jit).loaded, 1);
    assert_int_equal(jit_counters(jit).removed, 1);
    const struct jit_module *again = jit_module(jit, 19);
    assert_string_equal(jit_node_name(jit, 0x1010, again->seen_from - 1), "?");
    assert_string_equal(jit_node_name(jit, 0x1010, again->seen_from), "old");
    jit_close(jit);
    jit_node_free(n);
}

static void unchanged_entries_are_not_parsed_again(void **state)
{
    (void)state;
    struct jit_node *n = jit_node_new(0);
    struct jit *jit = jit_node_follow(n);
    const struct jit_module *old = jit_module(jit, 0);
    jit_node_load(n, 2, "new", 0x2000);
    assert_int_equal(jit_refresh(jit), 0);
    assert_int_equal(jit_refresh(jit), 0);
    assert_int_equal(jit_module_count(jit), 2);
    assert_ptr_equal(jit_module(jit, 0), old);
    assert_int_equal(jit_counters(jit).reads, 3);
    assert_true(jit_frame_pointers(jit));
    assert_int_equal(jit_normal_exit(jit), 0x7000);
    jit_close(jit);
    jit_node_free(n);
}

/* OTP 25 after 100,000 reloads: one place, and one module beside it. */
static void a_hundred_thousand_dead_modules_cost_nothing(void **state)
{
    (void)state;
    enum { DEAD = 100000, LOOKUPS = 200000 };
    size_t room = 256;
    struct jit_node *n = jit_node_new(JIT_SLOT * 4 + room * DEAD);
    struct buffer b;
    buffer_init(&b, 1 << 20);
    put_simple(&b, "again", 0x2000);
    for (size_t i = 0; i < DEAD; i++)
        jit_node_link_in(n, jit_node_slot(3) + room * i, &b);
    uint64_t at = clock_now_ns();
    struct jit *jit = jit_node_follow(n);
    uint64_t opened = clock_now_ns();
    assert_int_equal(jit_refresh(jit), 0);
    uint64_t refreshed = clock_now_ns();
    assert_int_equal(jit_module_count(jit), DEAD + 1);
    for (size_t i = 0; i < LOOKUPS; i++) {
        const struct jit_module *m;
        uint64_t addr = i % 2 ? 0x1010 : 0x2010;
        assert_int_equal(jit_find(jit, addr, refreshed, &m), 0);
        assert_int_equal(m->id, i % 2 ? 0 : DEAD);
    }
    uint64_t found = clock_now_ns();
    print_message("100k dead: open %.0f ms, refresh %.0f ms, find %.0f ns\n",
                  (opened - at) / 1e6, (refreshed - opened) / 1e6,
                  (found - refreshed) / (double)LOOKUPS);
    jit_close(jit);
    buffer_deinit(&b);
    jit_node_free(n);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_have_the_time_of_their_code),
        cmocka_unit_test(a_removed_module_has_no_successor),
        cmocka_unit_test(loads_and_purges_between_reads_leave_doubt),
        cmocka_unit_test(the_newest_of_overlapping_modules_wins),
        cmocka_unit_test(a_freed_place_can_be_taken_by_other_code),
        cmocka_unit_test(reloads_in_two_places_are_seen),
        cmocka_unit_test(an_entry_that_moved_is_another_one),
        cmocka_unit_test(unchanged_entries_are_not_parsed_again),
        cmocka_unit_test(a_hundred_thousand_dead_modules_cost_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
