/**
 * @file vitals_read.h
 * Reads the figures of a node that conditions are about (profile/vitals.h), all
 * but the utilization: from its process table, and from what the kernel says of
 * it. It only reads, and takes little of the machine: of more processes than
 * VITALS_PROCESSES, it reads that many, chosen at random each time, and those
 * that had the longest mailboxes.
 */
#ifndef CPROF_RECORDER_VITALS_READ_H
#define CPROF_RECORDER_VITALS_READ_H

#include "base/err.h"
#include "profile/vitals.h"
#include "recorder/target_state.h"

enum { VITALS_PROCESSES = 10000 };

struct vitals_reader;

/** The target is borrowed until vitals_reader_close. 0 or -ENOMEM. It is no
 *  error if the processes cannot be read: their figures are not known then.
 *  @param figures  a set (VITAL_SET); if none of the processes is in it, they
 *                  are not read */
MUST_USE int vitals_reader_open(struct target_state *target, unsigned figures,
                                struct vitals_reader **out);
void vitals_reader_close(struct vitals_reader *r);
/** Why the figures of processes are not known; 0: they are. */
int vitals_reader_lacks(const struct vitals_reader *r);
/**
 * Reads the figures now, with their growth since the last reading. v is set
 * anew, with the time.
 * @return 0; -ENOMEM; -E_GONE: the node has ended
 */
MUST_USE int vitals_read(struct vitals_reader *r, struct vitals *v);

#endif
