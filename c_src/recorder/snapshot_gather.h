/**
 * @file snapshot_gather.h
 * Sums the figures of all processes up, and compares them with an earlier
 * reading: how much a process did since, how its mailbox grew.
 */
#ifndef CPROF_RECORDER_SNAPSHOT_GATHER_H
#define CPROF_RECORDER_SNAPSHOT_GATHER_H

#include "base/index.h"
#include "base/procsums.h"
#include "recorder/dump_gather.h"
#include "recorder/own_canary.h"

/** A process, at the first reading. */
struct snapshot_before {
    uint64_t id, read_ns;
    struct procfigures figures;
};

/** Waiting processes with the same stack and the same initial call, as the VM's
 *  struct has it. */
struct snapshot_place {
    uint32_t row; /**< of the dump: their stack */
    uint64_t initial[3];
    uint64_t processes;
    uint64_t pids[DUMP_MEMBERS]; /**< some of them */
    unsigned pid_count;
};

struct snapshot_gather {
    struct snapshot_before *before;
    size_t count, cap;
    struct index by_id;
    struct dump_gather dump; /**< the second reading's */
    struct procsums sums;
    struct snapshot_place *places;
    size_t place_count, place_cap;
    struct index by_place;
    uint64_t implausible; /**< processes that lack a figure that others have */
    struct own_canary canary;      /**< left out */
    const struct proctable *table; /**< borrowed */
};

/** @param target  whose canary is left out; NULL: there is none */
void snapshot_gather_init(struct snapshot_gather *g,
                          const struct proctable *table,
                          struct target_state *target, unsigned top);
void snapshot_gather_deinit(struct snapshot_gather *g);
/** A proctable_see of the first reading, with a struct snapshot_gather. 0,
 *  -ENOMEM or -E_LIMIT. */
int snapshot_gather_before(void *gather, const struct proctable_process *p);
/** The same of the second one; g->dump must have been initialised. */
int snapshot_gather_now(void *gather, const struct proctable_process *p);

#endif
