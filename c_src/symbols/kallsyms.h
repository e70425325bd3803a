/**
 * @file kallsyms.h
 * The kernel's functions, from the text of /proc/kallsyms. Without the
 * permission to see kernel addresses they are all 0, and the table is empty.
 */
#ifndef CPROF_SYMBOLS_KALLSYMS_H
#define CPROF_SYMBOLS_KALLSYMS_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct kallsyms_symbol {
    uint64_t addr;
    const char *name;
    const char *module; /**< "nf_tables", "kernel" for the kernel itself */
};

struct kallsyms {
    struct kallsyms_symbol *list; /**< functions, sorted by addr */
    size_t count;
    char *text; /* backing of the names */
};

/** Pure. 0 or -ENOMEM; after an error *out is unchanged. Lines that are not
 *  understood are left out. */
MUST_USE int kallsyms_parse(const void *text, size_t len, struct kallsyms *out);
MUST_USE int kallsyms_read(struct kallsyms *out);
void kallsyms_deinit(struct kallsyms *k);
/** The last function that starts at or before addr, or NULL. */
const struct kallsyms_symbol *kallsyms_find(const struct kallsyms *k,
                                            uint64_t addr);

#endif
