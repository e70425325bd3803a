#include "unwind/cfi_bytes.h"

enum { LEB_BITS = 70 }; /* 10 groups of 7 hold 64 bits */

static unsigned leb(struct reader *r, uint64_t *value, uint8_t *last)
{
    unsigned shift = 0;
    *value = 0;
    do {
        *last = reader_u8(r);
        if (shift >= LEB_BITS)
            r->failed = true;
        if (r->failed)
            return 0;
        if (shift < 64)
            *value |= (uint64_t)(*last & 0x7f) << shift;
        shift += 7;
    } while (*last & 0x80);
    return shift;
}

uint64_t cfi_bytes_uleb(struct reader *r)
{
    uint64_t value;
    uint8_t last;
    leb(r, &value, &last);
    return r->failed ? 0 : value;
}

int64_t cfi_bytes_sleb(struct reader *r)
{
    uint64_t value;
    uint8_t last;
    unsigned bits = leb(r, &value, &last);
    if (r->failed)
        return 0;
    if (bits < 64 && (last & 0x40))
        value |= UINT64_MAX << bits;
    return (int64_t)value;
}

uint64_t cfi_bytes_pointer(struct reader *r, uint8_t encoding, uint64_t at)
{
    uint64_t value = 0;
    switch (encoding & CFI_BYTES_FORM) {
    case CFI_BYTES_UDATA2:
        value = reader_u16(r);
        break;
    case CFI_BYTES_SDATA2:
        value = (uint64_t)(int16_t)reader_u16(r);
        break;
    case CFI_BYTES_UDATA4:
        value = reader_u32(r);
        break;
    case CFI_BYTES_SDATA4:
        value = (uint64_t)(int32_t)reader_u32(r);
        break;
    case CFI_BYTES_ABSPTR:
    case CFI_BYTES_UDATA8:
    case CFI_BYTES_SDATA8:
        value = reader_u64(r);
        break;
    default:
        r->failed = true;
    }
    uint8_t base = encoding & ~CFI_BYTES_FORM;
    if (base != 0 && base != CFI_BYTES_PCREL)
        r->failed = true;
    if (r->failed)
        return 0;
    return base == CFI_BYTES_PCREL ? at + value : value;
}
