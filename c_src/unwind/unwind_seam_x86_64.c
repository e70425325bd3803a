#include "unwind/unwind_seam.h"

#include <string.h>

/* Length of FF /2 (call r/m64) without prefixes, from its ModRM and SIB. */
static size_t indirect_call_length(uint8_t modrm, uint8_t sib)
{
    unsigned mod = modrm >> 6, rm = modrm & 7;
    if ((modrm >> 3 & 7) != 2)
        return 0;
    if (mod == 3)
        return 2;
    size_t length = 2 + (rm == 4);
    if (mod == 1)
        return length + 1;
    if (mod == 2)
        return length + 4;
    if (rm == 5 || (rm == 4 && (sib & 7) == 5))
        return length + 4;
    return length;
}

bool unwind_seam_is_return(const uint8_t before[SEAM_BEFORE], int32_t *target)
{
    *target = 0;
    if (before[SEAM_BEFORE - 5] == 0xe8) {
        memcpy(target, &before[SEAM_BEFORE - 4], sizeof(*target));
        return true;
    }
    /* A REX prefix in front changes the register, but not this length. */
    for (size_t length = 2; length <= 7; length++) {
        const uint8_t *at = &before[SEAM_BEFORE - length];
        uint8_t sib = length > 2 ? at[2] : 0;
        if (at[0] == 0xff && indirect_call_length(at[1], sib) == length)
            return true;
    }
    return false;
}

static bool is_mov_rsp_rbp(const uint8_t *at)
{
    static const uint8_t store[] = {0x48, 0x89, 0xec};
    static const uint8_t load[] = {0x48, 0x8b, 0xe5};
    return memcmp(at, store, 3) == 0 || memcmp(at, load, 3) == 0;
}

/* mov rsp, [r13 + disp8 | disp32]: r13 is c_p */
static bool is_mov_rsp_stop(const uint8_t *at, size_t left, uint32_t stop)
{
    uint32_t disp;
    if (left >= 4 && memcmp(at, "\x49\x8b\x65", 3) == 0) {
        disp = at[3];
    } else if (left >= 7 && memcmp(at, "\x49\x8b\xa5", 3) == 0) {
        memcpy(&disp, at + 3, sizeof(disp));
    } else {
        return false;
    }
    return stop == 0 || disp == stop;
}

enum seam_resume unwind_seam_resume(const uint8_t *code, size_t len,
                                    uint32_t stop)
{
    for (size_t i = 0; i + 3 <= len; i++) {
        if (is_mov_rsp_rbp(code + i))
            return SEAM_SAVED;
        if (is_mov_rsp_stop(code + i, len - i, stop))
            return SEAM_STOP;
    }
    return SEAM_UNKNOWN;
}

enum seam_entry unwind_seam_entry(const uint8_t *code, size_t len,
                                  int32_t *disp)
{
    *disp = 0;
    for (size_t i = 0; i + 4 <= len; i++) {
        const uint8_t *at = code + i;
        /* mov r15, rdx (ARG3, the entry address), in both encodings */
        if (memcmp(at, "\x49\x89\xd7", 3) == 0 ||
            memcmp(at, "\x4c\x8b\xfa", 3) == 0)
            return SEAM_ENTRY_R15;
        /* mov [rbx + disp8], rdx */
        if (memcmp(at, "\x48\x89\x53", 3) == 0) {
            *disp = (int8_t)at[3];
            return SEAM_ENTRY_MEMORY;
        }
    }
    return SEAM_ENTRY_NONE;
}
