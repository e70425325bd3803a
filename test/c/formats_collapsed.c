#include "profile_make.h"

#include "formats/format.h"

static char *collapsed(const struct profile *p)
{
    struct buffer b;
    buffer_init(&b, BUFFER_DEFAULT_MAX);
    struct format_options o = {0};
    assert_int_equal(format_collapsed.write(p, &o, &b), 0);
    buffer_add(&b, "", 1);
    return (char *)b.data;
}

static void assert_collapsed(struct profile *p, const char *expected)
{
    char *text = collapsed(p);
    assert_string_equal(text, expected);
    free(text);
    profile_destroy(p);
}

static void root_first_merged_without_lines_and_sorted(void **state)
{
    (void)state;
    struct profile *p = make_profile();
    make_samples(p, "main:9;zeta:1", 2);
    make_samples(p, "main:1;alpha:5;leaf:2", 3);
    make_samples(p, "main:2;alpha:6;leaf:3", 4);
    make_samples(p, "main:2;alpha:6", 1);
    make_samples(p, "again;main:2", 1);
    assert_collapsed(p, "again;main 1\n"
                        "main;alpha 1\n"
                        "main;alpha;leaf 7\n"
                        "main;zeta 2\n");
}

static void one_line_for_the_scheduler(void **state)
{
    (void)state;
    struct profile *p = make_profile();
    make_sample(p, make_stack(p, "[scheduler];a"), PROFILE_NONE,
                STATE_SCHEDULER, 5);
    make_sample(p, make_stack(p, "b"), PROFILE_NONE, STATE_SCHEDULER, 6);
    make_sample(p, PROFILE_NONE, PROFILE_NONE, STATE_OTHER, 2);
    make_samples(p, "work", 1);
    assert_collapsed(p, "[no stack] 2\n[scheduler] 11\nwork 1\n");
}

static uint32_t named(struct profile *p, uint32_t parent, const char *name)
{
    struct frame f = {.kind = FRAME_ERLANG,
                      .name = name,
                      .module = "m",
                      .function = name,
                      .file = ""};
    return made(profile_stack(p, parent, made(profile_frame(p, &f))));
}

static void names_cannot_break_the_lines(void **state)
{
    (void)state;
    struct profile *p = make_profile();
    uint32_t a = named(p, PROFILE_NONE, "'a;b\nc 5'/0");
    uint32_t b = named(p, PROFILE_NONE, "'a:b\nc 5'/0");
    make_sample(p, a, PROFILE_NONE, STATE_RUNNING, 1);
    make_sample(p, b, PROFILE_NONE, STATE_RUNNING, 2);
    make_sample(p, named(p, a, ""), PROFILE_NONE, STATE_RUNNING, 3);
    make_sample(p, named(p, a, "\xc3\xa9/1"), PROFILE_NONE, STATE_RUNNING, 4);
    assert_collapsed(p, "'a:b\\x{0A}c 5'/0 3\n"
                        "'a:b\\x{0A}c 5'/0;[unknown] 3\n"
                        "'a:b\\x{0A}c 5'/0;\xc3\xa9/1 4\n");
}

static void nothing_is_no_line(void **state)
{
    (void)state;
    assert_collapsed(make_profile(), "");
}

/* However the stacks are, the counts of the lines are the samples. */
static void counts_sum_to_the_samples(void **state)
{
    (void)state;
    struct profile *p = make_profile();
    uint32_t seed = 7;
    for (int i = 0; i < 5000; i++) {
        uint32_t at = PROFILE_NONE;
        for (uint32_t depth = seed >> 28; depth > 0; depth--) {
            char name[8];
            seed = seed * 1664525 + 1013904223;
            snprintf(name, sizeof(name), "%c;%u", 'a' + (int)(seed >> 29),
                     (seed >> 20) & 3);
            at = named(p, at, name);
        }
        seed = seed * 1664525 + 1013904223;
        make_sample(p, at, PROFILE_NONE, (enum sample_state)(i % STATE_COUNT),
                    1);
    }
    char *text = collapsed(p);
    unsigned long long sum = 0;
    for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n"))
        sum += strtoull(strrchr(line, ' ') + 1, NULL, 10);
    assert_int_equal(sum, 5000);
    free(text);
    profile_destroy(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(root_first_merged_without_lines_and_sorted),
        cmocka_unit_test(one_line_for_the_scheduler),
        cmocka_unit_test(names_cannot_break_the_lines),
        cmocka_unit_test(nothing_is_no_line),
        cmocka_unit_test(counts_sum_to_the_samples),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
