/**
 * @file rights.h
 * What this program may do here, as facts, and what the facts mean. An engine
 * can get EPERM for five different reasons, each with its own remedy. Reading
 * the facts and judging them are separate: the judgement is a pure function of
 * the facts.
 */
#ifndef CPROF_ENGINE_RIGHTS_H
#define CPROF_ENGINE_RIGHTS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"

enum { RIGHTS_UNKNOWN = -100 }; /**< a setting that is not there */

/** Trials are 0 where the system let us, else -errno. */
struct rights {
    uid_t uid;         /**< effective */
    uint64_t caps;     /**< effective capabilities, bit CAP_* each */
    bool namespaced;   /**< in a user namespace: caps count for nothing here */
    bool seccomp;      /**< a filter is on this process */
    bool no_new_privs; /**< sudo and file capabilities do nothing */
    int paranoid;      /**< kernel.perf_event_paranoid, or RIGHTS_UNKNOWN */
    int yama;          /**< kernel.yama.ptrace_scope, or RIGHTS_UNKNOWN */
    int perf_user;     /**< trial: a perf event of our own user code */
    int perf_kernel;   /**< trial: one of kernel code, too */
    int bpf_call;      /**< trial: a call of bpf(2) that needs no right */
    int read_self;     /**< trial: process_vm_readv on ourselves */
    int read_node;     /**< trial: the same on the node; 0 without one */
    bool same_user;    /**< the node is of our user; true without one */
};

/** @param pid  of the node; 0: none is known. Facts that cannot be read count
 *  as not given. */
void rights_read(pid_t pid, struct rights *out);

/** What the kernel allows on a CPU before it holds samples back. */
struct rights_pace {
    int per_s; /**< kernel.perf_event_max_sample_rate, or RIGHTS_UNKNOWN */
    int share; /**< kernel.perf_cpu_time_max_percent, or RIGHTS_UNKNOWN: where
                    samples take more of the time, it lowers per_s itself */
};
struct rights_pace rights_pace(void);

/** CAP_BPF and CAP_PERFMON, where they count. */
bool rights_bpf(const struct rights *r);
/** CAP_PERFMON, where it counts: then perf_event_paranoid does not apply. */
bool rights_perf(const struct rights *r);
/** May we read the memory of nodes of our user that we did not start? */
bool rights_read_any(const struct rights *r);

/**
 * The reason behind an error that says no more than that something was
 * refused: -E_BPF_DENIED, -E_PERF_DENIED, -E_NO_ENGINE or -E_NO_ACCESS becomes
 * -E_SECCOMP, -E_PERF_PARANOID or -E_YAMA where the facts show it. Every other
 * code is returned as it is.
 */
int rights_explain(const struct rights *r, int err);

#endif
