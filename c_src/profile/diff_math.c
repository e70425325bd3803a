#include "profile/diff_math.h"

#include <math.h>

/* The formula of Abramowitz and Stegun, 26.2.23, has an error below 0.00045;
 * three steps of Newton's method reduce it to 1e-12. */
double diff_math_normal(double p)
{
    double t = sqrt(-2 * log(p));
    double x = t - (2.515517 + t * (0.802853 + t * 0.010328)) /
                       (1 + t * (1.432788 + t * (0.189269 + t * 0.001308)));
    for (int i = 0; i < 3; i++) {
        double density = exp(-x * x / 2) / sqrt(2 * M_PI);
        x += (0.5 * erfc(x / M_SQRT2) - p) / density;
    }
    return x;
}

/* An expansion around the normal quantile: Abramowitz and Stegun, 26.7.5. */
double diff_math_student(double p, double df)
{
    double z = diff_math_normal(p), z3 = z * z * z, z5 = z3 * z * z,
           z7 = z5 * z * z;
    return z + (z3 + z) / (4 * df) +
           (5 * z5 + 16 * z3 + 3 * z) / (96 * df * df) +
           (3 * z7 + 19 * z5 + 17 * z3 - 15 * z) / (384 * df * df * df);
}

/* --- growth --------------------------------------------------------------- */

static double log_odds(const struct diff_counts *c)
{
    return log((c->k + 0.5) / (c->rest + 0.5));
}

/* The variance of log_odds, whose two counts have `both` samples in common. */
static double variance(const struct diff_counts *c)
{
    double k = c->k + 0.5, rest = c->rest + 0.5;
    double v = 1 / k + 1 / rest - 2 * c->both / (k * rest);
    return v > 0 ? v : 0;
}

double diff_math_z(const struct diff_counts *base,
                   const struct diff_counts *now)
{
    double spread = sqrt(variance(base) + variance(now));
    double distance = log_odds(now) - log_odds(base);
    return spread > 0 ? distance / spread : 0;
}

static void growth_of_both(const struct diff_counts *base,
                           const struct diff_counts *now,
                           const struct diff_certainty *c,
                           struct diff_share *out)
{
    double at = log_odds(now) - log_odds(base);
    double wide =
        c->quantile * sqrt(c->dispersion * (variance(base) + variance(now)));
    out->growth = expm1(at);
    out->growth_low = expm1(at - wide);
    out->growth_high = expm1(at + wide);
}

/*
 * All k samples are on one side. If a sample is on that side with probability
 * p, then all k are with probability p^k. So p is at least the value for which
 * p^k is the accepted chance of error, and the ratio of the two sides is at
 * least p / (1 - p), corrected by the ratio of their rests.
 */
static double one_sided_odds(const struct diff_counts *full,
                             const struct diff_counts *empty,
                             const struct diff_certainty *c)
{
    double chance = 0.5 * erfc(c->quantile / M_SQRT2);
    double p = pow(chance, c->dispersion / full->k);
    return p / (1 - p) * (empty->rest + 0.5) / (full->rest + 0.5);
}

static void growth_of_new(const struct diff_counts *base,
                          const struct diff_counts *now,
                          const struct diff_certainty *c,
                          struct diff_share *out)
{
    out->growth = out->growth_high = INFINITY;
    out->growth_low = one_sided_odds(now, base, c) - 1;
}

static void growth_of_gone(const struct diff_counts *base,
                           const struct diff_counts *now,
                           const struct diff_certainty *c,
                           struct diff_share *out)
{
    out->growth = out->growth_low = -1;
    out->growth_high = 1 / one_sided_odds(base, now, c) - 1;
}

static enum diff_verdict verdict_of(const struct diff_share *s,
                                    double min_effect)
{
    if (s->growth_low > 0 && s->growth >= min_effect)
        return s->base ? DIFF_GREW : DIFF_NEW;
    if (s->growth_high < 0 && s->growth <= -min_effect)
        return s->now ? DIFF_SHRANK : DIFF_GONE;
    return DIFF_SAME;
}

/* --- change of share ------------------------------------------------------ */

static double share_variance(const struct diff_counts *c)
{
    double p = (c->k + 0.5) / (c->all + 1);
    return p * (1 - p) / c->all;
}

static void change(const struct diff_counts *base,
                   const struct diff_counts *now,
                   const struct diff_certainty *c, struct diff_share *out)
{
    double wide =
        100 * c->quantile *
        sqrt(c->dispersion * (share_variance(base) + share_variance(now)));
    out->base_pct = 100 * base->k / base->all;
    out->now_pct = 100 * now->k / now->all;
    out->change = out->now_pct - out->base_pct;
    out->change_low = out->change - wide;
    out->change_high = out->change + wide;
}

static uint64_t whole(double count)
{
    return count < 0x1p64 ? (uint64_t)count : UINT64_MAX;
}

void diff_math_share(const struct diff_counts *base,
                     const struct diff_counts *now,
                     const struct diff_certainty *c, struct diff_share *out)
{
    *out = (struct diff_share){.base = whole(base->k), .now = whole(now->k)};
    change(base, now, c, out);
    if (base->k == 0 && now->k == 0)
        return;
    if (base->k == 0)
        growth_of_new(base, now, c, out);
    else if (now->k == 0)
        growth_of_gone(base, now, c, out);
    else
        growth_of_both(base, now, c, out);
    out->verdict = verdict_of(out, c->min_effect);
}
