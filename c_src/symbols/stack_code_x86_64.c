#include "symbols/stack_code.h"

#include <string.h>

#include "base/reader.h"

/* emit_gc_test in erts/emulator/beam/jit/x86/instr_common.cpp, the same in OTP
 * 25, 27 and 29, with r15 = top of the heap and rsp = top of the stack:
 *     lea rdx, [r15 + 8 * (stack + heap + reserved)]
 *     cmp rdx, rsp
 *     jbe behind
 *     mov ecx, live; padding; call of global::garbage_collect
 *   behind:
 *     sub rsp, 8 * stack           only if stack is not 0
 * The reserve is S_RESERVED words (beam_asm.hpp): 4 without frame pointers.
 * With another reserve, no need is taken for one of the stack only. */
enum {
    RESERVED = 4,
    WORD = 8,
    LEA_BYTES = 7,  /* at most */
    TEST_BYTES = 5, /* cmp and jbe */
};

static const uint8_t compare[] = {0x48, 0x39, 0xe2, 0x76};

/* Is there a test at code[at], and for how many bytes? 0: there is none.
 * *behind is where it jumps to. The lea ends at code[at]. */
static uint32_t needed(const uint8_t *code, size_t len, size_t at,
                       size_t *behind)
{
    if (at < LEA_BYTES || at + TEST_BYTES > len ||
        memcmp(code + at, compare, sizeof(compare)) != 0)
        return 0;
    *behind = at + TEST_BYTES + code[at + sizeof(compare)];
    const uint8_t *lea8 = code + at - 4, *lea32 = code + at - LEA_BYTES;
    if (lea8[0] == 0x49 && lea8[1] == 0x8d && lea8[2] == 0x57)
        return lea8[3];
    struct reader r = reader_of(lea32 + 3, 4);
    return lea32[0] == 0x49 && lea32[1] == 0x8d && lea32[2] == 0x97
               ? reader_u32(&r)
               : 0;
}

/* The bytes that are taken of the stack at code[at]. */
static uint32_t taken(const uint8_t *code, size_t len, size_t at)
{
    struct reader r = reader_of(code + at, at < len ? len - at : 0);
    uint8_t prefix = reader_u8(&r), opcode = reader_u8(&r);
    uint8_t operand = reader_u8(&r);
    if (r.failed || prefix != 0x48 || operand != 0xec)
        return 0;
    uint32_t bytes = opcode == 0x83   ? reader_u8(&r)
                     : opcode == 0x81 ? reader_u32(&r)
                                      : 0;
    return r.failed ? 0 : bytes;
}

bool stack_code_only(const uint8_t *code, size_t len, size_t ret)
{
    size_t behind = 0;
    for (size_t at = LEA_BYTES; at < ret && at < len; at++) {
        uint32_t need = needed(code, len, at, &behind);
        if (need && behind == ret)
            return need - taken(code, len, ret) == RESERVED * WORD;
    }
    return false;
}

bool stack_code_allocates(const uint8_t *code, size_t len)
{
    size_t behind = 0;
    for (size_t at = LEA_BYTES; at < len; at++) {
        uint32_t need = needed(code, len, at, &behind);
        if (need && need - taken(code, len, behind) != RESERVED * WORD)
            return true;
    }
    return false;
}
