/**
 * @file heap_growth.h
 * By how much the heaps of processes have grown, or shrunk, since their sizes
 * were last read. The sum of the changes of a process is the difference between
 * its last and its first reading.
 */
#ifndef CPROF_RECORDER_HEAP_GROWTH_H
#define CPROF_RECORDER_HEAP_GROWTH_H

#include <stdint.h>

#include "base/err.h"

/** How many processes are known at once. If there are more, all are forgotten,
 *  and what they change until their next reading is not seen. */
enum { HEAP_GROWTH_MOST = 1 << 17 };

struct heap_growth;

/** 0 or -ENOMEM. */
MUST_USE int heap_growth_open(struct heap_growth **out);
void heap_growth_close(struct heap_growth *g);
/**
 * A reading of a process's heap.
 * @param pid    its pid term
 * @param grown  set to the bytes by which it has grown since the last reading,
 *               or to 0; likewise shrunk. Both 0 at the first reading
 * @return 0 or -ENOMEM
 */
MUST_USE int heap_growth_read(struct heap_growth *g, uint64_t pid,
                              uint64_t bytes, uint64_t *grown,
                              uint64_t *shrunk);

#endif
