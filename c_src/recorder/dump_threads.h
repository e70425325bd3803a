/**
 * @file dump_threads.h
 * What each thread of a node does that runs Erlang code or works for those that
 * do: schedulers of all kinds, poll and aux threads.
 *
 * Nothing is stopped. So the registers of a thread on a CPU can only be had by
 * sampling: an engine samples the node for a few milliseconds, and the newest
 * sample of each thread is kept, with its age. A thread that is not on a CPU is
 * read where it is (engine/asleep.h). If a thread was neither sampled nor found
 * at rest, that is what the dump says of it.
 */
#ifndef CPROF_RECORDER_DUMP_THREADS_H
#define CPROF_RECORDER_DUMP_THREADS_H

#include "base/err.h"
#include "recorder/attached.h"

struct dump_how {
    const char *engine; /**< one of engine_all; NULL: the best that works and
                             stops nothing, or none if none does */
    bool force;         /**< use it even if it would rather refuse */
};

/**
 * Fills in node->dump->threads and the name of the engine.
 * @return 0; -ENOMEM or -E_LIMIT; -E_GONE: the node has ended; or the error of
 *         the engine asked for
 */
MUST_USE int dump_threads_read(struct attached *node,
                               const struct dump_how *how);

#endif
