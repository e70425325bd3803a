/*
 * One walk over the VM's list while the VM may change it. The VM links a new
 * entry at the head before its code can run. Since OTP 27 it also unlinks and
 * frees an entry when its code is purged (beam_jit_metadata.cpp). No lock stops
 * it from doing so while we read. Because entries are only ever linked at the
 * head, the entries known from the last walk stand behind all new ones, in
 * their old order. The matching relies on this.
 *
 *   then     B  C  D  E      malloc may put a new entry where a freed one
 *   now   F  B' C' D  E      was: C' is not C. As C' is new, what stands in
 *         `-fresh-'`known'   front of it is new as well: B' is not B.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/clock.h"
#include "target/jit_parts.h"

enum {
    BATCH = 256,
    /* If this many entries in a row have the same content as before, they and
       all entries behind them are taken to be the old ones. */
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

/* -E_TORN when the address is there already, because only a list that changes
 * meanwhile can have a cycle. */
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

/* Reads the links of entries [0, n), in batches; those that cannot be read are
 * 0. */
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

/* Takes the link from those that were read in batches if it is there: most of
 * the list is unchanged, and single reads are expensive. */
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

/* The head's own prev means nothing: OTP 25 does not initialize it. */
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
    if (!first) /* impossible at rest: the VM's own entries are never removed */
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

/* Matches from the tail on, as long as the old order holds. Everything in front
 * of the first mismatch was linked after the last walk. */
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

/* The state of a walk that parses the symfiles of the new entries. */
struct parsing {
    struct jit_walk *walk;
    size_t kept; /* memory that the modules of earlier walks take */
};

struct differing {
    const struct jit_entries *entries;
    size_t end; /* the index after the last entry whose content differs */
};

static int compare_content(void *ctx, size_t i, const uint8_t *bytes,
                           size_t len)
{
    struct differing *d = ctx;
    if (jit_content_hash(bytes, len) != d->entries->list[i].hash)
        d->end = i + 1;
    return 0;
}

/* The newest known entries may be new ones that were placed where freed ones of
 * the same size were. So their content is compared. */
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

/* What was read of the new entries is right if they are still linked as before.
 * If another entry was linked in front of the head meanwhile (the head's prev
 * has changed), the head is still in the list, and from it on the list is what
 * it was when the walk began. */
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
