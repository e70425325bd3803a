/**
 * @file condition.h
 * A condition on the figures of a node, as `cprof watch --when` has it:
 *
 *     FIGURE > NUMBER[UNIT] [for TIME]
 *     ended
 *
 * such as "mailbox growth > 1000/s for 5s" (the figures: vitals.h). It fires
 * when it begins to hold, or has held for that time without a break. Then it
 * does not fire again until the figure has been at most CONDITION_CALM of the
 * limit for CONDITION_REST_S: a figure that varies around it fires once.
 * "ended" is about the node's end, which is not a figure: it never fires here.
 */
#ifndef CPROF_PROFILE_CONDITION_H
#define CPROF_PROFILE_CONDITION_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "profile/vitals.h"

#define CONDITION_CALM 0.9
enum {
    CONDITION_REST_S = 10,
    CONDITION_UNKNOWN_S = 5, /**< after which a figure counts as not known */
    CONDITION_MOST_S = 3600, /**< of `for` */
    CONDITION_WHY = 200,     /**< bytes of a sentence */
};

struct condition {
    const char *text; /**< as it was parsed; borrowed */
    bool at_end;      /**< "ended"; the members below mean nothing then */
    enum vital vital;
    double limit;
    uint64_t for_ns;
    /* What condition_judge remembers. */
    bool fired, said;                       /* `said`: that it is not known */
    uint64_t above_ns, calm_ns, unknown_ns; /* since when; 0: it is not so */
};

/**
 * Parses a condition.
 * @param text  borrowed by *out
 * @param why   on an error: a sentence for the user
 * @return 0 or -E_FORMAT. Pure, fuzzed.
 */
MUST_USE int condition_parse(const char *text, struct condition *out,
                             char why[static CONDITION_WHY]);

enum condition_news {
    CONDITION_NOTHING,
    CONDITION_FIRES,
    CONDITION_NOT_KNOWN, /**< the figure is not known; told once */
};

/** Forgets all figures so far: the next ones are those of another node. */
void condition_restart(struct condition *c);
/** Looks at new figures, which must be those of a later time. */
enum condition_news condition_judge(struct condition *c,
                                    const struct vitals *v);

#endif
