/**
 * @file waits_sentence.h
 * What a report says, in words, about who is waited for (profile/waits.h).
 * Names come from the observed node, so they are written in the form of
 * utf8_show.
 */
#ifndef CPROF_REPORT_WAITS_SENTENCE_H
#define CPROF_REPORT_WAITS_SENTENCE_H

#include "base/buffer.h"
#include "profile/waits.h"

/** One sentence: who is waited for, whom that process waits for, and so on, and
 *  what the last one does. If there is no cause, it says that nobody is waited
 *  for. Of a part of a recording, it says that it is only about this part.
 *  @param blocked_ns  process time of all that waited for an answer */
void waits_sentence_add(struct buffer *out, const struct profile *p,
                        const struct waits *w, const struct waits_cause *cause,
                        uint64_t blocked_ns);
/** How many wait, on average, if it is not known whose answer they wait for;
 *  nothing if they are few. */
void waits_unknown_add(struct buffer *out, const struct profile *p,
                       const struct waits *w);

/** How many processes waited, on average over the recording. */
double waits_average(const struct profile *p, uint64_t ns);
/** The share of its time for which it was in its usual state, in percent. */
double waits_usual_pct(const struct waits_row *row);
/** The name of the function in which it usually was; "" if that is not known,
 *  for example because a process that runs has no stack here. */
const char *waits_usual_place(const struct profile *p,
                              const struct waits_row *row);

#endif
