#include "symbols/bifs.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/intern.h"
#include "symbols/bifs_code.h"
#include "target/collector.h"

enum { MAX_CODE = 1 << 26 };

struct bifs {
    const struct jit *jit;
    const struct memory *memory;
    struct intern entries; /* struct bifs_entry, by target */
    struct intern sites;   /* struct bifs_code_site, by target */
    size_t scanned;        /* number of modules read so far, in order of id */
    uint8_t *code;         /* buffer for the code of one module */
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
    intern_init(&b->entries, sizeof(struct bifs_entry), sizeof(uint64_t));
    intern_init(&b->sites, sizeof(struct bifs_code_site), sizeof(uint64_t));
    *out = b;
    return 0;
}

void bifs_close(struct bifs *b)
{
    if (!b)
        return;
    intern_deinit(&b->entries);
    intern_deinit(&b->sites);
    free(b->code);
    free(b);
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
    const struct bifs_entry entry = {
        .target = target, .name = name, .nif = nif};
    int64_t id = intern_row(&b->entries, &entry);
    if (id < 0)
        return (int)id;
    settle(bifs_entry(b, (uint32_t)id), name);
    return 0;
}

/* --- callers -------------------------------------------------------------- */

static struct bifs_code_site *site_at(const struct bifs *b, uint32_t id)
{
    return &((struct bifs_code_site *)b->sites.rows)[id];
}

static int add_site(struct bifs *b, const struct bifs_code_site *site)
{
    int64_t id = intern_row(&b->sites, site);
    if (id < 0)
        return (int)id;
    struct bifs_code_site *known = site_at(b, (uint32_t)id);
    if (known->export != site->export)
        known->export = 0;
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
    uint32_t id = intern_find(&b->entries, &start);
    if (id == INDEX_NONE || !bifs_entry(b, id)->name)
        return NULL;
    return bifs_entry(b, id);
}

uint32_t bifs_count(const struct bifs *b)
{
    return b->entries.len;
}

struct bifs_entry *bifs_entry(const struct bifs *b, uint32_t id)
{
    return &((struct bifs_entry *)b->entries.rows)[id];
}

uint64_t bifs_export(const struct bifs *b, uint64_t start)
{
    uint32_t id = intern_find(&b->entries, &start) == INDEX_NONE
                      ? intern_find(&b->sites, &start)
                      : INDEX_NONE;
    return id == INDEX_NONE ? 0 : site_at(b, id)->export;
}

uint64_t bifs_collector(const struct bifs *b)
{
    return b->collector;
}
