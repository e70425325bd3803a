/**
 * @file waiting.h
 * Tests wait for what can be seen, and not for a time: on a busy machine a
 * process may get no CPU for a second.
 */
#ifndef CPROF_TEST_WAITING_H
#define CPROF_TEST_WAITING_H

#include <stdio.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

#include "base/clock.h"

/** Reached only when what is waited for never comes. */
#define WAIT_AT_MOST_NS (60 * NS_PER_S)

/** Checks each millisecond until it holds; the test fails if it never does. */
#define WAIT_UNTIL(holds)                                                      \
    do {                                                                       \
        uint64_t limit_ns = clock_now_ns() + WAIT_AT_MOST_NS;                  \
        while (!(holds)) {                                                     \
            assert_true(clock_now_ns() < limit_ns);                            \
            usleep(1000);                                                      \
        }                                                                      \
    } while (0)

/** 'S' asleep, 'R' running or ready, 'Z' ended, ... as in /proc/PID/stat. */
static inline char process_state(pid_t pid)
{
    char path[32], line[512] = "";
    snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
    FILE *file = fopen(path, "r");
    if (!file)
        return 0;
    char *got = fgets(line, sizeof(line), file);
    fclose(file);
    char *name_end = got ? strrchr(line, ')') : NULL;
    return name_end && name_end[1] ? name_end[2] : 0;
}

/** Has the child another "exe" (it ran a program) or "root" (chroot) now? */
static inline bool differs_from_us(pid_t pid, const char *link)
{
    char path[64], theirs[512] = "", ours[512] = "";
    snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, link);
    if (readlink(path, theirs, sizeof(theirs) - 1) < 0)
        return false;
    snprintf(path, sizeof(path), "/proc/self/%s", link);
    return readlink(path, ours, sizeof(ours) - 1) >= 0 &&
           strcmp(theirs, ours) != 0;
}

#endif
