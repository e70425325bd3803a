/**
 * @file symbols_export.h
 * The function that a struct Export of the VM stands for (erts/emulator/beam/
 * export.h): its ErtsCodeMFA is {module atom, function atom, arity}.
 */
#ifndef CPROF_SYMBOLS_SYMBOLS_EXPORT_H
#define CPROF_SYMBOLS_SYMBOLS_EXPORT_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "target/atoms.h"
#include "target/memory.h"

/** Writes "math:sqrt/1", spelled as the VM does. -E_NOT_FOUND when no MFA
 *  with known atoms is there, or a memory error. */
MUST_USE int symbols_export_name(const struct memory *memory,
                                 struct atoms *atoms, uint64_t export,
                                 char *text, size_t size);

#endif
