/*
 * Memory of a live process by process_vm_readv(2). One call stops at the first
 * byte that it cannot read. The spans behind it can usually be read, so the
 * batch continues with the span after the bad one.
 */
#include "target/memory.h"

#include <errno.h>
#include <sys/uio.h>

/* The kernel limits one call to 2 GiB (MAX_RW_COUNT). Batches stay well below
   that, so that a short count always means an unreadable byte. */
#define MAX_SPAN  ((size_t)1 << 29)
#define MAX_BATCH ((size_t)1 << 30)

/* One span that is not plausible makes the kernel refuse the whole call. */
static bool plausible(const struct memory_span *s)
{
    return s->len > 0 && s->len <= MAX_SPAN && s->addr <= UINT64_MAX - s->len;
}

/* Spans of one call. The kernel accepts 1024, but a batch of that size (40 KiB)
 * would exhaust the stack under `ulimit -s 64`. */
enum { MAX_SPANS = 256 };

struct batch {
    struct iovec local[MAX_SPANS], remote[MAX_SPANS];
    size_t index[MAX_SPANS]; /* the span of each iovec */
    size_t count;
};

/* Fills the batch from span `from` on; returns the first span that is not in
 * it. */
static size_t fill(struct batch *b, struct memory_span *spans, size_t from,
                   size_t n)
{
    size_t bytes = 0, i = from;
    b->count = 0;
    for (; i < n && b->count < MAX_SPANS && bytes < MAX_BATCH; i++) {
        spans[i].ok = spans[i].len == 0;
        if (!plausible(&spans[i]))
            continue;
        b->local[b->count] = (struct iovec){spans[i].to, spans[i].len};
        b->remote[b->count].iov_base = (void *)(uintptr_t)spans[i].addr;
        b->remote[b->count].iov_len = spans[i].len;
        b->index[b->count++] = i;
        bytes += spans[i].len;
    }
    return i;
}

/* Marks the spans from `at` on that lie within the `bytes` read; returns how
 * many they are. */
static size_t covered(const struct batch *b, size_t at,
                      struct memory_span *spans, size_t bytes)
{
    size_t i = at;
    for (; i < b->count && spans[b->index[i]].len <= bytes; i++) {
        bytes -= spans[b->index[i]].len;
        spans[b->index[i]].ok = true;
    }
    return i - at;
}

/* Reads one batch; -errno when the process as such cannot be read. */
static int run(pid_t pid, const struct batch *b, struct memory_span *spans)
{
    for (size_t at = 0; at < b->count;) {
        ssize_t got = process_vm_readv(pid, b->local + at, b->count - at,
                                       b->remote + at, b->count - at, 0);
        if (got < 0 && errno != EFAULT)
            return -errno;
        at += covered(b, at, spans, got > 0 ? (size_t)got : 0);
        at++; /* this span has the bad byte, or the batch is finished */
    }
    return 0;
}

static int to_error(int err)
{
    switch (-err) {
    case EPERM:
    case EACCES:
        return -E_NO_ACCESS;
    case ESRCH:
        return -E_GONE;
    default:
        return err;
    }
}

static int read_many(void *ctx, struct memory_span *spans, size_t n)
{
    struct batch b;
    int err = 0, done = 0;
    for (size_t i = 0; i < n && !err;) {
        i = fill(&b, spans, i, n);
        err = run((pid_t)(intptr_t)ctx, &b, spans);
    }
    for (size_t i = 0; i < n; i++)
        done += spans[i].ok;
    return err && !done ? to_error(err) : done;
}

struct memory memory_of_pid(pid_t pid)
{
    return (struct memory){.read_many = read_many,
                           .ctx = (void *)(intptr_t)pid};
}
