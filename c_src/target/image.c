/* The ELF header, segments, sections and notes, and access to bytes by their
   address. Layouts: System V gABI, chapters 4 and 5; elf(5). */
#include "target/image.h"

#include <elf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/reader.h"
#include "target/image_parts.h"
#include "target/page.h"

enum { MAX_SECTION_NAME = 256 };

const uint8_t *image_view(const struct image *image, uint64_t offset,
                          uint64_t len)
{
    if (offset > image->len || len > image->len - offset)
        return NULL;
    return image->bytes + offset;
}

static struct reader reader_at(const struct image *image, uint64_t offset,
                               uint64_t len)
{
    const uint8_t *at = image_view(image, offset, len);
    return reader_of(at, at ? len : 0);
}

/* --- header ---------------------------------------------------------------*/

struct header {
    uint64_t phoff, shoff;
    uint16_t phentsize, phnum, shentsize, shnum, shstrndx;
};

static bool is_elf64(const uint8_t *ident)
{
    return memcmp(ident, ELFMAG, SELFMAG) == 0 &&
           ident[EI_CLASS] == ELFCLASS64 && ident[EI_DATA] == ELFDATA2LSB;
}

static bool read_header(const struct image *image, struct header *h)
{
    struct reader r = reader_of(image->bytes, image->len);
    const uint8_t *ident = reader_bytes(&r, EI_NIDENT);
    if (!ident || !is_elf64(ident))
        return false;
    uint16_t type = reader_u16(&r);
    reader_skip(&r, 2 + 4 + 8); /* machine, version, entry */
    h->phoff = reader_u64(&r);
    h->shoff = reader_u64(&r);
    reader_skip(&r, 4 + 2); /* flags, ehsize */
    h->phentsize = reader_u16(&r);
    h->phnum = reader_u16(&r);
    h->shentsize = reader_u16(&r);
    h->shnum = reader_u16(&r);
    h->shstrndx = reader_u16(&r);
    return !r.failed && (type == ET_EXEC || type == ET_DYN);
}

/* --- segments -------------------------------------------------------------*/

/* If the file is truncated, the part of the segment that is left is used. */
static void add_load(struct image *image, struct image_segment s)
{
    if (image->segment_count == IMAGE_MAX_SEGMENTS || s.offset >= image->len ||
        s.vaddr > UINT64_MAX - s.memsz)
        return;
    if (s.filesz > image->len - s.offset)
        s.filesz = image->len - s.offset;
    if (s.filesz > s.memsz)
        s.filesz = s.memsz;
    image->segments[image->segment_count++] = s;
}

/* The build id: an NT_GNU_BUILD_ID note, in a PT_NOTE segment or section. */
static void read_notes(struct image *image, struct reader r, uint64_t align)
{
    uint32_t mask = align == 8 ? 7 : 3;
    while (image->build_id_len == 0 && !r.failed && reader_left(&r) >= 12) {
        uint32_t name_len = reader_u32(&r), len = reader_u32(&r);
        uint32_t type = reader_u32(&r);
        const uint8_t *name = reader_bytes(&r, name_len);
        reader_skip(&r, -(12 + name_len) & mask);
        const uint8_t *id = reader_bytes(&r, len);
        if (name && id && type == NT_GNU_BUILD_ID && name_len == 4 &&
            memcmp(name, "GNU", 4) == 0 && len <= sizeof(image->build_id)) {
            memcpy(image->build_id, id, len);
            image->build_id_len = len;
        }
        reader_skip(&r, -len & mask);
    }
}

struct unwind_segment {
    uint64_t vaddr, len;
};

static void read_segment(struct image *image, struct reader *r,
                         struct unwind_segment *unwind)
{
    struct image_segment s;
    uint32_t type = reader_u32(r);
    s.flags = reader_u32(r);
    s.offset = reader_u64(r);
    s.vaddr = reader_u64(r);
    reader_skip(r, 8); /* physical address */
    s.filesz = reader_u64(r);
    s.memsz = reader_u64(r);
    uint64_t align = reader_u64(r);
    if (type == PT_LOAD)
        add_load(image, s);
    else if (type == PT_NOTE)
        read_notes(image, reader_at(image, s.offset, s.filesz), align);
    else if (type == PT_GNU_EH_FRAME)
        *unwind = (struct unwind_segment){s.vaddr, s.filesz};
}

static int read_segments(struct image *image, const struct header *h)
{
    if (h->phentsize != sizeof(Elf64_Phdr))
        return -E_FORMAT;
    uint64_t len = (uint64_t)h->phnum * h->phentsize;
    struct reader r = reader_at(image, h->phoff, len);
    if (reader_left(&r) != len || len == 0)
        return -E_FORMAT;
    struct unwind_segment unwind = {0, 0};
    while (reader_left(&r))
        read_segment(image, &r, &unwind);
    image_unwind_load(image, unwind.vaddr, unwind.len);
    return 0;
}

const struct image_segment *image_segment_at(const struct image *image,
                                             uint64_t vaddr)
{
    for (size_t i = 0; i < image->segment_count; i++) {
        const struct image_segment *s = &image->segments[i];
        if (vaddr >= s->vaddr && vaddr - s->vaddr < s->filesz)
            return s;
    }
    return NULL;
}

const uint8_t *image_at(const struct image *image, uint64_t vaddr, size_t len)
{
    const struct image_segment *s = image_segment_at(image, vaddr);
    if (!s || len > s->filesz - (vaddr - s->vaddr))
        return NULL;
    return image_view(image, s->offset + (vaddr - s->vaddr), len);
}

/*
 * How well a segment explains file offset `at` of a mapping; 0: not at all. The
 * loader maps whole pages. So the last page of one segment and the first of the
 * next can be the same page of the file, mapped twice. The protection
 * distinguishes them, and so does the fact that a mapping is part of a single
 * segment. RELRO makes pages of writable segments read-only, so "writable" has
 * little weight.
 */
static unsigned fit(const struct image_segment *s, const struct map *map,
                    uint64_t at)
{
    uint64_t first = s->offset & ~(uint64_t)(PAGE - 1);
    uint64_t last = (s->offset + s->filesz + PAGE - 1) & ~(uint64_t)(PAGE - 1);
    if (s->filesz == 0 || at < first || at >= last)
        return 0;
    bool whole = map->offset >= first && map->offset <= last &&
                 map->end - map->start <= last - map->offset;
    bool exec = !(s->flags & PF_X) == !(map->flags & MAPS_EXEC);
    bool write = !(s->flags & PF_W) == !(map->flags & MAPS_WRITE);
    bool inside = at >= s->offset && at - s->offset < s->filesz;
    return 16u + 8u * exec + 4u * whole + 2u * write + inside;
}

uint64_t image_vaddr(const struct image *image, const struct map *map,
                     uint64_t addr)
{
    const struct image_segment *best = NULL;
    unsigned best_fit = 0;
    uint64_t at = addr - map->start + map->offset;
    for (size_t i = 0; i < image->segment_count; i++) {
        unsigned f = fit(&image->segments[i], map, at);
        if (f > best_fit) {
            best_fit = f;
            best = &image->segments[i];
        }
    }
    return best ? at - best->offset + best->vaddr : 0;
}

/* --- sections -------------------------------------------------------------*/

size_t image_section_count(const struct image *image)
{
    struct header h;
    if (!read_header(image, &h) || h.shentsize != sizeof(Elf64_Shdr))
        return 0;
    uint64_t len = (uint64_t)h.shnum * h.shentsize;
    return image_view(image, h.shoff, len) ? h.shnum : 0;
}

/* Reads all but the name, and returns the name's offset. Behind the end of the
 * file everything is 0. */
static uint32_t read_section(const struct image *image, uint64_t shoff,
                             size_t index, struct image_section *s)
{
    struct reader r = reader_at(image, shoff + index * sizeof(Elf64_Shdr),
                                sizeof(Elf64_Shdr));
    uint32_t name = reader_u32(&r);
    s->type = reader_u32(&r);
    reader_skip(&r, 8); /* flags */
    s->addr = reader_u64(&r);
    s->offset = reader_u64(&r);
    s->size = reader_u64(&r);
    s->link = reader_u32(&r);
    s->name = "";
    return name;
}

bool image_section_get(const struct image *image, size_t index,
                       struct image_section *out)
{
    struct header h;
    size_t count = image_section_count(image);
    if (index >= count || !read_header(image, &h))
        return false;
    uint32_t name = read_section(image, h.shoff, index, out);
    if (h.shstrndx >= count)
        return true;
    struct image_section names;
    read_section(image, h.shoff, h.shstrndx, &names);
    const uint8_t *text = image_view(image, names.offset, names.size);
    uint64_t left = text && name < names.size ? names.size - name : 0;
    if (left > MAX_SECTION_NAME)
        left = MAX_SECTION_NAME;
    if (left && memchr(text + name, '\0', left))
        out->name = (const char *)text + name;
    return true;
}

bool image_section_named(const struct image *image, const char *name,
                         struct image_section *out)
{
    size_t count = image_section_count(image);
    for (size_t i = 0; i < count; i++)
        if (image_section_get(image, i, out) && strcmp(out->name, name) == 0)
            return true;
    return false;
}

static void read_debuglink(struct image *image)
{
    struct image_section s;
    if (!image_section_named(image, ".gnu_debuglink", &s))
        return;
    const char *name = (const char *)image_view(image, s.offset, s.size);
    size_t len = name ? strnlen(name, s.size) : 0;
    /* Only a file name is accepted, never a path to somewhere else. */
    if (len == 0 || len == s.size || len >= sizeof(image->debuglink) ||
        memchr(name, '/', len))
        return;
    memcpy(image->debuglink, name, len + 1);
}

static void read_note_sections(struct image *image)
{
    struct image_section s;
    size_t count = image_section_count(image);
    for (size_t i = 0; i < count && image->build_id_len == 0; i++)
        if (image_section_get(image, i, &s) && s.type == SHT_NOTE)
            read_notes(image, reader_at(image, s.offset, s.size), 4);
}

/* --- life -----------------------------------------------------------------*/

static int parse(struct image *image)
{
    struct header h;
    if (!read_header(image, &h))
        return -E_FORMAT;
    int err = read_segments(image, &h);
    if (err)
        return err;
    read_note_sections(image);
    read_debuglink(image);
    return image_symbols_load(image);
}

int image_take(uint8_t *bytes, size_t len, struct image **out)
{
    struct image *image = calloc(1, sizeof(*image));
    if (!image) {
        free(bytes);
        return -ENOMEM;
    }
    image->bytes = bytes;
    image->len = len;
    int err = parse(image);
    if (err)
        image_close(image);
    else
        *out = image;
    return err;
}

int image_parse(const void *bytes, size_t len, struct image **out)
{
    if (len == 0)
        return -E_FORMAT;
    uint8_t *copy = malloc(len);
    if (!copy)
        return -ENOMEM;
    memcpy(copy, bytes, len);
    return image_take(copy, len, out);
}

void image_close(struct image *image)
{
    if (!image)
        return;
    free(image->symbols);
    free(image->names);
    free(image->bytes);
    free(image);
}
