#include "engine/perf_cost.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "engine/perf_threads.h"

enum {
    ROUNDS = 5,
    ROUND_NS = 2 * 1000 * 1000,
    RING_BYTES = 256 * 1024,      /* holds all samples of a round */
    SAMPLE_EVERY_NS = 100 * 1000, /* while the cost of samples is measured */
};

enum mode { NO_EVENT, DISABLED, ARMED, MODES };

/* A thread that counts its turns: it waits for a byte of the other one before
 * each turn, so that every turn is a switch, or it never waits. */
struct player {
    pthread_t thread;
    clockid_t clock;
    _Atomic pid_t tid;
    _Atomic uint64_t turns;
    _Atomic bool over;
    int from, to; /* -1: does not wait */
};

static void spin(void)
{
    for (volatile int i = 0; i < 500; i++)
        ;
}

static void *play(void *arg)
{
    struct player *p = arg;
    char byte = 0;
    p->tid = (pid_t)syscall(SYS_gettid);
    while (!p->over) {
        if (p->from >= 0 && read(p->from, &byte, 1) != 1)
            break;
        spin();
        p->turns++;
        if (p->to >= 0 && write(p->to, &byte, 1) != 1)
            break;
    }
    return NULL;
}

/* On the CPU that we are on: a switch between CPUs has a different cost. */
static int start(struct player *p)
{
    cpu_set_t cpu;
    pthread_attr_t attr;
    int here = sched_getcpu();
    if (here < 0 || here >= CPU_SETSIZE)
        return -ENOSYS;
    CPU_ZERO(&cpu);
    CPU_SET(here, &cpu);
    int err = pthread_attr_init(&attr);
    if (err)
        return -err;
    err = pthread_attr_setaffinity_np(&attr, sizeof(cpu), &cpu);
    if (!err)
        err = pthread_create(&p->thread, &attr, play, p);
    pthread_attr_destroy(&attr);
    if (err)
        return -err;
    err = pthread_getcpuclockid(p->thread, &p->clock);
    while (p->tid == 0)
        sched_yield();
    return -err;
}

static void end(struct player *p)
{
    if (p->tid)
        pthread_join(p->thread, NULL);
}

/* --- one round ------------------------------------------------------------ */

static uint64_t cpu_ns(const struct player *players, size_t n)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += clock_ns_of(players[i].clock);
    return sum;
}

static uint64_t turns(const struct player *players, size_t n)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += players[i].turns;
    return sum;
}

static int open_events(struct perf_thread *events, const struct player *players,
                       size_t n, const struct perf_event_setup *setup,
                       enum mode mode)
{
    struct perf_event_setup permitted = *setup;
    for (size_t i = 0; i < n; i++) {
        const struct thread of = {.tid = players[i].tid};
        int err =
            perf_threads_open_one(&of, &permitted, RING_BYTES / n, &events[i]);
        if (!err && mode == ARMED)
            err = perf_event_enable(events[i].fd);
        if (err) {
            while (i-- > 0)
                perf_thread_close(&events[i]);
            return err;
        }
    }
    return 0;
}

/* CPU time of a turn in nanoseconds. */
static int play_round(struct player *players, size_t n,
                      const struct perf_event_setup *setup, enum mode mode,
                      double *turn_ns)
{
    static const struct timespec round = {0, ROUND_NS};
    struct perf_thread events[2];
    if (mode != NO_EVENT) {
        int err = open_events(events, players, n, setup, mode);
        if (err)
            return err;
    }
    uint64_t turns_before = turns(players, n), before = cpu_ns(players, n);
    do
        clock_nanosleep(CLOCK_MONOTONIC, 0, &round, NULL);
    while (turns(players, n) - turns_before < 10); /* on a busy machine */
    *turn_ns = (double)(cpu_ns(players, n) - before) /
               (double)(turns(players, n) - turns_before);
    for (size_t i = 0; mode != NO_EVENT && i < n; i++)
        perf_thread_close(&events[i]);
    return 0;
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* The medians of rounds that take turns, so that a change of the machine's
 * speed affects all of them alike. */
static int play_rounds(struct player *players, size_t n,
                       const struct perf_event_setup *setup, double *turn_ns)
{
    double all[MODES][ROUNDS];
    for (int r = 0; r < ROUNDS; r++)
        for (int mode = 0; mode < MODES; mode++) {
            int err =
                play_round(players, n, setup, (enum mode)mode, &all[mode][r]);
            if (err)
                return err;
        }
    for (int mode = 0; mode < MODES; mode++) {
        qsort(all[mode], ROUNDS, sizeof(double), by_value);
        turn_ns[mode] = all[mode][ROUNDS / 2];
    }
    return 0;
}

/* --- both figures --------------------------------------------------------- */

static double above(double cost, double base)
{
    return cost > base ? cost - base : 0;
}

static int measure_switches(const struct perf_event_setup *setup, int there[2],
                            int back[2], struct perf_cost *out)
{
    struct player players[2] = {{.from = there[0], .to = back[1]},
                                {.from = back[0], .to = there[1]}};
    double turn_ns[MODES];
    int err = start(&players[0]);
    if (!err)
        err = start(&players[1]);
    if (!err && write(there[1], "", 1) != 1)
        err = -errno;
    if (!err)
        err = play_rounds(players, 2, setup, turn_ns);
    players[0].over = players[1].over = true;
    (void)!write(there[1], "", 1);
    (void)!write(back[1], "", 1);
    end(&players[0]);
    end(&players[1]);
    if (err)
        return err;
    out->armed_ns = above(turn_ns[ARMED], turn_ns[NO_EVENT]);
    out->idle_ns = above(turn_ns[DISABLED], turn_ns[NO_EVENT]);
    return 0;
}

static int measure_samples(const struct perf_event_setup *setup,
                           struct perf_cost *out)
{
    struct player player = {.from = -1, .to = -1};
    struct perf_event_setup often = *setup;
    double turn_ns[MODES];
    often.period_ns = SAMPLE_EVERY_NS;
    often.rate = (unsigned)(NS_PER_S / SAMPLE_EVERY_NS);
    int err = start(&player);
    if (!err)
        err = play_rounds(&player, 1, &often, turn_ns);
    player.over = true;
    end(&player);
    if (err)
        return err;
    out->sample_ns = above(turn_ns[ARMED], turn_ns[NO_EVENT]) / turn_ns[ARMED] *
                     SAMPLE_EVERY_NS;
    return 0;
}

static void close_pipe(const int ends[2])
{
    close(ends[0]);
    close(ends[1]);
}

int perf_cost_measure(const struct perf_event_setup *setup,
                      struct perf_cost *out)
{
    int there[2], back[2];
    struct perf_cost cost = {.armed_ns = 0};
    if (pipe2(there, O_CLOEXEC) != 0)
        return -errno;
    int err = pipe2(back, O_CLOEXEC) == 0 ? 0 : -errno;
    if (!err) {
        err = measure_switches(setup, there, back, &cost);
        close_pipe(back);
    }
    close_pipe(there);
    if (!err)
        err = measure_samples(setup, &cost);
    if (!err)
        *out = cost;
    return err;
}
