/* What `cprof watch` says of the conditions that it judges. */
#include "cli/options.h" /* before cmocka: it has a macro `fail` */
#include "cli/watch_judge.h"

#include "test.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"

static struct options of_condition(const char *text)
{
    struct options o = {.watch = {.condition_count = 1}};
    char why[CONDITION_WHY];
    assert_int_equal(condition_parse(text, &o.watch.conditions[0], why), 0);
    return o;
}

/* The line that is written while no figure is known, until that is told. */
static void read_unknown(const char *condition, char *line, size_t size)
{
    struct options o = of_condition(condition);
    int fds[2];
    assert_int_equal(pipe(fds), 0);
    struct watch_say say = {.form = WATCH_TEXT, .fd = fds[1]};
    const struct watch_place place = {.options = &o, .say = &say};
    struct watch_judge j = {.o = &o, .place = &place};
    for (uint64_t second = 1; second <= 1 + CONDITION_UNKNOWN_S; second++) {
        struct vitals v;
        vitals_unknown(&v);
        v.at_ns = second * NS_PER_S;
        assert_int_equal(watch_judge_vitals(&j, &v), 0);
    }
    close(fds[1]);
    ssize_t n = read(fds[0], line, size - 1);
    assert_true(n > 0);
    line[n] = '\0';
    close(fds[0]);
}

/* The kernel tells these figures; they are not in the memory of the node. */
static void what_the_kernel_does_not_say_is_told_so(void **state)
{
    static const char *const conditions[][2] = {
        {"utilization > 90%", "the kernel does not say how long"},
        {"memory > 2G", "the kernel does not say how much"},
        {"memory growth > 1M/s", "the kernel does not say how much"},
        {"allocation > 1M/s", "a scheduler of the node does not answer"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(conditions) / sizeof(conditions[0]); i++) {
        char line[300];
        read_unknown(conditions[i][0], line, sizeof(line));
        assert_non_null(strstr(line, " unknown "));
        assert_non_null(strstr(line, conditions[i][0]));
        assert_non_null(strstr(line, conditions[i][1]));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_the_kernel_does_not_say_is_told_so),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
