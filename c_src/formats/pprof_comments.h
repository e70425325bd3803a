/**
 * @file pprof_comments.h
 * What pprof has no field for. Metadata and counters are comments
 * "cprof.KEY=VALUE"; only `cprof.recording=1` makes a file a recording of
 * ours. What a function's name does not say is in the last string of the
 * table, to which nothing refers (as a comment, `go tool pprof` would print
 * it):
 *
 *   cprof.functions=  a line a function in the file's order:
 *                     kind TAB arity TAB module TAB function TAB name
 *                     (\\, \t and \n stand for themselves in the texts)
 *
 * The name is there so that a file which another tool has put into another
 * order is noticed: such a function is then read only by its name.
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
    X(STATE, "state")                                                          \
    X(THREAD, "thread")                                                        \
    X(TID, "tid")                                                              \
    X(BUCKET, "bucket")                                                        \
    X(MEMBERS, "processes")

enum pprof_label {
#define X(id, text) PPROF_LABEL_##id,
    PPROF_LABELS(X)
#undef X
        PPROF_LABEL_COUNT
};

extern const char *const pprof_comments_labels[PPROF_LABEL_COUNT];

/** Appends all comments of a profile to out, each ended by a NUL. */
void pprof_comments_write(const struct profile *p, struct buffer *out);

/** Appends the string about all functions, ended by a NUL. */
void pprof_comments_functions(const struct profile *p, struct buffer *out);

/** What a file says of itself beyond pprof. */
struct pprof_comments {
    bool own; /**< the file is a recording of ours */
    struct pprof_function *functions;
    uint32_t function_count, function_cap;
    struct buffer texts; /**< of the functions */
};

struct pprof_function {
    enum frame_kind kind;
    int32_t arity;
    size_t module, function, name; /**< offsets in texts */
};

void pprof_comments_init(struct pprof_comments *c);
void pprof_comments_deinit(struct pprof_comments *c);
/**
 * Takes one comment: metadata and counters go into p. Others are skipped.
 * -E_FORMAT when one of ours is damaged.
 */
MUST_USE int pprof_comments_read(struct pprof_comments *c, struct profile *p,
                                 const char *text, size_t len);
/** Takes the last string of the table; nothing when it is another one. */
MUST_USE int pprof_comments_read_functions(struct pprof_comments *c,
                                           const char *text, size_t len);
/** What is said about function i, if it has that name; else NULL. */
const struct pprof_function *
pprof_comments_function(const struct pprof_comments *c, uint32_t i,
                        const char *name);

#endif
