/* Percentages, and their sampling errors. */
#include "profile/summary.h"

#include <math.h>

double summary_pct(uint64_t k, uint64_t n)
{
    return n ? 100.0 * (double)k / (double)n : 0.0;
}

/* For a part p (0 to 1) of n samples. */
static double wilson_pct(double p, double n)
{
    const double z = 1.959964;
    double spread = p * (1 - p) / n + z * z / (4 * n * n);
    return 100.0 * z * sqrt(spread > 0 ? spread : 0) / (1 + z * z / n);
}

double summary_error_pct(uint64_t k, uint64_t n)
{
    return n ? wilson_pct((double)k / (double)n, (double)n) : 0.0;
}

double summary_part_error_pct(const struct summary *s, uint64_t k)
{
    return s->counted && s->hits
               ? wilson_pct((double)k / (double)s->counted, (double)s->hits)
               : 0.0;
}
