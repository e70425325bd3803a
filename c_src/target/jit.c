/*
 * Follows the JIT list: turns what each walk found into modules with the time
 * spans of their code (jit.h explains the bounds).
 */
#include "target/jit.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/clock.h"
#include "target/jit_parts.h"

enum { MAX_TRIES = 5 };

static int make_room(struct jit *jit, size_t more)
{
    size_t need = jit->module_count + more;
    if (need > JIT_MAX_KEPT)
        return -E_LIMIT;
    return ARRAY_RESERVE(jit->modules, jit->module_cap, need);
}

/* Numbers the new modules, the oldest first, so that ids grow with the time of
 * loading. They count only after take_over has raised module_count. Returns how
 * many there are. */
static size_t number_new(struct jit *jit, struct jit_walk *w)
{
    size_t n = 0;
    for (size_t i = w->fresh; i-- > 0;) {
        struct jit_module *m = w->parsed[i];
        if (!m || m->size == 0)
            continue;
        m->id = (uint32_t)(jit->module_count + n);
        m->absent_at = jit->read_at;
        m->seen_from = m->seen_until = w->checked;
        m->gone_at = JIT_FOREVER;
        jit->modules[m->id] = m;
        w->entries.list[i].module = m->id;
        n++;
    }
    return n;
}

/* Marks the modules of the old list that the walk did not find, and returns how
 * many there are. */
static size_t mark_gone(struct jit *jit, const struct jit_walk *w)
{
    size_t gone = 0;
    for (size_t i = 0; i < jit->entries.count; i++)
        if (jit->entries.list[i].module != INDEX_NONE)
            jit->modules[jit->entries.list[i].module]->gone_at = w->checked;
    for (size_t i = w->fresh; i < w->entries.count; i++)
        if (w->entries.list[i].module != INDEX_NONE)
            jit->modules[w->entries.list[i].module]->gone_at = JIT_FOREVER;
    for (size_t i = 0; i < jit->entries.count; i++) {
        uint32_t id = jit->entries.list[i].module;
        if (id == INDEX_NONE || jit->modules[id]->gone_at == JIT_FOREVER)
            continue;
        if (jit->modules[id]->seen_until < jit->read_at)
            jit->modules[id]->seen_until = jit->read_at;
        gone++;
    }
    return gone;
}

static void mark_races(struct jit *jit, const struct jit_walk *w, size_t added)
{
    for (size_t i = 0; i < added; i++)
        jit->modules[jit->module_count + i]->load_raced = true;
    for (size_t i = 0; i < jit->entries.count; i++) {
        uint32_t id = jit->entries.list[i].module;
        if (id != INDEX_NONE && jit->modules[id]->gone_at == w->checked)
            jit->modules[id]->removal_raced = true;
    }
}

static void take_list(struct jit *jit, struct jit_walk *w)
{
    for (size_t i = 0; i < w->fresh; i++)
        if (w->entries.list[i].module != INDEX_NONE)
            w->parsed[i] = NULL; /* now owned by jit->modules */
    struct jit_entries old = jit->entries;
    jit->entries = w->entries;
    w->entries = old;
    jit->frame_layout = w->frame_layout;
    jit->normal_exit = w->normal_exit;
    jit->read_at = w->started;
}

/* The steps that can fail come first, so that an error changes nothing. */
static int take_over(struct jit *jit, struct jit_walk *w)
{
    bool first_read = jit->read_at == 0;
    int err = make_room(jit, w->fresh);
    if (err)
        return err;
    size_t added = number_new(jit, w);
    err = jit_space_add(&jit->space, jit->modules, jit->module_count,
                        jit->module_count + added);
    if (err)
        return err;
    size_t removed = mark_gone(jit, w);
    if (added || removed)
        jit->since = w->checked;
    if (added && removed)
        mark_races(jit, w, added);
    jit->module_count += added;
    jit->module_bytes += w->bytes;
    jit->counters.loaded += first_read ? 0 : added;
    jit->counters.removed += removed;
    take_list(jit, w);
    return 0;
}

int jit_refresh(struct jit *jit)
{
    int err = -E_TORN;
    for (int i = 0; i < MAX_TRIES && err == -E_TORN; i++) {
        struct jit_walk w;
        err = jit_walk(jit, &w);
        if (!err)
            err = take_over(jit, &w);
        jit_walk_deinit(&w);
        jit->counters.torn += err == -E_TORN;
    }
    jit->counters.reads += !err;
    jit->counters.refused += err == -E_LIMIT || err == -E_CODE_LIST;
    return err;
}

/* A buffer for the newest entry's symfile. */
static uint8_t *head_buffer(struct jit *jit, size_t len)
{
    if (len > jit->head_cap) {
        free(jit->head);
        jit->head = malloc(len);
        jit->head_cap = jit->head ? len : 0;
    }
    return jit->head;
}

/* A purge between two loads can leave the same pointers at the head, because
 * malloc reuses freed memory. So the content is compared as well. */
int jit_changed(struct jit *jit)
{
    const struct jit_entry *head = jit->entries.list;
    uint8_t *bytes = head_buffer(jit, head->link.size);
    if (!bytes)
        return -ENOMEM;
    uint64_t first, now = clock_now_ns();
    struct jit_link link;
    struct memory_span spans[] = {
        {.addr = head->link.symfile, .to = bytes, .len = head->link.size},
        {.addr = head->addr, .to = &link, .len = sizeof(link)},
        {.addr = jit->descriptor + JIT_FIRST_ENTRY,
         .to = &first,
         .len = sizeof(first)},
    };
    int done = memory_read_many(&jit->memory, spans, 3);
    if (done < 0)
        return done;
    if (done < 3 || first != head->addr ||
        memcmp(&link, &head->link, sizeof(link)) != 0 ||
        jit_content_hash(bytes, head->link.size) != head->hash)
        return 1;
    jit->read_at = now;
    return 0;
}

int jit_follow(const struct memory *m, uint64_t descriptor, struct jit **out)
{
    struct jit *jit = calloc(1, sizeof(*jit));
    if (!jit)
        return -ENOMEM;
    jit->memory = *m;
    jit->descriptor = descriptor;
    jit_entries_init(&jit->entries);
    int err = jit_refresh(jit);
    if (!err && (jit->module_count == 0 || jit->normal_exit == 0))
        err = -E_STARTING;
    if (err == -E_LIMIT) /* in the first read the list alone exceeds it */
        err = -E_CODE_LIST;
    if (err) {
        jit_close(jit);
        return err;
    }
    *out = jit;
    return 0;
}

int jit_open(const struct process *p, const struct maps *maps,
             const struct memory *m, struct jit **out)
{
    uint64_t descriptor;
    int err = jit_locate(p, maps, m, &descriptor);
    return err ? err : jit_follow(m, descriptor, out);
}

void jit_close(struct jit *jit)
{
    if (!jit)
        return;
    for (size_t i = 0; i < jit->module_count; i++)
        jit_module_free(jit->modules[i]);
    free(jit->modules);
    free(jit->head);
    jit_entries_deinit(&jit->entries);
    jit_space_deinit(&jit->space);
    free(jit);
}

uint64_t jit_read_at(const struct jit *jit)
{
    return jit->read_at;
}

uint64_t jit_head_address(const struct jit *jit)
{
    return jit->descriptor + JIT_FIRST_ENTRY;
}

struct sample_code jit_head(const struct jit *jit)
{
    const struct jit_entry *head = jit->entries.list;
    struct sample_code code = {.entry = head->addr};
    memcpy(code.link, &head->link, sizeof(code.link));
    return code;
}

uint64_t jit_since(const struct jit *jit)
{
    return jit->since;
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
