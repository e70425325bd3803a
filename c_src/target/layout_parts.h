/**
 * @file layout_parts.h
 * What the layout*.c files share. Included only by them and by their tests.
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
    /** Words of a Process that are searched. A Process has 760 to 780 bytes.
     *  The search must not reach a field of the struct behind it in memory
     *  that it could take for the Process's own: the first such field is hend,
     *  at 136 or later. */
    LAYOUT_WORDS = 112,
    LAYOUT_PIECES = 48, /**< processes copied when a node is opened */
};

/* --- layout_code_x86_64.c: offsets found in the JIT's machine code ------ */

enum { LAYOUT_CODE_KINDS = 3 }; /* LAYOUT_XOFF, LAYOUT_STOP, LAYOUT_HTOP */

struct layout_code {
    struct {
        uint32_t value;
        unsigned count;
    } votes[LAYOUT_CODE_KINDS][8];
};

/** Adds the votes of the instructions in [code, code + len). Pure. */
void layout_code_scan(struct layout_code *c, const void *code, size_t len);
/** The value that has at least 8 votes and more than half of all; false when
 *  there is none. */
bool layout_code_verdict(const struct layout_code *c, enum layout_field field,
                         uint32_t *value);
/** Reads code until there are enough votes, and sets the fields that they
 *  decide. */
MUST_USE int layout_code_discover(const struct memory *m, const struct jit *jit,
                                  struct layout *l);

/* --- layout_schedulers_linux.c: the ErtsSchedulerData arrays ------------ */

/** A thread, with its id in the node's pid namespace, which is the one that the
 *  node's memory has. */
struct layout_thread {
    pid_t tid;   /**< its id in our pid namespace */
    pid_t inner; /**< its id in the node's, as in its TCB */
    bool dirty;  /**< its name is that of a dirty scheduler */
};

/** Fills l->schedulers from the pointers in the executable's data. `threads`
 *  are the threads that can be schedulers, sorted by `inner`. */
MUST_USE int layout_schedulers_scan(const struct exedata *d,
                                    const struct maps *maps,
                                    const struct memory *m,
                                    const struct layout_thread *threads,
                                    size_t count, struct layout *l);
/** The threads of a process that may be schedulers. The caller frees *out. */
MUST_USE int layout_schedulers_threads(const struct process *p,
                                       const struct threads *threads,
                                       struct layout_thread **out,
                                       size_t *count);
/** Finds the offset of current_process in ErtsSchedulerData. It is next to the
 *  scheduler's type and number, which are known from the names of the threads;
 *  false when they fit no place, or several. */
bool layout_schedulers_current(const struct layout *l, const struct memory *m,
                               const struct threads *threads, uint32_t *offset);
/** Adds or replaces the entry of a tid; -E_LIMIT, -ENOMEM. */
MUST_USE int layout_schedulers_put(struct layout *l,
                                   struct layout_scheduler entry);

/* --- layout_table.c: copies of some processes --------------------------- */

/** A copy of the first words of a struct Process or Port. */
struct layout_piece {
    uint64_t address;
    bool has_index;
    uint64_t index; /**< slot of the table that it was found in */
    size_t words;   /**< words that were read, at most LAYOUT_WORDS */
    uint64_t word[LAYOUT_WORDS];
};

struct layout_pieces {
    struct layout_piece *list; /**< the caller frees it */
    size_t count;
    uint64_t table;      /**< address of the table; 0: not found */
    uint64_t place;      /**< of the VM's pointer to it; 0: not found */
    uint64_t table_size; /**< its slots; 0: not found */
    bool old_ids;        /**< terms have the format from before OTP 26 */
};

/** Which table. */
enum layout_table_of { LAYOUT_PROCESSES, LAYOUT_PORTS };

/** Finds a table in the executable's data and copies up to LAYOUT_PIECES of
 *  its processes or ports. Without a table, count is 0. */
MUST_USE int layout_table_read(const struct exedata *d, const struct maps *maps,
                               const struct memory *m, enum layout_table_of of,
                               struct layout_pieces *out);
/** Copies one process or port: 0, or a memory error. */
MUST_USE int layout_table_piece(const struct memory *m, uint64_t address,
                                struct layout_piece *out);

/* --- layout_ports.c: ports, and schedulers that sleep -------------------- */

/** Sets l->ports, l->port_slots, and the fields of ports for which exactly one
 * offset is possible. */
MUST_USE int layout_ports_discover(const struct exedata *d,
                                   const struct maps *maps,
                                   const struct memory *m, struct layout *l);
/** Sets LAYOUT_SLEEP_INFO if it is right for all schedulers. Needs
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
    uint64_t exit_slot;     /**< of this process's stack; 0: unknown */
    uint64_t runtime_stack; /**< of the thread that runs it; 0: unknown */
    uint64_t esdp;          /**< of the thread that runs it; 0: unknown */
    bool again;   /**< the process was counted before: count only the fields
                       that change as it runs (hend, scheduler_data) */
    bool running; /**< that thread was running it when it was copied */
    bool old_ids; /**< pid terms have the format from before OTP 26 */
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
/** The one offset that nearly all pieces agree on. False when fewer than four
 *  agree, when more than one in eight is against it, or when another offset is
 *  nearly as good. */
bool layout_fields_pick(const struct layout_tally *t, uint32_t *offset);
/** Of LAYOUT_CONTINUATION: do so many words there point into Erlang code that
 * it cannot be chance? The others may be of processes in dirty NIFs, which
 * continue in memory of the VM (ErtsNativeFunc, erl_nfunc_sched.c): on a node
 * whose disk hangs, these may be most. */
bool layout_fields_is_code(const struct layout_tally *t, uint32_t offset);
/** Do the pieces allow this offset? At least min_agree must be for it, and at
 *  most one in eight against it. */
bool layout_fields_allow(const struct layout_tally *t, uint32_t offset,
                         unsigned min_agree);

/* --- layout_hints.c ------------------------------------------------------ */

struct layout_hint {
    int release;
    uint32_t offset[LAYOUT_FIELD_COUNT];
};

/** The rows of the table; their number is in *count. */
const struct layout_hint *layout_hints(size_t *count);

/* --- layout.c, layout_learn.c ------------------------------------------- */

/** layout_discover with other hints, for tests. */
MUST_USE int layout_discover_hinted(
    const struct process *p, const struct maps *maps, const struct memory *m,
    const struct jit *jit, const struct threads *threads,
    const struct layout_hint *hints, size_t hint_count, struct layout *out);

/** What is kept between samples (struct layout.state). */
struct layout_state {
    struct layout_tallies tallies;
    uint16_t current_agree[64]; /**< how often each esdp word was c_p */
    unsigned current_pieces;
    uint8_t failures[LAYOUT_FIELD_COUNT]; /**< in a row */
    uint64_t recent[16];                  /**< the c_p seen last */
    unsigned recent_at;
    const struct layout_hint *hint; /**< the row that fits best, or NULL */
    const struct jit *jit;          /**< borrowed from layout_discover */
    uint64_t normal_exit;
    bool old_ids;
    uint64_t seen; /**< samples */
};

/** Sets the fields that are still unknown, where the tallies decide them. A
 *  hint is taken if the tallies allow it and at least one piece agrees with it;
 *  for scheduler_data none need agree before the first sample (`sampled`),
 *  because only a running process has it. */
void layout_take(struct layout *l, bool sampled);
/** Sets a field as known, and updates process_bytes. */
void layout_set(struct layout *l, enum layout_field field, uint32_t offset);

/** May a word be the address of a struct of the VM? */
static inline bool layout_is_pointer(uint64_t w)
{
    return w >= 0x10000 && w < (uint64_t)1 << 47 && w % 8 == 0;
}

#endif
