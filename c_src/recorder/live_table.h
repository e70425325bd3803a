/**
 * @file live_table.h
 * The processes of a node for a view that goes on and on: reads the process
 * table again and again, or a part of it on a node with very many processes,
 * and finds out how fast mailboxes and reductions grow.
 *
 * Each reading takes all processes if there are at most LIVE_TABLE_MOST;
 * otherwise that many, chosen at random, and those that matter: the ones that
 * the caller names, those that others wait for, and those that were the largest
 * in one of the columns. Reading takes at most an
 * eightieth of the CPU time of a CPU: on a node whose table is so large that it
 * would take more, it is read less often.
 */
#ifndef CPROF_RECORDER_LIVE_TABLE_H
#define CPROF_RECORDER_LIVE_TABLE_H

#include "base/err.h"
#include "profile/moment.h"
#include "recorder/pipeline.h"
#include "recorder/target_state.h"

enum { LIVE_TABLE_MOST = 1000 };

struct live_table;

/** Both are borrowed until live_table_close.
 *  @param span_ns  of rates
 *  @return 0, -ENOMEM, or an error of target_state_processes */
MUST_USE int live_table_open(struct target_state *target,
                             struct pipeline *pipeline, uint64_t span_ns,
                             struct live_table **out);
void live_table_close(struct live_table *t);
/** The profile of the pipeline was renewed: the next reading comes at once. */
void live_table_forget(struct live_table *t);
/**
 * Reads the processes, if it is time to.
 * @param pids  terms of processes that matter, the most important first
 * @return 0; -E_GONE; or an error of the pipeline. If there is too little time,
 *         what was read until then counts.
 */
MUST_USE int live_table_read(struct live_table *t, const uint64_t *pids,
                             size_t count);
/** Puts what was read last into the moment. 0 or -ENOMEM. */
MUST_USE int live_table_put(const struct live_table *t, struct moment *m);

#endif
