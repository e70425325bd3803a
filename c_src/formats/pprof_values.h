/**
 * @file pprof_values.h
 * A pprof sample has several values; which of them are ours.
 */
#ifndef CPROF_FORMATS_PPROF_VALUES_H
#define CPROF_FORMATS_PPROF_VALUES_H

#include "formats/pprof_tables.h"
#include "formats/profile.pb-c.h"

enum { PPROF_NO_VALUE = -1 };

struct pprof_values {
    int count;           /**< values of a sample */
    int count_at;        /**< the one that counts */
    int cpu_at;          /**< the one that is a time, or PPROF_NO_VALUE */
    uint64_t per_sample; /**< of count_at: 1; more where only times are given,
                              by the period */
};

/** The first value that counts and the first that is a time. -E_FORMAT when
 *  there is none at all, or a type is no string. */
MUST_USE int pprof_values_choose(const struct pprof_tables *t,
                                 const Pprof__Profile *head,
                                 struct pprof_values *out);
/** The value at a place, 0 for PPROF_NO_VALUE. */
MUST_USE int pprof_values_get(const struct pprof_values *v,
                              const Pprof__Sample *s, int at, int64_t *value);
/** Notes for a foreign file what is counted as its samples. */
MUST_USE int pprof_values_note(const struct pprof_tables *t,
                               const Pprof__Profile *head,
                               const struct pprof_values *v);

#endif
