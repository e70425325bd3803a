/**
 * @file dump_asks.h
 * Which processes of a node wait for an answer, and whose. Whoever calls a
 * server waits in gen:do_call/4 (OTP: stdlib's gen.erl), whatever the server
 * is: a gen_server, gen_statem, gen_event, supervisor, or Elixir's GenServer
 * and Agent. The process that was asked is in a Y register, whose place is the
 * same in OTP 25, 27 and 29:
 *
 *   gen:do_call/4, 5 slots      y(4) is the process; the call has a time limit
 *   gen:do_call/4, 4 slots      no time limit, and the process is not kept:
 *     gen_server:call/3,        its caller, with 4 slots, has the time limit
 *     'Elixir.GenServer':call/3 (an atom) in y(0) and the server in y(2), as
 *                               a pid or a registered name
 *   Task.await/2                a %Task{}, a map that has the owner, who is the
 *                               caller, and the task's pid
 *
 * Where the slot has anything else, such as a process of another node or
 * {via, ...}, it is not known who was asked. Nothing else on the stack is
 * looked at: it may be a part of the request, or of the caller's state.
 */
#ifndef CPROF_RECORDER_DUMP_ASKS_H
#define CPROF_RECORDER_DUMP_ASKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "target/jit.h"
#include "target/layout.h"
#include "target/memory.h"
#include "target/proctable.h"
#include "unwind/unwind.h"

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

struct dump_spans {
    struct {
        uint64_t start, end;
    } * list;
    size_t count, cap;
};

struct dump_asks {
    struct dump_spans do_call, server_call, awaits; /* code of these */
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
MUST_USE int dump_asks_see(struct dump_asks *a,
                           const struct proctable_process *p,
                           const struct unwound *u, uint32_t row);

/** When all were seen: finds out whom each asks, and sorts `list` by that. The
 *  names of processes are read from the node. 0, -ENOMEM or -E_LIMIT. */
MUST_USE int dump_asks_resolve(struct dump_asks *a, const struct layout *l,
                               const struct memory *m);

/** What was seen of that process, once resolved; NULL: nothing. */
const struct dump_known *dump_asks_known(const struct dump_asks *a,
                                         uint64_t pid);

#endif
