/**
 * @file walk_memory.h
 * What a walk has to know of the one before: a row for each slot of the table.
 * The node has one; it is as large as the table's limit demands and stays, and
 * only what processes had slots in takes memory.
 */
#ifndef CPROF_NIF_WALK_MEMORY_H
#define CPROF_NIF_WALK_MEMORY_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct walk_memory_row {
    uint64_t id; /**< 0: none */
    uint32_t queue, reductions, vheap_blocks;
    uint32_t still_since; /**< ms since walk_memory.began_ns */
};

struct walk_memory {
    struct walk_memory_row *rows; /**< of the table's limit; NULL at first */
    uint32_t limit;
    uint64_t began_ns,
        last_ns;      /**< CLOCK_MONOTONIC; last_ns 0: no whole walk */
    uint32_t created; /**< the table's counter at the last walk */
    atomic_bool taken;
};

/** For one walk at a time: false when another has it, or there is no room. */
bool walk_memory_take(struct walk_memory *m, uint32_t limit);
void walk_memory_give_back(struct walk_memory *m);
void walk_memory_free(struct walk_memory *m);

#endif
