/**
 * @file atoms_parts.h
 * What the atoms*.c files share. Included only by them and by their tests.
 */
#ifndef CPROF_TARGET_ATOMS_PARTS_H
#define CPROF_TARGET_ATOMS_PARTS_H

#include "target/atoms.h"
#include "target/exedata.h"

/* 255 characters of up to 4 bytes (erts/emulator/beam/atom.h). */
enum { ATOMS_MAX_TEXT = 1021 };

/* --- atoms_name.c: "lists:seq/2" taken apart ---------------------------- */

struct atoms_mfa {
    char module[ATOMS_MAX_TEXT];
    char function[ATOMS_MAX_TEXT];
    unsigned arity;
};

/** Splits a function's name as the VM prints it, and removes the quotes.
 *  Pure. -E_FORMAT when it is not such a name. */
MUST_USE int atoms_parse_mfa(const char *name, struct atoms_mfa *out);

/* --- atoms_table.c: the VM's atom table --------------------------------- */

/** An atom whose text is known already. */
struct atoms_known {
    uint64_t term;
    const char *text;
};

struct atoms_table {
    uint64_t segments; /**< IndexTable.seg_table; 0: not found */
    bool boxed;        /**< names are binaries (OTP 28), not bytes */
};

bool atoms_is_atom(uint64_t term);
/** Finds the table; -E_NOT_FOUND when no candidate has the texts of the known
 *  atoms. */
MUST_USE int atoms_table_find(const struct exedata *d, const struct maps *maps,
                              const struct memory *m,
                              const struct atoms_known *known, size_t count,
                              struct atoms_table *out);
/** The text of an atom; -E_NOT_FOUND when its slot does not hold its index. */
MUST_USE int atoms_table_text(const struct atoms_table *t,
                              const struct memory *m, uint64_t term,
                              char text[ATOMS_MAX_TEXT]);

#endif
