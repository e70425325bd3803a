/**
 * @file atoms.h
 * Atom terms to text. Two sources, both validated: the module and function
 * atoms in the ErtsCodeInfo of every JIT function (mfa at +16), whose text is
 * in the function's name; and the VM's atom table (IndexTable, erts/emulator/
 * beam/index.h and atom.h), found by scanning the executable's data and
 * accepted only when slots carry their own index and known atoms have their
 * known text.
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

/** Always succeeds but for memory; what is not found is not known. The
 *  arguments are borrowed until atoms_close. The work is done on first use. */
MUST_USE int atoms_open(const struct process *p, const struct maps *maps,
                        const struct memory *m, const struct jit *jit,
                        struct atoms **out);
void atoms_close(struct atoms *a);
/** Text of an atom term, UTF-8, unquoted, cut to size; -E_NOT_FOUND. */
MUST_USE int atoms_text(struct atoms *a, uint64_t term, char *text,
                        size_t size);

/** An atom's text as the VM writes it: 'Elixir.Enum' in quotes, lists
 *  without; cut to size. */
void atoms_quote(const char *text, char *out, size_t size);

#endif
