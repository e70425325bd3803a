/**
 * @file cfi_table.h
 * The unwind tables of an ELF file: .eh_frame_hdr, a sorted table of function
 * starts; and .eh_frame, which has an entry for each function (FDE), and
 * entries with what several of them have in common (CIE). See Linux Standard
 * Base Core, "Exception Frames". Pure functions on bytes that are not trusted.
 * Addresses are file addresses, not mapped ones.
 */
#ifndef CPROF_UNWIND_CFI_TABLE_H
#define CPROF_UNWIND_CFI_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/** A section: its bytes, borrowed, and their file address. */
struct cfi_section {
    const uint8_t *bytes;
    size_t len;
    uint64_t addr;
};

struct cfi_table {
    const uint8_t *entries; /* two 32-bit offsets each: function and FDE */
    size_t count;
    uint64_t base; /* what the offsets are relative to */
    struct cfi_section frames;
};

/** What the tables say about one function. */
struct cfi_function {
    uint64_t start, end;
    struct cfi_program {
        const uint8_t *bytes;
        size_t len;
    } initial, program; /**< instructions of the CIE, and of the FDE */
    uint64_t code_align;
    int64_t data_align;
    bool signal; /**< called by the kernel: the code at its return address was
                      interrupted there, it made no call */
};

/** 0, or -E_FORMAT when the search table does not have the format that GNU ld,
 *  gold and lld write. The bytes of both sections stay borrowed. */
MUST_USE int cfi_table_parse(const struct cfi_section *header,
                             const struct cfi_section *frames,
                             struct cfi_table *out);
/** The function around an address: 0; -E_NOT_FOUND when no function of the
 *  table holds it; -E_FORMAT when its entry is not understood. */
MUST_USE int cfi_table_find(const struct cfi_table *t, uint64_t addr,
                            struct cfi_function *out);

#endif
