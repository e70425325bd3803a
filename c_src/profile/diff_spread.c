#include "profile/diff_spread.h"

#include <math.h>

/* The smallest probability for which a quantile is computed; lower ones mean
 * nothing. */
#define MIN_RISK 1e-13

/* Of samples; all statistics are of equal ones. */
struct side_sum {
    double k, n;
    size_t parts;
};

static void sum_sides(const struct diff_spread *s, size_t row,
                      struct side_sum sums[2])
{
    sums[0] = sums[1] = (struct side_sum){0};
    for (size_t i = 0; i < s->part_count; i++) {
        struct side_sum *sum = &sums[s->parts[i].is_now];
        sum->k += (double)s->counts[i][row] / s->parts[i].unit;
        sum->n += (double)s->parts[i].counted / s->parts[i].unit;
        sum->parts++;
    }
}

/* Pearson's chi-squared of the recordings, compared with their side's share. */
static double chi_squared(const struct diff_spread *s, size_t row,
                          const struct side_sum sums[2])
{
    double chi = 0;
    for (size_t i = 0; i < s->part_count; i++) {
        const struct side_sum *sum = &sums[s->parts[i].is_now];
        double share = sum->n > 0 ? sum->k / sum->n : 0;
        double n = (double)s->parts[i].counted / s->parts[i].unit;
        double v = n * share * (1 - share);
        double off = (double)s->counts[i][row] / s->parts[i].unit - n * share;
        chi += v > 0 ? off * off / v : 0;
    }
    return chi;
}

/* By how much drift^2 is multiplied in the row's dispersion: the samples per
 * recording, and less for a share near 1, which can hardly change. */
static double leverage(const struct side_sum sums[2])
{
    double k = sums[0].k + sums[1].k, n = sums[0].n + sums[1].n;
    double parts = (double)(sums[0].parts + sums[1].parts);
    return n > 0 ? k / parts * (1 - k / n) : 0;
}

/* Computes drift^2 from how much more all rows vary than independent samples
 * would. This includes bursts too, which makes it too large rather than too
 * small. */
static double drift_squared(const struct diff_spread *s, double df)
{
    double over = 0, expected = 0;
    for (size_t row = 0; row < s->rows; row++) {
        struct side_sum sums[2];
        sum_sides(s, row, sums);
        over += chi_squared(s, row, sums) - df;
        expected += df * leverage(sums);
    }
    double usual = DIFF_DRIFT * DIFF_DRIFT;
    double found = expected > 0 ? over / expected : 0;
    return found > usual ? found : usual;
}

/* The row's own spread, averaged with the expected one. */
static double dispersion(const struct diff_spread *s, size_t row,
                         const struct side_sum sums[2], double df,
                         double drift2)
{
    double expected = DIFF_DISPERSION + drift2 * leverage(sums);
    double all = DIFF_DISPERSION_WEIGHT * expected + chi_squared(s, row, sums);
    all /= DIFF_DISPERSION_WEIGHT + df;
    return all > 1 ? all : 1;
}

/* How much the row's samples can tell: a row that has nearly all samples can
 * tell little. */
static double information(const struct side_sum sums[2])
{
    double k = sums[0].k + sums[1].k, n = sums[0].n + sums[1].n;
    return k * (n - k) / n;
}

static double quantile(double risk, double df)
{
    double p = risk > MIN_RISK ? risk : MIN_RISK;
    return df > 0 ? diff_math_student(p, DIFF_DISPERSION_WEIGHT + df)
                  : diff_math_normal(p);
}

/* What an equal sample counts, on average. */
static double unit(const struct diff_spread *s)
{
    double counted = 0, equal = 0;
    for (size_t i = 0; i < s->part_count; i++) {
        counted += (double)s->parts[i].counted;
        equal += (double)s->parts[i].counted / s->parts[i].unit;
    }
    return equal > 0 ? counted / equal : 1;
}

void diff_spread(const struct diff_spread *s, struct diff_certainty *out)
{
    struct side_sum sums[2];
    double all = 0, df = (double)s->part_count - 2;
    double drift2 = drift_squared(s, df);
    for (size_t row = 0; row < s->rows; row++) {
        sum_sides(s, row, sums);
        all += information(sums);
    }
    for (size_t row = 0; row < s->rows; row++) {
        sum_sides(s, row, sums);
        double part = all > 0 ? information(sums) / all : 1;
        out[row] = (struct diff_certainty){
            .dispersion = unit(s) * dispersion(s, row, sums, df, drift2),
            .quantile = quantile(s->risk * part / 2, df),
            .min_effect = s->min_effect,
        };
    }
}
