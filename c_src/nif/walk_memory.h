/**
 * @file walk_memory.h
 * What a walk needs to know about the one before: a row for each process that
 * it saw, in the order of their slots. A walk reads these rows while it writes
 * its own. So the node keeps two such lists, each with address space for the
 * process limit. They use memory only for as many rows as the largest walk so
 * far wrote: 48 bytes, for both lists, per process of that walk.
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
    struct walk_memory_row *before; /**< rows of the last walk; NULL at first */
    struct walk_memory_row *next;   /**< room for the rows of this walk */
    uint32_t count;                 /**< rows in `before` */
    uint32_t limit;                 /**< rows that each list has room for */
    uint64_t began_ns,
        last_ns;      /**< CLOCK_MONOTONIC; last_ns 0: no complete walk yet */
    uint32_t created; /**< the table's counter at the last walk */
    atomic_bool taken;
};

/** Takes the memory for one walk; false when another walk has it, or there is
 * no address space. */
bool walk_memory_take(struct walk_memory *m, uint32_t limit);
void walk_memory_give_back(struct walk_memory *m);
/** To be called when a complete walk has written `count` rows: the next one
 * will read them. */
void walk_memory_keep(struct walk_memory *m, uint32_t count);
void walk_memory_free(struct walk_memory *m);

#endif
