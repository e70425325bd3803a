/**
 * @file bpf_sample.h
 * Makes a struct sample from the bytes that the BPF program put into the ring.
 * Pure. The bytes come from our own program, but it copied them from the node.
 * So lengths are checked; the contents are not looked at.
 */
#ifndef CPROF_ENGINE_BPF_SAMPLE_H
#define CPROF_ENGINE_BPF_SAMPLE_H

#include <stddef.h>

#include "base/err.h"
#include "engine/bpf/record.h"
#include "target/sample.h"

/** Memory for what a sample needs in addition to the record. */
struct bpf_sample_room {
    uint64_t kernel_ips[SAMPLE_MAX_KERNEL_FRAMES];
};

/**
 * @param record  8-byte aligned; *out points into it and into *room
 * @return 0, or -E_TORN when it is not a valid record
 */
MUST_USE int bpf_sample_read(const void *record, size_t len,
                             const struct copy_offsets *at,
                             struct bpf_sample_room *room, struct sample *out);

/** A word of the struct Process in a record that bpf_sample_read has accepted;
 *  0 if it does not have that word. */
uint64_t bpf_sample_field(const void *record, uint32_t offset);

#endif
