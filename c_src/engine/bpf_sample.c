#include "engine/bpf_sample.h"

#include <string.h>

_Static_assert((int)BPF_REGS == (int)REGS_COUNT, "record.h and regs.h differ");

/* Finds the pieces, one behind the other; false when the record is too short
 * for them. */
static bool take_pieces(const struct bpf_record *r, size_t len,
                        struct sample_copy piece[BPF_PIECES])
{
    const uint8_t *at = (const uint8_t *)(r + 1);
    size_t left = len - sizeof(*r);
    for (int i = 0; i < BPF_PIECES; i++) {
        uint64_t bytes = r->piece[i].len;
        uint64_t room = (bytes + 7) & ~(uint64_t)7;
        if (bytes > left || room > left)
            return false;
        piece[i] = (struct sample_copy){r->piece[i].addr, at, bytes};
        at += room;
        left -= room;
    }
    return true;
}

static uint64_t field(const struct sample_copy *head, uint32_t offset)
{
    uint64_t value;
    if (offset == COPY_UNKNOWN || head->len < 8 || offset > head->len - 8)
        return 0;
    memcpy(&value, head->bytes + offset, sizeof(value));
    return value;
}

static struct sample_process process_of(const struct bpf_record *r,
                                        const struct sample_copy *head,
                                        const struct copy_offsets *at)
{
    if (!r->c_p)
        return (struct sample_process){0};
    struct sample_process p = {
        .c_p = r->c_p,
        .id = field(head, at->id),
        .stop = field(head, at->stop),
        .htop = field(head, at->htop),
        .hend = field(head, at->hend),
        .continuation = field(head, at->continuation),
        .current = field(head, at->current),
        .name = r->name,
    };
    for (uint32_t i = 0; i < 3 && at->initial != COPY_UNKNOWN; i++)
        p.initial[i] = field(head, at->initial + 8 * i);
    return p;
}

static struct sample_scheduler scheduler_of(const struct bpf_record *r)
{
    if (r->port)
        return (struct sample_scheduler){.port = r->port,
                                         .port_id = r->port_id,
                                         .port_owner = r->port_owner,
                                         .port_driver = r->port_driver};
    return (struct sample_scheduler){.sleep = r->has_sleep ? r->sleep : 0,
                                     .has_sleep = r->has_sleep};
}

static void take_kernel(const struct sample_copy *piece,
                        struct bpf_sample_room *room, struct sample *out)
{
    size_t count = piece->len / 8;
    if (count > SAMPLE_MAX_KERNEL_FRAMES)
        count = SAMPLE_MAX_KERNEL_FRAMES;
    memcpy(room->kernel_ips, piece->bytes, count * 8);
    out->kernel_ips = room->kernel_ips;
    out->kernel_count = count;
}

int bpf_sample_read(const void *record, size_t len,
                    const struct copy_offsets *at, struct bpf_sample_room *room,
                    struct sample *out)
{
    const struct bpf_record *r = record;
    struct sample_copy piece[BPF_PIECES];
    if (len < sizeof(*r) || !take_pieces(r, len, piece))
        return -E_TORN;
    *out = (struct sample){
        .time_ns = r->time_ns,
        .period_ns = r->period_ns,
        .tid = (pid_t)r->tid,
        .in_kernel = r->flags & BPF_IN_KERNEL,
        .has_regs = r->flags & BPF_HAS_REGS,
        .stack_full = piece[BPF_PIECE_STACK].len >= COPY_STACK,
        .exact = true,
        .has_current = r->flags & BPF_HAS_CURRENT,
        .stack = piece[BPF_PIECE_STACK],
        .seam = piece[BPF_PIECE_SEAM],
        .erlang = piece[BPF_PIECE_ERLANG],
        .erlang_root = piece[BPF_PIECE_ROOT],
        .process = process_of(r, &piece[BPF_PIECE_HEAD], at),
        .scheduler = scheduler_of(r),
        .system_call = r->system_call,
        .binary_bytes = r->binary_bytes,
    };
    memcpy(out->regs.r, r->regs, sizeof(out->regs.r));
    memcpy(out->comm, r->comm, sizeof(out->comm) - 1);
    out->code.entry = r->code[0];
    memcpy(out->code.link, &r->code[1], sizeof(out->code.link));
    take_kernel(&piece[BPF_PIECE_KERNEL], room, out);
    return 0;
}

uint64_t bpf_sample_field(const void *record, uint32_t offset)
{
    const struct bpf_record *r = record;
    const struct sample_copy head = {.bytes = (const uint8_t *)(r + 1),
                                     .len = r->piece[BPF_PIECE_HEAD].len};
    return field(&head, offset);
}
