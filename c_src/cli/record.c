/* cprof record: attaches, samples until the time is up, and writes the result.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "cli/ask.h"
#include "cli/launch.h"
#include "cli/nodes.h"
#include "cli/option_events.h"
#include "cli/options.h"
#include "cli/progress.h"
#include "cli/verbs.h"
#include "output/output.h"
#include "recorder/limits.h"
#include "recorder/session.h"

static volatile sig_atomic_t interrupted;

static void handle_signals(void (*handler)(int))
{
    struct sigaction action = {.sa_handler = handler};
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGHUP, &action, NULL);
}

/* The first signal ends the recording, and its result is written. A user who
 * sends another signal more than a second later does not want to wait for that,
 * so it ends the program. */
static void on_signal(int number)
{
    static volatile sig_atomic_t first_s;
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    if (!interrupted)
        first_s = (sig_atomic_t)now.tv_sec;
    else if (now.tv_sec > first_s + 1) {
        handle_signals(SIG_DFL);
        raise(number);
    }
    interrupted = 1;
}

/* In seconds; 0: until the command ends. */
static double duration_of(const struct options *o)
{
    return o->seconds > 0 ? o->seconds : o->command ? 0 : OPTIONS_SECONDS;
}

/* Samples until the time is up or a signal comes: 0. -E_GONE if the node ended.
 * launch is NULL if there is no command. */
static int sample(const struct options *o, struct session *s,
                  struct launch *launch)
{
    double seconds = duration_of(o) > 0 ? duration_of(o) : 1e9;
    uint64_t end = clock_now_ns() + (uint64_t)(seconds * (double)NS_PER_S);
    struct progress progress;
    progress_begin(&progress, !o->quiet, (uint64_t)(duration_of(o) + 0.5));
    int err = 0;
    while (!err && !interrupted) {
        uint64_t now = clock_now_ns();
        if (now >= end)
            break;
        uint64_t ms = (end - now) / NS_PER_MS + 1;
        err = session_run(s, ms < 250 ? (unsigned)ms : 250);
        struct session_progress now_at = session_progress(s);
        progress_show(&progress, now_at.elapsed_ns, now_at.samples,
                      now_at.lost);
        if (launch)
            launch_look(launch);
    }
    progress_end(&progress);
    return err;
}

/* "wrote r.pb.gz (990 samples, 0 lost; wall: 300 samples, 0 lost)" */
static void say_written(const char *output, const struct profile *p)
{
    struct buffer line;
    buffer_init(&line, BUFFER_DEFAULT_MAX);
    for (bool first = true; p; p = profile_next(p), first = false) {
        const struct profile_counters *c = profile_counters(p);
        if (!first)
            buffer_printf(&line, "; %s: ", event_name(profile_event(p)));
        buffer_printf(&line, "%llu samples, %llu lost",
                      (unsigned long long)c->samples,
                      (unsigned long long)c->lost);
    }
    say("wrote %s (%.*s)", output, (int)line.len, (const char *)line.data);
    buffer_deinit(&line);
}

/* Nothing has the name that is asked for. */
static bool is_wrong_name(int err)
{
    return err == -E_NO_SPAN || err == -E_NO_MATCH || err == -E_NO_FUNCTION;
}

/* A wrong name does not lose the recording: then all of it is rendered, and the
 * error is returned nevertheless. */
static int render(const struct options *o, const struct profile *p,
                  struct buffer *bytes)
{
    struct view view = options_view(o);
    int err = view_render(p, &view, bytes);
    if (!is_wrong_name(err))
        return err;
    buffer_clear(bytes);
    view.filter = (struct filter){.events = view.filter.events};
    view.how.callers = NULL;
    int whole = view_render(p, &view, bytes);
    return whole ? whole : err;
}

static int write_result(const struct options *o, const struct profile *p)
{
    struct buffer bytes;
    buffer_init(&bytes, BUFFER_DEFAULT_MAX);
    const char *what = o->output ? o->output : "stdout";
    int err = render(o, p, &bytes), written = err;
    if (!err || is_wrong_name(err))
        written = output_write(o->output, say_waiting, &bytes);
    buffer_deinit(&bytes);
    if (written)
        return fail(what, written);
    if (o->output && !o->quiet)
        say_written(o->output, p);
    if (!err)
        return EXIT_DONE;
    say("all of the recording was written, because a name is wrong");
    return fail(options_at_fault(o, err, what), err);
}

/* Prints which VMs were not recorded, from the i-th on; also notes it in the
 * result p, which is NULL if it was written already. */
static int tell_others(const struct launch *l, size_t i, struct profile *p)
{
    int err = 0;
    for (; i < l->other_count && !err; i++) {
        char line[80];
        snprintf(line, sizeof(line),
                 "another Erlang VM (pid %d) was started and not recorded",
                 l->others[i]);
        say("%s", line);
        for (struct profile *at = p; at && !err; at = profile_next_edit(at))
            err = profile_note(at, line);
    }
    return err;
}

/* If the VM has ended, waits for the command before its result is written,
 * since the command may start another VM. */
static int note_others(struct launch *l, int sampled, struct profile *p)
{
    if (sampled == -E_GONE)
        launch_wait(l, &interrupted);
    return tell_others(l, 0, p);
}

/* What is recorded. */
struct recorded {
    pid_t pid;
    const struct ask *ask;
    struct launch *launch; /* NULL if there is no command */
};

/* If the node ended during the recording, or the recording ended early for
 * another reason, the samples until then are kept. */
static int finish(const struct options *o, const struct recorded *of,
                  struct session *s, int sampled)
{
    struct profile *p = NULL;
    int err = session_finish(s, &p);
    int asked = err ? 0 : ask_node(of->ask, of->pid, p);
    if (!err && of->launch)
        err = note_others(of->launch, sampled, p);
    if (err) {
        profile_destroy(p);
        return fail("recording", err);
    }
    if (sampled == -E_GONE && !o->command)
        say("the node ended during the recording; what was sampled until "
            "then follows");
    int code = write_result(o, p);
    if (asked)
        code = fail("--ask", asked);
    profile_destroy(p);
    if (sampled && sampled != -E_GONE)
        return fail("the recording ended early", sampled);
    return code;
}

enum { START_STEP_MS = 100, START_STEPS = 100 };

/* In a VM that a command has just started, there may be too few processes to
 * recognise how they are stored. */
static bool is_starting(const struct options *o, int err)
{
    return err == -E_STARTING || (o->command && err == -E_LAYOUT);
}

/* Waits up to ten seconds for a VM that is still starting. */
static int attach(const struct options *o, const struct session_options *how,
                  struct session **s)
{
    int err = session_open(how, s);
    for (int i = 0; is_starting(o, err) && i < START_STEPS && !interrupted;
         i++) {
        if (i == 0 && err == -E_STARTING && !o->quiet)
            say("the VM is still starting; waiting until it has loaded code");
        poll(NULL, 0, START_STEP_MS);
        err = session_open(how, s);
    }
    return is_starting(o, err) && interrupted ? -EINTR : err;
}

static int record_pid(const struct options *o, const struct recorded *of)
{
    struct session_options how = {
        .pid = of->pid,
        .events = o->events,
        .alloc_cost = o->max_cost,
        .engine = o->engine,
        .clock = o->clock,
        .kernel = o->kernel,
        .force = o->force,
        .timeline = o->timeline,
        .no_command = o->no_command,
        .spans = {o->slower_than_ns, o->spans, o->span_count},
        .duration_ns = (uint64_t)(duration_of(o) * (double)NS_PER_S),
        .stop = &interrupted};
    for (int i = 0; i < EVENT_COUNT; i++)
        how.rates[i] = option_events_rate(o, (enum event)i);
    char what[32];
    snprintf(what, sizeof(what), "pid %d", of->pid);
    struct session *s;
    int err = attach(o, &how, &s);
    if (err == -EINTR)
        return fail_text(what, "interrupted before the first sample");
    if (err == -E_TIME)
        return fail_text(what, "its code and data could not be read within "
                               "30 s; try again when the machine is less busy");
    if (err)
        return fail(what, err);
    int code = finish(o, of, s, sample(o, s, of->launch));
    session_close(s);
    return code;
}

/* Prints why there is nothing to record. */
static int explain_launch(const char *command, const struct launch *l, int err)
{
    char outcome[64], why[128];
    launch_outcome(l, outcome, sizeof(outcome));
    snprintf(why, sizeof(why), "%s before an Erlang VM was ready",
             outcome[0] ? outcome : "ended");
    if (l->vm)
        snprintf(why, sizeof(why),
                 "the Erlang VM that it started runs in the background as pid "
                 "%d; `cprof record -p %d` records it",
                 l->vm, l->vm);
    switch (err) {
    case -EINTR:
        return fail_text(command, "interrupted before an Erlang VM was ready");
    case -E_GONE:
        return fail_text(command, why);
    case -E_NOT_BEAM:
        return fail_text(command, "started no Erlang VM within 10 s");
    default:
        return fail(command, err);
    }
}

/* A successful recording exits as its command did, so that a shell script or CI
 * that waits for the command learns how it ended. */
static int outcome_of(const char *command, const struct launch *l)
{
    char outcome[64];
    launch_outcome(l, outcome, sizeof(outcome));
    if (outcome[0])
        say("%s %s", command, outcome);
    return launch_exit_code(l);
}

static int record_command(const struct options *o, const struct ask *ask)
{
    struct launch launch;
    int err = launch_start(o->command, &interrupted, &launch);
    if (err)
        return explain_launch(o->command[0], &launch, err);
    int code = record_pid(
        o, &(struct recorded){.pid = launch.vm, .ask = ask, .launch = &launch});
    size_t told = launch.other_count;
    if (code == EXIT_DONE && !interrupted)
        launch_wait(&launch, &interrupted);
    (void)!tell_others(&launch, told, NULL);
    if (code == EXIT_DONE && !interrupted)
        return outcome_of(o->command[0], &launch);
    launch_end(&launch);
    return code;
}

static int record_node(struct options *o, struct ask *ask)
{
    int code = nodes_choose("record", o);
    if (code == EXIT_DONE)
        code = ask_prepare(ask, o);
    return code == EXIT_DONE
               ? record_pid(o, &(struct recorded){.pid = o->pid, .ask = ask})
               : code;
}

static int run(int argc, char **argv)
{
    struct options o;
    struct ask ask;
    int code;
    if (!verb_options(&verb_record, argc, argv, &o, &code))
        return code;
    code = verb_output(&o);
    if (code != EXIT_DONE)
        return code;
    handle_signals(on_signal);
    limits_raise();
    int err = limits_check(); /* before a command is started for nothing */
    if (err)
        return fail("record", err);
    if (!o.command)
        return record_node(&o, &ask);
    code = ask_prepare(&ask, &o);
    return code == EXIT_DONE ? record_command(&o, &ask) : code;
}

const struct verb verb_record = {
    .name = "record",
    .options = OPTION_RECORD,
    .run = run,
    .uses = {{"[-p PID | -n NAME] [-d SECONDS] [-o FILE]", "profile a node"},
             {"-- COMMAND ...", "start a node, and profile it"}},
    .about = "Samples a running Erlang VM from outside and shows where its CPU "
             "time goes, what its processes wait for, or where its schedulers "
             "are blocked. Without a pid or a name it records the only node of "
             "this machine; if there are several, it lists them. Ctrl-C ends "
             "the recording and writes the result. "
             "`cprof report` reads an output file that ends in .pb.gz.",
    .after = "A command keeps running when the time is up; cprof then waits "
             "for it to end and exits with its status. Ctrl-C ends both.",
};
