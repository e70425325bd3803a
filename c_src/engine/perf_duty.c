#include "engine/perf_duty.h"

#include "base/clock.h"
#include "base/random.h"

enum {
    /* Mean length of a window and a pause. But windows are not shorter than
     * WINDOW_NS on average: on a busy machine, a thread waits that long for a
     * CPU, and so does cprof. */
    CYCLE_NS = 100 * 1000 * 1000,
    WINDOW_NS = 5 * 1000 * 1000,
    LEAST_PERMILLE = 10, /* the smallest share of armed time */
};

/* Events may always cost this share of a CPU. The bound alone would leave
 * nothing to sample on a node that uses very little CPU time. */
static const double least_of_cpu = 0.001;

/* What events cost the node in this span when they are armed for a share of it.
 * Taking samples uses the node's CPU time. */
static double cost_of(const struct perf_duty_terms *t,
                      const struct perf_duty_load *load, double share)
{
    double switches = (double)load->runs * (share * t->cost.armed_ns +
                                            (1 - share) * t->cost.idle_ns);
    double samples = share * (double)load->cpu_ns / NS_PER_S * t->rate;
    return switches + samples * t->cost.sample_ns;
}

static double allowed(const struct perf_duty_terms *t,
                      const struct perf_duty_load *load, double own_ns)
{
    double by_use = t->bound * own_ns;
    double by_cpu = least_of_cpu * (double)load->ns;
    return by_use > by_cpu ? by_use : by_cpu;
}

double perf_duty_share(const struct perf_duty_terms *t,
                       const struct perf_duty_load *load)
{
    if (t->bound <= 0)
        return 1;
    double most = allowed(t, load, (double)load->cpu_ns);
    double paused = cost_of(t, load, 0), armed = cost_of(t, load, 1);
    double share = armed <= most ? 1 : (most - paused) / (armed - paused);
    return share < LEAST_PERMILLE / 1e3 ? LEAST_PERMILLE / 1e3 : share;
}

/* A random length: half the mean to one and a half times the mean. */
static uint64_t around(struct perf_duty *d, double mean)
{
    return (uint64_t)(mean / 2) +
           random_next(&d->random) % ((uint64_t)mean + 1);
}

static double mean_window(const struct perf_duty *d)
{
    double window = d->share * CYCLE_NS;
    return window < WINDOW_NS ? WINDOW_NS : window;
}

/* Armed time in excess of the share after a window of mean length, ns. */
static double after_window(const struct perf_duty *d)
{
    return (1 - d->share) * mean_window(d);
}

static double within(double value, double usual, double most)
{
    double least = usual / 4;
    return value < least ? least : value > most ? most : value;
}

/* Windows and pauses may end late, when we are called late. So the next one
 * gets the length that restores the share. */
static double mean_length(const struct perf_duty *d)
{
    double window = mean_window(d), pause = window / d->share - window;
    if (d->armed)
        return within(window - d->over_ns / (1 - d->share), window, 4 * window);
    return within(d->over_ns / d->share, pause, pause / d->share);
}

static void plan_edge(struct perf_duty *d, uint64_t now_ns)
{
    d->turned_ns = now_ns;
    d->edge_ns =
        d->share >= 1 ? UINT64_MAX : now_ns + around(d, mean_length(d));
}

static double random_part(struct perf_duty *d)
{
    return random_unit(&d->random);
}

/* Sets over_ns to what it is if all windows and pauses so far ended in time. */
static void forget_what_was(struct perf_duty *d)
{
    d->over_ns = d->armed ? 0 : after_window(d);
}

/* Begins at a random moment of a window or a pause, so that the start of a
 * recording is as likely to be sampled as any other moment. */
static void begin_anywhere(struct perf_duty *d, uint64_t now_ns)
{
    d->armed = random_part(d) < d->share;
    d->anew = true;
    forget_what_was(d);
    plan_edge(d, now_ns);
    if (d->edge_ns != UINT64_MAX)
        d->edge_ns =
            now_ns + (uint64_t)(random_part(d) * (double)(d->edge_ns - now_ns));
}

void perf_duty_begin(struct perf_duty *d, const struct perf_duty_terms *terms,
                     const struct perf_duty_load *before, uint64_t now_ns)
{
    *d = (struct perf_duty){.terms = *terms,
                            .share = perf_duty_share(terms, before),
                            .random = now_ns | 1};
    begin_anywhere(d, now_ns);
}

bool perf_duty_before_window(const struct perf_duty *d, uint64_t now_ns)
{
    return d->edge_ns == UINT64_MAX || (!d->armed && now_ns >= d->edge_ns);
}

void perf_duty_saw(struct perf_duty *d, const struct perf_duty_load *load)
{
    const struct perf_duty_terms *t = &d->terms;
    double cost = cost_of(t, load, d->share);
    double own = (double)load->cpu_ns - cost;
    d->cost_ns += cost;
    d->paused_ns += (1 - d->share) * cost_of(t, load, 0);
    d->load.ns += load->ns;
    d->load.runs += load->runs;
    d->load.cpu_ns += load->cpu_ns;
    if (t->bound <= 0 || cost <= allowed(t, load, own > 0 ? own : 0) * 1.2 ||
        d->share <= LEAST_PERMILLE / 1e3)
        return;
    d->share /= 2;
    d->lowered++;
    d->anew = true;
    if (d->edge_ns == UINT64_MAX)
        d->edge_ns = 0; /* now */
}

bool perf_duty_turn(struct perf_duty *d, uint64_t now_ns)
{
    if (now_ns < d->edge_ns)
        return false;
    double length = (double)(now_ns - d->turned_ns);
    d->over_ns += (d->armed - d->share) * length;
    d->armed = !d->armed;
    if (d->anew) /* what came before is unknown, or had another share */
        forget_what_was(d);
    d->anew = false;
    plan_edge(d, now_ns);
    return true;
}

static double of_own(const struct perf_duty *d, double cost_ns)
{
    double own = (double)d->load.cpu_ns - d->cost_ns;
    return own > 0 ? cost_ns / own : 0;
}

double perf_duty_cost(const struct perf_duty *d)
{
    return of_own(d, d->cost_ns);
}

double perf_duty_paused_cost(const struct perf_duty *d)
{
    return of_own(d, d->paused_ns);
}
