/*
 * The VM's atom table, found without a symbol. erts_atom_table is an
 * IndexTable in the executable's data (erts/emulator/beam/index.h, hash.h,
 * atom.h), whose end looks like
 *
 *   ... int size, limit, entries; IndexSlot ***seg_table
 *   seg_table[i >> 10][i & 1023] -> Atom:
 *        +0 next  +8 hvalue  +16 int index  +24 s16 len  +32 name
 *
 * The name is a pointer to UTF-8 bytes, or (since OTP 28) the term of a binary
 * literal: a pointer + 2 to {header, size, bytes}, or if it is longer than a
 * heap takes, to a reference to its bytes (find_long). The atoms known from
 * code decide which of the two it is, and whether it is the table at all.
 */
#include <string.h>

#include "base/term.h"
#include "target/atoms_parts.h"

enum {
    PAGE_SHIFT = 10,
    PAGE_MASK = 1023,
    ATOM_BYTES = 40,
    ATOM_INDEX = 16,
    ATOM_LEN = 24,
    ATOM_NAME = 32,
    MIN_LIMIT = 8192, /* MIN_ATOM_TABLE_SIZE */
    MIN_AGREE = 8,
    BOXED = 2,
    BINARY_BYTES_AT = 16,
    ON_HEAP = 64, /* bytes of a binary; ERL_ONHEAP_BINARY_LIMIT */
};

bool atoms_is_atom(uint64_t term)
{
    return term_is_atom(term) && term >> TERM_ATOM_BITS < (uint64_t)1 << 31;
}

static int read_slot(const struct atoms_table *t, const struct memory *m,
                     uint64_t index, uint8_t slot[ATOM_BYTES])
{
    uint64_t page, at;
    int status =
        memory_read_u64(m, t->segments + (index >> PAGE_SHIFT) * 8, &page);
    if (status == 0 && page)
        status = memory_read_u64(m, page + (index & PAGE_MASK) * 8, &at);
    if (status < 0)
        return status;
    return page && at ? memory_read(m, at, slot, ATOM_BYTES) : -E_NOT_FOUND;
}

/* The bytes of a binary that is too long for a heap: {header, base and flags,
 * start, end, original}, where start and end are in bits (ErlSubBits, since OTP
 * 27; erl_bits.h). */
static int find_long(const struct memory *m, uint64_t at, int len,
                     uint64_t *bytes)
{
    enum { BASE = 1, START, END, WORDS, FLAGS = 3 };
    uint64_t word[WORDS];
    int err = memory_read(m, at, word, sizeof(word));
    if (err)
        return err;
    if (word[START] % 8 || word[END] - word[START] != 8 * (uint64_t)len)
        return -E_NOT_FOUND;
    *bytes = (word[BASE] & ~(uint64_t)FLAGS) + word[START] / 8;
    return 0;
}

int atoms_table_text(const struct atoms_table *t, const struct memory *m,
                     uint64_t term, char text[ATOMS_MAX_TEXT])
{
    uint8_t slot[ATOM_BYTES];
    int32_t index;
    int16_t len;
    uint64_t name;
    if (!t->segments || !atoms_is_atom(term))
        return -E_NOT_FOUND;
    int status = read_slot(t, m, term >> TERM_ATOM_BITS, slot);
    if (status < 0)
        return status;
    memcpy(&index, slot + ATOM_INDEX, sizeof(index));
    memcpy(&len, slot + ATOM_LEN, sizeof(len));
    memcpy(&name, slot + ATOM_NAME, sizeof(name));
    if (index < 0 || (uint64_t)index != term >> TERM_ATOM_BITS || len < 0 ||
        len >= ATOMS_MAX_TEXT || (t->boxed && (name & 3) != BOXED))
        return -E_NOT_FOUND;
    uint64_t bytes = t->boxed ? name - BOXED + BINARY_BYTES_AT : name;
    if (t->boxed && len > ON_HEAP)
        status = find_long(m, name - BOXED, len, &bytes);
    text[len] = '\0';
    return status < 0 || !len ? status
                              : memory_read(m, bytes, text, (size_t)len);
}

/* Does the table have the known atoms with their texts? */
static bool confirm(const struct atoms_table *t, const struct memory *m,
                    const struct atoms_known *known, size_t count)
{
    size_t agree = 0, against = 0;
    for (size_t i = 0; i < count; i++) {
        char text[ATOMS_MAX_TEXT];
        bool same = atoms_table_text(t, m, known[i].term, text) == 0 &&
                    strcmp(text, known[i].text) == 0;
        agree += same;
        against += !same;
        if (against > 4 && against > agree)
            return false;
    }
    return agree >= MIN_AGREE && against * 8 <= agree;
}

/* Can these numbers be size, limit and entries of the table? size grows with
   the entries, by whole pages. */
static bool plausible(uint32_t size, uint32_t limit, uint32_t entries)
{
    return size && (size & PAGE_MASK) == 0 && limit >= MIN_LIMIT &&
           size <= limit + PAGE_MASK && entries && entries <= size &&
           limit < 1u << 31;
}

static bool is_candidate(const struct exedata_part *part, size_t at,
                         const struct maps *maps)
{
    bool padded =
        plausible(exedata_u32(part, at - 16), exedata_u32(part, at - 12),
                  exedata_u32(part, at - 8));
    bool packed =
        plausible(exedata_u32(part, at - 12), exedata_u32(part, at - 8),
                  exedata_u32(part, at - 4));
    return (padded || packed) &&
           exedata_pointee(maps, exedata_u64(part, at), 8);
}

int atoms_table_find(const struct exedata *d, const struct maps *maps,
                     const struct memory *m, const struct atoms_known *known,
                     size_t count, struct atoms_table *out)
{
    for (size_t i = 0; i < d->count; i++) {
        const struct exedata_part *part = &d->parts[i];
        for (size_t at = 16; at + 8 <= part->len; at += 8) {
            if (!is_candidate(part, at, maps))
                continue;
            struct atoms_table t = {.segments = exedata_u64(part, at)};
            for (int boxed = 0; boxed < 2; boxed++) {
                t.boxed = boxed;
                if (!confirm(&t, m, known, count))
                    continue;
                *out = t;
                return 0;
            }
        }
    }
    return -E_NOT_FOUND;
}
