/**
 * @file cfi_expr.h
 * The part of DWARF expressions that unwind tables use (DWARF 5 section 2.5): a
 * stack machine that reads registers and memory. Its stack and the number of
 * its steps are limited.
 */
#ifndef CPROF_UNWIND_CFI_EXPR_H
#define CPROF_UNWIND_CFI_EXPR_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "target/regs.h"

/** What an expression may read. */
struct cfi_expr_world {
    const struct regs *regs;
    uint32_t known; /**< one bit per register whose value is known */
    /** Reads an 8-byte word of memory; 0 or a negative error. */
    int (*read)(void *ctx, uint64_t addr, uint64_t *value);
    void *ctx;
};

/**
 * Runs an expression. *value is the value on top of the stack at its end.
 * @param first  pushed before the first operation; NULL: nothing
 * @return 0; -E_FORMAT when the expression is not valid; -E_LIMIT when it needs
 *         too many steps or too much stack; -E_NOT_FOUND when the value of a
 *         register is not known; or read's error
 */
MUST_USE int cfi_expr_run(const uint8_t *bytes, size_t len,
                          const struct cfi_expr_world *world,
                          const uint64_t *first, uint64_t *value);

#endif
