/**
 * @file jit_parts.h
 * What the files of the JIT list share: the list as it was last read, one
 * walk over it, and the index from addresses to modules. Private to
 * target/jit*.c and their tests.
 */
#ifndef CPROF_TARGET_JIT_PARTS_H
#define CPROF_TARGET_JIT_PARTS_H

#include "base/index.h"
#include "target/jit.h"

/** struct jit_code_entry of the VM (beam_jit_metadata.cpp), as read. */
struct jit_link {
    uint64_t next, prev, symfile, size;
};

enum {
    JIT_FIRST_ENTRY = 16, /**< offset of first_entry in the descriptor */
    JIT_MIN_SYMFILE = 24,
    JIT_MAX_SYMFILE = 64 << 20,
    JIT_MAX_ENTRIES = 200000,       /**< entries in the list */
    JIT_MAX_BYTES = 256 << 20,      /**< all their symfiles together */
    JIT_MAX_KEPT = 400000,          /**< modules ever seen */
    JIT_MAX_KEPT_BYTES = 768 << 20, /**< memory that these modules take here */
};

/** One entry of the list and the module that was made from it. */
struct jit_entry {
    uint64_t addr;
    struct jit_link link;
    uint64_t hash;   /**< of the whole symfile, see jit_content_hash */
    uint32_t module; /**< id; INDEX_NONE: the VM's record about itself */
};

struct jit_entries {
    struct jit_entry *list; /**< newest first, as the VM links them */
    size_t count, cap;
    struct index by_addr; /**< from an address to an index into the list */
};

void jit_entries_init(struct jit_entries *e);
void jit_entries_deinit(struct jit_entries *e);

/** A range of addresses, up to the next point's start, and the newest module
 *  that ever had code there; INDEX_NONE: none. */
struct jit_point {
    uint64_t start;
    uint32_t module;
};

struct jit_space {
    struct jit_point *points; /**< sorted by start */
    size_t count;
};

struct jit {
    struct memory memory;
    uint64_t descriptor;
    struct jit_entries entries;
    struct jit_module **modules;
    size_t module_count, module_cap;
    size_t module_bytes; /**< memory that the modules take here */
    struct jit_space space;
    uint8_t *head; /**< scratch for the newest entry's symfile */
    size_t head_cap;
    uint64_t read_at; /**< see jit_read_at */
    uint64_t since;   /**< see jit_since */
    uint32_t frame_layout;
    uint64_t normal_exit;
    struct jit_counters counters;
};

/** Address of the VM's descriptor; -E_STARTING when a VM with the JIT has none
 *  yet; -E_NOT_JIT; or another error. */
MUST_USE int jit_locate(const struct process *p, const struct maps *maps,
                        const struct memory *m, uint64_t *descriptor);

/** Reads the list of a known descriptor: jit_open without the search. Copies
 *  *m. */
MUST_USE int jit_follow(const struct memory *m, uint64_t descriptor,
                        struct jit **out);

/** One whole walk. The first `fresh` entries are new since the last walk;
 *  parsed[i] is the module of new entry i. */
struct jit_walk {
    struct jit_entries entries;
    size_t fresh;
    struct jit_module **parsed;
    size_t bytes; /**< memory that the parsed modules take */
    uint32_t frame_layout;
    uint64_t normal_exit;
    uint64_t started; /**< ns; before the first byte was read */
    uint64_t checked; /**< ns; all had been read, and after that the new
                           entries were found to be still linked */
};

/** Walks once: 0, -E_TORN (try again), -E_CODE_LIST, -E_LIMIT, or a memory
 *  error. The caller calls jit_walk_deinit in every case. */
MUST_USE int jit_walk(const struct jit *jit, struct jit_walk *w);
void jit_walk_deinit(struct jit_walk *w);

/** Receives the symfile of entry i; a negative result ends the reading. */
typedef int jit_content(void *ctx, size_t i, const uint8_t *bytes, size_t len);

/** Reads the symfiles of entries [from, to), in batches. -E_TORN when one
 *  cannot be read, because it was freed. */
MUST_USE int jit_fetch(const struct memory *m, const struct jit_entries *e,
                       size_t from, size_t to, jit_content *visit, void *ctx);
uint64_t jit_content_hash(const uint8_t *bytes, size_t len);

/** Adds modules [from, count) of the list in order of loading; a later module
 *  replaces what was at its addresses. -ENOMEM leaves the space unchanged. */
MUST_USE int jit_space_add(struct jit_space *s,
                           struct jit_module *const *modules, size_t from,
                           size_t count);
void jit_space_deinit(struct jit_space *s);
/** The newest module that was ever seen at addr, or INDEX_NONE. */
uint32_t jit_space_newest(const struct jit_space *s, uint64_t addr);

#endif
