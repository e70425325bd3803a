/**
 * @file jit_parts.h
 * What the files of the JIT list share: the list as it was last read, and the
 * index from addresses to modules. Private to target/jit*.c.
 */
#ifndef CPROF_TARGET_JIT_PARTS_H
#define CPROF_TARGET_JIT_PARTS_H

#include "base/index.h"
#include "target/jit.h"

/** struct jit_code_entry of the VM (beam_jit_metadata.cpp), as read. */
struct jit_link {
    uint64_t next, prev, symfile, size;
};

/** One entry of the list and the module it was parsed to. */
struct jit_entry {
    uint64_t addr;
    struct jit_link link;
    uint64_t head_hash; /**< of the symfile's first bytes: tells a reused
                             entry from the one that was freed */
    uint32_t module;    /**< id; INDEX_NONE: the emulator's facts */
};

struct jit_entries {
    struct jit_entry *list; /**< newest first, as the VM links them */
    size_t count, cap;
};

/** The modules that have code in one page, oldest first. */
struct jit_page {
    uint64_t number;
    uint32_t *modules;
    uint32_t count, cap;
};

struct jit_pages {
    struct jit_page *list;
    size_t count, cap;
    struct index by_number;
};

struct jit {
    struct memory memory;
    uint64_t descriptor;
    struct jit_entries entries;
    struct jit_module **modules;
    size_t module_count, module_cap;
    struct jit_pages pages;
    uint64_t read_at;   /**< the list was complete then */
    uint64_t walked_at; /**< start of the last whole walk */
    uint32_t frame_layout;
    uint64_t normal_exit;
    struct jit_counters counters;
};

/** Address of the VM's descriptor; -E_NOT_JIT. */
MUST_USE int jit_locate(const struct process *p, const struct maps *maps,
                        const struct memory *m, uint64_t *descriptor);
/** Offset of first_entry in the descriptor. */
enum { JIT_FIRST_ENTRY = 16 };

void jit_pages_init(struct jit_pages *pages);
void jit_pages_deinit(struct jit_pages *pages);
/** Files the module under every page it touches; -ENOMEM. */
MUST_USE int jit_pages_add(struct jit_pages *pages,
                           const struct jit_module *module);

#endif
