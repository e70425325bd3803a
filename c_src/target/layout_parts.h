/**
 * @file layout_parts.h
 * What the layout*.c files share. Included by them and by their tests only.
 *
 *   exedata --> layout_schedulers  --> layout.schedulers
 *           |-> layout_table       --> pieces (copies of some processes)
 *           \-> layout_ports       --> ports, sleeping schedulers
 *   code    --> layout_code        --> xoff, stop, htop
 *   pieces  --> layout_fields      --> the other offsets, by agreement
 *   samples --> layout_learn       --> pieces --> layout_fields
 */
#ifndef CPROF_TARGET_LAYOUT_PARTS_H
#define CPROF_TARGET_LAYOUT_PARTS_H

#include "target/exedata.h"
#include "target/layout.h"

enum {
    /** Words of a Process that are searched. It has 760 to 780 bytes, and
     *  the fields of its neighbour in memory must stay out of sight: hend,
     *  the first that could be mistaken, is at 136 or beyond. */
    LAYOUT_WORDS = 112,
    LAYOUT_PIECES = 48, /**< processes looked at when a node is opened */
};

/* --- layout_code_x86_64.c: offsets in the JIT's machine code ------------ */

enum { LAYOUT_CODE_KINDS = 3 }; /* LAYOUT_XOFF, LAYOUT_STOP, LAYOUT_HTOP */

struct layout_code {
    struct {
        uint32_t value;
        unsigned count;
    } votes[LAYOUT_CODE_KINDS][8];
};

/** Adds what the instructions in [code, +len) say. Pure. */
void layout_code_scan(struct layout_code *c, const void *code, size_t len);
/** The value more than half of the votes are for, with at least 8 votes. */
bool layout_code_verdict(const struct layout_code *c, enum layout_field field,
                         uint32_t *value);
/** Reads code until it tells enough and sets the fields it tells. */
MUST_USE int layout_code_discover(const struct memory *m, const struct jit *jit,
                                  struct layout *l);

/* --- layout_schedulers_linux.c: the ErtsSchedulerData arrays ------------ */

/** A thread as the node's own memory names it (its pid namespace). */
struct layout_thread {
    pid_t tid;   /**< ours */
    pid_t inner; /**< in the node's TCBs */
    bool dirty;  /**< by its name a dirty scheduler */
};

/** Fills l->schedulers from the pointers in the executable's data. threads
 *  are those that can be schedulers, sorted by inner. */
MUST_USE int layout_schedulers_scan(const struct exedata *d,
                                    const struct maps *maps,
                                    const struct memory *m,
                                    const struct layout_thread *threads,
                                    size_t count, struct layout *l);
/** The threads of a process that may run Erlang code; *out is to be freed. */
MUST_USE int layout_schedulers_threads(const struct process *p,
                                       const struct threads *threads,
                                       struct layout_thread **out,
                                       size_t *count);
/** Offset of current_process by the esdp's type and number, which the names
 *  of the threads tell; false when they do not single it out. */
bool layout_schedulers_current(const struct layout *l, const struct memory *m,
                               const struct threads *threads, uint32_t *offset);
/** Adds or replaces the entry of a tid, in order. */
MUST_USE int layout_schedulers_put(struct layout *l,
                                   struct layout_scheduler entry);

/* --- layout_table.c: copies of some processes --------------------------- */

/** A copy of the head of a struct Process. */
struct layout_piece {
    uint64_t address;
    bool has_index;
    uint64_t index; /**< slot of the process table it was found in */
    size_t words;   /**< read of them, <= LAYOUT_WORDS */
    uint64_t word[LAYOUT_WORDS];
};

struct layout_pieces {
    struct layout_piece *list; /**< to be freed */
    size_t count;
    uint64_t table;      /**< where it is; 0: not found */
    uint64_t table_size; /**< its slots; 0: not found */
    bool old_ids;        /**< terms as before OTP 26 */
};

/** What the elements of a table are. */
enum layout_table_of { LAYOUT_PROCESSES, LAYOUT_PORTS };

/** Finds a table in the executable's data and copies up to LAYOUT_PIECES of
 *  its processes or ports. Without a table, count is 0. */
MUST_USE int layout_table_read(const struct exedata *d, const struct maps *maps,
                               const struct memory *m, enum layout_table_of of,
                               struct layout_pieces *out);
/** Copies one process: 0, or a negative error when it is not readable. */
MUST_USE int layout_table_piece(const struct memory *m, uint64_t address,
                                struct layout_piece *out);

/* --- layout_ports.c: ports, and schedulers that sleep -------------------- */

/** Sets the fields of ports that are found beyond doubt, and their number of
 *  slots. */
MUST_USE int layout_ports_discover(const struct exedata *d,
                                   const struct maps *maps,
                                   const struct memory *m, struct layout *l);
/** Sets LAYOUT_SLEEP_INFO if all schedulers agree to it. Needs
 *  LAYOUT_CURRENT_PROCESS. */
void layout_ports_sleep(const struct memory *m, struct layout *l);

/* --- layout_fields.c: offsets by agreement ------------------------------ */

struct layout_tally {
    uint16_t agree[LAYOUT_WORDS], against[LAYOUT_WORDS];
    unsigned pieces;
};

/** What a piece is compared with. */
struct layout_facts {
    const struct layout *l;
    const struct jit *jit;  /**< NULL: no code is known */
    uint64_t normal_exit;   /**< 0: unknown */
    uint64_t exit_slot;     /**< of this piece's stack; 0: unknown */
    uint64_t runtime_stack; /**< of the thread that runs it; 0: unknown */
    uint64_t esdp;          /**< of the thread that runs it; 0: unknown */
    bool again;   /**< the process was counted already: ask only for what
                       changes as it runs (hend, scheduler_data) */
    bool running; /**< it was running there when it was copied */
    bool old_ids;
    uint64_t table_size;
};

/** One tally for each field; those of XOFF, STOP, HTOP and CURRENT_PROCESS
 *  are not used. */
struct layout_tallies {
    struct layout_tally of[LAYOUT_FIELD_COUNT];
};

void layout_fields_add(struct layout_tallies *t, const struct memory *m,
                       const struct layout_piece *piece,
                       const struct layout_facts *facts);
/** The one offset that nearly all pieces agree on; false when there is none,
 *  a close second, or less than four pieces that agree. */
bool layout_fields_pick(const struct layout_tally *t, uint32_t *offset);
/** Do the pieces allow this offset: no more than one in eight against it, and
 *  at least min_agree for it? */
bool layout_fields_allow(const struct layout_tally *t, uint32_t offset,
                         unsigned min_agree);

/* --- layout_hints.c ------------------------------------------------------ */

struct layout_hint {
    int release;
    uint32_t offset[LAYOUT_FIELD_COUNT];
};

/** Rows; *count is set. A test may pass an empty list instead. */
const struct layout_hint *layout_hints(size_t *count);

/* --- layout.c, layout_learn.c ------------------------------------------- */

/** layout_discover with the hints given. */
MUST_USE int layout_discover_hinted(
    const struct process *p, const struct maps *maps, const struct memory *m,
    const struct jit *jit, const struct threads *threads,
    const struct layout_hint *hints, size_t hint_count, struct layout *out);

/** Between samples (struct layout.state). */
struct layout_state {
    struct layout_tallies tallies;
    uint16_t current_agree[64]; /**< esdp words that were c_p */
    unsigned current_pieces;
    uint8_t failures[LAYOUT_FIELD_COUNT]; /**< in a row */
    uint64_t recent[16];                  /**< c_p looked at last */
    unsigned recent_at;
    const struct layout_hint *hint; /**< the row that fits best, or NULL */
    const struct jit *jit;          /**< borrowed from layout_discover */
    uint64_t normal_exit;
    bool old_ids;
    uint64_t seen; /**< samples */
};

/** Takes what the tallies tell for the fields still unknown. A hint needs one
 *  piece for it; before any sample, no running process need have shown its
 *  scheduler data. */
void layout_take(struct layout *l, bool sampled);
/** Sets a field as known and keeps process_bytes right. */
void layout_set(struct layout *l, enum layout_field field, uint32_t offset);

/** May a word be the address of a struct of the VM? */
static inline bool layout_is_pointer(uint64_t w)
{
    return w >= 0x10000 && w < (uint64_t)1 << 47 && w % 8 == 0;
}

#endif
