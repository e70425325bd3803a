/**
 * @file record.h
 * One sample as the BPF program writes it into the ring and bpf_sample.c
 * reads it: a fixed head, then the copied pieces one behind the other, each
 * beginning at a multiple of 8 bytes, in the order of enum bpf_piece. Shared
 * by the kernel's side and ours; plain fixed-size fields only.
 */
#ifndef CPROF_ENGINE_BPF_RECORD_H
#define CPROF_ENGINE_BPF_RECORD_H

#include <linux/types.h>

#include "engine/copy_plan.h"

enum bpf_piece {
    BPF_PIECE_HEAD, /* of struct Process, from its first byte */
    BPF_PIECE_STACK,
    BPF_PIECE_SEAM,
    BPF_PIECE_ERLANG,
    BPF_PIECE_ROOT,
    BPF_PIECE_KERNEL, /* kernel return addresses, leaf first */
    BPF_PIECES,
};

enum {
    BPF_REGS = 17, /* in the order of target/regs.h */
    BPF_HEAD_MAX = 1024,
    BPF_KERNEL_MAX = 64 * 8,
    BPF_BLIND = 4096, /* copied from sp when nothing tells where it leads */
};

enum bpf_flag {
    BPF_IN_KERNEL = 1,
    BPF_HAS_REGS = 2,
    BPF_HAS_CURRENT = 4, /* has_current of target/sample.h */
};

struct bpf_record {
    __u64 time_ns;    /* CLOCK_MONOTONIC */
    __u64 elapsed_ns; /* since the last sample on this CPU, of any program;
                         0: there was none */
    __u32 tid;        /* in the node's pid namespace */
    __u32 flags;      /* enum bpf_flag */
    char comm[16];    /* the thread's name: it may be new to its reader */
    __u64 regs[BPF_REGS];
    __u64 c_p, name;
    __s64 system_call; /* its number; -1: not in one */
    __u64 port, port_id, port_owner, port_driver; /* 0: none, not known */
    __u32 sleep, has_sleep; /* sample_scheduler of target/sample.h */
    __u64 code[5]; /* newest entry of the code list: address, content */
    struct {
        __u64 addr;
        __u64 len; /* bytes; 0: none */
    } piece[BPF_PIECES];
};

/* The setup of the program: whom to sample, copy_offsets, and how much of a
 * Process holds every field. */
struct bpf_setup {
    __u64 ns_dev, ns_ino; /* the node's pid namespace */
    __u64 tgid;           /* the node in it */
    struct copy_offsets at;
    __u32 head_bytes;    /* <= BPF_HEAD_MAX; 0: nothing of a Process is read */
    __u32 kernel_stacks; /* 1: copy them */
};

/* The samples that found no room in the ring. */
struct bpf_lost {
    __u64 samples, elapsed_ns;
};

#endif
