/**
 * @file tables.h
 * What all events of a recording share: the tables whose ids the rows contain.
 */
#ifndef CPROF_PROFILE_TABLES_H
#define CPROF_PROFILE_TABLES_H

#include "base/intern.h"
#include "base/texts.h"
#include "profile/functions.h"
#include "profile/processes.h"
#include "profile/span_times.h"

struct tables {
    struct texts texts; /**< text 0 is "" */
    struct intern functions, frames, stacks, threads;
    struct intern spans; /**< span 0 is in no span */
    struct span_times span_times;
    struct processes processes;
};

/** NULL: no memory. */
struct tables *tables_create(void);
/** Does nothing if t is NULL. */
void tables_destroy(struct tables *t);

#endif
