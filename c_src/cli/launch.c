#include "cli/launch.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "recorder/limits.h"
#include "recorder/target_state.h"

enum { WAIT_STEP_MS = 20, WAIT_STEPS = 500 };

/* Yama lets an ancestor trace. The process of the engine ptrace that does so is
 * a child of ours, so the command has to allow it; exec keeps that. (It is not
 * inherited: only we ourselves can trace a VM that the command forks.) */
static void allow_our_children(pid_t us)
{
    prctl(PR_SET_PTRACER, (unsigned long)us);
}

/* exec's errno comes back through a pipe that a successful exec closes. */
static int spawn(char *const command[], pid_t *child)
{
    int pipe_fds[2];
    if (pipe2(pipe_fds, O_CLOEXEC) != 0)
        return -errno;
    pid_t us = getpid();
    *child = fork();
    if (*child == 0) {
        allow_our_children(us);
        limits_restore();
        execvp(command[0], command);
        int error = errno;
        (void)!write(pipe_fds[1], &error, sizeof(error));
        _exit(127);
    }
    int error = *child < 0 ? errno : 0;
    close(pipe_fds[1]);
    if (*child > 0 && read(pipe_fds[0], &error, sizeof(error)) > 0)
        waitpid(*child, NULL, 0);
    close(pipe_fds[0]);
    return -error;
}

static pid_t parent_of(pid_t pid)
{
    struct process_stat stat;
    return process_stat_read(pid, &stat) == 0 ? stat.parent : 0;
}

static bool descends_from(pid_t pid, pid_t ancestor)
{
    for (int depth = 0; pid > 1 && depth < 32; depth++) {
        if (pid == ancestor)
            return true;
        pid = parent_of(pid);
    }
    return false;
}

/* A VM is ready once its code list and a scheduler thread are there. */
static bool ready(pid_t pid, const volatile sig_atomic_t *stop)
{
    struct target_state t;
    const struct deadline until = deadline_in(TARGET_ATTACH_MS, stop);
    if (target_state_open(&t, pid, &until) != 0)
        return false;
    bool found = false;
    for (size_t i = 0; i < t.threads.count; i++)
        found |= t.threads.list[i].kind == THREAD_NORMAL;
    found &= t.layout.scheduler_count > 0;
    target_state_close(&t);
    return found;
}

static pid_t find_vm(pid_t ancestor, const volatile sig_atomic_t *stop)
{
    struct process p;
    pid_t found = 0;
    DIR *proc = opendir("/proc");
    if (!proc)
        return 0;
    for (struct dirent *e; !found && (e = readdir(proc));) {
        pid_t pid = atoi(e->d_name);
        if (pid > 0 && process_open(pid, &p) == 0 &&
            descends_from(pid, ancestor) && ready(pid, stop))
            found = pid;
    }
    closedir(proc);
    return found;
}

static bool has_ended(struct launch *l)
{
    if (!l->ended)
        l->ended = waitpid(l->child, &l->status, WNOHANG) == l->child;
    return l->ended;
}

int launch_start(char *const command[], const volatile sig_atomic_t *stop,
                 struct launch *out)
{
    *out = (struct launch){.ended = false};
    int err = spawn(command, &out->child);
    if (err)
        return err;
    for (int i = 0; i < WAIT_STEPS && !*stop; i++) {
        out->vm = find_vm(out->child, stop);
        if (out->vm)
            return 0;
        if (has_ended(out))
            return -E_GONE;
        poll(NULL, 0, WAIT_STEP_MS);
    }
    launch_end(out);
    return *stop ? -EINTR : -E_NOT_BEAM;
}

void launch_wait(struct launch *l, const volatile sig_atomic_t *stop)
{
    while (!*stop && !has_ended(l))
        poll(NULL, 0, WAIT_STEP_MS);
}

/* The VM may be a descendant that outlives the command: it is ended too. */
static void signal_both(const struct launch *l, int number)
{
    kill(l->child, number);
    if (l->vm && l->vm != l->child && descends_from(l->vm, l->child))
        kill(l->vm, number);
}

void launch_end(struct launch *l)
{
    signal_both(l, SIGTERM);
    for (int i = 0; i < 1000 / WAIT_STEP_MS; i++) {
        if (has_ended(l))
            return;
        poll(NULL, 0, WAIT_STEP_MS);
    }
    signal_both(l, SIGKILL);
    l->ended = waitpid(l->child, &l->status, 0) == l->child;
}

int launch_exit_code(const struct launch *l)
{
    return WIFSIGNALED(l->status) ? 128 + WTERMSIG(l->status)
                                  : WEXITSTATUS(l->status);
}

void launch_outcome(const struct launch *l, char *text, size_t size)
{
    snprintf(text, size, "%s", "");
    if (!l->ended || launch_exit_code(l) == 0)
        return;
    if (!WIFSIGNALED(l->status)) {
        snprintf(text, size, "exited with %d", WEXITSTATUS(l->status));
        return;
    }
    const char *name = sigabbrev_np(WTERMSIG(l->status));
    if (name)
        snprintf(text, size, "was ended by SIG%s", name);
    else
        snprintf(text, size, "was ended by signal %d", WTERMSIG(l->status));
}
