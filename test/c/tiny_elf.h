/*
 * A small shared object, byte by byte: three segments that share one page of
 * the file, a symbol table, an unwind table, a build id and a debug link.
 *
 *   file    address   what
 *   0x000   0x0000    header, 0x040 program headers, 0x190 build id,
 *                     0x1c0 .dynsym, 0x2b0 .dynstr, 0x340 .eh_frame_hdr,
 *                     0x368 .eh_frame                         (r--)
 *   0x400   0x1400    code                                    (r-x)
 *   0x500   0x3500    dynamic, 0x550 .hash, 0x560 .gnu_debuglink,
 *                     0x580 .shstrtab, 0x600 section headers,
 *                     0x800 an object                         (rw-)
 */
#ifndef CPROF_TEST_TINY_ELF_H
#define CPROF_TEST_TINY_ELF_H

#include <elf.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum {
    TINY_LEN = 0x810,
    TINY_NOTE = 0x190,
    TINY_DYNSYM = 0x1c0,
    TINY_DYNSTR = 0x2b0,
    TINY_HDR = 0x340,
    TINY_FRAME = 0x368,
    TINY_DYNAMIC = 0x500,
    TINY_HASH = 0x550,
    TINY_LINK = 0x560,
    TINY_SHSTRTAB = 0x580,
    TINY_SECTIONS = 0x600,
    TINY_SYMBOLS = 10,
};

struct tiny {
    uint8_t bytes[TINY_LEN];
    size_t strings; /* used bytes of .dynstr */
    size_t section_names;
    size_t sections;
};

static inline void tiny_put(struct tiny *t, size_t at, const void *from,
                            size_t len)
{
    memcpy(t->bytes + at, from, len);
}

static inline uint32_t tiny_string(struct tiny *t, const char *text)
{
    uint32_t at = (uint32_t)t->strings;
    tiny_put(t, TINY_DYNSTR + at, text, strlen(text) + 1);
    t->strings += strlen(text) + 1;
    return at;
}

static inline void tiny_symbol(struct tiny *t, size_t i, const char *name,
                               unsigned bind, unsigned type, uint64_t addr,
                               uint64_t size)
{
    Elf64_Sym s = {
        .st_name = tiny_string(t, name),
        .st_info = (unsigned char)ELF64_ST_INFO(bind, type),
        .st_shndx = addr ? 1 : SHN_UNDEF,
        .st_value = addr,
        .st_size = size,
    };
    tiny_put(t, TINY_DYNSYM + i * sizeof(s), &s, sizeof(s));
}

static inline void tiny_segment(struct tiny *t, size_t i, uint32_t type,
                                uint32_t flags, uint64_t offset, uint64_t vaddr,
                                uint64_t len)
{
    Elf64_Phdr p = {type,  flags, offset, vaddr,
                    vaddr, len,   len,    type == PT_NOTE ? 4 : 0x1000};
    tiny_put(t, 0x40 + i * sizeof(p), &p, sizeof(p));
}

static inline void tiny_section(struct tiny *t, const char *name, uint32_t type,
                                uint64_t addr, uint64_t offset, uint64_t size,
                                uint32_t link)
{
    Elf64_Shdr s = {.sh_name = (uint32_t)t->section_names,
                    .sh_type = type,
                    .sh_addr = addr,
                    .sh_offset = offset,
                    .sh_size = size,
                    .sh_link = link};
    tiny_put(t, TINY_SHSTRTAB + t->section_names, name, strlen(name) + 1);
    t->section_names += strlen(name) + 1;
    tiny_put(t, TINY_SECTIONS + t->sections++ * sizeof(s), &s, sizeof(s));
}

/* One row of the search table and its FDE, which has the range it says. */
static inline void tiny_function(struct tiny *t, size_t i, uint32_t start,
                                 uint32_t range)
{
    uint32_t fde = TINY_FRAME + 0x14 + (uint32_t)i * 0x14;
    uint32_t row[2] = {start - TINY_HDR, fde - TINY_HDR};
    uint32_t body[5] = {0x10, fde + 4 - TINY_FRAME, start - (fde + 8), range};
    tiny_put(t, TINY_HDR + 12 + i * 8, row, sizeof(row));
    tiny_put(t, fde, body, sizeof(body));
}

static inline void tiny_unwind(struct tiny *t)
{
    const uint8_t encodings[4] = {1, 0x1b, 0x03, 0x3b};
    uint32_t words[2] = {TINY_FRAME - (TINY_HDR + 4), 3};
    uint8_t cie[0x14] = {0x10, 0,   0, 0, 0,    0,  0, 0,   1,
                         'z',  'R', 0, 1, 0x78, 16, 1, 0x1b};
    tiny_put(t, TINY_HDR, encodings, 4);
    tiny_put(t, TINY_HDR + 4, words, 8);
    tiny_put(t, TINY_FRAME, cie, sizeof(cie));
    tiny_function(t, 0, 0x1400, 0x20);
    tiny_function(t, 1, 0x1420, 0x40);
    tiny_function(t, 2, 0x1480, 0x10);
}

static inline void tiny_symbols(struct tiny *t)
{
    t->strings = 1;
    tiny_symbol(t, 1, "outer", STB_GLOBAL, STT_FUNC, 0x1420, 0x40);
    tiny_symbol(t, 2, "__plain", STB_GLOBAL, STT_FUNC, 0x1400, 0x20);
    tiny_symbol(t, 3, "plain", STB_GLOBAL, STT_FUNC, 0x1400, 0);
    tiny_symbol(t, 4, "inner", STB_GLOBAL, STT_GNU_IFUNC, 0x1430, 8);
    tiny_symbol(t, 5, "an_object", STB_GLOBAL, STT_OBJECT, 0x3800, 8);
    tiny_symbol(t, 6, "undefined", STB_GLOBAL, STT_FUNC, 0, 0);
    tiny_symbol(t, 7, "a_local", STB_LOCAL, STT_FUNC, 0x1480, 0);
    tiny_symbol(t, 8, "the_global", STB_GLOBAL, STT_FUNC, 0x1480, 0);
    tiny_symbol(t, 9, "", STB_GLOBAL, STT_FUNC, 0x1490, 4);
}

static inline void tiny_headers(struct tiny *t)
{
    Elf64_Ehdr h = {
        .e_ident = {0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, EV_CURRENT},
        .e_type = ET_DYN,
        .e_machine = EM_X86_64,
        .e_version = EV_CURRENT,
        .e_phoff = 0x40,
        .e_shoff = TINY_SECTIONS,
        .e_ehsize = 64,
        .e_phentsize = 56,
        .e_phnum = 6,
        .e_shentsize = 64,
        .e_shnum = 7,
        .e_shstrndx = 6};
    tiny_put(t, 0, &h, sizeof(h));
    tiny_segment(t, 0, PT_LOAD, PF_R, 0, 0, 0x400);
    tiny_segment(t, 1, PT_LOAD, PF_R | PF_X, 0x400, 0x1400, 0x100);
    tiny_segment(t, 2, PT_LOAD, PF_R | PF_W, 0x500, 0x3500, 0x310);
    tiny_segment(t, 3, PT_GNU_EH_FRAME, PF_R, TINY_HDR, TINY_HDR, 36);
    tiny_segment(t, 4, PT_NOTE, PF_R, TINY_NOTE, TINY_NOTE, 36);
    tiny_segment(t, 5, PT_DYNAMIC, PF_R, TINY_DYNAMIC, 0x3500, 80);
    tiny_section(t, "", SHT_NULL, 0, 0, 0, 0);
    tiny_section(t, ".dynsym", SHT_DYNSYM, TINY_DYNSYM, TINY_DYNSYM,
                 TINY_SYMBOLS * 24, 2);
    tiny_section(t, ".dynstr", SHT_STRTAB, TINY_DYNSTR, TINY_DYNSTR, 0x80, 0);
    tiny_section(t, ".note.gnu.build-id", SHT_NOTE, TINY_NOTE, TINY_NOTE, 36,
                 0);
    tiny_section(t, ".eh_frame", SHT_PROGBITS, TINY_FRAME, TINY_FRAME, 0x50, 0);
    tiny_section(t, ".gnu_debuglink", SHT_PROGBITS, 0, TINY_LINK, 16, 0);
    tiny_section(t, ".shstrtab", SHT_STRTAB, 0, TINY_SHSTRTAB, 0x70, 0);
}

static inline void tiny_init(struct tiny *t)
{
    memset(t, 0, sizeof(*t));
    const uint32_t note[3] = {4, 20, NT_GNU_BUILD_ID};
    uint32_t hash[2] = {1, TINY_SYMBOLS};
    uint64_t dynamic[10] = {
        DT_SYMTAB, TINY_DYNSYM, DT_STRTAB, TINY_DYNSTR, DT_STRSZ,
        0x80,      DT_HASH,     0x3550,    DT_NULL,     0};
    tiny_headers(t);
    tiny_put(t, TINY_NOTE, note, 12);
    tiny_put(t, TINY_NOTE + 12, "GNU", 4);
    for (uint8_t i = 0; i < 20; i++)
        t->bytes[TINY_NOTE + 16 + i] = (uint8_t)(0xa0 + i);
    tiny_put(t, TINY_DYNAMIC, dynamic, sizeof(dynamic));
    tiny_put(t, TINY_HASH, hash, sizeof(hash));
    tiny_put(t, TINY_LINK, "tiny.debug", 11);
    tiny_put(t, 0x800, "object!", 8);
    tiny_symbols(t);
    tiny_unwind(t);
}

/* Cuts off what needs section headers. */
static inline void tiny_strip_sections(struct tiny *t)
{
    Elf64_Ehdr h;
    memcpy(&h, t->bytes, sizeof(h));
    h.e_shnum = h.e_shstrndx = 0;
    h.e_shoff = 0;
    tiny_put(t, 0, &h, sizeof(h));
}

#endif
