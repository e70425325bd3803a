/* Engine bpf on real processes that look like a scheduler to it: children of
 * this test with a Process, an ErtsSchedulerData and an Erlang stack, of which
 * the test knows every word. */
#include "test.h"

#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "engine/copy_plan.h"
#include "engine/engine.h"

enum {
    WORDS = 8192, /* of the Erlang stack: 64 kB */
    HTOP = 80,
    STOP = 88,
    HEND = 136,
    INITIAL = 448,
    REG = 48,
    SCHEDULER = 344, /* scheduler_data */
    PROCESS_BYTES = 472,
    CURRENT = 168,
};

/* Shared with the child: the VM, as far as the engine looks at it. */
static struct vm {
    volatile uint64_t loops, ready;
    uint64_t rs, stack_low, sp;
    uint64_t esdp[64];
    uint64_t process[64], pseudo[64];
    uint64_t reg[5];
    uint64_t stack[WORDS];
} * vm;

static void fill(void)
{
    memset((void *)vm, 0, sizeof(*vm));
    for (uint64_t i = 0; i < WORDS; i++)
        vm->stack[i] = 0xabc0000 + i;
    vm->esdp[CURRENT / 8] = (uint64_t)(uintptr_t)vm->process;
    vm->process[0] = 0x1233;
    vm->process[SCHEDULER / 8] = (uint64_t)(uintptr_t)vm->esdp;
    for (uint64_t i = 0; i < 3; i++)
        vm->process[INITIAL / 8 + i] = 0x10 + i;
    vm->process[REG / 8] = (uint64_t)(uintptr_t)vm->reg;
    vm->reg[2] = (uint64_t)(uintptr_t)vm->process;
    vm->reg[4] = 0x4b;
}

/* The stack of the process is the last n words. */
static void set_stack(size_t n)
{
    vm->process[HTOP / 8] = (uint64_t)(uintptr_t)vm->stack;
    vm->process[STOP / 8] = (uint64_t)(uintptr_t)&vm->stack[WORDS - n];
    vm->process[HEND / 8] = (uint64_t)(uintptr_t)&vm->stack[WORDS];
}

__attribute__((noinline)) static void spin(void)
{
    for (;;)
        vm->loops++;
}

/* C code that a scheduler calls at its runtime stack. */
static void child_in_c(void)
{
    uint64_t anchor[64] = {0};
    vm->rs = (uint64_t)(uintptr_t)&anchor[32];
    vm->stack_low = vm->rs - (1 << 20);
    anchor[31] = 0x7e57; /* the return address into JIT code, at RS - 8 */
    __atomic_store_n(&vm->ready, 1, __ATOMIC_RELEASE);
    spin();
    vm->loops += anchor[31];
}

/* A frame as large as the VM's largest. */
__attribute__((noinline)) static void run_in_a_large_frame(void)
{
    volatile uint8_t frame[0x6f78];
    for (size_t i = 0; i < sizeof(frame); i++)
        frame[i] = 1; /* else its pages would not be there */
    __atomic_store_n(&vm->ready, 1, __ATOMIC_RELEASE);
    for (;;)
        vm->loops += frame[vm->loops % sizeof(frame)];
}

static void child_in_a_large_frame(void)
{
    volatile uint64_t anchor[64] = {0};
    vm->rs = (uint64_t)(uintptr_t)&anchor[32];
    vm->stack_low = vm->rs - (1 << 20);
    anchor[31] = 0x7e57;
    run_in_a_large_frame();
}

/* JIT code: rsp is in the heap, r13 is the process. */
static void child_in_jit(void)
{
    register uint64_t process __asm__("r13") = (uint64_t)(uintptr_t)vm->process;
    uint64_t sp = vm->process[STOP / 8];
    vm->rs = (uint64_t)(uintptr_t)&sp;
    vm->stack_low = vm->rs - (1 << 20);
    __atomic_store_n(&vm->ready, 1, __ATOMIC_RELEASE);
    __asm__ volatile("mov %1, %%rsp\n1: jmp 1b" : : "r"(process), "r"(sp));
}

/* Shared pages come into a child's page table when it touches them. */
static void touch(void)
{
    for (size_t i = 0; i < sizeof(*vm); i += 512)
        vm->loops += ((volatile uint8_t *)vm)[i];
}

static pid_t start_child(void (*run)(void))
{
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        touch();
        run();
        _exit(0);
    }
    while (!__atomic_load_n(&vm->ready, __ATOMIC_ACQUIRE))
        usleep(100);
    return pid;
}

static void end_child(pid_t pid)
{
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
}

/* --- the engine ----------------------------------------------------------- */

static struct layout layout_of(pid_t pid, struct layout_scheduler *scheduler)
{
    static const struct {
        enum layout_field field;
        uint32_t offset;
    } known[] = {
        {LAYOUT_STOP, STOP},       {LAYOUT_HTOP, HTOP},
        {LAYOUT_HEND, HEND},       {LAYOUT_ID, 0},
        {LAYOUT_INITIAL, INITIAL}, {LAYOUT_CURRENT_PROCESS, CURRENT},
        {LAYOUT_REG, REG},         {LAYOUT_SCHEDULER_DATA, SCHEDULER},
    };
    struct layout l = {.schedulers = scheduler,
                       .scheduler_count = 1,
                       .process_bytes = PROCESS_BYTES};
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        l.known[known[i].field] = true;
        l.offset[known[i].field] = known[i].offset;
    }
    *scheduler =
        (struct layout_scheduler){.tid = pid,
                                  .esdp = (uint64_t)(uintptr_t)vm->esdp,
                                  .runtime_stack = vm->rs};
    return l;
}

struct seen {
    size_t count, good;
    bool (*is_good)(const struct sample *s);
};

static bool see(void *ctx, const struct sample *s)
{
    struct seen *seen = ctx;
    seen->count++;
    seen->good += s->exact && s->has_regs && seen->is_good(s);
    return true;
}

/* Samples the child for a while; most of it must be good: the child is in its
 * loop, but for a few samples in the kernel's entry code. */
static void sample(pid_t pid, bool (*is_good)(const struct sample *s))
{
    struct layout_scheduler scheduler;
    struct layout layout = layout_of(pid, &scheduler);
    struct threads threads;
    struct maps maps;
    assert_int_equal(threads_read(pid, &threads), 0);
    assert_int_equal(maps_read(pid, &maps), 0);
    struct engine_config config = {
        .pid = pid, .view = {&threads, &layout, &maps}, .rate = 997};
    struct seen seen = {.is_good = is_good};
    struct engine *e = NULL;
    assert_int_equal(engine_bpf.open(&config, &e), 0);
    assert_int_equal(engine_bpf.start(e), 0);
    for (int i = 0; i < 300 && seen.count < 100; i++)
        assert_int_equal(engine_bpf.poll(e, 20, see, &seen), 0);
    (engine_bpf.stop)(e); /* cmocka has a macro stop */
    assert_int_equal(engine_bpf.poll(e, 0, see, &seen), 0);
    size_t queued = seen.count;
    usleep(30 * 1000);
    assert_int_equal(engine_bpf.poll(e, 0, see, &seen), 0);
    assert_int_equal(seen.count, queued); /* nothing comes after stop */
    struct engine_counters counters = engine_bpf.counters(e);
    assert_int_equal(counters.samples, seen.count);
    assert_int_equal(counters.lost, 0);
    assert_int_equal(engine_bpf.info(e).threads, 1);
    engine_bpf.close(e);
    maps_deinit(&maps);
    threads_deinit(&threads);
    print_message("%zu samples, %zu as expected\n", seen.count, seen.good);
    assert_true(seen.count >= 100);
    assert_true(seen.good >= seen.count * 98 / 100);
}

static uint64_t word(const struct sample_copy *copy, uint64_t addr)
{
    uint64_t value = 0;
    if (addr >= copy->addr && addr - copy->addr + 8 <= copy->len)
        memcpy(&value, copy->bytes + (addr - copy->addr), 8);
    return value;
}

/* Are the words from `first` up to the stack's end in the copy? */
static bool holds(const struct sample_copy *copy, size_t first, size_t end)
{
    uint64_t addr = (uint64_t)(uintptr_t)&vm->stack[first];
    for (size_t i = first; i < end; i++, addr += 8)
        if (word(copy, addr) != 0xabc0000 + i)
            return false;
    return true;
}

static bool is_the_process(const struct sample *s)
{
    const struct sample_process *p = &s->process;
    return p->c_p == (uint64_t)(uintptr_t)vm->process && p->id == 0x1233 &&
           p->initial[0] == 0x10 && p->initial[2] == 0x12 && p->name == 0x4b &&
           p->stop == vm->process[STOP / 8] && p->hend == vm->process[HEND / 8];
}

static bool good_in_c(const struct sample *s)
{
    return is_the_process(s) && word(&s->stack, vm->rs - 8) == 0x7e57 &&
           s->stack.addr == s->regs.r[REGS_RSP] && s->seam.len == 0 &&
           holds(&s->erlang, WORDS - 100, WORDS) && s->erlang_root.len == 0;
}

static void c_code_comes_with_its_erlang_stack(void **state)
{
    (void)state;
    fill();
    set_stack(100);
    pid_t pid = start_child(child_in_c);
    sample(pid, good_in_c);
    end_child(pid);
}

static bool good_below_a_large_frame(const struct sample *s)
{
    return word(&s->stack, vm->rs - 8) == 0x7e57 && !s->stack_full &&
           s->seam.len == 0 && s->stack.len > 0x6f78;
}

static void the_largest_frame_is_copied_whole(void **state)
{
    (void)state;
    fill();
    set_stack(100);
    pid_t pid = start_child(child_in_a_large_frame);
    sample(pid, good_below_a_large_frame);
    end_child(pid);
}

/* db_prog_match: the current process is made up, the one that called it is
 * where the C code saved r13. */
static void child_in_a_match_specification(void)
{
    uint64_t anchor[64] = {0};
    vm->rs = (uint64_t)(uintptr_t)&anchor[32];
    vm->stack_low = vm->rs - (1 << 20);
    anchor[31] = 0x7e57;
    anchor[28] = (uint64_t)(uintptr_t)vm->pseudo;
    anchor[27] = (uint64_t)(uintptr_t)vm->stack; /* nobody's */
    anchor[26] = (uint64_t)(uintptr_t)vm->process;
    __atomic_store_n(&vm->ready, 1, __ATOMIC_RELEASE);
    spin();
    vm->loops += anchor[31];
}

static void a_match_specification_is_of_who_runs_it(void **state)
{
    (void)state;
    fill();
    set_stack(100);
    memcpy(vm->pseudo, vm->process, sizeof(vm->pseudo));
    vm->pseudo[0] = COPY_NO_PID;
    vm->esdp[CURRENT / 8] = (uint64_t)(uintptr_t)vm->pseudo;
    pid_t pid = start_child(child_in_a_match_specification);
    sample(pid, good_in_c);
    end_child(pid);
}

static bool good_when_deep(const struct sample *s)
{
    size_t first = WORDS - 8000;
    size_t top = (COPY_ERLANG - COPY_BELOW_STOP) / 8;
    return is_the_process(s) && holds(&s->erlang, first, first + top) &&
           s->erlang_root.len == COPY_ROOT &&
           holds(&s->erlang_root, WORDS - COPY_ROOT / 8, WORDS);
}

static void of_a_deep_stack_both_ends_are_kept(void **state)
{
    (void)state;
    fill();
    set_stack(8000);
    pid_t pid = start_child(child_in_c);
    sample(pid, good_when_deep);
    end_child(pid);
}

static bool good_when_swapped(const struct sample *s)
{
    return is_the_process(s) && holds(&s->erlang, WORDS - 1000, WORDS);
}

static void a_heap_being_swapped_is_copied_from_stop(void **state)
{
    (void)state;
    fill();
    set_stack(1000);
    vm->process[HEND / 8] = (uint64_t)(uintptr_t)vm->stack; /* below stop */
    pid_t pid = start_child(child_in_c);
    sample(pid, good_when_swapped);
    end_child(pid);
}

static bool good_in_jit(const struct sample *s)
{
    return is_the_process(s) && s->stack.addr == vm->process[STOP / 8] &&
           holds(&s->stack, WORDS - 500, WORDS) && s->erlang.len == 0;
}

static void jit_code_comes_with_its_stack(void **state)
{
    (void)state;
    fill();
    set_stack(500);
    pid_t pid = start_child(child_in_jit);
    sample(pid, good_in_jit);
    end_child(pid);
}

static bool good_without_process(const struct sample *s)
{
    return s->process.c_p == 0 && s->erlang.len == 0 && s->stack.len > 0;
}

static void a_process_that_cannot_be_read_is_none(void **state)
{
    (void)state;
    fill();
    set_stack(100);
    vm->esdp[CURRENT / 8] = 0x1000;
    pid_t pid = start_child(child_in_c);
    sample(pid, good_without_process);
    end_child(pid);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(c_code_comes_with_its_erlang_stack),
        cmocka_unit_test(the_largest_frame_is_copied_whole),
        cmocka_unit_test(a_match_specification_is_of_who_runs_it),
        cmocka_unit_test(of_a_deep_stack_both_ends_are_kept),
        cmocka_unit_test(a_heap_being_swapped_is_copied_from_stop),
        cmocka_unit_test(jit_code_comes_with_its_stack),
        cmocka_unit_test(a_process_that_cannot_be_read_is_none),
    };
    vm = mmap(NULL, sizeof(*vm), PROT_READ | PROT_WRITE,
              MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (vm == MAP_FAILED)
        return 1;
    int why = engine_bpf.probe(getpid());
    if (why) { /* not root, or a build without it */
        print_message("engine bpf: %s\n", err_text(why));
        return why == -E_BPF_DENIED || why == -E_BPF_MISSING ? 0 : 1;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
