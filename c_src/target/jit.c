/*
 * The JIT list, followed while the node changes it. The VM links a new entry
 * at the head before its code can run, and on OTP 27+ unlinks and frees an
 * entry when its code is purged (beam_jit_metadata.cpp); nothing keeps it from
 * doing so while we read. A walk counts only when the links agree in both
 * directions, the head is the same afterwards and every new entry parses to
 * its exact end; else it is done again.
 */
#include "target/jit.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "target/jit_parts.h"

enum {
    MAX_ENTRIES = 1000000,
    MAX_SYMFILE = 64 << 20,
    MAX_TRIES = 5,
    HEAD_BYTES = 64, /* of a symfile, hashed to know it again */
    BATCH = 256,
};

static int add_entry(struct jit_entries *e, const struct jit_entry *entry)
{
    if (e->count == MAX_ENTRIES)
        return -E_LIMIT;
    if (e->count == e->cap) {
        size_t cap = e->cap ? e->cap * 2 : 256;
        void *bigger = realloc(e->list, cap * sizeof(*e->list));
        if (!bigger)
            return -ENOMEM;
        e->list = bigger;
        e->cap = cap;
    }
    e->list[e->count++] = *entry;
    return 0;
}

/* The links of the entries known from the last walk, read in batches: most of
 * the list is as it was, and single reads are dear. */
static void prefetch(const struct jit *jit, struct jit_link *links)
{
    struct memory_span spans[BATCH];
    for (size_t from = 0; from < jit->entries.count; from += BATCH) {
        size_t n = jit->entries.count - from;
        n = n < BATCH ? n : BATCH;
        for (size_t i = 0; i < n; i++)
            spans[i] =
                (struct memory_span){.addr = jit->entries.list[from + i].addr,
                                     .to = &links[from + i],
                                     .len = sizeof(*links)};
        (void)memory_read_many(&jit->memory, spans, n);
        for (size_t i = 0; i < n; i++)
            if (!spans[i].ok)
                links[from + i] = (struct jit_link){0};
    }
}

/* Old entries keep their order, so the one after a known entry is found at or
 * behind the place of the last: `hint` only moves forward. */
static bool known_link(const struct jit *jit, const struct jit_link *links,
                       uint64_t addr, size_t *hint, struct jit_link *out)
{
    for (size_t i = *hint; i < jit->entries.count; i++) {
        if (jit->entries.list[i].addr != addr)
            continue;
        *hint = i + 1;
        *out = links[i];
        return links[i].size != 0;
    }
    return false;
}

static int follow(const struct jit *jit, const struct jit_link *links,
                  struct jit_entries *out)
{
    uint64_t addr, first, prev = 0;
    size_t hint = 0;
    int err = memory_read_u64(&jit->memory, jit->descriptor + JIT_FIRST_ENTRY,
                              &first);
    if (err)
        return err;
    for (addr = first; addr; addr = out->list[out->count - 1].link.next) {
        struct jit_entry entry = {.addr = addr, .module = INDEX_NONE};
        if (!known_link(jit, links, addr, &hint, &entry.link) &&
            memory_read(&jit->memory, addr, &entry.link, sizeof(entry.link)))
            return -E_TORN;
        if (entry.link.prev != prev)
            return -E_TORN;
        err = add_entry(out, &entry);
        if (err)
            return err;
        prev = addr;
    }
    err =
        memory_read_u64(&jit->memory, jit->descriptor + JIT_FIRST_ENTRY, &addr);
    return err ? err : addr == first ? 0 : -E_TORN;
}

/* A freed entry's place may be taken by another module's: the head of the
 * symfile (base, size, name) tells. */
static int hash_heads(const struct jit *jit, struct jit_entries *e)
{
    static uint8_t heads[BATCH][HEAD_BYTES];
    struct memory_span spans[BATCH];
    for (size_t from = 0; from < e->count; from += BATCH) {
        size_t n = e->count - from < BATCH ? e->count - from : BATCH;
        for (size_t i = 0; i < n; i++) {
            const struct jit_link *link = &e->list[from + i].link;
            spans[i] = (struct memory_span){
                .addr = link->symfile,
                .to = heads[i],
                .len = link->size < HEAD_BYTES ? link->size : HEAD_BYTES};
        }
        int err = memory_read_many(&jit->memory, spans, n);
        if (err < 0)
            return err;
        for (size_t i = 0; i < n; i++) {
            if (!spans[i].ok)
                return -E_TORN;
            e->list[from + i].head_hash = hash_bytes(heads[i], spans[i].len);
        }
    }
    return 0;
}

static bool same_entry(const struct jit_entry *a, const struct jit_entry *b)
{
    return a->addr == b->addr && a->link.symfile == b->link.symfile &&
           a->link.size == b->link.size && a->head_hash == b->head_hash;
}

/* Entries of both lists in one order: marks in `kept` which old ones are still
 * there and copies their modules. New ones come before them or between. */
static void match_known(const struct jit_entries *old, struct jit_entries *now,
                        bool *is_new, bool *kept)
{
    size_t at = 0;
    for (size_t i = 0; i < now->count; i++) {
        is_new[i] = true;
        for (size_t j = at; j < old->count; j++) {
            if (!same_entry(&old->list[j], &now->list[i]))
                continue;
            now->list[i].module = old->list[j].module;
            is_new[i] = false;
            kept[j] = true;
            at = j + 1;
            break;
        }
    }
}

static int read_module(const struct jit *jit, const struct jit_entry *entry,
                       struct jit_module **out, uint32_t *layout,
                       uint64_t *normal_exit)
{
    if (entry->link.size > MAX_SYMFILE)
        return -E_TORN;
    uint8_t *bytes = malloc(entry->link.size ? entry->link.size : 1);
    if (!bytes)
        return -ENOMEM;
    int err =
        memory_read(&jit->memory, entry->link.symfile, bytes, entry->link.size);
    if (!err)
        err =
            jit_parse_entry(bytes, entry->link.size, out, layout, normal_exit);
    free(bytes);
    return err == -ENOMEM || !err ? err : -E_TORN;
}

/* A walk's result before it is taken over. */
struct walk {
    struct jit_entries entries;
    bool *is_new, *kept;
    struct jit_module **parsed; /* of the new entries, same place */
    size_t parsed_count;
    uint32_t frame_layout;
    uint64_t normal_exit;
};

static void walk_deinit(struct walk *w)
{
    for (size_t i = 0; i < w->parsed_count; i++)
        jit_module_free(w->parsed[i]);
    free(w->parsed);
    free(w->is_new);
    free(w->kept);
    free(w->entries.list);
}

static int parse_new(const struct jit *jit, struct walk *w)
{
    for (size_t i = 0; i < w->entries.count; i++) {
        if (!w->is_new[i])
            continue;
        int err = read_module(jit, &w->entries.list[i], &w->parsed[i],
                              &w->frame_layout, &w->normal_exit);
        if (err)
            return err;
    }
    return 0;
}

static int walk_once(const struct jit *jit, struct walk *w)
{
    struct jit_link *links = calloc(jit->entries.count + 1, sizeof(*links));
    if (!links)
        return -ENOMEM;
    prefetch(jit, links);
    int err = follow(jit, links, &w->entries);
    free(links);
    if (!err)
        err = hash_heads(jit, &w->entries);
    if (err)
        return err;
    w->is_new = calloc(w->entries.count + 1, sizeof(*w->is_new));
    w->kept = calloc(jit->entries.count + 1, sizeof(*w->kept));
    w->parsed = calloc(w->entries.count + 1, sizeof(struct jit_module *));
    if (!w->is_new || !w->kept || !w->parsed)
        return -ENOMEM;
    w->parsed_count = w->entries.count;
    match_known(&jit->entries, &w->entries, w->is_new, w->kept);
    return parse_new(jit, w);
}

static int add_module(struct jit *jit, struct jit_module *m, uint64_t now)
{
    if (jit->module_count == jit->module_cap) {
        size_t cap = jit->module_cap ? jit->module_cap * 2 : 256;
        void *bigger = realloc(jit->modules, cap * sizeof(m));
        if (!bigger)
            return -ENOMEM;
        jit->modules = bigger;
        jit->module_cap = cap;
    }
    m->id = (uint32_t)jit->module_count;
    m->absent_at = jit->read_at;
    m->seen_from = m->seen_until = now;
    m->gone_at = JIT_FOREVER;
    int err = jit_pages_add(&jit->pages, m);
    if (!err)
        jit->modules[jit->module_count++] = m;
    return err;
}

static void mark_removed(struct jit *jit, const struct walk *w, uint64_t now)
{
    for (size_t i = 0; i < jit->entries.count; i++) {
        if (w->kept[i] || jit->entries.list[i].module == INDEX_NONE)
            continue;
        jit->modules[jit->entries.list[i].module]->gone_at = now;
        jit->counters.removed++;
    }
}

/* Oldest first, so that ids grow with the time of loading. */
static int take_new(struct jit *jit, struct walk *w, uint64_t now)
{
    bool first_read = jit->read_at == 0;
    for (size_t i = w->entries.count; i-- > 0;) {
        struct jit_module *m = w->parsed[i];
        if (!m || m->size == 0)
            continue;
        int err = add_module(jit, m, now);
        if (err)
            return err;
        w->parsed[i] = NULL;
        w->entries.list[i].module = m->id;
        jit->counters.loaded += !first_read;
    }
    return 0;
}

static int take_over(struct jit *jit, struct walk *w, uint64_t started)
{
    uint64_t now = clock_now_ns();
    mark_removed(jit, w, now);
    int err = take_new(jit, w, now);
    for (size_t i = 0; i < w->entries.count; i++)
        if (w->entries.list[i].module != INDEX_NONE)
            jit->modules[w->entries.list[i].module]->seen_until = started;
    if (err)
        return err;
    jit->frame_layout = w->frame_layout;
    jit->normal_exit = w->normal_exit;
    struct jit_entries old = jit->entries;
    jit->entries = w->entries;
    w->entries = (struct jit_entries){0};
    free(old.list);
    jit->read_at = jit->walked_at = started;
    return 0;
}

int jit_refresh(struct jit *jit)
{
    int err = -E_TORN;
    for (int i = 0; i < MAX_TRIES && err == -E_TORN; i++) {
        struct walk w = {.frame_layout = jit->frame_layout,
                         .normal_exit = jit->normal_exit};
        uint64_t started = clock_now_ns();
        err = walk_once(jit, &w);
        if (!err)
            err = take_over(jit, &w, started);
        walk_deinit(&w);
        jit->counters.torn += err == -E_TORN;
    }
    jit->counters.reads += !err;
    return err;
}

int jit_changed(struct jit *jit)
{
    uint64_t now = clock_now_ns(), first;
    struct jit_link link;
    int err = memory_read_u64(&jit->memory, jit->descriptor + JIT_FIRST_ENTRY,
                              &first);
    if (err)
        return err;
    const struct jit_entry *head = jit->entries.list;
    if (first != head->addr)
        return 1;
    err = memory_read(&jit->memory, first, &link, sizeof(link));
    if (err)
        return err;
    if (memcmp(&link, &head->link, sizeof(link)) != 0)
        return 1;
    jit->read_at = now;
    return 0;
}

int jit_open(const struct process *p, const struct maps *maps,
             const struct memory *m, struct jit **out)
{
    uint64_t descriptor;
    int err = jit_locate(p, maps, m, &descriptor);
    if (err)
        return err;
    struct jit *jit = calloc(1, sizeof(*jit));
    if (!jit)
        return -ENOMEM;
    jit->memory = *m;
    jit->descriptor = descriptor;
    jit_pages_init(&jit->pages);
    err = jit_refresh(jit);
    if (!err && (jit->module_count == 0 || jit->normal_exit == 0))
        err = -E_NOT_JIT;
    if (err) {
        jit_close(jit);
        return err;
    }
    *out = jit;
    return 0;
}

void jit_close(struct jit *jit)
{
    if (!jit)
        return;
    for (size_t i = 0; i < jit->module_count; i++)
        jit_module_free(jit->modules[i]);
    free(jit->modules);
    free(jit->entries.list);
    jit_pages_deinit(&jit->pages);
    free(jit);
}

uint64_t jit_read_at(const struct jit *jit)
{
    return jit->read_at;
}

struct jit_counters jit_counters(const struct jit *jit)
{
    return jit->counters;
}

size_t jit_module_count(const struct jit *jit)
{
    return jit->module_count;
}

const struct jit_module *jit_module(const struct jit *jit, size_t id)
{
    return jit->modules[id];
}

bool jit_frame_pointers(const struct jit *jit)
{
    return jit->frame_layout == 1;
}

uint64_t jit_normal_exit(const struct jit *jit)
{
    return jit->normal_exit;
}
