#include "engine/rights.h"

#include <errno.h>

/* From linux/capability.h, which lacks the last two on older systems. */
enum { SYS_PTRACE = 19, SYS_ADMIN = 21, PERFMON = 38, BPF = 39 };

static bool has(const struct rights *r, int cap)
{
    return r->caps >> cap & 1;
}

/* These capabilities count only in the first user namespace. So root in a
 * rootless container has them in vain. */
bool rights_perf(const struct rights *r)
{
    return !r->namespaced && (has(r, PERFMON) || has(r, SYS_ADMIN));
}

bool rights_bpf(const struct rights *r)
{
    return rights_perf(r) && (has(r, BPF) || has(r, SYS_ADMIN));
}

/* Yama (security/yama/yama_lsm.c): 1 requires CAP_SYS_PTRACE or an ancestor of
 * the process, 2 requires CAP_SYS_PTRACE, and 3 forbids it to all. */
bool rights_read_any(const struct rights *r)
{
    return r->read_self == 0 && r->yama < 3 &&
           (r->yama < 1 || has(r, SYS_PTRACE));
}

/* A seccomp filter answers before the kernel checks anything else. */
static bool filtered(const struct rights *r, int trial)
{
    return r->seccomp && (trial == -EPERM || trial == -ENOSYS);
}

static int explain_perf(const struct rights *r, int err)
{
    if (filtered(r, r->perf_user))
        return -E_SECCOMP;
    /* Linux itself has no level above 2. Debian and Ubuntu add one, and answer
     * EACCES. Elsewhere the trial succeeds, and the number means nothing. */
    if (r->perf_user == -EACCES && r->paranoid > 2 && !rights_perf(r))
        return -E_PERF_PARANOID;
    return err;
}

/* Older kernels refuse every call of bpf(2) without rights. With a filter, this
 * cannot be distinguished from the filter's refusal; but then the filter must
 * be removed in any case. */
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
