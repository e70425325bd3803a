/**
 * @file erlproc.h
 * An Erlang process, read from the node's memory: identity, name, initial call.
 * The process may end while it is read; what does not validate is refused
 * (-E_TORN), and the sample then has no process.
 */
#ifndef CPROF_TARGET_ERLPROC_H
#define CPROF_TARGET_ERLPROC_H

#include <stdint.h>

#include "base/err.h"
#include "target/atoms.h"
#include "target/layout.h"
#include "target/memory.h"
#include "target/sample.h"

/** ERTS_INVALID_PID (erl_process.h): every bit of the number is set. No real
 *  process has it, only the pseudo process that runs match specifications. */
#define ERLPROC_NO_PID 0xfffffffffffffff3ull

/** The fields of one struct Process, as read. */
struct erlproc {
    uint64_t address; /**< of struct Process */
    uint64_t id;      /**< pid term, as the VM holds it */
    uint64_t stop, htop, hend;
    uint64_t scheduler_data;
    uint64_t initial[3]; /**< module atom, function atom, arity; all 0:
                              unknown */
    uint64_t name;       /**< atom term, 0: not registered, or not readable */
    uint64_t dictionary; /**< address, 0: none, or not read */
};

/** Reads the known fields of the Process at address. -E_TORN when the id is
 *  not a pid term, or a pointer is not aligned. No more is checked: the
 *  pointers may be out of order while a garbage collection swaps heaps. */
MUST_USE int erlproc_read(const struct layout *l, const struct memory *m,
                          uint64_t address, struct erlproc *out);

/** The living process with that pid, by the process table; -E_NOT_FOUND when
 *  there is none, or the table is not known. */
MUST_USE int erlproc_find(const struct layout *l, const struct memory *m,
                          uint64_t pid, struct erlproc *out);

/** The same from what an engine copied at the instant of a sample; -E_TORN
 *  when that is not a process. */
MUST_USE int erlproc_of_sample(const struct sample_process *s,
                               struct erlproc *out);

enum { ERLPROC_TEXT = 256 };

/** "#Port<0.5>" for a port term; slots: size of the port table. */
void erlproc_port_text(uint64_t id, int release, uint64_t slots,
                       char text[ERLPROC_TEXT]);
/** "<0.123.0>" for a pid term. release: 25 or later (the term changed in 26),
 *  0: not known; table_size: slots of the process table (+P rounded up to
 *  2^n), 0: the default. */
void erlproc_pid_text(uint64_t id, int release, uint64_t table_size,
                      char text[ERLPROC_TEXT]);
/** The registered name; "" when it has none, or it is not known. */
void erlproc_name(struct atoms *atoms, const struct erlproc *p,
                  char text[ERLPROC_TEXT]);
/** An initial call (module atom, function atom, arity) as the VM writes
 *  functions: "'Elixir.Task':run/1"; "" when unknown. */
void erlproc_initial_call(struct atoms *atoms, const uint64_t initial[3],
                          char text[ERLPROC_TEXT]);

#endif
