/**
 * @file rights.h
 * What this program may do here, as facts, and what these facts mean. An engine
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

enum { RIGHTS_UNKNOWN = -100 }; /**< the kernel does not have this setting */

/** A trial is 0 when the system permitted it, else -errno. */
struct rights {
    uid_t uid;         /**< effective */
    uint64_t caps;     /**< effective capabilities, one bit per CAP_* */
    bool namespaced;   /**< in a user namespace: caps do not count for perf
                            events and BPF */
    bool seccomp;      /**< this process has a filter for system calls */
    bool no_new_privs; /**< sudo and file capabilities do nothing */
    int paranoid;      /**< kernel.perf_event_paranoid, or RIGHTS_UNKNOWN */
    int yama;          /**< kernel.yama.ptrace_scope, or RIGHTS_UNKNOWN */
    int perf_user;     /**< trial: a perf event on our own user code */
    int perf_kernel;   /**< trial: the same that includes kernel code */
    int bpf_call;      /**< trial: a call of bpf(2) that needs no rights */
    int read_self;     /**< trial: process_vm_readv on ourselves */
    int read_node;     /**< trial: the same on the node; 0 without a node */
    bool same_user;    /**< the node is of our user; true without a node */
};

/** Reads the facts. One that cannot be read counts as not given.
 *  @param pid  of the node; 0: there is none */
void rights_read(pid_t pid, struct rights *out);

/** How many samples the kernel allows on a CPU before it throttles. */
struct rights_pace {
    int per_s; /**< kernel.perf_event_max_sample_rate, or RIGHTS_UNKNOWN */
    int share; /**< kernel.perf_cpu_time_max_percent, or RIGHTS_UNKNOWN: if
                    samples take a larger share of the time, the kernel itself
                    lowers per_s */
};
struct rights_pace rights_pace(void);

/** Do we have CAP_BPF and CAP_PERFMON, and do they count? */
bool rights_bpf(const struct rights *r);
/** Do we have CAP_PERFMON, and does it count? Then perf_event_paranoid does not
 *  apply. */
bool rights_perf(const struct rights *r);
/** May we read the memory of nodes of our user that we did not start? */
bool rights_read_any(const struct rights *r);

/**
 * The reason behind an error that only says that something was refused:
 * -E_BPF_DENIED, -E_BPF_MISSING, -E_PERF_DENIED, -E_NO_ENGINE or -E_NO_ACCESS
 * becomes -E_SECCOMP, -E_PERF_PARANOID or -E_YAMA if the facts show it. Every
 * other error is returned unchanged.
 */
int rights_explain(const struct rights *r, int err);

#endif
