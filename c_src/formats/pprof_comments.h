/**
 * @file pprof_comments.h
 * Stores what pprof has no field for. Metadata and counters are comments
 * "cprof.KEY=VALUE"; a file is a recording of ours only if it has
 * `cprof.recording=1`. Facts about functions beyond their names are in the last
 * string of the table, to which nothing refers (`go tool pprof` would print it
 * if it were a comment):
 *
 *   cprof.functions=  one line per function, in the order of the file:
 *                     kind TAB arity TAB module TAB function TAB name and,
 *                     where it is known, TAB most (see frame.h)
 *                     (backslash, tab and line feed in the texts are written
 *                     as \\, \t and \n)
 *
 * Of a recording of several events, the comments of all but the first are
 * "cprof.EVENT.KEY=VALUE", the first of them "cprof.EVENT.values=N": the N
 * values of that event follow those of the events before it.
 *
 * The name is there in case another tool has changed the order of the
 * functions: if it does not match, the facts are not used.
 */
#ifndef CPROF_FORMATS_PPROF_COMMENTS_H
#define CPROF_FORMATS_PPROF_COMMENTS_H

#include "base/buffer.h"
#include "base/err.h"
#include "profile/profile.h"

/** Label keys of a sample. */
#define PPROF_LABELS(X)                                                        \
    X(PROCESS, "process")                                                      \
    X(PROCESS_NAME, "process_name")                                            \
    X(INITIAL_CALL, "initial_call")                                            \
    X(LABEL, "label")                                                          \
    X(APPLICATION, "application")                                              \
    X(PARENT, "parent")                                                        \
    X(CHILD, "child_id")                                                       \
    X(STATE, "state")                                                          \
    X(THREAD, "thread")                                                        \
    X(TID, "tid")                                                              \
    X(BUCKET, "bucket")                                                        \
    X(MEMBERS, "processes")                                                    \
    X(SPAN, "span")

enum pprof_label {
#define X(id, text) PPROF_LABEL_##id,
    PPROF_LABELS(X)
#undef X
        PPROF_LABEL_COUNT
};

extern const char *const pprof_comments_labels[PPROF_LABEL_COUNT];

/** Appends all comments of a profile to out, each ended by a NUL. */
void pprof_comments_write(const struct profile *p, struct buffer *out);

/** Appends the string with the facts about all functions, ended by a NUL. */
void pprof_comments_functions(const struct profile *p, struct buffer *out);

/** Appends a text with backslash, tab and line feed escaped; and the other way
 *  round. */
void pprof_comments_escape(struct buffer *out, const char *text);
void pprof_comments_unescape(struct buffer *out, const char *text, size_t len);

/** An event that is not the first. */
struct pprof_event {
    enum event event;
    struct profile *p;
    uint64_t values; /**< how many it has in the file */
};

/** What a file contains beyond plain pprof. */
struct pprof_comments {
    bool own; /**< the file is a recording of ours */
    struct pprof_event events[EVENT_COUNT]; /**< in the order of the file */
    size_t event_count;
    struct pprof_function *functions;
    uint32_t function_count, function_cap;
    struct buffer texts; /**< of the functions, each ended by a NUL */
};

struct pprof_function {
    enum frame_kind kind;
    int32_t arity;
    uint32_t most;
    size_t module, function, name; /**< offsets in texts */
};

void pprof_comments_init(struct pprof_comments *c);
void pprof_comments_deinit(struct pprof_comments *c);
/**
 * Reads one comment and puts metadata and counters into p, or into the profile
 * of another event, which is added to p. Comments of others are skipped.
 * -E_FORMAT if one of ours is damaged; or -ENOMEM, -E_LIMIT.
 */
MUST_USE int pprof_comments_read(struct pprof_comments *c, struct profile *p,
                                 const char *text, size_t len);
/** Reads the last string of the table; skips it if it is not the facts about
 *  functions. -E_FORMAT if it is damaged. */
MUST_USE int pprof_comments_read_functions(struct pprof_comments *c,
                                           const char *text, size_t len);
/** The facts about function i, if it has that name; otherwise NULL. */
const struct pprof_function *
pprof_comments_function(const struct pprof_comments *c, uint32_t i,
                        const char *name);

#endif
