/*
 * A bounded walk over the external term format. It knows only the tags that a
 * request may contain: pids, funs, references, compressed terms and integers
 * beyond 64 bits are refused.
 */
#include "port/port_term.h"

#include <stdbool.h>
#include <stdint.h>

#include "port/port_ext.h"

static bool term(struct reader *r, unsigned depth);

static bool terms(struct reader *r, uint64_t count, unsigned depth)
{
    /* Every term takes at least one byte, so an impossible count is refused
     * before any term is walked. */
    if (r->failed || depth == 0 || count > reader_left(r))
        return false;
    while (count-- > 0)
        if (!term(r, depth - 1))
            return false;
    return true;
}

static bool small_big(struct reader *r)
{
    uint8_t len = reader_u8(r);
    reader_skip(r, 1 + (size_t)len); /* the sign and the digits */
    return len <= sizeof(uint64_t);
}

/* A list consists of its elements and then its tail, which must be []. */
static bool list(struct reader *r, unsigned depth)
{
    return terms(r, ext_u32(r), depth) && reader_u8(r) == TAG_NIL;
}

static bool leaf(struct reader *r, uint8_t tag)
{
    switch (tag) {
    case TAG_SMALL_INTEGER:
        reader_skip(r, 1);
        return true;
    case TAG_INTEGER:
        reader_skip(r, 4);
        return true;
    case TAG_NEW_FLOAT:
        reader_skip(r, 8);
        return true;
    case TAG_SMALL_BIG:
        return small_big(r);
    case TAG_ATOM:
    case TAG_ATOM_UTF8:
    case TAG_STRING:
        reader_skip(r, ext_u16(r));
        return true;
    case TAG_SMALL_ATOM:
    case TAG_SMALL_ATOM_UTF8:
        reader_skip(r, reader_u8(r));
        return true;
    case TAG_BINARY:
        reader_skip(r, ext_u32(r));
        return true;
    case TAG_NIL:
        return true;
    default:
        return false;
    }
}

static bool term(struct reader *r, unsigned depth)
{
    uint8_t tag = reader_u8(r);
    bool known;
    switch (tag) {
    case TAG_SMALL_TUPLE:
        known = terms(r, reader_u8(r), depth);
        break;
    case TAG_LARGE_TUPLE:
        known = terms(r, ext_u32(r), depth);
        break;
    case TAG_MAP:
        known = terms(r, 2 * (uint64_t)ext_u32(r), depth);
        break;
    case TAG_LIST:
        known = list(r, depth);
        break;
    default:
        known = leaf(r, tag);
        break;
    }
    return known && !r->failed;
}

int port_term_check(const void *packet, size_t len)
{
    struct reader r = reader_of(packet, len);
    if (reader_u8(&r) != TAG_VERSION || !term(&r, PORT_TERM_MAX_DEPTH))
        return -E_PROTOCOL;
    return reader_left(&r) == 0 ? 0 : -E_PROTOCOL;
}
