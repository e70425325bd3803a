/**
 * @file dump_asks.h
 * Who asks whom among all processes of a node. asks.h finds out what the stack
 * of each of them says.
 */
#ifndef CPROF_RECORDER_DUMP_ASKS_H
#define CPROF_RECORDER_DUMP_ASKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "recorder/asks.h"

/** A process that waits for an answer. */
struct dump_ask {
    uint64_t pid;  /**< term */
    uint64_t whom; /**< pid term, 0: not known; set by dump_asks_resolve */
    uint32_t row;  /**< of the gatherer: its stack */
    bool awaits;   /**< a task: the words are maps in its heap */
    uint64_t stop, hend;  /* of its stack, which moves with its heap */
    uint32_t from, count; /* of the words that may say whom */
};

/** Every process of the table. */
struct dump_known {
    uint64_t pid;
    uint32_t row;
    uint32_t ask; /**< its place in `list`; DUMP_ASKS_NONE: it asks nobody */
    bool has_name;
};

#define DUMP_ASKS_NONE UINT32_MAX

struct dump_asks {
    struct asks_code code;
    struct dump_ask *list;
    size_t count, cap;
    struct dump_known *known; /**< by pid, once resolved */
    size_t known_count, known_cap;
    uint64_t *words;
    size_t word_count, word_cap;
};

/** Finds the code in question. 0, -ENOMEM or -E_LIMIT; deinit in any case. */
MUST_USE int dump_asks_init(struct dump_asks *a, const struct jit *jit);
void dump_asks_deinit(struct dump_asks *a);

/** Takes note of a process.
 *  @param u    its stack
 *  @param row  handed back
 *  @return 0, -ENOMEM or -E_LIMIT */
MUST_USE int dump_asks_see(struct dump_asks *a, const struct sample *s,
                           bool has_name, const struct unwound *u,
                           uint32_t row);

/** When all were seen: finds out whom each asks, and sorts `list` by that. The
 *  names of processes are read from the node. 0, -ENOMEM or -E_LIMIT. */
MUST_USE int dump_asks_resolve(struct dump_asks *a, const struct layout *l,
                               const struct memory *m);

/** What was seen of that process, once resolved; NULL: nothing. */
const struct dump_known *dump_asks_known(const struct dump_asks *a,
                                         uint64_t pid);

#endif
