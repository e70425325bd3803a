#include "profile/diff_apart.h"

#include <math.h>

enum { MAX_ROUNDS = 64 };

/* The work to compare with must remain at least this part of the whole. */
#define MIN_REST 0.1

struct search {
    const struct diff_apart *a;
    bool *apart;
    double base_left, now_left; /* counted samples of functions not set apart */
};

static struct diff_counts counts(const uint64_t *own, uint32_t function,
                                 double left, double all, bool is_apart)
{
    double k = (double)own[function];
    double rest = is_apart ? left : left - k;
    return (struct diff_counts){
        .k = k, .rest = rest > 0 ? rest : 0, .all = all};
}

static bool moved(const struct search *s, uint32_t function, double *z,
                  double *growth)
{
    const struct diff_apart *a = s->a;
    bool is_apart = s->apart[function];
    struct diff_counts base =
        counts(a->base, function, s->base_left, a->base_counted, is_apart);
    struct diff_counts now =
        counts(a->now, function, s->now_left, a->now_counted, is_apart);
    const struct diff_certainty *c = &a->certainty[function];
    struct diff_share share;
    *z = fabs(diff_math_z(&base, &now)) / sqrt(c->dispersion);
    if (base.k > 0 && now.k > 0 && *z < c->quantile)
        return false;
    diff_math_share(&base, &now, c, &share);
    *growth = share.growth;
    return share.verdict != DIFF_SAME;
}

static void set_apart(struct search *s, uint32_t function, bool apart)
{
    double sign = apart ? -1 : 1;
    s->apart[function] = apart;
    s->base_left += sign * (double)s->a->base[function];
    s->now_left += sign * (double)s->a->now[function];
}

static bool leaves_enough(const struct search *s, uint32_t function)
{
    const struct diff_apart *a = s->a;
    return s->base_left - (double)a->base[function] >=
               MIN_REST * a->base_counted &&
           s->now_left - (double)a->now[function] >= MIN_REST * a->now_counted;
}

/* If two functions are equally certain within rounding, one grew as much as the
 * other shrank; the one that grew is better. */
static bool is_better(double z, double growth, double best_z,
                      double best_growth)
{
    if (fabs(z - best_z) > 1e-6 * best_z)
        return z > best_z;
    return growth > best_growth;
}

/* The function that moved with the most certainty; PROFILE_NONE: none moved. */
static uint32_t most_moved(const struct search *s, bool first)
{
    uint32_t best = PROFILE_NONE;
    double best_z = 0, best_growth = 0;
    for (uint32_t i = 0; i < s->a->functions; i++) {
        double z, growth;
        if (s->apart[i] || (s->a->base[i] | s->a->now[i]) == 0)
            continue;
        if (!moved(s, i, &z, &growth) || (!first && !leaves_enough(s, i)))
            continue;
        if (best == PROFILE_NONE || is_better(z, growth, best_z, best_growth)) {
            best = i;
            best_z = z;
            best_growth = growth;
        }
    }
    return best;
}

/* Puts back the functions, other than `but`, that did not move compared with
 * what is left now. */
static void take_back(struct search *s, uint32_t but)
{
    for (uint32_t i = 0; i < s->a->functions; i++) {
        double z, growth;
        if (s->apart[i] && i != but && !moved(s, i, &z, &growth))
            set_apart(s, i, false);
    }
}

void diff_apart_find(const struct diff_apart *a, bool *apart)
{
    struct search s = {a, apart, a->base_counted, a->now_counted};
    for (int round = 0; round < MAX_ROUNDS; round++) {
        uint32_t function = most_moved(&s, round == 0);
        if (function == PROFILE_NONE)
            return;
        set_apart(&s, function, true);
        take_back(&s, function);
    }
}
