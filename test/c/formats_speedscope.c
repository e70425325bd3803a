#include "profile_random.h"

#include <jansson.h>

#include "formats/format.h"

static json_t *file_of(const struct profile *p, const struct format_options *o)
{
    struct buffer b;
    buffer_init(&b, BUFFER_DEFAULT_MAX);
    assert_int_equal(format_speedscope.write(p, o, &b), 0);
    json_error_t error;
    json_t *json =
        json_loadb((char *)b.data, b.len, JSON_REJECT_DUPLICATES, &error);
    if (!json)
        fail_msg("%s", error.text);
    buffer_deinit(&b);
    return json;
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
    assert_true(json_is_number(value));
    return json_number_value(value);
}

static json_t *profile_at(json_t *file, size_t i)
{
    return json_array_get(json_object_get(file, "profiles"), i);
}

static size_t profiles(json_t *file)
{
    return json_array_size(json_object_get(file, "profiles"));
}

/* "a;b" of sample i. */
static char *stack_at(json_t *file, json_t *profile, size_t i)
{
    json_t *frames = json_object_get(json_object_get(file, "shared"), "frames");
    json_t *stack = json_array_get(json_object_get(profile, "samples"), i);
    struct buffer b;
    buffer_init(&b, BUFFER_DEFAULT_MAX);
    assert_true(json_array_size(stack) > 0);
    for (size_t j = 0; j < json_array_size(stack); j++) {
        json_t *frame = json_array_get(
            frames, (size_t)json_integer_value(json_array_get(stack, j)));
        buffer_text(&b, j ? ";" : "");
        buffer_text(&b, text(frame, "name"));
    }
    buffer_add(&b, "", 1);
    return (char *)b.data;
}

/* The weights of a profile are its span; their sum. */
static double sum_of(json_t *profile)
{
    json_t *weights = json_object_get(profile, "weights");
    double sum = 0;
    for (size_t i = 0; i < json_array_size(weights); i++)
        sum += json_number_value(json_array_get(weights, i));
    assert_int_equal(json_array_size(weights),
                     json_array_size(json_object_get(profile, "samples")));
    assert_true(number(profile, "startValue") == 0);
    assert_float_equal(number(profile, "endValue"), sum, 0.001);
    return sum;
}

static void assert_stack(json_t *file, size_t profile, size_t i,
                         const char *stack, int weight)
{
    json_t *at = profile_at(file, profile);
    char *found = stack_at(file, at, i);
    assert_string_equal(found, stack);
    free(found);
    assert_int_equal(
        json_integer_value(json_array_get(json_object_get(at, "weights"), i)),
        weight);
}

static struct profile *two_processes(void)
{
    struct profile *p = make_profile();
    uint32_t db =
        made(profile_process(p, "<0.10.0>", "db", "gen:init_it/6", "", "app"));
    uint32_t web =
        made(profile_process(p, "<0.11.0>", "", "web:init/1", "", ""));
    make_sample(p, make_stack(p, "a:1;b:1"), web, STATE_RUNNING, 1);
    make_sample(p, make_stack(p, "x"), web, STATE_RUNNING, 2);
    make_sample(p, make_stack(p, "a:1;b:2"), web, STATE_GC, 4);
    make_sample(p, make_stack(p, "a:2;b:2"), db, STATE_RUNNING, 8);
    make_sample(p, PROFILE_NONE, PROFILE_NONE, STATE_OTHER, 16);
    make_sample(p, make_stack(p, "[scheduler]"), db, STATE_SCHEDULER, 32);
    profile_meta_edit(p)->node = made(profile_string(p, "n@h"));
    return p;
}

static void a_profile_for_each_process(void **state)
{
    (void)state;
    struct profile *p = two_processes();
    struct format_options o = {0};
    json_t *file = file_of(p, &o);
    assert_string_equal(text(file, "name"), "n@h");
    assert_int_equal(profiles(file), 5);
    static const char *const names[] = {
        "all processes and threads", "<0.10.0> db gen:init_it/6",
        "<0.11.0> web:init/1", "no process", "[idle]: in no percentage"};
    static const int sums[] = {31, 8, 7, 16, 32};
    for (size_t i = 0; i < 5; i++) {
        json_t *at = profile_at(file, i);
        assert_string_equal(text(at, "name"), names[i]);
        assert_string_equal(text(at, "type"), "sampled");
        assert_string_equal(text(at, "unit"), "none");
        assert_int_equal((int)sum_of(at), sums[i]);
    }
    /* Lines apart, it is one stack. */
    assert_stack(file, 0, 0, "[no stack]", 16);
    assert_stack(file, 0, 1, "a;b", 13);
    assert_stack(file, 0, 2, "x", 2);
    assert_stack(file, 2, 0, "a;b", 5);
    assert_stack(file, 4, 0, "[scheduler]", 32);
    json_t *frame = json_array_get(
        json_object_get(json_object_get(file, "shared"), "frames"), 1);
    assert_string_equal(text(frame, "name"), "b");
    assert_string_equal(text(frame, "file"), "b.erl");
    assert_int_equal((int)number(frame, "line"), 2);
    json_decref(file);
    profile_destroy(p);
}

static void cpu_time_is_in_microseconds(void **state)
{
    (void)state;
    struct profile *p = two_processes();
    struct format_options o = {.cpu_weights = true};
    json_t *file = file_of(p, &o);
    assert_string_equal(text(profile_at(file, 0), "unit"), "microseconds");
    assert_float_equal(sum_of(profile_at(file, 0)), 31, 1e-9);
    json_decref(file);
    profile_destroy(p);
}

static void stacks_follow_the_time(void **state)
{
    (void)state;
    struct profile *p = make_profile();
    static const char *const stacks[] = {"a", "b", "a", "c"};
    for (uint32_t i = 0; i < 4; i++) {
        struct profile_sample s = {.stack = make_stack(p, stacks[i]),
                                   .process = PROFILE_NONE,
                                   .thread = PROFILE_NONE,
                                   .bucket = i};
        const uint64_t values[] = {i + 1, 0};
        assert_int_equal(profile_add(p, &s, values), 0);
    }
    struct format_options o = {0};
    json_t *file = file_of(p, &o);
    for (size_t i = 0; i < 4; i++)
        assert_stack(file, 0, i, stacks[i], (int)i + 1);
    json_decref(file);
    profile_destroy(p);
}

/* 300 processes: the biggest have their own, the rest is one. */
static void there_is_a_bound_to_profiles(void **state)
{
    (void)state;
    struct profile *p = make_profile();
    uint32_t stack = make_stack(p, "a");
    for (uint32_t i = 1; i <= 300; i++) {
        char pid[32];
        snprintf(pid, sizeof(pid), "<0.%u.0>", i);
        uint32_t q = made(profile_process(p, pid, "", "", "", ""));
        make_sample(p, stack, q, STATE_RUNNING, i);
        if (i == 5)
            assert_int_equal(profile_set_members(p, q, 1000), 0);
    }
    struct format_options o = {0};
    json_t *file = file_of(p, &o);
    assert_int_equal(profiles(file), 102);
    assert_string_equal(text(profile_at(file, 1), "name"), "<0.300.0>");
    assert_int_equal((int)sum_of(profile_at(file, 1)), 300);
    assert_string_equal(text(profile_at(file, 100), "name"), "<0.201.0>");
    assert_string_equal(text(profile_at(file, 101), "name"),
                        "1,199 other processes");
    assert_int_equal((int)sum_of(profile_at(file, 101)), 200 * 201 / 2);
    json_decref(file);
    profile_destroy(p);
}

static uint64_t counted(const struct profile *p, bool scheduler)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < profile_sample_count(p); i++)
        if (profile_counts(p, profile_sample_at(p, i)->state) != scheduler)
            sum += profile_weight(p, i);
    return sum;
}

static void all_is_the_sum_of_the_others(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 60; seed++) {
        struct profile *p = random_profile(seed, 500, 10 * (uint32_t)seed);
        struct format_options o = {.by = seed % 2 ? FORMAT_BY_SCHEDULER
                                                  : FORMAT_BY_PROCESS};
        json_t *file = file_of(p, &o);
        double others = 0;
        for (size_t i = 1; i < profiles(file); i++)
            others += sum_of(profile_at(file, i));
        assert_float_equal(sum_of(profile_at(file, 0)),
                           (double)counted(p, false), 0.001);
        assert_float_equal(
            others, (double)(counted(p, false) + counted(p, true)), 0.001);
        json_decref(file);
        profile_destroy(p);
    }
}

static void by_scheduler(void **state)
{
    (void)state;
    struct profile *p = random_profile(7, 300, 3);
    struct format_options o = {.by = FORMAT_BY_SCHEDULER};
    json_t *file = file_of(p, &o);
    assert_int_equal(profiles(file), 1 + 4 + 1 + 1);
    for (size_t i = 1; i <= 4; i++)
        assert_non_null(
            strstr(text(profile_at(file, i), "name"), "erts_sched_"));
    assert_string_equal(text(profile_at(file, 5), "name"),
                        "no thread recorded");
    json_decref(file);
    profile_destroy(p);
}

static void of_nothing(void **state)
{
    (void)state;
    struct profile *p = make_profile();
    struct format_options o = {0};
    json_t *file = file_of(p, &o);
    assert_int_equal(profiles(file), 1);
    assert_int_equal((int)sum_of(profile_at(file, 0)), 0);
    json_decref(file);
    profile_destroy(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_profile_for_each_process),
        cmocka_unit_test(cpu_time_is_in_microseconds),
        cmocka_unit_test(stacks_follow_the_time),
        cmocka_unit_test(there_is_a_bound_to_profiles),
        cmocka_unit_test(all_is_the_sum_of_the_others),
        cmocka_unit_test(by_scheduler),
        cmocka_unit_test(of_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
