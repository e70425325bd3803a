/**
 * @file jit.h
 * The list of JIT-compiled modules that the VM keeps for GDB
 * (`__jit_debug_descriptor`; always filled on ELF systems, no flag needed),
 * followed while the node loads, reloads and purges code.
 *
 * Layouts: erts/emulator/beam/jit/beam_jit_metadata.cpp, the same in OTP 25,
 * 27 and 29. Everything in it is unaligned and little endian.
 *
 * A module once seen is never forgotten: it carries the time span in which
 * its code is known to have been there, so that a sample is named after the
 * code of its own time. Addresses in `struct jit_function` are absolute.
 *
 *            absent_at   seen_from            seen_until   gone_at
 *   ------------(-------------]===================(-----------]---------
 *     not yet      perhaps       certainly loaded     perhaps     gone
 *
 * Every bound errs to the side of "perhaps". absent_at is the start of the
 * last read that was complete and did not meet the module (0 for those of the
 * first read); seen_from is when it had been read and was then still linked;
 * seen_until is the start of the last complete read that met it; gone_at is
 * when a read without it had come to its end. A jit_changed() that answers
 * "no" is a complete read.
 *
 * Code that is loaded where other code was replaces it: OTP 25 never takes a
 * module off the list, so of two at one address the later loaded one is right
 * from its seen_from on. Modules that one read finds new were loaded in the
 * order of the list, which has the newest first.
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
    uint64_t start; /**< first address this line is valid for */
    uint32_t line;
    const char *file; /**< owned by the module */
};

struct jit_function {
    uint64_t start, end; /**< [start, end), its CodeInfo prologue included */
    uint64_t info;       /**< address of its ErtsCodeInfo; 0: none */
    const char *name;    /**< "lists:seq/2", "global::call_light_bif_shared";
                              owned by the module */
    uint32_t first_line, line_count; /**< into module->lines */
};

struct jit_module {
    uint64_t base, size; /**< code [base, base+size) */
    const char *name;    /**< "lists", "global" for shared fragments */
    bool emulator;       /**< the VM's own shared code (global::*) */
    struct jit_function *functions; /**< sorted by start, no code header,
                                         footer or stub ranges */
    uint32_t function_count;
    struct jit_line *lines; /**< grouped by function, sorted by start */
    uint32_t line_count;
    /** Time span, CLOCK_MONOTONIC ns. It was loaded in (absent_at, seen_from]
     *  and removed in (seen_until, gone_at]. While it is listed, gone_at is
     *  JIT_FOREVER and seen_until is not kept up: jit_read_at() is it. */
    uint64_t absent_at, seen_from, seen_until, gone_at;
    /** Code came as well as went between the two reads around the loading
     *  (the removal): some that no read saw may have been here meanwhile. */
    bool load_raced, removal_raced;
    uint32_t id;  /**< dense, in order of loading as far as it is known */
    size_t bytes; /**< of memory that it takes, all parts */
    char *text;   /* backing of the names */
};

struct jit_counters {
    uint64_t reads;   /**< list walks */
    uint64_t torn;    /**< walks or entries that had to be read again */
    uint64_t loaded;  /**< modules seen to appear after the first read */
    uint64_t removed; /**< modules seen to disappear */
    uint64_t refused; /**< reads that a limit of ours ended (-E_LIMIT): code
                           loaded since then has no name */
};

struct jit;

/**
 * Finds the list in the process: by the dynamic symbol where it is exported,
 * else by scanning the executable's writable mappings for a descriptor that
 * validates. Reads it once; the modules of that read get absent_at = 0 (they
 * may have been there for ever). Borrows nothing; *m is copied.
 * @return 0, -E_NOT_JIT (a VM without the JIT), -E_STARTING (one with it, but
 *         the list is not there or empty yet), -E_CODE_LIST (more than the
 *         program follows: 200,000 entries, 256 MB), -E_TORN, or a memory
 *         error (with a deadline in *m: its errors, too)
 */
MUST_USE int jit_open(const struct process *p, const struct maps *maps,
                      const struct memory *m, struct jit **out);
void jit_close(struct jit *jit);

/**
 * Cheap: has code been loaded since the list was read? One memory read of a
 * few kB: first_entry, the newest entry and its content. (A purge further
 * down the list alone is not noticed: no other code can be at its place
 * before something is loaded.)
 * 1 yes, 0 no, or a negative error.
 */
MUST_USE int jit_changed(struct jit *jit);
/** Walks the list again, parses only what is new. Retried when torn; on
 *  failure (-E_TORN, -E_CODE_LIST, a memory error; -E_LIMIT: 400,000
 *  modules or 768 MB were seen in all) all stays as it was known. */
MUST_USE int jit_refresh(struct jit *jit);
/** The time of the last read at which the list was known to be complete. */
uint64_t jit_read_at(const struct jit *jit);
/** Where the VM keeps the address of the list's newest entry. */
uint64_t jit_head_address(const struct jit *jit);
/** Its newest entry as of the last read. While that is the newest entry, with
 *  this content, the list is the one that was read. */
struct sample_code jit_head(const struct jit *jit);
/** When the list was first known to be as it is now. */
uint64_t jit_since(const struct jit *jit);
struct jit_counters jit_counters(const struct jit *jit);

/** Every module ever seen, by id. Pointers stay valid until jit_close. */
size_t jit_module_count(const struct jit *jit);
const struct jit_module *jit_module(const struct jit *jit, size_t id);

/**
 * The module whose code was at addr at a time. Code that was loaded after
 * jit_read_at() is not known: refresh first when the time is later than that.
 * @return 0; -E_UNRESOLVED: none; -E_AMBIGUOUS: the code at addr was replaced
 *         between two reads around that time, either could be it.
 */
MUST_USE int jit_find(const struct jit *jit, uint64_t addr, uint64_t time_ns,
                      const struct jit_module **module);
/** Is addr in code known now or earlier, of whatever time? */
bool jit_contains(const struct jit *jit, uint64_t addr);
/** The function around addr in a module, or NULL (header, footer, padding). */
const struct jit_function *jit_function_at(const struct jit_module *module,
                                           uint64_t addr);
/** The line for addr in a function, or NULL. For a return address pass
 *  address - 1. */
const struct jit_line *jit_line_at(const struct jit_module *module,
                                   const struct jit_function *f, uint64_t addr);

/** From the emulator's own record (OTP: `frame_layout`, `normal_exit`). */
bool jit_frame_pointers(const struct jit *jit);
/** The return address at the bottom of every Erlang stack. */
uint64_t jit_normal_exit(const struct jit *jit);

/**
 * Parses one list entry (what symfile_addr points at). Pure; fuzzed. On
 * success *out is a module with zero times, to be freed with
 * jit_module_free; an emulator record may also set the last two results.
 */
MUST_USE int jit_parse_entry(const void *bytes, size_t len,
                             struct jit_module **out, uint32_t *frame_layout,
                             uint64_t *normal_exit);
void jit_module_free(struct jit_module *module);

#endif
