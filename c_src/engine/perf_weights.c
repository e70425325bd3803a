#include "engine/perf_weights.h"

enum {
    /* If the samples so far stand for too much or too little, later ones make
     * up for it while the node uses 1 / SOON of its CPU time so far. */
    SOON = 4,
    /* The factor begins as 1, which has the weight of this many samples. */
    BEFORE = 4,
};

void perf_weights_begin(struct perf_weights *w, uint64_t period_ns,
                        double share, uint64_t now_ns)
{
    *w = (struct perf_weights){.share = share,
                               .period_ns = (double)period_ns,
                               .unit_ns = (double)period_ns / share,
                               .begun_ns = now_ns};
}

void perf_weights_window(struct perf_weights *w, double share)
{
    w->share = share;
}

void perf_weights_used(struct perf_weights *w, enum thread_kind kind,
                       uint64_t ns)
{
    w->kinds[kind].new_ns += (double)ns;
}

void perf_weights_looked(struct perf_weights *w, uint64_t now_ns)
{
    uint64_t since = w->looked_ns ? w->looked_ns : w->begun_ns;
    for (int k = 0; k <= THREAD_OTHER; k++) {
        struct perf_weights_kind *kind = &w->kinds[k];
        kind->used_ns += kind->new_ns;
        kind->rate =
            now_ns > since ? kind->new_ns / (double)(now_ns - since) : 0;
        kind->new_ns = 0;
    }
    w->looked_ns = now_ns;
}

/* Without a pause, the kernel's figures are older than the sample. */
static double used_at(const struct perf_weights *w,
                      const struct perf_weights_kind *k, uint64_t time_ns)
{
    return time_ns > w->looked_ns
               ? k->used_ns + k->rate * (double)(time_ns - w->looked_ns)
               : k->used_ns;
}

/* As if the samples of the next 1 / SOON of its CPU time were to stand for that
 * time, and for what the samples so far lack. */
static double factor_at(const struct perf_weights *w,
                        const struct perf_weights_kind *k, uint64_t time_ns)
{
    if (!w->looked_ns)
        return 1;
    double used_ns = used_at(w, k, time_ns), lacks_ns = used_ns - k->given_ns;
    double before_ns = BEFORE * w->period_ns / w->share;
    double factor =
        (used_ns + SOON * lacks_ns + before_ns) / (k->plain_ns + before_ns);
    return factor > 0 ? factor : 0;
}

/* The CPU time that sampled CPU time stands for. */
static double give(const struct perf_weights *w, struct perf_weights_kind *k,
                   double sampled_ns, uint64_t time_ns)
{
    double factor = factor_at(w, k, time_ns);
    if (factor > PERF_WEIGHTS_MOST)
        factor = PERF_WEIGHTS_MOST;
    k->plain_ns += sampled_ns / w->share;
    k->given_ns += sampled_ns / w->share * factor;
    return sampled_ns / w->share * factor;
}

/* Rounds, and keeps the rest for the next sample of its kind. */
static struct perf_weight whole(struct perf_weights_kind *k, double ns,
                                double unit_ns)
{
    double exact = ns / unit_ns + k->carry;
    uint32_t count = exact < 0.5 ? 0 : (uint32_t)(exact + 0.5);
    k->carry = exact - count;
    k->owed_ns += ns;
    if (count == 0)
        return (struct perf_weight){0, 0};
    struct perf_weight result = {(uint64_t)k->owed_ns, count};
    k->owed_ns -= (double)result.ns;
    return result;
}

struct perf_weight perf_weights_of(struct perf_weights *w,
                                   enum thread_kind kind, uint64_t period_ns,
                                   uint64_t time_ns)
{
    struct perf_weights_kind *k = &w->kinds[kind];
    return whole(k, give(w, k, (double)period_ns, time_ns), w->unit_ns);
}

void perf_weights_lost(struct perf_weights *w, enum thread_kind kind,
                       uint64_t count, uint64_t now_ns)
{
    if (w->share >= 1)
        (void)give(w, &w->kinds[kind], (double)count * w->period_ns, now_ns);
}

uint64_t perf_weights_left(const struct perf_weights *w)
{
    double sum = 0;
    for (int i = 0; i <= THREAD_OTHER; i++) {
        const struct perf_weights_kind *k = &w->kinds[i];
        if (k->plain_ns <= 0 ||
            factor_at(w, k, w->looked_ns) > PERF_WEIGHTS_MOST)
            sum += k->used_ns - k->given_ns;
    }
    return sum > 0 ? (uint64_t)sum : 0;
}
