/*
 * The search table of .eh_frame_hdr, which stripped files have, too: the starts
 * of all functions with unwind information, sorted. Layout: Linux Standard Base
 * Core, "Exception Frames". Only the encodings that GNU ld, gold and lld write
 * are read.
 */
#include "target/image_parts.h"

#include <errno.h>

#include "base/reader.h"

enum {
    PE_UDATA4 = 0x03,
    PE_PCREL_SDATA4 = 0x1b,
    PE_DATAREL_SDATA4 = 0x3b,
    HEADER_LEN = 12, /* version, 3 encodings, eh_frame, count */
    ENTRY_LEN = 8,   /* function start, its FDE */
};

static uint64_t relative(uint64_t base, uint32_t offset)
{
    return base + (uint64_t)(int64_t)(int32_t)offset;
}

static void find_eh_frame(struct image *image)
{
    struct image_section s;
    const uint8_t *at = image_at(image, image->eh_frame_hdr_addr, HEADER_LEN);
    struct reader r = reader_of(at, at && image->eh_frame_hdr_addr ? 8 : 0);
    bool known = reader_u8(&r) == 1 && reader_u8(&r) == PE_PCREL_SDATA4;
    reader_skip(&r, 2);
    uint32_t offset = reader_u32(&r);
    if (known && !r.failed)
        image->eh_frame_addr = relative(image->eh_frame_hdr_addr + 4, offset);
    if (image_section_named(image, ".eh_frame", &s) &&
        image_at(image, s.addr, s.size)) {
        image->eh_frame_addr = s.addr;
        image->eh_frame_len = s.size;
        return;
    }
    const struct image_segment *in =
        image_segment_at(image, image->eh_frame_addr);
    if (!image->eh_frame_addr || !in)
        image->eh_frame_addr = 0;
    else
        image->eh_frame_len = in->vaddr + in->filesz - image->eh_frame_addr;
}

void image_unwind_load(struct image *image, uint64_t header, uint64_t len)
{
    if (header && len >= HEADER_LEN && image_at(image, header, len)) {
        image->eh_frame_hdr_addr = header;
        image->eh_frame_hdr_len = len;
    }
    find_eh_frame(image);
}

struct table {
    const uint8_t *entries;
    size_t count;
    uint64_t base; /* the file address to which entries are relative */
};

static bool find_table(const struct image *image, struct table *t)
{
    size_t len = image->eh_frame_hdr_len;
    const uint8_t *at = image_at(image, image->eh_frame_hdr_addr, len);
    if (len < HEADER_LEN || !at)
        return false;
    struct reader r = reader_of(at, len);
    if (reader_u8(&r) != 1 || reader_u8(&r) != PE_PCREL_SDATA4 ||
        reader_u8(&r) != PE_UDATA4 || reader_u8(&r) != PE_DATAREL_SDATA4)
        return false;
    reader_skip(&r, 4);
    t->count = reader_u32(&r);
    if (t->count > reader_left(&r) / ENTRY_LEN)
        t->count = reader_left(&r) / ENTRY_LEN;
    t->entries = reader_bytes(&r, t->count * ENTRY_LEN);
    t->base = image->eh_frame_hdr_addr;
    return t->count > 0;
}

static uint64_t entry(const struct table *t, size_t i, size_t field)
{
    struct reader r = reader_of(t->entries + i * ENTRY_LEN + 4 * field, 4);
    return relative(t->base, reader_u32(&r));
}

/* The pc_range of an FDE; 0 when its addresses are not encoded as pcrel sdata4,
 * or it begins elsewhere. */
static uint64_t fde_length(const struct image *image, uint64_t fde,
                           uint64_t start)
{
    const uint8_t *at = image_at(image, fde, 16);
    struct reader r = reader_of(at, at ? 16 : 0);
    uint32_t len = reader_u32(&r), cie = reader_u32(&r);
    uint32_t begin = reader_u32(&r), range = reader_u32(&r);
    if (r.failed || len < 12 || len == UINT32_MAX || cie == 0)
        return 0;
    return relative(fde + 8, begin) == start ? range : 0;
}

int image_function(const struct image *image, uint64_t vaddr, uint64_t *start,
                   uint64_t *len)
{
    struct table t;
    if (!find_table(image, &t) || entry(&t, 0, 0) > vaddr)
        return -E_NOT_FOUND;
    size_t low = 0, high = t.count; /* entry low starts at or before vaddr */
    while (high - low > 1) {
        size_t mid = low + (high - low) / 2;
        if (entry(&t, mid, 0) <= vaddr)
            low = mid;
        else
            high = mid;
    }
    uint64_t found = entry(&t, low, 0);
    uint64_t size = fde_length(image, entry(&t, low, 1), found);
    const struct image_segment *s = image_segment_at(image, vaddr);
    if (!s || s != image_segment_at(image, found) ||
        (size && vaddr - found >= size))
        return -E_NOT_FOUND;
    *start = found;
    *len = size;
    return 0;
}
