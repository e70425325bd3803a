/**
 * @file cfi_row.h
 * The rules by which the registers of a function's caller are found when the
 * function is at a given address: the result of its unwind instructions (DWARF
 * 5 section 6.4) up to there. CFA: the stack pointer that the caller had before
 * its call.
 */
#ifndef CPROF_UNWIND_CFI_ROW_H
#define CPROF_UNWIND_CFI_ROW_H

#include "target/regs.h"
#include "unwind/cfi_table.h"

enum cfi_how {
    CFI_SAME,       /**< the caller's value is still in the register */
    CFI_UNDEFINED,  /**< lost; for the return address: there is no caller */
    CFI_SAVED,      /**< in memory at CFA + at */
    CFI_VALUE,      /**< CFA + at; for the CFA itself: register `reg` + at */
    CFI_REGISTER,   /**< in register number `at` */
    CFI_SAVED_EXPR, /**< in memory at the expression's value */
    CFI_VALUE_EXPR, /**< the expression's value */
};

struct cfi_rule {
    uint8_t reg; /**< enum reg */
    uint8_t how; /**< enum cfi_how */
    uint16_t len;
    int32_t at; /**< of an expression: it is `len` bytes at row.bytes + at */
};

struct cfi_row {
    const uint8_t *bytes; /**< .eh_frame, borrowed from the table */
    struct cfi_rule cfa;  /**< CFI_VALUE or CFI_VALUE_EXPR */
    uint8_t count;
    bool signal;                       /**< see cfi_table.h */
    struct cfi_rule rules[REGS_COUNT]; /**< those that are not CFI_SAME */
};

/** 0; -E_NOT_FOUND when the table has no function at addr; -E_FORMAT or
 *  -E_LIMIT when the instructions are not valid or exceed a limit. */
MUST_USE int cfi_row_find(const struct cfi_table *t, uint64_t addr,
                          struct cfi_row *out);

#endif
