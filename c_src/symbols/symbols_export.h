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

/** Writes "math:sqrt/1", as the VM spells it. 0; -E_NOT_FOUND when there is no
 *  MFA with known atoms; or a memory error. */
MUST_USE int symbols_export_name(const struct memory *memory,
                                 struct atoms *atoms, uint64_t export,
                                 char *text, size_t size);

/** Number of code addresses in an Export: one for each code index. */
enum { SYMBOLS_EXPORT_ADDRESSES = 3 };

struct symbols_export {
    /** Only one of them is in use. The others are of earlier code, and other
     *  code may be there now. */
    uint64_t addresses[SYMBOLS_EXPORT_ADDRESSES];
    uint64_t mfa[3]; /**< as in the ErtsCodeInfo of its code */
};

/** 0; -E_NOT_FOUND when there is no MFA; or a memory error. */
MUST_USE int symbols_export_read(const struct memory *memory, uint64_t export,
                                 struct symbols_export *out);

#endif
