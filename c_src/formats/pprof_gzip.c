#include "formats/pprof_gzip.h"

#include <errno.h>
#include <limits.h>
#include <stdint.h>
#include <zlib.h>

enum { WINDOW_GZIP = 15 + 16, PIECE = 256 << 10 };

bool pprof_gzip_is(const void *bytes, size_t len)
{
    const uint8_t *at = bytes;
    return len >= 2 && at[0] == 0x1f && at[1] == 0x8b;
}

/* Makes room for one more piece, or for as many bytes as still fit. */
static size_t make_room(struct buffer *out, z_stream *z)
{
    size_t left = out->max - out->len;
    size_t room = left < PIECE ? left : PIECE;
    z->next_out = room ? buffer_grow(out, room) : NULL;
    z->avail_out = z->next_out ? (uInt)room : 0;
    return z->avail_out;
}

int pprof_gzip_pack(const void *bytes, size_t len, struct buffer *out)
{
    z_stream z = {.next_in = (Bytef *)bytes, .avail_in = (uInt)len};
    if (len > UINT_MAX)
        return -E_LIMIT;
    if (deflateInit2(&z, Z_DEFAULT_COMPRESSION, Z_DEFLATED, WINDOW_GZIP, 8,
                     Z_DEFAULT_STRATEGY) != Z_OK)
        return -ENOMEM;
    int rc = Z_OK;
    while (rc == Z_OK && make_room(out, &z)) {
        rc = deflate(&z, Z_FINISH);
        out->len -= z.avail_out;
    }
    deflateEnd(&z);
    return rc == Z_STREAM_END ? 0 : -E_LIMIT;
}

/* A gzip file may consist of several members, one after another (RFC 1952,
 * 2.2). */
static int next_member(z_stream *z, int rc)
{
    if (rc != Z_STREAM_END || z->avail_in == 0)
        return rc;
    if (!pprof_gzip_is(z->next_in, z->avail_in))
        return Z_DATA_ERROR;
    return inflateReset(z);
}

int pprof_gzip_unpack(const void *bytes, size_t len, struct buffer *out)
{
    z_stream z = {.next_in = (Bytef *)bytes, .avail_in = (uInt)len};
    if (len > UINT_MAX)
        return -E_LIMIT;
    if (inflateInit2(&z, WINDOW_GZIP) != Z_OK)
        return -ENOMEM;
    int rc = Z_OK;
    while (rc == Z_OK) {
        if (!make_room(out, &z)) {
            inflateEnd(&z);
            return -E_LIMIT;
        }
        rc = inflate(&z, Z_NO_FLUSH);
        out->len -= z.avail_out;
        rc = next_member(&z, rc);
    }
    inflateEnd(&z);
    return rc == Z_STREAM_END ? 0 : rc == Z_MEM_ERROR ? -ENOMEM : -E_FORMAT;
}
