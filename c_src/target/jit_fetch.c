/* Reads the symfiles of many list entries with few system calls and a limited
 * amount of memory. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "target/jit_parts.h"

enum { BATCH = 64, BATCH_BYTES = 16 << 20 };

uint64_t jit_content_hash(const uint8_t *bytes, size_t len)
{
    uint64_t h = len, word;
    for (; len >= sizeof(word); len -= sizeof(word), bytes += sizeof(word)) {
        memcpy(&word, bytes, sizeof(word));
        h = hash_u64(h, word);
    }
    word = 0;
    if (len)
        memcpy(&word, bytes, len);
    return hash_u64(h, word);
}

/* The number of entries from `from` on in the next batch, at least one. */
static size_t batch_of(const struct jit_entries *e, size_t from, size_t to,
                       size_t *bytes)
{
    size_t n = 0;
    *bytes = 0;
    while (from + n < to && n < BATCH) {
        size_t size = e->list[from + n].link.size;
        if (n && *bytes + size > BATCH_BYTES)
            break;
        *bytes += size;
        n++;
    }
    return n;
}

static int read_batch(const struct memory *m, const struct jit_entries *e,
                      size_t from, size_t n, uint8_t *to,
                      struct memory_span *spans)
{
    for (size_t i = 0; i < n; i++) {
        const struct jit_link *link = &e->list[from + i].link;
        spans[i] = (struct memory_span){
            .addr = link->symfile, .to = to, .len = link->size};
        to += link->size;
    }
    int done = memory_read_many(m, spans, n);
    if (done < 0)
        return done;
    return (size_t)done == n ? 0 : -E_TORN;
}

int jit_fetch(const struct memory *m, const struct jit_entries *e, size_t from,
              size_t to, jit_content *visit, void *ctx)
{
    struct memory_span spans[BATCH];
    uint8_t *buffer = NULL;
    size_t cap = 0, n, bytes;
    int err = 0;
    for (; from < to && !err; from += n) {
        n = batch_of(e, from, to, &bytes);
        if (bytes > cap) {
            free(buffer);
            buffer = malloc(bytes);
            cap = bytes;
        }
        if (!buffer)
            return -ENOMEM;
        err = read_batch(m, e, from, n, buffer, spans);
        for (size_t i = 0; i < n && !err; i++)
            err = visit(ctx, from + i, spans[i].to, spans[i].len);
    }
    free(buffer);
    return err;
}
