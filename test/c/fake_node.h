/*
 * A node that does not exist, as far as an unwinder looks at one: the JIT
 * list with two shared fragments and one module, a Process, a scheduler with
 * its runtime stack, an Erlang stack. Everything the unwinder knows of it, it
 * reads from this memory through the real parsers.
 *
 * Module m (code at MOD): a/0 calls b/0, b/0 calls c/0, c/0 is a leaf and
 * calls itself; c/0 also calls a light BIF and calls C code inline.
 */
#ifndef CPROF_TEST_FAKE_NODE_H
#define CPROF_TEST_FAKE_NODE_H

#include "fake_memory.h"

#include "target/jit.h"
#include "target/layout.h"
#include "target/process.h"
#include "unwind/unwind.h"

#define EXE_DATA   0x400000ull
#define LIST       0x600000ull
#define PROCESS    0x700000ull
#define ESDP       0x708000ull
#define HEAP       0x800000ull /* the Erlang stack is at its end */
#define HEAP_BYTES 0x400000ull
#define HEND       (HEAP + HEAP_BYTES)
#define EMU        0x7f0000000000ull
#define MOD        0x7f0000001000ull
#define C_STACK    0x7ff000000000ull
#define C_BYTES    0x20000ull
#define RS         (C_STACK + C_BYTES - 0x1000)
#define NATIVE_IP  0x7fe000000010ull /* in no mapping at all */
#define XOFF       64

#define PROCESS_MAIN (EMU + 0x100)
#define LIGHT_BIF    (EMU + 0x200)
#define NORMAL_EXIT  (EMU + 0x310)
#define A            (MOD + 0x100)
#define B            (MOD + 0x200)
#define C            (MOD + 0x300)
/* return addresses, each after a call instruction */
#define A_CALLS_B    (A + 0x40)
#define B_CALLS_C    (B + 0x40)
#define C_CALLS_C    (C + 0x40)
#define C_CALLS_BIF  (C + 0x80)
#define C_BIF_ENTRY  (C + 0x60)
#define C_CALLS_STOP (C + 0xa0) /* C code, back by mov rsp, [r13 + stop] */
#define C_CALLS_RBP  (C + 0xc0) /* C code, back by mov rsp, rbp */
#define BIF_CALLS_C  (LIGHT_BIF + 0x40)
#define MAIN_CALLS_C (PROCESS_MAIN + 0x40)

enum { STOP = 88, HTOP = 80, HEND_AT = 192, CURRENT = 168 };

struct fake_node {
    struct fake fake;
    struct memory memory;
    struct process process;
    struct maps maps;
    struct jit *jit;
    struct layout layout;
    struct layout_scheduler scheduler;
    struct unwinder *u;
    struct regs regs;
    struct sample sample;
    struct unwound *out;
    uint8_t copy[65536];
};

/* --- the JIT list (erts/emulator/beam/jit/beam_jit_metadata.cpp) ---------- */

struct fake_symfile {
    uint8_t bytes[1024];
    size_t len;
};

static inline void fake_raw(struct fake_symfile *s, const void *p, size_t n)
{
    assert_true(s->len + n <= sizeof(s->bytes));
    memcpy(s->bytes + s->len, p, n);
    s->len += n;
}

static inline void fake_range(struct fake_symfile *s, uint32_t start,
                              uint32_t end, const char *name)
{
    uint32_t head[3] = {start, end, 0};
    uint16_t len = (uint16_t)strlen(name);
    fake_raw(s, head, sizeof(head));
    fake_raw(s, &len, sizeof(len));
    fake_raw(s, name, len);
    fake_raw(s, "\0\0", 2);
}

static inline struct fake_symfile fake_module(uint64_t base, uint32_t ranges,
                                              const char *name)
{
    struct fake_symfile s = {0};
    uint64_t header = 1;
    uint32_t counts[2] = {ranges, 0x1000};
    uint16_t len = (uint16_t)strlen(name);
    fake_raw(&s, &header, 8);
    fake_raw(&s, &base, 8);
    fake_raw(&s, counts, 8);
    fake_raw(&s, &len, 2);
    fake_raw(&s, name, len);
    fake_raw(&s, "\0\0\0\0\0\0", 6);
    return s;
}

static inline void fake_entry(struct fake *f, uint64_t at, uint64_t next,
                              uint64_t prev, const struct fake_symfile *s)
{
    fake_u64(f, at, next);
    fake_u64(f, at + 8, prev);
    fake_u64(f, at + 16, at + 64);
    fake_u64(f, at + 24, s->len);
    fake_put(f, at + 64, s->bytes, s->len);
}

static inline void fake_list(struct fake *f, uint32_t frame_layout)
{
    struct fake_symfile info = {0};
    uint64_t words[4] = {0, frame_layout, NORMAL_EXIT, 0};
    fake_raw(&info, words, sizeof(words));
    struct fake_symfile emu = fake_module(EMU, 3, "erts_beamasm");
    fake_range(&emu, 0x100, 0x200, "global::process_main");
    fake_range(&emu, 0x200, 0x300, "global::call_light_bif_shared");
    fake_range(&emu, 0x300, 0x340, "global::normal_exit");
    struct fake_symfile mod = fake_module(MOD, 3, "m");
    fake_range(&mod, 0x100, 0x200, "m:a/0");
    fake_range(&mod, 0x200, 0x300, "m:b/0");
    fake_range(&mod, 0x300, 0x400, "m:c/0");
    fake_entry(f, LIST, LIST + 0x800, 0, &mod);
    fake_entry(f, LIST + 0x800, LIST + 0x1000, LIST, &emu);
    fake_entry(f, LIST + 0x1000, 0, LIST + 0x800, &info);
    fake_u32(f, EXE_DATA + 0x140, 1); /* version */
    fake_u64(f, EXE_DATA + 0x150, LIST);
}

/* --- code ---------------------------------------------------------------- */

static inline void fake_call(struct fake *f, uint64_t ret, uint64_t target)
{
    int32_t rel = (int32_t)(int64_t)(target - ret);
    fake_put(f, ret - 5, "\xe8", 1);
    fake_put(f, ret - 4, &rel, 4);
}

static inline void fake_code(struct fake *f)
{
    memset(fake_at(f, EMU, 0x3000), 0x90, 0x3000);
    fake_call(f, A_CALLS_B, B);
    fake_call(f, B_CALLS_C, C);
    fake_call(f, C_CALLS_C, C);
    fake_call(f, C_CALLS_BIF, LIGHT_BIF);
    fake_put(f, C_CALLS_STOP - 2, "\xff\xd0\x49\x8b\x65\x58", 6);
    fake_put(f, C_CALLS_RBP - 2, "\xff\xd0\x48\x89\xec", 5);
    fake_put(f, LIGHT_BIF + 8, "\x48\x89\x53\xc8", 4); /* [rbx-56] = rdx */
    fake_put(f, BIF_CALLS_C - 2, "\xff\xd0\x49\x8b\x65\x58", 6);
    fake_put(f, MAIN_CALLS_C - 2, "\xff\xd0", 2);
}

/* --- the rest -------------------------------------------------------------*/

static inline void fake_known(struct layout *l, enum layout_field field,
                              uint32_t offset)
{
    l->known[field] = true;
    l->offset[field] = offset;
}

static inline struct fake_node *fake_node_open(uint32_t frame_layout)
{
    struct fake_node *n = calloc(1, sizeof(*n));
    struct fake *f = &n->fake;
    strcpy(n->process.exe, "/fake/beam.smp");
    n->process.pid = n->process.inner_pid = -1;
    fake_map(f, EXE_DATA, 0x1000, "/fake/beam.smp");
    fake_map(f, LIST, 0x2000, "");
    fake_map(f, PROCESS, 0x10000, "");
    fake_map(f, HEAP, HEAP_BYTES, "");
    fake_map(f, EMU, 0x3000, "/memfd:vmem");
    f->maps[f->count - 1].flags = MAPS_READ | MAPS_EXEC;
    fake_map(f, C_STACK, C_BYTES, "");
    fake_list(f, frame_layout);
    fake_code(f);
    n->memory = fake_memory(f);
    n->maps = fake_maps(f);
    assert_int_equal(jit_open(&n->process, &n->maps, &n->memory, &n->jit), 0);

    fake_known(&n->layout, LAYOUT_XOFF, XOFF);
    fake_known(&n->layout, LAYOUT_STOP, STOP);
    fake_known(&n->layout, LAYOUT_HTOP, HTOP);
    fake_known(&n->layout, LAYOUT_HEND, HEND_AT);
    fake_known(&n->layout, LAYOUT_CURRENT_PROCESS, CURRENT);
    n->scheduler = (struct layout_scheduler){7, ESDP, RS};
    n->layout.schedulers = &n->scheduler;
    n->layout.scheduler_count = 1;
    fake_u64(f, PROCESS + HTOP, HEAP + 64);
    fake_u64(f, PROCESS + HEND_AT, HEND);
    fake_u64(f, ESDP, RS);
    fake_u64(f, ESDP + CURRENT, PROCESS);

    struct unwind_config config = {&n->process, &n->memory, n->jit, &n->layout};
    assert_int_equal(unwinder_open(&config, &n->u), 0);
    assert_int_equal(unwinder_set_maps(n->u, &n->maps), 0);
    n->out = calloc(1, sizeof(*n->out));
    n->sample.tid = 7;
    n->sample.has_regs = true;
    n->sample.time_ns = UINT64_MAX / 2;
    n->regs.r[REGS_RBX] = RS + XOFF;
    n->regs.r[REGS_R13] = PROCESS;
    return n;
}

static inline void fake_node_close(struct fake_node *n)
{
    unwinder_close(n->u);
    jit_close(n->jit);
    fake_free(&n->fake);
    free(n->out);
    free(n);
}

/* Writes words ending at HEND, the last being normal_exit; returns their
 * address, which is also Process.stop. */
static inline uint64_t fake_stack(struct fake_node *n, const uint64_t *words,
                                  size_t count)
{
    uint64_t at = HEND - 8 * (count + 1);
    for (size_t i = 0; i < count; i++)
        fake_u64(&n->fake, at + 8 * i, words[i]);
    fake_u64(&n->fake, HEND - 8, NORMAL_EXIT);
    fake_u64(&n->fake, PROCESS + STOP, at);
    return at;
}

/* Samples the node as it is now: copies `copied` bytes from sp. */
static inline void fake_sample(struct fake_node *n, uint64_t ip, uint64_t sp,
                               size_t copied)
{
    uint8_t *from = fake_at(&n->fake, sp, copied);
    assert_true(copied <= sizeof(n->copy) && (from || copied == 0));
    if (copied)
        memcpy(n->copy, from, copied);
    n->regs.r[REGS_RIP] = ip;
    n->regs.r[REGS_RSP] = sp;
    n->sample.regs = n->regs;
    n->sample.stack = (struct sample_copy){sp, n->copy, copied};
}

static inline void fake_unwind(struct fake_node *n)
{
    unwinder_unwind(n->u, &n->sample, THREAD_NORMAL, n->out);
}

/* Expects these addresses, leaf first, 0-terminated. */
static inline void fake_expect(const struct fake_node *n,
                               const uint64_t *addresses)
{
    size_t i = 0;
    for (; addresses[i]; i++) {
        assert_true(i < n->out->count);
        assert_int_equal(n->out->list[i].at, addresses[i]);
    }
    assert_int_equal(n->out->count, i);
}

#define EXPECT(node, ...) fake_expect(node, (const uint64_t[]){__VA_ARGS__, 0})
#define STACK(node, ...)                                                       \
    fake_stack(node, (const uint64_t[]){__VA_ARGS__},                          \
               sizeof((const uint64_t[]){__VA_ARGS__}) / 8)

#endif
