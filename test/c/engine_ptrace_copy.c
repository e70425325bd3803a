/* What is copied from a stopped thread, whose memory is scripted: a scheduler's
 * C stack, a Process with its name, a heap that ends in an Erlang stack. */
#include "fake_memory.h"

#include "engine/ptrace_copy.h"

#define CODE_LIST 0x500000ull
#define ENTRY     0x501000ull
#define ESDP      0x600000ull
#define PROCESS   0x601000ull
#define PSEUDO    0x602000ull
#define REG       0x603000ull
#define HEAP      0x700000ull
#define HEAP_LEN  0x20000ull
#define HEND      (HEAP + HEAP_LEN)
#define C_STACK   0x7f0000000000ull
#define C_LEN     0x20000ull
#define RS        (C_STACK + C_LEN - 0x1000)

enum {
    HTOP = 80,
    STOP = 88,
    HEND_AT = 136,
    REG_AT = 48,
    I = 256,
    INITIAL = 448,
    SCHEDULER = 344, /* scheduler_data */
    CURRENT = 168,   /* in ErtsSchedulerData */
    RUNS = 264,      /* Process.current */
    PAGE = 4096,
};

struct scene {
    struct fake fake;
    struct memory memory;
    struct ptrace_copy_plan what;
    struct ptrace_copy_room room;
    struct sample s;
};

/* Every word of the heap is its own address. */
static void fill_heap(struct scene *sc)
{
    for (uint64_t at = HEAP; at < HEND; at += 8)
        fake_u64(&sc->fake, at, at);
}

static void set_stack(struct scene *sc, uint64_t htop, uint64_t stop,
                      uint64_t hend)
{
    fake_u64(&sc->fake, PROCESS + HTOP, htop);
    fake_u64(&sc->fake, PROCESS + STOP, stop);
    fake_u64(&sc->fake, PROCESS + HEND_AT, hend);
}

static void make_process(struct scene *sc)
{
    struct fake *f = &sc->fake;
    fake_u64(f, ESDP + CURRENT, PROCESS);
    fake_u64(f, PROCESS, 0x1233);
    fake_u64(f, PROCESS + SCHEDULER, ESDP);
    fake_u64(f, PROCESS + REG_AT, REG);
    fake_u64(f, PROCESS + I, 0x1f1f);
    fake_u64(f, PROCESS + RUNS, 0x2f2f);
    for (uint64_t i = 0; i < 3; i++)
        fake_u64(f, PROCESS + INITIAL + 8 * i, 0x10 + i);
    fake_u64(f, REG + 16, PROCESS);
    fake_u64(f, REG + 32, 0x4b);
    fake_u64(f, CODE_LIST, ENTRY);
    fake_u64(f, ENTRY + 16, 0x5151);
    set_stack(sc, HEAP, HEND - 800, HEND);
}

static struct scene *scene(void)
{
    struct scene *sc = calloc(1, sizeof(*sc));
    assert_non_null(sc);
    fake_map(&sc->fake, CODE_LIST, 2 * PAGE, "");
    fake_map(&sc->fake, ESDP, 4 * PAGE, "");
    fake_map(&sc->fake, HEAP, HEAP_LEN, "");
    fake_map(&sc->fake, C_STACK, C_LEN, "");
    sc->memory = fake_memory(&sc->fake);
    fill_heap(sc);
    make_process(sc);
    fake_u64(&sc->fake, RS - 8, 0x7e57); /* into JIT code */
    sc->what =
        (struct ptrace_copy_plan){.at = {.current_process = CURRENT,
                                         .stop = STOP,
                                         .htop = HTOP,
                                         .hend = HEND_AT,
                                         .id = 0,
                                         .reg = REG_AT,
                                         .initial = INITIAL,
                                         .continuation = I,
                                         .current = RUNS,
                                         .scheduler_data = SCHEDULER,
                                         .reg_name = 32,
                                         .code_list = CODE_LIST},
                                  .head_bytes = 472,
                                  .thread = {.runtime_stack = RS,
                                             .stack_low = C_STACK,
                                             .stack_high = C_STACK + C_LEN,
                                             .esdp = ESDP,
                                             .role = COPY_NORMAL}};
    sc->s.regs.r[REGS_RSP] = RS - 400;
    return sc;
}

static void end(struct scene *sc)
{
    fake_free(&sc->fake);
    free(sc);
}

static void copy(struct scene *sc)
{
    struct regs regs = sc->s.regs;
    bool in_kernel = sc->s.in_kernel;
    uint32_t lost = sc->s.lost_regs;
    sc->s = (struct sample){
        .regs = regs, .in_kernel = in_kernel, .lost_regs = lost};
    memset(&sc->room, 0xee, sizeof(sc->room));
    sc->fake.calls = 0;
    ptrace_copy(&sc->memory, &sc->what, &sc->room, &sc->s);
}

static uint64_t word(const struct sample_copy *c, uint64_t addr)
{
    uint64_t value = 0;
    if (addr >= c->addr && addr - c->addr + 8 <= c->len)
        memcpy(&value, c->bytes + (addr - c->addr), 8);
    return value;
}

static void is_heap(const struct sample_copy *c, uint64_t from, uint64_t to)
{
    assert_int_equal(c->addr, from);
    assert_int_equal(c->len, to - from);
    for (uint64_t at = from; at < to; at += 8)
        assert_int_equal(word(c, at), at);
}

static void is_the_process(const struct sample *s)
{
    const struct sample_process *p = &s->process;
    assert_int_equal(p->c_p, PROCESS);
    assert_int_equal(p->id, 0x1233);
    assert_int_equal(p->initial[0], 0x10);
    assert_int_equal(p->initial[2], 0x12);
    assert_int_equal(p->continuation, 0x1f1f);
    assert_int_equal(p->current, 0x2f2f);
    assert_int_equal(p->name, 0x4b);
    assert_int_equal(s->code.entry, ENTRY);
    assert_int_equal(s->code.link[2], 0x5151);
}

static void is_no_process(const struct sample *s)
{
    static const struct sample_process none;
    assert_memory_equal(&s->process, &none, sizeof(none));
    assert_int_equal(s->erlang.len, 0);
}

static void c_code_comes_with_its_erlang_stack(void **state)
{
    (void)state;
    struct scene *sc = scene();
    copy(sc);
    assert_true(sc->fake.calls <= 3);
    is_the_process(&sc->s);
    assert_int_equal(sc->s.process.stop, HEND - 800);
    assert_int_equal(sc->s.process.hend, HEND);
    assert_int_equal(sc->s.stack.addr, RS - 400);
    assert_int_equal(sc->s.stack.len, 400 + COPY_SEAM_ABOVE);
    assert_int_equal(word(&sc->s.stack, RS - 8), 0x7e57);
    assert_int_equal(sc->s.seam.len, 0);
    is_heap(&sc->s.erlang, HEND - 800 - COPY_BELOW_STOP, HEND);
    assert_int_equal(sc->s.erlang_root.len, 0);
    end(sc);
}

static void below_stop_is_not_copied_beyond_the_heap_top(void **state)
{
    (void)state;
    struct scene *sc = scene();
    set_stack(sc, HEND - 900, HEND - 800, HEND);
    copy(sc);
    is_heap(&sc->s.erlang, (HEND - 900) & ~7ull, HEND);
    end(sc);
}

static void of_a_deep_stack_both_ends_are_kept(void **state)
{
    (void)state;
    struct scene *sc = scene();
    set_stack(sc, HEAP, HEAP + 2048, HEND);
    copy(sc);
    is_heap(&sc->s.erlang, HEAP + 1024, HEAP + 1024 + COPY_ERLANG);
    is_heap(&sc->s.erlang_root, HEND - COPY_ROOT, HEND);
    /* what is cut is less than the room for the root */
    set_stack(sc, HEAP, HEND - COPY_ERLANG - 800, HEND);
    copy(sc);
    is_heap(&sc->s.erlang_root, HEND - 800 - COPY_BELOW_STOP, HEND);
    end(sc);
}

static void of_a_deep_c_stack_the_seam_is_kept(void **state)
{
    (void)state;
    struct scene *sc = scene();
    sc->s.regs.r[REGS_RSP] = C_STACK + 64;
    copy(sc);
    assert_int_equal(sc->s.stack.addr, C_STACK + 64);
    assert_int_equal(sc->s.stack.len, COPY_STACK);
    assert_int_equal(sc->s.seam.addr, RS - COPY_SEAM_BELOW);
    assert_int_equal(sc->s.seam.len, COPY_SEAM_BELOW + COPY_SEAM_ABOVE);
    assert_int_equal(word(&sc->s.seam, RS - 8), 0x7e57);
    is_the_process(&sc->s);
    end(sc);
}

static void the_copy_ends_with_the_c_stack(void **state)
{
    (void)state;
    struct scene *sc = scene();
    sc->what.thread.stack_high = RS + 16;
    copy(sc);
    assert_int_equal(sc->s.stack.len, 400 + 16);
    end(sc);
}

static void a_heap_being_swapped_is_copied_from_stop(void **state)
{
    (void)state;
    struct scene *sc = scene();
    set_stack(sc, HEND, HEND - 3 * PAGE - 96, HEAP);
    copy(sc);
    is_the_process(&sc->s);
    is_heap(&sc->s.erlang, HEND - 3 * PAGE - 96, HEND); /* as far as it goes */
    end(sc);
}

static void a_shrunk_heap_is_copied_below_what_was_unmapped(void **state)
{
    (void)state;
    struct scene *sc = scene();
    /* shrink_new_heap: the process still says where its stack was */
    set_stack(sc, HEAP, HEND + 5 * PAGE - 800, HEND + 5 * PAGE);
    sc->s.regs.r[REGS_RDI] = HEND;
    sc->s.regs.r[REGS_RSI] = 5 * PAGE;
    copy(sc);
    assert_int_equal(sc->s.erlang.len, 0);
    sc->s.in_kernel = true;
    copy(sc);
    is_the_process(&sc->s);
    is_heap(&sc->s.erlang, HEND - COPY_ERLANG, HEND);
    end(sc);
}

static void jit_code_comes_with_its_stack(void **state)
{
    (void)state;
    struct scene *sc = scene();
    sc->s.regs.r[REGS_RSP] = HEND - 2400;
    sc->s.regs.r[REGS_R13] = PROCESS;
    copy(sc);
    assert_true(sc->fake.calls <= 2);
    is_the_process(&sc->s);
    is_heap(&sc->s.stack, HEND - 2400, HEND);
    assert_int_equal(sc->s.erlang.len, 0);
    sc->s.regs.r[REGS_RSP] = HEAP + 8;
    copy(sc);
    is_heap(&sc->s.stack, HEAP + 8, HEAP + 8 + COPY_ERLANG);
    is_heap(&sc->s.erlang_root, HEND - COPY_ROOT, HEND);
    end(sc);
}

/* Of a thread that does not run, r13 is not known. */
static void jit_code_without_r13_is_of_the_current_process(void **state)
{
    (void)state;
    struct scene *sc = scene();
    sc->s.regs.r[REGS_RSP] = HEND - 2400;
    sc->s.lost_regs = 1u << REGS_R13;
    copy(sc);
    is_the_process(&sc->s);
    is_heap(&sc->s.stack, HEND - 2400, HEND);
    fake_u64(&sc->fake, ESDP + CURRENT, 0);
    copy(sc);
    is_no_process(&sc->s);
    end(sc);
}

static void a_stack_that_leads_nowhere_is_copied_blindly(void **state)
{
    (void)state;
    struct scene *sc = scene();
    sc->s.regs.r[REGS_RSP] = HEND - 2400;
    sc->s.regs.r[REGS_R13] = 0x1000; /* no process */
    copy(sc);
    is_no_process(&sc->s);
    is_heap(&sc->s.stack, HEND - 2400, HEND);
    assert_int_equal(sc->s.code.entry, ENTRY);
    sc->s.regs.r[REGS_R13] = PROCESS;
    set_stack(sc, HEAP, HEAP + 8, HEAP + 80); /* of another heap */
    copy(sc);
    is_no_process(&sc->s);
    is_heap(&sc->s.stack, HEND - 2400, HEND);
    sc->s.regs.r[REGS_RSP] = 0x10; /* nothing there at all */
    copy(sc);
    assert_int_equal(sc->s.stack.len, 0);
    end(sc);
}

static void without_offsets_there_is_no_process(void **state)
{
    (void)state;
    struct scene *sc = scene();
    sc->what.head_bytes = 0;
    sc->what.at.code_list = 0;
    copy(sc);
    is_no_process(&sc->s);
    assert_int_equal(sc->s.stack.len, 400 + COPY_SEAM_ABOVE);
    assert_int_equal(sc->s.code.entry, 0);
    end(sc);
}

static void a_dirty_scheduler_comes_with_its_process(void **state)
{
    (void)state;
    struct scene *sc = scene();
    sc->what.thread.role = COPY_DIRTY;
    sc->what.thread.runtime_stack = 0;
    sc->s.regs.r[REGS_RSP] = C_STACK + C_LEN - 2 * PAGE - 40;
    copy(sc);
    is_the_process(&sc->s);
    is_heap(&sc->s.erlang, HEND - 800 - COPY_BELOW_STOP, HEND);
    assert_int_equal(sc->s.stack.len, 2 * PAGE + 40);
    sc->what.thread.role = COPY_OTHER;
    copy(sc);
    is_no_process(&sc->s);
    assert_int_equal(sc->s.stack.len, 2 * PAGE + 40);
    assert_int_equal(sc->s.code.entry, ENTRY);
    end(sc);
}

/* db_prog_match: the current process is made up, the one that called it is
 * where the C code saved r13. */
static void a_match_specification_is_of_who_runs_it(void **state)
{
    (void)state;
    static const uint64_t made_up[][2] = {{COPY_NO_PID, HEND}, {0, 0}};
    struct scene *sc = scene();
    fake_u64(&sc->fake, ESDP + CURRENT, PSEUDO);
    fake_u64(&sc->fake, PSEUDO + SCHEDULER, ESDP);
    fake_u64(&sc->fake, RS - 16, PSEUDO);
    fake_u64(&sc->fake, RS - 24, HEAP + 8); /* nobody's */
    for (uint64_t at = RS - 300; at < RS - 64; at += 8)
        fake_u64(&sc->fake, at & ~7ull, HEAP + at % PAGE); /* many of them */
    for (size_t i = 0; i < 2; i++) {
        fake_u64(&sc->fake, PSEUDO, made_up[i][0]);
        fake_u64(&sc->fake, PSEUDO + HEND_AT, made_up[i][1]);
        fake_u64(&sc->fake, RS - 336, PROCESS);
        copy(sc);
        is_the_process(&sc->s);
        is_heap(&sc->s.erlang, HEND - 800 - COPY_BELOW_STOP, HEND);
        fake_u64(&sc->fake, RS - 336, 0); /* not saved: nobody's */
        copy(sc);
        is_no_process(&sc->s);
        assert_int_equal(sc->s.stack.len, 400 + COPY_SEAM_ABOVE);
    }
    end(sc);
}

/* A port task's Port, or else whether the scheduler waits; with a process at
 * hand neither. */
static void outside_processes_it_says_what_the_scheduler_does(void **state)
{
    (void)state;
    enum { INFO = 160, PORT = 224, OWNER = 232, DRIVER = 480, FLAGS = 24 };
    struct scene *sc = scene();
    struct copy_offsets *at = &sc->what.at;
    const uint64_t port = ESDP + 0x1800, info = ESDP + 0x800;
    at->current_port = PORT;
    at->port_owner = OWNER;
    at->port_driver = DRIVER;
    at->sleep_info = INFO;
    at->sleep_flags = FLAGS;
    fake_u64(&sc->fake, ESDP + PORT, port);
    fake_u64(&sc->fake, port, 0x57);
    fake_u64(&sc->fake, port + OWNER, 0x93);
    fake_u64(&sc->fake, port + DRIVER, 0xd00d);
    fake_u64(&sc->fake, ESDP + INFO, info);
    fake_u32(&sc->fake, info + FLAGS, 0x0b);
    copy(sc);
    is_the_process(&sc->s);
    assert_true(!sc->s.scheduler.port && !sc->s.scheduler.has_sleep);
    fake_u64(&sc->fake, ESDP + CURRENT, 0);
    copy(sc);
    is_no_process(&sc->s);
    assert_true(sc->s.scheduler.port == port);
    assert_true(sc->s.scheduler.port_id == 0x57 &&
                sc->s.scheduler.port_owner == 0x93 &&
                sc->s.scheduler.port_driver == 0xd00d);
    assert_false(sc->s.scheduler.has_sleep);
    fake_u64(&sc->fake, ESDP + PORT, 0);
    copy(sc);
    assert_true(!sc->s.scheduler.port && sc->s.scheduler.has_sleep);
    assert_int_equal(sc->s.scheduler.sleep, 0x0b);
    end(sc);
}

static void a_name_belongs_to_its_process(void **state)
{
    (void)state;
    struct scene *sc = scene();
    fake_u64(&sc->fake, REG + 16, PROCESS + 8); /* somebody else's */
    copy(sc);
    assert_int_equal(sc->s.process.name, 0);
    fake_u64(&sc->fake, PROCESS + REG_AT, 0x13); /* a term, no pointer */
    copy(sc);
    assert_int_equal(sc->s.process.c_p, PROCESS);
    assert_int_equal(sc->s.process.name, 0);
    end(sc);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(c_code_comes_with_its_erlang_stack),
        cmocka_unit_test(below_stop_is_not_copied_beyond_the_heap_top),
        cmocka_unit_test(of_a_deep_stack_both_ends_are_kept),
        cmocka_unit_test(of_a_deep_c_stack_the_seam_is_kept),
        cmocka_unit_test(the_copy_ends_with_the_c_stack),
        cmocka_unit_test(a_heap_being_swapped_is_copied_from_stop),
        cmocka_unit_test(a_shrunk_heap_is_copied_below_what_was_unmapped),
        cmocka_unit_test(jit_code_comes_with_its_stack),
        cmocka_unit_test(jit_code_without_r13_is_of_the_current_process),
        cmocka_unit_test(a_stack_that_leads_nowhere_is_copied_blindly),
        cmocka_unit_test(without_offsets_there_is_no_process),
        cmocka_unit_test(a_dirty_scheduler_comes_with_its_process),
        cmocka_unit_test(a_match_specification_is_of_who_runs_it),
        cmocka_unit_test(outside_processes_it_says_what_the_scheduler_does),
        cmocka_unit_test(a_name_belongs_to_its_process),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
