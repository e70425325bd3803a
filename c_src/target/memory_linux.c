/*
 * Memory of a live process by process_vm_readv(2). One call stops at the first
 * byte it cannot read; the spans after that one are good more often than not,
 * so the batch goes on behind it.
 */
#include "target/memory.h"

#include <errno.h>
#include <sys/uio.h>

/* The kernel cuts one call at 2 GiB (MAX_RW_COUNT): stay well below, so that
   a short count always means an unreadable byte. */
#define MAX_SPAN  ((size_t)1 << 29)
#define MAX_BATCH ((size_t)1 << 30)

/* What the kernel would refuse for the whole call is not even put to it. */
static bool plausible(const struct memory_span *s)
{
    return s->len > 0 && s->len <= MAX_SPAN && s->addr <= UINT64_MAX - s->len;
}

/* Spans of a call. The kernel would take 1024; with their 40 KiB the stack that
 * `ulimit -s 64` leaves is full. */
enum { MAX_SPANS = 256 };

struct batch {
    struct iovec local[MAX_SPANS], remote[MAX_SPANS];
    size_t index[MAX_SPANS]; /* which span each iovec is */
    size_t count;
};

/* Fills the batch from span `from` on; returns the first span left out. */
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

/* Marks the spans from `at` on that `bytes` cover; returns how many. */
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
        at++; /* this one holds the bad byte, or it is the end */
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
