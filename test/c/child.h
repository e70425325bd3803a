/**
 * @file child.h
 * A program that a test starts and talks to through pipes, such as a node.
 */
#ifndef CPROF_TEST_CHILD_H
#define CPROF_TEST_CHILD_H

#include "test.h"

#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <unistd.h>

/**
 * Starts a program of the PATH, which ends with the test, also when that fails.
 * @param argv  its arguments from argv[0] on, then NULL
 * @param in    set to where its standard input is written; NULL: it has the
 *              test's own
 * @param out   set to what it writes to its standard output
 * @return its pid, for which the test waits
 */
static inline pid_t child_start(const char *program, const char *const argv[],
                                int *in, FILE **out)
{
    int to[2] = {-1, -1}, from[2];
    if (in)
        assert_int_equal(pipe(to), 0);
    assert_int_equal(pipe(from), 0);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (in)
            dup2(to[0], 0);
        dup2(from[1], 1);
        close(to[1]);
        close(from[0]);
        execvp(program, (char *const *)(uintptr_t)argv);
        _exit(127);
    }
    if (in) {
        close(to[0]);
        *in = to[1];
    }
    close(from[1]);
    *out = fdopen(from[0], "r");
    return pid;
}

/** Reads a whole number that it has printed. */
static inline long child_number(FILE *out)
{
    long value = 0;
    assert_int_equal(fscanf(out, "%ld", &value), 1);
    return value;
}

#endif
