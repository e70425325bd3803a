/*
 * What the C frames of a sample cost, and whether they are right: takes real
 * samples of a node's C code, then unwinds them all with libunwind and with
 * our own unwinder. Usage: unwind_cost PID [SECONDS [ENGINE]]
 */
#include "../test/c/native_oracle.h"

#include <stdio.h>
#include <time.h>

#include "base/clock.h"
#include "engine/engine.h"
#include "recorder/target_state.h"

enum { SAMPLES_MAX = 40000, SHOWN = 5, RATE = 999 };

struct taken {
    struct sample *list;
    size_t count;
    struct unwind_code *code;
};

static struct sample_copy keep(const struct sample_copy *copy)
{
    struct sample_copy kept = {copy->addr, malloc(copy->len + 1), copy->len};
    memcpy((uint8_t *)kept.bytes, copy->bytes, copy->len);
    return kept;
}

static bool take(void *ctx, const struct sample *s)
{
    struct taken *t = ctx;
    if (!s->has_regs || unwind_code_has(t->code, s->regs.r[REGS_RIP]) ||
        t->count == SAMPLES_MAX)
        return true;
    struct sample *kept = &t->list[t->count++];
    *kept = *s;
    kept->stack = keep(&s->stack);
    kept->seam = keep(&s->seam);
    return true;
}

static int take_all(const struct target_state *state, const char *name,
                    uint64_t seconds, struct taken *t)
{
    struct engine_config config = {
        .pid = state->process.pid,
        .view = {&state->threads, &state->layout, &state->maps,
                 jit_head_address(state->jit)},
        .rate = RATE,
        .event = ENGINE_CPU_CLOCK,
    };
    struct engine *e;
    struct engine_choice choice = engine_choose(name, config.pid);
    int err = choice.ops ? choice.ops->open(&config, &e) : choice.why;
    if (err)
        return err;
    err = choice.ops->start(e);
    uint64_t until = clock_now_ns() + seconds * NS_PER_S;
    while (err >= 0 && clock_now_ns() < until)
        err = choice.ops->poll(e, 50, take, t);
    choice.ops->close(e);
    printf("%zu samples of C code by %s\n", t->count, choice.ops->name);
    return err < 0 ? err : 0;
}

/* Other processes' time does not count. */
static uint64_t cpu_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (uint64_t)t.tv_sec * NS_PER_S + (uint64_t)t.tv_nsec;
}

static void report(const char *who, uint64_t start, size_t samples,
                   size_t frames)
{
    double ns = (double)(cpu_ns() - start);
    printf("%-10s %7.2f us a sample, %5.2f frames\n", who,
           ns / 1e3 / (double)samples, (double)frames / (double)samples);
}

static void time_ours(const struct taken *t, size_t from, size_t to,
                      struct unwind_native *n)
{
    uint64_t start = cpu_ns();
    size_t frames = 0;
    for (size_t i = from; i < to; i++) {
        struct native_walk walk;
        unwind_native_frames(n, &t->list[i], t->code, &walk);
        frames += walk.count;
    }
    report("ours", start, to - from, frames);
}

static void time_libunwind(const struct taken *t, size_t from, size_t to,
                           struct oracle *o)
{
    uint64_t start = cpu_ns();
    size_t frames = 0;
    for (size_t i = from; i < to; i++) {
        struct native_walk walk;
        oracle_frames(o, &t->list[i], t->code, &walk);
        frames += walk.count;
    }
    report("libunwind", start, to - from, frames);
}

static void show(const char *who, const struct native_walk *w)
{
    printf("  %-9s end %d:", who, w->end);
    for (size_t i = 0; i < w->count && i < 40; i++)
        printf(" %#llx", (unsigned long long)w->frames[i]);
    printf(" rbp %#llx r13 %#llx\n", (unsigned long long)w->regs.r[REGS_RBP],
           (unsigned long long)w->regs.r[REGS_R13]);
}

static bool same(const struct native_walk *a, const struct native_walk *b)
{
    return a->end == b->end && a->count == b->count &&
           memcmp(a->frames, b->frames, a->count * sizeof(a->frames[0])) == 0;
}

static bool same_registers(const struct native_walk *a,
                           const struct native_walk *b)
{
    return a->regs.r[REGS_RBP] == b->regs.r[REGS_RBP] &&
           a->regs.r[REGS_R13] == b->regs.r[REGS_R13];
}

/* Which code has no table? */
static void failed_at(const struct target_state *state, uint64_t ip)
{
    static int shown;
    const struct map *map = maps_find(&state->maps, ip);
    if (shown++ < SHOWN)
        printf("  no way on from %#llx, %s\n", (unsigned long long)ip,
               map ? map->path : "in no mapping");
}

static void compare(const struct target_state *state, const struct taken *t,
                    struct unwind_native *n, struct oracle *o)
{
    size_t cut = 0, different = 0, registers = 0, ends[NATIVE_ERLANG + 1] = {0};
    for (size_t i = 0; i < t->count; i++) {
        struct native_walk ours, theirs;
        unwind_native_frames(n, &t->list[i], t->code, &ours);
        oracle_frames(o, &t->list[i], t->code, &theirs);
        ends[ours.end]++;
        if (ours.end == NATIVE_FAILED)
            failed_at(state, ours.frames[ours.count - 1]);
        bool frames = same(&ours, &theirs);
        if (ours.late || ours.end == NATIVE_LIMIT) {
            cut++; /* what is read late may be of another moment */
            continue;
        }
        different += !frames;
        registers += frames && !same_registers(&ours, &theirs);
        if ((!frames && different <= SHOWN) ||
            (frames && !same_registers(&ours, &theirs) && registers <= SHOWN)) {
            show("ours", &ours);
            show("libunwind", &theirs);
        }
    }
    printf("frames differ in %zu, rbp or r13 in %zu more, and in %zu whose "
           "copy was too short; failed %zu, limit %zu, outermost %zu, Erlang "
           "%zu\n",
           different, registers, cut, ends[NATIVE_FAILED], ends[NATIVE_LIMIT],
           ends[NATIVE_OUTERMOST], ends[NATIVE_ERLANG]);
}

static void time_both(const char *title, const struct taken *t, size_t from,
                      size_t to, struct unwind_native *n, struct oracle *o)
{
    printf("%s:\n", title);
    time_libunwind(t, from, to, o);
    time_ours(t, from, to, n);
}

static int measure(struct target_state *state, struct taken *t)
{
    struct unwind_native *n;
    struct oracle *o =
        oracle_open(&state->process, &state->memory, &state->maps);
    int err = unwind_native_open(&state->process, &state->memory, &n);
    if (!err)
        err = unwind_native_set_maps(n, &state->maps);
    if (err || !o || t->count == 0)
        return err ? err : -EINVAL;
    size_t half = t->count / 2;
    time_both("first half, which opens the files", t, 0, half, n, o);
    time_both("second half, as in a recording", t, half, t->count, n, o);
    time_both("second half again", t, half, t->count, n, o);
    compare(state, t, n, o);
    unwind_native_close(n);
    oracle_close(o);
    return 0;
}

int main(int argc, char **argv)
{
    static struct target_state state;
    struct taken t = {.list = calloc(SAMPLES_MAX, sizeof(*t.list))};
    if (argc < 2 || !t.list)
        return 2;
    int err = target_state_open(&state, atoi(argv[1]), NULL);
    if (!err)
        err = unwind_code_open(&state.memory, state.jit, &t.code);
    if (!err) {
        unwind_code_set_maps(t.code, &state.maps);
        err = take_all(&state, argc > 3 ? argv[3] : "perf",
                       argc > 2 ? (uint64_t)atoi(argv[2]) : 5, &t);
    }
    if (!err)
        err = measure(&state, &t);
    if (err)
        fprintf(stderr, "unwind_cost: %s\n", err_text(err));
    return err ? 1 : 0;
}
