/**
 * @file bifs.h
 * From the C function of a BIF or NIF to its Erlang name. The names come from
 * the stubs in the node's loaded modules: each holds the address of the C
 * function it stands for (bifs_code.h). Two names with one C function have no
 * answer, unless exactly one of them is in module erlang. A BIF whose module
 * is not loaded (calling it does not load it) is known from the places that
 * call it, which hold its C function and its struct Export.
 */
#ifndef CPROF_SYMBOLS_BIFS_H
#define CPROF_SYMBOLS_BIFS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "profile/frame.h"
#include "target/jit.h"
#include "target/memory.h"

struct bifs;

struct bifs_entry {
    uint64_t target;    /**< address of the C function */
    const char *name;   /**< "erlang:phash2/1", as the VM spells it; lives as
                             long as the jit; NULL: two names, no answer */
    bool nif;           /**< a NIF's stub (its library may be the VM itself) */
    bool twice;         /**< two names in module erlang: never an answer */
    struct frame frame; /**< the caller's, who spells the name once; its name
                             is NULL until then */
};

/** Both are borrowed until bifs_close. Reads nothing yet. */
MUST_USE int bifs_open(const struct jit *jit, const struct memory *memory,
                       struct bifs **out);
void bifs_close(struct bifs *b);
/** Reads the modules that are new since the last time, or goes on where the
 *  memory's deadline ended that. */
void bifs_update(struct bifs *b);
/** Are there modules left to read? */
bool bifs_behind(const struct bifs *b);
/** Reads all modules that still exist again: a NIF's stub is written when its
 *  library is loaded, some time after the module was. */
void bifs_rescan(struct bifs *b);
/** The name of the function that starts at an address, or NULL. Valid until
 *  the next update. */
struct bifs_entry *bifs_find(const struct bifs *b, uint64_t start);
/** All of them, in the order they were found, as long as id < bifs_count.
 *  Valid until the next update. */
uint32_t bifs_count(const struct bifs *b);
struct bifs_entry *bifs_entry(const struct bifs *b, uint32_t id);
/** Address of the struct Export that the callers of a C function name, when
 *  there is no stub for it and all callers agree; else 0. */
uint64_t bifs_export(const struct bifs *b, uint64_t start);
/** Where the collector begins: the C function that global::garbage_collect
 *  calls; 0 when that is not known. */
uint64_t bifs_collector(const struct bifs *b);

/** Adds a name, as a stub does. It must live until bifs_close. */
MUST_USE int bifs_add(struct bifs *b, uint64_t target, const char *name,
                      bool nif);

#endif
