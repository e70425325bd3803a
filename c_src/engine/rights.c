#include "engine/rights.h"

#include <errno.h>

/* Of linux/capability.h, which older systems have without the last two. */
enum { SYS_PTRACE = 19, SYS_ADMIN = 21, PERFMON = 38, BPF = 39 };

static bool has(const struct rights *r, int cap)
{
    return r->caps >> cap & 1;
}

/* The kernel asks for these two in the first user namespace, wherever the
 * caller is: root in a rootless container has them in vain. */
bool rights_perf(const struct rights *r)
{
    return !r->namespaced && (has(r, PERFMON) || has(r, SYS_ADMIN));
}

bool rights_bpf(const struct rights *r)
{
    return rights_perf(r) && (has(r, BPF) || has(r, SYS_ADMIN));
}

/* Yama: 1 asks for CAP_SYS_PTRACE or an ancestor, 2 for the former, 3 forbids
 * (security/yama/yama_lsm.c). */
bool rights_read_any(const struct rights *r)
{
    return r->read_self == 0 && r->yama < 3 &&
           (r->yama < 1 || has(r, SYS_PTRACE));
}

/* A filter answers before the kernel has looked at anything. */
static bool filtered(const struct rights *r, int trial)
{
    return r->seccomp && (trial == -EPERM || trial == -ENOSYS);
}

static int explain_perf(const struct rights *r, int err)
{
    if (filtered(r, r->perf_user))
        return -E_SECCOMP;
    /* Above 2 is no level of Linux's own: Debian and Ubuntu add it, and answer
     * EACCES. Elsewhere the trial succeeds and the number means nothing. */
    if (r->perf_user == -EACCES && r->paranoid > 2 && !rights_perf(r))
        return -E_PERF_PARANOID;
    return err;
}

/* Older kernels refuse every call to those without rights: under a filter
 * that cannot be told from its work, and the filter has to go anyhow. */
static int explain_bpf(const struct rights *r, int err)
{
    bool kernel_lacks_it = err == -E_BPF_MISSING && r->bpf_call != -ENOSYS;
    return filtered(r, r->bpf_call) && !kernel_lacks_it ? -E_SECCOMP : err;
}

static int explain_read(const struct rights *r, int err)
{
    if (filtered(r, r->read_self))
        return -E_SECCOMP;
    if (r->same_user && r->yama >= 1 && !rights_read_any(r))
        return -E_YAMA;
    return err;
}

int rights_explain(const struct rights *r, int err)
{
    switch (err) {
    case -E_BPF_DENIED:
    case -E_BPF_MISSING:
        return explain_bpf(r, err);
    case -E_PERF_DENIED:
    case -E_NO_ENGINE:
        return explain_perf(r, err);
    case -E_NO_ACCESS:
        return explain_read(r, err);
    default:
        return err;
    }
}
