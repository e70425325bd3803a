/* Mailboxes in memory of a node that does not exist. */
#include "fake_table.h"

#include <errno.h>

#include "target/mailbox.h"

enum {
    MESSAGES = 0x60000000,
    ROOM = 0x10000,
    STEP = 0x80,     /* from one message to the next */
    A_TERM = 0x1f,   /* a small integer */
    SIGNAL = 0x2030, /* the header that other signals have */
    MANY = 1000,
};

static struct fake fake;
static struct memory memory;

static void open_memory(void)
{
    memset(&fake, 0, sizeof(fake));
    fake_map(&fake, MESSAGES, ROOM, "");
    memory = fake_memory(&fake);
}

static uint64_t place(unsigned i)
{
    return MESSAGES + i * STEP;
}

static void put_fragment(uint64_t at, uint64_t next, uint64_t words)
{
    fake_u64(&fake, at, next);
    fake_u64(&fake, at + 24, words + 3);
    fake_u64(&fake, at + 32, words);
}

/* With its data in it. 0 words: it has none. */
static void put(unsigned i, unsigned next, uint64_t words)
{
    uint64_t at = place(i);
    fake_u64(&fake, at, next ? place(next) : 0);
    fake_u64(&fake, at + 8, words ? 1 : 0);
    fake_u64(&fake, at + 16, A_TERM);
    put_fragment(at + 40, 0, words);
}

static int add(unsigned first, unsigned last, uint64_t most,
               struct mailbox *out)
{
    const struct mailbox_queue q = {place(first), place(last)};
    *out = (struct mailbox){.messages = 0};
    return mailbox_add(&memory, &q, most, out);
}

static void data_is_counted_wherever_it_is(void **state)
{
    (void)state;
    struct mailbox b = {.messages = 0};
    const struct mailbox_queue empty = {0, TABLE};
    open_memory();
    assert_int_equal(mailbox_add(&memory, &empty, MANY, &b), 0);
    assert_int_equal(b.messages, 0);
    put(1, 2, 10);
    put(2, 3, 0);
    put(3, 4, 5);
    fake_u64(&fake, place(3) + 8, place(10)); /* its data is elsewhere */
    put_fragment(place(10), place(11), 20);
    put_fragment(place(11), 0, 30);
    put(4, 0, 7);
    put_fragment(place(4) + 40, place(12), 7);
    put_fragment(place(12), 0, 1);
    assert_int_equal(add(1, 4, MANY, &b), 0);
    assert_int_equal(b.messages, 4);
    assert_int_equal(b.data_words, 10 + 50 + 8);
    assert_false(b.at_least);
    fake_free(&fake);
}

static void what_is_no_message_is_passed(void **state)
{
    (void)state;
    struct mailbox b;
    open_memory();
    put(1, 2, 10);
    put(2, 3, 100);
    fake_u64(&fake, place(2) + 16, SIGNAL);
    put(3, 0, 100);
    fake_u64(&fake, place(3) + 16, 0); /* not decoded yet */
    assert_int_equal(add(1, 3, MANY, &b), 0);
    assert_int_equal(b.messages, 2);
    assert_int_equal(b.data_words, 10);
    assert_true(b.at_least);
    fake_free(&fake);
}

static void a_queue_ends_at_its_last_message(void **state)
{
    (void)state;
    struct mailbox b;
    open_memory();
    put(1, 2, 10);
    put(2, 3, 10);
    put(3, 0, 10); /* it came later */
    assert_int_equal(add(1, 2, MANY, &b), 0);
    assert_int_equal(b.messages, 2);
    assert_int_equal(add(1, 3, 2, &b), 1);
    assert_int_equal(b.messages, 2);
    assert_true(b.at_least);
    fake_free(&fake);
}

static void what_does_not_lead_to_the_last_is_torn(void **state)
{
    (void)state;
    struct mailbox b;
    open_memory();
    put(1, 2, 10);
    put(2, 0, 10);
    assert_int_equal(add(1, 3, MANY, &b), -E_TORN);
    fake_u64(&fake, place(2), place(3) + 1);
    assert_int_equal(add(1, 3, MANY, &b), -E_TORN);
    fake_u64(&fake, place(2), TABLE); /* not mapped */
    assert_int_equal(add(1, 3, MANY, &b), -E_TORN);
    put(2, 3, 10);
    put(3, 0, 10);
    assert_int_equal(add(1, 3, MANY, &b), 0);
    fake_u64(&fake, place(2) + 40 + 32, 1000); /* more than there is room for */
    assert_int_equal(add(1, 3, MANY, &b), -E_TORN);
    put(2, 3, 10);
    put_fragment(place(3) + 40, place(10), 1);
    put_fragment(place(10), place(10), 1); /* a circle */
    assert_int_equal(add(1, 3, MANY, &b), -E_TORN);
    fake_free(&fake);
}

/* One without data of its own is shorter. */
static void the_last_message_may_end_with_its_page(void **state)
{
    (void)state;
    struct mailbox b = {.messages = 0};
    uint64_t at = MESSAGES + ROOM - 40;
    const struct mailbox_queue q = {at, at};
    open_memory();
    fake_u64(&fake, at + 16, A_TERM);
    assert_int_equal(mailbox_add(&memory, &q, MANY, &b), 0);
    assert_int_equal(b.messages, 1);
    fake_u64(&fake, at + 8, 1);
    assert_int_equal(mailbox_add(&memory, &q, MANY, &b), -E_TORN);
    fake_free(&fake);
}

/* --- of a process --------------------------------------------------------- */

enum { INNER = 312, MIDDLE = 344, OUTER = AT_STATE + 16 };

static const struct procfigures_places places = {
    .known[PROCFIGURE_QUEUE] = true, .queues = {INNER, MIDDLE, OUTER}};

static struct fake_table table;
static uint64_t process, pid;

static void open_process(void)
{
    fake_table_open(&table, 27);
    process = table_add(&table, 7, TABLE_REST);
    pid = 7 << 4 | 3;
    fake_map(&table.fake, MESSAGES, ROOM, "");
    fake = table.fake; /* the pieces are the same */
}

static void queue(uint64_t at, unsigned first, unsigned last)
{
    fake_u64(&fake, process + at, place(first));
    fake_u64(&fake, process + at + 8, place(last));
}

static int read_it(uint64_t most, struct mailbox *b)
{
    return mailbox_read(&table.layout, &table.memory, &places, pid, most, b);
}

static void the_three_queues_are_one_mailbox(void **state)
{
    (void)state;
    struct mailbox b;
    open_process();
    assert_int_equal(read_it(MANY, &b), 0);
    assert_int_equal(b.messages, 0);
    put(1, 2, 10);
    put(2, 0, 10);
    queue(INNER, 1, 2);
    put(3, 0, 20);
    queue(MIDDLE, 3, 3);
    put(4, 5, 30);
    put(5, 0, 30);
    queue(OUTER, 4, 5);
    assert_int_equal(read_it(MANY, &b), 0);
    assert_int_equal(b.messages, 5);
    assert_int_equal(b.data_words, 100);
    assert_int_equal(mailbox_bytes(&b, 9), 5 * 88 + 800);
    assert_int_equal(read_it(3, &b), 0);
    assert_int_equal(b.messages, 3);
    assert_true(b.at_least);
    assert_int_equal(mailbox_bytes(&b, 5), 5 * 88 + 320);
    pid = 8 << 4 | 3;
    assert_int_equal(read_it(MANY, &b), -E_NOT_FOUND);
    fake_table_close(&table);
}

/* It receives one message after the other, whenever it is looked at. */
static int read_and_receive(void *ctx, struct memory_span *spans, size_t n)
{
    int done = fake_read_many(ctx, spans, n);
    uint64_t first, next;
    memcpy(&first, fake_at(&fake, process + INNER, 8), 8);
    memcpy(&next, fake_at(&fake, first, 8), 8);
    fake_u64(&fake, first, 0);
    fake_u64(&fake, process + INNER, next);
    return done;
}

static void a_mailbox_in_motion_is_recognised(void **state)
{
    (void)state;
    struct mailbox b;
    enum { COUNT = 200 };
    open_process();
    for (unsigned i = 1; i < COUNT; i++)
        put(i, i + 1, 1);
    put(COUNT, 0, 1);
    queue(INNER, 1, COUNT);
    table.memory.read_many = read_and_receive;
    assert_int_equal(read_it(MANY, &b), -E_TORN);
    assert_int_equal(read_it(2, &b), -E_TORN);
    fake_table_close(&table);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(data_is_counted_wherever_it_is),
        cmocka_unit_test(what_is_no_message_is_passed),
        cmocka_unit_test(a_queue_ends_at_its_last_message),
        cmocka_unit_test(what_does_not_lead_to_the_last_is_torn),
        cmocka_unit_test(the_last_message_may_end_with_its_page),
        cmocka_unit_test(the_three_queues_are_one_mailbox),
        cmocka_unit_test(a_mailbox_in_motion_is_recognised),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
