#include "engine/ptrace_hand.h"

#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/minus.h"
#include "engine/ptrace_limit.h"

enum {
    PATIENCE_MS = 500,
    /* A killed process ends at once, but a debugger may keep the zombie. */
    REAP_MS = 500,
};

struct ptrace_hand {
    pid_t pid;  /* 0: there is no process now */
    int socket; /* to the process; closed when that ends in any way */
};

/* Addresses are the same in both processes. */
struct request {
    ptrace_hand_job *job;
    void *arg;
};

/* --- memory -------------------------------------------------------------- */

void *ptrace_hand_memory(size_t bytes)
{
    void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
                        MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    return memory == MAP_FAILED ? NULL : memory;
}

void ptrace_hand_forget(void *memory, size_t bytes)
{
    if (memory)
        munmap(memory, bytes);
}

/* --- in the hand --------------------------------------------------------- */

/* Real-time priority, if that is permitted, preempts other threads at once. */
static void raise_priority(void)
{
    const struct sched_param lowest = {.sched_priority = 1};
    if (sched_setscheduler(0, SCHED_FIFO, &lowest) != 0)
        setpriority(PRIO_PROCESS, 0, -20);
}

/* Signals have been blocked since before the fork. The stop of a thread is
 * reported by SIGCHLD, which may be ignored by inheritance. The hand does not
 * get a session of its own: the kernel may schedule each session as a group
 * (sched_autogroup), and then the hand would not preempt the thread whose CPU
 * it must take. */
static int prepare(pid_t parent)
{
    const struct sigaction normal = {.sa_handler = SIG_DFL};
    prctl(PR_SET_NAME, "cprof-hand");
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) /* it ended before PR_SET_PDEATHSIG was set */
        return -ESRCH;
    setpgid(0, 0);
    sigaction(SIGCHLD, &normal, NULL);
    raise_priority();
    return ptrace_limit_prepare();
}

static _Noreturn void work(int socket, pid_t parent)
{
    struct request request;
    int prepared = prepare(parent), result = 0;
    while (result != -ETIMEDOUT &&
           recv(socket, &request, sizeof(request), 0) == sizeof(request)) {
        result = prepared ? prepared : request.job(request.arg);
        if (result != -ETIMEDOUT &&
            send(socket, &result, sizeof(result), MSG_NOSIGNAL) < 0)
            break;
    }
    _exit(0);
}

/* --- our side ------------------------------------------------------------ */

static int start(struct ptrace_hand *h)
{
    int sockets[2];
    sigset_t all, before;
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets) != 0)
        return -errno;
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, &before);
    pid_t us = getpid(), pid = fork();
    if (pid == 0) {
        close(sockets[0]);
        work(sockets[1], us);
    }
    int err = pid < 0 ? -errno : 0;
    sigprocmask(SIG_SETMASK, &before, NULL);
    close(sockets[1]);
    if (err)
        close(sockets[0]);
    else
        *h = (struct ptrace_hand){.pid = pid, .socket = sockets[0]};
    return err;
}

static void end(struct ptrace_hand *h)
{
    if (!h->pid)
        return;
    kill(h->pid, SIGKILL);
    close(h->socket);
    for (int ms = 0; ms < REAP_MS && waitpid(h->pid, NULL, WNOHANG) == 0; ms++)
        poll(NULL, 0, 1);
    h->pid = 0;
}

/* A signal to us does not end this wait, which is short. */
static int wait_for_result(const struct ptrace_hand *h)
{
    uint64_t end_ns = clock_now_ns() + PATIENCE_MS * NS_PER_MS;
    struct pollfd answer = {.fd = h->socket, .events = POLLIN};
    int result, ready;
    do {
        uint64_t now = clock_now_ns();
        uint64_t left = minus_capped(end_ns, now);
        ready = poll(&answer, 1, (int)(left / NS_PER_MS));
    } while (ready < 0 && errno == EINTR);
    if (ready <= 0 ||
        recv(h->socket, &result, sizeof(result), 0) != sizeof(result))
        return -ETIMEDOUT;
    return result;
}

int ptrace_hand_open(struct ptrace_hand **out)
{
    struct ptrace_hand *h = calloc(1, sizeof(*h));
    if (!h)
        return -ENOMEM;
    *out = h;
    return 0;
}

void ptrace_hand_close(struct ptrace_hand *h)
{
    if (h)
        end(h);
    free(h);
}

void ptrace_hand_renew(struct ptrace_hand *h)
{
    end(h);
}

int ptrace_hand_do(struct ptrace_hand *h, ptrace_hand_job *job, void *arg)
{
    const struct request request = {job, arg};
    int err = h->pid ? 0 : start(h);
    if (err)
        return err;
    int result = -ETIMEDOUT; /* if send fails, somebody killed the hand */
    if (send(h->socket, &request, sizeof(request), MSG_NOSIGNAL) > 0)
        result = wait_for_result(h);
    if (result == -ETIMEDOUT) {
        end(h);
        (void)!start(h); /* if this fails, the next job tries again */
    }
    return result;
}
