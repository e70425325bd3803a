/* What samples stand for, of simulated nodes whose true CPU time is known. */
#include "test.h"

#include "base/clock.h"
#include "base/random.h"
#include "engine/perf_duty.h"
#include "engine/perf_weights.h"

enum {
    STEP_NS = 100 * 1000, /* of the simulation */
    JUDGE_NS = 250 * 1000 * 1000,
    FUNCTIONS = 2,
};

static const struct perf_cost dear = {.armed_ns = 10000, .sample_ns = 20000};

/* What a node does at a moment: CPU time per second of its kinds of thread, and
 * the function in which each is. */
struct doing {
    double normal, dirty; /* CPUs */
    int function;         /* of the normal scheduler */
};

/* What arming does: a normal scheduler's CPU time is multiplied by that. */
struct node {
    struct doing (*at)(uint64_t ns);
    double armed_normal, armed_dirty;
    double missed;  /* share of the timer's samples that do not come */
    uint64_t runs;  /* per second */
    double late_ns; /* how late windows and pauses end on average */
};

struct outcome {
    double used[2], seen[2], counted[2]; /* normal, dirty */
    double function_used[FUNCTIONS], function_seen[FUNCTIONS],
        function_counted[FUNCTIONS];
    uint64_t largest_ns;
    size_t samples;
};

struct simulation {
    const struct node *node;
    struct perf_duty duty;
    struct perf_weights weights;
    uint64_t random, period_ns, now, looked_ns, awake_ns;
    double left[2];  /* CPU time to the next sample */
    double fresh[2]; /* CPU time since the last look */
    struct perf_duty_load load;
    struct outcome out;
};

static double part(struct simulation *s)
{
    return (double)(random_next(&s->random) >> 11) / (double)(1ULL << 53);
}

static void take(struct simulation *s, int kind, int function)
{
    static const enum thread_kind kinds[] = {THREAD_NORMAL, THREAD_DIRTY_CPU};
    struct outcome *o = &s->out;
    struct perf_weight w =
        perf_weights_of(&s->weights, kinds[kind], s->period_ns, s->now);
    o->samples += w.count > 0;
    o->seen[kind] += (double)w.ns;
    o->counted[kind] += w.count;
    if (w.ns > o->largest_ns)
        o->largest_ns = w.ns;
    if (kind == 0) {
        o->function_seen[function] += (double)w.ns;
        o->function_counted[function] += w.count;
    }
}

static void run(struct simulation *s, int kind, double cpu_ns, int function)
{
    s->out.used[kind] += cpu_ns;
    s->fresh[kind] += cpu_ns;
    if (!s->duty.armed)
        return;
    s->left[kind] -= cpu_ns;
    while (s->left[kind] <= 0) {
        s->left[kind] += (double)s->period_ns;
        if (part(s) >= s->node->missed)
            take(s, kind, function);
    }
}

static void step(struct simulation *s)
{
    struct doing d = s->node->at(s->now);
    bool armed = s->duty.armed;
    double normal = d.normal * STEP_NS * (armed ? s->node->armed_normal : 1);
    run(s, 0, normal, d.function);
    run(s, 1, d.dirty * STEP_NS * (armed ? s->node->armed_dirty : 1), 0);
    /* The truth about functions is the node's without events. */
    s->out.function_used[d.function] += d.normal * STEP_NS;
}

static void look(struct simulation *s)
{
    uint64_t ns = s->now - s->looked_ns;
    s->load.ns += ns;
    s->load.runs += s->node->runs * (ns / 1000) / 1000000;
    s->load.cpu_ns += (uint64_t)(s->fresh[0] + s->fresh[1]);
    perf_weights_used(&s->weights, THREAD_NORMAL, (uint64_t)s->fresh[0]);
    perf_weights_used(&s->weights, THREAD_DIRTY_CPU, (uint64_t)s->fresh[1]);
    perf_weights_looked(&s->weights, s->now);
    s->fresh[0] = s->fresh[1] = 0;
    s->looked_ns = s->now;
    if (s->load.ns < JUDGE_NS)
        return;
    perf_duty_saw(&s->duty, &s->load);
    s->load = (struct perf_duty_load){0};
}

/* As perf_pace.c does it, when it gets a CPU. */
static void turn(struct simulation *s)
{
    uint64_t rest_ns = s->duty.share < 1 ? 10 * NS_PER_MS : JUDGE_NS;
    if (s->now < s->awake_ns)
        return;
    if (s->now >= s->looked_ns + rest_ns &&
        perf_duty_before_window(&s->duty, s->now))
        look(s);
    if (!perf_duty_turn(&s->duty, s->now))
        return;
    if (s->duty.armed)
        perf_weights_window(&s->weights, s->duty.share);
    if (s->duty.edge_ns != UINT64_MAX)
        s->awake_ns =
            s->duty.edge_ns + (uint64_t)(part(s) * 2 * s->node->late_ns);
}

/* @param runs_before  switches per second before the recording */
static struct outcome simulate(const struct node *node, unsigned rate,
                               uint64_t runs_before, unsigned seconds,
                               uint64_t seed)
{
    struct simulation s = {.node = node,
                           .random = seed * 2654435761u + 1,
                           .period_ns = NS_PER_S / rate};
    struct perf_duty_terms terms = {.cost = dear, .bound = 0.05, .rate = rate};
    struct perf_duty_load before = {
        .ns = NS_PER_S, .runs = runs_before, .cpu_ns = NS_PER_S};
    s.now = seed * 7919 * NS_PER_MS + 1;
    uint64_t end = s.now + seconds * NS_PER_S;
    perf_duty_begin(&s.duty, &terms, &before, s.now);
    perf_weights_begin(&s.weights, s.period_ns, s.duty.share, s.now);
    s.looked_ns = s.now;
    s.left[0] = part(&s) * (double)s.period_ns;
    s.left[1] = part(&s) * (double)s.period_ns;
    for (; s.now < end; s.now += STEP_NS) {
        step(&s);
        turn(&s);
    }
    return s.out;
}

static void add_up(struct outcome *sum, const struct outcome *o)
{
    for (int i = 0; i < 2; i++) {
        sum->used[i] += o->used[i];
        sum->seen[i] += o->seen[i];
        sum->counted[i] += o->counted[i];
        sum->function_used[i] += o->function_used[i];
        sum->function_seen[i] += o->function_seen[i];
        sum->function_counted[i] += o->function_counted[i];
    }
    sum->samples += o->samples;
    if (o->largest_ns > sum->largest_ns)
        sum->largest_ns = o->largest_ns;
}

/* The sum of several recordings, so that chance is small. */
static struct outcome several(const struct node *node, unsigned rate,
                              uint64_t runs_before, unsigned seconds,
                              unsigned recordings)
{
    struct outcome sum = {.samples = 0};
    for (uint64_t seed = 1; seed <= recordings; seed++) {
        struct outcome o = simulate(node, rate, runs_before, seconds, seed);
        add_up(&sum, &o);
    }
    print_message("seen %.3f %.3f, function %.3f of %.3f, counted %.3f; "
                  "%zu samples\n",
                  sum.seen[0] / sum.used[0], sum.seen[1] / sum.used[1],
                  sum.function_seen[0] / sum.seen[0],
                  sum.function_used[0] /
                      (sum.function_used[0] + sum.function_used[1]),
                  sum.function_counted[0] / sum.counted[0], sum.samples);
    return sum;
}

static void is_near(double value, double truth, double error)
{
    assert_true(value > truth - error && value < truth + error);
}

static void all_is_seen(const struct outcome *o, double error)
{
    is_near(o->seen[0] / o->used[0], 1, error);
    is_near(o->seen[1] / o->used[1], 1, error);
    /* Counts and CPU time have the same shares. */
    is_near(o->counted[0] / (o->counted[0] + o->counted[1]),
            o->seen[0] / (o->seen[0] + o->seen[1]), 0.005);
}

/* --- nodes ---------------------------------------------------------------- */

static struct doing steady(uint64_t ns)
{
    (void)ns;
    return (struct doing){.normal = 0.6, .dirty = 0.4};
}

/* Two functions in turn, for 300 ms each: one uses ten times the CPU time. */
static struct doing in_phases(uint64_t ns)
{
    int phase = (int)(ns / (300 * NS_PER_MS) % 2);
    return (struct doing){
        .normal = phase ? 0.09 : 0.9, .dirty = 0.1, .function = phase};
}

/* --- what is to hold ------------------------------------------------------ */

static void without_pauses_a_sample_is_a_sample(void **state)
{
    (void)state;
    static const struct node node = {
        .at = steady, .armed_normal = 1, .armed_dirty = 1, .runs = 100};
    struct outcome o = several(&node, 99, 100, 10, 5);
    all_is_seen(&o, 0.02);
    is_near((o.counted[0] + o.counted[1]) / (double)o.samples, 1, 0.02);
    is_near((double)o.samples, 99 * 10 * 5, 50);
}

/* Arming makes switches slower: a scheduler that waits for others uses less CPU
 * time meanwhile, one that switches all the time more. */
static void what_arming_changes_is_made_up_for(void **state)
{
    (void)state;
    static const struct node node = {
        .at = steady, .armed_normal = 0.4, .armed_dirty = 1.8, .runs = 20000};
    struct outcome o = several(&node, 999, 20000, 10, 10);
    all_is_seen(&o, 0.03);
}

static void samples_that_do_not_come_are_made_up_for(void **state)
{
    (void)state;
    static const struct node node = {.at = steady,
                                     .armed_normal = 1,
                                     .armed_dirty = 1,
                                     .missed = 0.6,
                                     .runs = 100};
    struct outcome o = several(&node, 4999, 100, 10, 3);
    all_is_seen(&o, 0.03);
}

/* On a busy machine: some windows are ten times too long. */
static void late_ends_are_made_up_for(void **state)
{
    (void)state;
    static const struct node node = {.at = steady,
                                     .armed_normal = 0.5,
                                     .armed_dirty = 1.2,
                                     .runs = 60000,
                                     .late_ns = 20e6};
    for (uint64_t seed = 1; seed <= 20; seed++) {
        struct outcome o = simulate(&node, 999, 60000, 10, seed);
        is_near((o.seen[0] + o.seen[1]) / (o.used[0] + o.used[1]), 1, 0.3);
    }
    struct outcome o = several(&node, 999, 60000, 10, 20);
    all_is_seen(&o, 0.1);
}

/* The share is halved several times while it samples. */
static void a_lower_share_changes_nothing(void **state)
{
    (void)state;
    static const struct node node = {
        .at = steady, .armed_normal = 0.7, .armed_dirty = 1.2, .runs = 20000};
    struct outcome o = several(&node, 999, 100, 20, 10);
    all_is_seen(&o, 0.03);
}

static void phases_keep_their_shares(void **state)
{
    (void)state;
    static const struct node node = {
        .at = in_phases, .armed_normal = 1, .armed_dirty = 1, .runs = 10000};
    struct outcome o = several(&node, 999, 10000, 10, 60);
    is_near(o.seen[0] / o.used[0], 1, 0.03);
    is_near(o.function_seen[0] / o.seen[0], 0.909, 0.02);
    is_near(o.function_counted[0] / o.counted[0], 0.909, 0.02);
}

/* Short recordings at a low rate: what arming changes is made up for with some
 * ten samples, and nothing overshoots. */
static void few_samples_are_not_too_much(void **state)
{
    (void)state;
    static const struct node node = {.at = steady,
                                     .armed_normal = 2,
                                     .armed_dirty = 2,
                                     .runs = 60000,
                                     .late_ns = 20e6};
    for (uint64_t seed = 1; seed <= 100; seed++) {
        struct outcome o = simulate(&node, 99, 60000, 2, seed);
        is_near((o.seen[0] + o.seen[1]) / (o.used[0] + o.used[1]), 1, 0.4);
    }
}

/* Few samples: none stands for more than the bound. */
static void no_sample_stands_for_too_much(void **state)
{
    (void)state;
    struct perf_weights w;
    perf_weights_begin(&w, NS_PER_MS, 0.1, 1);
    perf_weights_used(&w, THREAD_AUX, 100 * NS_PER_S);
    perf_weights_looked(&w, 2);
    struct perf_weight one = perf_weights_of(&w, THREAD_AUX, NS_PER_MS, 2);
    assert_int_equal(one.count, PERF_WEIGHTS_MOST);
    assert_int_equal(one.ns, PERF_WEIGHTS_MOST * 10 * NS_PER_MS);
    is_near((double)perf_weights_left(&w) / NS_PER_S, 99.9, 0.001);
    assert_int_equal(perf_weights_of(&w, THREAD_POLL, NS_PER_MS, 2).count, 1);
}

/* A second of a kind of thread: `taken` samples at 1,000 Hz, `lost` lost. */
static struct perf_weight second(struct perf_weights *w, uint64_t n,
                                 unsigned taken, unsigned lost,
                                 uint64_t used_ns)
{
    struct perf_weight sum = {0, 0};
    for (unsigned i = 0; i < taken; i++) {
        struct perf_weight one = perf_weights_of(
            w, THREAD_NORMAL, NS_PER_MS, n * NS_PER_S + i * NS_PER_S / taken);
        sum.ns += one.ns;
        sum.count += one.count;
    }
    perf_weights_lost(w, THREAD_NORMAL, lost, (n + 1) * NS_PER_S);
    perf_weights_used(w, THREAD_NORMAL, used_ns);
    perf_weights_looked(w, (n + 1) * NS_PER_S);
    return sum;
}

/* Nothing stands for what was lost. */
static void lost_samples_stay_unseen(void **state)
{
    (void)state;
    struct perf_weights w;
    double ns = 0;
    perf_weights_begin(&w, NS_PER_MS, 1, 1);
    for (unsigned n = 0; n < 20; n++)
        ns += (double)second(&w, n, 600, 400, NS_PER_S).ns;
    is_near(ns / NS_PER_S, 12, 1);
}

/* Samples that count less than once: some are left out, others stand for their
 * time. */
static void counts_are_whole_and_right_in_sum(void **state)
{
    (void)state;
    struct perf_weights w;
    double ns = 0, count = 0;
    perf_weights_begin(&w, NS_PER_MS, 1, 1);
    for (unsigned n = 0; n < 10; n++) {
        struct perf_weight sum = second(&w, n, 1000, 0, 700 * NS_PER_MS);
        ns += (double)sum.ns / NS_PER_MS;
        count += sum.count;
    }
    is_near(ns, 7000, 100);
    is_near(count, ns, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_pauses_a_sample_is_a_sample),
        cmocka_unit_test(what_arming_changes_is_made_up_for),
        cmocka_unit_test(samples_that_do_not_come_are_made_up_for),
        cmocka_unit_test(late_ends_are_made_up_for),
        cmocka_unit_test(a_lower_share_changes_nothing),
        cmocka_unit_test(phases_keep_their_shares),
        cmocka_unit_test(few_samples_are_not_too_much),
        cmocka_unit_test(no_sample_stands_for_too_much),
        cmocka_unit_test(lost_samples_stay_unseen),
        cmocka_unit_test(counts_are_whole_and_right_in_sum),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
