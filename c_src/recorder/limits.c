#include "recorder/limits.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/resource.h>
#include <unistd.h>

/* Static, because a process has only one set of limits. */
static struct changed {
    const int resource;
    bool raised;
    struct rlimit before;
} limits[] = {{.resource = RLIMIT_NOFILE}, {.resource = RLIMIT_MEMLOCK}};

enum { COUNT = sizeof(limits) / sizeof(limits[0]) };

void limits_raise(void)
{
    for (size_t i = 0; i < COUNT; i++) {
        struct changed *l = &limits[i];
        if (l->raised || getrlimit(l->resource, &l->before) != 0)
            continue;
        struct rlimit most = l->before;
        most.rlim_cur = most.rlim_max;
        l->raised = setrlimit(l->resource, &most) == 0;
    }
}

void limits_restore(void)
{
    for (size_t i = 0; i < COUNT; i++)
        if (limits[i].raised &&
            setrlimit(limits[i].resource, &limits[i].before) == 0)
            limits[i].raised = false;
}

int limits_check(void)
{
    struct rlimit now;
    bool few =
        getrlimit(RLIMIT_NOFILE, &now) == 0 && now.rlim_cur < LIMITS_LEAST;
    return few ? -EMFILE : 0;
}

int limits_keep(struct limits_spare *s)
{
    for (int i = 0; i < LIMITS_SPARE; i++)
        s->fds[i] = -1;
    for (int i = 0; i < LIMITS_SPARE; i++) {
        s->fds[i] = open("/dev/null", O_RDONLY | O_CLOEXEC);
        int err = s->fds[i] < 0 ? -errno : 0;
        if (err) {
            limits_release(s);
            return err;
        }
    }
    return 0;
}

void limits_release(struct limits_spare *s)
{
    for (int i = 0; i < LIMITS_SPARE; i++)
        if (s->fds[i] >= 0)
            close(s->fds[i]);
}
