/*
 * Hand-made unwind tables: one function, its CIE and FDE, and a search table
 * that leads to it, as an assembler writes them.
 */
#ifndef CPROF_TEST_CFI_MAKE_H
#define CPROF_TEST_CFI_MAKE_H

#include <stdint.h>
#include <string.h>

#include "unwind/cfi_row.h"

#define CFI_HEADER 0x1000ull /* address of .eh_frame_hdr */
#define CFI_FRAMES 0x2000ull /* of .eh_frame */
#define CFI_START  0x5000ull /* of the function */

enum { CFI_RANGE = 0x100, CFI_BYTES = 4096 };

struct cfi_made {
    uint8_t header[20];
    uint8_t frames[CFI_BYTES];
    size_t len;
    size_t record; /* start of the one being written */
    struct cfi_table table;
};

static inline void cfi_raw(struct cfi_made *m, const void *bytes, size_t len)
{
    if (len <= sizeof(m->frames) - m->len) {
        memcpy(m->frames + m->len, bytes, len);
        m->len += len;
    }
}

static inline void cfi_u32(struct cfi_made *m, uint64_t value)
{
    uint32_t word = (uint32_t)value;
    cfi_raw(m, &word, 4);
}

static inline void cfi_begin(struct cfi_made *m)
{
    m->record = m->len;
    cfi_u32(m, 0);
}

static inline void cfi_end(struct cfi_made *m)
{
    uint32_t len = (uint32_t)(m->len - m->record - 4);
    memcpy(m->frames + m->record, &len, 4);
}

/* A CIE of GCC's usual form: "zR", or "zPLRS" and the like; initially the CFA
 * is rsp + 8 and the return address below it. */
static inline void cfi_cie(struct cfi_made *m, const char *augmentation)
{
    cfi_begin(m);
    cfi_u32(m, 0);
    cfi_raw(m, "\1", 1);
    cfi_raw(m, augmentation, strlen(augmentation) + 1);
    cfi_raw(m, "\1\x78\x10", 3); /* code 1, data -8, return address 16 */
    uint8_t data[16];
    uint8_t n = 0;
    for (const char *c = augmentation + 1; augmentation[0] && *c; c++) {
        if (*c == 'R')
            data[n++] = 0x1b; /* relative to itself, 4 bytes, signed */
        else if (*c == 'L')
            data[n++] = 0x1b;
        else if (*c == 'P') {
            memcpy(data + n, "\x9b\x01\x02\x03\x04", 5);
            n += 5;
        }
    }
    if (augmentation[0]) {
        cfi_raw(m, &n, 1);
        cfi_raw(m, data, n);
    }
    cfi_raw(m, "\x0c\x07\x08\x90\x01", 5);
    cfi_end(m);
}

/* An FDE of the CIE at offset 0 with these instructions. */
static inline void cfi_fde(struct cfi_made *m, const void *program, size_t len)
{
    uint64_t fde = m->len;
    cfi_begin(m);
    cfi_u32(m, m->len);
    cfi_u32(m, CFI_START - (CFI_FRAMES + m->len));
    cfi_u32(m, CFI_RANGE);
    cfi_raw(m, "\0", 1);
    cfi_raw(m, program, len);
    cfi_end(m);
    const uint8_t encodings[4] = {1, 0x1b, 0x03, 0x3b};
    uint32_t words[4] = {(uint32_t)(CFI_FRAMES - (CFI_HEADER + 4)), 1,
                         (uint32_t)(CFI_START - CFI_HEADER),
                         (uint32_t)(CFI_FRAMES + fde - CFI_HEADER)};
    memcpy(m->header, encodings, 4);
    memcpy(m->header + 4, words, sizeof(words));
}

static inline int cfi_parse(struct cfi_made *m)
{
    struct cfi_section header = {m->header, sizeof(m->header), CFI_HEADER};
    struct cfi_section frames = {m->frames, m->len, CFI_FRAMES};
    return cfi_table_parse(&header, &frames, &m->table);
}

#endif
