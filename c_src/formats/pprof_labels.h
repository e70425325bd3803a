/**
 * @file pprof_labels.h
 * The labels of a pprof sample (PPROF_LABELS): its process, thread, state,
 * bucket and spans.
 */
#ifndef CPROF_FORMATS_PPROF_LABELS_H
#define CPROF_FORMATS_PPROF_LABELS_H

#include "base/err.h"
#include "formats/pprof_tables.h"
#include "formats/profile.pb-c.h"
#include "profile/profile.h"

enum { PPROF_MAX_LABELS = PPROF_LABEL_COUNT + PROFILE_SPAN_DEPTH };

struct pprof_labels {
    Pprof__Label rows[PPROF_MAX_LABELS];
    Pprof__Label *list[PPROF_MAX_LABELS];
    size_t n;
    int64_t labels_at; /* string of the first key */
};

/** Sets the labels of a row of p.
 *  @param labels_at  the string of the first key
 *  @param states_at  the string of the first state */
void pprof_labels_set(struct pprof_labels *l, const struct profile *p,
                      const struct profile_sample *s, int64_t labels_at,
                      int64_t states_at);
/** Reads the labels of a sample, if the file is a recording of ours. 0,
 *  -E_FORMAT, -E_WORK, or the profile's error.
 *  @param members  how many processes the row of its process stands for; 0: not
 *                  given */
MUST_USE int pprof_labels_read(struct pprof_tables *t, const Pprof__Sample *s,
                               struct profile_sample *row, uint64_t *members);

#endif
