#include "nif/spans.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "nif/mix.h"

/* The number of a mark that is being written. */
#define BEING_WRITTEN UINT64_MAX

static const char others[] = "[other spans]";

/* --- texts ---------------------------------------------------------------- */

/* At most `most` bytes, without a part of a UTF-8 character at the end. */
static struct spans_text cut(struct spans_text t, size_t most)
{
    if (t.length <= most)
        return t;
    t.length = most;
    while (t.length > 0 && ((unsigned char)t.text[t.length] & 0xc0) == 0x80)
        t.length--;
    return t;
}

static uint64_t hash_of(struct spans_text event, struct spans_text more)
{
    return mix_bytes(mix_bytes(0, event.text, event.length), more.text,
                     more.length);
}

static size_t length_of(struct spans_text event, struct spans_text more)
{
    return event.length + (more.length > 0 ? 1 + more.length : 0);
}

static bool has_text(const struct span_kind *k, struct spans_text event,
                     struct spans_text more)
{
    return k->event_length == event.length &&
           k->length == length_of(event, more) &&
           memcmp(k->text, event.text, event.length) == 0 &&
           (more.length == 0 ||
            memcmp(k->text + event.length + 1, more.text, more.length) == 0);
}

/* --- kinds ---------------------------------------------------------------- */

static uint32_t index_in(uint64_t slot)
{
    return (uint32_t)slot - 1;
}

/* A kind that is not in use yet; SPAN_KIND_OTHER when all are. */
static uint32_t next_kind(struct span_page *p)
{
    uint32_t used = __atomic_load_n(&p->kinds_used, __ATOMIC_RELAXED);
    do {
        if (used >= SPAN_KINDS)
            return SPAN_KIND_OTHER;
    } while (!__atomic_compare_exchange_n(&p->kinds_used, &used, used + 1, true,
                                          __ATOMIC_RELAXED, __ATOMIC_RELAXED));
    return used;
}

static void write_kind(struct span_kind *k, struct spans_text event,
                       struct spans_text more)
{
    memcpy(k->text, event.text, event.length);
    if (more.length > 0) {
        k->text[event.length] = ' ';
        memcpy(k->text + event.length + 1, more.text, more.length);
    }
    k->event_length = (uint32_t)event.length;
    __atomic_store_n(&k->length, (uint32_t)length_of(event, more),
                     __ATOMIC_RELEASE);
}

/* Looks, from slot `at` on, for the slot of these texts, or else for the free
 * slot in which they belong. Sets *found to what that slot holds. */
static uint64_t *slot_of(struct spans *s, uint64_t at, uint64_t hash,
                         struct spans_text event, struct spans_text more,
                         uint64_t *found)
{
    for (;; at++) {
        uint64_t *slot = &s->slots[at % SPANS_SLOTS];
        *found = __atomic_load_n(slot, __ATOMIC_ACQUIRE);
        if (*found == 0 || (*found >> 32 == hash >> 32 &&
                            has_text(&s->kinds[index_in(*found)], event, more)))
            return slot;
    }
}

/* If another thread adds the same text meanwhile, its kind is returned and ours
 * remains unused. So no thread waits for another one. */
static uint32_t add_kind(struct spans *s, uint64_t hash,
                         struct spans_text event, struct spans_text more)
{
    uint32_t index = next_kind(&s->page);
    if (index == SPAN_KIND_OTHER) {
        __atomic_fetch_add(&s->page.kinds_refused, 1, __ATOMIC_RELAXED);
        return index;
    }
    write_kind(&s->kinds[index], event, more);
    uint64_t ours = (hash >> 32 << 32) | (index + 1), found;
    for (;;) {
        uint64_t *slot = slot_of(s, hash, hash, event, more, &found);
        if (found != 0)
            return index_in(found);
        if (__atomic_compare_exchange_n(slot, &found, ours, false,
                                        __ATOMIC_RELEASE, __ATOMIC_RELAXED))
            return index;
    }
}

uint32_t spans_kind(struct spans *s, struct spans_text event,
                    struct spans_text more)
{
    event = cut(event, SPAN_KIND_TEXT);
    more = event.length + 1 < SPAN_KIND_TEXT
               ? cut(more, SPAN_KIND_TEXT - 1 - event.length)
               : cut(more, 0);
    uint64_t hash = hash_of(event, more), found;
    slot_of(s, hash, hash, event, more, &found);
    return found != 0 ? index_in(found) : add_kind(s, hash, event, more);
}

/* --- marks ---------------------------------------------------------------- */

static size_t place_of(uint64_t process)
{
    return mix_word(0, process) % SPANS_PROCESSES;
}

/* Fetches a line of the cache in order to write to it. If it was fetched only
 * to be read, the other CPUs would be asked a second time when it is written.
 * The compiler has no function for this instruction if it compiles for every
 * x86_64; CPUs that do not know the instruction ignore it. */
static void expect_write(const void *memory)
{
#ifdef __x86_64__
    __asm__ volatile("prefetchw (%0)" : : "r"(memory));
#else
    __builtin_prefetch(memory, 1);
#endif
}

void spans_expect_mark(const struct spans *s, uint64_t process)
{
    expect_write(&s->page.next);
    __builtin_prefetch(&s->processes[place_of(process)]);
    uint64_t n = __atomic_load_n(&s->page.next, __ATOMIC_RELAXED);
    const struct span_mark *m = &s->marks[n % SPAN_MARKS];
    expect_write(&m->number);
    expect_write(&m->what); /* which may be in the next line */
}

/* Only one thread writes to a mark at a time. A thread that comes too late
 * finds a newer number, and leaves the mark as it is. A reader that copies a
 * mark while it is written finds BEING_WRITTEN or the new number afterwards. */
void spans_mark(struct spans *s, const struct span_mark *mark)
{
    uint64_t n = __atomic_fetch_add(&s->page.next, 1, __ATOMIC_RELAXED);
    struct span_mark *m = &s->marks[n % SPAN_MARKS];
    uint64_t before = __atomic_load_n(&m->number, __ATOMIC_RELAXED);
    if (before > n ||
        !__atomic_compare_exchange_n(&m->number, &before, BEING_WRITTEN, false,
                                     __ATOMIC_SEQ_CST, __ATOMIC_RELAXED))
        return;
    __atomic_store_n(&m->time_ns, mark->time_ns, __ATOMIC_RELAXED);
    __atomic_store_n(&m->process, mark->process, __ATOMIC_RELAXED);
    __atomic_store_n(&m->other, mark->other, __ATOMIC_RELAXED);
    __atomic_store_n(&m->kind, mark->kind, __ATOMIC_RELAXED);
    __atomic_store_n(&m->what, mark->what, __ATOMIC_RELAXED);
    __atomic_store_n(&m->number, n + 1, __ATOMIC_RELEASE);
}

/* --- processes ------------------------------------------------------------ */

bool spans_knows(const struct spans *s, uint64_t process)
{
    const struct spans_process *p = &s->processes[place_of(process)];
    uint64_t now = __atomic_load_n(&s->page.next, __ATOMIC_RELAXED);
    return __atomic_load_n(&p->process, __ATOMIC_RELAXED) == process &&
           now - __atomic_load_n(&p->marks, __ATOMIC_RELAXED) < SPAN_MARKS / 2;
}

/* If two processes write to the same place at the same time, it may hold the
 * pid of one and the number of the other. The only effect is that the process
 * says again, sooner or later than needed, for whom it works. */
void spans_know(struct spans *s, uint64_t process)
{
    struct spans_process *p = &s->processes[place_of(process)];
    uint64_t now = __atomic_load_n(&s->page.next, __ATOMIC_RELAXED);
    __atomic_store_n(&p->marks, now, __ATOMIC_RELAXED);
    __atomic_store_n(&p->process, process, __ATOMIC_RELAXED);
}

/* --- the page ------------------------------------------------------------- */

/* Aligned to huge pages, which the kernel is asked for: with them, fewer marks
 * are in a page of memory whose address the CPU does not know yet. */
static struct spans *allocate(void)
{
    const size_t huge = 2 << 20;
    size_t size = (sizeof(struct spans) + huge - 1) / huge * huge;
    struct spans *s = aligned_alloc(huge, size);
    if (s)
        (void)madvise(s, size, MADV_HUGEPAGE);
    return s;
}

/* Writes to all of the memory, because the first write to a page of memory
 * takes some microseconds. So whoever attaches pays for that, and not one mark
 * in a hundred. (A compiler makes calloc of malloc and memset, and calloc does
 * not write to new memory. It leaves aligned_alloc and memset as they are.) */
struct spans *spans_create(void)
{
    struct spans *s = allocate();
    if (!s)
        return NULL;
    memset(s, 0, sizeof(*s));
    struct spans_text other = {others, sizeof(others) - 1}, nothing = {"", 0};
    write_kind(&s->kinds[SPAN_KIND_OTHER], other, nothing);
    s->page.version = SPAN_PAGE_VERSION;
    s->page.marks_size = SPAN_MARKS;
    s->page.kinds_size = SPAN_KINDS;
    s->page.kinds_used = SPAN_KIND_OTHER + 1;
    s->page.marks = (uintptr_t)s->marks;
    s->page.kinds = (uintptr_t)s->kinds;
    __atomic_store_n(&s->page.magic, SPAN_PAGE_MAGIC, __ATOMIC_RELEASE);
    return s;
}

void spans_destroy(struct spans *s)
{
    free(s);
}
