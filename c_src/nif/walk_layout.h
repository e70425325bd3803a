/**
 * @file walk_layout.h
 * Where the figures are in the VM's struct Process (erl_process.h), and how
 * they are read.
 * lib/native/cprof_calibrate.erl finds the offsets with processes whose figures
 * are known. None is taken from a header, because patches of distributions and
 * build options move fields.
 */
#ifndef CPROF_NIF_WALK_LAYOUT_H
#define CPROF_NIF_WALK_LAYOUT_H

#include <stdbool.h>
#include <stdint.h>

/** Offsets in bytes. The names are the keys that the Erlang side uses. */
#define WALK_OFFSETS(X)                                                        \
    X(state)        /* u32: flags, see procstate.h */                          \
    X(locks)        /* u32: locks that are held, see procstate.h */            \
    X(queue)        /* messages that the process has fetched */                \
    X(queue_outer)  /* messages that it has not fetched */                     \
    X(queue_middle) /* messages in between (OTP 26 and later); 0: no such */   \
    X(signals)      /* if the word there is not 0, a signal waits behind       \
                       messages that the VM does not count (OTP 26 and later); \
                       0: no such */                                           \
    X(heap_size)    /* words */                                                \
    X(old_hend)     /* end of the old heap, or 0 */                            \
    X(old_heap)     /* start of the old heap, or 0 */                          \
    X(fragments)    /* words */                                                \
    X(vheap)        /* words of off-heap binaries that the heap refers to */   \
    X(vheap_old)    /* the same for the old heap */                            \
    X(reductions)   /* so far; not updated while it runs */                    \
    X(pc)           /* where it continues, when it is not running */           \
    X(initial)      /* module and function as terms, arity */                  \
    X(heap)         /* start of the young heap; this one and the next five are \
                       0 if one of them was not found */                       \
    X(high_water)   /* end of what the last collection left there */           \
    X(htop)         /* end of what is used; not updated while it runs */       \
    X(stop)         /* where the stack ends, which begins at hend */           \
    X(hend)         /* end of the young heap */                                \
    X(old_htop)     /* end of what is used of the old heap */                  \
    X(created)      /* of the table, not of a process: a u32 that counts all   \
                       processes ever created; relative to                     \
                       process_table.place - TABLE_BEFORE */

struct walk_layout {
#define X(name) uint32_t name;
    WALK_OFFSETS(X)
#undef X
};

/** The word at an offset of a process's struct. */
static inline uint64_t walk_word(uint64_t process, uint32_t offset)
{
    const uint64_t *p = (const uint64_t *)(uintptr_t)(process + offset);
    return __atomic_load_n(p, __ATOMIC_RELAXED);
}

/**
 * Is every field within a struct of size bytes, and the counter within the
 * bytes around the table? Then a wrong layout can give wrong figures, but not
 * cause a fault.
 */
bool walk_layout_fits(const struct walk_layout *l, uint32_t size);

#endif
