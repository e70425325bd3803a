/**
 * @file frame_slots.h
 * The Y registers of a frame: what a function keeps on the stack of a process
 * while it waits, or while it calls another one.
 */
#ifndef CPROF_RECORDER_FRAME_SLOTS_H
#define CPROF_RECORDER_FRAME_SLOTS_H

#include <stddef.h>
#include <stdint.h>

#include "target/sample.h"
#include "unwind/unwind.h"

enum { FRAME_SLOTS = 32 };

struct frame_slots {
    uint64_t list[FRAME_SLOTS]; /**< terms; y(0) first */
    size_t count; /**< 0: none, too many, or the frame's end is not there */
    size_t next;  /**< where the next frame begins, in bytes */
};

/** The slots of frame number `frame` of a stack, leaf first.
 *  @param from  where it begins: 0 for the leaf, or `next` of the one before */
struct frame_slots frame_slots(const struct sample *p, const struct unwound *u,
                               size_t frame, size_t from);

#endif
