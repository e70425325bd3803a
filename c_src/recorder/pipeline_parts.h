/**
 * @file pipeline_parts.h
 * What the files of pipeline.h share. Private to them.
 */
#ifndef CPROF_RECORDER_PIPELINE_PARTS_H
#define CPROF_RECORDER_PIPELINE_PARTS_H

#include "recorder/carried.h"
#include "recorder/census.h"
#include "recorder/heap_growth.h"
#include "recorder/naming.h"
#include "recorder/pipeline.h"
#include "recorder/timeline.h"
#include "recorder/waiting.h"

struct pipeline {
    struct target_state *target;
    struct unwinder *unwinder;
    struct symbols *symbols;
    struct frames *frames;
    struct naming naming;
    struct census *census;
    struct port_tasks *ports;
    struct waiting *waiting;
    struct span_join *spans; /* NULL: they are not looked for */
    struct carried *carried; /* of allocation */
    struct heap_growth *growth;
    struct timeline timeline;
    struct profile *profile;               /* the first of the recording */
    struct profile *of_event[EVENT_COUNT]; /* never NULL */
    struct unwound unwound;
    struct pipeline_work work;
    uint64_t left_out;
    int error;
};

#endif
