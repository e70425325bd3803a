#include "symbols/bifs_code.h"

#include <string.h>

#include "base/reader.h"

/* When a module is loaded, the function of a BIF is replaced by this (erts/
 * emulator/beam/jit/x86/instr_bif.cpp, emit_call_bif; the same bytes in OTP 25,
 * 27 and 29):
 *     push rbp; mov rbp, rsp     only with frame pointers (+JPperf)
 *     lea rsi, [rip - 0x27]      its ErtsCodeMFA, 0x20 before (then 0x24)
 *     lea rdx, [rip - 0x0e]      the first lea
 *     mov rcx, C function
 *     jmp call_bif_shared
 * The Erlang body follows; mostly it is erlang:nif_error/1. */
static const uint8_t enter_frame[] = {0x55, 0x48, 0x89, 0xe5};
static const uint8_t bif_head[] = {0x48, 0x8d, 0x35, 0xd9, 0xff, 0xff, 0xff,
                                   0x48, 0x8d, 0x15, 0xf2, 0xff, 0xff, 0xff};

enum { BIF_MFA = 3 }; /* the byte of bif_head that the frame changes */

/* The function of a NIF is overwritten when its library is loaded
 * (instr_common.cpp / beam_asm_module.cpp, beamasm_emit_call_nif):
 *     push rbp; mov rbp, rsp     only with frame pointers
 *     jmp +0x1e, padding, { C function, NIF module, dirty C function },
 *     lea rdx, [rip - 0x2f]      the jump in its ErtsCodeInfo
 *     mov r9, call_nif_shared    or a direct jump, if it is in reach
 * With and without frame pointers, the words are at the same offsets. */
static const uint8_t nif_head[] = {0xeb, 0x1e};
static const uint8_t nif_frame_head[] = {0x55, 0x48, 0x89, 0xe5, 0xeb, 0x1a};
static const uint8_t nif_tail[] = {0x48, 0x8d, 0x15, 0xd1, 0xff, 0xff, 0xff};

enum { NIF_TARGET = 8, NIF_DIRTY = 24, NIF_TAIL = 32 };

static uint64_t sign_extend(uint32_t value)
{
    return (uint64_t)(int64_t)(int32_t)value;
}

/* The value that `mov rcx, ...` loads; moves the reader behind it. */
static bool mov_rcx(struct reader *r, uint64_t at, const uint8_t *code,
                    uint64_t *value)
{
    uint8_t first = reader_u8(r);
    if (first == 0xb9) { /* mov ecx, imm32 */
        *value = reader_u32(r);
        return !r->failed;
    }
    uint8_t second = reader_u8(r);
    if (first != 0x48)
        return false;
    if (second == 0xb9) { /* mov rcx, imm64 */
        *value = reader_u64(r);
        return !r->failed;
    }
    uint8_t third = reader_u8(r);
    uint32_t operand = reader_u32(r);
    *value = sign_extend(operand);
    if (second == 0x8d && third == 0x0d) /* lea rcx, [rip + rel32] */
        *value += at + (uint64_t)(r->at - code);
    else if (second != 0xc7 || third != 0xc1) /* mov rcx, imm32 */
        return false;
    return !r->failed;
}

static bool is_jump(struct reader *r)
{
    uint8_t opcode = reader_u8(r);
    if (opcode == 0x40) /* an empty prefix as padding */
        opcode = reader_u8(r);
    return !r->failed && (opcode == 0xe9 || opcode == 0xeb);
}

/* The two lea, with or without the instructions for frame pointers. */
static bool is_bif_head(struct reader *r)
{
    uint8_t want[sizeof(bif_head)];
    memcpy(want, bif_head, sizeof(want));
    if (r->end - r->at >= (ptrdiff_t)sizeof(enter_frame) &&
        memcmp(r->at, enter_frame, sizeof(enter_frame)) == 0) {
        (void)reader_bytes(r, sizeof(enter_frame));
        want[BIF_MFA] -= sizeof(enter_frame);
    }
    const uint8_t *head = reader_bytes(r, sizeof(want));
    return head && memcmp(head, want, sizeof(want)) == 0;
}

static bool decode_bif(const uint8_t *code, size_t len, uint64_t at,
                       struct bifs_code *out)
{
    struct reader r = reader_of(code, len);
    if (!is_bif_head(&r))
        return false;
    uint64_t target, entry = at + (uint64_t)(r.at - code) - sizeof(bif_head);
    if (!mov_rcx(&r, at, code, &target) || !is_jump(&r))
        return false;
    *out = (struct bifs_code){{target, 0}, 1, false, entry};
    return true;
}

static uint64_t word(const uint8_t *at)
{
    struct reader r = reader_of(at, 8);
    return reader_u64(&r);
}

static bool decode_nif(const uint8_t *code, size_t len, struct bifs_code *out)
{
    if (len < NIF_TAIL + sizeof(nif_tail) ||
        (memcmp(code, nif_head, sizeof(nif_head)) != 0 &&
         memcmp(code, nif_frame_head, sizeof(nif_frame_head)) != 0) ||
        memcmp(code + NIF_TAIL, nif_tail, sizeof(nif_tail)) != 0)
        return false;
    *out = (struct bifs_code){{word(code + NIF_TARGET)}, 1, true, 0};
    uint64_t dirty = word(code + NIF_DIRTY);
    if (dirty)
        out->target[out->count++] = dirty;
    return true;
}

bool bifs_code_decode(const uint8_t *code, size_t len, uint64_t at,
                      struct bifs_code *out)
{
    for (size_t i = 0; i < len && i <= 64; i++)
        if (decode_bif(code + i, len - i, at + i, out) ||
            decode_nif(code + i, len - i, out))
            return true;
    return false;
}

/* A call of a light BIF (emit_call_light_bif, the same in OTP 25, 27, 29):
 *     mov rcx, Export; mov rax, C function; lea rdx, [rip - 0x1b]
 * which sets rdx to the address of the first of these three instructions. */
static const uint8_t site_tail[] = {0x48, 0x8d, 0x15, 0xe5, 0xff, 0xff, 0xff};

enum { SITE_EXPORT = 2, SITE_RAX = 10, SITE_TARGET = 12, SITE_TAIL = 20 };

bool bifs_code_site(const uint8_t *code, size_t len, struct bifs_code_site *out)
{
    if (len < SITE_TAIL + sizeof(site_tail) || code[0] != 0x48 ||
        code[1] != 0xb9 || code[SITE_RAX] != 0x48 ||
        code[SITE_RAX + 1] != 0xb8 ||
        memcmp(code + SITE_TAIL, site_tail, sizeof(site_tail)) != 0)
        return false;
    *out = (struct bifs_code_site){word(code + SITE_TARGET),
                                   word(code + SITE_EXPORT)};
    return true;
}

/* Behind these three: perhaps padding, which aligns the return address, and the
 * call of call_light_bif_shared, which is direct (with or without an empty
 * prefix) or through memory. */
static bool is_padded_call(const uint8_t *code, size_t len)
{
    enum { CALL = 5, CALL_MEMORY = 6, PADDING = 8 };
    if (len < CALL || len > PADDING + CALL_MEMORY)
        return false;
    return code[len - CALL] == 0xe8 ||
           (len >= CALL_MEMORY && code[len - CALL_MEMORY] == 0xff &&
            code[len - CALL_MEMORY + 1] == 0x15);
}

bool bifs_code_site_before(const uint8_t *code, size_t len,
                           struct bifs_code_site *out)
{
    const size_t site = SITE_TAIL + sizeof(site_tail);
    for (size_t at = 0; at + site <= len; at++)
        if (is_padded_call(code + at + site, len - at - site) &&
            bifs_code_site(code + at, len - at, out))
            return true;
    return false;
}

/* emit_i_call_ext (instr_call.cpp): mov rax, Export; padding;
 * call [rax + r12 * 8], where r12 is the active code index. */
uint64_t bifs_code_export_before(const uint8_t *code, size_t len)
{
    enum { MOV = 10, PADDING = 8 };
    static const uint8_t call[] = {0x42, 0xff, 0x14, 0xe0};
    if (len < MOV + sizeof(call) ||
        memcmp(code + len - sizeof(call), call, sizeof(call)) != 0)
        return 0;
    const uint8_t *last = code + len - sizeof(call) - MOV;
    const uint8_t *first = last - code > PADDING ? last - PADDING : code;
    for (const uint8_t *at = last; at >= first; at--)
        if (at[0] == 0x48 && at[1] == 0xb8)
            return word(at + 2);
    return 0;
}

bool bifs_code_next_site(const uint8_t *code, size_t len, size_t *at,
                         struct bifs_code_site *out)
{
    while (*at + SITE_TAIL + sizeof(site_tail) <= len) {
        const uint8_t *from = code + *at + SITE_TAIL;
        const uint8_t *tail = memmem(from, (size_t)(code + len - from),
                                     site_tail, sizeof(site_tail));
        if (!tail)
            break;
        size_t site = (size_t)(tail - code) - SITE_TAIL;
        *at = site + 1;
        if (bifs_code_site(code + site, len - site, out))
            return true;
    }
    *at = len;
    return false;
}

size_t bifs_code_calls(const uint8_t *code, size_t len, uint64_t at,
                       uint64_t *targets, size_t max)
{
    size_t n = 0;
    for (size_t i = 0; i + 5 <= len && n < max; i++) {
        struct reader r = reader_of(code + i, 5);
        if (reader_u8(&r) == 0xe8)
            targets[n++] = at + i + 5 + sign_extend(reader_u32(&r));
    }
    return n;
}

size_t bifs_code_jumps(const uint8_t *code, size_t len, uint64_t at,
                       uint64_t *targets, size_t max)
{
    size_t n = 0;
    for (size_t i = 0; i + 5 <= len && n < max; i++) {
        struct reader r = reader_of(code + i, len - i);
        uint8_t opcode = reader_u8(&r);
        if (opcode == 0x0f && (reader_u8(&r) & 0xf0) == 0x80)
            opcode = 0xe9; /* jcc rel32 */
        uint64_t distance = sign_extend(reader_u32(&r));
        if (opcode == 0xe9 && !r.failed)
            targets[n++] = at + (uint64_t)(r.at - code) + distance;
    }
    return n;
}
