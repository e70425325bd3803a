#include "port/port_encode.h"

#include <limits.h>
#include <string.h>

#include "port/port.h"

static void check(struct port_encoder *e, int rc)
{
    if (rc != 0)
        e->failed = true;
}

/* ei counts with int; a packet is at most PORT_MAX_PACKET, which fits. */
static bool room(struct port_encoder *e, size_t len)
{
    if (e->failed || len > PORT_MAX_PACKET ||
        (size_t)e->x.index > PORT_MAX_PACKET - len)
        e->failed = true;
    return !e->failed;
}

void port_encode_init(struct port_encoder *e)
{
    *e = (struct port_encoder){0};
    check(e, ei_x_new_with_version(&e->x));
}

void port_encode_tuple(struct port_encoder *e, size_t arity)
{
    if (room(e, arity))
        check(e, ei_x_encode_tuple_header(&e->x, (long)arity));
}

void port_encode_map(struct port_encoder *e, size_t pairs)
{
    if (room(e, pairs))
        check(e, ei_x_encode_map_header(&e->x, (long)pairs));
}

void port_encode_list(struct port_encoder *e, size_t count)
{
    /* The header of no elements is [] itself, which the end writes. */
    if (count > 0 && room(e, count))
        check(e, ei_x_encode_list_header(&e->x, (long)count));
}

void port_encode_list_end(struct port_encoder *e)
{
    if (room(e, 1))
        check(e, ei_x_encode_empty_list(&e->x));
}

void port_encode_atom(struct port_encoder *e, const char *name)
{
    if (room(e, strlen(name)))
        check(e, ei_x_encode_atom(&e->x, name));
}

void port_encode_boolean(struct port_encoder *e, bool value)
{
    port_encode_atom(e, value ? "true" : "false");
}

void port_encode_integer(struct port_encoder *e, int64_t value)
{
    if (room(e, sizeof(value)))
        check(e, ei_x_encode_longlong(&e->x, value));
}

void port_encode_unsigned(struct port_encoder *e, uint64_t value)
{
    if (room(e, sizeof(value)))
        check(e, ei_x_encode_ulonglong(&e->x, value));
}

void port_encode_real(struct port_encoder *e, double value)
{
    if (room(e, sizeof(value)))
        check(e, ei_x_encode_double(&e->x, value));
}

void port_encode_bytes(struct port_encoder *e, const void *bytes, size_t len)
{
    if (room(e, len))
        check(e, ei_x_encode_binary(&e->x, bytes, (int)len));
}

void port_encode_text(struct port_encoder *e, const char *text)
{
    port_encode_bytes(e, text, strlen(text));
}

int port_encode_finish(struct port_encoder *e, struct buffer *out)
{
    int rc = -E_LIMIT;
    size_t len = (size_t)e->x.index;
    if (!e->failed && len <= PORT_MAX_PACKET) {
        uint8_t head[4] = {(uint8_t)(len >> 24), (uint8_t)(len >> 16),
                           (uint8_t)(len >> 8), (uint8_t)len};
        buffer_add(out, head, sizeof(head));
        buffer_add(out, e->x.buff, len);
        rc = buffer_status(out);
    }
    if (e->x.buff)
        ei_x_free(&e->x);
    return rc;
}
