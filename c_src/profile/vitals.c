#include "profile/vitals.h"

#include <math.h>
#include <string.h>

/* clang-format off: one row, one figure */
const struct vital_kind vital_kinds[VITALS] = {
    [VITAL_UTILIZATION] = {"utilization", "utilization", VITAL_PERCENT, false,
                           "", "utilization > 90%", VITAL_OF_KERNEL},
    [VITAL_RUN_QUEUE] = {"run_queue", "run_queue", VITAL_COUNT, false,
                         "processes", "run_queue > 50"},
    [VITAL_MAILBOX] = {"mailbox", "mailbox", VITAL_COUNT, false, "messages",
                       "mailbox > 10000"},
    [VITAL_MAILBOX_GROWTH] = {"mailbox growth", "mailbox_growth", VITAL_COUNT,
                              true, "messages", "mailbox growth > 1000/s"},
    [VITAL_MEMORY] = {"memory", "memory", VITAL_BYTES, false, "", "memory > 2G",
                      VITAL_OF_KERNEL},
    [VITAL_MEMORY_GROWTH] = {"memory growth", "memory_growth", VITAL_BYTES,
                             true, "", "memory growth > 10M/s",
                             VITAL_OF_KERNEL},
    [VITAL_BINARY] = {"binary", "binary", VITAL_BYTES, false, "",
                      "binary > 1G"},
    [VITAL_BINARY_GROWTH] = {"binary growth", "binary_growth", VITAL_BYTES,
                             true, "", "binary growth > 10M/s"},
    [VITAL_PROCESSES] = {"processes", "processes", VITAL_COUNT, false,
                         "processes", "processes > 100k"},
    [VITAL_PROCESSES_GROWTH] = {"processes growth", "processes_growth",
                                VITAL_COUNT, true, "processes",
                                "processes growth > 1000/s"},
    [VITAL_ALLOCATION] = {"allocation", "allocation", VITAL_BYTES, true, "",
                          "allocation > 500M/s", VITAL_INSIDE},
};
/* clang-format on */

void vitals_unknown(struct vitals *v)
{
    memset(v, 0, sizeof(*v));
    for (int i = 0; i < VITALS; i++)
        v->value[i] = NAN;
    v->waited_for_cpu = NAN;
}
