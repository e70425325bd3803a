/**
 * @file pprof_wire.h
 * Walks the fields of one protobuf message, one level deep. A profile is
 * taken apart by this and only its parts are unpacked, one at a time: so a
 * hostile file costs the memory of its tables, not of a million structs.
 */
#ifndef CPROF_FORMATS_PPROF_WIRE_H
#define CPROF_FORMATS_PPROF_WIRE_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/reader.h"

enum pprof_wire_type {
    PPROF_VARINT = 0,
    PPROF_FIXED64 = 1,
    PPROF_BYTES = 2,
    PPROF_FIXED32 = 5,
};

struct pprof_field {
    uint32_t number;
    enum pprof_wire_type type;
    const uint8_t *whole; /**< with its tag */
    size_t whole_len;
    const uint8_t *bytes; /**< of a PPROF_BYTES field: the content */
    size_t len;
};

/** 1: a field, 0: the end, -E_FORMAT. */
MUST_USE int pprof_wire_next(struct reader *r, struct pprof_field *field);

#endif
