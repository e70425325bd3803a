/*
 * A flight recorder of a real node that the test starts (the `erl` of the
 * PATH): new processes burn in a function that is named after the part of the
 * time, so that it can be seen which seconds a recording has.
 */
#include "test.h"

#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "engine/engine.h"
#include "recorder/flight.h"

/* On a busy machine seconds are longer, and samples are few. */
enum { KEEP_S = 6, RENEWALS = 1, MOST_S = 400, MORE_S = 60 };

/* Each line on stdin is what to do; every 10 ms a process begins and ends. */
static const char node_program[] =
    "spawn(fun() -> (fun F() -> spawn(fun() -> lists:seq(1, 20000) end), "
    "timer:sleep(10), F() end)() end),"
    "Hoarder = spawn(fun() -> receive never -> ok end end),"
    "io:format(\"~s ~w~n\", [os:getpid(), Hoarder]),"
    "(fun L() -> case io:get_line(\"\") of"
    " \"burn\\n\" -> spawn(fun() -> (fun B() -> lists:duplicate(100000, x)"
    ", B() end)() end), L();"
    " \"fill\\n\" -> [Hoarder ! N || N <- lists:seq(1, 5000)], L();"
    " _ -> halt() end end)().";

struct node {
    pid_t shell, vm;
    FILE *in;
    char hoarder[32];
};

static void start_node(struct node *n)
{
    int out[2], in[2];
    assert_int_equal(pipe(out), 0);
    assert_int_equal(pipe(in), 0);
    n->shell = fork();
    assert_true(n->shell >= 0);
    if (n->shell == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL); /* also when a test fails */
        dup2(in[0], 0);
        dup2(out[1], 1);
        for (int i = 0; i < 2; i++) {
            close(in[i]);
            close(out[i]);
        }
        execlp("erl", "erl", "-noshell", "-eval", node_program, (char *)NULL);
        _exit(127);
    }
    close(out[1]);
    close(in[0]);
    FILE *from = fdopen(out[0], "r");
    int vm = 0;
    assert_int_equal(fscanf(from, "%d %31s", &vm, n->hoarder), 2);
    fclose(from);
    n->vm = vm;
    n->in = fdopen(in[1], "w");
}

static void tell(const struct node *n, const char *what)
{
    assert_true(fputs(what, n->in) >= 0);
    assert_int_equal(fflush(n->in), 0);
}

static void end_node(const struct node *n)
{
    fclose(n->in);
    kill(n->vm, SIGKILL);
    kill(n->shell, SIGKILL);
    assert_int_equal(waitpid(n->shell, NULL, 0), n->shell);
}

static void next_second(struct flight *f, struct vitals *v)
{
    int ended = 0;
    while (!ended)
        ended = flight_run(f, 50, v);
    assert_int_equal(ended, 1);
}

static bool has_function(const struct profile *p, const char *name)
{
    for (uint32_t i = 0; i < profile_function_count(p); i++)
        if (strcmp(profile_text(p, profile_function_at(p, i)->name), name) == 0)
            return true;
    return false;
}

/* The recording has about that length, and all its figures are of that time. */
static void assert_is_of(const struct profile *p, double least_s, double most_s)
{
    const struct profile_meta *m = profile_meta(p);
    double seconds = (double)m->duration_ns / (double)NS_PER_S;
    uint64_t sum = 0;
    assert_true(seconds >= least_s && seconds <= most_s);
    assert_int_equal(m->bucket_ns, NS_PER_S);
    for (size_t i = 0; i < profile_sample_count(p); i++) {
        assert_true(profile_sample_at(p, i)->bucket <= (uint32_t)seconds);
        sum += profile_value(p, i, profile_find_value(p, VALUE_SAMPLES));
    }
    /* The counters are of this part, too. */
    assert_int_equal(profile_counters(p)->samples, sum);
    assert_true(m->used_ns <= 64 * m->duration_ns);
}

/* It begins only with the seconds that were kept; what was before is gone. */
static void only_the_last_seconds_are_kept(void **state)
{
    (void)state;
    const char *const burns = "lists:duplicate/3";
    struct node n;
    struct flight *f;
    struct profile *p;
    struct vitals v;
    size_t renewals = 0, most = 0, rows = 0;
    start_node(&n);
    const struct flight_options how = {.pid = n.vm,
                                       .rate = 499,
                                       .engine = ENGINE_AUTO,
                                       .figures = VITALS_ALL,
                                       .keep_s = KEEP_S,
                                       .rows = 300};
    assert_int_equal(flight_open(&how, &f), 0);
    uint64_t end_ns = clock_now_ns() + MOST_S * NS_PER_S;
    while (renewals < RENEWALS && clock_now_ns() < end_ns) {
        next_second(f, &v);
        size_t now = flight_rows(f);
        renewals += now < rows;
        rows = now;
        most = now > most ? now : most;
    }
    assert_int_equal(renewals, RENEWALS);
    assert_true(most < 40000);
    assert_int_equal(flight_cut(f, 0, UINT64_MAX, &p), 0);
    assert_is_of(p, KEEP_S, KEEP_S + MORE_S);
    assert_true(profile_counters(p)->samples > 0);
    assert_false(has_function(p, burns));
    profile_destroy(p);
    uint64_t began_ns = clock_now_ns();
    tell(&n, "burn\n");
    for (int i = 0; i < 3; i++)
        next_second(f, &v);
    assert_int_equal(flight_cut(f, began_ns, UINT64_MAX, &p), 0);
    assert_is_of(p, 2, MORE_S);
    assert_true(has_function(p, burns));
    profile_destroy(p);
    /* The same time, but before that. */
    assert_int_equal(flight_cut(f, 0, began_ns - NS_PER_S, &p), 0);
    assert_false(has_function(p, burns));
    profile_destroy(p);
    flight_close(f);
    end_node(&n);
}

static void its_figures_are_those_of_the_node(void **state)
{
    (void)state;
    struct node n;
    struct flight *f;
    struct vitals v;
    char pid[FLIGHT_PID];
    start_node(&n);
    const struct flight_options how = {.pid = n.vm,
                                       .rate = 19,
                                       .engine = ENGINE_AUTO,
                                       .figures = VITALS_ALL,
                                       .keep_s = 10};
    assert_int_equal(flight_open(&how, &f), 0);
    assert_int_equal(flight_lacks(f), 0);
    for (int i = 0; i < 2; i++)
        next_second(f, &v);
    assert_true(v.value[VITAL_PROCESSES] > 30 &&
                v.value[VITAL_PROCESSES] < 9999);
    assert_true(v.value[VITAL_MAILBOX] < 100);
    assert_true(v.value[VITAL_MEMORY] > 10e6 && v.value[VITAL_MEMORY] < 1e9);
    assert_true(v.value[VITAL_UTILIZATION] <= 100);
    assert_true(v.value[VITAL_BINARY] < 1e9);
    for (int i = 0; i < VITALS; i++) {
        assert_int_equal(isnan(v.value[i]) != 0,
                         vital_kinds[i].source == VITAL_INSIDE);
        assert_false(v.at_least[i]);
    }
    tell(&n, "fill\n");
    double fastest = 0;
    for (int i = 0; i < 20 && v.value[VITAL_MAILBOX] < 5000; i++) {
        next_second(f, &v);
        fastest = fmax(fastest, v.value[VITAL_MAILBOX_GROWTH]);
    }
    assert_true(fabs(v.value[VITAL_MAILBOX] - 5000) < 0.5);
    assert_true(fastest > 500);
    flight_pid_text(f, v.pid[VITAL_MAILBOX], pid);
    assert_string_equal(pid, n.hoarder);
    next_second(f, &v);
    assert_true(v.value[VITAL_MAILBOX_GROWTH] < 500);
    flight_close(f);
    end_node(&n);
}

static void what_was_recorded_outlives_the_node(void **state)
{
    (void)state;
    struct node n;
    struct flight *f;
    struct profile *p;
    struct vitals v;
    start_node(&n);
    const struct flight_options how = {
        .pid = n.vm, .rate = 499, .engine = ENGINE_AUTO, .keep_s = 10};
    assert_int_equal(flight_open(&how, &f), 0);
    tell(&n, "burn\n");
    for (int i = 0; i < 3; i++)
        next_second(f, &v);
    end_node(&n);
    int ended = 0;
    while (ended >= 0)
        ended = flight_run(f, 50, &v);
    assert_int_equal(ended, -E_GONE);
    assert_int_equal(flight_cut(f, 0, UINT64_MAX, &p), 0);
    assert_true(profile_counters(p)->samples > 0);
    assert_non_null(strstr(profile_text(p, profile_meta(p)->notes),
                           "the node ended during the recording"));
    profile_destroy(p);
    flight_close(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_the_last_seconds_are_kept),
        cmocka_unit_test(its_figures_are_those_of_the_node),
        cmocka_unit_test(what_was_recorded_outlives_the_node),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
