#include "fake_table.h"

#include "base/random.h"
#include "target/procfigures.h"

enum {
    PROCESSES = 64,
    HEAP_WORDS = TABLE_STACK / 8,
    A_PLACE = 0x60000000, /* not mapped: nothing is followed */
};

struct node {
    struct fake_table t;
    const struct table_form *form;
    struct procfigures_places places;
};

static uint64_t process_at(size_t n)
{
    return TABLE_STRUCTS + n * TABLE_STRUCT;
}

static void put(struct node *n, size_t process, uint32_t offset, uint64_t value)
{
    fake_u64(&n->t.fake, process_at(process) + offset, value);
}

/* A process that waits, with nothing but its heap. */
static void plant(struct node *n, size_t which)
{
    const struct table_form *f = n->form;
    uint64_t heap = TABLE_STACKS + which * TABLE_STACK;
    uint64_t slot = 3 * which;
    fake_u64(&n->t.fake, TABLE + slot * 8, process_at(which));
    put(n, which, AT_ID, f->release < 26 ? slot << 32 | 3 : slot << 4 | 3);
    put(n, which, AT_HTOP, heap + 64);
    put(n, which, AT_STOP, heap + TABLE_STACK - 24);
    table_figures(&n->t, f, process_at(which), heap, TABLE_STACK);
    fake_u64(&n->t.fake, heap + TABLE_STACK - 8, TABLE_EXIT);
    put(n, which, f->i, TABLE_EXIT + 64);
    put(n, which, f->i + 24, 1000 + which); /* reductions */
    put(n, which, f->state, TABLE_REST);
}

static void open_node(struct node *n, const struct table_form *f)
{
    n->form = f;
    fake_table_open(&n->t, f->release);
    n->t.layout.process_bytes = f->scheduler_data + 8;
    table_known(&n->t, LAYOUT_HEND, f->hend);
    table_known(&n->t, LAYOUT_CONTINUATION, f->i);
    table_known(&n->t, LAYOUT_STATE, f->state);
    table_known(&n->t, LAYOUT_SCHEDULER_DATA, f->scheduler_data);
    for (size_t i = 0; i < PROCESSES; i++)
        plant(n, i);
}

static void close_node(struct node *n)
{
    fake_table_close(&n->t);
}

static void find(struct node *n)
{
    assert_int_equal(procfigures_find(&n->t.layout, &n->t.memory, &n->places),
                     0);
}

static struct procfigures figures(struct node *n, size_t process)
{
    return procfigures_of(
        &n->places, fake_at(&n->t.fake, process_at(process), n->places.bytes));
}

static void assert_known(const struct node *n, bool queue, bool reductions,
                         bool heap, bool vheap)
{
    assert_int_equal(n->places.known[PROCFIGURE_QUEUE], queue);
    assert_int_equal(n->places.known[PROCFIGURE_REDUCTIONS], reductions);
    assert_int_equal(n->places.known[PROCFIGURE_HEAP], heap);
    assert_int_equal(n->places.known[PROCFIGURE_VHEAP], vheap);
}

/* --- what is found -------------------------------------------------------- */

/* Five messages fetched, seven in between, two not fetched. */
static void plant_messages(struct node *n, size_t which)
{
    const struct table_form *f = n->form;
    bool old = f->release < 26;
    for (uint32_t at = 0; at < 24; at += 8)
        put(n, which, f->queues + at, A_PLACE);
    put(n, which, f->queues + (old ? 64 : 24), old ? 12 : 5);
    put(n, which, f->queues + (old ? 24 : 32), A_PLACE);
    put(n, which, f->queues + (old ? 32 : 40), A_PLACE);
    if (!old)
        put(n, which, f->queues + 64, 7);
    put(n, which, f->state + 16, A_PLACE);
    put(n, which, f->state + 24, A_PLACE);
    put(n, which, f->state + 32, 2);
}

static void plant_memory(struct node *n, size_t which)
{
    const struct table_form *f = n->form;
    put(n, which, f->old_hend, A_PLACE + 800);
    put(n, which, f->old_hend + 8, A_PLACE + 80);
    put(n, which, f->old_hend + 16, A_PLACE);
    put(n, which, f->live_hf_end - 32, A_PLACE);
    put(n, which, f->live_hf_end - 24, 3000); /* binaries */
    put(n, which, f->live_hf_end + 48, 400);  /* old ones */
    put(n, which, f->live_hf_end - 8, A_PLACE);
    put(n, which, f->live_hf_end + 16, 50); /* fragments */
}

static void figures_are_found_in_every_form(void **state)
{
    (void)state;
    for (size_t i = 0; i < TABLE_FORMS; i++) {
        struct node n;
        open_node(&n, &table_forms[i]);
        plant_messages(&n, 7);
        plant_memory(&n, 8);
        find(&n);
        assert_known(&n, true, true, true, true);
        assert_int_equal(figures(&n, 7).queue, 14);
        assert_int_equal(figures(&n, 7).reductions, 1007);
        assert_int_equal(figures(&n, 7).heap_words, HEAP_WORDS);
        assert_int_equal(figures(&n, 7).vheap_words, 0);
        assert_int_equal(figures(&n, 8).queue, 0);
        assert_int_equal(figures(&n, 8).heap_words, HEAP_WORDS + 100 + 50);
        assert_int_equal(figures(&n, 8).vheap_words, 3400);
        assert_false(figures(&n, 7).queue_at_least);
        close_node(&n);
    }
}

/* Binaries that can be appended to are in a list of their own. */
static void binaries_may_be_writable(void **state)
{
    (void)state;
    for (size_t i = 0; i < TABLE_FORMS; i++) {
        struct node n;
        const struct table_form *f = &table_forms[i];
        open_node(&n, f);
        for (size_t p = 3; p < 6; p++) {
            put(&n, p, f->live_hf_end - 24, 2);
            put(&n, p, f->live_hf_end - 16, A_PLACE);
        }
        find(&n);
        assert_known(&n, true, true, true, true);
        assert_int_equal(figures(&n, 3).vheap_words, 2);
        close_node(&n);
    }
}

static void messages_that_are_not_counted_are_noticed(void **state)
{
    (void)state;
    for (size_t i = 0; i < TABLE_FORMS; i++) {
        struct node n;
        const struct table_form *f = &table_forms[i];
        open_node(&n, f);
        for (size_t p = 3; p < 6; p++)
            plant_messages(&n, p);
        put(&n, 3, f->state + 40, A_PLACE); /* a signal behind messages */
        put(&n, 4, f->state + 56, A_PLACE); /* buffers, and something waits */
        put(&n, 4, f->state, TABLE_REST | 1 << 12);
        put(&n, 5, f->state + 56, A_PLACE);
        find(&n);
        assert_int_equal(figures(&n, 3).queue_at_least, f->release >= 26);
        assert_true(figures(&n, 4).queue_at_least);
        assert_false(figures(&n, 5).queue_at_least);
        close_node(&n);
    }
}

static int see_figures(void *ctx, const struct proctable_process *p)
{
    size_t which = (p->address - TABLE_STRUCTS) / TABLE_STRUCT;
    assert_int_equal(p->figures.queue, which == 7 ? 14 : 0);
    assert_int_equal(p->figures.reductions, 1000 + which);
    assert_int_equal(p->figures.vheap_words, which == 8 ? 3400 : 0);
    (void)ctx;
    return 0;
}

/* One of them runs, and has no stack therefore. */
static void the_table_gives_them_for_every_process(void **state)
{
    (void)state;
    for (size_t i = 0; i < TABLE_FORMS; i++) {
        struct node n;
        struct proctable *table;
        struct proctable_counts counts;
        open_node(&n, &table_forms[i]);
        plant_messages(&n, 7);
        plant_memory(&n, 8);
        put(&n, 7, n.form->state, TABLE_REST | PROCSTATE_FLAG_RUNNING);
        assert_int_equal(
            proctable_open(&n.t.layout, &n.t.memory, TABLE_EXIT, &table), 0);
        assert_true(proctable_has(table, PROCFIGURE_QUEUE));
        assert_int_equal(proctable_read(table, see_figures, NULL, &counts), 0);
        assert_int_equal(counts.seen, PROCESSES);
        proctable_close(table);
        close_node(&n);
    }
}

static void one_that_changes_just_now_does_no_harm(void **state)
{
    (void)state;
    struct node n;
    open_node(&n, &table_forms[0]);
    put(&n, 9, n.form->hend + 16, 1);
    put(&n, 9, n.form->i + 24, UINT64_MAX);
    put(&n, 10, n.form->queues + 24, UINT64_MAX - 3);
    put(&n, 11, n.form->live_hf_end, A_PLACE);
    put(&n, 11, n.form->live_hf_end + 48, (uint64_t)1 << 60);
    find(&n);
    assert_known(&n, true, true, true, true);
    assert_true(figures(&n, 9).reductions == FIGURE_UNKNOWN);
    assert_true(figures(&n, 10).queue == FIGURE_UNKNOWN);
    assert_true(figures(&n, 11).vheap_words == FIGURE_UNKNOWN);
    close_node(&n);
}

/* --- what is not found ---------------------------------------------------- */

/* In all processes, a word at an offset. */
static void put_all(struct node *n, uint32_t offset, uint64_t value)
{
    for (size_t i = 0; i < PROCESSES; i++)
        put(n, i, offset, value);
}

static void what_breaks_a_relation_is_not_known(void **state)
{
    (void)state;
    const struct table_form *f = &table_forms[0];
    const struct {
        uint32_t offset;
        uint64_t value;
        bool queue, reductions, heap, vheap;
    } rows[] = {
        {f->hend + 16, HEAP_WORDS + 1, true, true, false, true},
        {f->old_hend - 8, A_PLACE, true, true, false, true},
        {f->old_hend + 16, A_PLACE, true, true, false, true},
        {f->live_hf_end, 0, true, true, false, false},
        {f->live_hf_end - 24, 5, true, true, false, false},
        {f->live_hf_end + 16, 5, true, true, false, false},
        {f->live_hf_end + 32, 0, true, true, false, false},
        {f->i + 16, 1, true, false, true, true}, /* not suspended */
        {f->i + 32, 0, true, false, true, true},
        {f->i + 40, 0, true, false, true, true},
        {f->i + 24, 0, true, false, true, true},
        {f->queues + 8, A_PLACE, false, true, true, true},
        {f->queues + 16, A_PLACE, false, true, true, true},
        {f->queues + 24, 3, false, true, true, true},
        {f->queues + 40, A_PLACE, false, true, true, true},
        {f->queues + 64, 3, false, true, true, true},
        {f->state + 24, A_PLACE, false, true, true, true},
        {f->state + 32, 3, false, true, true, true},
        {f->state + 56, 3, false, true, true, true},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct node n;
        open_node(&n, f);
        put_all(&n, rows[i].offset, rows[i].value);
        find(&n);
        assert_known(&n, rows[i].queue, rows[i].reductions, rows[i].heap,
                     rows[i].vheap);
        if (!rows[i].queue)
            assert_true(figures(&n, 3).queue == FIGURE_UNKNOWN);
        close_node(&n);
    }
}

/* From the second reading of the structs on, they have fewer. */
static int read_falling(void *ctx, struct memory_span *spans, size_t n)
{
    struct fake *f = ctx;
    int done = fake_read_many(ctx, spans, n);
    if (f->calls == 2)
        for (size_t i = 0; i < PROCESSES; i++)
            fake_u64(f, process_at(i) + table_forms[0].i + 24, 1);
    return done;
}

static void reductions_do_not_decrease(void **state)
{
    (void)state;
    struct node n;
    open_node(&n, &table_forms[0]);
    n.t.memory.read_many = read_falling;
    find(&n);
    assert_known(&n, true, false, true, true);
    close_node(&n);
}

static void a_few_processes_prove_nothing(void **state)
{
    (void)state;
    struct node n;
    open_node(&n, &table_forms[0]);
    for (size_t i = 7; i < PROCESSES; i++)
        fake_u64(&n.t.fake, TABLE + 3 * i * 8, 0);
    find(&n);
    assert_known(&n, false, false, false, false);
    fake_u64(&n.t.fake, TABLE + 21 * 8, process_at(7));
    find(&n);
    assert_known(&n, true, true, true, true);
    n.t.layout.known[LAYOUT_STATE] = false;
    find(&n);
    assert_known(&n, false, false, false, false);
    close_node(&n);
}

/* Any bits, and pointers from and to anywhere among them. */
static void garbage_is_not_known(void **state)
{
    (void)state;
    uint64_t random = 5;
    for (int turn = 0; turn < 50; turn++) {
        struct node n;
        open_node(&n, &table_forms[turn % TABLE_FORMS]);
        for (size_t i = 0; i < PROCESSES; i++)
            for (uint32_t at = 8; at < TABLE_STRUCT; at += 8) {
                uint64_t x = random_next(&random);
                put(&n, i, at, x % 4 ? x : TABLE_STRUCTS + x % 8192 * 8);
            }
        put_all(&n, n.form->state, TABLE_REST);
        find(&n);
        assert_known(&n, false, false, false, false);
        n.t.layout.offset[LAYOUT_HEND] = 0;
        n.t.layout.offset[LAYOUT_CONTINUATION] = 900;
        find(&n);
        assert_known(&n, false, false, false, false);
        close_node(&n);
    }
}

static void what_is_not_mapped_is_not_known(void **state)
{
    (void)state;
    struct node n;
    open_node(&n, &table_forms[0]);
    for (size_t i = 0; i < PROCESSES; i++)
        fake_u64(&n.t.fake, TABLE + 3 * i * 8, A_PLACE + 8 * i);
    find(&n);
    assert_known(&n, false, false, false, false);
    n.t.layout.table = A_PLACE;
    find(&n);
    assert_known(&n, false, false, false, false);
    close_node(&n);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(figures_are_found_in_every_form),
        cmocka_unit_test(binaries_may_be_writable),
        cmocka_unit_test(messages_that_are_not_counted_are_noticed),
        cmocka_unit_test(the_table_gives_them_for_every_process),
        cmocka_unit_test(one_that_changes_just_now_does_no_harm),
        cmocka_unit_test(what_breaks_a_relation_is_not_known),
        cmocka_unit_test(reductions_do_not_decrease),
        cmocka_unit_test(a_few_processes_prove_nothing),
        cmocka_unit_test(garbage_is_not_known),
        cmocka_unit_test(what_is_not_mapped_is_not_known),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
