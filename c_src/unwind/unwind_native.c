#include "unwind/unwind_native.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "unwind/cfi_cache.h"
#include "unwind/cfi_expr.h"
#include "unwind/unwind_objects.h"

enum {
    LATE_BYTES = 4096,
    ALL_KNOWN = (1 << REGS_COUNT) - 1,
    /* Saved by C code; they mean something in JIT code (regs.h). */
    JIT_SAVED = 1 << REGS_RBP | 1 << REGS_R13 | 1 << REGS_R15,
};

struct unwind_native {
    const struct process *process;
    const struct memory *memory;
    struct unwind_objects objects;
    struct cfi_cache *cache;
    uint64_t frames[NATIVE_FRAMES];

    /* for the sample that is being unwound: */
    const struct sample *sample;
    bool late;
    uint64_t late_addr; /* address of `late_bytes` in the node; 0: none */
    uint8_t late_bytes[LATE_BYTES];
};

/* One activation of a function. */
struct activation {
    struct regs regs;
    uint32_t known;   /* one bit per register whose value is known */
    bool interrupted; /* ip is the next instruction, not a return address */
};

int unwind_native_open(const struct process *p, const struct memory *m,
                       struct unwind_native **out)
{
    struct unwind_native *n = calloc(1, sizeof(*n));
    if (!n)
        return -ENOMEM;
    n->process = p;
    n->memory = m;
    n->cache = cfi_cache_open();
    if (!n->cache) {
        free(n);
        return -ENOMEM;
    }
    *out = n;
    return 0;
}

void unwind_native_close(struct unwind_native *n)
{
    if (!n)
        return;
    cfi_cache_close(n->cache);
    unwind_objects_deinit(&n->objects);
    free(n);
}

int unwind_native_set_maps(struct unwind_native *n, const struct maps *maps)
{
    int changed = unwind_objects_set(&n->objects, maps);
    if (changed)
        cfi_cache_clear(n->cache);
    return changed < 0 ? changed : 0;
}

/* --- words of the stack --------------------------------------------------- */

static bool from_copy(const struct sample_copy *copy, uint64_t addr,
                      uint64_t *value)
{
    if (addr < copy->addr || copy->len < sizeof(*value) ||
        addr - copy->addr > copy->len - sizeof(*value))
        return false;
    memcpy(value, copy->bytes + (addr - copy->addr), sizeof(*value));
    return true;
}

static int from_memory(struct unwind_native *n, uint64_t addr, uint64_t *value)
{
    uint64_t start = addr & ~(uint64_t)(LATE_BYTES - 1);
    if (addr - start > LATE_BYTES - sizeof(*value))
        return memory_read_u64(n->memory, addr, value);
    if (n->late_addr != start) {
        n->late_addr = 0;
        int err = memory_read(n->memory, start, n->late_bytes, LATE_BYTES);
        if (err)
            return err;
        n->late_addr = start;
    }
    memcpy(value, n->late_bytes + (addr - start), sizeof(*value));
    return 0;
}

/* -E_LIMIT: the sample is exact and does not have this word. */
static int read_word(void *ctx, uint64_t addr, uint64_t *value)
{
    struct unwind_native *n = ctx;
    if (from_copy(&n->sample->stack, addr, value) ||
        from_copy(&n->sample->seam, addr, value))
        return 0;
    if (n->sample->exact)
        return -E_LIMIT;
    n->late = true;
    return from_memory(n, addr, value);
}

/* --- one step outwards ---------------------------------------------------- */

static const struct cfi_row *row_at(struct unwind_native *n, uint64_t addr)
{
    const struct cfi_row *row = cfi_cache_get(n->cache, addr);
    if (row)
        return row;
    const struct unwind_object *object =
        unwind_objects_at(&n->objects, n->process, n->memory, addr);
    struct cfi_row fresh;
    if (!object || cfi_row_find(&object->table, addr - object->bias, &fresh))
        return NULL;
    return cfi_cache_put(n->cache, addr, &fresh);
}

static int run_expression(struct unwind_native *n, const struct activation *a,
                          const struct cfi_row *row,
                          const struct cfi_rule *rule, const uint64_t *first,
                          uint64_t *value)
{
    struct cfi_expr_world world = {
        .regs = &a->regs, .known = a->known, .read = read_word, .ctx = n};
    return cfi_expr_run(row->bytes + rule->at, rule->len, &world, first, value);
}

static uint64_t plus(uint64_t addr, int32_t offset)
{
    return addr + (uint64_t)(int64_t)offset;
}

static int find_cfa(struct unwind_native *n, const struct activation *a,
                    const struct cfi_row *row, uint64_t *cfa)
{
    if (row->cfa.how == CFI_VALUE_EXPR)
        return run_expression(n, a, row, &row->cfa, NULL, cfa);
    if (!(a->known & 1u << row->cfa.reg))
        return -E_NOT_FOUND;
    *cfa = plus(a->regs.r[row->cfa.reg], row->cfa.at);
    return 0;
}

/* In an epilogue the rule "saved at CFA - n" still holds after the register was
 * popped. Then the slot is below the stack pointer, and the register itself has
 * the right value. */
static bool popped(const struct activation *a, const struct cfi_rule *rule,
                   uint64_t addr)
{
    return rule->reg != REGS_RIP && addr < a->regs.r[REGS_RSP];
}

static int recover(struct unwind_native *n, const struct activation *a,
                   const struct cfi_row *row, const struct cfi_rule *rule,
                   uint64_t cfa, uint64_t *value)
{
    uint64_t addr = plus(cfa, rule->at);
    int err = 0;
    switch (rule->how) {
    case CFI_VALUE:
        *value = addr;
        return 0;
    case CFI_VALUE_EXPR:
        return run_expression(n, a, row, rule, &cfa, value);
    case CFI_REGISTER:
        if (rule->at < 0 || rule->at >= REGS_COUNT ||
            !(a->known & 1u << rule->at))
            return -E_NOT_FOUND;
        *value = a->regs.r[rule->at];
        return 0;
    case CFI_SAVED_EXPR:
        err = run_expression(n, a, row, rule, &cfa, &addr);
        break;
    }
    if (err)
        return err;
    if (popped(a, rule, addr)) {
        *value = a->regs.r[rule->reg];
        return a->known & 1u << rule->reg ? 0 : -E_NOT_FOUND;
    }
    return read_word(n, addr, value);
}

/* Goes to the caller: 1: *a is now the caller; 0: there is no caller. A lost
 * register matters only if a later step needs it; every step needs the return
 * address. */
static int step(struct unwind_native *n, struct activation *a)
{
    uint64_t ip = a->regs.r[REGS_RIP], cfa;
    const struct cfi_row *row = row_at(n, a->interrupted ? ip : ip - 1);
    if (!row)
        return -E_NOT_FOUND;
    int err = find_cfa(n, a, row, &cfa);
    if (err)
        return err;
    struct activation caller = *a;
    caller.regs.r[REGS_RSP] = cfa;
    caller.known |= 1u << REGS_RSP;
    for (size_t i = 0; i < row->count; i++) {
        const struct cfi_rule *rule = &row->rules[i];
        uint32_t bit = 1u << rule->reg;
        caller.known |= bit;
        if (rule->how == CFI_UNDEFINED)
            err = -E_NOT_FOUND;
        else
            err = recover(n, a, row, rule, cfa, &caller.regs.r[rule->reg]);
        if (err && rule->reg == REGS_RIP)
            return rule->how == CFI_UNDEFINED ? 0 : err;
        if (err) {
            caller.known &= ~bit;
            caller.regs.r[rule->reg] = 0;
        }
    }
    /* Stacks grow downwards; but a signal handler may have its own stack. */
    if (caller.regs.r[REGS_RSP] <= a->regs.r[REGS_RSP] && !row->signal)
        return -E_FORMAT;
    caller.interrupted = row->signal;
    *a = caller;
    return 1;
}

static enum native_end walk(struct unwind_native *n, struct activation *a,
                            const struct unwind_code *code,
                            struct native_walk *out)
{
    uint64_t ip = a->regs.r[REGS_RIP];
    while (out->count < NATIVE_FRAMES) {
        if (unwind_code_has(code, ip)) {
            out->regs = a->regs;
            out->saved_known = (a->known & JIT_SAVED) == JIT_SAVED;
            return NATIVE_ERLANG;
        }
        n->frames[out->count++] = a->interrupted ? ip : ip - 1;
        int more = step(n, a);
        if (more < 0)
            return more == -E_LIMIT ? NATIVE_LIMIT : NATIVE_FAILED;
        ip = a->regs.r[REGS_RIP];
        if (more == 0)
            return NATIVE_OUTERMOST;
        if (ip == 0)
            return out->count > 1 ? NATIVE_OUTERMOST : NATIVE_FAILED;
    }
    return NATIVE_LIMIT;
}

void unwind_native_frames(struct unwind_native *n, const struct sample *s,
                          const struct unwind_code *code,
                          struct native_walk *out)
{
    struct activation a = {.regs = s->regs,
                           .known = ALL_KNOWN & ~s->lost_regs,
                           .interrupted = true};
    *out = (struct native_walk){.frames = n->frames};
    n->sample = s;
    n->late = false;
    n->late_addr = 0;
    out->end = walk(n, &a, code, out);
    out->late = n->late;
    n->sample = NULL;
}

void unwind_native_prepare(struct unwind_native *n)
{
    for (size_t i = 0; i < n->objects.count; i++)
        (void)unwind_objects_at(&n->objects, n->process, n->memory,
                                n->objects.list[i].map.start);
}
