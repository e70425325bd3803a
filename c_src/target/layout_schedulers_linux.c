/*
 * The scheduler threads' own data, found without a symbol. The VM keeps three
 * arrays of ErtsAlignedSchedulerData (normal, dirty CPU, dirty IO) behind
 * pointers in its .data or .bss (erts/emulator/beam/erl_process.c):
 *
 *   .data/.bss          ErtsSchedulerData[0]     [1]        ...
 *   [ pointer ] ------> +0  registers            one stride (64-aligned) on
 *                       +32 tid = pthread_t -+
 *   glibc: struct pthread { ... tid @0x2d0 } <+  the kernel's thread id
 *
 * A hit must lead to a thread of the process. glibc places a thread's stack and
 * its TCB in one mapping, and a normal scheduler has its register array on its
 * stack (process_main). So these two must be in one mapping. Dirty schedulers
 * have their register array in the heap, and no runtime stack. The TCBs of
 * other C libraries are different: then nothing is found here, and the
 * schedulers are left to layout_learn.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/buffer.h"
#include "base/reader.h"
#include "target/layout_parts.h"

enum {
    ESDP_HEAD = 40, /* registers @0 .. tid @32 */
    ESDP_TID = 32,
    ESDP_ALIGN = 64,
    ESDP_STRIDE_MAX = 256 << 10, /* 0xa340 in OTP 27 */
    ESDP_TYPE_WORDS = 64,        /* searched for type, no, dirty_no */
    TCB_TID = 0x2d0,
    SCHEDULERS_MAX = 4096, /* the VM's own limit is 1024 of each kind */
    CANDIDATES_MAX = 1 << 16,
};

/* A place that may hold an ErtsSchedulerData. */
struct candidate {
    uint64_t esdp;
    uint64_t head[ESDP_HEAD / 8];
    uint32_t inner; /* tid in the TCB */
};

struct candidates {
    struct candidate *list;
    size_t count;
};

struct scan {
    const struct maps *maps;
    const struct memory *m;
    const struct layout_thread *threads;
    size_t thread_count;
    struct layout *l;
};

static int by_inner(const void *a, const void *b)
{
    const struct layout_thread *x = a, *y = b;
    return (x->inner > y->inner) - (x->inner < y->inner);
}

static const struct layout_thread *thread_of(const struct scan *s,
                                             uint32_t inner)
{
    struct layout_thread key = {.inner = (pid_t)inner};
    return s->thread_count ? bsearch(&key, s->threads, s->thread_count,
                                     sizeof(key), by_inner)
                           : NULL;
}

/* Reads the head of every candidate, or the tid in its TCB, in one batch, and
   keeps the candidates that could be read. */
static int read_each(const struct memory *m, struct candidates *c, bool tcb)
{
    struct memory_span *spans = calloc(c->count ? c->count : 1, sizeof(*spans));
    if (!spans)
        return -ENOMEM;
    for (size_t i = 0; i < c->count; i++) {
        struct candidate *at = &c->list[i];
        if (tcb)
            spans[i] =
                (struct memory_span){.addr = at->head[ESDP_TID / 8] + TCB_TID,
                                     .to = &at->inner,
                                     .len = sizeof(at->inner)};
        else
            spans[i] = (struct memory_span){
                .addr = at->esdp, .to = at->head, .len = ESDP_HEAD};
    }
    int status = memory_read_many(m, spans, c->count);
    size_t kept = 0;
    for (size_t i = 0; i < c->count; i++)
        if (spans[i].ok)
            c->list[kept++] = c->list[i];
    c->count = kept;
    free(spans);
    return status < 0 ? status : 0;
}

/* Do the two words look like a register array and a TCB? */
static bool plausible(const struct scan *s, const struct candidate *c)
{
    return exedata_pointee(s->maps, c->head[ESDP_TID / 8], TCB_TID + 4) &&
           exedata_pointee(s->maps, c->head[0], 8);
}

static bool on_stack(const struct scan *s, const struct candidate *c)
{
    uint64_t tcb = c->head[ESDP_TID / 8];
    return maps_find(s->maps, tcb) == maps_find(s->maps, c->head[0]) &&
           c->head[0] < tcb;
}

static bool is_scheduler(const struct scan *s, const struct candidate *c)
{
    const struct layout_thread *t = thread_of(s, c->inner);
    return t && (t->dirty || on_stack(s, c));
}

/* Keeps the candidates that are the ErtsSchedulerData of a known thread. */
static int confirm(const struct scan *s, struct candidates *c)
{
    int status = read_each(s->m, c, false);
    if (status < 0)
        return status;
    size_t kept = 0;
    for (size_t i = 0; i < c->count; i++)
        if (plausible(s, &c->list[i]))
            c->list[kept++] = c->list[i];
    c->count = kept;
    status = read_each(s->m, c, true);
    if (status < 0)
        return status;
    kept = 0;
    for (size_t i = 0; i < c->count; i++)
        if (is_scheduler(s, &c->list[i]))
            c->list[kept++] = c->list[i];
    c->count = kept;
    return 0;
}

static int by_address(const void *a, const void *b)
{
    const struct candidate *x = a, *y = b;
    return (x->esdp > y->esdp) - (x->esdp < y->esdp);
}

/* All different 64-aligned pointers in the data. */
static int pointers(const struct exedata *d, const struct maps *maps,
                    struct candidates *out)
{
    struct candidate *list = malloc(CANDIDATES_MAX * sizeof(*list));
    if (!list)
        return -ENOMEM;
    size_t n = 0;
    for (size_t i = 0; i < d->count; i++)
        for (size_t at = 0; at < d->parts[i].len; at += 8) {
            uint64_t word = exedata_u64(&d->parts[i], at);
            if (word % ESDP_ALIGN == 0 && n < CANDIDATES_MAX &&
                exedata_pointee(maps, word, ESDP_HEAD))
                list[n++].esdp = word;
        }
    qsort(list, n, sizeof(*list), by_address);
    size_t kept = 0;
    for (size_t i = 0; i < n; i++)
        if (kept == 0 || list[kept - 1].esdp != list[i].esdp)
            list[kept++] = list[i];
    *out = (struct candidates){.list = list, .count = kept};
    return 0;
}

static int accept(const struct scan *s, const struct candidate *c)
{
    struct layout_scheduler entry = {
        .tid = thread_of(s, c->inner)->tid,
        .esdp = c->esdp,
        .runtime_stack = on_stack(s, c) ? c->head[0] : 0,
    };
    return layout_schedulers_put(s->l, entry);
}

/* Tries the places at from + step, from + 2 * step, ..., `tries` of them. Sets
   *distance to that of the first scheduler found (0: none), accepts the
   schedulers that follow one another at this distance, and sets *found to their
   number. With the smallest possible step, the distance is the array's stride.
 */
static int follow(const struct scan *s, uint64_t from, uint64_t step,
                  size_t tries, uint64_t *distance, size_t *found)
{
    struct candidates c = {.list = calloc(tries, sizeof(*c.list))};
    *found = 0;
    if (!c.list)
        return -ENOMEM;
    for (size_t i = 1; i <= tries; i++) {
        uint64_t place = from + i * step;
        if (exedata_pointee(s->maps, place, ESDP_HEAD))
            c.list[c.count++].esdp = place;
    }
    int status = confirm(s, &c);
    *distance = status == 0 && c.count ? c.list[0].esdp - from : 0;
    while (status == 0 && *found < c.count &&
           c.list[*found].esdp == from + (*found + 1) * *distance)
        status = accept(s, &c.list[(*found)++]);
    free(c.list);
    return status;
}

/* The stride of the arrays that the candidates begin: the distance to the next
   scheduler, unless that is the beginning of another array. An array of a
   single scheduler does not tell. *stride is left at 0 if it is unknown. */
static int find_stride(const struct scan *s, const struct candidates *c,
                       uint64_t *stride)
{
    int status = 0;
    for (size_t i = 0; i < c->count && status == 0 && *stride == 0; i++) {
        uint64_t first = c->list[i].esdp, room = ESDP_STRIDE_MAX;
        size_t found;
        if (i + 1 < c->count && c->list[i + 1].esdp - first <= room)
            room = c->list[i + 1].esdp - first - 1;
        if (room >= ESDP_ALIGN)
            status =
                follow(s, first, ESDP_ALIGN, room / ESDP_ALIGN, stride, &found);
    }
    return status;
}

/* Accepts the rest of the array that begins at `first`. */
static int follow_array(const struct scan *s, uint64_t first, uint64_t stride)
{
    size_t found, chunk = 64;
    uint64_t distance, from = first;
    int status = 0;
    for (size_t n = 0; status == 0 && stride && n < SCHEDULERS_MAX;
         n += chunk) {
        status = follow(s, from, stride, chunk, &distance, &found);
        if (found < chunk || distance != stride)
            break;
        from += chunk * stride;
    }
    return status;
}

int layout_schedulers_scan(const struct exedata *d, const struct maps *maps,
                           const struct memory *m,
                           const struct layout_thread *threads, size_t count,
                           struct layout *l)
{
    struct scan s = {.maps = maps,
                     .m = m,
                     .threads = threads,
                     .thread_count = count,
                     .l = l};
    struct candidates c;
    int status = pointers(d, maps, &c);
    if (status < 0)
        return status;
    uint64_t stride = 0;
    status = confirm(&s, &c);
    if (status == 0)
        status = find_stride(&s, &c, &stride);
    for (size_t i = 0; status == 0 && i < c.count; i++) {
        status = accept(&s, &c.list[i]);
        if (status == 0)
            status = follow_array(&s, c.list[i].esdp, stride);
    }
    free(c.list);
    return status;
}

int layout_schedulers_put(struct layout *l, struct layout_scheduler entry)
{
    size_t at = 0;
    while (at < l->scheduler_count && l->schedulers[at].tid < entry.tid)
        at++;
    if (at < l->scheduler_count && l->schedulers[at].tid == entry.tid) {
        l->schedulers[at] = entry;
        return 0;
    }
    if (l->scheduler_count == SCHEDULERS_MAX)
        return -E_LIMIT;
    int err =
        ARRAY_RESERVE(l->schedulers, l->scheduler_cap, l->scheduler_count + 1);
    if (err)
        return err;
    struct layout_scheduler *place = l->schedulers + at;
    memmove(place + 1, place, (l->scheduler_count++ - at) * sizeof(*place));
    *place = entry;
    return 0;
}

/* The last number of the line "NSpid:\t<ours>\t...\t<innermost>". */
static pid_t inner_tid(pid_t pid, pid_t tid)
{
    char path[64];
    snprintf(path, sizeof(path), "/proc/%d/task/%d/status", (int)pid, (int)tid);
    struct buffer text;
    buffer_init(&text, 1 << 20);
    pid_t inner = 0;
    if (buffer_read_file(&text, path) == 0) {
        struct reader r = reader_of(text.data, text.len);
        const char *line;
        size_t len;
        while (reader_line(&r, &line, &len)) {
            if (len < 6 || memcmp(line, "NSpid:", 6) != 0)
                continue;
            for (size_t i = 6; i < len; i++)
                if (line[i] >= '0' && line[i] <= '9')
                    inner = inner * 10 + (line[i] - '0');
                else
                    inner = 0;
        }
    }
    buffer_deinit(&text);
    return inner;
}

static bool may_run_erlang(const struct thread *t)
{
    return t->kind == THREAD_NORMAL || t->kind == THREAD_DIRTY_CPU ||
           t->kind == THREAD_DIRTY_IO || t->kind == THREAD_OTHER;
}

int layout_schedulers_threads(const struct process *p,
                              const struct threads *threads,
                              struct layout_thread **out, size_t *count)
{
    struct layout_thread *list =
        calloc(threads->count ? threads->count : 1, sizeof(*list));
    if (!list)
        return -ENOMEM;
    bool same = p->inner_pid == 0 || p->inner_pid == p->pid;
    size_t n = 0;
    for (size_t i = 0; i < threads->count; i++) {
        const struct thread *t = &threads->list[i];
        if (!may_run_erlang(t))
            continue;
        pid_t inner = same ? t->tid : inner_tid(p->pid, t->tid);
        if (inner > 0)
            list[n++] =
                (struct layout_thread){.tid = t->tid,
                                       .inner = inner,
                                       .dirty = t->kind == THREAD_DIRTY_CPU ||
                                                t->kind == THREAD_DIRTY_IO};
    }
    qsort(list, n, sizeof(*list), by_inner);
    *out = list;
    *count = n;
    return 0;
}

/* Can these words be ErtsSchedulerData.type, no and dirty_no of the thread?
   (enum ErtsSchedType: normal 0, dirty CPU 1, dirty IO 2) */
static bool fits(const uint64_t *word, const struct thread *t)
{
    uint32_t type = (uint32_t)word[0];
    uint64_t no = word[1], dirty_no = word[2];
    switch (t->kind) {
    case THREAD_NORMAL:
        return type == 0 && no == t->number;
    case THREAD_DIRTY_CPU:
        return type == 1 && no == 0 && dirty_no == t->number;
    case THREAD_DIRTY_IO:
        return type == 2 && no == 0 && dirty_no == t->number;
    default:
        return true;
    }
}

bool layout_schedulers_current(const struct layout *l, const struct memory *m,
                               const struct threads *threads, uint32_t *offset)
{
    bool possible[ESDP_TYPE_WORDS];
    memset(possible, true, sizeof(possible));
    unsigned kinds = 0;
    for (size_t i = 0; i < l->scheduler_count; i++) {
        const struct thread *t = threads_find(threads, l->schedulers[i].tid);
        uint64_t words[ESDP_TYPE_WORDS];
        if (!t || t->kind > THREAD_DIRTY_IO || l->schedulers[i].esdp == 0 ||
            memory_read(m, l->schedulers[i].esdp, words, sizeof(words)) < 0)
            continue;
        kinds |= 1u << t->kind;
        for (size_t k = 0; k + 2 < ESDP_TYPE_WORDS; k++)
            possible[k] = possible[k] && fits(words + k, t);
    }
    /* For one kind of scheduler nearly all of these words are 0, so schedulers
       of two kinds are needed. */
    size_t hits = 0, hit = 0;
    for (size_t k = 1; k + 2 < ESDP_TYPE_WORDS; k++)
        if (possible[k]) {
            hits++;
            hit = k;
        }
    if (!(kinds & (kinds - 1)) || hits != 1)
        return false;
    /* current_process is the word before type, since OTP 21. */
    *offset = (uint32_t)(hit - 1) * 8;
    return true;
}
