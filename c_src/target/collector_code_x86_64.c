#include <string.h>

#include "base/reader.h"
#include "target/collector.h"

enum { CALL_BYTES = 5 };

static uint64_t behind(uint64_t at, uint32_t distance)
{
    return at + (uint64_t)(int64_t)(int32_t)distance;
}

/* The target of `call rel32` at an offset of the code; false: none is there. */
static bool call_at(const uint8_t *code, size_t len, size_t offset, uint64_t at,
                    uint64_t *target)
{
    if (offset + CALL_BYTES > len || code[offset] != 0xe8)
        return false;
    struct reader r = reader_of(code + offset + 1, 4);
    *target = behind(at + offset + CALL_BYTES, reader_u32(&r));
    return true;
}

bool collector_code_call(const uint8_t *code, size_t len, uint64_t at,
                         uint64_t *target, bool *slot)
{
    for (size_t i = 0; i + 6 <= len; i++) {
        struct reader r = reader_of(code + i, 6);
        if (reader_u8(&r) != 0xff || reader_u8(&r) != 0x15)
            continue;
        *target = behind(at + i + 6, reader_u32(&r));
        *slot = true; /* call [rip + rel32] */
        return true;
    }
    *slot = false;
    for (size_t i = 0; i < len; i++)
        if (call_at(code, len, i, at, target))
            return true;
    return false;
}

size_t collector_code_inner(const uint8_t *code, size_t len, uint64_t at,
                            uint64_t *targets, size_t max)
{
    /* Other arguments may be set between the two instructions. */
    enum { BETWEEN = 32 };
    static const uint8_t second[] = {0x48, 0xc7, 0xc6, 0xf8, 0xff, 0xff, 0xff};
    size_t n = 0;
    for (size_t i = 0; i + sizeof(second) <= len; i++) {
        if (memcmp(code + i, second, sizeof(second)) != 0)
            continue;
        for (size_t k = i + sizeof(second);
             k <= i + sizeof(second) + BETWEEN && n < max; k++)
            n += call_at(code, len, k, at, &targets[n]);
    }
    return n;
}
