/*
 * The process table of a node that does not exist: slots, structs as OTP 27 has
 * them, stacks, a scheduler. For tests and for the fuzzer.
 */
#ifndef CPROF_TEST_FAKE_TABLE_H
#define CPROF_TEST_FAKE_TABLE_H

#include "fake_memory.h"

#include "base/procstate.h"
#include "target/layout.h"
#include "target/proctable.h"

enum {
    TABLE = 0x10000000,
    TABLE_STRUCTS = 0x20000000,
    TABLE_STRUCT = 0x400,
    TABLE_STACKS = 0x30000000,
    TABLE_STACK = 0x100, /* a small stack's room, its end at the end */
    TABLE_DEEP = 0x40000000,
    TABLE_DEEP_BYTES = 0x20000,
    TABLE_ESDP = 0x50000000,
    TABLE_SLOTS = 1024,
    TABLE_PROCESSES = 512, /* there is room for */
    TABLE_EXIT = 0x7f0010,
    TABLE_REST = 0x2a, /* flags of a process that waits */
};

/* Offsets in struct Process. */
enum {
    AT_ID = 0,
    AT_REG = 32,
    AT_HTOP = 80,
    AT_STOP = 88,
    AT_HEND = 200,
    AT_I = 248,
    AT_REDS = 272,
    AT_STATE = 624,
    AT_QUEUE = 656,
    AT_LOCKS = 696,
    AT_SCHEDULER_DATA = 744,
    AT_CURRENT = 168 /* in ErtsSchedulerData */
};

/* Where the figures are (target/procfigures.h): OTP 27, OTP 25, and a build of
 * 27 with a frame pointer and other fields of its own. */
struct table_form {
    int release;
    uint32_t hend, i, queues, old_hend, live_hf_end, state, scheduler_data;
};

static const struct table_form table_forms[] = {
    {27, AT_HEND, AT_I, 312, 496, 552, AT_STATE, AT_SCHEDULER_DATA},
    {25, 136, 256, 328, 504, 568, 640, 760},
    {27, 208, 256, 320, 520, 576, 656, 776},
};
enum { TABLE_FORMS = sizeof(table_forms) / sizeof(table_forms[0]) };

struct fake_table {
    struct fake fake;
    struct memory memory;
    struct layout layout;
    struct layout_scheduler scheduler;
    uint64_t count;
};

static inline void table_known(struct fake_table *t, enum layout_field f,
                               uint32_t offset)
{
    t->layout.known[f] = true;
    t->layout.offset[f] = offset;
}

static inline void fake_table_open(struct fake_table *t, int release)
{
    memset(t, 0, sizeof(*t));
    fake_map(&t->fake, TABLE, TABLE_SLOTS * 8, "");
    fake_map(&t->fake, TABLE_STRUCTS, TABLE_PROCESSES * TABLE_STRUCT, "");
    fake_map(&t->fake, TABLE_STACKS, TABLE_PROCESSES * TABLE_STACK, "");
    fake_map(&t->fake, TABLE_DEEP, TABLE_DEEP_BYTES, "");
    fake_map(&t->fake, TABLE_ESDP, 0x1000, "");
    t->memory = fake_memory(&t->fake);
    t->layout.release = release;
    t->layout.table = TABLE;
    t->layout.table_size = TABLE_SLOTS;
    t->layout.process_bytes = AT_SCHEDULER_DATA + 8;
    table_known(t, LAYOUT_ID, AT_ID);
    table_known(t, LAYOUT_REG, AT_REG);
    table_known(t, LAYOUT_HTOP, AT_HTOP);
    table_known(t, LAYOUT_STOP, AT_STOP);
    table_known(t, LAYOUT_HEND, AT_HEND);
    table_known(t, LAYOUT_CONTINUATION, AT_I);
    table_known(t, LAYOUT_STATE, AT_STATE);
    table_known(t, LAYOUT_SCHEDULER_DATA, AT_SCHEDULER_DATA);
    table_known(t, LAYOUT_CURRENT_PROCESS, AT_CURRENT);
    t->scheduler = (struct layout_scheduler){.tid = 7, .esdp = TABLE_ESDP};
    t->layout.schedulers = &t->scheduler;
    t->layout.scheduler_count = 1;
}

static inline void fake_table_close(struct fake_table *t)
{
    fake_free(&t->fake);
}

/* The stack of a process: three words, the last the end. */
static inline void table_stack(struct fake_table *t, uint64_t process,
                               uint64_t hend)
{
    fake_u64(&t->fake, process + AT_HTOP, hend - 64);
    fake_u64(&t->fake, process + AT_STOP, hend - 24);
    fake_u64(&t->fake, process + AT_HEND, hend);
    fake_u64(&t->fake, hend - 24, process + 1); /* tells whose it is */
    fake_u64(&t->fake, hend - 16, 15);
    fake_u64(&t->fake, hend - 8, TABLE_EXIT);
}

/* {first, last} of an empty queue. */
static inline void table_queue(struct fake_table *t, uint64_t at)
{
    fake_u64(&t->fake, at, 0);
    fake_u64(&t->fake, at + 8, at);
}

/* The figures of a process at rest that has nothing but its heap. */
static inline void table_figures(struct fake_table *t,
                                 const struct table_form *f, uint64_t p,
                                 uint64_t heap, uint64_t bytes)
{
    enum { NIL = 0x3b, LEADER = 0x43, VHEAP = 46422, FLAGS = 0x2000 };
    uint64_t queues = p + f->queues;
    uint64_t leader = p + f->i + (f->release < 26 ? 40 : 32);
    fake_u64(&t->fake, p + f->hend - 8, heap);
    fake_u64(&t->fake, p + f->hend, heap + bytes);
    fake_u64(&t->fake, p + f->hend + 16, bytes / 8);
    if (f->release < 26)
        fake_u64(&t->fake, p + f->i + 32, FLAGS);
    fake_u64(&t->fake, leader, LEADER);
    fake_u64(&t->fake, leader + 8, NIL);
    fake_u64(&t->fake, p + f->old_hend - 8, heap + 8); /* high_water */
    fake_u64(&t->fake, p + f->live_hf_end, ~(uint64_t)7);
    fake_u64(&t->fake, p + f->live_hf_end + 32, VHEAP);
    fake_u64(&t->fake, p + f->live_hf_end + 40, VHEAP);
    table_queue(t, queues);
    fake_u64(&t->fake, queues + 16, queues); /* save */
    table_queue(t, queues + (f->release < 26 ? 24 : 32));
    table_queue(t, p + f->state + 16);
}

/* A process in that slot; its struct's address. */
static inline uint64_t table_add(struct fake_table *t, uint64_t slot,
                                 uint32_t flags)
{
    uint64_t n = t->count++, p = TABLE_STRUCTS + n * TABLE_STRUCT;
    bool old = t->layout.release < 26;
    fake_u64(&t->fake, TABLE + slot * 8, p);
    fake_u64(&t->fake, p + AT_ID,
             old ? slot << 32 | n << 4 | 3 : slot << 4 | 3);
    fake_u64(&t->fake, p + AT_I, 0x7f0100);
    fake_u64(&t->fake, p + AT_REDS, 1000 + n);
    fake_u32(&t->fake, p + AT_STATE, flags);
    table_stack(t, p, TABLE_STACKS + (n + 1) * TABLE_STACK);
    table_figures(t, &table_forms[0], p, TABLE_STACKS + n * TABLE_STACK,
                  TABLE_STACK);
    return p;
}

#endif
