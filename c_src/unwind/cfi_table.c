#include "unwind/cfi_table.h"

#include <string.h>

#include "target/regs.h"
#include "unwind/cfi_bytes.h"

enum {
    ENTRY_LEN = 8,
    PROGRAM_MAX = 1 << 20, /* the longest seen is 3 KiB */
    TEXT_MAX = 16,         /* letters of an augmentation */
    OMITTED = 0xff,
};

int cfi_table_parse(const struct cfi_section *header,
                    const struct cfi_section *frames, struct cfi_table *out)
{
    struct reader r = reader_of(header->bytes, header->len);
    uint8_t version = reader_u8(&r);
    uint8_t frames_at = reader_u8(&r);
    uint8_t count = reader_u8(&r);
    uint8_t entry = reader_u8(&r);
    reader_u32(&r); /* the address of .eh_frame, which the caller knows */
    struct cfi_table t = {
        .base = header->addr, .count = reader_u32(&r), .frames = *frames};
    if (r.failed || version != 1 || (frames_at & 7) != (CFI_BYTES_UDATA4 & 7) ||
        count != CFI_BYTES_UDATA4 ||
        entry != (CFI_BYTES_DATAREL | CFI_BYTES_SDATA4) ||
        t.count > reader_left(&r) / ENTRY_LEN)
        return -E_FORMAT;
    t.entries = reader_bytes(&r, t.count * ENTRY_LEN);
    *out = t;
    return 0;
}

/* field 0: the function's start; 1: its FDE */
static uint64_t entry_at(const struct cfi_table *t, size_t i, size_t field)
{
    struct reader r = reader_of(t->entries + i * ENTRY_LEN + 4 * field, 4);
    return t->base + (uint64_t)(int32_t)reader_u32(&r);
}

/* The last function that starts at or before addr; t->count: none. */
static size_t search(const struct cfi_table *t, uint64_t addr)
{
    size_t low = 0, high = t->count;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        if (entry_at(t, mid, 0) <= addr)
            low = mid + 1;
        else
            high = mid;
    }
    return low ? low - 1 : t->count;
}

/* A reader for a record of .eh_frame, from its id on. The 64-bit format is not
 * read, because no compiler writes it. */
static struct reader record_at(const struct cfi_section *s, uint64_t addr)
{
    struct reader r = reader_of(s->bytes, s->len);
    if (addr < s->addr || addr - s->addr > s->len)
        r.failed = true;
    else
        reader_skip(&r, addr - s->addr);
    uint32_t len = reader_u32(&r);
    return reader_sub(&r, len);
}

static uint64_t addr_of(const struct cfi_section *s, const struct reader *r)
{
    return r->failed ? 0 : s->addr + (uint64_t)(r->at - s->bytes);
}

/* The parts of a CIE that are needed to read its FDEs. */
struct common {
    struct cfi_function function;
    uint8_t encoding; /* of code addresses */
    bool sized;       /* FDEs have augmentation data, after its length */
};

static size_t read_text(struct reader *r, char text[TEXT_MAX])
{
    for (size_t i = 0; i < TEXT_MAX; i++) {
        text[i] = (char)reader_u8(r);
        if (r->failed || text[i] == '\0')
            return i;
    }
    r->failed = true;
    return 0;
}

/* The letters behind 'z' say what the data consist of, in this order. */
static void read_augmentation(struct reader *data, const char *letters,
                              struct common *c)
{
    for (; *letters && !data->failed; letters++) {
        uint8_t encoding;
        switch (*letters) {
        case 'R':
            c->encoding = reader_u8(data);
            break;
        case 'L':
            reader_u8(data);
            break;
        case 'S':
            c->function.signal = true;
            break;
        case 'B':
            break;
        case 'P':
            encoding = reader_u8(data);
            cfi_bytes_pointer(data, encoding & CFI_BYTES_FORM, 0);
            break;
        default:
            data->failed = true;
        }
    }
}

static int read_cie(const struct cfi_section *s, uint64_t addr,
                    struct common *out)
{
    struct common c = {.encoding = CFI_BYTES_ABSPTR};
    struct reader r = record_at(s, addr);
    char text[TEXT_MAX] = "";
    uint32_t id = reader_u32(&r);
    uint8_t version = reader_u8(&r);
    read_text(&r, text);
    c.function.code_align = cfi_bytes_uleb(&r);
    c.function.data_align = cfi_bytes_sleb(&r);
    uint64_t ret = version == 1 ? reader_u8(&r) : cfi_bytes_uleb(&r);
    if (r.failed || id != 0 || (version != 1 && version != 3) ||
        ret != REGS_RIP || (text[0] && text[0] != 'z'))
        return -E_FORMAT;
    if (text[0] == 'z') {
        c.sized = true;
        struct reader data = reader_sub(&r, cfi_bytes_uleb(&r));
        read_augmentation(&data, text + 1, &c);
        r.failed |= data.failed;
    }
    c.function.initial.len = reader_left(&r);
    c.function.initial.bytes = reader_bytes(&r, reader_left(&r));
    *out = c;
    return r.failed ? -E_FORMAT : 0;
}

static int read_fde(const struct cfi_section *s, uint64_t addr,
                    struct cfi_function *out)
{
    struct reader r = record_at(s, addr);
    struct common c;
    uint64_t id_addr = addr_of(s, &r);
    uint32_t id = reader_u32(&r);
    if (r.failed || id == 0 || read_cie(s, id_addr - id, &c) != 0 ||
        c.encoding == OMITTED)
        return -E_FORMAT;
    struct cfi_function *f = &c.function;
    f->start = cfi_bytes_pointer(&r, c.encoding, addr_of(s, &r));
    f->end = f->start + cfi_bytes_pointer(&r, c.encoding & CFI_BYTES_FORM, 0);
    if (c.sized)
        reader_skip(&r, cfi_bytes_uleb(&r));
    f->program.len = reader_left(&r);
    f->program.bytes = reader_bytes(&r, reader_left(&r));
    if (r.failed || f->program.len > PROGRAM_MAX ||
        f->initial.len > PROGRAM_MAX)
        return -E_FORMAT;
    *out = *f;
    return 0;
}

int cfi_table_find(const struct cfi_table *t, uint64_t addr,
                   struct cfi_function *out)
{
    struct cfi_function f;
    size_t i = search(t, addr);
    if (i == t->count)
        return -E_NOT_FOUND;
    int err = read_fde(&t->frames, entry_at(t, i, 1), &f);
    if (err)
        return err;
    if (addr < f.start || addr >= f.end)
        return -E_NOT_FOUND;
    *out = f;
    return 0;
}
