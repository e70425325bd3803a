#include "engine/perf_cost.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/clock.h"
#include "engine/perf_threads.h"

enum {
    ROUNDS = 5,
    ROUND_TURNS = 500,            /* turns of the first player in a round */
    RING_BYTES = 256 * 1024,      /* enough for all samples of a round */
    SAMPLE_EVERY_NS = 100 * 1000, /* while the cost of samples is measured */
    /* How long events are armed: periods of CPU time per thread, and at least
     * this CPU time; but no longer than LONGEST_NS on a busy machine. */
    PERIODS = 2,
    LEAST_NS = 20 * 1000 * 1000,
    LONGEST_NS = 300 * 1000 * 1000,
    /* Longer periods are not measured; they cost less than this one. */
    LONGEST_PERIOD_NS = 20 * 1000 * 1000,
};

/* A thread that counts its turns. It either waits for a byte from the other
 * player before each turn, so that every turn is a switch, or never waits. */
struct player {
    pthread_t thread;
    clockid_t clock;
    _Atomic pid_t tid;
    _Atomic uint64_t turns, awaited; /* turns at which `reached` is posted */
    sem_t reached;
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
        if (p->turns >= p->awaited) {
            p->awaited = UINT64_MAX;
            sem_post(&p->reached);
        }
        if (p->to >= 0 && write(p->to, &byte, 1) != 1)
            break;
    }
    return NULL;
}

/* Starts a player on our own CPU, because a switch between CPUs has a different
 * cost. */
static int start(struct player *p)
{
    cpu_set_t cpu;
    pthread_attr_t attr;
    int here = sched_getcpu();
    if (here < 0 || here >= CPU_SETSIZE)
        return -ENOSYS;
    CPU_ZERO(&cpu);
    CPU_SET(here, &cpu);
    p->awaited = UINT64_MAX;
    int err = pthread_attr_init(&attr);
    if (err)
        return -err;
    sem_init(&p->reached, 0, 0);
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
    if (!p->tid)
        return;
    pthread_join(p->thread, NULL);
    sem_destroy(&p->reached);
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

static void close_events(struct perf_thread *events, size_t n)
{
    for (size_t i = 0; i < n; i++)
        perf_thread_close(&events[i]);
}

static int open_events(struct perf_thread *events, const struct player *players,
                       size_t n, const struct perf_event_setup *setup)
{
    struct perf_event_setup permitted = *setup;
    for (size_t i = 0; i < n; i++) {
        const struct thread of = {.tid = players[i].tid};
        int err =
            perf_threads_open_one(&of, &permitted, RING_BYTES / n, &events[i]);
        if (err) {
            close_events(events, i);
            return err;
        }
    }
    return 0;
}

struct played {
    uint64_t cpu_ns, turns;
};

/* Plays one more round and adds it to `sum`. A round does not end by a timer:
 * if that were due before the timers of the events, the kernel would not
 * program those. */
static void play_on(struct player *players, size_t n, struct played *sum)
{
    uint64_t turns_before = turns(players, n), before = cpu_ns(players, n);
    players->awaited = players->turns + ROUND_TURNS;
    while (sem_wait(&players->reached) != 0)
        ; /* interrupted by a signal */
    sum->cpu_ns += cpu_ns(players, n) - before;
    sum->turns += turns(players, n) - turns_before;
}

/* CPU time of a turn in nanoseconds. */
static double turn_ns(const struct played *p)
{
    return (double)p->cpu_ns / (double)p->turns;
}

static double above(double cost, double base)
{
    return cost > base ? cost - base : 0;
}

/* --- what an event adds to a turn ------------------------------------------
 * Rounds with and without the event alternate, so that a change of the
 * machine's speed affects both equally. */

/* What disabled events add, compared with no events. */
static int add_idle(struct player *players, size_t n,
                    const struct perf_event_setup *setup, double *added_ns)
{
    struct perf_thread events[2];
    struct played none = {0}, idle = {0};
    uint64_t limit_ns = clock_now_ns() + LONGEST_NS;
    for (int r = 0; r < ROUNDS && (r == 0 || clock_now_ns() < limit_ns); r++) {
        play_on(players, n, &none);
        int err = open_events(events, players, n, setup);
        if (err)
            return err;
        play_on(players, n, &idle);
        close_events(events, n);
    }
    *added_ns = above(turn_ns(&idle), turn_ns(&none));
    return 0;
}

static int arm(struct perf_thread *events, size_t n, bool armed)
{
    int err = 0;
    for (size_t i = 0; i < n && !err; i++)
        err = armed ? perf_event_enable(events[i].fd)
                    : perf_event_disable(events[i].fd);
    return err;
}

/* Armed events, compared with disabled ones. The kernel programs the CPU's
 * timer only when the event is due before anything else there, such as the
 * kernel's own tick. So the cost depends on how much of the period is left, and
 * the same events are kept for whole periods. */
static int play_periods(struct player *players, size_t n,
                        const struct perf_event_setup *setup,
                        struct perf_thread *events, struct played *idle,
                        struct played *armed)
{
    uint64_t limit_ns = clock_now_ns() + LONGEST_NS;
    uint64_t enough = PERIODS * setup->period_ns;
    if (enough < LEAST_NS)
        enough = LEAST_NS;
    while (armed->turns == 0 ||
           (armed->cpu_ns < n * enough && clock_now_ns() < limit_ns)) {
        play_on(players, n, idle);
        int err = arm(events, n, true);
        if (err)
            return err;
        play_on(players, n, armed);
        err = arm(events, n, false);
        if (err)
            return err;
    }
    return 0;
}

static int add_armed(struct player *players, size_t n,
                     const struct perf_event_setup *setup, struct played *idle,
                     struct played *armed)
{
    struct perf_thread events[2];
    *idle = *armed = (struct played){0};
    int err = open_events(events, players, n, setup);
    if (err)
        return err;
    err = play_periods(players, n, setup, events, idle, armed);
    close_events(events, n);
    return err;
}

/* --- both figures --------------------------------------------------------- */

/* The cost of the samples in a turn, which is counted separately. */
static double of_samples(const struct played *armed, uint64_t period_ns,
                         double sample_ns)
{
    return turn_ns(armed) / (double)period_ns * sample_ns;
}

static int measure_turns(const struct perf_event_setup *setup,
                         struct player players[2], struct perf_cost *out)
{
    struct perf_event_setup often = *setup;
    struct played idle, armed;
    if (often.period_ns > LONGEST_PERIOD_NS)
        often.period_ns = LONGEST_PERIOD_NS;
    int err = add_idle(players, 2, &often, &out->idle_ns);
    if (!err)
        err = add_armed(players, 2, &often, &idle, &armed);
    if (err)
        return err;
    out->armed_ns = out->idle_ns +
                    above(turn_ns(&armed),
                          turn_ns(&idle) + of_samples(&armed, often.period_ns,
                                                      out->sample_ns));
    return 0;
}

static int measure_switches(const struct perf_event_setup *setup, int there[2],
                            int back[2], struct perf_cost *out)
{
    struct player players[2] = {{.from = there[0], .to = back[1]},
                                {.from = back[0], .to = there[1]}};
    int err = start(&players[0]);
    if (!err)
        err = start(&players[1]);
    if (!err && write(there[1], "", 1) != 1)
        err = -errno;
    if (!err)
        err = measure_turns(setup, players, out);
    players[0].over = players[1].over = true;
    (void)!write(there[1], "", 1);
    (void)!write(back[1], "", 1);
    end(&players[0]);
    end(&players[1]);
    return err;
}

static int measure_samples(const struct perf_event_setup *setup,
                           struct perf_cost *out)
{
    struct player player = {.from = -1, .to = -1};
    struct perf_event_setup often = *setup;
    struct played idle, armed;
    often.period_ns = SAMPLE_EVERY_NS;
    often.rate = (unsigned)(NS_PER_S / SAMPLE_EVERY_NS);
    int err = start(&player);
    if (!err)
        err = add_armed(&player, 1, &often, &idle, &armed);
    player.over = true;
    end(&player);
    if (err)
        return err;
    out->sample_ns = above(turn_ns(&armed), turn_ns(&idle)) / turn_ns(&armed) *
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
        err = measure_samples(setup, &cost);
        err = err ? err : measure_switches(setup, there, back, &cost);
        close_pipe(back);
    }
    close_pipe(there);
    if (!err)
        *out = cost;
    return err;
}
