#include "formats/html_parts.h"

#include "formats/pprof_gzip.h"

enum { BITS = 13, SIGNS = 91, PIECE = 4096 };

/* All printable characters except the three that have a meaning in HTML. */
static char sign(unsigned value)
{
    static const char signs[SIGNS + 1] =
        "!\"#$%'()*+,-./0123456789:;=?@ABCDEFGHIJKLMNOPQRSTUVWXYZ"
        "[\\]^_`abcdefghijklmnopqrstuvwxyz{|}~";
    return signs[value];
}

static void add_text(struct buffer *out, const uint8_t *bytes, size_t len)
{
    uint32_t held = 0;
    unsigned bits = 0;
    char piece[PIECE];
    size_t used = 0;
    for (size_t i = 0; i < len || bits > 0;) {
        for (; bits < BITS && i < len; bits += 8)
            held |= (uint32_t)bytes[i++] << bits;
        unsigned value = held & ((1u << BITS) - 1);
        piece[used++] = sign(value / SIGNS);
        piece[used++] = sign(value % SIGNS);
        held >>= BITS;
        bits = bits > BITS ? bits - BITS : 0;
        if (used == PIECE) {
            buffer_add(out, piece, used);
            used = 0;
        }
    }
    buffer_add(out, piece, used);
}

int html_pack_add(struct buffer *out, const struct buffer *bytes,
                  size_t *packed)
{
    struct buffer gzip;
    buffer_init(&gzip, BUFFER_DEFAULT_MAX);
    int err = pprof_gzip_pack(bytes->data, bytes->len, &gzip);
    if (!err) {
        add_text(out, gzip.data, gzip.len);
        *packed = gzip.len;
        err = buffer_status(out);
    }
    buffer_deinit(&gzip);
    return err;
}
