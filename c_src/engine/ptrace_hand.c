#include "engine/ptrace_hand.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/resource.h>

struct ptrace_hand {
    pthread_t thread;
    bool alive;
    sem_t asked, done;
    ptrace_hand_job *job; /* NULL: end */
    void *arg;
    int result;
    sigset_t mask;           /* of the thread that opened it, before */
    struct sigaction action; /* for SIGCHLD, before */
};

static void wait_for(sem_t *s)
{
    while (sem_wait(s) != 0) /* EINTR */
        ;
}

/* Of this thread, as far as permitted: real time preempts at once. */
static void raise_priority(void)
{
    const struct sched_param lowest = {.sched_priority = 1};
    if (sched_setscheduler(0, SCHED_FIFO, &lowest) != 0)
        setpriority(PRIO_PROCESS, 0, -20);
}

static void *work(void *arg)
{
    struct ptrace_hand *h = arg;
    int result = 0;
    raise_priority();
    while (result != -ETIMEDOUT) {
        wait_for(&h->asked);
        if (!h->job)
            break;
        h->result = result = h->job(h->arg);
        sem_post(&h->done);
    }
    return NULL;
}

/* Signals are for the program's first thread. */
static int start(struct ptrace_hand *h)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int err = pthread_create(&h->thread, NULL, work, h);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    h->alive = err == 0;
    return -err;
}

/* A stop is told by SIGCHLD, which a parent of ours may have had ignored. */
static void prepare_signal(struct ptrace_hand *h)
{
    const struct sigaction normal = {.sa_handler = SIG_DFL};
    sigset_t child;
    sigemptyset(&child);
    sigaddset(&child, SIGCHLD);
    sigaction(SIGCHLD, &normal, &h->action);
    pthread_sigmask(SIG_BLOCK, &child, &h->mask);
}

int ptrace_hand_open(struct ptrace_hand **out)
{
    struct ptrace_hand *h = calloc(1, sizeof(*h));
    if (!h)
        return -ENOMEM;
    sem_init(&h->asked, 0, 0);
    sem_init(&h->done, 0, 0);
    prepare_signal(h);
    int err = start(h);
    if (err) {
        ptrace_hand_close(h);
        return err;
    }
    *out = h;
    return 0;
}

void ptrace_hand_close(struct ptrace_hand *h)
{
    if (!h)
        return;
    if (h->alive) {
        h->job = NULL;
        sem_post(&h->asked);
        pthread_join(h->thread, NULL);
    }
    sigaction(SIGCHLD, &h->action, NULL);
    pthread_sigmask(SIG_SETMASK, &h->mask, NULL);
    sem_destroy(&h->asked);
    sem_destroy(&h->done);
    free(h);
}

int ptrace_hand_do(struct ptrace_hand *h, ptrace_hand_job *job, void *arg)
{
    if (!h->alive && start(h) != 0)
        return -EAGAIN;
    h->job = job;
    h->arg = arg;
    sem_post(&h->asked);
    wait_for(&h->done);
    if (h->result == -ETIMEDOUT) {
        pthread_join(h->thread, NULL);
        h->alive = false;
    }
    return h->result;
}
