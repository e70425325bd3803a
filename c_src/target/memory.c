#include "target/memory.h"

#include <errno.h>

int memory_read_many(const struct memory *m, struct memory_span *spans,
                     size_t n)
{
    for (size_t i = 0; i < n; i++)
        spans[i].ok = false;
    int over = deadline_check(m->until);
    if (over)
        return over;
    return n ? m->read_many(m->ctx, spans, n) : 0;
}

int memory_read(const struct memory *m, uint64_t addr, void *to, size_t len)
{
    struct memory_span span = {.addr = addr, .to = to, .len = len};
    int n = memory_read_many(m, &span, 1);
    if (n < 0)
        return n;
    return span.ok ? 0 : -EFAULT;
}

int memory_read_u64(const struct memory *m, uint64_t addr, uint64_t *value)
{
    uint64_t word;
    int err = memory_read(m, addr, &word, sizeof(word));
    if (!err)
        *value = word;
    return err;
}
