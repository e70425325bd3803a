#include "engine/perf_records.h"

#include <string.h>

#include "base/reader.h"
#include "engine/perf_event.h"
#include "engine/perf_regs.h"

struct record_header {
    uint32_t type;
    uint16_t misc, size;
};

static struct record_header parse_header(struct reader *r)
{
    struct record_header header = {.type = reader_u32(r)};
    header.misc = reader_u16(r);
    header.size = reader_u16(r);
    return header;
}

/* Between its addresses the chain has marks (PERF_CONTEXT_KERNEL, ...). */
static void parse_callchain(struct reader *r, struct perf_record *out)
{
    uint64_t count = reader_u64(r);
    if (count > reader_left(r) / sizeof(uint64_t)) {
        r->failed = true;
        return;
    }
    for (uint64_t i = 0; i < count; i++) {
        uint64_t ip = reader_u64(r);
        if (ip >= (uint64_t)PERF_CONTEXT_MAX)
            continue;
        if (out->sample.kernel_count < SAMPLE_MAX_KERNEL_FRAMES)
            out->kernel_ips[out->sample.kernel_count++] = ip;
    }
    out->sample.kernel_ips = out->kernel_ips;
}

static void parse_regs(struct reader *r, struct sample *s)
{
    uint64_t abi = reader_u64(r);
    if (abi == PERF_SAMPLE_REGS_ABI_NONE)
        return;
    for (size_t i = 0; i < REGS_COUNT; i++)
        s->regs.r[perf_regs_order[i]] = reader_u64(r);
    s->has_regs = abi == PERF_SAMPLE_REGS_ABI_64;
}

/* The kernel reserves `size` bytes, and says behind them how many it copied;
 * fewer if the mapping ends before. */
static void parse_stack(struct reader *r, struct perf_record *out)
{
    uint64_t size = reader_u64(r);
    if (size == 0)
        return;
    const uint8_t *bytes = reader_bytes(r, size);
    uint64_t copied = reader_u64(r);
    if (!bytes || copied > size) {
        r->failed = true;
        return;
    }
    out->stack_cut = copied == size;
    if (!out->sample.has_regs)
        return;
    out->sample.stack.addr = out->sample.regs.r[REGS_RSP];
    out->sample.stack.bytes = bytes;
    out->sample.stack.len = copied;
}

/* Fields in the order of perf_event_open(2), for the sample_type that
 * perf_event.c asks for. */
static void parse_sample(struct reader *r, uint16_t misc, bool callchain,
                         struct perf_record *out)
{
    struct sample *s = &out->sample;
    out->kind = PERF_RECORDS_SAMPLE;
    s->system_call = -1;
    s->in_kernel =
        (misc & PERF_RECORD_MISC_CPUMODE_MASK) == PERF_RECORD_MISC_KERNEL;
    reader_skip(r, sizeof(uint64_t)); /* ip: also in chain or registers */
    out->pid = (pid_t)reader_u32(r);
    out->tid = s->tid = (pid_t)reader_u32(r);
    s->time_ns = reader_u64(r);
    s->period_ns = reader_u64(r);
    if (callchain)
        parse_callchain(r, out);
    parse_regs(r, s);
    parse_stack(r, out);
}

static void parse_lost(struct reader *r, struct perf_record *out)
{
    out->kind = PERF_RECORDS_LOST;
    reader_skip(r, sizeof(uint64_t)); /* id */
    out->lost = reader_u64(r);
}

static void parse_task(struct reader *r, enum perf_records_kind kind,
                       struct perf_record *out)
{
    out->kind = kind;
    out->pid = (pid_t)reader_u32(r);
    reader_skip(r, sizeof(uint32_t)); /* parent */
    out->tid = (pid_t)reader_u32(r);
}

static void parse_body(struct reader *r, struct record_header header,
                       bool callchain, struct perf_record *out)
{
    switch (header.type) {
    case PERF_RECORD_SAMPLE:
        parse_sample(r, header.misc, callchain, out);
        break;
    case PERF_RECORD_LOST:
        parse_lost(r, out);
        break;
    case PERF_RECORD_LOST_SAMPLES:
        out->kind = PERF_RECORDS_LOST;
        out->lost = reader_u64(r);
        break;
    case PERF_RECORD_THROTTLE:
        out->kind = PERF_RECORDS_THROTTLE;
        break;
    case PERF_RECORD_FORK:
        parse_task(r, PERF_RECORDS_FORK, out);
        break;
    case PERF_RECORD_EXIT:
        parse_task(r, PERF_RECORDS_EXIT, out);
        break;
    default:
        out->kind = PERF_RECORDS_OTHER;
    }
}

int perf_records_parse(const void *bytes, size_t len, bool callchain,
                       struct perf_record *out)
{
    struct reader r = reader_of(bytes, len);
    struct record_header header = parse_header(&r);
    out->sample = (struct sample){0};
    out->stack_cut = false;
    out->lost = 0;
    out->pid = out->tid = 0;
    if (!r.failed && header.size == len)
        parse_body(&r, header, callchain, out);
    else
        r.failed = true;
    return r.failed ? -E_FORMAT : 0;
}

/* A record may begin at the end of the ring and continue at its start; then it
 * is copied into the scratch buffer. */
static const uint8_t *linear(const struct perf_records *r, size_t len)
{
    size_t at = r->tail & (r->size - 1);
    size_t first = r->size - at;
    if (len <= first)
        return r->ring + at;
    memcpy(r->scratch, r->ring + at, first);
    memcpy(r->scratch + first, r->ring, len - first);
    return r->scratch;
}

int perf_records_next(struct perf_records *r, struct perf_record *out)
{
    uint64_t left = r->head - r->tail;
    if (left == 0)
        return 0;
    const size_t header_len = sizeof(struct perf_event_header);
    int result = -E_FORMAT;
    if (left >= header_len && left <= r->size) {
        struct reader reader = reader_of(linear(r, header_len), header_len);
        size_t len = parse_header(&reader).size;
        if (len >= header_len && len <= left)
            result = perf_records_parse(linear(r, len), len, r->callchain, out);
        r->tail += len;
    }
    if (result) {
        r->tail = r->head;
        return result;
    }
    return 1;
}
