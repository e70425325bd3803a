/**
 * @file as_nobody.h
 * A group of tests once more without root's rights.
 */
#ifndef CPROF_TEST_AS_NOBODY_H
#define CPROF_TEST_AS_NOBODY_H

#include <sys/prctl.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include "test.h"

enum { NOBODY = 65534 };

/* A process that gave up its rights is not "dumpable" and its children are
 * not, until they say so; the kernel asks that of what is to be observed. */
static inline int run_as_nobody(int (*run)(void))
{
    pid_t pid = fork();
    if (pid == 0) {
        if (setgid(NOBODY) || setuid(NOBODY))
            _exit(3);
        prctl(PR_SET_DUMPABLE, 1);
        _exit(run());
    }
    int status = 0;
    waitpid(pid, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

/* Of all groups that ran, how many tests failed. */
static inline int run_as_both(int (*run)(void))
{
    int failed = run();
    if (geteuid() == 0) {
        print_message("the same as nobody:\n");
        failed += run_as_nobody(run);
    }
    return failed;
}

#endif
