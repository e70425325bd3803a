#include "formats/pprof_wire.h"

static uint64_t varint(struct reader *r)
{
    uint64_t value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
        uint8_t byte = reader_u8(r);
        value |= (uint64_t)(byte & 0x7f) << shift;
        if (!(byte & 0x80))
            return value;
    }
    r->failed = true;
    return 0;
}

int pprof_wire_next(struct reader *r, struct pprof_field *field)
{
    if (reader_left(r) == 0)
        return r->failed ? -E_FORMAT : 0;
    struct pprof_field f = {.whole = r->at};
    uint64_t tag = varint(r);
    if (tag >> 3 == 0 || tag >> 3 > UINT32_MAX)
        return -E_FORMAT;
    f.number = (uint32_t)(tag >> 3);
    f.type = (enum pprof_wire_type)(tag & 7);
    switch (f.type) {
    case PPROF_VARINT:
        (void)varint(r);
        break;
    case PPROF_FIXED64:
        reader_skip(r, 8);
        break;
    case PPROF_FIXED32:
        reader_skip(r, 4);
        break;
    case PPROF_BYTES:
        f.len = varint(r);
        f.bytes = reader_bytes(r, f.len);
        break;
    default:
        return -E_FORMAT;
    }
    if (r->failed)
        return -E_FORMAT;
    f.whole_len = (size_t)(r->at - f.whole);
    *field = f;
    return 1;
}
