#include "target/collector.h"

#include <string.h>

#include "target/image.h"
#include "target/procfigures.h"

enum {
    MAX_FRAGMENT = 512,   /* bytes of a shared fragment that are read */
    MAX_DOOR = 1024,      /* bytes of a C function that are searched */
    MAX_FUNCTION = 65536, /* bytes of the collector that are searched */
    MAX_CALLS = 8,
    COMPARED = 16, /* first bytes of the function */
};

/* --- the fragment --------------------------------------------------------- */

static uint64_t callee_of(const struct jit_function *f, const struct memory *m)
{
    uint8_t code[MAX_FRAGMENT];
    size_t len = (size_t)(f->end - f->start);
    uint64_t target;
    bool slot;
    if (len > sizeof(code))
        len = sizeof(code);
    if (memory_read(m, f->start, code, len) ||
        !collector_code_call(code, len, f->start, &target, &slot))
        return 0;
    return slot && memory_read_u64(m, target, &target) ? 0 : target;
}

uint64_t collector_door(const struct jit_module *module, const struct memory *m)
{
    for (uint32_t i = 0; i < module->function_count; i++)
        if (strcmp(module->functions[i].name, "global::garbage_collect") == 0)
            return callee_of(&module->functions[i], m);
    return 0;
}

static uint64_t find_door(const struct jit *jit, const struct memory *m)
{
    uint64_t door = 0;
    for (size_t id = 0; id < jit_module_count(jit) && !door; id++)
        if (jit_module(jit, id)->emulator)
            door = collector_door(jit_module(jit, id), m);
    return door;
}

/* --- the function --------------------------------------------------------- */

/* The executable's code in the node. */
struct text {
    const struct map *map;
    const struct image *image;
};

static uint64_t vaddr_of(const struct text *t, uint64_t addr)
{
    return addr >= t->map->start && addr < t->map->end
               ? image_vaddr(t->image, t->map, addr)
               : 0;
}

/* Is it the start of a function? */
static bool is_start(const struct text *t, uint64_t addr)
{
    uint64_t start, len, vaddr = vaddr_of(t, addr);
    return vaddr && image_function(t->image, vaddr, &start, &len) == 0 &&
           start == vaddr;
}

/* The only function that the door calls as it calls the collector; 0: none, or
 * several. */
static uint64_t find_inner(const struct text *t, uint64_t door)
{
    uint64_t start, len, targets[MAX_CALLS], found = 0;
    uint64_t vaddr = vaddr_of(t, door);
    if (!vaddr || image_function(t->image, vaddr, &start, &len) != 0 ||
        start != vaddr)
        return 0;
    if (len == 0 || len > MAX_DOOR)
        len = MAX_DOOR;
    const uint8_t *code = image_at(t->image, vaddr, len);
    size_t n =
        code ? collector_code_inner(code, len, door, targets, MAX_CALLS) : 0;
    for (size_t i = 0; i < n; i++) {
        if (!is_start(t, targets[i]) || targets[i] == found)
            continue;
        if (found)
            return 0;
        found = targets[i];
    }
    return found;
}

static void find_counters(const struct text *t, struct collector *out)
{
    uint64_t start, len, vaddr = vaddr_of(t, out->entry);
    if (image_function(t->image, vaddr, &start, &len) != 0 ||
        len > MAX_FUNCTION)
        return;
    const uint8_t *code = image_at(t->image, vaddr, len);
    if (!code)
        return;
    out->counter = collector_code_counter(code, len);
    out->dirty = collector_code_dirty(code, len, out->entry);
}

static bool is_as_in_file(const struct text *t, const struct memory *m,
                          uint64_t addr)
{
    uint8_t now[COMPARED];
    const uint8_t *file = image_at(t->image, vaddr_of(t, addr), COMPARED);
    if (!file || memory_read(m, addr, now, sizeof(now)))
        return false;
    return memcmp(now, file, COMPARED) == 0;
}

static int find_function(const struct process *p, const struct maps *maps,
                         const struct memory *m, const struct jit *jit,
                         struct collector *out)
{
    uint64_t door = find_door(jit, m);
    struct text t = {.map = maps_find(maps, door)};
    struct image *image;
    if (!t.map || !(t.map->flags & MAPS_EXEC) || !t.map->inode)
        return -E_COLLECTOR;
    int err = image_of_map(p, m, t.map, &image);
    if (err)
        return err;
    t.image = image;
    out->entry = find_inner(&t, door);
    bool ok = out->entry && is_as_in_file(&t, m, out->entry);
    out->counter = 0;
    out->dirty = 0;
    if (ok)
        find_counters(&t, out);
    image_close(image);
    return ok ? 0 : -E_COLLECTOR;
}

static int find_fields(const struct layout *l, const struct memory *m,
                       struct collector_fields *out)
{
    struct procfigures_places places;
    int err = procfigures_find(l, m, &places);
    if (err)
        return err;
    if (!places.known[PROCFIGURE_HEAP] || !places.known[PROCFIGURE_VHEAP] ||
        !l->known[LAYOUT_HTOP] || !l->known[LAYOUT_STOP])
        return -E_COLLECTOR;
    *out = (struct collector_fields){
        .heap = places.heap,
        .high_water = places.high_water,
        .old_heap = places.old_heap,
        .old_hend = places.old_hend,
        .fragments = places.fragments,
        .newest_fragment = places.newest_fragment,
        .off_heap = places.off_heap,
    };
    return 0;
}

int collector_find(const struct process *p, const struct maps *maps,
                   const struct memory *m, const struct jit *jit,
                   const struct layout *l, struct collector *out)
{
    int err = find_function(p, maps, m, jit, out);
    return err ? err : find_fields(l, m, &out->at);
}
