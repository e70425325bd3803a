/**
 * @file image.h
 * An ELF file that is mapped into the node (or [vdso], read from memory):
 * its function symbols, its unwind table, its build id. The bytes come from a
 * file or from memory and are never trusted: every offset is checked. Only
 * little-endian ELF64 is read.
 */
#ifndef CPROF_TARGET_IMAGE_H
#define CPROF_TARGET_IMAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "target/maps.h"
#include "target/memory.h"
#include "target/process.h"

/** A PT_LOAD segment: file bytes [offset, +filesz) at address vaddr. */
struct image_segment {
    uint64_t offset, filesz, vaddr, memsz;
    unsigned flags; /**< PF_X 1, PF_W 2, PF_R 4 */
};

struct image_symbol {
    uint64_t addr; /**< address in the file's own space (vaddr) */
    uint64_t size; /**< 0: unknown; it reaches to the next symbol */
    const char *name;
};

#define IMAGE_MAX_SEGMENTS 64

struct image {
    uint8_t *bytes; /**< the whole file, or the memory it was read from */
    size_t len;
    struct image_segment segments[IMAGE_MAX_SEGMENTS];
    size_t segment_count;
    struct image_symbol *symbols; /**< functions, sorted by addr */
    size_t symbol_count;
    uint64_t eh_frame_hdr_addr, eh_frame_hdr_len; /**< vaddr; 0: none */
    uint64_t eh_frame_addr, eh_frame_len;         /**< vaddr; 0: unknown */
    uint8_t build_id[32];
    size_t build_id_len;
    char debuglink[256]; /**< file name of .gnu_debuglink, "" if none */
    char *names;         /* NULL: names point into bytes */
};

/** Copies the bytes. Fuzzed. */
MUST_USE int image_parse(const void *bytes, size_t len, struct image **out);
/** Reads a regular file: 0; -E_FORMAT when it is not an ELF file of this kind;
 *  -E_LIMIT above 512 MiB; or -errno. */
MUST_USE int image_open(const char *path, struct image **out);
/**
 * The image behind a mapping of the process: the file at its path, here or
 * below /proc/PID/root; /proc/PID/map_files or /proc/PID/exe when it was
 * deleted; the memory itself for [vdso]. The symbols of a separate debug file
 * (found by build id or .gnu_debuglink) are merged in when there is one.
 * @return 0; -E_FORMAT when it is not ELF (JIT code); -E_NOT_FOUND when the
 *         file cannot be reached; or another error
 */
MUST_USE int image_of_map(const struct process *p, const struct memory *m,
                          const struct map *map, struct image **out);
void image_close(struct image *image);

/** File address (vaddr) of a mapped address: the segments translate the file
 *  offset addr - map.start + map.offset; 0 when no segment holds it. */
uint64_t image_vaddr(const struct image *image, const struct map *map,
                     uint64_t addr);
/** The bytes at a file address, or NULL when the file does not have all of
 *  [vaddr, vaddr + len). */
const uint8_t *image_at(const struct image *image, uint64_t vaddr, size_t len);
/** The function symbol that holds a file address, or NULL. */
const struct image_symbol *image_symbol(const struct image *image,
                                        uint64_t vaddr);
/** Address of a named symbol of any type in .dynsym/.symtab; 0: none. */
uint64_t image_lookup(const struct image *image, const char *name);
/**
 * Start and length (0: unknown) of the function around a file address, by the
 * search table of .eh_frame_hdr, which stripped files also have.
 */
MUST_USE int image_function(const struct image *image, uint64_t vaddr,
                            uint64_t *start, uint64_t *len);

#endif
