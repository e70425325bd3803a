/**
 * @file inquiry.h
 * Facts about processes that only the node itself knows. This decides which of
 * the profile's processes to ask the node about and when, and takes in the
 * answers. The caller sends the questions (describe in port.h). A node that
 * leaves INQUIRY_UNANSWERED questions unanswered is not asked again until it
 * answers one.
 */
#ifndef CPROF_RECORDER_INQUIRY_H
#define CPROF_RECORDER_INQUIRY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "profile/profile.h"

enum {
    INQUIRY_BATCH = 200,     /* most processes in a question, and in a window */
    INQUIRY_WINDOW_MS = 100, /* length of a window */
    INQUIRY_UNANSWERED = 4,  /* most questions that may wait for an answer */
    INQUIRY_AT_END = 1000,   /* processes asked about after the sampling */
    INQUIRY_END_MS = 1000,   /* how long to wait for those answers */
};

struct inquiry {
    struct profile *profile; /* NULL: there is no node to ask */
    uint32_t next;           /* the first process not asked about */
    unsigned unanswered;     /* questions without an answer */
    uint64_t window_ns;      /* when the window began */
    unsigned in_window;      /* processes asked about since then */
    bool ending;
};

/** An inquiry about the processes of a profile, which is borrowed. */
struct inquiry inquiry_of(struct profile *p);
/** The pids to put into the next question.
 *  @param pids  filled in with texts borrowed from the profile
 *  @return how many pids there are; 0: ask nothing now */
unsigned inquiry_ask(struct inquiry *q, uint64_t now_ns,
                     const char *pids[static INQUIRY_BATCH]);
/** Takes in one process of an answer. 0 or a negative error of the profile. */
MUST_USE int inquiry_learn(struct inquiry *q,
                           const struct process_texts *texts);
/** A question was answered. (The answer has only processes that still live.) */
void inquiry_answered(struct inquiry *q);
/** Sampling has ended: from now on inquiry_ask asks again about the last
 *  INQUIRY_AT_END processes that are not described, without waiting for a
 *  window. */
void inquiry_end(struct inquiry *q);
/** Was everything asked and answered? */
bool inquiry_is_done(const struct inquiry *q);
/** Counts in the profile the processes that are not described. To be called
 *  once. */
void inquiry_count(const struct inquiry *q);

#endif
