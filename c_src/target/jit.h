/**
 * @file jit.h
 * The list of JIT-compiled modules that the VM keeps for GDB
 * (`__jit_debug_descriptor`), followed while the node loads, reloads and purges
 * code. On ELF systems the VM always fills it, without any flag.
 *
 * Layouts: erts/emulator/beam/jit/beam_jit_metadata.cpp, the same in OTP 25,
 * 27 and 29. Everything in it is unaligned and little endian.
 *
 * A module that was seen is kept for ever, with the span of time in which its
 * code was there, so that a sample gets the names of the code at its own time.
 * Addresses in `struct jit_function` are absolute.
 *
 *            absent_at   seen_from            seen_until   gone_at
 *   ------------(-------------]===================(-----------]---------
 *     not yet      perhaps       certainly loaded     perhaps     gone
 *
 * Every bound errs on the side of "perhaps". absent_at is the start of the last
 * complete read that did not find the module (0 for modules of the first read);
 * seen_from is the time when it had been read and was still linked; seen_until
 * is the start of the last complete read that found it; gone_at is the end of a
 * read that did not find it any more. A call of jit_changed() that returns 0 is
 * a complete read.
 *
 * Code that is loaded where other code was replaces it. OTP 25 never removes a
 * module from the list, so of two modules at one address the one that was
 * loaded later is right from its seen_from on. New modules of one read were
 * loaded in the order of the list, which has the newest first.
 */
#ifndef CPROF_TARGET_JIT_H
#define CPROF_TARGET_JIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "target/maps.h"
#include "target/memory.h"
#include "target/process.h"
#include "target/sample.h"

#define JIT_FOREVER UINT64_MAX

struct jit_line {
    uint64_t start; /**< the first address of this line */
    uint32_t line;
    const char *file; /**< owned by the module */
};

struct jit_function {
    uint64_t start, end; /**< [start, end), with its CodeInfo prologue */
    uint64_t info;       /**< address of its ErtsCodeInfo; 0: none */
    const char *name;    /**< "lists:seq/2", "global::call_light_bif_shared";
                              owned by the module */
    uint32_t first_line, line_count; /**< into module->lines */
};

struct jit_module {
    uint64_t base, size; /**< code [base, base+size) */
    const char *name;    /**< "lists", "global" for shared fragments */
    bool emulator;       /**< the VM's own shared code (global::*) */
    struct jit_function *functions; /**< sorted by start, without the ranges
                                         of the code header and footer */
    uint32_t function_count;
    struct jit_line *lines; /**< grouped by function, sorted by start */
    uint32_t line_count;
    /** Time span, CLOCK_MONOTONIC ns. It was loaded in (absent_at, seen_from]
     *  and removed in (seen_until, gone_at]. While it is listed, gone_at is
     *  JIT_FOREVER, and seen_until is not updated; use jit_read_at() instead.
     */
    uint64_t absent_at, seen_from, seen_until, gone_at;
    /** Between the two reads around its loading (its removal), code was both
     *  loaded and removed. Other code that no read saw may have been here. */
    bool load_raced, removal_raced;
    uint32_t id;  /**< from 0, in order of loading as far as that is known */
    size_t bytes; /**< memory that it takes here, in all */
    char *text;   /* backing of the names */
};

struct jit_counters {
    uint64_t reads;   /**< complete walks over the list */
    uint64_t torn;    /**< walks that failed because the list changed */
    uint64_t loaded;  /**< modules that appeared after the first read */
    uint64_t removed; /**< modules that disappeared */
    uint64_t refused; /**< reads that one of our limits ended: code that was
                           loaded since then has no name */
};

struct jit;

/**
 * Finds the list in the process: by scanning the executable's writable mappings
 * for a descriptor that validates, or if there is not exactly one, by its
 * symbol. Reads the list once; the modules of that read get absent_at = 0,
 * because they may always have been there. Borrows nothing; *m is copied.
 * @return 0; -E_NOT_JIT (a VM without the JIT); -E_STARTING (a VM with the JIT
 *         whose list is missing or empty so far); -E_CODE_LIST (the list has
 *         more than 200,000 entries or 256 MiB); -E_TORN; or a memory error
 *         (including those of a deadline in *m)
 */
MUST_USE int jit_open(const struct process *p, const struct maps *maps,
                      const struct memory *m, struct jit **out);
void jit_close(struct jit *jit);

/**
 * Has code been loaded since the list was read? Cheap: one memory read of a few
 * kB (first_entry, the newest entry and its content). A purge further down the
 * list is not noticed, and need not be: no other code can be in its place
 * before something is loaded.
 * @return 1 yes, 0 no, or a negative error
 */
MUST_USE int jit_changed(struct jit *jit);
/** Walks the list again, and parses only what is new. Tries again when the list
 *  changes meanwhile. After an error (-E_TORN, -E_CODE_LIST, a memory error, or
 *  -E_LIMIT: more than 400,000 modules or 768 MiB in all) nothing that was
 *  known has changed. */
MUST_USE int jit_refresh(struct jit *jit);
/** The latest time at which the list was known to be complete: the start of the
 *  last complete read. */
uint64_t jit_read_at(const struct jit *jit);
/** Where the VM keeps the address of the list's newest entry. */
uint64_t jit_head_address(const struct jit *jit);
/** The newest entry at the last read. As long as the VM has the same newest
 *  entry with the same content, its list is the one that was read. */
struct sample_code jit_head(const struct jit *jit);
/** The time when the list was first known to be as it is now. */
uint64_t jit_since(const struct jit *jit);
struct jit_counters jit_counters(const struct jit *jit);

/** Every module ever seen, by id. Pointers stay valid until jit_close. */
size_t jit_module_count(const struct jit *jit);
const struct jit_module *jit_module(const struct jit *jit, size_t id);

/**
 * The module whose code was at addr at a time. Code that was loaded after
 * jit_read_at() is not known, so for a later time refresh first.
 * @return 0; -E_UNRESOLVED: no module; -E_AMBIGUOUS: the code at addr was
 *         replaced between two reads around that time, so it may be the old or
 *         the new code
 */
MUST_USE int jit_find(const struct jit *jit, uint64_t addr, uint64_t time_ns,
                      const struct jit_module **module);
/** Is addr in code that is known, or was at any time? */
bool jit_contains(const struct jit *jit, uint64_t addr);
/** The function around addr in a module, or NULL (header, footer, padding). */
const struct jit_function *jit_function_at(const struct jit_module *module,
                                           uint64_t addr);
/** The line for addr in a function, or NULL. For a return address pass
 *  address - 1. */
const struct jit_line *jit_line_at(const struct jit_module *module,
                                   const struct jit_function *f, uint64_t addr);

/** Does Erlang code use frame pointers? From `frame_layout` in the VM's record
 *  about itself. */
bool jit_frame_pointers(const struct jit *jit);
/** The return address at the bottom of every Erlang stack, from the same
 *  record. */
uint64_t jit_normal_exit(const struct jit *jit);

/**
 * Parses one list entry (what symfile_addr points to). Pure; fuzzed. On success
 * the caller frees *out, a module whose times are 0, with jit_module_free. The
 * VM's record about itself also sets *frame_layout and *normal_exit.
 */
MUST_USE int jit_parse_entry(const void *bytes, size_t len,
                             struct jit_module **out, uint32_t *frame_layout,
                             uint64_t *normal_exit);
void jit_module_free(struct jit_module *module);

#endif
