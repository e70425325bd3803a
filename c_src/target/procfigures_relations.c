/*
 * The groups of fields, and what must hold in each of them. Offsets in bytes:
 *
 *   heap       hend + 0   hend          ends the heap block that begins at
 *              hend - 8   heap          the word before
 *              hend + 16  heap_sz
 *   old heap   k - 8      high_water    within the heap block
 *              k          old_hend, old_htop, old_heap
 *   off heap   k - 32     off_heap      {first, overhead}
 *              k - 16     wrt_bins
 *              k - 8      mbuf
 *              k          live_hf_end   ERTS_INVALID_HFRAG_PTR
 *              k + 8      msg_frag
 *              k + 16     mbuf_sz
 *              k + 24     psd
 *              k + 32     bin_vheap_sz, bin_old_vheap_sz, bin_old_vheap
 *   reductions i + 0      i             the code address, from the layout
 *              i + 8      catches
 *              i + 16     rcount        u32
 *              i + 24     reds
 *              i + 32     flags (u32), only in OTP 25
 *              then       group_leader, ftrace
 *   private    k          first, last, save
 *   queue      OTP 26     mq_len, cont, cont_last, nmsigs (two), mlenoffs
 *              before     cont, cont_last, nmsigs (two), recv_mrk_blk, len
 *   outer      state + 16 first, last, len, nmsigs (two)
 *   queue      state + 56 sig_inq_buffers
 */
#include "base/procstate.h"
#include "base/term.h"
#include "target/layout_parts.h"
#include "target/procfigures_parts.h"

#define INVALID_FRAGMENT_PTR (~(uint64_t)7)

static uint64_t at(const struct procfigures_copy *c, const struct layout *l,
                   enum layout_field f)
{
    return c->word[l->offset[f] / 8];
}

static bool is_pointer_or_none(uint64_t w)
{
    return w == 0 || layout_is_pointer(w);
}

/* k: hend. Its offset is known; whether the size of the heap is where it is
 * expected, is not. */
int procfigures_is_heap(const struct layout *l,
                        const struct procfigures_copy *c, size_t k)
{
    uint64_t heap = c->word[k - 1], hend = c->word[k], size = c->word[k + 2];
    (void)l;
    return layout_is_pointer(heap) && hend > heap && size < PROCFIGURES_MOST &&
                   hend - heap == 8 * size
               ? 1
               : -1;
}

/* k: old_hend. */
int procfigures_is_old_heap(const struct layout *l,
                            const struct procfigures_copy *c, size_t k)
{
    uint64_t hend = at(c, l, LAYOUT_HEND);
    uint64_t heap = c->word[l->offset[LAYOUT_HEND] / 8 - 1];
    uint64_t high_water = c->word[k - 1], end = c->word[k];
    uint64_t top = c->word[k + 1], start = c->word[k + 2];
    if (high_water < heap || high_water > hend || high_water % 8)
        return -1;
    if (end == 0)
        return top == 0 && start == 0 ? 1 : -1;
    return layout_is_pointer(start) && layout_is_pointer(end) && top % 8 == 0 &&
                   start <= top && top <= end && start < end
               ? 1
               : -1;
}

/* k: live_hf_end. Off-heap data that is no binary has no size, so the size may
 * be 0 although the list is not empty; the same holds for fragments. Binaries
 * that can still be appended to have a list of their own. */
int procfigures_is_off_heap(const struct layout *l,
                            const struct procfigures_copy *c, size_t k)
{
    enum { LEAST_VHEAP = 12, MOST_VHEAP_BITS = 40 };
    uint64_t first = c->word[k - 4], young = c->word[k - 3];
    uint64_t fragments = c->word[k + 2], old = c->word[k + 6];
    (void)l;
    if (c->word[k] != INVALID_FRAGMENT_PTR || !is_pointer_or_none(first) ||
        !is_pointer_or_none(c->word[k - 1]) ||
        !is_pointer_or_none(c->word[k + 1]) ||
        !is_pointer_or_none(c->word[k + 3]))
        return -1;
    if (young >= PROCFIGURES_MOST || old >= PROCFIGURES_MOST ||
        fragments >= PROCFIGURES_MOST ||
        (first == 0 && c->word[k - 2] == 0 && (young || old)) ||
        (c->word[k - 1] == 0 && c->word[k + 1] == 0 && fragments))
        return -1;
    for (size_t i = k + 4; i <= k + 5; i++)
        if (c->word[i] < LEAST_VHEAP || c->word[i] >> MOST_VHEAP_BITS)
            return -1;
    return 1;
}

/* The group leader, and the latest stack trace, at words k and k + 1? */
static bool is_leader(const struct procfigures_copy *c, size_t k)
{
    enum { NIL = 0x3b, NIL_MASK = 0x3f };
    enum { LIST = 1, BOXED = 2 }; /* primary tags, in the lowest 2 bits */
    uint64_t leader = c->word[k], trace = c->word[k + 1];
    return (term_is_pid(leader) || (leader & 3) == BOXED) &&
           ((trace & NIL_MASK) == NIL || (trace & 3) == LIST ||
            (trace & 3) == BOXED);
}

/* k: Process.i. A process that has not run yet proves nothing. */
int procfigures_is_reductions(const struct layout *l,
                              const struct procfigures_copy *c, size_t k)
{
    enum { MOST_CATCHES = 1 << 24 };
    bool suspended =
        at(c, l, LAYOUT_STATE) & (uint64_t)PROCSTATE_FLAG_SUSPENDED;
    uint64_t reds = c->word[k + 3];
    if (c->word[k + 1] > MOST_CATCHES ||
        ((uint32_t)c->word[k + 2] && !suspended) ||
        reds >= PROCFIGURES_MOST_REDUCTIONS ||
        (!is_leader(c, k + 4) && !is_leader(c, k + 5)))
        return -1;
    if (c->rests_later && c->later[k + 3] < reds)
        return -1;
    return reds > 0;
}

/* {first, last} of a queue, at word k: 1: it is empty; 0: it may have
 * something; -1: it is no queue. */
static int is_queue(const struct procfigures_copy *c, size_t k)
{
    uint64_t first = c->word[k], last = c->word[k + 1];
    if (first == 0)
        return last == c->address + 8 * k ? 1 : -1;
    return layout_is_pointer(first) && layout_is_pointer(last) ? 0 : -1;
}

/* k: state. */
int procfigures_is_outer(const struct layout *l,
                         const struct procfigures_copy *c, size_t k)
{
    int queue = is_queue(c, k + 2);
    uint64_t length = c->word[k + 4];
    (void)l;
    if (queue < 0 || length >= PROCFIGURES_MOST || (queue > 0 && length != 0) ||
        !is_pointer_or_none(c->word[k + 5]) ||
        !is_pointer_or_none(c->word[k + 7]))
        return -1;
    return queue;
}

/* The inner and the middle queue at words k and middle, and how many messages
 * they have together, or the inner one only. */
static int is_private(const struct procfigures_copy *c, size_t k, size_t middle,
                      uint64_t length, bool together)
{
    int inner = is_queue(c, k), other = is_queue(c, middle);
    bool empty = inner > 0 && (!together || other > 0);
    if (inner < 0 || other < 0 || !layout_is_pointer(c->word[k + 2]) ||
        length >= PROCFIGURES_MOST || (empty && length != 0))
        return -1;
    /* `save` is where the next receive begins. */
    if (inner > 0 && c->word[k + 2] != c->address + 8 * k)
        return -1;
    return inner > 0 && other > 0;
}

/* k: ErtsSignalPrivQueues. */
int procfigures_is_private_new(const struct layout *l,
                               const struct procfigures_copy *c, size_t k)
{
    uint64_t middle = c->word[k + 8];
    (void)l;
    if (middle >= PROCFIGURES_MOST || (is_queue(c, k + 4) > 0 && middle != 0))
        return -1;
    return is_private(c, k, k + 4, c->word[k + 3], false);
}

int procfigures_is_private_old(const struct layout *l,
                               const struct procfigures_copy *c, size_t k)
{
    (void)l;
    return is_private(c, k, k + 3, c->word[k + 8], true);
}
