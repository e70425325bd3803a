/*
 * A view of a real node that the test starts (the `erl` of the PATH), with so
 * many processes that what is known of them must be dropped again and again.
 */
#include "child.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "recorder/live.h"
#include "recorder/live_table.h"
#include "target/proctable.h"

enum { PROCESSES = 20000, RENEWALS = 4, MOST_S = 120 };

static const char node_program[] =
    "[spawn(fun() -> receive stop -> ok end end) || _ <- lists:seq(1, 20000)],"
    "register(burner, spawn(fun() -> (fun F() -> lists:seq(1, 100), F() end)() "
    "end)),"
    "io:format(\"~s~n\", [os:getpid()]), receive stop -> ok end.";

static pid_t start_node(pid_t *vm)
{
    static const char *const erl[] = {"erl", "-noinput", "-eval", node_program,
                                      NULL};
    FILE *out;
    pid_t pid = child_start("erl", erl, NULL, &out);
    *vm = (pid_t)child_number(out);
    fclose(out);
    return pid;
}

static void end_node(pid_t pid, pid_t vm)
{
    kill(vm, SIGKILL);
    kill(pid, SIGKILL);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
}

static void next_look(struct live *l, const struct moment **m)
{
    int ended = 0;
    while (!ended)
        ended = live_run(l, 50);
    assert_int_equal(ended, 1);
    assert_int_equal(live_look(l, m), 0);
}

static const struct moment_process *named(const struct moment *m,
                                          const char *name)
{
    for (size_t i = 0; i < m->process_count; i++)
        if (strcmp(moment_name(m, &m->processes[i]), name) == 0)
            return &m->processes[i];
    return NULL;
}

static void assert_whole(const struct moment *m)
{
    struct buffer text;
    assert_true(m->in_table > PROCESSES);
    assert_true(m->is_part);
    /* Each of the 20,000 with the same probability: 31 more or less are one
     * standard deviation. */
    assert_within(m->process_count, LIVE_TABLE_MOST / 2,
                  LIVE_TABLE_MOST * 3 / 2 + PROCTABLE_PICKED);
    for (size_t i = 0; i < m->process_count; i++) {
        buffer_init(&text, BUFFER_DEFAULT_MAX);
        assert_int_equal(*moment_pid(m, &m->processes[i]), '<');
        moment_doing(m, &m->processes[i], &text);
        assert_true(text.len > 0);
        buffer_deinit(&text);
    }
}

/* Each reading meets a thousand others. */
static void what_is_not_shown_any_more_is_dropped(void **state)
{
    (void)state;
    const struct moment *m = NULL;
    const struct profile *before = NULL;
    size_t renewals = 0, most = 0;
    pid_t vm, pid = start_node(&vm);
    const struct live_options how = {
        .pid = vm, .rate = 99, .interval_ms = LIVE_LEAST_MS, .rows = 3000};
    struct live *l;
    assert_int_equal(live_open(&how, &l), 0);
    uint64_t end_ns = clock_now_ns() + MOST_S * NS_PER_S;
    while (renewals < RENEWALS && clock_now_ns() < end_ns) {
        next_look(l, &m);
        renewals += before && m->profile != before;
        before = m->profile;
        most = live_rows(l) > most ? live_rows(l) : most;
        assert_whole(m);
        const struct moment_process *burner = named(m, "burner");
        assert_true(m->no_cpu || renewals == 0 || burner);
    }
    assert_int_equal(renewals, RENEWALS);
    /* One reading after the limit was passed. */
    assert_within(most, 0, 4 * how.rows + 4 * LIVE_TABLE_MOST);
    live_close(l);
    end_node(pid, vm);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_not_shown_any_more_is_dropped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
