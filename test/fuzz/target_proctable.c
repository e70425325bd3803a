#include <stdlib.h>
#include <string.h>

#include "fake_table.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
    if (!holds)
        abort();
}

/* A word of the table, of a struct or of a stack becomes another, in place or
 * while it is read: any small number, an address, flags, any bits. */
struct patch {
    uint8_t when; /* 0: before it is read; else after that many calls */
    uint8_t kind;
    uint16_t where, what;
};

enum { PROCESSES = 24, PATCH = 6, PATCHES = 256 };

static struct patch later[PATCHES];
static size_t later_count;

static uint64_t word_of(const struct patch *p)
{
    switch (p->kind % 8) {
    case 0:
        return p->what;
    case 1:
        return TABLE_STRUCTS + p->what % 4096 * 8;
    case 2:
        return TABLE_STACKS + p->what % 1024 * 8;
    case 3:
        return TABLE_DEEP + p->what % (TABLE_DEEP_BYTES / 8) * 8;
    case 4:
        return (uint64_t)p->what << 16 | TABLE_REST; /* flags */
    case 5:
        return TABLE_EXIT;
    case 6:
        return (uint64_t)p->what << 4 | 3;
    default:
        return UINT64_MAX / 65535 * p->what;
    }
}

static uint64_t place_of(const struct patch *p)
{
    static const uint16_t fields[] = {
        AT_ID,    AT_REG,   AT_HTOP,  AT_STOP,           AT_HEND,
        AT_I,     AT_REDS,  AT_STATE, AT_QUEUE,          AT_LOCKS,
        AT_STATE, AT_STATE, AT_STOP,  AT_SCHEDULER_DATA, AT_HEND};
    const struct table_form *f = &table_forms[0];
    const uint32_t figures[] = {
        f->hend - 8,      f->hend + 16,        f->old_hend,
        f->old_hend + 16, f->live_hf_end,      f->live_hf_end - 24,
        f->queues,        f->queues + 8,       f->queues + 24,
        f->queues + 64,   f->live_hf_end + 16, f->live_hf_end + 48,
        f->i + 16,        f->state + 16,       f->state + 24};
    unsigned which = p->where / 4;
    switch (p->where % 4) {
    case 0:
        return TABLE + which % TABLE_SLOTS * 8;
    case 1:
        return TABLE_STACKS + which % (PROCESSES * TABLE_STACK / 8) * 8;
    case 2:
        return TABLE_ESDP + AT_CURRENT;
    default:
        return TABLE_STRUCTS + which % PROCESSES * TABLE_STRUCT +
               (which / PROCESSES % 30 < 15 ? fields[which / PROCESSES % 15]
                                            : figures[which / PROCESSES % 15]);
    }
}

static int read_and_change(void *ctx, struct memory_span *spans, size_t n)
{
    struct fake *f = ctx;
    int done = fake_read_many(ctx, spans, n);
    for (size_t i = 0; i < later_count; i++)
        if (later[i].when == f->calls)
            fake_u64(f, place_of(&later[i]), word_of(&later[i]));
    return done;
}

static bool is_figure(uint64_t figure)
{
    return figure == FIGURE_UNKNOWN || figure >> 60 == 0;
}

static int see(void *ctx, const struct proctable_process *p)
{
    uint64_t last = 0, *seen = ctx;
    const uint8_t *end = p->root ? p->root : p->top;
    size_t len = p->root ? p->root_bytes : p->top_bytes;
    require(p->state < PROCSTATE_COUNT && (p->id & 15) == 3);
    require(p->top || (!p->root && !p->top_bytes));
    if (p->top) {
        require(p->stop < p->hend && len >= 8);
        require(p->top_bytes + p->root_bytes <= PROCTABLE_TOP + PROCTABLE_ROOT);
        memcpy(&last, end + len - 8, 8);
        require(last == TABLE_EXIT);
    }
    require(is_figure(p->figures.queue) && is_figure(p->figures.reductions) &&
            is_figure(p->figures.heap_words) &&
            is_figure(p->figures.vheap_words));
    ++*seen;
    return 0;
}

/* Making the memory anew would take longer than all the rest. */
static struct fake_table *fresh(int release)
{
    static struct fake_table t;
    static bool made;
    if (!made)
        fake_table_open(&t, release);
    made = true;
    t.layout.release = release;
    memset(fake_at(&t.fake, TABLE, 8), 0, TABLE_SLOTS * 8);
    memset(fake_at(&t.fake, TABLE_STRUCTS, 8), 0, PROCESSES * TABLE_STRUCT);
    memset(fake_at(&t.fake, TABLE_STACKS, 8), 0, PROCESSES * TABLE_STACK);
    fake_u64(&t.fake, TABLE_ESDP + AT_CURRENT, 0);
    t.count = 0;
    for (uint64_t i = 0; i < PROCESSES; i++)
        table_add(&t, i * 5, TABLE_REST);
    t.memory.read_many = read_and_change;
    t.fake.calls = 0;
    return &t;
}

/* Whatever is in the node's memory: it ends, its counts add up, and a stack
 * that is handed out is one. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct proctable *table;
    struct proctable_counts c;
    uint64_t seen = 0;
    if (size == 0)
        return 0;
    struct fake_table *t = fresh(data[0] % 2 ? 27 : 25);
    later_count = 0;
    for (data++, size--; size >= PATCH && later_count < PATCHES;
         data += PATCH, size -= PATCH) {
        struct patch p = {data[0] % 32, data[1], 0, 0};
        memcpy(&p.where, data + 2, 2);
        memcpy(&p.what, data + 4, 2);
        if (p.when)
            later[later_count++] = p;
        else
            fake_u64(&t->fake, place_of(&p), word_of(&p));
    }
    if (proctable_open(&t->layout, &t->memory, TABLE_EXIT, &table) != 0)
        return 0;
    require(proctable_read(table, see, &seen, &c) == 0);
    require(seen == c.seen &&
            c.used == c.seen + c.torn + c.unreadable + c.ended + c.being_made);
    require(t->fake.calls < 10000);
    proctable_close(table);
    return 0;
}
