#include "unwind/unwind_code.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/index.h"
#include "target/page.h"

enum { PAGES = 1024, SITES = 8192, CALLS = 4096 };

struct page {
    uint64_t addr; /* 0: empty */
    uint64_t generation;
    bool readable;
    uint8_t *bytes;
};

struct site_slot {
    uint64_t generation; /* 0: empty */
    struct unwind_site site;
};

/* Does one function call one fragment? key is the hash of both. */
struct call_slot {
    uint64_t generation; /* 0: empty */
    uint64_t key;
    bool found;
};

struct unwind_code {
    const struct memory *memory;
    const struct jit *jit;
    uint64_t generation;
    uint64_t area_start, area_end; /* the mapping of the VM's shared code */
    size_t modules;
    uint64_t removed;
    uint32_t stop;
    struct page pages[PAGES];
    struct site_slot sites[SITES];
    struct call_slot calls[CALLS];
};

int unwind_code_open(const struct memory *m, const struct jit *jit,
                     struct unwind_code **out)
{
    struct unwind_code *c = calloc(1, sizeof(*c));
    if (!c)
        return -ENOMEM;
    c->memory = m;
    c->jit = jit;
    c->generation = 1;
    *out = c;
    return 0;
}

void unwind_code_close(struct unwind_code *c)
{
    if (!c)
        return;
    for (size_t i = 0; i < PAGES; i++)
        free(c->pages[i].bytes);
    free(c);
}

void unwind_code_sync(struct unwind_code *c, uint32_t stop)
{
    size_t modules = jit_module_count(c->jit);
    uint64_t removed = jit_counters(c->jit).removed;
    if (modules == c->modules && removed == c->removed && stop == c->stop)
        return;
    c->modules = modules;
    c->removed = removed;
    c->stop = stop;
    c->generation++;
}

/* Code can run before the list has it. So everything in the mapping of the VM's
 * own fragments is taken as code (erts/emulator/beam/jit/beam_jit_main.cpp
 * allocates both from one JitAllocator). */
void unwind_code_set_maps(struct unwind_code *c, const struct maps *maps)
{
    const struct map *map = maps_find(maps, jit_normal_exit(c->jit));
    bool code = map && (map->flags & MAPS_EXEC);
    c->area_start = code ? map->start : 0;
    c->area_end = code ? map->end : 0;
}

bool unwind_code_has(const struct unwind_code *c, uint64_t addr)
{
    if (addr >= c->area_start && addr < c->area_end)
        return true;
    return addr >= PAGE && jit_contains(c->jit, addr);
}

static const struct page *page_of(struct unwind_code *c, uint64_t addr)
{
    struct page *page = &c->pages[addr / PAGE % PAGES];
    if (page->generation == c->generation && page->addr == addr)
        return page;
    if (!page->bytes)
        page->bytes = malloc(PAGE);
    page->addr = addr;
    page->generation = c->generation;
    page->readable =
        page->bytes && memory_read(c->memory, addr, page->bytes, PAGE) == 0;
    return page;
}

/* Copies [addr, addr + len) as far as it can be read; returns how many bytes.
 */
static size_t read_code(struct unwind_code *c, uint64_t addr, uint8_t *to,
                        size_t len)
{
    size_t done = 0;
    while (done < len) {
        uint64_t at = addr + done;
        const struct page *page = page_of(c, at & ~(uint64_t)(PAGE - 1));
        if (!page->readable)
            break;
        size_t n = PAGE_REST(at);
        if (n > len - done)
            n = len - done;
        memcpy(to + done, page->bytes + at % PAGE, n);
        done += n;
    }
    return done;
}

/* Two shared fragments have a meaning for the stack. */
static void learn_fragment(struct unwind_code *c, struct unwind_site *site,
                           const struct jit_function *f)
{
    site->scheduling = strcmp(f->name, "global::process_main") == 0;
    if (strcmp(f->name, "global::call_light_bif_shared") != 0)
        return;
    uint8_t code[SEAM_AFTER];
    size_t len =
        f->end - f->start < sizeof(code) ? f->end - f->start : sizeof(code);
    len = read_code(c, f->start, code, len);
    site->entry = unwind_seam_entry(code, len, &site->entry_disp);
}

/* at: an address in the call instruction, or in that of the leaf. */
static void learn_function(struct unwind_code *c, struct unwind_site *site,
                           uint64_t at, uint64_t time_ns)
{
    const struct jit_module *module;
    if (jit_find(c->jit, at, time_ns, &module) != 0)
        return;
    site->emulator = module->emulator;
    const struct jit_function *f = jit_function_at(module, at);
    if (!f)
        return;
    site->function_start = f->start;
    site->function_end = f->end;
    if (module->emulator)
        learn_fragment(c, site, f);
}

static void learn_call(struct unwind_code *c, struct unwind_site *site)
{
    uint8_t before[SEAM_BEFORE];
    int32_t target = 0;
    /* If the code cannot be read, the address is accepted. */
    site->after_call = true;
    if (read_code(c, site->addr - SEAM_BEFORE, before, SEAM_BEFORE) ==
        SEAM_BEFORE)
        site->after_call = unwind_seam_is_return(before, &target);
    site->callee = target ? site->addr + (uint64_t)(int64_t)target : 0;
    /* The VM itself pushes addresses of its shared code (normal_exit,
     * return_trace, ...), which do not follow a call. */
    if (site->emulator)
        site->after_call = true;
}

static void learn_resume(struct unwind_code *c, struct unwind_site *site)
{
    if (jit_frame_pointers(c->jit)) {
        site->resume = SEAM_STOP;
        return;
    }
    uint8_t after[SEAM_AFTER];
    size_t len = sizeof(after);
    if (site->function_end >= site->addr &&
        site->function_end - site->addr < len)
        len = site->function_end - site->addr;
    len = read_code(c, site->addr, after, len);
    site->resume = unwind_seam_resume(after, len, c->stop);
}

const struct unwind_site *unwind_code_site(struct unwind_code *c, uint64_t addr,
                                           uint64_t time_ns)
{
    struct site_slot *slot = &c->sites[hash_u64(0, addr) % SITES];
    if (slot->generation == c->generation && slot->site.addr == addr)
        return &slot->site;
    slot->generation = c->generation;
    slot->site = (struct unwind_site){.addr = addr};
    learn_function(c, &slot->site, addr - 1, time_ns);
    learn_call(c, &slot->site);
    learn_resume(c, &slot->site);
    return &slot->site;
}

/* Modules reach shared fragments through jumps at the end of their own code:
 * jmp rel32, or jmp [rip+disp] (beam_asm_module.cpp: the dispatch table).
 * Returns the target of such a jump at `at`, or 0. */
static uint64_t behind_jump(struct unwind_code *c, uint64_t at)
{
    uint8_t code[6];
    int32_t distance;
    uint64_t target = 0;
    if (read_code(c, at, code, sizeof(code)) < sizeof(code))
        return 0;
    if (code[0] == 0xe9) {
        memcpy(&distance, code + 1, sizeof(distance));
        return at + 5 + (uint64_t)(int64_t)distance;
    }
    memcpy(&distance, code + 2, sizeof(distance));
    uint64_t slot = at + 6 + (uint64_t)(int64_t)distance;
    if (code[0] != 0xff || code[1] != 0x25 ||
        read_code(c, slot, (uint8_t *)&target, sizeof(target)) < 8)
        return 0;
    return target;
}

static bool inside(const struct unwind_site *function, uint64_t addr)
{
    return addr >= function->function_start && addr < function->function_end;
}

static bool scan_calls(struct unwind_code *c, const struct unwind_site *from,
                       const struct unwind_site *to)
{
    enum { CALL_REL32 = 0xe8, CALL_BYTES = 5 };
    uint8_t code[PAGE];
    for (uint64_t at = from->function_start; at < from->function_end;) {
        uint64_t left = from->function_end - at;
        size_t len = read_code(c, at, code, left < PAGE ? left : PAGE);
        if (len < CALL_BYTES)
            return false;
        for (size_t i = 0; i + CALL_BYTES <= len; i++) {
            int32_t distance;
            memcpy(&distance, code + i + 1, sizeof(distance));
            uint64_t callee = at + i + CALL_BYTES + (uint64_t)(int64_t)distance;
            if (code[i] == CALL_REL32 &&
                (inside(to, callee) || inside(to, behind_jump(c, callee))))
                return true;
        }
        at += len - (CALL_BYTES - 1);
    }
    return false;
}

bool unwind_code_calls(struct unwind_code *c, uint64_t ret, uint64_t fragment,
                       uint64_t time_ns)
{
    struct unwind_site to, from = *unwind_code_site(c, ret, time_ns);
    unwind_code_leaf(c, fragment, time_ns, &to);
    if (!to.emulator || !to.function_start)
        return false;
    uint64_t key = hash_u64(from.function_start, to.function_start);
    struct call_slot *slot = &c->calls[key % CALLS];
    if (slot->generation != c->generation || slot->key != key)
        *slot =
            (struct call_slot){c->generation, key, scan_calls(c, &from, &to)};
    return slot->found;
}

bool unwind_code_same_function(struct unwind_code *c, uint64_t ret,
                               uint64_t addr, uint64_t time_ns)
{
    return inside(unwind_code_site(c, ret, time_ns), addr);
}

void unwind_code_leaf(struct unwind_code *c, uint64_t ip, uint64_t time_ns,
                      struct unwind_site *out)
{
    *out = (struct unwind_site){.addr = ip};
    learn_function(c, out, ip, time_ns);
}

void unwind_code_leaf_resume(struct unwind_code *c, struct unwind_site *leaf)
{
    learn_resume(c, leaf);
}
