/**
 * @file pprof_values.h
 * A pprof sample has several values. Those of ours are taken over as they are;
 * of another program's the one that counts comes first, since percentages are
 * made by it, then the others. At most PROFILE_MAX_VALUES are kept.
 */
#ifndef CPROF_FORMATS_PPROF_VALUES_H
#define CPROF_FORMATS_PPROF_VALUES_H

#include "formats/pprof_tables.h"
#include "formats/profile.pb-c.h"

struct pprof_values {
    size_t in_file;                       /**< values of a sample */
    size_t count, at[PROFILE_MAX_VALUES]; /**< ours: where in the file */
    uint64_t per_sample; /**< the first is divided by this: 1; more where a
                              file only gives times, by its period */
    uint64_t left;       /**< of what was divided so far */
    bool derived;        /**< so it is no value of the file, but made of one */
    uint64_t negative;   /**< values that were below 0 */
};

/** Chooses the values, and sets the types of the profile. -E_FORMAT when there
 *  are no values at all, or when a type is not a string. */
MUST_USE int pprof_values_choose(struct pprof_tables *t,
                                 const Pprof__Profile *head,
                                 struct pprof_values *out);
/** The values of a sample, as many as the profile has. Those of a difference
 *  of profiles may be negative: they become 0 and are counted. What a division
 *  leaves goes to the next sample, so that the shares stay right. */
MUST_USE int pprof_values_get(struct pprof_values *v, const Pprof__Sample *s,
                              bool own, uint64_t values[PROFILE_MAX_VALUES]);
/** Notes at the end what could not be taken over. */
MUST_USE int pprof_values_note_lost(const struct pprof_values *v,
                                    struct profile *p);
/** Notes for a foreign file what is counted as its samples. */
MUST_USE int pprof_values_note(const struct pprof_tables *t,
                               const Pprof__Profile *head,
                               const struct pprof_values *v);

#endif
