/**
 * @file pprof_tables.h
 * The tables of a pprof file while it is read: strings, mappings, functions and
 * locations. The ids in the file may be any numbers. Every id and index is
 * checked here; a wrong one gives -E_FORMAT.
 */
#ifndef CPROF_FORMATS_PPROF_TABLES_H
#define CPROF_FORMATS_PPROF_TABLES_H

#include "base/buffer.h"
#include "base/err.h"
#include "base/intern.h"
#include "formats/pprof_comments.h"
#include "formats/pprof_wire.h"
#include "profile/profile.h"

struct pprof_text {
    const uint8_t *at; /* in the file */
    size_t len;
    uint32_t string; /* id in the profile; PROFILE_NONE: not interned yet */
};

/**
 * The limit for the cost of a file: a number of steps for each of its unpacked
 * bytes, plus a constant. A step is a frame of a stack that is walked, or 64
 * bytes of a text that is interned. A file of cprof takes at most one step per
 * byte. The limit refuses small files that would take minutes.
 */
enum { PPROF_STEPS_PER_BYTE = 2, PPROF_STEPS_MORE = 2000000 };

struct pprof_tables {
    struct profile *p;
    struct pprof_comments comments;
    struct pprof_text *strings;
    uint32_t string_count, string_cap;
    struct intern mappings, functions, locations;
    uint32_t *frames; /* of all locations, outermost first */
    uint32_t frame_count, frame_cap;
    uint64_t steps; /* that are left */
};

/** A location: some consecutive frames. */
struct pprof_location {
    uint64_t id;
    uint32_t first, count; /**< in frames */
};

/** For a file of `bytes` unpacked bytes. p is borrowed, and so are the bytes of
 *  the file. */
void pprof_tables_init(struct pprof_tables *t, struct profile *p, size_t bytes);
void pprof_tables_deinit(struct pprof_tables *t);

/** Subtracts steps from those that are left; -E_WORK if there are too few. */
MUST_USE int pprof_tables_spend(struct pprof_tables *t, uint64_t steps);

/** Each reads one field of the file. */
MUST_USE int pprof_tables_string(struct pprof_tables *t,
                                 const struct pprof_field *f);
MUST_USE int pprof_tables_mapping(struct pprof_tables *t,
                                  const struct pprof_field *f);
MUST_USE int pprof_tables_function(struct pprof_tables *t,
                                   const struct pprof_field *f);
MUST_USE int pprof_tables_location(struct pprof_tables *t,
                                   const struct pprof_field *f);

/** String i of the file, interned in the profile; or -E_FORMAT, -E_WORK. */
MUST_USE int64_t pprof_tables_text(struct pprof_tables *t, int64_t i);
/** String i of the file; NULL if there is none. */
const struct pprof_text *pprof_tables_raw(const struct pprof_tables *t,
                                          int64_t i);
/** Does string i of the file equal text? */
bool pprof_tables_is(const struct pprof_tables *t, int64_t i, const char *text);
/** The location with that id, or NULL. */
const struct pprof_location *
pprof_tables_find_location(const struct pprof_tables *t, uint64_t id);

#endif
