/* Words that are watched, with real breakpoints: on memory of our own, which no
 * node writes. */
#include "breakpoints_take.h"

#include "base/clock.h"
#include "engine/alloc_watch.h"

enum { WORDS = 64 };

static const double all_bytes = 8 * 1000;

static struct bpf_program_handle *program;
static uint64_t heap[WORDS];
static struct cpus cpu, both;
static int second;

struct sums {
    double missed;
};

static void open_watches(struct alloc_watches *w)
{
    const struct bpf_node node = {.pid = getpid(), .program = program};
    take_two_cpus(program, BPF_WATCHES, &cpu, &both, &second);
    assert_int_equal(alloc_watches_open(w, &node, 0, 1, &cpu), 0);
}

/* All bytes are those of one collection. */
static void choose(struct alloc_watches *w)
{
    uint8_t record = 1;
    const struct alloc_picked of = {.owner = (uint64_t)(uintptr_t)heap,
                                    .from = (uint64_t)(uintptr_t)heap,
                                    .to = (uint64_t)(uintptr_t)(heap + WORDS),
                                    .bytes = all_bytes,
                                    .record = &record,
                                    .len = 1};
    assert_int_equal(alloc_watches_offer(w, &of), 0);
    alloc_watches_choose(w);
}

static void missed(void *ctx, const struct alloc_picked *of)
{
    struct sums *sums = ctx;
    assert_true(of->len > 0);
    assert_int_equal(of->record[0], 1);
    sums->missed += of->bytes;
}

static void serve(struct alloc_watches *w, uint64_t now, struct sums *sums)
{
    assert_int_equal(alloc_watches_serve(w, now, true, missed, sums), 0);
}

static void cpus_without_breakpoints_are_counted(void **state)
{
    (void)state;
    struct alloc_watches w;
    struct taken_breakpoints taken;
    open_watches(&w);
    assert_int_equal(alloc_watches_gap(&w).cpus, 0);
    take_all(program, second, &taken);
    assert_int_equal(alloc_watches_set(&w, &both), 0);
    assert_true(alloc_watches_any(&w));
    assert_int_equal(alloc_watches_gap(&w).cpus, 1);
    assert_int_equal(alloc_watches_gap(&w).of, 2);
    assert_int_equal(alloc_watches_gap(&w).why, -E_BREAKPOINTS_USED);
    take_release(&taken);
    assert_int_equal(alloc_watches_set(&w, &both), 0);
    assert_int_equal(alloc_watches_gap(&w).cpus, 1);
    alloc_watches_close(&w);
}

/* The recording goes on, by collections alone. */
static void there_may_be_none_at_all(void **state)
{
    (void)state;
    struct alloc_watches w;
    struct taken_breakpoints taken;
    struct sums sums = {0};
    struct cpus other;
    open_watches(&w);
    memset(&other, 0, sizeof(other));
    CPU_SET_S((size_t)second, sizeof(other), other.sets);
    take_all(program, second, &taken);
    assert_int_equal(alloc_watches_set(&w, &other), 0);
    assert_false(alloc_watches_any(&w));
    assert_int_equal(alloc_watches_gap(&w).cpus, 1);
    assert_int_equal(alloc_watches_gap(&w).of, 1);
    choose(&w);
    serve(&w, clock_now_ns(), &sums);
    assert_int_equal(w.armed, 0);
    take_release(&taken);
    assert_int_equal(alloc_watches_set(&w, &other), 0);
    assert_true(alloc_watches_any(&w));
    serve(&w, clock_now_ns(), &sums);
    assert_int_equal(w.armed, w.count);
    alloc_watches_end(&w, missed, &sums);
    assert_float_equal(sums.missed, all_bytes, 1e-6);
    alloc_watches_close(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cpus_without_breakpoints_are_counted),
        cmocka_unit_test(there_may_be_none_at_all),
    };
    int status;
    program = take_program(&status);
    if (!program)
        return status;
    status = cmocka_run_group_tests(tests, NULL, NULL);
    bpf_program_close(program);
    return status;
}
