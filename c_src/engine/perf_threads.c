/*
 * Rings are locked memory, which is limited. So the rings of all threads are
 * scaled down equally until they fit.
 */
#include "engine/perf_threads.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "base/array.h"

enum {
    /* Room for 60 of the largest copies, which deep recursion needs. */
    NORMAL_RING = 4 * 1024 * 1024,
    DIRTY_RING = 1024 * 1024,
    OTHER_RING = 64 * 1024,
    ALL_RINGS = 32 * 1024 * 1024,
};

static size_t ring_size(enum thread_kind kind, unsigned shift)
{
    size_t size = OTHER_RING;
    if (kind == THREAD_NORMAL)
        size = NORMAL_RING;
    else if (kind == THREAD_DIRTY_CPU || kind == THREAD_DIRTY_IO)
        size = DIRTY_RING;
    size >>= shift;
    return size < PERF_THREAD_MIN_RING ? PERF_THREAD_MIN_RING : size;
}

static bool smallest(unsigned shift)
{
    return ring_size(THREAD_NORMAL, shift) == PERF_THREAD_MIN_RING;
}

/* A node with +S 200 has over 400 threads. */
static unsigned first_shift(const struct threads *threads)
{
    for (unsigned shift = 0;; shift++) {
        size_t sum = 0;
        for (size_t i = 0; i < threads->count; i++)
            sum += ring_size(threads->list[i].kind, shift);
        if (sum <= ALL_RINGS || smallest(shift))
            return shift;
    }
}

static bool is_denied(int error)
{
    return error == -EACCES || error == -EPERM;
}

/* Without rights, the kernel refuses events that sample the kernel, but may
 * permit those for user code only. */
int perf_threads_open_one(const struct thread *of,
                          struct perf_event_setup *setup, size_t ring_bytes,
                          struct perf_thread *out)
{
    int result = perf_thread_open(out, of, setup, ring_bytes);
    if (!is_denied(result) || !setup->kernel)
        return result;
    setup->kernel = setup->callchain = false;
    return perf_thread_open(out, of, setup, ring_bytes);
}

int perf_threads_watch(struct perf_threads *set, struct perf_thread *t)
{
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = t};
    return epoll_ctl(set->epoll, EPOLL_CTL_ADD, t->fd, &event) < 0 ? -errno : 0;
}

static void free_thread(struct perf_threads *set, struct perf_thread *t)
{
    set->lost += perf_thread_lost(t);
    perf_thread_close(t);
    free(t);
}

/* Opens one more thread and appends it to the list, which has room. */
static int append(struct perf_threads *set, const struct thread *of,
                  unsigned shift)
{
    struct perf_thread *t = malloc(sizeof(*t));
    if (!t)
        return -ENOMEM;
    int result =
        perf_threads_open_one(of, &set->setup, ring_size(of->kind, shift), t);
    if (result) {
        free(t);
        return result;
    }
    result = perf_threads_watch(set, t);
    if (result == 0 && set->armed)
        result = perf_event_enable(t->fd);
    if (result) {
        free_thread(set, t);
        return result;
    }
    set->list[set->count++] = t;
    return 0;
}

static int append_shrinking(struct perf_threads *set, const struct thread *of)
{
    for (unsigned shift = set->shift;; shift++) {
        int result = append(set, of, shift);
        if (result != -E_MEMLOCK || smallest(shift))
            return result;
    }
}

static int by_tid(const void *a, const void *b)
{
    pid_t x = (*(struct perf_thread *const *)a)->tid;
    pid_t y = (*(struct perf_thread *const *)b)->tid;
    return (x > y) - (x < y);
}

static bool is_sampled(const struct perf_threads *set, size_t sorted, pid_t tid)
{
    struct perf_thread key = {.tid = tid}, *pointer = &key;
    return sorted && bsearch(&pointer, set->list, sorted, sizeof(set->list[0]),
                             by_tid) != NULL;
}

static bool is_used_up(int error)
{
    return error == -E_MEMLOCK || error == -EMFILE || error == -ENFILE;
}

static void skip(struct perf_threads *set, int error)
{
    set->skipped++;
    set->why = error;
}

/* If descriptors or locked memory are used up for one thread, they are for all
 * that follow. */
int perf_threads_add(struct perf_threads *set, const struct threads *threads)
{
    int result =
        ARRAY_RESERVE(set->list, set->cap, set->count + threads->count + 1);
    if (result)
        return result;
    size_t sorted = set->count;
    set->skipped = 0;
    for (size_t i = 0; i < threads->count; i++) {
        if (is_sampled(set, sorted, threads->list[i].tid))
            continue;
        if (!is_used_up(result))
            result = append_shrinking(set, &threads->list[i]);
        if (result && result != -ESRCH) /* -ESRCH: it has ended meanwhile */
            skip(set, result);
    }
    qsort(set->list, set->count, sizeof(set->list[0]), by_tid);
    return 0;
}

static void drop_all(struct perf_threads *set)
{
    for (size_t i = 0; i < set->count; i++)
        free_thread(set, set->list[i]);
    set->count = 0;
}

/* Opens all threads with rings of one scale, so that the last ones do not lack
 * memory. */
static int open_all(struct perf_threads *set, const struct threads *threads)
{
    int result =
        ARRAY_RESERVE(set->list, set->cap, set->count + threads->count + 1);
    for (size_t i = 0; i < threads->count && result == 0; i++) {
        result = append(set, &threads->list[i], set->shift);
        if (result == -ESRCH)
            result = 0;
    }
    if (result)
        drop_all(set);
    else
        qsort(set->list, set->count, sizeof(set->list[0]), by_tid);
    return result;
}

/* Opens as many threads as possible: kind by kind, schedulers first
 * (threads.h). */
static int open_most(struct perf_threads *set, const struct threads *threads)
{
    int result = ARRAY_RESERVE(set->list, set->cap, threads->count + 1);
    for (int kind = 0; kind <= THREAD_OTHER; kind++)
        for (size_t i = 0; i < threads->count; i++) {
            if (threads->list[i].kind != (enum thread_kind)kind)
                continue;
            if (!result || result == -ESRCH)
                result = append(set, &threads->list[i], set->shift);
            if (is_used_up(result))
                skip(set, result);
        }
    if (set->count == 0 || (result && !is_used_up(result))) {
        drop_all(set);
        return result;
    }
    qsort(set->list, set->count, sizeof(set->list[0]), by_tid);
    return 0;
}

int perf_threads_open(struct perf_threads *set, const struct threads *threads)
{
    int result;
    for (set->shift = first_shift(threads);; set->shift++) {
        result = open_all(set, threads);
        if (result != -E_MEMLOCK || smallest(set->shift))
            break;
    }
    return is_used_up(result) ? open_most(set, threads) : result;
}

int perf_threads_init(struct perf_threads *set,
                      const struct perf_event_setup *setup)
{
    *set = (struct perf_threads){.setup = *setup};
    set->epoll = epoll_create1(EPOLL_CLOEXEC);
    return set->epoll < 0 ? -errno : 0;
}

void perf_threads_deinit(struct perf_threads *set)
{
    drop_all(set);
    if (set->epoll >= 0)
        close(set->epoll);
    free(set->list);
}

int perf_threads_arm(struct perf_threads *set, bool armed)
{
    set->armed = armed;
    for (size_t i = 0; i < set->count; i++) {
        int fd = set->list[i]->fd;
        int err = armed ? perf_event_enable(fd) : perf_event_disable(fd);
        if (err)
            return err;
    }
    return 0;
}

uint64_t perf_threads_lost(const struct perf_threads *set)
{
    uint64_t lost = set->lost;
    for (size_t i = 0; i < set->count; i++)
        lost += perf_thread_lost(set->list[i]);
    return lost;
}

void perf_threads_remove_ended(struct perf_threads *set)
{
    size_t kept = 0;
    for (size_t i = 0; i < set->count; i++)
        if (set->list[i]->over)
            free_thread(set, set->list[i]);
        else
            set->list[kept++] = set->list[i];
    set->count = kept;
}
