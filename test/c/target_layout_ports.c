/* Where ports, their owners and drivers are, and which scheduler sleeps, in a
 * scripted VM that has its fields where no release has them. */
#include "fake_memory.h"

#include "target/layout_parts.h"

enum {
    DATA = 0x400000,
    HEAP = 0x10000000,
    TAB = HEAP + 0x10000,
    PORTS = HEAP + 0x20000,
    PORT_SIZE = 0x400,
    DRIVERS = HEAP + 0x40000,
    ESDPS = HEAP + 0x50000,
    ESDP_SIZE = 0x1000,
    INFOS = HEAP + 0x60000,
    SLOTS = 1024,
    /* of Port */
    QUEUE = 320,
    OWNER = 328,
    DRIVER = 400,
    /* of ErtsSchedulerData */
    INFO = 184,
    CURRENT = 192,
    CURRENT_PORT = 256,
    RUN_QUEUE = 264,
};

static uint64_t run_queue(uint64_t i)
{
    return HEAP + 0x70000 + i * 0x100;
}

static uint64_t driver(struct fake *f, uint64_t i)
{
    uint64_t at = DRIVERS + i * 0x200, name = at + 0x180, entry = at + 0x100;
    fake_u64(f, at + 40, name);
    fake_u64(f, at + 80, entry);
    fake_u64(f, entry + 48, name);
    fake_put(f, name, "tcp_inet", 9);
    return at;
}

static void add_port(struct fake *f, uint64_t i, uint64_t queue)
{
    uint64_t at = PORTS + i * PORT_SIZE;
    fake_u64(f, TAB + 8 * i, at);
    fake_u64(f, at, i << 4 | 7);
    fake_u64(f, at + QUEUE, run_queue(queue));
    fake_u64(f, at + OWNER, (i + 9) << 4 | 3);
    fake_u64(f, at + DRIVER - 8, DRIVERS + 0x180);
    fake_u64(f, at + DRIVER, driver(f, i));
}

static void add_scheduler(struct fake *f, uint64_t i, uint32_t flags)
{
    uint64_t at = ESDPS + i * ESDP_SIZE, info = INFOS + i * 64;
    fake_u64(f, at + INFO, info);
    fake_u64(f, at + RUN_QUEUE, run_queue(i));
    fake_u64(f, at + 400, HEAP + 8 * i); /* no port has these */
    fake_u32(f, info + LAYOUT_SLEEP_FLAGS, flags);
    fake_u64(f, info + 32, HEAP + 0x80 + 8 * i);
}

struct node {
    struct fake fake;
    struct memory memory;
    struct layout layout;
    struct layout_scheduler schedulers[3];
};

/* Two normal schedulers and a dirty one that sleeps. */
static struct node *node(size_t ports)
{
    struct node *n = calloc(1, sizeof(*n));
    assert_non_null(n);
    struct fake *f = &n->fake;
    fake_map(f, DATA, 0x1000, "/beam.smp");
    fake_map(f, HEAP, 0x100000, "");
    n->memory = fake_memory(f);
    fake_u64(f, DATA + 0x400, TAB);
    fake_u32(f, DATA + 0x410, SLOTS);
    fake_u64(f, DATA + 0x418, SLOTS - 1);
    for (uint64_t i = 0; i < ports; i++)
        add_port(f, i, i % 2);
    for (uint64_t i = 0; i < 3; i++) {
        add_scheduler(f, i, i == 2 ? 13 : 0);
        n->schedulers[i] =
            (struct layout_scheduler){.tid = (pid_t)(10 + i),
                                      .esdp = ESDPS + i * ESDP_SIZE,
                                      .runtime_stack = i < 2 ? HEAP : 0};
    }
    n->layout.schedulers = n->schedulers;
    n->layout.scheduler_count = 3;
    layout_set(&n->layout, LAYOUT_CURRENT_PROCESS, CURRENT);
    return n;
}

static void discover(struct node *n)
{
    struct maps maps = fake_maps(&n->fake);
    struct exedata d;
    assert_int_equal(exedata_read("/beam.smp", &maps, &n->memory, &d), 0);
    assert_int_equal(layout_ports_discover(&d, &maps, &n->memory, &n->layout),
                     0);
    exedata_deinit(&d);
    layout_ports_sleep(&n->memory, &n->layout);
}

static void end(struct node *n)
{
    fake_free(&n->fake);
    free(n);
}

static void is(const struct node *n, enum layout_field field, uint32_t offset)
{
    assert_true(n->layout.known[field]);
    assert_int_equal(n->layout.offset[field], offset);
}

static void one_port_is_enough(void **state)
{
    (void)state;
    for (size_t ports = 1; ports < 5; ports++) {
        struct node *n = node(ports);
        discover(n);
        is(n, LAYOUT_CURRENT_PORT, CURRENT_PORT);
        is(n, LAYOUT_PORT_OWNER, OWNER);
        is(n, LAYOUT_PORT_DRIVER, DRIVER);
        is(n, LAYOUT_DRIVER_NAME, 40);
        is(n, LAYOUT_SLEEP_INFO, INFO);
        assert_int_equal(n->layout.port_slots, SLOTS);
        end(n);
    }
}

static void a_port_at_work_speaks_for_its_place(void **state)
{
    (void)state;
    struct node *n = node(2);
    fake_u64(&n->fake, ESDPS + CURRENT_PORT, PORTS);
    discover(n);
    is(n, LAYOUT_CURRENT_PORT, CURRENT_PORT);
    end(n);
    n = node(2);
    fake_u64(&n->fake, ESDPS + CURRENT_PORT, DRIVERS);
    discover(n);
    assert_false(n->layout.known[LAYOUT_CURRENT_PORT]);
    end(n);
}

static void what_is_not_the_only_answer_is_refused(void **state)
{
    (void)state;
    struct node *n = node(2);
    for (uint64_t i = 0; i < 2; i++) /* another word with the run queues */
        fake_u64(&n->fake, ESDPS + i * ESDP_SIZE + 320, run_queue(i));
    discover(n);
    assert_false(n->layout.known[LAYOUT_CURRENT_PORT]);
    assert_false(n->layout.known[LAYOUT_PORT_OWNER]);
    end(n);
    n = node(2);
    fake_u64(&n->fake, PORTS + OWNER, 0x3b); /* no pid */
    fake_u64(&n->fake, DRIVERS + 0x130, 8);  /* another name in its entry */
    discover(n);
    assert_false(n->layout.known[LAYOUT_CURRENT_PORT]);
    assert_false(n->layout.known[LAYOUT_PORT_DRIVER]);
    end(n);
    n = node(0);
    discover(n);
    assert_false(n->layout.known[LAYOUT_CURRENT_PORT]);
    assert_false(n->layout.known[LAYOUT_PORT_DRIVER]);
    end(n);
}

static void flags_that_cannot_be_are_refused(void **state)
{
    (void)state;
    static const uint32_t wrong[] = {0x40, 0x1000d, 0xffffffff};
    for (size_t i = 0; i < 3; i++) {
        struct node *n = node(1);
        fake_u32(&n->fake, INFOS + LAYOUT_SLEEP_FLAGS, wrong[i]);
        discover(n);
        assert_false(n->layout.known[LAYOUT_SLEEP_INFO]);
        end(n);
    }
    struct node *n = node(1); /* nobody sleeps: zeroes prove nothing */
    fake_u32(&n->fake, INFOS + 2 * 64 + LAYOUT_SLEEP_FLAGS, 0);
    discover(n);
    assert_false(n->layout.known[LAYOUT_SLEEP_INFO]);
    end(n);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_port_is_enough),
        cmocka_unit_test(a_port_at_work_speaks_for_its_place),
        cmocka_unit_test(what_is_not_the_only_answer_is_refused),
        cmocka_unit_test(flags_that_cannot_be_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
