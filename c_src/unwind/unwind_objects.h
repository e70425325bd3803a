/**
 * @file unwind_objects.h
 * The executable mappings of the node and their unwind tables: one image per
 * mapping, which is opened when it is first needed, and kept as long as the
 * same file stays mapped at the same place.
 */
#ifndef CPROF_UNWIND_UNWIND_OBJECTS_H
#define CPROF_UNWIND_UNWIND_OBJECTS_H

#include "target/image.h"
#include "target/maps.h"
#include "target/memory.h"
#include "target/process.h"
#include "unwind/cfi_table.h"

struct unwind_object {
    struct map map; /* its path is owned */
    struct image *image;
    bool tried;
    uint64_t bias;          /**< mapped address - file address */
    struct cfi_table table; /**< borrows from the image; count 0: none */
};

struct unwind_objects {
    struct unwind_object *list; /* sorted by map.start */
    size_t count;
};

/** Replaces the mappings. 1 when a table that was in use is gone or moved,
 *  0 when not, or -ENOMEM (mappings may then be missing). */
MUST_USE int unwind_objects_set(struct unwind_objects *o,
                                const struct maps *maps);
void unwind_objects_deinit(struct unwind_objects *o);
/** The object that holds a code address, opened; NULL when there is none, or it
 *  has no table. */
struct unwind_object *unwind_objects_at(struct unwind_objects *o,
                                        const struct process *p,
                                        const struct memory *m, uint64_t addr);
#endif
