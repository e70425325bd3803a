/**
 * @file exedata.h
 * The writable data of the node's executable (.data and .bss), copied once so
 * that it can be searched. What is found there is a guess until the caller has
 * validated it, because the node writes to this data while it is copied.
 */
#ifndef CPROF_TARGET_EXEDATA_H
#define CPROF_TARGET_EXEDATA_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "target/maps.h"
#include "target/memory.h"

enum { EXEDATA_MAX_PARTS = 8, EXEDATA_MAX_BYTES = 64 << 20 };

struct exedata_part {
    uint64_t addr;  /**< 8-aligned, in the node */
    uint8_t *bytes; /**< our copy */
    size_t len;     /**< a multiple of 8 */
};

struct exedata {
    struct exedata_part parts[EXEDATA_MAX_PARTS];
    size_t count;
};

/**
 * Reads the private writable mappings of the file `exe` (as the maps name it)
 * and the anonymous mapping that continues each (the rest of .bss). A mapping
 * that cannot be read as a whole, or exceeds the limits above, is left out.
 * @return 0; -E_NOT_FOUND when none was read; or a memory error
 */
MUST_USE int exedata_read(const char *exe, const struct maps *maps,
                          const struct memory *m, struct exedata *out);
void exedata_deinit(struct exedata *d);
/** The 8 bytes at offset `at` of a part; the caller ensures at + 8 <= len. */
uint64_t exedata_u64(const struct exedata_part *part, size_t at);
uint32_t exedata_u32(const struct exedata_part *part, size_t at);
/** The readable and writable mapping that holds all of [addr, addr + len), or
 *  NULL. Also NULL when addr is not a multiple of 8. */
const struct map *exedata_pointee(const struct maps *maps, uint64_t addr,
                                  size_t len);

#endif
