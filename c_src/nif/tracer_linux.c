#include "nif/tracer.h"

#include <errno.h>
#include <sys/prctl.h>

/* Yama answers PR_SET_PTRACER with EINVAL if the pid does not exist; a kernel
 * without Yama does so for every pid. Withdrawing distinguishes these cases: it
 * always succeeds with Yama. */
int tracer_deny(void)
{
    if (prctl(PR_SET_PTRACER, 0, 0, 0, 0) == 0)
        return 0;
    return errno == EINVAL ? -EOPNOTSUPP : -errno;
}

int tracer_allow(pid_t pid)
{
    if (pid <= 0)
        return -ESRCH;
    if (prctl(PR_SET_PTRACER, (unsigned long)pid, 0, 0, 0) == 0)
        return 0;
    if (errno != EINVAL)
        return -errno;
    int rc = tracer_deny();
    return rc == 0 ? -ESRCH : rc;
}
