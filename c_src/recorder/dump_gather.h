/**
 * @file dump_gather.h
 * The processes of a table by state and stack, as addresses: most processes of
 * a node do what many others do, and only what is different needs a name.
 */
#ifndef CPROF_RECORDER_DUMP_GATHER_H
#define CPROF_RECORDER_DUMP_GATHER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/index.h"
#include "profile/dump.h"
#include "recorder/dump_asks.h"
#include "target/proctable.h"
#include "unwind/unwind.h"

/** Those of one state with one stack. */
struct dump_gathered {
    enum procstate state;
    bool has_stack;
    size_t from, length; /**< its addresses, leaf first */
    uint64_t processes;
    struct {
        uint64_t pid; /**< term */
        bool has_name;
    } members[DUMP_MEMBERS]; /**< with a registered name, where some have one */
    unsigned member_count;
};

struct dump_gather {
    struct unwinder *unwinder; /**< borrowed */
    uint64_t time_ns;          /**< at which the code is known */
    struct dump_gathered *list;
    size_t count, cap;
    struct address *addresses;
    size_t address_count, address_cap;
    struct index index;
    struct unwound unwound;
    struct dump_asks asks;
};

/** 0, -ENOMEM or -E_LIMIT; deinit in any case. */
MUST_USE int dump_gather_init(struct dump_gather *g, struct unwinder *unwinder,
                              const struct jit *jit, uint64_t time_ns);
void dump_gather_deinit(struct dump_gather *g);
/** A proctable_see, with a struct dump_gather. 0, -ENOMEM or -E_LIMIT. */
int dump_gather_see(void *gather, const struct proctable_process *p);

#endif
