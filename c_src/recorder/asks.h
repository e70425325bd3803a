/**
 * @file asks.h
 * Does a process wait for an answer, and whose? Whoever calls a server waits in
 * gen:do_call/4 (OTP: stdlib's gen.erl), whatever the server is: a gen_server,
 * gen_statem, gen_event, supervisor, or Elixir's GenServer and Agent. The
 * process that was asked is in a Y register, whose place is the same in OTP 25,
 * 27 and 29:
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
#ifndef CPROF_RECORDER_ASKS_H
#define CPROF_RECORDER_ASKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "target/jit.h"
#include "target/layout.h"
#include "target/memory.h"
#include "target/sample.h"
#include "unwind/unwind.h"

/** Where code of one kind is. */
struct asks_spans {
    struct {
        uint64_t start, end;
    } * list;
    size_t count, cap;
};

/** The code that waits for answers. */
struct asks_code {
    struct asks_spans do_call, server_call, awaits;
};

enum { ASKS_WORDS = 8 };

/** What the stack of a process says. */
struct asks_said {
    bool asks;   /**< it waits for an answer; the rest says whose */
    bool awaits; /**< of a task: the words are maps in its heap */
    unsigned count;
    uint64_t words[ASKS_WORDS]; /**< otherwise a pid or an atom, or nothing */
};

/** Finds the code among the modules that are loaded now. 0, -ENOMEM or
 *  -E_LIMIT; deinit in any case. */
MUST_USE int asks_code_find(struct asks_code *c, const struct jit *jit);
void asks_code_deinit(struct asks_code *c);

/** @param s  of a process that waits
 *  @param u  its stack */
struct asks_said asks_look(const struct asks_code *c, const struct sample *s,
                           const struct unwound *u);

/** The process of the task that a process awaits. What it says is in its heap,
 *  which must be where it was when the stack was copied.
 *  @param pid, stop, hend  of the process, at that time
 *  @return a pid term; 0: not known */
uint64_t asks_task(const struct layout *l, const struct memory *m, uint64_t pid,
                   uint64_t stop, uint64_t hend, const uint64_t *words,
                   size_t count);

#endif
