#include "cli/watch_judge.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "cli/options.h"
#include "recorder/vitals_read.h"

void watch_judge_restart(struct watch_judge *j, struct flight *flight)
{
    j->flight = flight;
    memset(j->told, 0, sizeof(j->told));
    for (size_t i = 0; i < j->o->watch.condition_count; i++)
        condition_restart(&j->o->watch.conditions[i]);
}

unsigned watch_judge_figures(const struct options *o)
{
    unsigned set = 0;
    for (size_t i = 0; i < o->watch.condition_count; i++)
        if (!o->watch.conditions[i].at_end)
            set |= VITAL_SET(o->watch.conditions[i].vital);
    return set;
}

const struct condition *watch_judge_inside(const struct options *o)
{
    for (size_t i = 0; i < o->watch.condition_count; i++) {
        const struct condition *c = &o->watch.conditions[i];
        if (!c->at_end && vital_kinds[c->vital].source == VITAL_INSIDE)
            return c;
    }
    return NULL;
}

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

static struct watch_event event_of(const struct watch_judge *j,
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
    e.at_least = why->vitals->at_least[e.vital];
    if (e.vital == VITAL_UTILIZATION)
        e.waited_for_cpu = why->vitals->waited_for_cpu;
    if (why->vitals->pid[e.vital]) {
        flight_pid_text(j->flight, why->vitals->pid[e.vital], pid);
        e.process = pid;
    }
    return e;
}

/* When that was which fires: it may have been read some time ago. */
static uint64_t moment_of(const struct cause *why)
{
    return why->vitals ? why->vitals->at_ns : clock_now_ns();
}

/* A recording whose time is over, but which still waits for its snapshot, does
 * not contain this moment. It is written without the snapshot. 0, or the error
 * of reporting that; the new one has begun in any case. */
static int begin_recording(struct watch_judge *j, const struct cause *why)
{
    int err = j->pending.on
                  ? watch_pending_write(&j->pending, j->place, j->flight)
                  : 0;
    watch_pending_begin(&j->pending, j->place, is_of_end(why) ? 0 : j->o->pid,
                        why->word);
    return err;
}

static int say_held_back(const struct watch_judge *j, struct watch_event e)
{
    char most[120];
    snprintf(most, sizeof(most),
             "there are already %u within %llu s, as many as --at-most allows",
             j->quota.most, (unsigned long long)(j->quota.span_ns / NS_PER_S));
    e.kind = WATCH_HELD_BACK;
    e.why = most;
    return watch_say(j->place->say, &e);
}

/* What fires within the time of a recording that is being made needs no other
 * one. */
static int fire(struct watch_judge *j, const struct cause *why)
{
    char pid[FLIGHT_PID];
    struct watch_event e = event_of(j, why, pid);
    bool is_in = j->pending.on && moment_of(why) <= j->pending.end_ns;
    if (!is_in && !quota_take(&j->quota, clock_now_ns()))
        return say_held_back(j, e);
    int err = is_in ? 0 : begin_recording(j, why);
    e.recording = j->pending.stem;
    int unheard = watch_say(j->place->say, &e);
    return err ? err : unheard;
}

enum { WHY = 80 };

static const char *why_unknown(const struct watch_judge *j, enum vital vital,
                               char many[static WHY])
{
    if (vital_kinds[vital].source == VITAL_INSIDE)
        return "a scheduler of the node does not answer";
    if (vital_kinds[vital].source == VITAL_OF_KERNEL)
        return vital == VITAL_UTILIZATION
                   ? "the kernel does not say how long its schedulers ran"
                   : "the kernel does not say how much of the node is in RAM";
    int lacks = flight_lacks(j->flight);
    if (lacks)
        return err_text(lacks);
    if (vital != VITAL_BINARY && vital != VITAL_BINARY_GROWTH)
        return "this figure was not found in the memory of this VM";
    snprintf(many, WHY, "it is known only of nodes with at most %d processes",
             VITALS_PROCESSES);
    return many;
}

static int say_unknown(const struct watch_judge *j, const struct condition *c)
{
    struct watch_event e = watch_event_now(WATCH_UNKNOWN);
    char many[WHY];
    e.word = vital_kinds[c->vital].word;
    e.cause = c->text;
    e.why = why_unknown(j, c->vital, many);
    return watch_say(j->place->say, &e);
}

static int judge(struct watch_judge *j, struct condition *c,
                 const struct vitals *v)
{
    const struct cause why = {vital_kinds[c->vital].word, c->text, c, v};
    switch (condition_judge(c, v)) {
    case CONDITION_FIRES:
        return fire(j, &why);
    case CONDITION_NOT_KNOWN:
        return say_unknown(j, c);
    default:
        return 0;
    }
}

static void add_told(const struct watch_judge *j, struct vitals *v)
{
    for (int i = 0; i < VITALS; i++) {
        const struct watch_told *t = &j->told[i];
        if (t->at_ns && v->at_ns - t->at_ns < WATCH_TOLD_S * NS_PER_S)
            v->value[i] = t->value;
    }
}

int watch_judge_vitals(struct watch_judge *j, struct vitals *v)
{
    int err = 0;
    add_told(j, v);
    for (size_t i = 0; i < j->o->watch.condition_count && !err; i++)
        err = judge(j, &j->o->watch.conditions[i], v);
    return err;
}

int watch_judge_request(struct watch_judge *j, const struct watch_request *r)
{
    if (!r->is_figure)
        return fire(j, &(struct cause){.word = r->word, .text = r->cause});
    j->told[r->vital] = (struct watch_told){r->value, clock_now_ns()};
    return 0;
}

int watch_judge_end(struct watch_judge *j)
{
    int err = 0;
    for (size_t i = 0; i < j->o->watch.condition_count && !err; i++) {
        const struct condition *c = &j->o->watch.conditions[i];
        if (c->at_end)
            err = fire(j, &(struct cause){"ended", c->text, c, NULL});
    }
    return err;
}
