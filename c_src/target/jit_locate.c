/*
 * Finds the VM's `__jit_debug_descriptor`. OTP 25 and 27 export it; OTP 29
 * hides it (-fvisibility=hidden). So it is searched for by its structure in the
 * executable's writable data, which takes 1 ms; reading the symbols takes 2 to
 * 15 ms, and is done only if the search does not find exactly one. The
 * structure (erts/emulator/beam/jit/beam_jit_metadata.cpp):
 *
 *   descriptor {u32 version = 1; u32 action <= 2; ptr relevant; ptr first}
 *   relevant   NULL, or first (OTP 25 leaves the last load's entry there)
 *   first      {ptr next; ptr prev; ptr symfile; u64 size >= 24}
 *   symfile    {u32 kind 0 or 1}
 *
 * and the prev of every further entry is the entry before it (on OTP 25 the
 * prev of the first is uninitialized). For a moment during each load the
 * structure does not match, because of `relevant`. So the search is repeated if
 * it fails.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "target/exedata.h"
#include "target/image.h"
#include "target/jit_parts.h"
#include "target/page.h"

enum {
    DESCRIPTOR_BYTES = 24,
    MAX_TRIES = 3,
    ENTRIES = 2,
    MAX_CONSTANTS = 64 << 20, /* bytes of one mapping */
};
#define USER_END ((uint64_t)1 << 47)

static bool is_pointer(uint64_t addr)
{
    return addr >= PAGE && addr < USER_END && addr % 8 == 0;
}

static bool read_link(const struct memory *m, uint64_t addr,
                      struct jit_link *link)
{
    return is_pointer(addr) && memory_read(m, addr, link, sizeof(*link)) == 0;
}

static bool is_entry(const struct memory *m, const struct jit_link *link)
{
    uint32_t kind;
    return link->size >= JIT_MIN_SYMFILE && link->size <= JIT_MAX_SYMFILE &&
           memory_read(m, link->symfile, &kind, sizeof(kind)) == 0 && kind <= 1;
}

/* The VM adds its own two entries before those of any module, so a list has at
 * least ENTRIES entries. */
static bool is_list(const struct memory *m, uint64_t addr)
{
    uint64_t prev = 0;
    for (int i = 0; i < ENTRIES; i++) {
        struct jit_link link;
        if (!read_link(m, addr, &link) || !is_entry(m, &link) ||
            (prev && link.prev != prev))
            return false;
        prev = addr;
        addr = link.next;
    }
    return true;
}

static bool is_descriptor(const struct memory *m, uint64_t addr)
{
    struct {
        uint32_t version, action;
        uint64_t relevant, first;
    } d;
    return memory_read(m, addr, &d, sizeof(d)) == 0 && d.version == 1 &&
           d.action <= 2 && (d.relevant == 0 || d.relevant == d.first) &&
           is_list(m, d.first);
}

/* Checks the structure without following pointers, which is cheap enough for
 * every word. */
static bool looks_like(const struct exedata_part *part, size_t at)
{
    if (exedata_u32(part, at) != 1 || exedata_u32(part, at + 4) > 2)
        return false;
    uint64_t relevant = exedata_u64(part, at + 8);
    uint64_t first = exedata_u64(part, at + JIT_FIRST_ENTRY);
    return is_pointer(first) && (relevant == 0 || relevant == first);
}

static int scan(const struct process *p, const struct maps *maps,
                const struct memory *m, uint64_t *descriptor)
{
    struct exedata data;
    int err = exedata_read(p->exe, maps, m, &data);
    if (err)
        return err == -E_NOT_FOUND ? -E_NOT_JIT : err;
    size_t hits = 0;
    for (size_t i = 0; i < data.count; i++) {
        const struct exedata_part *part = &data.parts[i];
        for (size_t at = 0; at + DESCRIPTOR_BYTES <= part->len; at += 8) {
            if (!looks_like(part, at) || !is_descriptor(m, part->addr + at))
                continue;
            *descriptor = part->addr + at;
            hits++;
        }
    }
    exedata_deinit(&data);
    return hits == 1 ? 0 : -E_NOT_JIT;
}

static const struct map *executable_map(const struct process *p,
                                        const struct maps *maps)
{
    for (size_t i = 0; i < maps->count; i++)
        if (maps->list[i].offset == 0 &&
            strcmp(maps->list[i].path, p->exe) == 0)
            return &maps->list[i];
    return NULL;
}

static int by_symbol(const struct process *p, const struct maps *maps,
                     const struct memory *m, uint64_t *descriptor)
{
    const struct map *map = executable_map(p, maps);
    struct image *image;
    if (!map || image_of_map(p, m, map, &image) != 0)
        return -E_NOT_FOUND;
    uint64_t symbol = image_lookup(image, "__jit_debug_descriptor");
    uint64_t bias = map->start - image_vaddr(image, map, map->start);
    image_close(image);
    if (!symbol || !is_descriptor(m, symbol + bias))
        return -E_NOT_FOUND;
    *descriptor = symbol + bias;
    return 0;
}

/* Recognizes a VM with the JIT that has not made its code list yet: a string
 * constant of the JIT is in its executable (beam_jit_metadata.cpp). */
static int look_for_jit(const struct process *p, const struct maps *maps,
                        const struct memory *m)
{
    static const char text[] = "-CodeInfoPrologue";
    int result = -E_NOT_JIT;
    for (size_t i = 0; i < maps->count && result == -E_NOT_JIT; i++) {
        const struct map *map = &maps->list[i];
        size_t len = map->end - map->start;
        if ((map->flags & (MAPS_READ | MAPS_WRITE)) != MAPS_READ ||
            len > MAX_CONSTANTS || strcmp(map->path, p->exe) != 0)
            continue;
        char *bytes = malloc(len);
        int err = bytes ? memory_read(m, map->start, bytes, len) : -ENOMEM;
        if (err && err != -EFAULT)
            result = err;
        else if (!err && memmem(bytes, len, text, sizeof(text) - 1))
            result = -E_STARTING;
        free(bytes);
    }
    return result;
}

int jit_locate(const struct process *p, const struct maps *maps,
               const struct memory *m, uint64_t *descriptor)
{
    int err = -E_NOT_JIT;
    for (int i = 0; i < MAX_TRIES && err == -E_NOT_JIT; i++)
        err = scan(p, maps, m, descriptor);
    if (err == -E_NOT_JIT && by_symbol(p, maps, m, descriptor) == 0)
        return 0;
    return err == -E_NOT_JIT ? look_for_jit(p, maps, m) : err;
}
