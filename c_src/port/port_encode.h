/**
 * @file port_encode.h
 * A term being written, over ei's growing buffer. A failed write (no memory,
 * or longer than a packet may be) is remembered; a writer checks once, at the
 * end.
 */
#ifndef CPROF_PORT_PORT_ENCODE_H
#define CPROF_PORT_PORT_ENCODE_H

#include <ei.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/err.h"

struct port_encoder {
    ei_x_buff x;
    bool failed;
};

void port_encode_init(struct port_encoder *e);
void port_encode_tuple(struct port_encoder *e, size_t arity);
void port_encode_map(struct port_encoder *e, size_t pairs);
/** count terms must follow, then port_encode_list_end. */
void port_encode_list(struct port_encoder *e, size_t count);
void port_encode_list_end(struct port_encoder *e);
void port_encode_atom(struct port_encoder *e, const char *name);
void port_encode_boolean(struct port_encoder *e, bool value);
void port_encode_integer(struct port_encoder *e, int64_t value);
void port_encode_unsigned(struct port_encoder *e, uint64_t value);
void port_encode_real(struct port_encoder *e, double value);
void port_encode_bytes(struct port_encoder *e, const void *bytes, size_t len);
/** A C string as a binary. */
void port_encode_text(struct port_encoder *e, const char *text);
/** Appends the term to out as a packet with its length, and frees it. */
MUST_USE int port_encode_finish(struct port_encoder *e, struct buffer *out);

#endif
