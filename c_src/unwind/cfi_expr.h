/**
 * @file cfi_expr.h
 * DWARF expressions as far as unwind tables use them (DWARF 5 section 2.5):
 * a stack machine over registers and memory. Bounded in stack and steps.
 */
#ifndef CPROF_UNWIND_CFI_EXPR_H
#define CPROF_UNWIND_CFI_EXPR_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "target/regs.h"

/** What an expression may look at. */
struct cfi_expr_world {
    const struct regs *regs;
    uint32_t known; /**< bit per register whose value is meant */
    /** An 8-byte word of memory; 0 or a negative error. */
    int (*read)(void *ctx, uint64_t addr, uint64_t *value);
    void *ctx;
};

/**
 * The value left on top of the stack.
 * @param first  pushed before the first operation; NULL: nothing
 * @return -E_FORMAT for what is no valid expression, -E_LIMIT for too many
 *         steps, -E_NOT_FOUND for a register not known, or read's error
 */
MUST_USE int cfi_expr_run(const uint8_t *bytes, size_t len,
                          const struct cfi_expr_world *world,
                          const uint64_t *first, uint64_t *value);

#endif
