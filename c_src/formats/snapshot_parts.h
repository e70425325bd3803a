/**
 * @file snapshot_parts.h
 * Parts of a snapshot as text that name no process.
 */
#ifndef CPROF_FORMATS_SNAPSHOT_PARTS_H
#define CPROF_FORMATS_SNAPSHOT_PARTS_H

#include "base/buffer.h"
#include "profile/snapshot.h"

/** The table of schedulers, with the empty line before it. */
void snapshot_schedulers_write(const struct snapshot *s, struct buffer *out);

#endif
