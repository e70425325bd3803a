#include "nif/walk.h"

#include <string.h>

#include "base/term.h"
#include "nif/walk_clock.h"

enum {
    CHUNK_NS = 120000,
    BATCH = 64, /* slots between two readings of the clock */
    AHEAD = 8,  /* structs that are prefetched into the cache */
};
#define MOST (1ull << 44) /* words or messages; a larger figure is wrong */

static uint32_t flags_at(uint64_t process, uint32_t offset)
{
    const uint32_t *p = (const uint32_t *)(uintptr_t)(process + offset);
    return __atomic_load_n(p, __ATOMIC_ACQUIRE);
}

static bool is_being_made(const struct walk_layout *l, uint64_t process,
                          uint32_t state)
{
    return procstate_may_be_embryo(state) &&
           procstate_is_embryo(state, flags_at(process, l->locks));
}

static uint32_t created_now(const struct walk *w)
{
    uint64_t at = w->table.place - TABLE_BEFORE + w->layout.created;
    return __atomic_load_n((const uint32_t *)(uintptr_t)at, __ATOMIC_RELAXED);
}

/* --- one process ---------------------------------------------------------- */

static uint64_t queue_length(const struct walk_layout *l, uint64_t process)
{
    uint64_t n =
        walk_word(process, l->queue) + walk_word(process, l->queue_outer);
    return l->queue_middle ? n + walk_word(process, l->queue_middle) : n;
}

static uint64_t heap_words(const struct walk_layout *l, uint64_t process)
{
    uint64_t old =
        walk_word(process, l->old_hend) - walk_word(process, l->old_heap);
    return walk_word(process, l->heap_size) + old / 8 +
           walk_word(process, l->fragments);
}

/* false: a figure is impossible, as the struct is being filled or emptied */
static bool read_process(const struct walk *w, uint64_t process,
                         struct walk_process *p)
{
    const struct walk_layout *l = &w->layout;
    struct procsums_process *f = &p->figures;
    f->queue = queue_length(l, process);
    p->reductions = walk_word(process, l->reductions);
    f->vheap_words =
        walk_word(process, l->vheap) + walk_word(process, l->vheap_old);
    f->heap_words = heap_words(l, process);
    return f->queue < MOST && f->vheap_words < MOST && f->heap_words < MOST;
}

static bool is_atom(const struct walk *w, uint64_t word)
{
    return term_is_atom(word) && word >> TERM_ATOM_BITS < w->atoms;
}

static void add_group(struct walk *w, uint64_t process, uint64_t id)
{
    uint32_t at = w->layout.initial;
    struct walk_group_key key = {.pc = walk_word(process, w->layout.pc),
                                 .module = walk_word(process, at),
                                 .function = walk_word(process, at + 8),
                                 .arity = walk_word(process, at + 16)};
    if (is_atom(w, key.module) && is_atom(w, key.function) &&
        key.arity <= TERM_MAX_ARITY)
        walk_groups_add(&w->groups, &key, id);
    else
        w->groups.missed++;
}

/* --- changes since the last walk ------------------------------------------ */

static uint32_t ms_now(const struct walk *w)
{
    return (uint32_t)((w->began_ns - w->memory->began_ns) / 1000000);
}

/* Modulo 2^32, which is about a minute of one scheduler. The reductions of a
 * running process can decrease a little from one walk to the next; then the
 * result is 0. */
static uint64_t reductions_since(uint32_t before, uint32_t now)
{
    const uint32_t few = 1 << 20;
    return now - before > UINT32_MAX - few ? 0 : now - before;
}

/* Skips the rows of lower slots. This is done for each batch, so there are
 * never more of these rows than a batch has slots. */
static void skip_rows(struct walk *w, uint32_t slot)
{
    const struct walk_memory *m = w->memory;
    while (w->rows_read < m->count &&
           slot_of_pid(&w->table, m->before[w->rows_read].id) < slot)
        w->rows_read++;
}

/* The process's row of the last walk, or NULL. */
static const struct walk_memory_row *row_before(struct walk *w, uint32_t slot,
                                                uint64_t id)
{
    skip_rows(w, slot);
    const struct walk_memory *m = w->memory;
    const struct walk_memory_row *row = &m->before[w->rows_read];
    return w->rows_read < m->count && row->id == id ? row : NULL;
}

static struct procsums_since remember(struct walk *w, uint32_t slot,
                                      const struct walk_process *p)
{
    struct procsums_since since = {0};
    const struct procsums_process *f = &p->figures;
    if (!w->memory)
        return since;
    const struct walk_memory_row *row = row_before(w, slot, f->id);
    uint32_t vheap = (uint32_t)(f->vheap_words / 8), now = ms_now(w);
    bool still =
        row && row->vheap_blocks == vheap &&
        (uint32_t)p->reductions - row->reductions < PROCSUMS_STILL_REDUCTIONS;
    if (row) {
        since.queue = (uint64_t)row->queue + 1;
        since.reductions =
            reductions_since(row->reductions, (uint32_t)p->reductions);
        since.still_ms = (uint64_t)(now - (still ? row->still_since : now)) + 1;
    }
    w->memory->next[w->rows_written++] = (struct walk_memory_row){
        .id = f->id,
        .queue = f->queue < UINT32_MAX ? (uint32_t)f->queue : UINT32_MAX,
        .reductions = (uint32_t)p->reductions,
        .vheap_blocks = vheap,
        .still_since = still ? row->still_since : now};
    return since;
}

/* What the last collection left in its heap, + 1, or 0. Only those of the
 * largest heaps are looked at. */
static uint64_t live_words(const struct walk *w, uint64_t process,
                           uint64_t heap_words)
{
    struct walk_heap h;
    return largest_wants(&w->sums.memories, heap_words) &&
                   walk_heap_read(&w->layout, process, &h)
               ? h.live + 1
               : 0;
}

static void add_process(struct walk *w, uint32_t slot, uint64_t process,
                        struct walk_process *p)
{
    enum procstate state = procstate_of(p->state);
    struct procsums_since since = remember(w, slot, p);
    procsums_count(&w->sums, state,
                   w->layout.signals && walk_word(process, w->layout.signals));
    if (p->figures.id == w->canary) { /* ours: in no other sum, in no list */
        w->canary_seen = true;
        w->canary_figures = p->figures;
        w->canary_heap_read =
            walk_heap_read(&w->layout, process, &w->canary_heap);
        return;
    }
    p->figures.live_words = live_words(w, process, p->figures.heap_words);
    procsums_add(&w->sums, &p->figures, &since);
    if (w->with_heaps)
        walk_heaps_add(&w->heaps, &w->layout, process, p->state, &p->figures);
    if (state == PROCSTATE_WAITING)
        add_group(w, process, p->figures.id);
}

static void look_at(struct walk *w, uint32_t slot, uint64_t process)
{
    struct walk_process p = {.figures.id = walk_word(process, 0),
                             .state = flags_at(process, w->layout.state)};
    uint64_t id = p.figures.id;
    if (!term_is_pid(id) || slot_of_pid(&w->table, id) != slot ||
        is_being_made(&w->layout, process, p.state)) {
        w->embryos++;
        return;
    }
    if (p.state & PROCSTATE_FLAG_FREE)
        return;
    if (read_process(w, process, &p))
        add_process(w, slot, process, &p);
    else
        w->implausible++;
}

/* --- slots ---------------------------------------------------------------- */

/* Prefetches the cache lines of a process's figures, while others are read. */
static void fetch(const struct walk_layout *l, uint64_t process)
{
    const char *p = (const char *)(uintptr_t)process;
    __builtin_prefetch(p);
    __builtin_prefetch(p + l->heap_size);
    __builtin_prefetch(p + l->reductions);
    __builtin_prefetch(p + l->queue);
    __builtin_prefetch(p + l->initial);
    __builtin_prefetch(p + l->old_hend);
    __builtin_prefetch(p + l->vheap);
    __builtin_prefetch(p + l->vheap_old);
    __builtin_prefetch(p + l->state);
    __builtin_prefetch(p + l->queue_outer);
}

static void look_at_batch(struct walk *w, uint32_t end)
{
    const uint64_t *slots = (const uint64_t *)(uintptr_t)w->table.slots;
    struct {
        uint32_t slot;
        uint64_t process;
    } here[BATCH];
    uint32_t count = 0;
    for (uint32_t slot = w->slot; slot < end; slot++) {
        uint64_t process = __atomic_load_n(&slots[slot], __ATOMIC_ACQUIRE);
        /* A slot that is reserved but not filled yet points to a dummy of the
         * VM, whose pid fits no slot (erl_ptab.c, invalid_element). */
        if (process) {
            here[count].slot = slot;
            here[count++].process = process;
        }
    }
    for (uint32_t i = 0; i < count && i < AHEAD; i++)
        fetch(&w->layout, here[i].process);
    for (uint32_t i = 0; i < count; i++) {
        if (i + AHEAD < count)
            fetch(&w->layout, here[i + AHEAD].process);
        look_at(w, here[i].slot, here[i].process);
    }
    if (w->memory)
        skip_rows(w, end);
    w->slot = end;
}

/* --- the walk ------------------------------------------------------------- */

void walk_begin(struct walk *w)
{
    procsums_init(&w->sums, w->top);
    w->began_ns = walk_clock_ns();
    w->groups.random = w->began_ns;
    if (w->with_heaps)
        walk_heaps_init(&w->heaps, w->top, w->began_ns);
    w->created = created_now(w);
    if (w->memory && w->memory->last_ns) {
        w->elapsed_ns = w->began_ns - w->memory->last_ns;
        w->created_before = w->memory->created;
    }
}

bool walk_step(struct walk *w)
{
    uint64_t until = walk_clock_ns() + CHUNK_NS;
    while (w->slot < w->table.limit) {
        uint32_t left = w->table.limit - w->slot;
        look_at_batch(w, w->slot + (left < BATCH ? left : BATCH));
        if (walk_clock_ns() >= until)
            break;
    }
    return w->slot == w->table.limit;
}

static void give_back(struct walk *w)
{
    if (w->memory)
        walk_memory_give_back(w->memory);
    w->memory = NULL;
}

void walk_end(struct walk *w)
{
    procsums_sort(&w->sums);
    if (w->with_heaps)
        walk_heaps_sort(&w->heaps);
    if (w->memory) {
        walk_memory_keep(w->memory, w->rows_written);
        w->memory->last_ns = w->began_ns;
        w->memory->created = w->created;
    }
    give_back(w);
}

void walk_abandon(struct walk *w)
{
    give_back(w);
}

void walk_held(struct walk *w, uint64_t began_ns, uint64_t began_cpu_ns)
{
    uint64_t wall = walk_clock_ns() - began_ns;
    uint64_t cpu = walk_cpu_ns() - began_cpu_ns;
    w->calls++;
    w->longest_ns = wall > w->longest_ns ? wall : w->longest_ns;
    w->longest_cpu_ns = cpu > w->longest_cpu_ns ? cpu : w->longest_cpu_ns;
}
