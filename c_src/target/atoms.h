/**
 * @file atoms.h
 * From atom terms to their text. There are two sources, and both are validated:
 * the ErtsCodeInfo of every JIT function (mfa at +16) has the module and the
 * function as atoms, and the function's name has their text; and the VM's atom
 * table (IndexTable, erts/emulator/beam/index.h and atom.h), which is found by
 * scanning the executable's data. The table is accepted only if its slots hold
 * their own index and it has the right text for known atoms.
 */
#ifndef CPROF_TARGET_ATOMS_H
#define CPROF_TARGET_ATOMS_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "target/jit.h"
#include "target/maps.h"
#include "target/memory.h"
#include "target/process.h"

struct atoms;

/** Fails only with -ENOMEM. The arguments are borrowed until atoms_close. The
 *  sources are searched when atoms_text is first called. */
MUST_USE int atoms_open(const struct process *p, const struct maps *maps,
                        const struct memory *m, const struct jit *jit,
                        struct atoms **out);
void atoms_close(struct atoms *a);
/** Text of an atom term: UTF-8, unquoted, truncated to size. 0, -E_NOT_FOUND,
 *  or another error. */
MUST_USE int atoms_text(struct atoms *a, uint64_t term, char *text,
                        size_t size);

/** An atom's text as the VM writes it: 'Elixir.Enum' with quotes, lists
 *  without; truncated to size. */
void atoms_quote(const char *text, char *out, size_t size);

#endif
