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

/* --- the counter ---------------------------------------------------------- */

/* An operand [register + distance] in memory, with a distance of 32 bits. If
 * the register is rip, the distance is from the beginning of the code. */
struct place {
    size_t len;       /* bytes: ModRM, perhaps SIB, and the distance */
    unsigned field;   /* the other register, or a part of the opcode */
    unsigned base;    /* the register, 0 to 15, or RIP */
    int64_t distance; /* bytes */
};

enum { RIP = 16 };

/* Reads the operand after an opcode with these REX bits. false: it is of
 * another kind, or a local variable, on the stack. */
static bool place_at(const uint8_t *code, size_t len, size_t at, uint8_t rex,
                     struct place *out)
{
    enum { REX_B = 1, REX_R = 4, RSP = 4, NO_INDEX = 0x24, NO_BASE = 5 };
    struct reader r = reader_of(code + at, at < len ? len - at : 0);
    uint8_t modrm = reader_u8(&r);
    unsigned base = modrm & 7u;
    bool is_global = modrm >> 6 == 0 && base == NO_BASE;
    if ((modrm >> 6 != 2 && !is_global) ||
        (base == RSP && reader_u8(&r) != NO_INDEX))
        return false;
    *out = (struct place){
        .field = (modrm >> 3 & 7u) | (rex & REX_R ? 8u : 0),
        .base = base | (rex & REX_B ? 8u : 0),
        .distance = (int32_t)reader_u32(&r),
        .len = base == RSP ? 6 : 5,
    };
    if (is_global) {
        out->base = RIP;
        out->distance += (int64_t)(at + out->len);
    }
    return !r.failed && out->base != RSP;
}

static bool has_rex(const uint8_t *code, size_t len, size_t at)
{
    return at < len && code[at] >> 4 == 4;
}

static bool is_same(const struct place *a, const struct place *b,
                    int64_t behind_b)
{
    return a->base == b->base && a->distance == b->distance + behind_b;
}

/* `add qword [reg + distance], 1` */
static bool adds_one(const uint8_t *code, size_t len, size_t at,
                     struct place *out)
{
    if (!has_rex(code, len, at) || at + 2 >= len || code[at + 1] != 0x83 ||
        !place_at(code, len, at + 2, code[at], out) || out->field != 0 ||
        at + 2 + out->len >= len || code[at + 2 + out->len] != 1)
        return false;
    out->distance += out->base == RIP; /* the constant follows the operand */
    return true;
}

/* `add [reg + distance], reg` */
static bool adds_register(const uint8_t *code, size_t len, size_t at,
                          struct place *out)
{
    return has_rex(code, len, at) && at + 2 < len && code[at + 1] == 0x01 &&
           place_at(code, len, at + 2, code[at], out);
}

/* `movdqu xmm, [reg + distance]` */
static bool loads_two(const uint8_t *code, size_t len, size_t at,
                      struct place *out)
{
    if (at + 1 >= len || code[at] != 0xf3)
        return false;
    size_t rex = has_rex(code, len, at + 1), op = at + 1 + rex;
    return op + 2 < len && code[op] == 0x0f && code[op + 1] == 0x6f &&
           place_at(code, len, op + 2, rex ? code[at + 1] : 0, out);
}

/* `movups [reg + distance], xmm` */
static bool stores_two(const uint8_t *code, size_t len, size_t at,
                       struct place *out)
{
    size_t rex = has_rex(code, len, at), op = at + rex;
    return op + 2 < len && code[op] == 0x0f && code[op + 1] == 0x11 &&
           place_at(code, len, op + 2, rex ? code[at] : 0, out);
}

/* `paddq` */
static bool adds_two(const uint8_t *code, size_t len, size_t at)
{
    static const uint8_t paddq[] = {0x66, 0x0f, 0xd4};
    return at + sizeof(paddq) < len &&
           memcmp(code + at, paddq, sizeof(paddq)) == 0;
}

/* The compiler may move the two additions apart, in any order. */
static bool counter_alone(const uint8_t *code, size_t len, size_t at,
                          struct place *out)
{
    enum { APART = 96 };
    struct place other;
    if (!adds_one(code, len, at, out))
        return false;
    for (size_t i = at > APART ? at - APART : 0; i < at + APART; i++)
        if (adds_register(code, len, i, &other) && is_same(out, &other, 8))
            return true;
    return false;
}

static bool counter_of_two(const uint8_t *code, size_t len, size_t at,
                           struct place *out)
{
    enum { APART = 32 };
    struct place from, to;
    bool added = false;
    if (!loads_two(code, len, at, &from))
        return false;
    for (size_t i = at; i < at + APART; i++) {
        added |= adds_two(code, len, i);
        if (added && stores_two(code, len, i, &to) && is_same(&from, &to, 0) &&
            from.field == to.field) {
            *out = from;
            out->distance += 8;
            return true;
        }
    }
    return false;
}

/* A field of a struct begins within it. */
static bool is_counter(const struct place *p, bool global)
{
    enum { DISTANCE_MAX = 1 << 20 };
    if (global)
        return p->base == RIP;
    return p->base != RIP && p->distance > 0 && p->distance < DISTANCE_MAX &&
           p->distance % 8 == 0;
}

/* The only counter of that kind; 0: there is none, or more than one. */
static int64_t find_counter(const uint8_t *code, size_t len, bool global)
{
    int64_t found = 0;
    for (size_t i = 0; i < len; i++) {
        struct place here;
        if ((!counter_alone(code, len, i, &here) &&
             !counter_of_two(code, len, i, &here)) ||
            !is_counter(&here, global) || here.distance == found)
            continue;
        if (found)
            return 0;
        found = here.distance;
    }
    return found;
}

uint32_t collector_code_counter(const uint8_t *code, size_t len)
{
    return (uint32_t)find_counter(code, len, false);
}

uint64_t collector_code_dirty(const uint8_t *code, size_t len, uint64_t at)
{
    int64_t found = find_counter(code, len, true);
    uint64_t addr = at + (uint64_t)found;
    return found && addr % 8 == 0 ? addr : 0;
}
