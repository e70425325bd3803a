/*
 * Function symbols: from .symtab and .dynsym, or from the dynamic section when
 * there are no section headers, as can be the case for [vdso] read from memory.
 * An address often has several names; one is kept.
 */
#include "target/image_parts.h"

#include <elf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/reader.h"
#include "base/sorted.h"

/* A longer name is taken as garbage; no real file has so many symbols. */
enum { MAX_NAME = 4096, MAX_SYMBOLS = 4 << 20 };

/* A symbol table and its strings, both inside the file. */
struct table {
    const uint8_t *symbols;
    size_t count;
    const char *strings;
    size_t strings_len;
};

struct raw_symbol {
    const char *name;
    uint64_t addr, size;
    unsigned type;
    bool local;
};

/* Reads symbol i. False when it is undefined, or has no address or no name. */
static bool get(const struct table *t, size_t i, struct raw_symbol *s)
{
    struct reader r =
        reader_of(t->symbols + i * sizeof(Elf64_Sym), sizeof(Elf64_Sym));
    uint32_t name = reader_u32(&r);
    uint8_t info = reader_u8(&r);
    reader_skip(&r, 1);
    uint16_t section = reader_u16(&r);
    s->addr = reader_u64(&r);
    s->size = reader_u64(&r);
    s->type = ELF64_ST_TYPE(info);
    s->local = ELF64_ST_BIND(info) == STB_LOCAL;
    if (section == SHN_UNDEF || s->addr == 0 || name >= t->strings_len)
        return false;
    size_t left = t->strings_len - name;
    s->name = t->strings + name;
    return s->name[0] &&
           memchr(s->name, '\0', left < MAX_NAME ? left : MAX_NAME);
}

static bool is_function(const struct raw_symbol *s)
{
    return s->type == STT_FUNC || s->type == STT_GNU_IFUNC;
}

/* --- where the tables are -------------------------------------------------*/

static bool table_of_section(const struct image *image, size_t index,
                             struct table *t)
{
    struct image_section s, strings;
    if (!image_section_get(image, index, &s) ||
        (s.type != SHT_SYMTAB && s.type != SHT_DYNSYM) ||
        !image_section_get(image, s.link, &strings) ||
        strings.type != SHT_STRTAB)
        return false;
    t->symbols = image_view(image, s.offset, s.size);
    t->count = s.size / sizeof(Elf64_Sym);
    t->strings = (const char *)image_view(image, strings.offset, strings.size);
    t->strings_len = strings.size;
    return t->symbols && t->strings && t->count <= MAX_SYMBOLS;
}

struct dynamic {
    uint64_t symtab, strtab, strsz, hash;
};

/* The program headers are not kept, so they are read again for the dynamic
 * section. */
static bool find_dynamic(const struct image *image, struct reader *out)
{
    Elf64_Ehdr h;
    memcpy(&h, image->bytes, sizeof(h)); /* image_take has checked it */
    for (size_t i = 0; i < h.e_phnum; i++) {
        Elf64_Phdr p;
        const uint8_t *at =
            image_view(image, h.e_phoff + i * sizeof(p), sizeof(p));
        if (!at)
            return false;
        memcpy(&p, at, sizeof(p));
        const uint8_t *bytes = image_view(image, p.p_offset, p.p_filesz);
        if (p.p_type == PT_DYNAMIC && bytes) {
            *out = reader_of(bytes, p.p_filesz);
            return true;
        }
    }
    return false;
}

static struct dynamic read_dynamic(struct reader r)
{
    struct dynamic d = {0};
    while (reader_left(&r) >= 16) {
        uint64_t tag = reader_u64(&r), value = reader_u64(&r);
        if (tag == DT_NULL)
            break;
        if (tag == DT_SYMTAB)
            d.symtab = value;
        else if (tag == DT_STRTAB)
            d.strtab = value;
        else if (tag == DT_STRSZ)
            d.strsz = value;
        else if (tag == DT_HASH)
            d.hash = value;
    }
    return d;
}

/* DT_HASH has the number of symbols. Without it: linkers put the strings right
   behind the symbols. */
static uint64_t dynamic_count(const struct image *image,
                              const struct dynamic *d)
{
    const uint8_t *hash = d->hash ? image_at(image, d->hash, 8) : NULL;
    struct reader r = reader_of(hash, hash ? 8 : 0);
    reader_skip(&r, 4);
    uint32_t chains = reader_u32(&r);
    if (!r.failed)
        return chains;
    if (d->strtab <= d->symtab)
        return 0;
    return (d->strtab - d->symtab) / sizeof(Elf64_Sym);
}

static bool table_of_dynamic(const struct image *image, struct table *t)
{
    struct reader r;
    if (!find_dynamic(image, &r))
        return false;
    struct dynamic d = read_dynamic(r);
    t->count = dynamic_count(image, &d);
    if (t->count > MAX_SYMBOLS)
        return false;
    t->symbols = image_at(image, d.symtab, t->count * sizeof(Elf64_Sym));
    t->strings = (const char *)image_at(image, d.strtab, d.strsz);
    t->strings_len = d.strsz;
    return t->symbols && t->strings;
}

/* The n-th table of the file, from 0; false when it has fewer. */
static bool table_get(const struct image *image, size_t n, struct table *t)
{
    size_t count = image_section_count(image), found = 0;
    for (size_t i = 0; i < count; i++)
        if (table_of_section(image, i, t) && found++ == n)
            return true;
    return found == 0 && n == 0 && table_of_dynamic(image, t);
}

/* --- one name per address -------------------------------------------------*/

unsigned image_name_rank(const char *name, bool local)
{
    return 4u * (name[0] == '_') + 2u * local + !!strchr(name, '@');
}

int image_candidate_add(struct image_candidates *c,
                        const struct image_candidate *one)
{
    int err = ARRAY_RESERVE(c->list, c->cap, c->count + 1);
    if (err)
        return err;
    c->list[c->count++] = *one;
    return 0;
}

static int by_address_and_rank(const void *a, const void *b)
{
    const struct image_candidate *x = a, *y = b;
    if (x->symbol.addr != y->symbol.addr)
        return x->symbol.addr < y->symbol.addr ? -1 : 1;
    if (x->rank != y->rank)
        return x->rank < y->rank ? -1 : 1;
    return strcmp(x->symbol.name, y->symbol.name);
}

int image_candidates_settle(struct image_candidates *c, struct image *image)
{
    struct image_symbol *list = malloc((c->count + 1) * sizeof(*list));
    if (!list)
        return -ENOMEM;
    if (c->count)
        qsort(c->list, c->count, sizeof(*c->list), by_address_and_rank);
    size_t n = 0;
    for (size_t i = 0; i < c->count; i++) {
        const struct image_symbol *s = &c->list[i].symbol;
        if (n == 0 || list[n - 1].addr != s->addr)
            list[n++] = *s;
        else if (list[n - 1].size == 0)
            list[n - 1].size = s->size;
    }
    free(image->symbols);
    image->symbols = list;
    image->symbol_count = n;
    return 0;
}

static int collect(const struct table *t, struct image_candidates *c)
{
    int err = 0;
    for (size_t i = 0; i < t->count && !err; i++) {
        struct raw_symbol s;
        if (!get(t, i, &s) || !is_function(&s))
            continue;
        struct image_candidate one = {
            .symbol = {s.addr, s.size, s.name},
            .rank = image_name_rank(s.name, s.local),
        };
        err = image_candidate_add(c, &one);
    }
    return err;
}

int image_symbols_load(struct image *image)
{
    struct image_candidates c = {0};
    struct table t;
    int err = 0;
    for (size_t n = 0; n < 8 && !err && table_get(image, n, &t); n++)
        err = collect(&t, &c);
    if (!err)
        err = image_candidates_settle(&c, image);
    free(c.list);
    return err;
}

/* --- questions ------------------------------------------------------------*/

uint64_t image_lookup(const struct image *image, const char *name)
{
    struct table t;
    for (size_t n = 0; n < 8 && table_get(image, n, &t); n++) {
        for (size_t i = 0; i < t.count; i++) {
            struct raw_symbol s;
            if (get(&t, i, &s) && s.type != STT_TLS && s.type != STT_FILE &&
                strcmp(s.name, name) == 0)
                return s.addr;
        }
    }
    for (size_t i = 0; i < image->symbol_count; i++)
        if (strcmp(image->symbols[i].name, name) == 0)
            return image->symbols[i].addr;
    return 0;
}

/* A symbol of size 0 reaches to the next one, but not beyond its segment. */
static bool holds(const struct image *image, size_t i, uint64_t vaddr,
                  bool last_before)
{
    const struct image_symbol *s = &image->symbols[i];
    if (s->size)
        return vaddr - s->addr < s->size;
    return last_before &&
           (vaddr == s->addr || (image_segment_at(image, vaddr) &&
                                 image_segment_at(image, vaddr) ==
                                     image_segment_at(image, s->addr)));
}

const struct image_symbol *image_symbol(const struct image *image,
                                        uint64_t vaddr)
{
    size_t upto = SORTED_UPTO(image->symbols, image->symbol_count, addr, vaddr);
    /* Other symbols within a function end before it does: also try the symbols
       before them. */
    for (size_t back = 0; back < 8 && back < upto; back++)
        if (holds(image, upto - 1 - back, vaddr, back == 0))
            return &image->symbols[upto - 1 - back];
    return NULL;
}
