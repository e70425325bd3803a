/*
 * The memory of a node whose JIT list the test loads into and purges from, as
 * the VM does it; behind the same callback as a live process's memory.
 */
#ifndef CPROF_TEST_JIT_NODE_H
#define CPROF_TEST_JIT_NODE_H

#include "jit_entries.h"

#include "target/jit_parts.h"

enum { JIT_BASE = 0x100000, JIT_SLOT = 0x400, JIT_SLOTS = 64 };

struct jit_node {
    uint8_t *bytes;
    size_t len;
    int reads_until_tear; /* then `tear` is done, once */
    void (*tear)(struct jit_node *n);
    size_t reads;
};

static inline int jit_node_read(void *ctx, struct memory_span *spans, size_t n)
{
    struct jit_node *node = ctx;
    node->reads++;
    if (node->reads_until_tear > 0 && --node->reads_until_tear == 0)
        node->tear(node);
    int done = 0;
    for (size_t i = 0; i < n; i++) {
        uint64_t at = spans[i].addr - JIT_BASE;
        spans[i].ok = at < node->len && spans[i].len <= node->len - at;
        if (spans[i].ok)
            memcpy(spans[i].to, node->bytes + at, spans[i].len);
        done += spans[i].ok;
    }
    return done;
}

static inline uint8_t *jit_node_at(struct jit_node *n, uint64_t addr)
{
    assert_true(addr >= JIT_BASE && addr - JIT_BASE < n->len);
    return n->bytes + (addr - JIT_BASE);
}

static inline struct jit_link *jit_node_link(struct jit_node *n, uint64_t addr)
{
    return (struct jit_link *)jit_node_at(n, addr);
}

/* The descriptor is at the very start. */
static inline uint64_t *jit_node_first(struct jit_node *n)
{
    return (uint64_t *)(n->bytes + JIT_FIRST_ENTRY);
}

static inline uint64_t jit_node_slot(int slot)
{
    return JIT_BASE + JIT_SLOT * (uint64_t)(slot + 1);
}

/* Links an entry (its symfile right behind it) at the head. Its prev is left
 * as it was, as OTP 25 does it. */
static inline void jit_node_link_in(struct jit_node *n, uint64_t addr,
                                    const struct buffer *symfile)
{
    uint64_t old = *jit_node_first(n);
    struct jit_link link = *jit_node_link(n, addr);
    link.next = old;
    link.symfile = addr + sizeof(link);
    link.size = symfile->len;
    memcpy(jit_node_at(n, addr), &link, sizeof(link));
    memcpy(jit_node_at(n, link.symfile), symfile->data, symfile->len);
    if (old)
        jit_node_link(n, old)->prev = addr;
    *jit_node_first(n) = addr;
}

static inline void jit_node_load(struct jit_node *n, int slot, const char *name,
                                 uint64_t base)
{
    struct buffer b;
    buffer_init(&b, 1 << 20);
    put_simple(&b, name, base);
    jit_node_link_in(n, jit_node_slot(slot), &b);
    buffer_deinit(&b);
}

/* Module m with one function, whose name is all that differs: as when a
 * module is compiled again with another function of the same length. */
static inline void jit_node_load_as(struct jit_node *n, int slot, uint64_t base,
                                    const char *function)
{
    struct buffer b;
    buffer_init(&b, 1 << 20);
    put_module(&b, "m", base, 0x100, 3);
    put_range(&b, "m::codeHeader", 0, 0x20, 0);
    char info[128];
    snprintf(info, sizeof(info), "%s-CodeInfoPrologue", function);
    put_range(&b, info, 0x20, 0x50, 0);
    put_range(&b, function, 0x50, 0x100, 0);
    jit_node_link_in(n, jit_node_slot(slot), &b);
    buffer_deinit(&b);
}

static inline void jit_node_purge(struct jit_node *n, int slot)
{
    struct jit_link *link = jit_node_link(n, jit_node_slot(slot));
    if (link->next)
        jit_node_link(n, link->next)->prev = link->prev;
    if (link->prev)
        jit_node_link(n, link->prev)->next = link->next;
    else
        *jit_node_first(n) = link->next;
    memset(link, 0xdd, JIT_SLOT);
}

/* The emulator's facts in slot 0, module `old` at 0x1000 in slot 1. */
static inline struct jit_node *jit_node_new(size_t len)
{
    struct jit_node *n = calloc(1, sizeof(*n));
    n->len = len ? len : JIT_SLOT * (JIT_SLOTS + 1);
    n->bytes = calloc(1, n->len);
    n->bytes[0] = 1; /* version */
    struct buffer b;
    buffer_init(&b, 1 << 20);
    put_emulator(&b);
    jit_node_link_in(n, jit_node_slot(0), &b);
    buffer_deinit(&b);
    jit_node_load(n, 1, "old", 0x1000);
    return n;
}

static inline void jit_node_free(struct jit_node *n)
{
    free(n->bytes);
    free(n);
}

static inline struct memory jit_node_memory(struct jit_node *n)
{
    return (struct memory){.read_many = jit_node_read, .ctx = n};
}

static inline struct jit *jit_node_follow(struct jit_node *n)
{
    struct memory m = jit_node_memory(n);
    struct jit *jit;
    assert_int_equal(jit_follow(&m, JIT_BASE, &jit), 0);
    return jit;
}

/* Name of the module at a time; "?": ambiguous, "-": none. */
static inline const char *jit_node_name(const struct jit *jit, uint64_t addr,
                                        uint64_t time)
{
    const struct jit_module *m;
    int err = jit_find(jit, addr, time, &m);
    return err == -E_AMBIGUOUS ? "?" : err ? "-" : m->name;
}

/* Name of the function at a time, likewise. */
static inline const char *jit_node_function(const struct jit *jit,
                                            uint64_t addr, uint64_t time)
{
    const struct jit_module *m;
    int err = jit_find(jit, addr, time, &m);
    if (err)
        return err == -E_AMBIGUOUS ? "?" : "-";
    const struct jit_function *f = jit_function_at(m, addr);
    return f ? f->name : "";
}

#endif
