/* The threads of a dump, as text and as JSON. */
#include "dump_make.h"

#include <string.h>

static void add_thread(struct dump *d, struct dump_thread t)
{
    struct dump_threads *all = &d->threads;
    all->list = realloc(all->list, (all->count + 1) * sizeof(*all->list));
    assert_non_null(all->list);
    all->list[all->count++] = t;
}

/* busy runs, a garbage collection was not verified, a job waits for a CPU, and
 * the others sleep. */
static struct dump *watched_shop(void)
{
    struct dump *d = dump_shop();
    struct profile *p = d->profile;
    profile_meta_edit(p)->engine = made(profile_string(p, "perf"));
    d->threads.watched_ns = 12300000;
    d->threads.others = 3;
    d->threads.engine_why = -E_BPF_DENIED;
    uint32_t busy = made(profile_string(p, "<0.92.0>"));
    uint32_t idle = make_frames(p, "R [idle: poll];N epoll_wait");
    struct dump_thread t = {
        .kind = "scheduler",
        .number = 1,
        .seen = DUMP_SAMPLED,
        .state = STATE_RUNNING,
        .stack = make_stack(p, "start/0;pay/2:9"),
        .has_process = true,
        .process = {busy, d->groups.list[2].members[0].process},
        .age_ns = 440000};
    add_thread(d, t);
    t = (struct dump_thread){.kind = "scheduler",
                             .number = 2,
                             .seen = DUMP_SAMPLED,
                             .state = STATE_GC,
                             .stack = make_stack(p, "start/0"),
                             .unverified = true,
                             .age_ns = 1500000};
    add_thread(d, t);
    t = (struct dump_thread){.kind = "scheduler",
                             .seen = DUMP_ASLEEP,
                             .state = STATE_IDLE,
                             .stack = idle};
    for (unsigned i = 3; i < 9; i++) {
        t.number = i + (i > 5);
        t.still_ns = i == 4 ? 11000000 : 12000000;
        add_thread(d, t);
    }
    t = (struct dump_thread){
        .kind = "dirty-io",
        .number = 1,
        .seen = DUMP_UNSEEN,
        .stack = PROFILE_NONE,
        .has_process = true,
        .process = {busy, d->groups.list[2].members[0].process}};
    add_thread(d, t);
    t = (struct dump_thread){.kind = "aux",
                             .number = 1,
                             .seen = DUMP_ASLEEP,
                             .state = STATE_OTHER,
                             .stack = make_frames(p, "N futex")};
    add_thread(d, t);
    t.kind = "poll";
    t.number = 0;
    add_thread(d, t);
    return d;
}

static void text_shows_each_thread_that_is_not_idle(void **state)
{
    (void)state;
    struct dump *d = watched_shop();
    char *text = dump_written(&format_text, d, 0);
    static const char head[] =
        "\nThreads:  11 watched for 12.3 ms with engine perf; 3 others are "
        "not shown\n"
        "Idle:     8 threads: scheduler 3-5, 7-9; aux 1; poll 0 "
        "(stacks: --all)\n"
        "Note:     a better engine was not used: ";
    static const char list[] =
        "\n"
        "scheduler 1: running <0.92.0> busy, 0.4 ms ago\n"
        "    pay/2                                                     "
        "pay/2.erl:9\n"
        "    start/0                                                   "
        "start/0.erl\n"
        "\n"
        "scheduler 2: gc, 1.5 ms ago\n"
        "    (the Erlang part was read after the sample, and may be newer)\n"
        "    start/0                                                   "
        "start/0.erl\n"
        "\n"
        "dirty-io 1: runs, or waits for a CPU, with <0.92.0> busy\n"
        "    (no stack: it was not sampled within 12.3 ms)\n"
        "\n"
        "1,003 processes waiting in loop/7\n";
    if (!strstr(text, head) || !strstr(text, list))
        fail_msg("not as expected:\n%s", text);
    free(text);
    dump_destroy(d);
}

static void all_shows_idle_threads_after_the_others(void **state)
{
    (void)state;
    struct dump *d = watched_shop();
    char *text = dump_written(&format_text, d, FORMAT_TOP_ALL);
    static const char list[] =
        "    (no stack: it was not sampled within 12.3 ms)\n"
        "\n"
        "scheduler 3-5, 7-9: idle, off its CPU for 11.0 ms or longer\n"
        "    epoll_wait\n"
        "    [idle: poll]\n"
        "\n"
        "aux 1: other, off its CPU\n"
        "    futex\n"
        "\n"
        "poll 0: other, off its CPU\n"
        "    futex\n"
        "\n"
        "1,003 processes waiting in loop/7\n";
    if (!strstr(text, list) || strstr(text, "\nIdle:"))
        fail_msg("not as expected:\n%s", text);
    free(text);
    dump_destroy(d);
}

/* Nobody takes one that works for idle: a poll thread that was sampled on a
 * CPU, a scheduler that has a process, one that was never seen. */
static void who_works_is_not_idle(void **state)
{
    (void)state;
    struct dump *d = watched_shop();
    struct dump_thread *poll = &d->threads.list[d->threads.count - 1];
    poll->seen = DUMP_SAMPLED;
    d->threads.list[2].has_process = true;
    d->threads.list[2].process = d->threads.list[0].process;
    d->threads.list[3].seen = DUMP_UNSEEN;
    char *text = dump_written(&format_text, d, 0);
    static const char *const parts[] = {
        "Idle:     5 threads: scheduler 5, 7-9; aux 1 (stacks: --all)\n",
        "\npoll 0: other, 0.0 ms ago\n    futex\n",
        "\nscheduler 3: idle <0.92.0> busy, off its CPU for 12.0 ms",
        "\nscheduler 4: runs, or waits for a CPU\n"};
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
        if (!strstr(text, parts[i]))
            fail_msg("no %s in:\n%s", parts[i], text);
    free(text);
    dump_destroy(d);
}

static void text_says_why_threads_are_missing(void **state)
{
    (void)state;
    struct dump *d = watched_shop();
    profile_meta_edit(d->profile)->engine = 0;
    d->threads.asleep_why = -E_NO_ACCESS;
    d->threads.held = true;
    char *text = dump_written(&format_text, d, 0);
    static const char *const parts[] = {
        "Note:     threads on a CPU cannot be sampled: ",
        "Note:     threads that do not run cannot be read: ",
        "    (no stack: only an engine could tell)\n", "; read in 4.1 ms\n"};
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
        if (!strstr(text, parts[i]))
            fail_msg("no %s in:\n%s", parts[i], text);
    free(text);
    dump_destroy(d);
}

static void json_has_each_thread(void **state)
{
    (void)state;
    struct dump *d = watched_shop();
    char *text = dump_written(&format_json, d, 1);
    static const char *const parts[] = {"\"engine\": \"perf\"",
                                        "\"engine_why\": \"",
                                        "\"asleep_why\": null",
                                        "\"watched_ns\": 12300000",
                                        "\"not_shown\": 3",
                                        "\"kind\": \"dirty-io\"",
                                        "\"number\": 9",
                                        "\"seen\": \"sampled\"",
                                        "\"seen\": \"asleep\"",
                                        "\"seen\": \"unseen\"",
                                        "\"age_ns\": 440000",
                                        "\"still_ns\": 11000000",
                                        "\"still_ns\": null",
                                        "\"verified\": false",
                                        "\"name\": \"epoll_wait\"",
                                        "\"process\": null",
                                        "\"state\": \"gc\""};
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
        if (!strstr(text, parts[i]))
            fail_msg("no %s in:\n%s", parts[i], text);
    free(text);
    dump_destroy(d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_shows_each_thread_that_is_not_idle),
        cmocka_unit_test(all_shows_idle_threads_after_the_others),
        cmocka_unit_test(who_works_is_not_idle),
        cmocka_unit_test(text_says_why_threads_are_missing),
        cmocka_unit_test(json_has_each_thread),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
