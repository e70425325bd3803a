/**
 * @file block_last.h
 * Waits that have not ended when the recording does. The BPF program takes a
 * wait only when it ends; these are read from outside. The stack of a thread
 * that waits does not change, so it is right if the thread has not left its
 * wait until it was read.
 */
#ifndef CPROF_ENGINE_BLOCK_LAST_H
#define CPROF_ENGINE_BLOCK_LAST_H

#include "engine/asleep.h"
#include "engine/bpf_node.h"
#include "target/memory.h"
#include "target/sample.h"

struct block_last {
    struct bpf_node *node; /**< borrowed */
    struct memory memory;
    bool stopped;         /**< is the node stopped by a signal now? */
    uint64_t until_ns;    /**< when the recording ended */
    struct asleep asleep; /**< of the thread that is read */
    pid_t *read;          /**< the threads whose waits were handed out */
    size_t read_count;
};

/** Receives a wait until now, with all that it is about; both are valid only
 *  during the call. */
typedef void block_last_on_wait(void *ctx, struct sample *s,
                                struct bpf_wait *wait);

/** Calls on_wait for each thread that waits while it runs a process or a port's
 *  task, also for those that did so before the recording began.
 *  @return 0; -ENOMEM: none was read */
MUST_USE int block_last_each(struct block_last *l, block_last_on_wait *on_wait,
                             void *ctx);
/** Was this wait handed out? It may end before the program is told to take no
 *  more, which then takes it, too.
 *  @param ended_ns  when it ended */
bool block_last_has(const struct block_last *l, pid_t tid,
                    const struct bpf_wait *wait, uint64_t ended_ns);
void block_last_deinit(struct block_last *l);

#endif
