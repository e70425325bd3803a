/* cprof watch: records a node all the time, and keeps a recording when a
 * condition holds. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"
#include "cli/nodes.h"
#include "cli/options.h"
#include "cli/verbs.h"
#include "cli/watch_control.h"
#include "cli/watch_judge.h"
#include "cli/watch_pending.h"
#include "port/port.h"
#include "port/port_watch.h"
#include "recorder/limits.h"

enum {
    STEP_MS = 100, /* a request waits at most this long */
    WAIT_STEP_MS = 500,
    EARLY_STEPS = 60, /* that a node is given to start */
};

struct watch {
    struct options *o;
    bool of_port;
    struct watch_say say;
    struct watch_place place;
    struct flight *flight;
    struct watch_judge judge;
    uint64_t end_ns;
};

/* --- one node ------------------------------------------------------------- */

static int take_requests(struct watch *w)
{
    struct watch_request r;
    int err = 0;
    while (!err && watch_control_next(w->of_port, &r))
        err = watch_judge_request(&w->judge, &r);
    return err;
}

static int step(struct watch *w)
{
    struct watch_pending *pending = &w->judge.pending;
    struct vitals v;
    int news = flight_run(w->flight, STEP_MS, &v);
    int err = news < 0 ? news : 0;
    if (!err && news)
        err = watch_judge_vitals(&w->judge, &v);
    if (!err)
        err = take_requests(w);
    if (!err && pending->on && watch_pending_is_due(pending))
        err = watch_pending_write(pending, &w->place, w->flight);
    return err;
}

static int say_began(struct watch *w)
{
    struct watch_event e = watch_event_now(WATCH_BEGAN);
    e.pid = w->o->pid;
    e.node = flight_node(w->flight);
    e.engine = flight_engine(w->flight);
    e.rate = w->o->rate;
    return watch_say(&w->say, &e);
}

static int say_ended(struct watch *w, int why)
{
    struct watch_event e = watch_event_now(WATCH_ENDED);
    e.pid = w->o->pid;
    e.why = why == -E_GONE ? "the node has ended" : err_text(why);
    return watch_say(&w->say, &e);
}

static bool is_over(const struct watch *w)
{
    return watch_stopped || clock_now_ns() >= w->end_ns;
}

/* Until it is over: 0; or until the node ends, what is reported cannot be
 * written, or another error. What is pending is written in any case, with what
 * there is. Where the node's end is also that of the watch, it says more than
 * that this was not heard: both often end together. */
static int watch_node(struct watch *w)
{
    struct watch_pending *pending = &w->judge.pending;
    watch_judge_restart(&w->judge, w->flight);
    int err = say_began(w), unheard = 0, last = 0;
    while (!err && !is_over(w))
        err = step(w);
    if (err == -E_GONE)
        unheard = watch_judge_end(&w->judge);
    if (pending->on)
        last = watch_pending_write(pending, &w->place, w->flight);
    unheard = unheard ? unheard : last;
    if (err && !unheard)
        unheard = say_ended(w, err);
    bool is_end = err == -E_GONE && !w->o->watch.wait;
    return unheard && !is_end ? unheard : err;
}

/* --- opening -------------------------------------------------------------- */

static int open_flight(struct watch *w)
{
    const struct options *o = w->o;
    const struct flight_options how = {
        .pid = o->pid,
        .rate = o->rate,
        .engine = o->engine,
        .keep_s =
            (unsigned)(o->watch.before_s + o->watch.after_s) + WATCH_SNAPSHOT_S,
        .figures = watch_judge_figures(o),
        .no_command = o->no_command,
        .stop = &watch_stopped};
    return flight_open(&how, &w->flight);
}

/* The VM has started only just now, or has ended again. */
static bool is_early(int err)
{
    return err == -E_STARTING || err == -E_LAYOUT || err == -E_GONE ||
           err == -E_NO_PROCESS || err == -E_NOT_BEAM;
}

/* While a node is waited for. */
struct waiting {
    size_t named;  /* nodes have that name */
    size_t told;   /* how many, when that was last told */
    bool any_told; /* it was told at all */
    int early;
};

/* 0; -EAGAIN: there is not exactly one such node, or it has not started yet; or
 * why it cannot be watched. */
static int look_for_node(struct watch *w, struct waiting *wait)
{
    int pid = nodes_find(w->o->node, &wait->named);
    if (pid <= 0)
        return pid ? pid : -EAGAIN;
    w->o->pid = pid;
    int err = open_flight(w);
    return is_early(err) && ++wait->early < EARLY_STEPS ? -EAGAIN : err;
}

/* Once, and again when there begin or cease to be several. */
static void say_waits(const struct watch *w, struct waiting *wait)
{
    bool same = wait->any_told && (wait->told > 1) == (wait->named > 1);
    if (w->o->quiet || same)
        return;
    wait->any_told = true;
    wait->told = wait->named;
    if (wait->named > 1)
        nodes_show_named(w->o->node);
    if (wait->named > 1)
        say("watch: %zu nodes here are named %s; waiting until only one is, or "
            "choose one with -p PID",
            wait->named, w->o->node);
    else
        say("watch: waiting for a node here that is named %s", w->o->node);
}

/* The same; -EINTR: it is over. */
static int wait_for_node(struct watch *w)
{
    struct waiting wait = {.named = 0};
    int err = look_for_node(w, &wait);
    while (err == -EAGAIN && !is_over(w)) {
        say_waits(w, &wait);
        poll(NULL, 0, WAIT_STEP_MS);
        err = look_for_node(w, &wait);
    }
    return err == -EAGAIN ? -EINTR : err;
}

/* A node that closes the port, or ends, wants nothing more from the watch. */
static int explain_no_reader(const struct watch *w)
{
    return w->of_port ? EXIT_DONE
                      : fail_text("stdout", "nobody reads it any more, so the "
                                            "watch has ended");
}

static int explain(const struct watch *w, int err)
{
    char what[32];
    snprintf(what, sizeof(what), "pid %d", (int)w->o->pid);
    switch (err) {
    case 0:
    case -EINTR:
        return EXIT_DONE;
    case -E_GONE:
        return fail_text(what, "the node has ended");
    case -E_NO_READER:
        return explain_no_reader(w);
    case -E_TIME:
        return fail_text(what, "its code and data could not be read within "
                               "30 s; try again when the machine is less busy");
    default:
        return fail(err == w->say.err ? "stdout" : what, err);
    }
}

static int watch_all(struct watch *w)
{
    bool waits = w->o->watch.wait;
    int err;
    do {
        err = waits ? wait_for_node(w) : open_flight(w);
        if (!err) {
            err = watch_node(w);
            flight_close(w->flight);
            w->flight = NULL;
        }
    } while (err == -E_GONE && waits && !is_over(w));
    return explain(w, waits && err == -E_GONE ? 0 : err);
}

/* --- the verb ------------------------------------------------------------- */

static int check_folder(struct watch *w)
{
    w->place.options = w->o;
    w->place.say = &w->say;
    w->judge.place = &w->place;
    watch_series_begin(&w->place.series, w->o);
    int err = watch_series_check(&w->place.series);
    if (err == -ENOENT)
        return fail_text(w->o->watch.folder,
                         "there is no such folder; create it first");
    return err ? fail(w->o->watch.folder, err) : EXIT_DONE;
}

static int watch(struct options *o, bool of_port)
{
    struct watch w = {.o = o,
                      .of_port = of_port,
                      .say = {.fd = STDOUT_FILENO},
                      .judge = {.o = o,
                                .quota = {.most = o->watch.at_most,
                                          .span_ns = o->watch.at_most_ns}},
                      .end_ns = UINT64_MAX};
    w.say.form = of_port               ? WATCH_PORT
                 : o->watch.json_lines ? WATCH_JSON
                                       : WATCH_TEXT;
    int code = check_folder(&w);
    if (code == EXIT_DONE && !o->watch.wait)
        code = nodes_choose("watch", o);
    if (code != EXIT_DONE)
        return code;
    if (o->seconds > 0)
        w.end_ns = clock_now_ns() + (uint64_t)(o->seconds * (double)NS_PER_S);
    signal(SIGPIPE, SIG_IGN); /* makes it an error of write() */
    watch_control_begin();
    limits_raise();
    return watch_all(&w);
}

static int run(int argc, char **argv)
{
    struct options o;
    int code;
    if (!verb_options(&verb_watch, argc, argv, &o, &code))
        return code;
    if (watch_judge_inside(&o))
        return usage_error("watch", "--when",
                           "cannot be about allocation, which is known only "
                           "inside the node: use Cprof.Watch or cprof_flight "
                           "(docs/watch.md)");
    if (o.watch.condition_count == 0)
        return usage_error("watch", "--when",
                           "is missing; give at least one condition, such as "
                           "'mailbox > 10000'");
    return watch(&o, false);
}

/* Whoever gave the options reads the other end of the port, not stderr. */
static int refuse(const struct options_fault *fault)
{
    char text[sizeof(*fault) + 2];
    snprintf(text, sizeof(text), "%s: %s", fault->what, fault->why);
    struct buffer out;
    buffer_init(&out, BUFFER_DEFAULT_MAX);
    int err = port_watch_refused(&out, text);
    if (!err)
        err = port_write_all(STDOUT_FILENO, out.data, out.len);
    buffer_deinit(&out);
    return err ? fail("stdout", err) : EXIT_USAGE;
}

static int run_of_port(int argc, char **argv)
{
    struct options o;
    struct options_fault fault;
    if (options_parse(OPTION_WATCH, argc, argv, &o, &fault) != 0)
        return refuse(&fault);
    return watch(&o, true);
}

const struct verb verb_watch = {
    .name = "watch",
    .options = OPTION_WATCH,
    .run = run,
    .uses = {{"[-p PID | -n NAME] --when CONDITION ...",
              "record always, keep what led to a condition"}},
    .about =
        "Samples a running Erlang VM all the time at a low rate, keeps only "
        "the last minutes, and writes a recording when a condition holds: with "
        "the seconds before it, some after it, and a snapshot of the node. It "
        "reads from outside and stops nothing.\n"
        "A condition is a figure, > and a number: utilization > 90%, run_queue "
        "> 50, mailbox > 10000 (the longest one), mailbox growth > 1000/s, "
        "memory > 2G (resident), memory growth > 10M/s, binary > 1G, binary "
        "growth > 10M/s, processes > 100k, processes growth > 1000/s; or "
        "`ended`: the node has ended. With `for 5s` after it, it must hold "
        "that long. After it has fired, the figure must be at most 90 % of the "
        "limit for 10 s before it fires again.",
    .after = "A line on stdout says what happens; docs/watch.md describes it. "
             "SIGUSR1 asks for a recording. SIGTERM and Ctrl-C end the watch "
             "with status 0, and what is being recorded is written. If the "
             "node ends, so does the watch, with status 1, unless --wait is "
             "given.",
};

const struct verb verb_watch_port = {.name = "watch-port", .run = run_of_port};
