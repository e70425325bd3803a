/*
 * One walk over the VM's list while the VM may change it. The VM links a new
 * entry at the head before its code can run and, on OTP 27, unlinks and frees
 * an entry when its code is purged (beam_jit_metadata.cpp); no lock
 * keeps it from doing so while we read. From "only ever linked at the head"
 * follows what the matching rests on: an entry that was there at the last
 * walk stands behind every entry that was not, and in the old order.
 *
 *   then        B  C  D  E           malloc may give a new entry the place of
 *   now   F  C' B  D  E              a freed one: C' is not C, and B is not
 *         `-fresh-'  `-known-'       the old B either if it is behind B
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/clock.h"
#include "target/jit_parts.h"

enum {
    BATCH = 256,
    /* So many entries in a row with the content they had are taken to be the
       old ones, and with them all behind them. */
    VERIFIED = 64,
};

void jit_entries_init(struct jit_entries *e)
{
    *e = (struct jit_entries){0};
    index_init(&e->by_addr);
}

void jit_entries_deinit(struct jit_entries *e)
{
    free(e->list);
    index_deinit(&e->by_addr);
    jit_entries_init(e);
}

static bool same_addr(const void *things, uint32_t id, const void *key)
{
    const struct jit_entry *list = things;
    return list[id].addr == *(const uint64_t *)key;
}

static uint32_t find_entry(const struct jit_entries *e, uint64_t addr)
{
    return index_find(&e->by_addr, hash_u64(0, addr), same_addr, e->list,
                      &addr);
}

/* -E_TORN when the address is there already: no list that is at rest has a
 * cycle. */
static int add_entry(struct jit_entries *e, const struct jit_entry *entry)
{
    if (e->count == JIT_MAX_ENTRIES)
        return -E_CODE_LIST;
    if (find_entry(e, entry->addr) != INDEX_NONE)
        return -E_TORN;
    int err = ARRAY_RESERVE(e->list, e->cap, e->count + 1);
    if (err)
        return err;
    e->list[e->count] = *entry;
    return index_add(&e->by_addr, hash_u64(0, entry->addr),
                     (uint32_t)e->count++);
}

/* The links of entries [0, n), in batches; zeroes where unreadable. */
static int read_links(const struct memory *m, const struct jit_entries *e,
                      size_t n, struct jit_link *links)
{
    struct memory_span spans[BATCH];
    for (size_t from = 0; from < n; from += BATCH) {
        size_t batch = n - from < BATCH ? n - from : BATCH;
        for (size_t i = 0; i < batch; i++)
            spans[i] = (struct memory_span){.addr = e->list[from + i].addr,
                                            .to = &links[from + i],
                                            .len = sizeof(*links)};
        int done = memory_read_many(m, spans, batch);
        if (done < 0)
            return done;
        for (size_t i = 0; i < batch; i++)
            if (!spans[i].ok)
                links[from + i] = (struct jit_link){0};
    }
    return 0;
}

/* Most of the list is as it was, and single reads are dear. */
static int link_of(const struct jit *jit, const struct jit_link *known,
                   uint64_t addr, struct jit_link *out)
{
    uint32_t place = find_entry(&jit->entries, addr);
    if (place != INDEX_NONE && known[place].size) {
        *out = known[place];
        return 0;
    }
    int err =
        addr % 8 ? -EFAULT : memory_read(&jit->memory, addr, out, sizeof(*out));
    return err == -EFAULT ? -E_TORN : err;
}

/* The head's own prev means nothing: OTP 25 leaves in it what malloc gave. */
static bool plausible(const struct jit_link *link, uint64_t prev)
{
    return (!prev || link->prev == prev) && link->size >= JIT_MIN_SYMFILE &&
           link->size <= JIT_MAX_SYMFILE && link->symfile;
}

static int chase(const struct jit *jit, const struct jit_link *known,
                 uint64_t addr, struct jit_entries *out)
{
    uint64_t prev = 0, bytes = 0;
    while (addr) {
        struct jit_entry entry = {.addr = addr, .module = INDEX_NONE};
        int err = link_of(jit, known, addr, &entry.link);
        if (!err && !plausible(&entry.link, prev))
            err = -E_TORN;
        if (!err)
            err = add_entry(out, &entry);
        if (err)
            return err;
        bytes += entry.link.size;
        if (bytes > JIT_MAX_BYTES)
            return -E_CODE_LIST;
        prev = addr;
        addr = entry.link.next;
    }
    return 0;
}

static int follow(const struct jit *jit, struct jit_entries *out)
{
    uint64_t first;
    int err = memory_read_u64(&jit->memory, jit->descriptor + JIT_FIRST_ENTRY,
                              &first);
    if (err)
        return err;
    if (!first) /* the VM's own entries stay for ever */
        return -E_TORN;
    struct jit_link *known = calloc(jit->entries.count + 1, sizeof(*known));
    if (!known)
        return -ENOMEM;
    err = read_links(&jit->memory, &jit->entries, jit->entries.count, known);
    if (!err)
        err = chase(jit, known, first, out);
    free(known);
    return err;
}

/* Matches from the tail on, as far as the old order holds; what is in front
 * of the first mismatch was linked later than the last walk. */
static void match(const struct jit_entries *old, struct jit_walk *w)
{
    size_t last = old->count;
    w->fresh = w->entries.count;
    for (size_t i = w->entries.count; i-- > 0;) {
        struct jit_entry *now = &w->entries.list[i];
        uint32_t place = find_entry(old, now->addr);
        if (place == INDEX_NONE || place >= last)
            return;
        const struct jit_entry *then = &old->list[place];
        if (then->link.symfile != now->link.symfile ||
            then->link.size != now->link.size)
            return;
        now->hash = then->hash;
        now->module = then->module;
        last = place;
        w->fresh = i;
    }
}

/* A walk on its way through the symfiles of the new entries. */
struct parsing {
    struct jit_walk *walk;
    size_t kept; /* bytes that the modules of earlier walks take */
};

struct differing {
    const struct jit_entries *entries;
    size_t end; /* behind the last entry with another content */
};

static int compare_content(void *ctx, size_t i, const uint8_t *bytes,
                           size_t len)
{
    struct differing *d = ctx;
    if (jit_content_hash(bytes, len) != d->entries->list[i].hash)
        d->end = i + 1;
    return 0;
}

/* The newest known entries may be new ones at freed places of the same size:
 * the content tells. */
static int verify(const struct jit *jit, struct jit_walk *w)
{
    for (;;) {
        size_t left = w->entries.count - w->fresh;
        struct differing d = {.entries = &w->entries, .end = 0};
        int err = jit_fetch(&jit->memory, &w->entries, w->fresh,
                            w->fresh + (left < VERIFIED ? left : VERIFIED),
                            compare_content, &d);
        if (err || d.end == 0)
            return err;
        w->fresh = d.end;
    }
}

static int parse_content(void *ctx, size_t i, const uint8_t *bytes, size_t len)
{
    struct parsing *p = ctx;
    struct jit_walk *w = p->walk;
    struct jit_entry *entry = &w->entries.list[i];
    entry->hash = jit_content_hash(bytes, len);
    entry->module = INDEX_NONE;
    int err = jit_parse_entry(bytes, len, &w->parsed[i], &w->frame_layout,
                              &w->normal_exit);
    if (err)
        return err == -ENOMEM ? err : -E_TORN;
    w->bytes += w->parsed[i] ? w->parsed[i]->bytes : 0;
    return p->kept + w->bytes > JIT_MAX_KEPT_BYTES ? -E_LIMIT : 0;
}

/* What was read of the new entries is theirs if they are linked as before. A
 * head that got a neighbour meanwhile (its prev is another) is still in the
 * list, and the list from it on is what it was when the walk began. */
static int still_linked(const struct jit *jit, const struct jit_walk *w)
{
    size_t n = w->fresh < w->entries.count ? w->fresh + 1 : w->entries.count;
    struct jit_link *links = calloc(n, sizeof(*links));
    if (!links)
        return -ENOMEM;
    int err = read_links(&jit->memory, &w->entries, n, links);
    uint64_t first = 0;
    if (!err)
        err = memory_read_u64(&jit->memory, jit->descriptor + JIT_FIRST_ENTRY,
                              &first);
    const struct jit_link *head = &w->entries.list[0].link;
    if (!err && first != w->entries.list[0].addr) {
        if (links[0].prev == head->prev)
            err = -E_TORN;
        links[0].prev = head->prev;
    }
    for (size_t i = 0; i < n && !err; i++)
        if (memcmp(&links[i], &w->entries.list[i].link, sizeof(links[i])))
            err = -E_TORN;
    free(links);
    return err;
}

int jit_walk(const struct jit *jit, struct jit_walk *w)
{
    *w = (struct jit_walk){.frame_layout = jit->frame_layout,
                           .normal_exit = jit->normal_exit};
    jit_entries_init(&w->entries);
    w->started = clock_now_ns();
    int err = follow(jit, &w->entries);
    if (err)
        return err;
    match(&jit->entries, w);
    err = verify(jit, w);
    if (err)
        return err;
    w->parsed = calloc(w->fresh + 1, sizeof(struct jit_module *));
    if (!w->parsed)
        return -ENOMEM;
    struct parsing p = {w, jit->module_bytes};
    err = jit_fetch(&jit->memory, &w->entries, 0, w->fresh, parse_content, &p);
    w->checked = clock_now_ns();
    return err ? err : still_linked(jit, w);
}

void jit_walk_deinit(struct jit_walk *w)
{
    for (size_t i = 0; w->parsed && i < w->fresh; i++)
        jit_module_free(w->parsed[i]);
    free(w->parsed);
    jit_entries_deinit(&w->entries);
}
