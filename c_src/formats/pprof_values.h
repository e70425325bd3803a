/**
 * @file pprof_values.h
 * A pprof sample has several values. Those of a recording of ours are copied as
 * they are. In a file of another program, the value that is a count is put
 * first, because percentages are computed from the first value. At most
 * PROFILE_MAX_VALUES are kept.
 */
#ifndef CPROF_FORMATS_PPROF_VALUES_H
#define CPROF_FORMATS_PPROF_VALUES_H

#include "formats/pprof_tables.h"
#include "formats/profile.pb-c.h"

/** The values of one event of the recording. */
struct pprof_part {
    struct profile *p;
    size_t first, count;
};

struct pprof_values {
    size_t in_file; /**< values of a sample in the file */
    size_t count,
        at[PROFILE_MAX_VALUES]; /**< by our value: where in the file */
    uint64_t per_sample; /**< the first value is divided by this: usually 1; by
                              its period if the file has only times */
    uint64_t left;       /**< remainder of the divisions so far */
    bool derived;        /**< the first value was computed from another one */
    uint64_t negative;   /**< how many values were below 0 */
    struct pprof_part parts[EVENT_COUNT];
    size_t part_count; /**< 1 for a file of another program */
};

/** Chooses the values, and sets the value types of the profile and of its other
 *  events. -E_FORMAT if there are no values at all, if a type is not a string
 * of the file, or if the values are not those of the events. */
MUST_USE int pprof_values_choose(struct pprof_tables *t,
                                 const Pprof__Profile *head,
                                 struct pprof_values *out);
/** Gets the values of a sample, those of all events. If the file is a
 *  difference of profiles, values may be negative: they become 0 and are
 *  counted. The remainder of a division is added to the next sample, so that
 *  the shares stay right. */
MUST_USE int pprof_values_get(struct pprof_values *v, const Pprof__Sample *s,
                              bool own, uint64_t values[PROFILE_MAX_VALUES]);
/** To be called at the end: notes which values were changed or left out. */
MUST_USE int pprof_values_note_lost(const struct pprof_values *v,
                                    struct profile *p);
/** Notes for a file of another program what counts as a sample. */
MUST_USE int pprof_values_note(const struct pprof_tables *t,
                               const Pprof__Profile *head,
                               const struct pprof_values *v);

#endif
