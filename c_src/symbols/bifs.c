#include "symbols/bifs.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/index.h"
#include "symbols/bifs_code.h"
#include "target/collector.h"

enum { MAX_CODE = 1 << 26 };

struct bifs {
    const struct jit *jit;
    const struct memory *memory;
    struct index index; /* by target, into list */
    struct bifs_entry *list;
    uint32_t count, cap;
    struct index site_index; /* by target, into sites */
    struct bifs_code_site *sites;
    uint32_t site_count, site_cap;
    size_t scanned; /* number of modules read so far, in order of id */
    uint8_t *code;  /* buffer for the code of one module */
    size_t code_cap;
    uint64_t collector;
};

int bifs_open(const struct jit *jit, const struct memory *memory,
              struct bifs **out)
{
    struct bifs *b = calloc(1, sizeof(*b));
    if (!b)
        return -ENOMEM;
    b->jit = jit;
    b->memory = memory;
    *out = b;
    return 0;
}

void bifs_close(struct bifs *b)
{
    if (!b)
        return;
    index_deinit(&b->index);
    index_deinit(&b->site_index);
    free(b->list);
    free(b->sites);
    free(b->code);
    free(b);
}

static bool same_target(const void *things, uint32_t id, const void *key)
{
    return ((const struct bifs_entry *)things)[id].target ==
           *(const uint64_t *)key;
}

static uint32_t find(const struct bifs *b, uint64_t target)
{
    return index_find(&b->index, hash_u64(0, target), same_target, b->list,
                      &target);
}

static int append(struct bifs *b, const struct bifs_entry *entry)
{
    int err = ARRAY_RESERVE(b->list, b->cap, b->count + 1);
    if (err)
        return err;
    err = index_add(&b->index, hash_u64(0, entry->target), b->count);
    if (!err)
        b->list[b->count++] = *entry;
    return err;
}

static bool is_erlang(const char *name)
{
    return name && strncmp(name, "erlang:", 7) == 0;
}

/* Two stubs with one C function: the name in module erlang, if only one of them
 * is there. A reloaded module has the same name again. */
static void settle(struct bifs_entry *entry, const char *name)
{
    if (entry->twice || (entry->name && strcmp(entry->name, name) == 0))
        return;
    entry->frame.name = NULL;
    if (is_erlang(name)) {
        entry->twice = is_erlang(entry->name);
        entry->name = entry->twice ? NULL : name;
    } else if (!is_erlang(entry->name)) {
        entry->name = NULL;
    }
}

int bifs_add(struct bifs *b, uint64_t target, const char *name, bool nif)
{
    uint32_t id = find(b, target);
    if (id == INDEX_NONE)
        return append(b, &(struct bifs_entry){
                             .target = target, .name = name, .nif = nif});
    settle(&b->list[id], name);
    return 0;
}

/* --- callers -------------------------------------------------------------- */

static bool same_site(const void *things, uint32_t id, const void *key)
{
    return ((const struct bifs_code_site *)things)[id].target ==
           *(const uint64_t *)key;
}

static uint32_t find_site(const struct bifs *b, uint64_t target)
{
    return index_find(&b->site_index, hash_u64(0, target), same_site, b->sites,
                      &target);
}

static int append_site(struct bifs *b, const struct bifs_code_site *site)
{
    int err = ARRAY_RESERVE(b->sites, b->site_cap, b->site_count + 1);
    if (err)
        return err;
    err = index_add(&b->site_index, hash_u64(0, site->target), b->site_count);
    if (!err)
        b->sites[b->site_count++] = *site;
    return err;
}

static int add_site(struct bifs *b, const struct bifs_code_site *site)
{
    uint32_t id = find_site(b, site->target);
    if (id == INDEX_NONE)
        return append_site(b, site);
    if (b->sites[id].export != site->export)
        b->sites[id].export = 0;
    return 0;
}

static void scan_sites(struct bifs *b, const uint8_t *code, size_t len)
{
    struct bifs_code_site site;
    size_t at = 0;
    while (bifs_code_next_site(code, len, &at, &site))
        if (add_site(b, &site))
            return;
}

/* --- modules -------------------------------------------------------------- */

static void scan_function(struct bifs *b, const struct jit_module *module,
                          const struct jit_function *f, const uint8_t *code)
{
    struct bifs_code stub;
    size_t len = (size_t)(f->end - f->start);
    if (len > BIFS_CODE_BYTES)
        len = BIFS_CODE_BYTES;
    if (f->start < module->base || f->end > module->base + module->size ||
        !bifs_code_decode(code + (f->start - module->base), len, f->start,
                          &stub))
        return;
    for (size_t i = 0; i < stub.count; i++)
        if (bifs_add(b, stub.target[i], f->name, stub.nif))
            return; /* no memory: the name is only missing */
}

static void scan_emulator(struct bifs *b, const struct jit_module *module)
{
    uint64_t collector = collector_door(module, b->memory);
    if (collector)
        b->collector = collector;
}

/* OTP 25 keeps purged modules in the list; other code may be in their place. */
static bool is_current(const struct bifs *b, const struct jit_module *module)
{
    const struct jit_module *now;
    uint64_t time = jit_read_at(b->jit), since = jit_since(b->jit);
    return module->gone_at == JIT_FOREVER && module->function_count &&
           jit_find(b->jit, module->functions[0].start,
                    time > since ? time : since, &now) == 0 &&
           now == module;
}

/* A buffer for the code of one module. */
static uint8_t *code_buffer(struct bifs *b, size_t len)
{
    if (len > b->code_cap) {
        free(b->code);
        b->code = malloc(len);
        b->code_cap = b->code ? len : 0;
    }
    return b->code;
}

static void scan_module(struct bifs *b, const struct jit_module *module)
{
    if (module->emulator || strcmp(module->name, "global") == 0) {
        scan_emulator(b, module);
        return;
    }
    if (!is_current(b, module) || module->size > MAX_CODE)
        return;
    uint8_t *code = code_buffer(b, module->size);
    if (code && memory_read(b->memory, module->base, code, module->size) == 0) {
        for (uint32_t i = 0; i < module->function_count; i++)
            scan_function(b, module, &module->functions[i], code);
        scan_sites(b, code, module->size);
    }
}

void bifs_update(struct bifs *b)
{
    size_t count = jit_module_count(b->jit);
    while (b->scanned < count) {
        scan_module(b, jit_module(b->jit, b->scanned));
        if (deadline_check(b->memory->until)) /* perhaps it was not read */
            return;
        b->scanned++;
    }
}

bool bifs_behind(const struct bifs *b)
{
    return b->scanned < jit_module_count(b->jit);
}

void bifs_rescan(struct bifs *b)
{
    b->scanned = 0;
    bifs_update(b);
}

struct bifs_entry *bifs_find(const struct bifs *b, uint64_t start)
{
    uint32_t id = find(b, start);
    return id == INDEX_NONE || !b->list[id].name ? NULL : &b->list[id];
}

uint32_t bifs_count(const struct bifs *b)
{
    return b->count;
}

struct bifs_entry *bifs_entry(const struct bifs *b, uint32_t id)
{
    return &b->list[id];
}

uint64_t bifs_export(const struct bifs *b, uint64_t start)
{
    uint32_t id =
        find(b, start) == INDEX_NONE ? find_site(b, start) : INDEX_NONE;
    return id == INDEX_NONE ? 0 : b->sites[id].export;
}

uint64_t bifs_collector(const struct bifs *b)
{
    return b->collector;
}
