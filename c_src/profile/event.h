/**
 * @file event.h
 * What a recording can be of. One recording may be of several events; reports
 * have them in this order.
 */
#ifndef CPROF_PROFILE_EVENT_H
#define CPROF_PROFILE_EVENT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

/** What the values of the rows of a profile count: a name and a unit of pprof.
 */
struct value_texts {
    const char *name, *unit;
};

#define VALUE_SAMPLES ((struct value_texts){"samples", "count"})
#define VALUE_CPU     ((struct value_texts){"cpu", "nanoseconds"})
/** Process time: the time that processes existed, waiting or not. */
#define VALUE_WALL ((struct value_texts){"wall", "nanoseconds"})
/** Bytes that processes allocated: on their heaps, and as binaries outside. */
#define VALUE_HEAP   ((struct value_texts){"heap", "bytes"})
#define VALUE_BINARY ((struct value_texts){"binary", "bytes"})
/** The collections of heaps, and of these those before which a minor collection
 *  took place; the bytes that were new on the heap, and those of which that
 *  minor collection kept when they were new; by how much the heap has grown, or
 *  shrunk, since its size was last read. */
#define VALUE_FILLED      ((struct value_texts){"filled", "bytes"})
#define VALUE_COLLECTIONS ((struct value_texts){"collections", "count"})
#define VALUE_MINOR       ((struct value_texts){"minor", "count"})
#define VALUE_SURVIVED    ((struct value_texts){"survived", "bytes"})
#define VALUE_GROWN       ((struct value_texts){"grown", "bytes"})
#define VALUE_SHRUNK      ((struct value_texts){"shrunk", "bytes"})
/** The time that threads were off the CPU while they ran a process. */
#define VALUE_BLOCKED ((struct value_texts){"blocked", "nanoseconds"})
#define VALUE_TIMES   ((struct value_texts){"times", "count"})

enum event {
    EVENT_CPU,   /**< of threads */
    EVENT_WALL,  /**< of processes, waiting or not */
    EVENT_ALLOC, /**< of memory, by processes */
    EVENT_BLOCK, /**< of threads that ran a process */
    EVENT_COUNT
};

/** The set of one event; sets are joined by `|`. */
#define EVENT_SET(event) (1u << (event))

/** A word of the option --event, and the key of the event in files. */
const char *event_name(enum event event);
/** For people. */
const char *event_title(enum event event);
/** Are its samples of threads? Then they can have kernel stacks, and be
 *  filtered by thread. */
bool event_is_of_threads(enum event event);
/** What its rows count: *n values, the first of them the weight (recorder/
 *  sample_counts.c fills them in). The first one of all but EVENT_CPU is of
 *  that event alone. */
const struct value_texts *event_values(enum event event, size_t *n);
/** How many of these count what functions do; the others, which follow, count
 *  what is known of processes only. */
size_t event_function_values(enum event event);
/** 0, or -E_FORMAT if no event has that name. */
MUST_USE int event_parse(const char *name, enum event *event);
/** Names with commas between, each once. 0; -E_FORMAT if one is wrong or there
 *  is none; -EALREADY if one is there twice. */
MUST_USE int event_parse_set(const char *names, unsigned *set);

#endif
