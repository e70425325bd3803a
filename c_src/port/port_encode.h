/**
 * @file port_encode.h
 * A term that is being written, in ei's growing buffer. Maps and lists are
 * written through its sink (report/sink.h), which counts their elements: keys
 * and words are atoms, texts are binaries, null is nil. Only elements of a list
 * that go through the sink are counted. A failed write (not enough memory, or
 * too long for a packet) is remembered; a writer checks once, at the end.
 */
#ifndef CPROF_PORT_PORT_ENCODE_H
#define CPROF_PORT_PORT_ENCODE_H

#include <ei.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/err.h"
#include "report/sink.h"

struct port_encoder {
    struct sink sink;
    ei_x_buff x;
    bool failed;
    unsigned depth;
    struct {
        enum sink_box box;
        int at;         /**< offset of its header in x */
        uint32_t count; /**< keys of a map, or elements of a list */
    } open[SINK_MAX_DEPTH];
};

/** Begins {Ref, Kind, Value}, as which everything is sent; the caller writes
 * the value. ref: that of the request, or 0: nobody asked. */
void port_encode_begin(struct port_encoder *e, int64_t ref, const char *kind);
void port_encode_tuple(struct port_encoder *e, size_t arity);
/** The key of the next term, within an object of the sink. */
void port_encode_key(struct port_encoder *e, const char *key);
void port_encode_atom(struct port_encoder *e, const char *name);
void port_encode_integer(struct port_encoder *e, int64_t value);
void port_encode_bytes(struct port_encoder *e, const void *bytes, size_t len);
/** A C string as a binary. */
void port_encode_text(struct port_encoder *e, const char *text);
/** Appends the term to out as a packet with its length, and frees it in any
 *  case. 0 or -E_LIMIT. */
MUST_USE int port_encode_finish(struct port_encoder *e, struct buffer *out);

#endif
