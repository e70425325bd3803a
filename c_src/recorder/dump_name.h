/**
 * @file dump_name.h
 * From what was gathered, in addresses and pids, to a dump, in names.
 */
#ifndef CPROF_RECORDER_DUMP_NAME_H
#define CPROF_RECORDER_DUMP_NAME_H

#include "base/err.h"
#include "profile/dump.h"
#include "recorder/census.h"
#include "recorder/dump_gather.h"
#include "recorder/frames.h"
#include "recorder/target_state.h"

struct dump_naming { /* borrowed */
    struct target_state *target;
    struct frames *frames;
    struct census *census;
    struct dump_gather *gather;
    struct dump *dump; /**< gets groups, and who is asked */
    uint64_t time_ns;  /**< at which code is named */
};

/** 0, -ENOMEM or -E_LIMIT. */
MUST_USE int dump_name_all(const struct dump_naming *n);

#endif
