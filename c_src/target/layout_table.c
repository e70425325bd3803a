/*
 * Finds the process table and the port table without symbols, and copies some
 * of their processes or ports to learn from. erts_proc and erts_port are
 * ErtsPTab structures in the executable's data; their read-only part begins
 * with (erts/emulator/beam/erl_ptab.h)
 *
 *   +0 tab         pointer to max words, each 0 or a Process *
 *   +8 free_id_data
 *  +16 u32 max     a power of two
 *  +20 u32 or +24 u64 pix_mask = max - 1   (before and since OTP 26)
 *
 * A slot's element begins with its id, and the id contains the slot's number.
 * This confirms the table and shows the format of the terms. A node without any
 * connection has a single port.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/term.h"
#include "target/layout_parts.h"

enum {
    MIN_SLOTS = 1024,
    MAX_SLOTS = 1 << 27,
    LOOK_SLOTS = 8192, /* slots read; processes in sequence are 8 slots apart */
    MIN_CONFIRMED = 3,
};

static bool is_table(const struct exedata_part *part, size_t at,
                     const struct maps *maps, uint64_t *size)
{
    uint64_t max = exedata_u32(part, at + 16);
    if (max < MIN_SLOTS || max > MAX_SLOTS || (max & (max - 1)))
        return false;
    if (exedata_u32(part, at + 20) != max - 1 &&
        exedata_u64(part, at + 24) != max - 1)
        return false;
    if (!exedata_pointee(maps, exedata_u64(part, at), max * 8))
        return false;
    *size = max;
    return true;
}

int layout_table_piece(const struct memory *m, uint64_t address,
                       struct layout_piece *out)
{
    /* At the end of a mapping, fewer words than are searched may be left. */
    static const size_t words[] = {LAYOUT_WORDS, 96, 80};
    int status = -EFAULT;
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        status = memory_read(m, address, out->word, words[i] * 8);
        if (status != -EFAULT) {
            out->words = words[i];
            break;
        }
    }
    out->address = address;
    return status;
}

static bool is_of(enum layout_table_of of, uint64_t id)
{
    return of == LAYOUT_PORTS ? term_is_port(id) : term_is_pid(id);
}

static bool in_use(uint64_t slot)
{
    return slot != 0 && slot % 8 == 0;
}

/* Copies processes or ports from the whole range of slots, because neighbours
   are often of one kind, and counts which format of ids fits. */
static int copy(const struct memory *m, enum layout_table_of of,
                const uint64_t *slots, size_t n, struct layout_pieces *p)
{
    unsigned old_fits = 0, new_fits = 0;
    size_t used = 0, seen = 0;
    for (size_t i = 0; i < n; i++)
        used += in_use(slots[i]);
    size_t step = (used + LAYOUT_PIECES - 1) / LAYOUT_PIECES;
    for (size_t i = 0; i < n && p->count < LAYOUT_PIECES; i++) {
        struct layout_piece *piece = &p->list[p->count];
        if (!in_use(slots[i]) || seen++ % step != 0)
            continue;
        int status = layout_table_piece(m, slots[i], piece);
        if (status < 0 && status != -EFAULT)
            return status;
        uint64_t id = piece->word[0];
        if (status < 0 || !is_of(of, id))
            continue;
        bool fits_old = term_slot(id, true, p->table_size) == i;
        bool fits_new = term_slot(id, false, p->table_size) == i;
        old_fits += fits_old;
        new_fits += fits_new;
        piece->has_index = true;
        piece->index = i;
        if (fits_old || fits_new)
            p->count++;
    }
    p->old_ids = old_fits > new_fits;
    unsigned fits = p->old_ids ? old_fits : new_fits;
    if (fits < (of == LAYOUT_PORTS ? 1 : MIN_CONFIRMED))
        p->count = 0;
    return 0;
}

static int try_table(const struct memory *m, enum layout_table_of of,
                     uint64_t tab, uint64_t size, struct layout_pieces *p)
{
    size_t n = size < LOOK_SLOTS ? size : LOOK_SLOTS;
    uint64_t *slots = malloc(n * sizeof(*slots));
    if (!slots)
        return -ENOMEM;
    p->table = tab;
    p->table_size = size;
    int status = memory_read(m, tab, slots, n * sizeof(*slots));
    if (status == 0)
        status = copy(m, of, slots, n, p);
    free(slots);
    if (p->count == 0)
        p->table = p->table_size = 0;
    return status == -EFAULT ? 0 : status;
}

int layout_table_read(const struct exedata *d, const struct maps *maps,
                      const struct memory *m, enum layout_table_of of,
                      struct layout_pieces *out)
{
    struct layout_pieces p = {.count = 0};
    p.list = calloc(LAYOUT_PIECES, sizeof(*p.list));
    if (!p.list)
        return -ENOMEM;
    int status = 0;
    for (size_t i = 0; i < d->count && status == 0 && p.count == 0; i++) {
        const struct exedata_part *part = &d->parts[i];
        uint64_t size;
        for (size_t at = 0; at + 32 <= part->len; at += 8) {
            if (!is_table(part, at, maps, &size))
                continue;
            p.place = part->addr + at;
            status = try_table(m, of, exedata_u64(part, at), size, &p);
            if (status < 0 || p.count > 0)
                break;
        }
    }
    if (status < 0)
        free(p.list);
    else
        *out = p;
    return status;
}
