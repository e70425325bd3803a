/**
 * @file walk_memory.h
 * What a walk has to know of the one before: a row for each process that it
 * met, in the order of their slots. A walk reads those rows while it writes its
 * own. The node has two such lists of the table's limit; they stay, and take
 * memory for as many rows as the largest walk so far wrote: 64 bytes for each
 * process of that walk.
 */
#ifndef CPROF_NIF_WALK_MEMORY_H
#define CPROF_NIF_WALK_MEMORY_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct walk_memory_row {
    uint64_t id;
    uint32_t queue, reductions, vheap_blocks;
    uint32_t still_since; /**< ms since walk_memory.began_ns */
};

struct walk_memory {
    struct walk_memory_row *before; /**< rows; NULL at first */
    struct walk_memory_row *next;   /**< room for a walk's own */
    uint32_t count;                 /**< of before */
    uint32_t limit;                 /**< of rows that each has room for */
    uint64_t began_ns,
        last_ns;      /**< CLOCK_MONOTONIC; last_ns 0: no whole walk */
    uint32_t created; /**< the table's counter at the last walk */
    atomic_bool taken;
};

/** For one walk at a time: false when another has it, or there is no room. */
bool walk_memory_take(struct walk_memory *m, uint32_t limit);
void walk_memory_give_back(struct walk_memory *m);
/** A whole walk wrote `count` rows: the next one is to read them. */
void walk_memory_keep(struct walk_memory *m, uint32_t count);
void walk_memory_free(struct walk_memory *m);

#endif
