// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only
/*
 * The binaries outside the heap that a process has had since its last
 * collection: created, or received in messages.
 *
 * A process has a list of what it refers to outside its heap (off_heap), with
 * the newest first. Its elements lie on the heap, or in fragments (struct
 * erl_off_heap_header in erl_message.h):
 *
 *    +0 thing_word  its lowest 6 bits tell what it is
 *    +8             OTP 25 ProcBin: bytes; since 27 BinRef: its Binary, which
 *                   has its bytes at +24 (erl_bits.h, erl_binary.h)
 *   +16 next
 *
 * Those that the last collection kept lie below the high water mark, or on the
 * old heap.
 */
#ifndef CPROF_ENGINE_BPF_BINARIES_BPF_H
#define CPROF_ENGINE_BPF_BINARIES_BPF_H

#include "engine/bpf/copy.bpf.h"

enum {
    MAX_BINARIES = 512, /* most elements of a list that are looked at */
    THING_MASK = 0x3f,
    THING_PROC_BIN = 0x20,
    THING_BIN_REF = 0x28,
    BINARY_SIZE = 24,
};

/* Bytes of an element; 0 if it is no binary. */
static __always_inline __u64 binary_size(const __u64 element[3])
{
    __u64 kind = element[0] & THING_MASK;
    if (kind == THING_PROC_BIN)
        return element[1];
    return kind == THING_BIN_REF ? word_at(element[1] + BINARY_SIZE) : 0;
}

/* Sums up the list from `first` on until an element lies in one of the two
 * areas {start, bytes}. The result is in s->found; 1: the list goes on. */
__attribute__((noinline)) int sum_binaries(struct scratch *s, __u64 first)
{
    __u64 element[3], at = first, sum = 0;
    if (!s)
        return 0;
    int i = 0;
    for (; i < MAX_BINARIES && at; i++) {
        if (at - s->kept[0] < s->kept[1] || at - s->kept[2] < s->kept[3] ||
            at % 8 ||
            bpf_probe_read_user(element, sizeof(element), (void *)at) != 0)
            break;
        sum += binary_size(element);
        at = element[2];
    }
    s->found = sum;
    return i == MAX_BINARIES && at;
}

/* While the heap is abandoned (delay_garbage_collection in erl_gc.c), the
 * elements before that were counted when the collection was delayed, and the
 * process goes on in a fragment. Those of a collection on a dirty scheduler
 * were, too. */
static __always_inline void take_binaries(struct copying *c)
{
    const struct bpf_collector *at = &c->setup->collector;
    struct bpf_record *r = &c->s->record;
    if (!r->c_p || !at->known || c->thread->role != COPY_NORMAL)
        return;
    __u64 heap = field(c, at->heap), high = field(c, at->high_water);
    __u64 hend = field(c, c->setup->at.hend);
    if (high < heap || high > hend)
        return;
    c->s->kept[0] = heap;
    c->s->kept[1] = high - heap;
    c->s->kept[2] = field(c, at->old_heap);
    c->s->kept[3] = field(c, at->old_hend) - c->s->kept[2];
    if (sum_binaries(c->s, field(c, at->off_heap)))
        r->flags |= BPF_BINARIES_CUT;
    r->binary_bytes = c->s->found;
}

#endif
