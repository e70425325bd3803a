/**
 * @file pprof_tables.h
 * The tables of a pprof file while it is read: strings, mappings, functions,
 * locations, by the file's ids, which are any numbers. Every id and index is
 * checked here; what does not hold is -E_FORMAT.
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
    uint32_t string; /* of the profile, PROFILE_NONE: not asked for yet */
};

/**
 * The cost limit of a file: a number of steps (a step is a frame of a stack
 * that is walked, or 64 bytes of a text that is taken over) for each of its
 * unpacked bytes, plus a constant. A file of cprof takes at most one step per
 * byte; a small file that would take minutes is refused.
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
    uint64_t steps; /* left */
};

/** A location: a run of frames. */
struct pprof_location {
    uint64_t id;
    uint32_t first, count; /**< in frames */
};

/** For a file of `bytes` bytes, unpacked. */
void pprof_tables_init(struct pprof_tables *t, struct profile *p, size_t bytes);
void pprof_tables_deinit(struct pprof_tables *t);

/** Takes steps off what the file may cost; -E_WORK when there are too few. */
MUST_USE int pprof_tables_spend(struct pprof_tables *t, uint64_t steps);

/** Each takes one field of the file. */
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
/** Text of string i of the file as it is there; NULL when there is none. */
const struct pprof_text *pprof_tables_raw(const struct pprof_tables *t,
                                          int64_t i);
/** Is string i of the file that text? */
bool pprof_tables_is(const struct pprof_tables *t, int64_t i, const char *text);
/** NULL when there is none with that id. */
const struct pprof_location *
pprof_tables_find_location(const struct pprof_tables *t, uint64_t id);

#endif
