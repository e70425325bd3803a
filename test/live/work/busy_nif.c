/* NIFs that burn CPU, or wait, for a given time: on the scheduler that they
 * are declared for. Built without unwind tables by the tests, too. */
#include <erl_nif.h>
#include <time.h>

static unsigned long now_ns(clockid_t clock)
{
    struct timespec t;
    clock_gettime(clock, &t);
    return (unsigned long)t.tv_sec * 1000000000ul + (unsigned long)t.tv_nsec;
}

/* burn_x(Microseconds): spins for about so much CPU time of the thread; returns
 * how much it was, in nanoseconds. */
__attribute__((noinline)) static ERL_NIF_TERM spin(ErlNifEnv *env, int argc,
                                                   const ERL_NIF_TERM argv[])
{
    unsigned long us;
    if (argc != 1 || !enif_get_ulong(env, argv[0], &us))
        return enif_make_badarg(env);
    unsigned long start = now_ns(CLOCK_THREAD_CPUTIME_ID), now = start;
    volatile unsigned long sum = 0;
    while ((now = now_ns(CLOCK_THREAD_CPUTIME_ID)) < start + us * 1000)
        for (int i = 0; i < 2000; i++)
            sum += (unsigned long)i;
    enif_consume_timeslice(env, 100); /* others want to run, too */
    return enif_make_ulong(env, now - start);
}

/* Functions of their own: by its C function a NIF is named. */
#define BURN(name)                                                             \
    static ERL_NIF_TERM name(ErlNifEnv *env, int argc,                         \
                             const ERL_NIF_TERM argv[])                        \
    {                                                                          \
        ERL_NIF_TERM result = spin(env, argc, argv);                           \
        __asm__ volatile("" : "+r"(result)); /* no tail call */                \
        return result;                                                         \
    }
BURN(burn)
BURN(burn_dirty_cpu)
BURN(burn_dirty_io)

/* wait_io(Microseconds), wait_here(Microseconds): sleep. */
__attribute__((noinline)) static ERL_NIF_TERM
sleep_us(ErlNifEnv *env, int argc, const ERL_NIF_TERM argv[])
{
    unsigned long us;
    if (argc != 1 || !enif_get_ulong(env, argv[0], &us))
        return enif_make_badarg(env);
    struct timespec t = {(time_t)(us / 1000000), (long)(us % 1000000) * 1000};
    nanosleep(&t, NULL);
    return enif_make_atom(env, "ok");
}

#define WAIT(name)                                                             \
    static ERL_NIF_TERM name(ErlNifEnv *env, int argc,                         \
                             const ERL_NIF_TERM argv[])                        \
    {                                                                          \
        ERL_NIF_TERM result = sleep_us(env, argc, argv);                       \
        __asm__ volatile("" : "+r"(result)); /* no tail call */                \
        return result;                                                         \
    }
WAIT(wait_io)
WAIT(wait_here)

/* These end by a jump to a function that both have, which is then all that is on
 * the C stack. */
static ERL_NIF_TERM wait_by_jump(ErlNifEnv *env, int argc,
                                 const ERL_NIF_TERM argv[])
{
    return sleep_us(env, argc, argv);
}

static ERL_NIF_TERM doze_by_jump(ErlNifEnv *env, int argc,
                                 const ERL_NIF_TERM argv[])
{
    __asm__ volatile("" : : "r"(argc)); /* not merged with the one above */
    return sleep_us(env, argc, argv);
}

/* thread_ns(): CPU time of the calling scheduler's thread so far. */
static ERL_NIF_TERM thread_ns(ErlNifEnv *env, int argc,
                              const ERL_NIF_TERM argv[])
{
    (void)argc;
    (void)argv;
    return enif_make_ulong(env, now_ns(CLOCK_THREAD_CPUTIME_ID));
}

/* node_ns(): CPU time of all threads of the node so far. */
static ERL_NIF_TERM node_ns(ErlNifEnv *env, int argc, const ERL_NIF_TERM argv[])
{
    (void)argc;
    (void)argv;
    return enif_make_ulong(env, now_ns(CLOCK_PROCESS_CPUTIME_ID));
}

static ErlNifFunc functions[] = {
    {"thread_ns", 0, thread_ns, 0},
    {"node_ns", 0, node_ns, 0},
    {"burn", 1, burn, 0},
    {"burn_dirty_cpu", 1, burn_dirty_cpu, ERL_NIF_DIRTY_JOB_CPU_BOUND},
    {"burn_dirty_io", 1, burn_dirty_io, ERL_NIF_DIRTY_JOB_IO_BOUND},
    {"wait_io", 1, wait_io, ERL_NIF_DIRTY_JOB_IO_BOUND},
    {"wait_here", 1, wait_here, 0},
    {"wait_by_jump", 1, wait_by_jump, 0},
    {"doze_by_jump", 1, doze_by_jump, 0},
};

ERL_NIF_INIT(busy_nif, functions, NULL, NULL, NULL, NULL)
