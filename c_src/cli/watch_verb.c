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
#include "cli/watch_pending.h"
#include "recorder/limits.h"
#include "recorder/vitals_read.h"

enum {
    STEP_MS = 100, /* a request waits at most this long */
    WAIT_STEP_MS = 500,
    EARLY_STEPS = 60, /* that a node is given to start */
};

struct watch {
    struct options *o; /* with its conditions */
    bool of_port;
    struct watch_say say;
    struct watch_place place;
    struct quota quota;
    struct flight *flight;
    struct watch_pending pending;
    uint64_t end_ns;
};

/* --- firing --------------------------------------------------------------- */

/* Why a recording is made. */
struct cause {
    const char *word, *text;
    const struct condition *condition; /* NULL: of a request */
    const struct vitals *vitals;
};

static bool is_of_end(const struct cause *why)
{
    return why->condition && why->condition->at_end;
}

static struct watch_event event_of(const struct watch *w,
                                   const struct cause *why,
                                   char pid[static FLIGHT_PID])
{
    struct watch_event e = watch_event_now(WATCH_FIRED);
    e.word = why->word;
    e.cause = why->text;
    if (!why->condition || is_of_end(why))
        return e;
    e.vital = why->condition->vital;
    e.value = why->vitals->value[e.vital];
    e.limit = why->condition->limit;
    if (e.vital == VITAL_UTILIZATION)
        e.waited_for_cpu = why->vitals->waited_for_cpu;
    if (why->vitals->pid[e.vital]) {
        flight_pid_text(w->flight, why->vitals->pid[e.vital], pid);
        e.process = pid;
    }
    return e;
}

/* What fires while a recording is being made needs no other one. */
static int fire(struct watch *w, const struct cause *why)
{
    char pid[FLIGHT_PID], most[120];
    struct watch_event e = event_of(w, why, pid);
    bool taken = w->pending.on || quota_take(&w->quota, clock_now_ns());
    if (taken && !w->pending.on)
        watch_pending_begin(&w->pending, &w->place,
                            is_of_end(why) ? 0 : w->o->pid, why->word);
    if (taken) {
        e.recording = w->pending.stem;
    } else {
        e.kind = WATCH_HELD_BACK;
        snprintf(most, sizeof(most),
                 "there are already %u within %llu s, as many as --at-most "
                 "allows",
                 w->quota.most,
                 (unsigned long long)(w->quota.span_ns / NS_PER_S));
        e.why = most;
    }
    return watch_say(&w->say, &e);
}

static int say_unknown(const struct watch *w, const struct condition *c)
{
    struct watch_event e = watch_event_now(WATCH_UNKNOWN);
    int lacks = flight_lacks(w->flight);
    bool is_sum = c->vital == VITAL_BINARY || c->vital == VITAL_BINARY_GROWTH;
    char many[80];
    snprintf(many, sizeof(many),
             "it is known only of nodes with at most %d processes",
             VITALS_PROCESSES);
    e.word = vital_kinds[c->vital].word;
    e.cause = c->text;
    e.why = lacks    ? err_text(lacks)
            : is_sum ? many
                     : "this figure was not found in the memory of this VM";
    return watch_say(&w->say, &e);
}

static int judge(struct watch *w, struct condition *c, const struct vitals *v)
{
    const struct cause why = {vital_kinds[c->vital].word, c->text, c, v};
    switch (condition_judge(c, v)) {
    case CONDITION_FIRES:
        return fire(w, &why);
    case CONDITION_NOT_KNOWN:
        return say_unknown(w, c);
    default:
        return 0;
    }
}

static int judge_all(struct watch *w, const struct vitals *v)
{
    int err = 0;
    for (size_t i = 0; i < w->o->watch.condition_count && !err; i++)
        err = judge(w, &w->o->watch.conditions[i], v);
    return err;
}

static int take_requests(struct watch *w)
{
    struct watch_request r;
    int err = 0;
    while (!err && watch_control_next(w->of_port, &r))
        err = fire(w, &(struct cause){.word = r.word, .text = r.cause});
    return err;
}

static int fire_at_end(struct watch *w)
{
    int err = 0;
    for (size_t i = 0; i < w->o->watch.condition_count && !err; i++) {
        const struct condition *c = &w->o->watch.conditions[i];
        if (c->at_end)
            err = fire(w, &(struct cause){"ended", c->text, c, NULL});
    }
    return err;
}

/* --- one node ------------------------------------------------------------- */

static int step(struct watch *w)
{
    struct vitals v;
    int news = flight_run(w->flight, STEP_MS, &v);
    int err = news < 0 ? news : 0;
    if (!err && news)
        err = judge_all(w, &v);
    if (!err)
        err = take_requests(w);
    if (!err && w->pending.on && watch_pending_is_due(&w->pending))
        err = watch_pending_write(&w->pending, &w->place, w->flight);
    return err;
}

static int say_began(const struct watch *w)
{
    struct watch_event e = watch_event_now(WATCH_BEGAN);
    e.pid = w->o->pid;
    e.node = flight_node(w->flight);
    e.engine = flight_engine(w->flight);
    e.rate = w->o->rate;
    return watch_say(&w->say, &e);
}

static int say_ended(const struct watch *w, int why)
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

/* Until it is over: 0; or until the node ends, or another error. What is
 * pending is written in any case, with what there is. */
static int watch_node(struct watch *w)
{
    for (size_t i = 0; i < w->o->watch.condition_count; i++)
        condition_restart(&w->o->watch.conditions[i]);
    int err = say_began(w), written = 0;
    while (!err && !is_over(w))
        err = step(w);
    if (err == -E_GONE)
        written = fire_at_end(w);
    if (w->pending.on && !written)
        written = watch_pending_write(&w->pending, &w->place, w->flight);
    if (err && !written)
        written = say_ended(w, err);
    return written ? written : err;
}

/* --- opening -------------------------------------------------------------- */

/* Those of the conditions. */
static unsigned figures(const struct options *o)
{
    unsigned set = 0;
    for (size_t i = 0; i < o->watch.condition_count; i++)
        if (!o->watch.conditions[i].at_end)
            set |= VITAL_SET(o->watch.conditions[i].vital);
    return set;
}

static int open_flight(struct watch *w)
{
    const struct options *o = w->o;
    const struct flight_options how = {
        .pid = o->pid,
        .rate = o->rate,
        .engine = o->engine,
        .keep_s =
            (unsigned)(o->watch.before_s + o->watch.after_s) + WATCH_SNAPSHOT_S,
        .figures = figures(o),
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

/* 0; -EAGAIN: there is no such node, or it has not started yet; or why it
 * cannot be watched. */
static int look_for_node(struct watch *w, int *early)
{
    int pid = nodes_find(w->o->node);
    if (pid <= 0)
        return pid ? pid : -EAGAIN;
    w->o->pid = pid;
    int err = open_flight(w);
    return is_early(err) && ++*early < EARLY_STEPS ? -EAGAIN : err;
}

/* The same; -EINTR: it is over. */
static int wait_for_node(struct watch *w)
{
    bool told = w->o->quiet;
    int early = 0, err = look_for_node(w, &early);
    while (err == -EAGAIN && !is_over(w)) {
        if (!told)
            say("watch: waiting until exactly one node here is named %s",
                w->o->node);
        told = true;
        poll(NULL, 0, WAIT_STEP_MS);
        err = look_for_node(w, &early);
    }
    return err == -EAGAIN ? -EINTR : err;
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
    case -E_TIME:
        return fail_text(what, "its code and data could not be read within "
                               "30 s; try again when the machine is less busy");
    default:
        return fail(what, err);
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
    watch_series_begin(&w->place.series, w->o);
    int err = watch_series_check(&w->place.series);
    return err ? fail(w->o->watch.folder, err) : EXIT_DONE;
}

static int watch(struct options *o, bool of_port)
{
    struct watch w = {
        .o = o,
        .of_port = of_port,
        .say = {.fd = STDOUT_FILENO},
        .quota = {.most = o->watch.at_most, .span_ns = o->watch.at_most_ns},
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
    if (o.watch.condition_count == 0)
        return usage_error("watch", "--when",
                           "is missing; give at least one condition, such as "
                           "'mailbox > 10000'");
    return watch(&o, false);
}

static int run_of_port(int argc, char **argv)
{
    struct options o;
    int code;
    if (!verb_options(&verb_watch, argc, argv, &o, &code))
        return code;
    signal(SIGPIPE, SIG_IGN); /* makes it an error of write() */
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
