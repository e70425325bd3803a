/**
 * @file bifs.h
 * From the C function of a BIF or NIF to its Erlang name. The names come from
 * the stubs in the node's loaded modules: each stub contains the address of its
 * C function (bifs_code.h). If two names have the same C function, there is no
 * answer, unless exactly one of them is in module erlang. A BIF whose module is
 * not loaded (calling the BIF does not load it) is known from the code that
 * calls it, which contains its C function and its struct Export.
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
    struct frame frame; /**< for the caller, to keep the spelled name in;
                             frame.name is NULL until then */
};

/** jit and memory are borrowed until bifs_close. Reads nothing yet. */
MUST_USE int bifs_open(const struct jit *jit, const struct memory *memory,
                       struct bifs **out);
void bifs_close(struct bifs *b);
/** Reads the modules that are new since the last time, or continues where the
 *  memory's deadline ended the last time. */
void bifs_update(struct bifs *b);
/** Are there modules left to read? */
bool bifs_behind(const struct bifs *b);
/** Reads all modules that still exist again, because the stub of a NIF is
 *  written when its library is loaded, some time after the module. */
void bifs_rescan(struct bifs *b);
/** The name of the function that starts at an address, or NULL. Valid until
 *  the next update. */
struct bifs_entry *bifs_find(const struct bifs *b, uint64_t start);
/** All entries, in the order in which they were found; id < bifs_count. Valid
 *  until the next update. */
uint32_t bifs_count(const struct bifs *b);
struct bifs_entry *bifs_entry(const struct bifs *b, uint32_t id);
/** Address of the struct Export that the callers of a C function contain, if
 *  the function has no stub and all callers agree; else 0. */
uint64_t bifs_export(const struct bifs *b, uint64_t start);
/** The entry of the garbage collector: the C function that
 *  global::garbage_collect calls; 0 when it is not known. */
uint64_t bifs_collector(const struct bifs *b);

/** Adds a name as if a stub had it. It must live until bifs_close. */
MUST_USE int bifs_add(struct bifs *b, uint64_t target, const char *name,
                      bool nif);

#endif
