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
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "recorder/limits.h"
#include "recorder/target_state.h"

enum {
    WAIT_STEP_MS = 20,
    WAIT_STEPS = 500,
    LOOK_MIN_MS = 200, /* between looks for other VMs */
    LOOK_MAX_MS = 1000,
    LOOK_SHARE =
        50, /* the time until the next look, as a multiple of its CPU time */
};

/* A process that a command starts may lose its parent (`erl -detached`), but it
 * inherits this variable. */
static const char mark_name[] = "CPROF_RECORD";

/* Yama allows ancestors to trace a process. The tracer of engine ptrace is a
 * child of ours, not an ancestor, so the command has to allow our descendants,
 * too. That is kept by exec but not inherited: a VM that the command forks can
 * be traced only by ourselves. */
static void allow_our_children(pid_t us)
{
    prctl(PR_SET_PTRACER, (unsigned long)us);
}

/* If exec fails, its errno comes back through a pipe, which a successful exec
 * closes. */
static int spawn(char *const command[], struct launch *l)
{
    int pipe_fds[2];
    if (pipe2(pipe_fds, O_CLOEXEC) != 0)
        return -errno;
    pid_t us = getpid();
    snprintf(l->mark, sizeof(l->mark), "%d.%llu", (int)us,
             (unsigned long long)clock_now_ns());
    l->child = fork();
    if (l->child == 0) {
        allow_our_children(us);
        limits_restore();
        setenv(mark_name, l->mark, 1);
        execvp(command[0], command);
        int error = errno;
        (void)!write(pipe_fds[1], &error, sizeof(error));
        _exit(127);
    }
    int error = l->child < 0 ? errno : 0;
    close(pipe_fds[1]);
    if (l->child > 0 && read(pipe_fds[0], &error, sizeof(error)) > 0)
        waitpid(l->child, NULL, 0);
    close(pipe_fds[0]);
    struct process_stat stat;
    if (!error && process_stat_read(l->child, &stat) == 0)
        l->start_time = stat.start_time;
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

/* A VM is ready when it has a code list, and its schedulers can be found. */
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

/* --- the processes of the command ----------------------------------------- */

static bool is_marked(const struct process *p, const struct launch *l)
{
    struct buffer value;
    buffer_init(&value, sizeof(l->mark));
    bool marked = process_environ(p, mark_name, &value) == 0 &&
                  value.len == strlen(l->mark) &&
                  memcmp(value.data, l->mark, value.len) == 0;
    buffer_deinit(&value);
    return marked;
}

/* The next process in /proc that is not older than the command, or 0. */
static pid_t next_process(DIR *proc, const struct launch *l)
{
    struct process_stat stat;
    for (struct dirent *e; (e = readdir(proc));) {
        pid_t pid = atoi(e->d_name);
        if (pid > 0 && process_stat_read(pid, &stat) == 0 &&
            stat.start_time >= l->start_time)
            return pid;
    }
    return 0;
}

/* Between fork and exec, a process that a VM starts looks like a VM, too. But a
 * VM is never the child of a VM: a VM itself starts only one helper, and that
 * starts everything else. */
static bool is_fork_of_vm(pid_t pid)
{
    struct process parent;
    return process_open(parent_of(pid), &parent) == 0;
}

static bool is_vm_of(pid_t pid, const struct launch *l)
{
    struct process p;
    return process_open(pid, &p) == 0 &&
           (descends_from(pid, l->child) || is_marked(&p, l)) &&
           !is_fork_of_vm(pid);
}

/* The VM to record: a descendant of the command that is ready. */
static pid_t find_vm(const struct launch *l, const volatile sig_atomic_t *stop)
{
    struct process p;
    pid_t pid, found = 0;
    DIR *proc = opendir("/proc");
    while (proc && !found && (pid = next_process(proc, l)))
        if (process_open(pid, &p) == 0 && descends_from(pid, l->child) &&
            ready(pid, stop))
            found = pid;
    if (proc)
        closedir(proc);
    return found;
}

/* The VM that the ended command left running; 0: none so far. *any: it left a
 * process running that may become a VM. */
static pid_t find_left(const struct launch *l, bool *any)
{
    pid_t pid, found = 0;
    *any = false;
    DIR *proc = opendir("/proc");
    while (proc && !found && (pid = next_process(proc, l))) {
        *any |= is_marked(&(struct process){.pid = pid}, l);
        if (is_vm_of(pid, l))
            found = pid;
    }
    if (proc)
        closedir(proc);
    return found;
}

static void note_other(struct launch *l, pid_t pid)
{
    bool known = pid == l->vm;
    for (size_t i = 0; i < l->other_count; i++)
        known |= l->others[i] == pid;
    if (!known && l->other_count < LAUNCH_OTHERS)
        l->others[l->other_count++] = pid;
}

static uint64_t own_cpu_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (uint64_t)t.tv_sec * NS_PER_S + (uint64_t)t.tv_nsec;
}

static void look_now(struct launch *l)
{
    pid_t pid;
    uint64_t before = own_cpu_ns();
    DIR *proc = opendir("/proc");
    while (proc && (pid = next_process(proc, l)))
        if (is_vm_of(pid, l))
            note_other(l, pid);
    if (proc)
        closedir(proc);
    uint64_t rest_ms = LOOK_SHARE * (own_cpu_ns() - before) / NS_PER_MS;
    rest_ms = rest_ms < LOOK_MIN_MS ? LOOK_MIN_MS : rest_ms;
    rest_ms = rest_ms > LOOK_MAX_MS ? LOOK_MAX_MS : rest_ms;
    l->look_at_ns = clock_now_ns() + rest_ms * NS_PER_MS;
}

void launch_look(struct launch *l)
{
    if (clock_now_ns() >= l->look_at_ns)
        look_now(l);
}

/* --- the command ---------------------------------------------------------- */

static bool has_ended(struct launch *l)
{
    if (!l->ended)
        l->ended = waitpid(l->child, &l->status, WNOHANG) == l->child;
    return l->ended;
}

/* When a command starts a VM in the background and ends, there is no VM yet,
 * but there is a process that will become it. */
static void wait_for_left(struct launch *l, const volatile sig_atomic_t *stop)
{
    bool any = true;
    for (int i = 0; i < WAIT_STEPS && any && !l->vm && !*stop; i++) {
        if (i)
            poll(NULL, 0, WAIT_STEP_MS);
        l->vm = find_left(l, &any);
    }
}

int launch_start(char *const command[], const volatile sig_atomic_t *stop,
                 struct launch *out)
{
    *out = (struct launch){.ended = false};
    int err = spawn(command, out);
    if (err)
        return err;
    for (int i = 0; i < WAIT_STEPS && !*stop; i++) {
        out->vm = find_vm(out, stop);
        if (out->vm)
            return 0;
        if (has_ended(out)) {
            wait_for_left(out, stop);
            return -E_GONE;
        }
        poll(NULL, 0, WAIT_STEP_MS);
    }
    launch_end(out);
    return *stop ? -EINTR : -E_NOT_BEAM;
}

void launch_wait(struct launch *l, const volatile sig_atomic_t *stop)
{
    while (!*stop && !has_ended(l)) {
        launch_look(l);
        poll(NULL, 0, WAIT_STEP_MS);
    }
    look_now(l);
}

/* Also signals the VM, which may be a descendant that outlives the command. */
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
