/**
 * @file walk_layout.h
 * Where the figures are in the VM's struct Process (erl_process.h). Found by
 * lib/native/cprof_calibrate.erl with processes of known figures; nothing is
 * taken from a header, because distributions' patches and build options move
 * fields.
 */
#ifndef CPROF_NIF_WALK_LAYOUT_H
#define CPROF_NIF_WALK_LAYOUT_H

#include <stdbool.h>
#include <stdint.h>

/** Offsets in bytes, each by the key under which Erlang gives it. */
#define WALK_OFFSETS(X)                                                        \
    X(state)        /* u32: flags, see procstate.h */                          \
    X(locks)        /* u32: locks that are held, see procstate.h */            \
    X(queue)        /* messages that the process has fetched */                \
    X(queue_outer)  /* messages that it has not */                             \
    X(queue_middle) /* OTP 26 and later: between; 0: there is none */          \
    X(signals)      /* not 0: a signal waits behind messages that the VM then  \
                       counts nowhere (OTP 26 and later); 0: never */          \
    X(heap_size)    /* words */                                                \
    X(old_hend)     /* end and ... */                                          \
    X(old_heap)     /* ... start of the old heap, or 0 */                      \
    X(fragments)    /* words */                                                \
    X(vheap)        /* words of off-heap binaries that the heap refers to */   \
    X(vheap_old)    /* ... the old heap */                                     \
    X(reductions)   /* so far; lags while it runs */                           \
    X(pc)           /* where it goes on when it is not running */              \
    X(initial)      /* module, function as terms, arity */                     \
    X(created)      /* of the table, not of a process: a u32 that counts the   \
                       processes ever created; relative to                     \
                       process_table.place - TABLE_BEFORE */

struct walk_layout {
#define X(name) uint32_t name;
    WALK_OFFSETS(X)
#undef X
};

/**
 * Can every field be read within a struct of size bytes, and the counter
 * within the table's surroundings? Then even a wrong layout gives wrong
 * figures, not a fault.
 */
bool walk_layout_fits(const struct walk_layout *l, uint32_t size);

#endif
