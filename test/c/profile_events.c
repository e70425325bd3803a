/* Recordings of several events. */
#include <errno.h>

#include "profile_random.h"
#include "two_events.h"

#include "profile/filter.h"
#include "profile/merge.h"
#include "profile/summary.h"
#include "profile/waits.h"

static void names(void **state)
{
    (void)state;
    enum event event;
    assert_int_equal(event_parse("wall", &event), 0);
    assert_int_equal(event, EVENT_WALL);
    assert_string_equal(event_name(event), "wall");
    assert_int_equal(event_parse("wal", &event), -E_FORMAT);
    assert_int_equal(event_parse("", &event), -E_FORMAT);
    assert_int_equal(event_parse("wall,cpu", &event), -E_FORMAT);
    unsigned set;
    assert_int_equal(event_parse_set("wall,cpu", &set), 0);
    assert_int_equal(set, EVENT_SET(EVENT_CPU) | EVENT_SET(EVENT_WALL));
    assert_int_equal(event_parse_set("alloc", &set), 0);
    assert_int_equal(set, EVENT_SET(EVENT_ALLOC));
    assert_int_equal(event_parse_set("cpu,cpu", &set), -EALREADY);
    assert_int_equal(event_parse_set("cpu,lock", &set), -E_FORMAT);
    assert_int_equal(event_parse_set("", &set), -E_FORMAT);
    assert_int_equal(set, EVENT_SET(EVENT_ALLOC));
}

static void each_has_its_own_rows_and_facts(void **state)
{
    (void)state;
    struct two_events t = two_events_make();
    const struct profile *wall = profile_next(t.both);
    assert_null(profile_next(wall));
    assert_int_equal(profile_events(t.both), 3);
    assert_int_equal(profile_event(t.both), EVENT_CPU);
    assert_int_equal(profile_event(wall), EVENT_WALL);
    assert_false(profile_is_wall(t.both));
    assert_true(profile_is_wall(wall));
    assert_same_profile(t.both, t.cpu);
    assert_same_profile(wall, t.wall);
    /* The same processes have the same ids. */
    assert_int_equal(profile_process_count(wall), 3);
    assert_int_equal(profile_process_count(t.both), 3);
    assert_int_equal(profile_sample_at(wall, 2)->process,
                     profile_sample_at(t.both, 0)->process);
    two_events_free(&t);
}

/* Which event a profile is of shows in its values. */
static void other_values_are_of_no_event(void **state)
{
    (void)state;
    static const struct value_texts heap[] = {{"alloc_space", "bytes"}};
    static const struct value_texts time[] = {VALUE_CPU};
    struct profile *p = make_profile();
    assert_int_equal(profile_event(p), EVENT_CPU);
    assert_int_equal(profile_set_values(p, heap, 1), 0);
    assert_int_equal(profile_event(p), EVENT_COUNT);
    assert_int_equal(profile_events(p), 0);
    assert_int_equal(profile_set_values(p, time, 1), 0);
    assert_int_equal(profile_event(p), EVENT_CPU);
    profile_destroy(p);
}

static void one_of_them_is_as_if_recorded_alone(void **state)
{
    (void)state;
    struct two_events t = two_events_make();
    for (int i = EVENT_CPU; i <= EVENT_WALL; i++) {
        const struct profile *alone = i == EVENT_CPU ? t.cpu : t.wall;
        const struct filter f = {.events = EVENT_SET(i)};
        struct profile *out;
        assert_int_equal(filter_apply(t.both, &f, &out), 0);
        assert_null(profile_next(out));
        assert_same_profile(out, alone);
        /* Nothing of the other one is left. */
        assert_int_equal(profile_stack_count(out), profile_stack_count(alone));
        assert_int_equal(profile_process_count(out),
                         profile_process_count(alone));
        profile_destroy(out);
        assert_int_equal(
            filter_apply(i == EVENT_CPU ? t.wall : t.cpu, &f, &out),
            -E_NO_EVENT);
    }
    two_events_free(&t);
}

static void a_filter_is_for_all_events(void **state)
{
    (void)state;
    struct two_events t = two_events_make();
    const char *till = "till";
    const struct filter f = {.processes = &till, .process_count = 1};
    struct profile *out, *cpu, *wall;
    assert_int_equal(filter_apply(t.both, &f, &out), 0);
    assert_int_equal(filter_apply(t.cpu, &f, &cpu), 0);
    assert_int_equal(filter_apply(t.wall, &f, &wall), 0);
    assert_same_profile(out, cpu);
    assert_same_profile(two_at(out, 1), wall);
    assert_int_equal(profile_process_count(out), 1);
    profile_destroy(out);
    profile_destroy(cpu);
    profile_destroy(wall);
    two_events_free(&t);
}

/* A state that a filter makes count still does when events are separated. */
static void what_counts_stays(void **state)
{
    (void)state;
    struct two_events t = two_events_make();
    const struct filter f = {.states = 1u << STATE_IDLE};
    struct filter_parts parts;
    struct profile *out;
    struct summary s;
    assert_int_equal(filter_apply(t.both, &f, &out), 0);
    assert_int_equal(filter_split(out, &parts), 0);
    assert_int_equal(parts.count, 2);
    assert_int_equal(summary_compute(parts.list[1], &s), 0);
    assert_true(s.counted == 10000000000);
    summary_deinit(&s);
    filter_parts_deinit(&parts);
    profile_destroy(out);
    two_events_free(&t);
}

static void one_event_is_not_copied(void **state)
{
    (void)state;
    struct two_events t = two_events_make();
    struct filter_parts parts;
    assert_int_equal(filter_split(t.wall, &parts), 0);
    assert_int_equal(parts.count, 1);
    assert_ptr_equal(parts.list[0], t.wall);
    filter_parts_deinit(&parts);
    two_events_free(&t);
}

/* A row that stands for many processes stands for those of its event. */
static void crowds_are_counted_by_event(void **state)
{
    (void)state;
    struct profile *p = make_profile(), *wall, *out;
    assert_int_equal(profile_add_event(p, two_wall, 2, &wall), 0);
    uint32_t crowd = two_process(p, "", "");
    assert_int_equal(profile_set_members(p, crowd, 5), 0);
    assert_int_equal(profile_set_members(wall, crowd, 7000), 0);
    two_add(p, "E a", crowd, STATE_RUNNING, 1, 1);
    two_add(wall, "E a", crowd, STATE_WAITING, 1, 1);
    const struct filter f = {.focus = "a"};
    assert_int_equal(filter_apply(p, &f, &out), 0);
    assert_int_equal(profile_members(out, 0), 5);
    assert_int_equal(profile_members(two_at(out, 1), 0), 7000);
    profile_destroy(out);
    profile_destroy(p);
}

/* Who is waited for is known from process time alone. */
static void waits_are_those_of_process_time(void **state)
{
    (void)state;
    struct two_events t = two_events_make();
    struct waits w;
    assert_int_equal(waits_find(t.both, &w), 0);
    assert_int_equal(w.count, 0);
    waits_deinit(&w);
    assert_int_equal(waits_find(profile_next(t.both), &w), 0);
    assert_int_equal(w.count, 1);
    assert_string_equal(w.rows[0].name, "till");
    assert_true(w.rows[0].ns == 8000000000);
    waits_deinit(&w);
    two_events_free(&t);
}

/* The first one is merged as if it were alone. */
static void merging_takes_one_event(void **state)
{
    (void)state;
    struct two_events t = two_events_make();
    const struct profile *both[] = {t.both, t.cpu};
    struct profile *merged = make_profile();
    struct merge m;
    merge_init(&m, merged);
    assert_int_equal(merge_meta(&m, t.both), 0);
    for (int i = 0; i < 2; i++)
        assert_int_equal(merge_functions(&m, both[i]), 0);
    for (int i = 0; i < 2; i++) {
        uint32_t *stacks;
        assert_int_equal(merge_rows(&m, both[i], &stacks), 0);
        free(stacks);
    }
    struct summary s;
    assert_int_equal(summary_compute(merged, &s), 0);
    assert_true(s.samples == 2 * 470);
    assert_int_equal(profile_counters(merged)->lost, 60);
    assert_int_equal(profile_counters(merged)->ticks, 0);
    summary_deinit(&s);
    merge_deinit(&m);
    profile_destroy(merged);
    two_events_free(&t);
}

static void by_chance(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 20; seed++) {
        struct profile *p = random_profile(seed, 200, 20), *wall, *all;
        assert_int_equal(profile_add_event(p, two_wall, 2, &wall), 0);
        random_fill(wall, seed * 31, 300, 40);
        const struct filter f = {.ignore = "no such function"};
        struct filter_parts parts;
        assert_int_equal(filter_apply(p, &f, &all), 0);
        assert_int_equal(filter_split(all, &parts), 0);
        for (int i = 0; i < 2; i++) {
            assert_same_profile(two_at(all, i), two_at(p, i));
            assert_same_profile(parts.list[i], two_at(p, i));
        }
        filter_parts_deinit(&parts);
        profile_destroy(all);
        profile_destroy(p);
    }
}

static void wrong_values_add_nothing(void **state)
{
    (void)state;
    struct profile *p = make_profile(), *more = NULL;
    assert_int_equal(profile_add_event(p, two_wall, 0, &more), -EINVAL);
    assert_int_equal(
        profile_add_event(p, two_wall, PROFILE_MAX_VALUES + 1, &more), -EINVAL);
    assert_null(more);
    assert_null(profile_next(p));
    profile_destroy(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names),
        cmocka_unit_test(each_has_its_own_rows_and_facts),
        cmocka_unit_test(other_values_are_of_no_event),
        cmocka_unit_test(one_of_them_is_as_if_recorded_alone),
        cmocka_unit_test(a_filter_is_for_all_events),
        cmocka_unit_test(what_counts_stays),
        cmocka_unit_test(one_event_is_not_copied),
        cmocka_unit_test(crowds_are_counted_by_event),
        cmocka_unit_test(waits_are_those_of_process_time),
        cmocka_unit_test(merging_takes_one_event),
        cmocka_unit_test(by_chance),
        cmocka_unit_test(wrong_values_add_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
