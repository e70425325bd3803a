/**
 * @file dump_name.h
 * From what was gathered, in addresses and pids, to a dump, in names.
 */
#ifndef CPROF_RECORDER_DUMP_NAME_H
#define CPROF_RECORDER_DUMP_NAME_H

#include "base/err.h"
#include "profile/dump.h"
#include "recorder/attached.h"
#include "recorder/dump_gather.h"

struct dump_naming {
    struct attached *node;      /**< its dump gets groups, and who is asked */
    struct dump_gather *gather; /**< borrowed, like the node; gets stacks */
    uint64_t time_ns;           /**< at which code is named */
};

/** Names a process. 0, -ENOMEM or -E_LIMIT. */
MUST_USE int dump_name_member(const struct attached *node, uint64_t pid,
                              struct dump_member *out);
/** Names what was gathered. 0, -ENOMEM or -E_LIMIT. */
MUST_USE int dump_name_all(const struct dump_naming *n);

#endif
