#include "base/reader.h"

#include <string.h>

struct reader reader_of(const void *bytes, size_t len)
{
    const uint8_t *at = bytes;
    return (struct reader){at, at ? at + len : at, false};
}

size_t reader_left(const struct reader *r)
{
    return (size_t)(r->end - r->at);
}

const uint8_t *reader_bytes(struct reader *r, size_t len)
{
    if (r->failed || len > reader_left(r)) {
        r->failed = true;
        return NULL;
    }
    const uint8_t *at = r->at;
    r->at += len;
    return at;
}

static uint64_t little_endian(struct reader *r, size_t size)
{
    const uint8_t *bytes = reader_bytes(r, size);
    uint64_t value = 0;
    if (bytes)
        for (size_t i = 0; i < size; i++)
            value |= (uint64_t)bytes[i] << (8 * i);
    return value;
}

uint8_t reader_u8(struct reader *r)
{
    return (uint8_t)little_endian(r, 1);
}

uint16_t reader_u16(struct reader *r)
{
    return (uint16_t)little_endian(r, 2);
}

uint32_t reader_u32(struct reader *r)
{
    return (uint32_t)little_endian(r, 4);
}

uint64_t reader_u64(struct reader *r)
{
    return little_endian(r, 8);
}

void reader_skip(struct reader *r, size_t len)
{
    (void)reader_bytes(r, len);
}

struct reader reader_sub(struct reader *r, size_t len)
{
    const uint8_t *bytes = reader_bytes(r, len);
    struct reader sub = reader_of(bytes, bytes ? len : 0);
    sub.failed = r->failed;
    return sub;
}

size_t reader_line_count(const struct reader *r)
{
    size_t n = 1;
    for (const uint8_t *at = r->at; at < r->end; at++)
        n += *at == '\n';
    return n;
}

bool reader_line(struct reader *r, const char **line, size_t *len)
{
    if (r->failed || r->at == r->end)
        return false;
    const uint8_t *nl = memchr(r->at, '\n', reader_left(r));
    *line = (const char *)r->at;
    *len = (size_t)((nl ? nl : r->end) - r->at);
    r->at = nl ? nl + 1 : r->end;
    return true;
}
