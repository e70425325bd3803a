/**
 * @file inquiry.h
 * What only the node itself knows of its processes (port.h's describe): which
 * of the profile's processes are asked about and when, and what becomes of
 * the answers. A node that does not answer is asked no more.
 */
#ifndef CPROF_CLI_INQUIRY_H
#define CPROF_CLI_INQUIRY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/err.h"
#include "port/port.h"
#include "profile/profile.h"

enum {
    INQUIRY_BATCH = 200, /* processes in an event, and in each ... */
    INQUIRY_WINDOW_MS = 100,
    INQUIRY_UNANSWERED = 4, /* events */
    INQUIRY_AT_END = 1000,  /* processes asked about when all is over */
    INQUIRY_END_MS = 1000,  /* how long those answers are waited for */
};

struct inquiry {
    struct profile *profile; /* NULL: nobody can be asked */
    uint32_t next;           /* the first process not asked about */
    unsigned unanswered;     /* events */
    uint64_t window_ns;      /* when it began */
    unsigned in_window;      /* processes asked about since */
    bool ending;
};

/** Asks the node about the processes of a profile, which is borrowed. */
struct inquiry inquiry_of(struct profile *p);
/** Appends at most one event to out, when there is something to ask now. */
MUST_USE int inquiry_ask(struct inquiry *q, uint64_t now_ns,
                         struct buffer *out);
/** The answer to an event. The first error, if any. */
MUST_USE int inquiry_answer(struct inquiry *q, struct port_descriptions *d);
/** Nothing is sampled any more: asks again about those that are not described
 *  (the last ones of them), without regard to the time. */
void inquiry_end(struct inquiry *q);
/** Was all asked, and answered? */
bool inquiry_is_done(const struct inquiry *q);
/** Counts in the profile who is not described. To be called once. */
void inquiry_count(const struct inquiry *q);

#endif
