/*
 * Scripted memory of a node that does not exist: pieces of bytes at addresses,
 * behind the same callback as a live process's memory, and the maps of them.
 */
#ifndef CPROF_TEST_FAKE_MEMORY_H
#define CPROF_TEST_FAKE_MEMORY_H

#include "test.h"

#include "target/maps.h"
#include "target/memory.h"

enum { FAKE_PIECES = 32 };

struct fake {
    struct {
        uint64_t addr;
        uint8_t *bytes;
        size_t len;
    } pieces[FAKE_PIECES];
    struct map maps[FAKE_PIECES];
    size_t count;
    size_t calls; /* of read_many */
};

/* A new writable mapping of zeroes; add them in ascending order. */
static inline void fake_map(struct fake *f, uint64_t addr, size_t len,
                            const char *path)
{
    assert_true(f->count < FAKE_PIECES);
    f->pieces[f->count].addr = addr;
    f->pieces[f->count].bytes = calloc(1, len);
    f->pieces[f->count].len = len;
    f->maps[f->count] = (struct map){.start = addr,
                                     .end = addr + len,
                                     .inode = path[0] ? 1 : 0,
                                     .flags = MAPS_READ | MAPS_WRITE,
                                     .path = path};
    f->count++;
}

static inline uint8_t *fake_at(struct fake *f, uint64_t addr, size_t len)
{
    for (size_t i = 0; i < f->count; i++)
        if (addr >= f->pieces[i].addr && len <= f->pieces[i].len &&
            addr - f->pieces[i].addr <= f->pieces[i].len - len)
            return f->pieces[i].bytes + (addr - f->pieces[i].addr);
    return NULL;
}

static inline void fake_put(struct fake *f, uint64_t addr, const void *bytes,
                            size_t len)
{
    uint8_t *to = fake_at(f, addr, len);
    assert_non_null(to);
    memcpy(to, bytes, len);
}

static inline void fake_u64(struct fake *f, uint64_t addr, uint64_t value)
{
    fake_put(f, addr, &value, sizeof(value));
}

static inline void fake_u32(struct fake *f, uint64_t addr, uint32_t value)
{
    fake_put(f, addr, &value, sizeof(value));
}

static inline int fake_read_many(void *ctx, struct memory_span *spans, size_t n)
{
    struct fake *f = ctx;
    int read = 0;
    f->calls++;
    for (size_t i = 0; i < n; i++) {
        uint8_t *from = fake_at(f, spans[i].addr, spans[i].len);
        spans[i].ok = from != NULL;
        if (from)
            memcpy(spans[i].to, from, spans[i].len);
        read += from != NULL;
    }
    return read;
}

static inline struct memory fake_memory(struct fake *f)
{
    return (struct memory){.read_many = fake_read_many, .ctx = f};
}

static inline struct maps fake_maps(struct fake *f)
{
    return (struct maps){.list = f->maps, .count = f->count};
}

static inline void fake_free(struct fake *f)
{
    for (size_t i = 0; i < f->count; i++)
        free(f->pieces[i].bytes);
    f->count = 0;
}

#endif
