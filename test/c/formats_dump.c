/* A dump as text and as JSON, without its threads. */
#include "dump_make.h"

#include <string.h>

static void who_waits_in_the_platform_is_shown_at_its_caller(void **state)
{
    (void)state;
    struct dump *d = NULL;
    assert_int_equal(dump_create(&d), 0);
    uint32_t sleeps = make_frames(d->profile, "E shop:poll/1;E timer:sleep/1");
    uint32_t loop =
        make_frames(d->profile, "E proc_lib:init_p/3;E gen_server:loop/7");
    dump_add(d, PROCSTATE_WAITING, sleeps, 3, "<0.80.0>", "");
    dump_add(d, PROCSTATE_WAITING, loop, 2, "<0.81.0>", "");
    dump_add(d, PROCSTATE_RUNNABLE, sleeps, 1, "<0.82.0>", "");
    dump_groups_sort(&d->groups);
    char *text = dump_written(&format_text, d, 0);
    assert_non_null(strstr(text, "3 processes waiting in shop:poll/1\n"
                                 "    timer:sleep/1"));
    assert_non_null(strstr(text, "2 processes waiting in gen_server:loop/7\n"));
    assert_non_null(strstr(text, "1 process runnable in timer:sleep/1\n"));
    free(text);
    dump_destroy(d);
}

static void text_shows_the_biggest_group_first(void **state)
{
    (void)state;
    struct dump *d = dump_shop();
    char *text = dump_written(&format_text, d, 0);
    assert_string_equal(
        text,
        "Node:     shop@host, pid 4711, OTP 27\n"
        "When:     2023-11-14 22:13:20 UTC; read in 4.1 ms, nothing was "
        "stopped\n"
        "Threads:  0 watched for 0.0 ms\n"
        "Shown:    1,006 processes of 1,010 in the table; not shown: 3 in "
        "motion whenever read, 1 being made\n"
        "States:   running 1, waiting 1,005\n"
        "\n"
        "1,003 processes waiting in loop/7\n"
        "    loop/7                                                    "
        "loop/7.erl:394\n"
        "    init_p/3                                                  "
        "init_p/3.erl:226\n"
        "       -- <0.90.0> shop:init/1, <0.91.0> shop:init/1 and 1,001 more\n"
        "\n"
        "2 processes waiting in wait/1\n"
        "    wait/1                                                    "
        "wait/1.erl:12\n"
        "    start/0                                                   "
        "start/0.erl\n"
        "       -- <0.80.0> till\\x{1B}[2J and 1 more\n"
        "\n"
        "1 process running\n"
        "    (no stack: a running process changes it)\n"
        "       -- <0.92.0> busy\n");
    free(text);
    text = dump_written(&format_text, d, 1);
    assert_non_null(strstr(text, "\n\n... and 3 processes in 2 more groups\n"));
    assert_null(strstr(text, "busy"));
    free(text);
    d->stopped = true;
    text = dump_written(&format_text, d, 1);
    assert_non_null(strstr(text, "Note:     a signal had stopped the node"));
    free(text);
    dump_destroy(d);
}

/* As the node told with --ask. */
static void what_the_node_told_follows_the_name(void **state)
{
    (void)state;
    struct dump *d = dump_shop();
    const struct process_texts told[] = {
        {.pid = "<0.90.0>", .application = "shops", .child = "{till,1}"},
        {.pid = "<0.92.0>", .application = "shops", .child = "busy"}};
    for (size_t i = 0; i < 2; i++)
        assert_int_equal(profile_describe_process(d->profile, &told[i]), 0);
    assert_int_equal(profile_note(d->profile, "--ask: some are missing"), 0);
    char *text = dump_written(&format_text, d, 0);
    assert_non_null(strstr(text, "Note:     --ask: some are missing\n"));
    assert_non_null(strstr(text, "-- <0.90.0> shop:init/1 {till,1} [shops], "
                                 "<0.91.0> shop:init/1 and"));
    assert_non_null(strstr(text, "-- <0.92.0> busy [shops]\n"));
    free(text);
    text = dump_written(&format_json, d, 0);
    assert_non_null(strstr(text, "\"application\": \"shops\""));
    assert_non_null(strstr(text, "\"child_id\": \"{till,1}\""));
    assert_non_null(strstr(text, "--ask: some are missing"));
    free(text);
    dump_destroy(d);
}

/* --- who is waited for ---------------------------------------------------- */

/* till waits for the 1,003, of which one waits for busy, which runs. */
static struct dump *asking_shop(bool circle)
{
    struct dump *d = dump_shop();
    struct profile *p = d->profile;
    uint32_t site = profile_stack_function(p, make_stack(p, "start/0;buy/1"));
    uint32_t busy = made(profile_string(p, "<0.92.0>"));
    uint32_t till = made(profile_string(p, "<0.80.0>"));
    d->asked = calloc(2, sizeof(*d->asked));
    d->asked_count = d->asked_cap = 2;
    d->asked[0] =
        (struct dump_asked){.who = {busy, d->groups.list[2].members[0].process},
                            .waiting = 1,
                            .seen = true,
                            .state = PROCSTATE_RUNNING,
                            .stack = PROFILE_NONE,
                            .asks = circle ? 1 : DUMP_NONE,
                            .sites = {{site, 1}},
                            .site_count = 1};
    d->asked[1] =
        (struct dump_asked){.who = {till, d->groups.list[1].members[0].process},
                            .waiting = 1002,
                            .seen = true,
                            .state = PROCSTATE_WAITING,
                            .stack = d->groups.list[1].stack,
                            .asks = 0,
                            .sites = {{site, 1000}, {site, 2}},
                            .site_count = 2};
    d->asking = 1007;
    d->asking_unknown = 4;
    assert_int_equal(dump_settle_asked(d), 0);
    return d;
}

static void text_names_whom_most_wait_for(void **state)
{
    (void)state;
    struct dump *d = asking_shop(false);
    char *text = dump_written(&format_text, d, 0);
    const char *expected =
        "Answers:  1,007 processes wait for an answer, 1,003 of them in the "
        "end for that of <0.92.0> busy,\n"
        "          which is running; for 4 it could not be found out whose\n"
        "\n"
        "    WAITING     IN ALL  FOR AN ANSWER OF\n"
        "          1      1,003  <0.92.0> busy\n"
        "                          is running\n"
        "                          asked by 1 in buy/1\n"
        "      1,002      1,002  <0.80.0> till\\x{1B}[2J\n"
        "                          waits for an answer of <0.92.0> busy\n"
        "                          asked by 1,000 in buy/1\n"
        "                          asked by 2 in buy/1\n"
        "\n"
        "1,003 processes waiting in loop/7\n";
    if (!strstr(text, expected))
        fail_msg("not as expected:\n%s", text);
    assert_null(strstr(text, "Deadlock"));
    free(text);
    text = dump_written(&format_text, d, 1);
    assert_non_null(strstr(text, "\n... and 1 process more\n"));
    free(text);
    dump_destroy(d);
}

static void a_circle_is_in_the_head(void **state)
{
    (void)state;
    struct dump *d = asking_shop(true);
    char *text = dump_written(&format_text, d, 0);
    const char *expected =
        "\nDeadlock: <0.80.0> till\\x{1B}[2J, <0.92.0> busy wait for each "
        "other until a time limit ends it, if\n"
        "          there is one\n";
    if (!strstr(text, expected))
        fail_msg("not as expected:\n%s", text);
    free(text);
    text = dump_written(&format_json, d, 0);
    static const char *const parts[] = {"\"unknown\": 4", "\"in_all\": 1003",
                                        "\"asks\": \"<0.92.0>\"",
                                        "\"circle\": true", "\"sites\": ["};
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
        if (!strstr(text, parts[i]))
            fail_msg("no %s in:\n%s", parts[i], text);
    free(text);
    dump_destroy(d);
}

static void json_has_all_of_it(void **state)
{
    (void)state;
    struct dump *d = dump_shop();
    char *text = dump_written(&format_json, d, 1);
    static const char *const parts[] = {
        "\"version\": 1,",
        "\"node\": \"shop@host\"",
        "\"duration_ns\": 4100000",
        "\"stopped\": false",
        "\"used\": 1010",
        "\"torn\": 3",
        "\"waiting\": 1005",
        "\"exiting\": 0",
        "\"state\": \"running\"",
        "\"processes\": 1003",
        "\"pid\": \"<0.91.0>\"",
        "\"initial_call\": \"shop:init/1\"",
        "\"line\": 394",
        "\"frames\": null",
    };
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
        if (!strstr(text, parts[i]))
            fail_msg("no %s in:\n%s", parts[i], text);
    free(text);
    dump_destroy(d);
}

static void groups_of_one_kind_are_one(void **state)
{
    (void)state;
    struct dump *d = dump_shop();
    assert_int_equal(d->groups.count, 3);
    assert_int_equal(d->groups.list[0].processes, 1003);
    assert_int_equal(d->groups.list[0].member_count, 2);
    assert_int_equal(dump_in_state(d, PROCSTATE_WAITING), 1005);
    assert_null(dump_no_stack(&d->groups.list[0]));
    assert_non_null(dump_no_stack(&d->groups.list[2]));
    dump_destroy(d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_waits_in_the_platform_is_shown_at_its_caller),
        cmocka_unit_test(text_shows_the_biggest_group_first),
        cmocka_unit_test(what_the_node_told_follows_the_name),
        cmocka_unit_test(text_names_whom_most_wait_for),
        cmocka_unit_test(a_circle_is_in_the_head),
        cmocka_unit_test(json_has_all_of_it),
        cmocka_unit_test(groups_of_one_kind_are_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
