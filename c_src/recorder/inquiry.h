/**
 * @file inquiry.h
 * Facts about processes that only the node itself knows: decides which of the
 * profile's processes the node is asked about and when, and takes the answers.
 * The caller sends the questions (describe in port.h). A node that does not
 * answer is not asked again.
 */
#ifndef CPROF_RECORDER_INQUIRY_H
#define CPROF_RECORDER_INQUIRY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "profile/profile.h"

enum {
    INQUIRY_BATCH = 200, /* processes in a question, and in each ... */
    INQUIRY_WINDOW_MS = 100,
    INQUIRY_UNANSWERED = 4, /* questions */
    INQUIRY_AT_END = 1000,  /* processes asked about when all is over */
    INQUIRY_END_MS = 1000,  /* how long those answers are waited for */
};

struct inquiry {
    struct profile *profile; /* NULL: nobody can be asked */
    uint32_t next;           /* the first process not asked about */
    unsigned unanswered;     /* questions */
    uint64_t window_ns;      /* when it began */
    unsigned in_window;      /* processes asked about since */
    bool ending;
};

/** Asks the node about the processes of a profile, which is borrowed. */
struct inquiry inquiry_of(struct profile *p);
/** What is to be asked now, in one question.
 *  @param pids  borrowed from the profile
 *  @return how many pids there are; 0: ask nothing now */
unsigned inquiry_ask(struct inquiry *q, uint64_t now_ns,
                     const char *pids[static INQUIRY_BATCH]);
/** One process of an answer. 0 or a negative error of the profile. */
MUST_USE int inquiry_learn(struct inquiry *q,
                           const struct process_texts *texts);
/** A question was answered, with as many processes as are still alive. */
void inquiry_answered(struct inquiry *q);
/** Nothing is sampled any more: asks again about those that are not described
 *  (the last ones of them), without regard to the time. */
void inquiry_end(struct inquiry *q);
/** Was all asked, and answered? */
bool inquiry_is_done(const struct inquiry *q);
/** Counts in the profile who is not described. To be called once. */
void inquiry_count(const struct inquiry *q);

#endif
