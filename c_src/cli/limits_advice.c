#include "cli/limits_advice.h"

#include <inttypes.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "recorder/limits.h"

enum {
    CAP_TO_LOCK = 1 << 14, /* CAP_IPC_LOCK */
    OWN_DESCRIPTORS = LIMITS_LEAST,
    /* For each thread: the smallest ring and the page in front of it. */
    RING_BYTES = 16384 + 4096,
};

/* --- what is available ---------------------------------------------------- */

static uint64_t hard_limit(int resource)
{
    struct rlimit limit;
    if (getrlimit(resource, &limit) != 0 || limit.rlim_max == RLIM_INFINITY)
        return LIMITS_ADVICE_UNLIMITED;
    return limit.rlim_max;
}

/* Each user may lock kernel.perf_event_mlock_kb for each CPU, in addition to
 * the limit of the process. */
static uint64_t allowance(void)
{
    unsigned long kb = 516; /* the kernel's default */
    FILE *file = fopen("/proc/sys/kernel/perf_event_mlock_kb", "re");
    if (file && fscanf(file, "%lu", &kb) != 1)
        kb = 0;
    if (file)
        fclose(file);
    long cpus = sysconf(_SC_NPROCESSORS_ONLN);
    return (uint64_t)kb * 1024 * (uint64_t)(cpus > 0 ? cpus : 1);
}

static bool try_fork(void)
{
    pid_t child = fork();
    if (child == 0)
        _exit(0);
    return child > 0 && waitpid(child, NULL, 0) == child;
}

void limits_advice_read(uint64_t caps, struct limits_advice *out)
{
    uint64_t locked = caps & CAP_TO_LOCK ? LIMITS_ADVICE_UNLIMITED
                                         : hard_limit(RLIMIT_MEMLOCK);
    if (locked != LIMITS_ADVICE_UNLIMITED)
        locked += allowance();
    out->descriptors = hard_limit(RLIMIT_NOFILE);
    out->locked_bytes = locked;
    out->can_fork = try_fork();
}

/* --- what it means -------------------------------------------------------- */

static bool is_needed(const struct limits_advice *l)
{
    return l->threads > 0 && l->each_thread;
}

/* How many threads cannot be sampled if there is enough for `enough_for`. */
static size_t without(const struct limits_advice *l, uint64_t enough_for)
{
    return is_needed(l) && l->threads > enough_for
               ? l->threads - (size_t)enough_for
               : 0;
}

bool limits_advice_descriptors(const struct limits_advice *l,
                               char text[LIMITS_ADVICE_TEXT])
{
    uint64_t left =
        l->descriptors > OWN_DESCRIPTORS ? l->descriptors - OWN_DESCRIPTORS : 0;
    size_t missing = without(l, left);
    if (l->descriptors < OWN_DESCRIPTORS)
        snprintf(text, LIMITS_ADVICE_TEXT,
                 "%" PRIu64 " are allowed, which is too few for any engine; "
                 "raise `ulimit -n`",
                 l->descriptors);
    else if (missing)
        snprintf(text, LIMITS_ADVICE_TEXT,
                 "%" PRIu64 " are allowed; each thread of the node needs one, "
                 "so %zu of %zu will not be sampled; raise `ulimit -n`",
                 l->descriptors, missing, l->threads);
    else
        snprintf(text, LIMITS_ADVICE_TEXT, "enough are allowed");
    return l->descriptors >= OWN_DESCRIPTORS && missing == 0;
}

bool limits_advice_locked(const struct limits_advice *l,
                          char text[LIMITS_ADVICE_TEXT])
{
    size_t missing = without(l, l->locked_bytes / RING_BYTES);
    if (missing)
        snprintf(text, LIMITS_ADVICE_TEXT,
                 "%" PRIu64 " KB are allowed; each thread of the node needs at "
                 "least %d KB, so %zu of %zu will not be sampled; raise "
                 "`ulimit -l`, or run as root",
                 l->locked_bytes / 1024, RING_BYTES / 1024, missing,
                 l->threads);
    else
        snprintf(text, LIMITS_ADVICE_TEXT, "enough is allowed");
    return missing == 0;
}

bool limits_advice_processes(const struct limits_advice *l,
                             char text[LIMITS_ADVICE_TEXT])
{
    snprintf(text, LIMITS_ADVICE_TEXT, "%s",
             l->can_fork
                 ? "a process can be started"
                 : "no process can be started, which `cprof record -- "
                   "COMMAND` and engine ptrace need; raise `ulimit -u`, or "
                   "the pids limit of the container");
    return l->can_fork;
}

bool limits_advice_threads(const struct limits_advice *l,
                           char text[LIMITS_ADVICE_TEXT])
{
    snprintf(text, LIMITS_ADVICE_TEXT, "%zu in the node%s", l->threads,
             l->each_thread ? "; each has an event of its own" : "");
    return true;
}
