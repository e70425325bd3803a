/**
 * @file watch_files.h
 * The files of one recording of `cprof watch`: the recording as .pb.gz and, if
 * asked for, in another format, and a snapshot of the node as JSON and as text.
 * They are written within the budget (output/output_series.h); what had to be
 * removed for that is reported.
 */
#ifndef CPROF_CLI_WATCH_FILES_H
#define CPROF_CLI_WATCH_FILES_H

#include <limits.h>

#include "cli/options.h"
#include "cli/watch_say.h"
#include "cli/watch_snapshot.h"
#include "output/output_series.h"

enum {
    WATCH_FILES = 4,    /* of a recording, at most */
    WATCH_ENDINGS = 16, /* that such files may have */
    WATCH_ENDING = 32,  /* bytes */
};

/** The folder and the names. */
struct watch_series {
    struct output_series series;
    char text[WATCH_ENDINGS][WATCH_ENDING];
    const char *endings[WATCH_ENDINGS + 1];
};

/** Borrows the options. *s must stay where it is. */
void watch_series_begin(struct watch_series *s, const struct options *o);
/** Can recordings be written? 0, or the error of trying to. Leaves nothing
 *  behind. */
MUST_USE int watch_series_check(const struct watch_series *s);

struct watch_written {
    char paths[WATCH_FILES][PATH_MAX];
    size_t count;
    int unheard; /* the error of reporting what was removed (watch_say), or 0 */
};

/**
 * Writes a recording.
 * @param stem      of output_series_stem
 * @param snapshot  what was taken until now
 * @param out       the files that were written, also if others could not be
 * @return 0; -E_LIMIT: it is larger than the budget; or the error of a format,
 *         of writing or of removing. It is also written if nobody hears what
 *         was removed (out->unheard).
 */
MUST_USE int watch_files_write(const struct watch_series *s,
                               struct watch_say *say, const struct options *o,
                               const char *stem, const struct profile *p,
                               const struct watch_snapshot *snapshot,
                               struct watch_written *out);

#endif
