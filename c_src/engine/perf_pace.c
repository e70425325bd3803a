#include "engine/perf_pace.h"

#include "base/clock.h"
#include "engine/perf_load.h"

enum {
    LOAD_NS = 250 * 1000 * 1000, /* how often the cost is judged */
    LOAD_PART = 50, /* reading the load takes at most 1/LOAD_PART of the time */
    OFTEN_RATE = 1999, /* the most to which a lower rate is raised */
};

/* The terms of perf_duty.h for that setup. */
static int measure(const struct perf_event_setup *setup, double bound,
                   struct perf_duty_terms *out)
{
    *out = (struct perf_duty_terms){.bound = bound, .rate = setup->rate};
    return perf_cost_measure(setup, &out->cost);
}

/* Raises the rate by what the pauses take away. Most of the cost of an event is
 * that of switches, which hardly depends on the rate. */
static int try_often(struct perf_pace *p, struct perf_event_setup *setup)
{
    struct perf_event_setup often = *setup;
    struct perf_duty_terms terms;
    double share = perf_duty_share(&p->terms, &p->before);
    if (share >= 1 || setup->event != ENGINE_CPU_CLOCK ||
        setup->rate >= OFTEN_RATE)
        return 0;
    double wanted = setup->rate / share;
    often.rate = wanted < OFTEN_RATE ? (unsigned)wanted : OFTEN_RATE;
    often.period_ns = NS_PER_S / often.rate;
    int err = measure(&often, p->terms.bound, &terms);
    if (err)
        return err;
    if (perf_duty_share(&terms, &p->before) * often.rate >
        share * setup->rate) {
        p->terms = terms;
        *setup = often;
    }
    return 0;
}

int perf_pace_measure(struct perf_pace *p, struct perf_event_setup *setup,
                      const struct threads *threads, double bound)
{
    struct perf_duty_load first = perf_load_so_far(p->pid, threads);
    int err = measure(setup, bound, &p->terms);
    struct perf_duty_load then = perf_load_so_far(p->pid, threads);
    p->before = perf_load_between(&first, &then);
    return err ? err : try_often(p, setup);
}

/* Samples stand for the kind of CPU time that is sampled. */
static void look_at(struct perf_pace *p, struct perf_thread *t, bool kernel)
{
    struct perf_load did = perf_load_since(p->pid, t, !kernel);
    p->load.runs += did.runs;
    p->load.cpu_ns += did.cpu_ns;
    perf_weights_used(&p->weights, t->kind, kernel ? did.cpu_ns : did.user_ns);
}

static void look(struct perf_pace *p, struct perf_threads *set)
{
    uint64_t now = clock_now_ns();
    for (size_t i = 0; i < set->count; i++)
        look_at(p, set->list[i], set->setup.kernel);
    perf_weights_looked(&p->weights, now);
    p->load.ns += now - p->looked_ns;
    p->looked_ns = now;
    p->took_ns = clock_now_ns() - now;
}

/* Before every window, or from time to time where there are no pauses. */
static bool is_time_to_look(const struct perf_pace *p, uint64_t now)
{
    uint64_t rest_ns = p->took_ns * LOAD_PART;
    if (p->duty.share >= 1 && rest_ns < LOAD_NS)
        rest_ns = LOAD_NS;
    return now >= p->looked_ns + rest_ns &&
           perf_duty_before_window(&p->duty, now);
}

static void judge_cost(struct perf_pace *p)
{
    perf_duty_saw(&p->duty, &p->load);
    p->load = (struct perf_duty_load){0};
}

int perf_pace_begin(struct perf_pace *p, struct perf_threads *set)
{
    for (size_t i = 0; i < set->count; i++) /* they are counted from here on */
        (void)perf_load_since(p->pid, set->list[i], !set->setup.kernel);
    uint64_t now = clock_now_ns();
    perf_duty_begin(&p->duty, &p->terms, &p->before, now);
    perf_weights_begin(&p->weights, set->setup.period_ns, p->duty.share, now);
    p->looked_ns = now;
    return perf_threads_arm(set, p->duty.armed);
}

int perf_pace_keep(struct perf_pace *p, struct perf_threads *set)
{
    uint64_t now = clock_now_ns();
    if (is_time_to_look(p, now)) {
        look(p, set);
        if (p->load.ns >= LOAD_NS)
            judge_cost(p);
    }
    if (!perf_duty_turn(&p->duty, now))
        return 0;
    if (p->duty.armed)
        perf_weights_window(&p->weights, p->duty.share);
    return perf_threads_arm(set, p->duty.armed);
}

void perf_pace_follow(const struct perf_pace *p, struct perf_threads *set)
{
    for (size_t i = 0; i < set->count; i++)
        if (!set->list[i]->load.known)
            (void)perf_load_since(p->pid, set->list[i], !set->setup.kernel);
}

/* Disabling fails for a thread that has ended; that does not matter. */
void perf_pace_end(struct perf_pace *p, struct perf_threads *set)
{
    look(p, set);
    judge_cost(p);
    (void)!perf_threads_arm(set, false);
}

bool perf_pace_weigh(struct perf_pace *p, enum thread_kind kind,
                     struct sample *s)
{
    struct perf_weight weight =
        perf_weights_of(&p->weights, kind, s->period_ns, s->time_ns);
    s->period_ns = weight.ns;
    s->weight = weight.count;
    return weight.count > 0;
}

void perf_pace_info(const struct perf_pace *p, struct engine_info *out)
{
    out->cost = (struct engine_cost){
        .share = perf_duty_cost(&p->duty),
        .bound = p->terms.bound,
        .paused_share = perf_duty_paused_cost(&p->duty),
        .switches = p->duty.load.runs,
        .switch_ns = p->terms.cost.armed_ns,
        .sampled_share = p->duty.share,
        .sampled_rate = p->terms.rate,
        .lowered = p->duty.lowered,
    };
    out->unweighted_ns = perf_weights_left(&p->weights);
}
