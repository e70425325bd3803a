/**
 * @file profile.h
 * The result of a recording. Everything is interned: only ids and counters
 * remain. It is built by the pipeline (or read back by formats/pprof_read.c)
 * through the functions below and is only read after that. It owns all its
 * strings.
 *
 *   sample -> stack (a node of the trie) -> frame -> function
 *          -> process, thread, state
 *          -> span (a node of another trie: span_times.h)
 *
 * Every table is dense: its ids are indexes. String 0 is "". Strings are valid
 * UTF-8 without NUL (other bytes become U+FFFD) and stay in place while the
 * profile lives. The id of a stack is higher than that of its parent.
 *
 * A recording of several events (event.h) has one profile for each of them, in
 * the order of the events. Each has its own rows, values, meta and counters;
 * strings, functions, frames, stacks, processes, threads and spans are the same
 * for all, with the same ids. The first profile owns the others, and stands for
 * the recording: a caller that does not ask for the next one sees only the
 * first event.
 */
#ifndef CPROF_PROFILE_PROFILE_H
#define CPROF_PROFILE_PROFILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "profile/event.h"
#include "profile/frame.h"
#include "profile/span_tree.h"
#include "profile/state.h"

#define PROFILE_NONE UINT32_MAX

struct profile_function {
    uint32_t name, module, function; /**< strings */
    int32_t arity;
    enum frame_kind kind;
    uint32_t apart; /**< the file, if it distinguishes functions (functions.h),
                         else 0 */
    uint32_t file;  /**< string: the first file that was known */
    uint32_t most;  /**< the largest of its frames */
};

struct profile_frame {
    uint32_t function;
    uint32_t line; /**< 0: not known */
};

/** A node of the stack trie; root frames have parent PROFILE_NONE. */
struct profile_stack {
    uint32_t parent;
    uint32_t frame;
    uint32_t depth; /**< 1 for a root */
};

struct profile_process {
    /** Strings. */
    uint32_t pid, name, initial_call, label, application, parent, child;
};

/** The same as texts; "" or NULL: not known. */
struct process_texts {
    const char *pid, *name, *initial_call, *label, *application;
    const char *parent; /**< the parent's name, or otherwise its pid */
    const char *child;  /**< its id in its supervisor */
};

struct profile_thread {
    uint32_t name; /**< string: comm */
    uint32_t tid;
};

/**
 * What the values of the rows count. The first value is the weight: reports are
 * sorted by it, and percentages are computed from it.
 */
struct profile_value_type {
    uint32_t name, unit; /**< strings; as texts: struct value_texts */
};

enum { PROFILE_MAX_VALUES = 16 };

/** The key of a row: a combination for which something was counted. */
struct profile_sample {
    uint32_t stack;   /**< PROFILE_NONE: no frame at all */
    uint32_t process; /**< PROFILE_NONE: no Erlang process */
    uint32_t thread;  /**< PROFILE_NONE: not recorded */
    enum sample_state state;
    uint32_t bucket; /**< of the timeline; 0 if there is no timeline */
    uint32_t span;   /**< the innermost span; 0: in none */
};

/**
 * What is known about a recording: the members of struct profile_meta, each
 * with its key in reports, in the order of reports. A TEXT is the id of a
 * string. SUBJECT is what was recorded and how; TIMES is when, and how much.
 */
#define PROFILE_META_SUBJECT(TEXT, NUMBER, FLAG)                               \
    TEXT(version, "cprof") /* of the cprof that recorded */                    \
    TEXT(host, "host")                                                         \
    TEXT(os, "os")                                                             \
    TEXT(node, "node")                                                         \
    TEXT(command, "command")                                                   \
    TEXT(runs, "runs") /* what the node runs: runs of struct process */        \
    NUMBER(uint32_t, pid, "pid") /* of the observed OS process */              \
    TEXT(otp, "otp")                                                           \
    TEXT(erts, "erts")                                                         \
    FLAG(jit, "jit")                                                           \
    NUMBER(uint32_t, schedulers, "schedulers") /* normal ones; 0: not known */ \
    TEXT(engine, "engine")                                                     \
    TEXT(event, "event")                                                       \
    FLAG(kernel_included, "kernel_included")                                   \
    NUMBER(uint32_t, rate_asked, "rate_asked") /* Hz */                        \
    TEXT(run, "run") /* set by mix profile.run: lib/cprof/runs.ex */
#define PROFILE_META_TIMES(NUMBER)                                             \
    NUMBER(uint64_t, started_unix_ns, "started_unix_ns")                       \
    NUMBER(uint64_t, duration_ns, "duration_ns")                               \
    /* The CPU time that the node used meanwhile (0: not known), and the part  \
     * of it that the samples stand for. */                                    \
    NUMBER(uint64_t, used_ns, "cpu_used_ns")                                   \
    NUMBER(uint64_t, seen_ns, "cpu_seen_ns")                                   \
    NUMBER(uint64_t, bucket_ns, "bucket_ns") /* of the timeline; 0: none */    \
    /* Event block: the longest wait; and waits that are as long as this, or   \
     * longer, were all taken. */                                              \
    NUMBER(uint64_t, longest_ns, "longest_ns")                                 \
    NUMBER(uint64_t, all_from_ns, "all_from_ns")
#define PROFILE_META(TEXT, NUMBER, FLAG)                                       \
    PROFILE_META_SUBJECT(TEXT, NUMBER, FLAG)                                   \
    PROFILE_META_TIMES(NUMBER)                                                 \
    TEXT(notes, "notes") /* lines: what is missing, and how to avoid that */

struct profile_meta {
#define TEXT(field, key)         uint32_t field;
#define NUMBER(type, field, key) type field;
#define FLAG(field, key)         bool field;
    PROFILE_META(TEXT, NUMBER, FLAG)
#undef TEXT
#undef NUMBER
#undef FLAG
};

/** The key of each member in reports. */
struct profile_meta_keys {
#define TEXT(field, key)         const char *field;
#define NUMBER(type, field, key) const char *field;
    PROFILE_META(TEXT, NUMBER, TEXT)
#undef TEXT
#undef NUMBER
};
extern const struct profile_meta_keys profile_meta_keys;

/**
 * All are counts. A DOUBT makes a report less certain; a FACT only says how
 * much was done.
 */
#define PROFILE_COUNTERS(X)                                                    \
    X(samples, FACT, "samples taken")                                          \
    X(effective, FACT, "samples of equal weight that would be as certain")     \
    X(in_kernel, FACT, "samples taken in the kernel")                          \
    X(lost, DOUBT,                                                             \
      "samples lost: a ring was full, or cprof had no time to read them")      \
    X(late, DOUBT, "samples read more than 10 ms after they were taken")       \
    X(missed, DOUBT,                                                           \
      "samples not taken because a thread did not stop in time")               \
    X(throttled, DOUBT, "times the kernel throttled the event")                \
    X(truncated, DOUBT, "stacks that do not reach the first function")         \
    X(short_copies, DOUBT, "stack copies that ended before the stack did")     \
    X(elided, DOUBT, "very deep Erlang stacks whose middle was left out")      \
    X(c_cut, DOUBT, "C stacks longer than the part that is copied")            \
    X(c_unreadable, DOUBT,                                                     \
      "C stacks with a part that could not be read or followed")               \
    X(unverified, DOUBT, "stacks whose Erlang part was read after the sample") \
    X(frames, FACT, "frames of all samples")                                   \
    X(unresolved_frames, DOUBT, "frames outside all known code")               \
    X(nameless_native_frames, DOUBT,                                           \
      "C frames without a symbol (object and offset only)")                    \
    X(stale_symbols, DOUBT,                                                    \
      "frames in code that was replaced around the time of the sample")        \
    X(erlang_leaf, FACT, "samples taken in Erlang code")                       \
    X(erlang_leaf_complete, FACT,                                              \
      "of those, stacks that reach the first function")                        \
    X(tail_called, FACT,                                                       \
      "frames of functions that ended in a tail call, found in the code of "   \
      "their callers")                                                         \
    X(no_process, DOUBT, "samples of Erlang work whose process is not known")  \
    X(undescribed, FACT, "processes that could not be described in time")      \
    X(dictionary_unread, FACT,                                                 \
      "processes whose dictionary could not be read from outside")             \
    X(unseen_ms, DOUBT,                                                        \
      "milliseconds of the node's CPU time that were not sampled")             \
    X(ticks, FACT, "times that processes were read")                           \
    X(partial, FACT, "of those, when only some of the processes were read")    \
    X(changed, DOUBT, "readings of a process whose stack changed each time")   \
    X(unreadable, DOUBT,                                                       \
      "readings of a process that could not be read, or had no valid stack")   \
    X(ended, DOUBT,                                                            \
      "processes that ended, or were not complete, when they were read")       \
    X(stopped_ms, DOUBT,                                                       \
      "milliseconds for which the node was stopped by a signal")               \
    X(paused_ms, DOUBT, "milliseconds for which cprof itself was stopped")     \
    X(span_marks, FACT, "starts and ends of spans that were read")             \
    X(span_marks_lost, DOUBT,                                                  \
      "starts and ends of spans that were overwritten before they were read")  \
    X(span_unmatched, DOUBT,                                                   \
      "starts of spans without an end, or ends without a start")               \
    X(span_merged, DOUBT,                                                      \
      "spans counted as others, because of too many kinds, levels or "         \
      "processes")                                                             \
    X(span_died, FACT, "spans whose process ended within them")                \
    X(span_late, DOUBT,                                                        \
      "samples for which it is not known in which span they are")              \
    X(span_left_out, FACT,                                                     \
      "samples that are not in a span as slow as was asked for")               \
    X(bytes, FACT, "bytes read from the kernel")

struct profile_counters {
#define X(name, kind, text) uint64_t name;
    PROFILE_COUNTERS(X)
#undef X
};

enum { PROFILE_COUNTER_COUNT = sizeof(struct profile_counters) / 8 };

/** The same table, to iterate over. */
struct profile_counter {
    const char *name, *text;
    bool doubt;
};
extern const struct profile_counter profile_counter_list[PROFILE_COUNTER_COUNT];
/** The value of counter i. */
const uint64_t *profile_counter_of(const struct profile_counters *c, size_t i);

struct profile;

/** The caller owns *out. 0, -ENOMEM or -E_LIMIT. Its rows have the values
 *  VALUE_SAMPLES and VALUE_CPU, unless profile_set_values sets others. */
MUST_USE int profile_create(struct profile **out);
/** Makes the states of the set (1 << each) count too: a user who asks for the
 *  samples of a state that is not counted wants to see them. */
void profile_count_also(struct profile *p, unsigned states);
/** Adds another event to a recording. Its profile has these value types, and no
 *  meta or counters yet; `first` owns it.
 *  @param first  the recording's first profile
 *  @return 0, -ENOMEM or -E_LIMIT, or -EINVAL for a wrong number of types */
MUST_USE int profile_add_event(struct profile *first,
                               const struct value_texts *types, size_t n,
                               struct profile **out);
/** Frees a recording; p is its first profile, or NULL. */
void profile_destroy(struct profile *p);
/** The next event of the recording, or NULL. */
const struct profile *profile_next(const struct profile *p);
struct profile *profile_next_edit(struct profile *p);

/** Sets what the rows count: 1 to PROFILE_MAX_VALUES types. 0; -EINVAL for
 *  another number, or if there are rows already; or as below. */
MUST_USE int profile_set_values(struct profile *p,
                                const struct value_texts *types, size_t n);
/** Building. Each function returns an id, -ENOMEM, or -E_LIMIT if a table is
 *  full. Strings are copied. */
MUST_USE int64_t profile_string(struct profile *p, const char *text);
MUST_USE int64_t profile_string_n(struct profile *p, const char *text,
                                  size_t len);
MUST_USE int64_t profile_frame(struct profile *p, const struct frame *frame);
/** A child of parent (PROFILE_NONE: a root frame). */
MUST_USE int64_t profile_stack(struct profile *p, uint32_t parent,
                               uint32_t frame);
/** A process is identified by its texts: the same texts give the same id. */
MUST_USE int64_t profile_process(struct profile *p, const char *pid,
                                 const char *name, const char *initial_call,
                                 const char *label, const char *application);
/** The same with all texts; profile_process leaves the parent, and the id in
 *  the supervisor, "". */
MUST_USE int64_t profile_process_of(struct profile *p,
                                    const struct process_texts *texts);
/**
 * Adds facts about a process that is in the profile already: in all rows with
 * its pid, the texts that are not "" replace the old ones. The ids of the rows
 * stay the same, and profile_process still finds a row by the texts with which
 * it was created.
 * @return 0; -E_NOT_FOUND: no row has that pid, or it is ""; or as above
 */
MUST_USE int profile_describe_process(struct profile *p,
                                      const struct process_texts *texts);
/** The same for a caller that knows less than the node itself does: the process
 *  does not count as described because of it. */
MUST_USE int profile_update_process(struct profile *p,
                                    const struct process_texts *texts);
MUST_USE int64_t profile_thread(struct profile *p, uint32_t tid,
                                const char *name);
/** Makes a row (usually one without a pid) stand for n processes in the rows of
 *  this event, 1 or more. May be called again. */
MUST_USE int profile_set_members(struct profile *p, uint32_t process,
                                 uint64_t n);
/** Adds values to the row of that combination.
 *  @param values  one for each type; sums stay at UINT64_MAX instead of
 *                 wrapping around */
MUST_USE int profile_add(struct profile *p, const struct profile_sample *s,
                         const uint64_t *values);
/** Joins the buckets of this event's timeline in pairs, so that there are half
 *  as many, each twice as long. On an error nothing has changed. */
MUST_USE int profile_double_buckets(struct profile *p);
/** The timeline of this event begins with that bucket, which becomes the first
 *  one: rows of earlier ones are dropped. On an error nothing has changed. */
MUST_USE int profile_begin_at(struct profile *p, uint32_t bucket);
struct profile_meta *profile_meta_edit(struct profile *p);
struct profile_counters *profile_counters_edit(struct profile *p);
/** Copies the meta of another recording, but not its counters. */
MUST_USE int profile_copy_meta(struct profile *p, const struct profile *from);
/** Copies the value types of another recording; p must not have rows yet. */
MUST_USE int profile_copy_values(struct profile *p, const struct profile *from);
/** Do the rows of both count the same things? */
bool profile_same_values(const struct profile *a, const struct profile *b);
/** Adds another recording's counters. */
void profile_add_counters(struct profile *p, const struct profile *from);
/** Adds a line to meta.notes, in the form of utf8_show, unless it is there
 *  already. */
MUST_USE int profile_note(struct profile *p, const char *line);

/** Reading. Everything that is returned is borrowed: texts for as long as the
 *  profile lives, everything else until something is added to the profile. Ids
 *  must be those of this profile. */
const char *profile_text(const struct profile *p, uint32_t string);
size_t profile_string_count(const struct profile *p);
/** Are the samples of a state in the percentages? */
bool profile_counts(const struct profile *p, enum sample_state state);
/** The set (1 << each) of the states whose samples are. */
unsigned profile_counted(const struct profile *p);
const struct profile_meta *profile_meta(const struct profile *p);
const struct profile_counters *profile_counters(const struct profile *p);
size_t profile_function_count(const struct profile *p);
const struct profile_function *profile_function_at(const struct profile *p,
                                                   uint32_t id);
size_t profile_frame_count(const struct profile *p);
const struct profile_frame *profile_frame_at(const struct profile *p,
                                             uint32_t id);
size_t profile_stack_count(const struct profile *p);
const struct profile_stack *profile_stack_at(const struct profile *p,
                                             uint32_t id);
/** The function of a stack's innermost frame. */
uint32_t profile_stack_function(const struct profile *p, uint32_t stack);
size_t profile_process_count(const struct profile *p);
const struct profile_process *profile_process_at(const struct profile *p,
                                                 uint32_t id);
/** Was the process described (profile_describe_process)? */
bool profile_is_described(const struct profile *p, uint32_t process);
/** How many processes the row stands for: 1, unless profile_set_members has set
 *  it. */
uint64_t profile_members(const struct profile *p, uint32_t process);
size_t profile_thread_count(const struct profile *p);
const struct profile_thread *profile_thread_at(const struct profile *p,
                                               uint32_t id);
size_t profile_sample_count(const struct profile *p);
const struct profile_sample *profile_sample_at(const struct profile *p,
                                               size_t i);
size_t profile_value_count(const struct profile *p);
const struct profile_value_type *profile_value_type_at(const struct profile *p,
                                                       size_t i);
/** The first type with that name and unit, or PROFILE_NONE. */
uint32_t profile_find_value(const struct profile *p, struct value_texts type);
/** How many of the types count what functions do. Those that follow count what
 *  is known of processes only, in rows without a stack. */
size_t profile_function_values(const struct profile *p);
/** All values of row i. */
const uint64_t *profile_values_at(const struct profile *p, size_t i);
/** One value of row i; 0 if type is PROFILE_NONE. */
uint64_t profile_value(const struct profile *p, size_t i, uint32_t type);
/** The value of row i that percentages are computed from. */
uint64_t profile_weight(const struct profile *p, size_t i);
/** Which event the rows are of; EVENT_COUNT if they are of none, as in files of
 *  other programs. */
enum event profile_event(const struct profile *p);
/** The events of the recording whose first profile is p, as a set. */
unsigned profile_events(const struct profile *p);
/** Is it a recording of allocation? Files of other programs may have values of
 *  the same name, too. */
bool profile_is_alloc(const struct profile *p);
/** How many equal samples are as certain as n samples: n, or less for those of
 *  allocation, which weigh what was allocated since the last collection. */
uint64_t profile_equal_samples(const struct profile *p, uint64_t n);
/** Is it a recording of process time? Files of other programs may have values
 * of the same name, but no ticks. */
static inline bool profile_is_wall(const struct profile *p)
{
    return profile_find_value(p, VALUE_WALL) == 0 &&
           profile_counters(p)->ticks > 0;
}

#endif
