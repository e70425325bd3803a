/**
 * @file perf_records.h
 * Parses the records that the kernel writes into a ring. Pure: it works on
 * bytes and two positions, and trusts none of them.
 *
 *   tail                              head
 *   | sample | lost | sample | fork | ...     positions only grow; the byte at
 *                                             a position is at
 *                                             position & (size - 1)
 */
#ifndef CPROF_ENGINE_PERF_RECORDS_H
#define CPROF_ENGINE_PERF_RECORDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "target/sample.h"

/** perf_event_header.size has 16 bits. */
enum { PERF_RECORDS_MAX_BYTES = 65536 };

enum perf_records_kind {
    PERF_RECORDS_SAMPLE,
    PERF_RECORDS_LOST,     /**< `lost` samples did not fit */
    PERF_RECORDS_THROTTLE, /**< the kernel pauses the event */
    PERF_RECORDS_FORK,     /**< thread `tid` was created */
    PERF_RECORDS_EXIT,     /**< thread `tid` ends */
    PERF_RECORDS_OTHER,    /**< unknown, skipped */
};

struct perf_record {
    enum perf_records_kind kind;
    struct sample sample; /**< its bytes are borrowed from the ring; its
                               period is in units of the event */
    bool stack_cut;       /**< the stack copy has all the bytes asked for */
    uint64_t lost;
    pid_t pid, tid;
    uint64_t kernel_ips[SAMPLE_MAX_KERNEL_FRAMES]; /* backing of the sample */
};

/** A position in a ring. */
struct perf_records {
    const uint8_t *ring;
    size_t size; /**< a power of two */
    uint64_t tail, head;
    bool callchain;   /**< the event asked for call chains */
    uint8_t *scratch; /**< PERF_RECORDS_MAX_BYTES, for records that wrap */
};

/**
 * The next record; moves tail behind it.
 * @return 1; 0 when there is none; or -E_FORMAT when the record is malformed.
 *         Then everything up to head is skipped, because the start of the next
 *         record is unknown.
 */
MUST_USE int perf_records_next(struct perf_records *r, struct perf_record *out);

/** Parses one record of exactly len bytes, with its header; 0 or -E_FORMAT. */
MUST_USE int perf_records_parse(const void *bytes, size_t len, bool callchain,
                                struct perf_record *out);

#endif
