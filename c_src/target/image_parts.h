/**
 * @file image_parts.h
 * What the files of image.h share: checked access to the bytes and to the
 * section headers. Private to them.
 */
#ifndef CPROF_TARGET_IMAGE_PARTS_H
#define CPROF_TARGET_IMAGE_PARTS_H

#include "target/image.h"

/** A section header, as in the file. The file need not have its bytes. */
struct image_section {
    const char *name; /**< "" when it has none */
    uint32_t type, link;
    uint64_t addr, offset, size;
};

/** A candidate for image.symbols. If several have the same address, the one
 *  with the lowest rank is kept. */
struct image_candidate {
    struct image_symbol symbol;
    unsigned rank;
};

struct image_candidates {
    struct image_candidate *list;
    size_t count, cap;
};

/** Parses bytes that were allocated by malloc, and owns them from then on, even
 *  when it fails. */
MUST_USE int image_take(uint8_t *bytes, size_t len, struct image **out);

/** Bytes of the file at an offset, or NULL when the file ends before them. */
const uint8_t *image_view(const struct image *image, uint64_t offset,
                          uint64_t len);
/** Segment whose file bytes hold a file address, or NULL. */
const struct image_segment *image_segment_at(const struct image *image,
                                             uint64_t vaddr);
size_t image_section_count(const struct image *image);
/** False when the file has no such section header. */
bool image_section_get(const struct image *image, size_t index,
                       struct image_section *out);
bool image_section_named(const struct image *image, const char *name,
                         struct image_section *out);

/** Fills image->symbols; -ENOMEM. */
MUST_USE int image_symbols_load(struct image *image);
/** Adds the functions of a debug file of the same build; -ENOMEM. */
MUST_USE int image_symbols_merge(struct image *image,
                                 const struct image *debug);
/** Adds one function to the candidates; -ENOMEM. */
MUST_USE int image_candidate_add(struct image_candidates *c,
                                 const struct image_candidate *one);
/** Sorts them, keeps the best name of each address, and replaces the symbols
 *  of the image by them; -ENOMEM. */
MUST_USE int image_candidates_settle(struct image_candidates *c,
                                     struct image *image);
/** How good a name is: smaller is better. */
unsigned image_name_rank(const char *name, bool local);

/** Fills eh_frame_hdr_* and eh_frame_*. header is p_vaddr of PT_GNU_EH_FRAME,
 *  0 when there is none. */
void image_unwind_load(struct image *image, uint64_t header, uint64_t len);

/** Finds a debug file and merges its symbols in; without one, 0. */
MUST_USE int image_debug_merge(struct image *image, const struct process *p,
                               const struct map *map);
/** Reads a whole regular file; errors as image_open. */
MUST_USE int image_open_fd(int fd, struct image **out);

#endif
