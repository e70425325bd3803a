#include "profile_make.h"

#include "profile/filter.h"

static struct profile *two_processes(void)
{
    struct profile *p = make_profile();
    uint32_t db =
        made(profile_process(p, "<0.10.0>", "db", "gen:init_it/6", "", "app"));
    uint32_t web =
        made(profile_process(p, "<0.11.0>", "", "web:init/1", "", ""));
    make_sample(p, make_stack(p, "a;b:1;c"), db, STATE_RUNNING, 1);
    make_sample(p, make_stack(p, "a;b:2"), web, STATE_RUNNING, 2);
    make_sample(p, make_stack(p, "x;y;b.z"), web, STATE_GC, 4);
    make_sample(p, PROFILE_NONE, PROFILE_NONE, STATE_SCHEDULER, 8);
    profile_meta_edit(p)->node = made(profile_string(p, "n@h"));
    profile_counters_edit(p)->lost = 3;
    return p;
}

static uint64_t count(const struct profile *p)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < profile_sample_count(p); i++)
        sum += profile_sample_at(p, i)->count;
    return sum;
}

/* How many samples are left. */
static uint64_t left(struct filter f)
{
    struct profile *p = two_processes(), *out = NULL;
    assert_int_equal(filter_apply(p, &f, &out), 0);
    assert_string_equal(profile_text(out, profile_meta(out)->node), "n@h");
    assert_int_equal(profile_counters(out)->lost, 3);
    uint64_t n = count(out);
    profile_destroy(out);
    profile_destroy(p);
    return n;
}

static void nothing_asked_keeps_all(void **state)
{
    (void)state;
    struct profile *p = two_processes(), *out = NULL;
    struct filter f = {0};
    assert_int_equal(filter_apply(p, &f, &out), 0);
    char *before = dump_profile(p), *after = dump_profile(out);
    assert_string_equal(before, after);
    free(before);
    free(after);
    profile_destroy(out);
    profile_destroy(p);
}

static void by_process(void **state)
{
    (void)state;
    const char *pid[] = {"<0.10.0>"}, *name[] = {"db"},
               *call[] = {"web:init/1"};
    const char *both[] = {"db", "<0.11.0>"}, *none[] = {"nobody"},
               *empty[] = {""};
    assert_int_equal(left((struct filter){pid, 1, NULL, NULL}), 1);
    assert_int_equal(left((struct filter){name, 1, NULL, NULL}), 1);
    assert_int_equal(left((struct filter){call, 1, NULL, NULL}), 6);
    assert_int_equal(left((struct filter){both, 2, NULL, NULL}), 7);
    assert_int_equal(left((struct filter){none, 1, NULL, NULL}), 0);
    assert_int_equal(left((struct filter){empty, 1, NULL, NULL}), 0);
}

static void by_frames(void **state)
{
    (void)state;
    assert_int_equal(left((struct filter){.focus = "b"}), 7);
    assert_int_equal(left((struct filter){.focus = "^b$"}), 3);
    assert_int_equal(left((struct filter){.focus = "^(c|y)$"}), 5);
    assert_int_equal(left((struct filter){.ignore = "^b$"}), 12);
    assert_int_equal(left((struct filter){.focus = "^a$", .ignore = "^c$"}), 2);
    assert_int_equal(left((struct filter){.focus = ""}), 15);
}

static void what_is_left_out_leaves_no_frames(void **state)
{
    (void)state;
    struct profile *p = two_processes(), *out = NULL;
    struct filter f = {.focus = "^x$"};
    assert_int_equal(filter_apply(p, &f, &out), 0);
    assert_int_equal(profile_stack_count(out), 3);
    assert_int_equal(profile_function_count(out), 3);
    assert_int_equal(profile_process_count(out), 1);
    profile_destroy(out);
    profile_destroy(p);
}

static void a_label_is_a_name_and_a_crowd_stays_one(void **state)
{
    (void)state;
    struct profile *p = make_profile(), *out = NULL;
    uint32_t crowd = made(profile_process(p, "", "", "m:f/1", "job", ""));
    assert_int_equal(profile_set_members(p, crowd, 500), 0);
    make_sample(p, make_stack(p, "a"), crowd, STATE_RUNNING, 3);
    make_samples(p, "b", 4);
    const char *label = "job";
    struct filter f = {.processes = &label, .process_count = 1};
    assert_int_equal(filter_apply(p, &f, &out), 0);
    assert_int_equal(profile_process_count(out), 1);
    assert_int_equal(profile_members(out, 0), 500);
    assert_int_equal(profile_sample_at(out, 0)->count, 3);
    profile_destroy(out);
    profile_destroy(p);
}

static void a_broken_expression_is_refused(void **state)
{
    (void)state;
    struct profile *p = two_processes(), *out = NULL;
    struct filter f = {.focus = "ok", .ignore = "(["};
    assert_int_equal(filter_apply(p, &f, &out), -E_PATTERN);
    assert_null(out);
    profile_destroy(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_asked_keeps_all),
        cmocka_unit_test(by_process),
        cmocka_unit_test(by_frames),
        cmocka_unit_test(what_is_left_out_leaves_no_frames),
        cmocka_unit_test(a_label_is_a_name_and_a_crowd_stays_one),
        cmocka_unit_test(a_broken_expression_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
