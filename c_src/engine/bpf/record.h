/**
 * @file record.h
 * One sample as the BPF program writes it into the ring and bpf_sample.c reads
 * it: a fixed head, then the copied pieces in the order of enum bpf_piece, each
 * at a multiple of 8 bytes. The program in the kernel and ours share this file,
 * so it has only plain fields of fixed size.
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
    BPF_BLIND = 4096, /* copied from sp when it is unknown what sp points to */
};

enum bpf_flag {
    BPF_IN_KERNEL = 1,
    BPF_HAS_REGS = 2,
    BPF_HAS_CURRENT = 4,  /* has_current of target/sample.h */
    BPF_BINARIES_CUT = 8, /* of a collection: there were more binaries */
    BPF_DIRTY = 16,       /* likewise: the thread is a dirty scheduler */
};

/* How a thread was off the CPU; in samples of waits only. */
struct bpf_wait {
    __u64 ns;       /* how long */
    __u64 ready_ns; /* of this, while it could run but had no CPU */
    __u32 times;    /* how many waits the sample stands for */
    __u32 slept;    /* 1: it waited for something; 0: it could always run */
};

struct bpf_record {
    __u64 time_ns;   /* CLOCK_MONOTONIC */
    __u64 period_ns; /* the time that the sample stands for: on the CPU, or in
                        samples of waits (block.bpf.h) off it */
    __u32 tid;       /* in the node's pid namespace */
    __u32 flags;     /* enum bpf_flag */
    char comm[16];   /* the thread's name: our side may not know it yet */
    __u64 regs[BPF_REGS];
    __u64 c_p, name;
    __s64 system_call; /* its number; -1: not in one */
    __u64 port, port_id, port_owner, port_driver; /* 0: none, or not known */
    __u32 sleep, has_sleep; /* sample_scheduler of target/sample.h */
    __u64 code[5]; /* newest entry of the JIT list: its address and content */
    struct bpf_wait wait;
    __u64 binary_bytes;    /* of a collection: of binaries outside the heap that
                              the process has had since the last one */
    __u64 newest_fragment; /* of a collection: words of the heap fragment that a
                              BIF made last, if there is one */
    __u64 watch; /* serial of the watch whose word was written; 0: another
                    kind of sample */
    struct {
        __u64 addr;
        __u64 len; /* bytes; 0: none */
    } piece[BPF_PIECES];
};

/* Offsets in Process, all below BPF_HEAD_MAX, of what a collection's sample
 * needs; target/collector.h tells what they are. */
struct bpf_collector {
    __u32 heap, high_water, hend, old_heap, old_hend, off_heap, newest_fragment;
    __u32 state;      /* of 4 bytes */
    __u32 collecting; /* its flag that is set during a collection */
    __u32 known;      /* 0: the others are not known */
};

/* The setup of the program: what to sample and to copy. */
struct bpf_setup {
    __u64 ns_dev, ns_ino; /* the node's pid namespace */
    __u64 tgid;           /* the node's pid in it */
    __u64 period_ns;      /* of the event. Waits: those of at least this length
                             are all taken; 0: none is taken */
    __u64 started_ns;     /* of waits: when the recording began */
    struct copy_offsets at;
    __u32 head_bytes;    /* of a Process, up to the last field; at most
                            BPF_HEAD_MAX; 0: nothing of a Process is read */
    __u32 kernel_stacks; /* 1: copy them */
    struct bpf_collector collector;
};

/* A word on which a breakpoint is: of a heap, or that in which a process counts
 * the words of its heap fragments. */
struct bpf_watch {
    __u64 addr;
    __u64 owner;  /* the process in whose heap it was, or whose count it is */
    __u64 serial; /* never 0 */
    __u64 skip;   /* so many allocations of the word are passed over; so many
                     words in fragments */
    __u64 counts; /* 1: it is such a count */
    __u64 before; /* what that was after the last write; ~0: there was none */
    __u64
        same_ns; /* writes that follow each other faster are of the same one */
    __u64 left_ns; /* when the program had handled the last one */
    __u64 wanted;  /* so many allocations are still sampled */
};

/* Of the four breakpoints of a CPU, one is on the collector. Unless a recording
 * may cost much, one is left for others. */
enum { BPF_WATCHES = 3, BPF_USUAL_WATCHES = 2 };

/* A part of the time, CLOCK_MONOTONIC; to_ns 0: none. */
struct bpf_window {
    __u64 from_ns, to_ns;
    __u64 trap_ns; /* what a hit costs apart from the program */
};

/* Hits of breakpoints so far. */
struct bpf_hits {
    __u64 count;   /* of collections: those in windows */
    __u64 missed;  /* of these: could not be sampled, or were no allocation */
    __u64 outside; /* collections outside of windows, or of other processes */
    __u64 ns;      /* that the program took for all of them */
};

enum bpf_hits_of { BPF_HITS_COLLECTIONS, BPF_HITS_WORDS, BPF_HITS };

/* Hits on one CPU that the kernel has counted (perf_breakpoint_allow). */
struct bpf_stops {
    __u64 count[BPF_HITS];
};

/* The samples for which the ring had no room. */
struct bpf_lost {
    __u64 samples, period_ns; /* the sum of theirs */
};

/* A thread of the node that was off the CPU at least once. */
struct bpf_away {
    __u64 since_ns;  /* since when it is off the CPU, while it runs a process or
                        a port's task; 0: it is on it, or runs none */
    __u64 run_delay; /* how long it has ever waited for a CPU, then */
    __u32 tid;       /* in the node's pid namespace; 0: not known yet */
    __u32 slept;     /* of struct bpf_wait */
    __u32 has_regs, unused;
    __s64 system_call;
    __u64 regs[BPF_REGS];
};

/* A sample on a CPU, of any process. */
struct bpf_tick {
    __u64 time_ns;
    __u64 idle_ends; /* how often the CPU had left its idle state; 0: unknown */
};

#endif
