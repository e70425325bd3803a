/**
 * @file dump_gather.h
 * Groups the processes of a table by their state and their stack, as addresses.
 * Most processes of a node do the same as many others, so each distinct stack
 * has to be named only once.
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

/** The processes that have the same state and the same stack. */
struct dump_gathered {
    enum procstate state;
    bool has_stack;
    size_t from, length; /**< its addresses, leaf first */
    uint32_t stack;      /**< of the profile, once it is named; PROFILE_NONE:
                              without one */
    uint64_t processes;
    struct {
        uint64_t pid; /**< term */
        bool has_name;
    } members[DUMP_MEMBERS]; /**< some of them; those with a registered name are
                                  preferred */
    unsigned member_count;
};

struct dump_gather {
    struct unwinder *unwinder; /**< borrowed */
    uint64_t time_ns;          /**< the time for which the code list is known */
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
/** What was read, as a dump says it. */
struct dump_counts dump_gather_counts(const struct proctable_counts *c);
/** A proctable_see, with a struct dump_gather. 0, -ENOMEM or -E_LIMIT. */
int dump_gather_see(void *gather, const struct proctable_process *p);

#endif
