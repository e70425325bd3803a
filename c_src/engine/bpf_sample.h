/**
 * @file bpf_sample.h
 * From the bytes that the BPF program put into the ring to a struct sample.
 * Pure. The bytes come from our own program, but what it copied is the
 * node's: lengths are checked, contents are not looked at.
 */
#ifndef CPROF_ENGINE_BPF_SAMPLE_H
#define CPROF_ENGINE_BPF_SAMPLE_H

#include <stddef.h>

#include "base/err.h"
#include "engine/bpf/record.h"
#include "target/sample.h"

/** Room for what a sample needs besides the record itself. */
struct bpf_sample_room {
    uint64_t kernel_ips[SAMPLE_MAX_KERNEL_FRAMES];
};

/**
 * @param record  8-byte aligned; *out points into it and into room
 * @return 0, or -E_TORN when the record is none
 */
MUST_USE int bpf_sample_read(const void *record, size_t len,
                             const struct copy_offsets *at,
                             struct bpf_sample_room *room, struct sample *out);

#endif
