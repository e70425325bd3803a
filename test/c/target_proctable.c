#include "fake_table.h"

#include <errno.h>

#include "base/clock.h"

/* What came out. */
struct seen {
    struct fake_table *t;
    size_t count, stacks;
    struct proctable_process list[TABLE_PROCESSES];
    struct proctable_counts counts;
    int fail_at; /* an error after that many, 0: none */
};

static int see(void *ctx, const struct proctable_process *p)
{
    struct seen *s = ctx;
    uint64_t first;
    if (p->top) {
        memcpy(&first, p->top, 8);
        assert_true(first == p->address + 1); /* its own */
        assert_true(p->hend - p->stop >= p->top_bytes + p->root_bytes);
        s->stacks++;
    }
    s->list[s->count++] = *p;
    return s->fail_at && s->count == (size_t)s->fail_at ? -E_LIMIT : 0;
}

/* Has the table been opened? Only then does anything change. */
static bool is_open;

static int read_all(struct seen *s, struct fake_table *t)
{
    struct proctable *table;
    *s = (struct seen){.t = t, .fail_at = s->fail_at};
    is_open = false;
    int err = proctable_open(&t->layout, &t->memory, TABLE_EXIT, &table);
    if (err)
        return err;
    t->fake.calls = 0;
    is_open = true;
    err = proctable_read(table, see, s, &s->counts);
    proctable_close(table);
    const struct proctable_counts *c = &s->counts;
    assert_int_equal(s->count, c->seen);
    if (!err)
        assert_int_equal(c->used, c->seen + c->torn + c->unreadable + c->ended +
                                      c->being_made);
    return err;
}

static const struct proctable_process *find(const struct seen *s,
                                            uint64_t address)
{
    for (size_t i = 0; i < s->count; i++)
        if (s->list[i].address == address)
            return &s->list[i];
    fail_msg("process %llx was not seen", (unsigned long long)address);
    return NULL;
}

static void reads_every_process_of_either_kind_of_ids(void **state)
{
    (void)state;
    static struct seen s;
    for (int release = 25; release <= 27; release += 2) {
        struct fake_table t;
        fake_table_open(&t, release);
        for (uint64_t slot = 0; slot < 900; slot += 3)
            table_add(&t, slot, TABLE_REST);
        assert_int_equal(read_all(&s, &t), 0);
        assert_int_equal(s.counts.seen, 300);
        assert_int_equal(s.counts.used, 300);
        assert_int_equal(s.stacks, 300);
        assert_int_equal(s.list[7].state, PROCSTATE_WAITING);
        assert_int_equal(s.list[7].continuation, 0x7f0100);
        assert_int_equal(s.list[7].top_bytes, 24);
        fake_table_close(&t);
    }
}

static void only_what_stands_still_has_a_stack(void **state)
{
    (void)state;
    static struct seen s;
    static const struct {
        uint32_t flags;
        enum procstate state;
        bool stack;
    } rows[] = {
        {TABLE_REST, PROCSTATE_WAITING, true},
        {TABLE_REST | PROCSTATE_FLAG_ACTIVE, PROCSTATE_RUNNABLE, true},
        {TABLE_REST | PROCSTATE_FLAG_SUSPENDED, PROCSTATE_SUSPENDED, true},
        {TABLE_REST | PROCSTATE_FLAG_RUNNING, PROCSTATE_RUNNING, false},
        {TABLE_REST | PROCSTATE_FLAG_RUNNING | PROCSTATE_FLAG_SUSPENDED,
         PROCSTATE_SUSPENDED, false},
        {TABLE_REST | PROCSTATE_FLAG_RUNNING_SYS, PROCSTATE_RUNNING, false},
        {TABLE_REST | PROCSTATE_FLAG_DIRTY_RUNNING, PROCSTATE_RUNNING, true},
        {TABLE_REST | PROCSTATE_FLAG_DIRTY_RUNNING_SYS, PROCSTATE_RUNNING,
         false},
        {TABLE_REST | PROCSTATE_FLAG_GC, PROCSTATE_GC, false},
        {TABLE_REST | PROCSTATE_FLAG_EXITING, PROCSTATE_EXITING, false},
    };
    enum { ROWS = sizeof(rows) / sizeof(rows[0]) };
    struct fake_table t;
    uint64_t address[ROWS];
    fake_table_open(&t, 27);
    for (size_t i = 0; i < ROWS; i++)
        address[i] = table_add(&t, 8 * i, rows[i].flags);
    fake_u64(&t.fake, address[1] + AT_REG, 0x60000000);
    assert_int_equal(read_all(&s, &t), 0);
    for (size_t i = 0; i < ROWS; i++) {
        assert_int_equal(find(&s, address[i])->state, rows[i].state);
        assert_int_equal(find(&s, address[i])->top != NULL, rows[i].stack);
        assert_int_equal(find(&s, address[i])->has_name, i == 1);
    }
    fake_table_close(&t);
}

static void tells_a_process_that_is_being_made_from_one_at_rest(void **state)
{
    (void)state;
    static struct seen s;
    struct fake_table t;
    fake_table_open(&t, 27);
    uint64_t rests = table_add(&t, 0, 0); /* its priority is max */
    uint64_t made = table_add(&t, 8, 0xa);
    fake_u32(&t.fake, made + AT_LOCKS, 0x1f);
    uint64_t sent_to = table_add(&t, 32, 0xa); /* a sender has its queue */
    fake_u32(&t.fake, sent_to + AT_LOCKS, PROCSTATE_LOCK_MESSAGE_QUEUE);
    uint64_t filler = table_add(&t, 16, TABLE_REST);
    fake_u64(&t.fake, filler + AT_ID, ~(uint64_t)0xf | 3); /* of no slot */
    uint64_t gone = table_add(&t, 24, PROCSTATE_FLAG_FREE);
    assert_int_equal(read_all(&s, &t), 0);
    assert_int_equal(s.counts.being_made, 2);
    assert_int_equal(s.counts.ended, 1);
    assert_int_equal(s.counts.seen, 2);
    assert_int_equal(s.list[0].address, rests);
    assert_true(gone != rests);
    /* Where the locks are not known neither is shown. */
    t.layout.known[LAYOUT_SCHEDULER_DATA] = false;
    assert_int_equal(read_all(&s, &t), 0);
    assert_int_equal(s.counts.being_made, 4);
    fake_table_close(&t);
}

static void leaves_out_stacks_that_are_none(void **state)
{
    (void)state;
    static struct seen s;
    struct fake_table t;
    uint64_t p[7];
    fake_table_open(&t, 27);
    for (uint64_t i = 0; i < 7; i++)
        p[i] = table_add(&t, i, TABLE_REST);
    uint64_t hend = TABLE_STACKS + TABLE_STACK;
    fake_u64(&t.fake, hend - 8, TABLE_EXIT + 8);
    fake_u64(&t.fake, p[1] + AT_STOP, TABLE_STACKS + 3 * TABLE_STACK);
    fake_u64(&t.fake, p[2] + AT_STOP, 12345);
    fake_u64(&t.fake, p[3] + AT_HTOP, p[3]);
    fake_u64(&t.fake, p[3] + AT_STOP, 0x60000000);
    fake_u64(&t.fake, p[3] + AT_HEND, 0x60000100); /* not mapped */
    fake_u64(&t.fake, p[4] + AT_HEND, UINT64_MAX - 7);
    fake_u64(&t.fake, TABLE + 5 * 8, 0x70000000); /* no struct */
    assert_int_equal(read_all(&s, &t), 0);
    assert_int_equal(s.counts.unreadable, 6);
    assert_int_equal(s.counts.seen, 1);
    assert_int_equal(s.list[0].address, p[6]);
    fake_table_close(&t);
}

static void copies_both_ends_of_a_deep_stack(void **state)
{
    (void)state;
    static struct seen s;
    struct fake_table t;
    fake_table_open(&t, 27);
    uint64_t p = table_add(&t, 0, TABLE_REST);
    table_stack(&t, p, TABLE_DEEP + TABLE_DEEP_BYTES);
    fake_u64(&t.fake, p + AT_HTOP, TABLE_DEEP);
    fake_u64(&t.fake, p + AT_STOP, TABLE_DEEP + 64);
    fake_u64(&t.fake, TABLE_DEEP + 64, p + 1);
    assert_int_equal(read_all(&s, &t), 0);
    assert_int_equal(s.counts.seen, 1);
    assert_int_equal(s.list[0].top_bytes, PROCTABLE_TOP);
    assert_int_equal(s.list[0].root_bytes, PROCTABLE_ROOT);
    fake_u64(&t.fake, TABLE_DEEP + TABLE_DEEP_BYTES - 8, 15);
    assert_int_equal(read_all(&s, &t), 0);
    assert_int_equal(s.counts.unreadable, 1);
    fake_table_close(&t);
}

/* --- while it is read ----------------------------------------------------- */

/* A word that changes: after each of some calls it is one more, or 0. */
static struct {
    uint64_t at;
    size_t from, until; /* calls, counted from 1 when the table is open */
    bool to_zero;
} turn;

static int read_and_change(void *ctx, struct memory_span *spans, size_t n)
{
    struct fake *f = ctx;
    int done = fake_read_many(f, spans, n);
    uint64_t word;
    if (is_open && f->calls >= turn.from && f->calls <= turn.until) {
        memcpy(&word, fake_at(f, turn.at, 8), 8);
        fake_u64(f, turn.at, turn.to_zero ? 0 : word + 1);
    }
    return done;
}

static int read_changing(struct seen *s, struct fake_table *t)
{
    t->memory.read_many = read_and_change;
    int err = read_all(s, t);
    t->memory.read_many = fake_read_many;
    return err;
}

static int read_turning(struct seen *s, struct fake_table *t, uint64_t at,
                        size_t until)
{
    turn.at = at;
    turn.from = 1;
    turn.until = until;
    turn.to_zero = false;
    return read_changing(s, t);
}

static void what_changed_meanwhile_is_read_again(void **state)
{
    (void)state;
    static struct seen s;
    struct fake_table t;
    fake_table_open(&t, 27);
    uint64_t still = table_add(&t, 0, TABLE_REST);
    uint64_t p = table_add(&t, 8, TABLE_REST);
    /* The slots, the structs, the stacks, the structs. */
    assert_int_equal(read_turning(&s, &t, p + AT_REDS, 4), 0);
    assert_int_equal(s.counts.seen, 2);
    assert_int_equal(read_turning(&s, &t, p + AT_REDS, 1000), 0);
    assert_int_equal(s.counts.torn, 1);
    assert_int_equal(s.list[0].address, still);
    assert_int_equal(s.counts.seen, 1);
    /* Messages come, others wait for its locks: that is no turn of its own. */
    assert_int_equal(read_turning(&s, &t, p + AT_QUEUE, 1000), 0);
    assert_int_equal(s.counts.seen, 2);
    assert_int_equal(read_turning(&s, &t, p + AT_LOCKS, 1000), 0);
    assert_int_equal(s.counts.seen, 2);
    fake_table_close(&t);
}

static void a_process_that_ends_meanwhile_has_ended(void **state)
{
    (void)state;
    static struct seen s;
    struct fake_table t;
    fake_table_open(&t, 27);
    uint64_t p = table_add(&t, 8, TABLE_REST);
    fake_u64(&t.fake, p + AT_HEND, 8); /* so that it is to be read again */
    /* The slots, the structs: then it is gone. */
    turn.at = TABLE + 8 * 8;
    turn.from = turn.until = 2;
    turn.to_zero = true;
    assert_int_equal(read_changing(&s, &t), 0);
    assert_int_equal(s.counts.used, 1);
    assert_int_equal(s.counts.ended, 1);
    fake_table_close(&t);
}

/* --- a part of the processes ---------------------------------------------- */

static struct proctable_part choose(struct proctable *table,
                                    const struct proctable_choice *choice,
                                    struct seen *s)
{
    struct proctable_part part;
    *s = (struct seen){.t = s->t};
    assert_int_equal(
        proctable_read_part(table, choice, see, s, &s->counts, &part), 0);
    assert_int_equal(s->counts.used, part.chosen + part.picked);
    return part;
}

/* 400 times about 30 of 297 processes: each 40 times, give or take 6. */
static void a_part_is_chosen_at_random(void **state)
{
    (void)state;
    enum { TURNS = 400, ALL = 300, MOST = 30 };
    static struct seen s;
    static unsigned met[ALL];
    struct fake_table t;
    struct proctable *table;
    uint64_t random = 7, pids[3], chosen = 0;
    fake_table_open(&t, 27);
    for (uint64_t slot = 0; slot < ALL; slot++)
        table_add(&t, slot, TABLE_REST);
    assert_int_equal(read_all(&s, &t), 0);
    for (size_t i = 0; i < 3; i++)
        pids[i] = s.list[100 * i + 50].id;
    assert_int_equal(proctable_open(&t.layout, &t.memory, TABLE_EXIT, &table),
                     0);
    struct proctable_choice choice = {MOST, &random, pids, 3};
    for (int turn_no = 0; turn_no < TURNS; turn_no++) {
        struct proctable_part part = choose(table, &choice, &s);
        assert_int_equal(part.others, ALL - 3);
        assert_int_equal(part.picked, 3);
        assert_int_equal(part.wanted, MOST);
        assert_within(part.chosen, 5, 2 * MOST);
        chosen += part.chosen;
        for (size_t i = 0; i < s.count; i++)
            met[(s.list[i].address - TABLE_STRUCTS) / TABLE_STRUCT]++;
    }
    for (size_t i = 0; i < ALL; i++) {
        bool picked = i % 100 == 50;
        assert_within(met[i], picked ? TURNS : 15, picked ? TURNS : 75);
    }
    assert_within(chosen, TURNS * (MOST - 2), TURNS * (MOST + 2));
    choice = (struct proctable_choice){ALL, &random, NULL, 0};
    struct proctable_part part = choose(table, &choice, &s);
    assert_int_equal(s.count, ALL);
    assert_int_equal(part.others, ALL);
    proctable_close(table);
    fake_table_close(&t);
}

/* Two of 297 are few enough to look at random slots: each of them is met in a
 * 149th of the turns, 40 times, give or take 6. */
static void few_of_many_are_found_in_random_slots(void **state)
{
    (void)state;
    enum { TURNS = 6000, ALL = 300, MOST = 2, PLACE = 0x60000000 };
    static struct seen s;
    static unsigned met[ALL];
    struct fake_table t;
    struct proctable *table;
    uint64_t random = 7, pid, read = 0;
    fake_table_open(&t, 27);
    for (uint64_t slot = 0; slot < ALL; slot++)
        table_add(&t, slot, TABLE_REST);
    fake_map(&t.fake, PLACE, 0x100, "");
    fake_u32(&t.fake, PLACE + 64 - 56, ALL);
    fake_u32(&t.fake, PLACE + 64 - 52, ALL - 1);
    fake_u32(&t.fake, PLACE + 64 - 48, UINT32_MAX);
    t.layout.table_place = PLACE + 64;
    assert_int_equal(read_all(&s, &t), 0);
    pid = s.list[50].id;
    assert_int_equal(proctable_open(&t.layout, &t.memory, TABLE_EXIT, &table),
                     0);
    struct proctable_choice choice = {MOST, &random, &pid, 1};
    for (int turn_no = 0; turn_no < TURNS; turn_no++) {
        struct proctable_part part = choose(table, &choice, &s);
        assert_int_equal(part.others, ALL - 1);
        assert_int_equal(part.picked, 1);
        for (size_t i = 0; i < s.count; i++)
            met[(s.list[i].address - TABLE_STRUCTS) / TABLE_STRUCT]++;
        read += s.count - 1;
    }
    for (size_t i = 0; i < ALL; i++)
        assert_within(met[i], i == 50 ? TURNS : 5, i == 50 ? TURNS : 65);
    assert_within(read, TURNS, 2 * TURNS); /* 6 slots, 1.5 processes */
    proctable_close(table);
    fake_table_close(&t);
}

/* Reading the rest of a large table takes time, and then the process has ended.
 */
enum { WIDE = 0x70000000, WIDE_SLOTS = 4 * 4096 };

static int take_time(void *ctx, struct memory_span *spans, size_t n)
{
    struct fake *f = ctx;
    int done = fake_read_many(f, spans, n);
    uint64_t until = clock_now_ns() + NS_PER_MS;
    if (is_open && n == 1 && spans[0].addr > WIDE)
        while (clock_now_ns() < until)
            ;
    if (is_open && n == 1 && spans[0].addr > WIDE + 8ull * 4096)
        fake_u32(f, TABLE_STRUCTS + AT_STATE, PROCSTATE_FLAG_FREE);
    return done;
}

static void a_process_is_read_soon_after_its_slot(void **state)
{
    (void)state;
    static struct seen s;
    struct fake_table t;
    struct proctable *table;
    uint64_t random = 7;
    const struct proctable_choice choice = {10, &random, NULL, 0};
    fake_table_open(&t, 27);
    fake_map(&t.fake, WIDE, WIDE_SLOTS * 8, "");
    fake_u64(&t.fake, WIDE + 8 * 8, table_add(&t, 8, TABLE_REST));
    t.layout.table = WIDE;
    t.layout.table_size = WIDE_SLOTS;
    assert_int_equal(proctable_open(&t.layout, &t.memory, TABLE_EXIT, &table),
                     0);
    /* With the VM's counter, or all slots would be read before. */
    fake_map(&t.fake, WIDE - 0x1000, 0x100, "");
    fake_u32(&t.fake, WIDE - 0x1000 + 64 - 56, 1);
    fake_u32(&t.fake, WIDE - 0x1000 + 64 - 52, 0);
    fake_u32(&t.fake, WIDE - 0x1000 + 64 - 48, UINT32_MAX);
    t.layout.table_place = WIDE - 0x1000 + 64;
    t.memory.read_many = take_time;
    is_open = true;
    (void)choose(table, &choice, &s);
    assert_int_equal(s.counts.seen, 1);
    assert_int_equal(s.counts.ended, 0);
    proctable_close(table);
    fake_table_close(&t);
}

static void what_changed_meanwhile_has_no_stack(void **state)
{
    (void)state;
    static struct seen s;
    struct fake_table t;
    struct proctable *table;
    uint64_t random = 7;
    struct proctable_choice choice = {10, &random, NULL, 0};
    fake_table_open(&t, 27);
    uint64_t p = table_add(&t, 8, TABLE_REST);
    assert_int_equal(proctable_open(&t.layout, &t.memory, TABLE_EXIT, &table),
                     0);
    turn.at = p + AT_REDS;
    turn.from = 1;
    turn.until = 1000;
    turn.to_zero = false;
    t.memory.read_many = read_and_change;
    is_open = true;
    (void)choose(table, &choice, &s);
    assert_int_equal(s.count, 1);
    assert_int_equal(s.counts.torn, 1);
    assert_true(s.list[0].torn && !s.list[0].top && !s.list[0].top_bytes);
    assert_int_equal(s.list[0].state, PROCSTATE_WAITING);
    proctable_close(table);
    fake_table_close(&t);
}

/* --- refusals ------------------------------------------------------------- */

static void refuses_what_is_not_known(void **state)
{
    (void)state;
    static struct seen s;
    static const enum layout_field needed[] = {
        LAYOUT_ID,   LAYOUT_STOP,         LAYOUT_HTOP,
        LAYOUT_HEND, LAYOUT_CONTINUATION, LAYOUT_STATE};
    struct fake_table t;
    fake_table_open(&t, 27);
    table_add(&t, 0, TABLE_REST);
    for (size_t i = 0; i < sizeof(needed) / sizeof(needed[0]); i++) {
        t.layout.known[needed[i]] = false;
        assert_int_equal(read_all(&s, &t), -E_LAYOUT);
        t.layout.known[needed[i]] = true;
    }
    t.layout.table = 0;
    assert_int_equal(read_all(&s, &t), -E_LAYOUT);
    t.layout.table = TABLE;
    t.layout.release = 0;
    assert_int_equal(read_all(&s, &t), -E_LAYOUT);
    t.layout.release = 27;
    t.layout.process_bytes = 5000;
    assert_int_equal(read_all(&s, &t), -E_LAYOUT);
    t.layout.process_bytes = AT_SCHEDULER_DATA + 8;
    assert_int_equal(read_all(&s, &t), 0);
    fake_table_close(&t);
}

static void the_table_must_hold_what_schedulers_run(void **state)
{
    (void)state;
    static struct seen s;
    struct fake_table t;
    fake_table_open(&t, 27);
    uint64_t p = table_add(&t, 8, TABLE_REST | PROCSTATE_FLAG_RUNNING);
    uint64_t other = table_add(&t, 16, TABLE_REST | PROCSTATE_FLAG_RUNNING);
    fake_u64(&t.fake, TABLE_ESDP + AT_CURRENT, p);
    assert_int_equal(read_all(&s, &t), 0);
    fake_u64(&t.fake, TABLE + 8 * 8, other);
    assert_int_equal(read_all(&s, &t), -E_LAYOUT);
    /* One that exits has left the table. */
    fake_u32(&t.fake, p + AT_STATE,
             TABLE_REST | PROCSTATE_FLAG_RUNNING | PROCSTATE_FLAG_EXITING);
    assert_int_equal(read_all(&s, &t), 0);
    fake_table_close(&t);
}

static void an_error_ends_the_reading(void **state)
{
    (void)state;
    static struct seen s;
    struct fake_table t;
    fake_table_open(&t, 27);
    for (uint64_t i = 0; i < 200; i++)
        table_add(&t, i, TABLE_REST);
    s.fail_at = 150;
    assert_int_equal(read_all(&s, &t), -E_LIMIT);
    assert_int_equal(s.count, 150);
    s.fail_at = 0;
    t.layout.table = 0x70000000;
    assert_int_equal(read_all(&s, &t), -EFAULT);
    const struct deadline over = {.end_ns = 1};
    t.layout.table = TABLE;
    t.memory.until = &over;
    assert_int_equal(read_all(&s, &t), -E_TIME);
    fake_table_close(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_every_process_of_either_kind_of_ids),
        cmocka_unit_test(only_what_stands_still_has_a_stack),
        cmocka_unit_test(tells_a_process_that_is_being_made_from_one_at_rest),
        cmocka_unit_test(leaves_out_stacks_that_are_none),
        cmocka_unit_test(copies_both_ends_of_a_deep_stack),
        cmocka_unit_test(what_changed_meanwhile_is_read_again),
        cmocka_unit_test(a_process_that_ends_meanwhile_has_ended),
        cmocka_unit_test(a_part_is_chosen_at_random),
        cmocka_unit_test(few_of_many_are_found_in_random_slots),
        cmocka_unit_test(a_process_is_read_soon_after_its_slot),
        cmocka_unit_test(what_changed_meanwhile_has_no_stack),
        cmocka_unit_test(refuses_what_is_not_known),
        cmocka_unit_test(the_table_must_hold_what_schedulers_run),
        cmocka_unit_test(an_error_ends_the_reading),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
