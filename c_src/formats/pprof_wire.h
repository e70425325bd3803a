/**
 * @file pprof_wire.h
 * Walks the fields of one protobuf message, one level deep. A profile is taken
 * apart in this way, and its parts are unpacked one at a time. So a hostile
 * file takes only the memory of its tables, not that of a million structs.
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
    const uint8_t *whole; /**< the field, including its tag */
    size_t whole_len;
    const uint8_t *bytes; /**< the content, if type is PPROF_BYTES */
    size_t len;
};

/** Reads the next field. 1: *field is set; 0: there are no more; -E_FORMAT. */
MUST_USE int pprof_wire_next(struct reader *r, struct pprof_field *field);

#endif
