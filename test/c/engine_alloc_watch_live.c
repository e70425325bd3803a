/* Words that are watched, with real breakpoints: on memory of our own, which no
 * node writes. */
#include "bpf_group.h"
#include "breakpoints_take.h"

#include "base/clock.h"
#include "engine/alloc_watch.h"

enum { WORDS = 64, WRITES = ALLOC_MANY_WRITES };

static const double all_bytes = 8 * 1000;

static struct bpf_program_handle *program;
static uint64_t heap[WORDS];
static struct cpus cpu, both;
static int second;

struct sums {
    double found, missed;
    struct alloc_weights weights;
};

static void open_watches(struct alloc_watches *w, unsigned writes)
{
    const struct bpf_node node = {.pid = getpid(), .program = program};
    take_two_cpus(program, BPF_WATCHES, &cpu, &both, &second);
    assert_int_equal(alloc_watches_open(w, &node, 0, writes, &cpu), 0);
}

/* All bytes are those of one collection. */
static void choose(struct alloc_watches *w)
{
    uint8_t record = 1;
    const struct alloc_picked of = {.owner = (uint64_t)(uintptr_t)heap,
                                    .from = (uint64_t)(uintptr_t)heap,
                                    .to = (uint64_t)(uintptr_t)(heap + WORDS),
                                    .bytes = all_bytes,
                                    .collection = 1,
                                    .record = &record,
                                    .len = 1};
    assert_int_equal(alloc_watches_offer(w, &of), 0);
    alloc_watches_choose(w);
}

static void missed(void *ctx, struct alloc_picked *of)
{
    struct sums *sums = ctx;
    assert_true(of->len > 0);
    assert_int_equal(of->record[0], 1);
    sums->missed += of->bytes;
    (void)alloc_weights_add(&sums->weights, &of->charged, of->bytes);
}

static void serve(struct alloc_watches *w, uint64_t now, struct sums *sums)
{
    assert_int_equal(alloc_watches_serve(w, now, true, missed, sums), 0);
}

/* Of each word that is watched, so many allocations are found. */
static void find(struct alloc_watches *w, unsigned times, struct sums *sums)
{
    for (size_t i = 0; i < w->count; i++)
        for (unsigned n = 0; n < times; n++)
            sums->found += alloc_watches_found(w, w->list[i].serial);
}

static void all_bytes_are_kept_if_words_are_written_in_part(void **state)
{
    (void)state;
    struct alloc_watches w;
    struct sums sums = {0};
    uint64_t now = clock_now_ns();
    open_watches(&w, WRITES);
    assert_int_equal(w.count, BPF_WATCHES);
    choose(&w);
    serve(&w, now, &sums);
    find(&w, WRITES - 1, &sums);
    const double words = all_bytes / ALLOC_PICKS * BPF_WATCHES;
    assert_float_equal(sums.found, words * (WRITES - 1) / WRITES, 1e-6);
    /* The rest of these words goes to those that are chosen next: none. */
    serve(&w, now + 10 * NS_PER_S, &sums);
    assert_float_equal(sums.missed, 0, 1e-6);
    alloc_watches_end(&w, missed, &sums);
    assert_float_equal(sums.found + sums.missed, all_bytes, 1e-6);
    alloc_watches_end(&w, missed, &sums); /* nothing is left */
    assert_float_equal(sums.found + sums.missed, all_bytes, 1e-6);
    alloc_watches_close(&w);
}

static void what_is_returned_goes_to_the_next(void **state)
{
    (void)state;
    struct alloc_watches w;
    struct sums sums = {0};
    uint64_t now = clock_now_ns();
    open_watches(&w, WRITES);
    choose(&w);
    serve(&w, now, &sums);
    find(&w, WRITES - 1, &sums);
    serve(&w, now + 10 * NS_PER_S, &sums);
    choose(&w);
    assert_float_equal(w.pick.returned.len, 0, 0);
    alloc_watches_end(&w, missed, &sums);
    assert_float_equal(sums.found + sums.missed, 2 * all_bytes, 1e-6);
    alloc_watches_close(&w);
}

/* It is chosen for every place, and no function writes any of the words. */
static void a_collection_is_one_sample(void **state)
{
    (void)state;
    struct alloc_watches w;
    struct sums sums = {0};
    uint64_t now = clock_now_ns();
    open_watches(&w, 1);
    choose(&w);
    serve(&w, now, &sums);
    serve(&w, now + 10 * NS_PER_S, &sums);
    assert_true(sums.missed > 0 && sums.missed < all_bytes);
    alloc_watches_end(&w, missed, &sums);
    assert_float_equal(sums.missed, all_bytes, 1e-6);
    assert_int_equal(sums.weights.samples, 1);
    assert_float_equal(sums.weights.heap_squared, all_bytes * all_bytes, 1e-3);
    alloc_watches_close(&w);
}

/* Each of the writes to it is a fragment: a second breakpoint would only cost.
 */
static void a_count_of_fragments_is_watched_once(void **state)
{
    (void)state;
    struct alloc_watches w;
    struct sums sums = {0};
    uint8_t record = 1;
    const struct alloc_picked of = {.owner = (uint64_t)(uintptr_t)heap,
                                    .from = (uint64_t)(uintptr_t)(heap + 1),
                                    .to = (uint64_t)(uintptr_t)(heap + 2),
                                    .fragments = WORDS,
                                    .bytes = all_bytes,
                                    .collection = 1,
                                    .record = &record,
                                    .len = 1};
    open_watches(&w, WRITES);
    assert_int_equal(alloc_watches_offer(&w, &of), 0);
    alloc_watches_choose(&w);
    serve(&w, clock_now_ns(), &sums);
    assert_int_equal(w.armed, 1);
    assert_int_equal(w.list[0].at.addr, of.from);
    find(&w, 1, &sums); /* all that was wanted */
    assert_float_equal(sums.found, all_bytes / ALLOC_PICKS, 1e-6);
    serve(&w, clock_now_ns(), &sums);
    assert_int_equal(w.armed, 2);
    alloc_watches_end(&w, missed, &sums);
    assert_float_equal(sums.found + sums.missed, all_bytes, 1e-6);
    alloc_watches_close(&w);
}

static void cpus_without_breakpoints_are_counted(void **state)
{
    (void)state;
    struct alloc_watches w;
    struct taken_breakpoints taken;
    open_watches(&w, 1);
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
    open_watches(&w, 1);
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

static int run(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_bytes_are_kept_if_words_are_written_in_part),
        cmocka_unit_test(what_is_returned_goes_to_the_next),
        cmocka_unit_test(a_collection_is_one_sample),
        cmocka_unit_test(a_count_of_fragments_is_watched_once),
        cmocka_unit_test(cpus_without_breakpoints_are_counted),
        cmocka_unit_test(there_may_be_none_at_all),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

int main(void)
{
    return bpf_group_run(BPF_PROGRAM_ALLOCATION, &program, run);
}
