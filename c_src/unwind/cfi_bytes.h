/**
 * @file cfi_bytes.h
 * Reads the number formats of unwind tables (DWARF 5 section 7.6; Linux
 * Standard Base Core, "DWARF Extensions") from a bounded reader.
 */
#ifndef CPROF_UNWIND_CFI_BYTES_H
#define CPROF_UNWIND_CFI_BYTES_H

#include "base/reader.h"

/** DW_EH_PE_*: the format of a pointer, and what it is relative to. */
enum {
    CFI_BYTES_ABSPTR = 0x00,
    CFI_BYTES_UDATA2 = 0x02,
    CFI_BYTES_UDATA4 = 0x03,
    CFI_BYTES_UDATA8 = 0x04,
    CFI_BYTES_SDATA2 = 0x0a,
    CFI_BYTES_SDATA4 = 0x0b,
    CFI_BYTES_SDATA8 = 0x0c,
    CFI_BYTES_FORM = 0x0f,
    CFI_BYTES_PCREL = 0x10,
    CFI_BYTES_DATAREL = 0x30,
};

/** A LEB128 number of at most 10 bytes; a longer one fails the reader. */
uint64_t cfi_bytes_uleb(struct reader *r);
int64_t cfi_bytes_sleb(struct reader *r);
/** A pointer in an encoding; at: address of the reader's next byte. The pointer
 *  is absolute or relative to its own address; any other encoding fails the
 *  reader. */
uint64_t cfi_bytes_pointer(struct reader *r, uint8_t encoding, uint64_t at);

#endif
