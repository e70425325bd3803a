/**
 * @file vitals.h
 * The figures of a node at one time that conditions (condition.h) are about.
 * recorder/flight.h measures them about once a second, from outside;
 * docs/watch.md says what each of them means.
 */
#ifndef CPROF_PROFILE_VITALS_H
#define CPROF_PROFILE_VITALS_H

#include <stdbool.h>
#include <stdint.h>

/** Each is followed by its growth, if it has one. */
enum vital {
    VITAL_UTILIZATION, /**< percent of the time in which the normal schedulers
                            did not wait for a CPU */
    VITAL_RUN_QUEUE,   /**< processes that could run, but have no scheduler */
    VITAL_MAILBOX,     /**< messages, of the process that has the most */
    VITAL_MAILBOX_GROWTH, /**< of the process whose mailbox grows fastest */
    VITAL_MEMORY,         /**< bytes of the node that are resident */
    VITAL_MEMORY_GROWTH,
    VITAL_BINARY, /**< bytes of off-heap binaries that processes refer to */
    VITAL_BINARY_GROWTH,
    VITAL_PROCESSES,
    VITAL_PROCESSES_GROWTH,
    VITAL_ALLOCATION, /**< bytes per second that collections freed on heaps */
    VITALS
};

/** A set of figures. */
#define VITAL_SET(vital) (1u << (vital))
#define VITALS_ALL       (VITAL_SET(VITALS) - 1)

enum vital_unit { VITAL_PERCENT, VITAL_COUNT, VITAL_BYTES };

/** Who knows a figure. */
enum vital_source {
    VITAL_OF_PROCESSES, /**< it is read in the memory of the node */
    VITAL_OF_KERNEL,
    VITAL_INSIDE, /**< only the node itself (Cprof.Watch) */
};

struct vital_kind {
    const char *name; /**< in conditions: "mailbox growth" */
    const char *word; /**< in reports and file names: "mailbox_growth" */
    enum vital_unit unit;
    bool per_s;          /**< it is per second */
    const char *of;      /**< what is counted: "messages"; "": nothing */
    const char *example; /**< a condition */
    enum vital_source source;
};

extern const struct vital_kind vital_kinds[VITALS];

struct vitals {
    uint64_t at_ns;        /**< CLOCK_MONOTONIC; 0: nothing was measured yet */
    double value[VITALS];  /**< NAN: not known */
    double waited_for_cpu; /**< percent of the normal schedulers' time; NAN */
    uint64_t pid[VITALS];  /**< term of the process that has it; 0: none */
    bool at_least[VITALS]; /**< only a part of the processes was read, so the
                                figure may be higher */
};

/** No figure is known. */
void vitals_unknown(struct vitals *v);

#endif
