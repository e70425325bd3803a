/* Compares C frames with those of libunwind. A child of this test runs through
 * libc, the linker, signal handlers and the vdso one instruction at a time, and
 * every few instructions both unwind it. So every prologue, epilogue and PLT
 * entry on the way is tested. */
#include "fake_node.h"
#include "native_oracle.h"

#include <alloca.h>
#include <regex.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
    COPIED = 64 * 1024,
    STRIDE = 3,
    SAMPLES = 12000,
    SHOWN = 5,
    UNTRACEABLE = 2
};

/* --- what the child does -------------------------------------------------- */

static volatile uint64_t sink;

static int by_value(const void *a, const void *b)
{
    int x = *(const int *)a, y = *(const int *)b;
    sink += (uint64_t)x;
    return (x > y) - (x < y);
}

static void on_signal(int signal)
{
    char text[64];
    snprintf(text, sizeof(text), "%d %.3f", signal, (double)sink / 7);
    sink += (uint64_t)text[1];
}

/* A frame whose size the tables cannot know, so that rbp leads to it. */
__attribute__((noinline)) static void of_any_size(size_t n)
{
    char *room = alloca(n);
    snprintf(room, n, "%zu", n);
    sink += (uint64_t)room[0];
    if (n > 64)
        of_any_size(n / 2);
}

/* One whose stack is realigned. */
__attribute__((noinline)) static void aligned(int n)
{
    _Alignas(64) volatile char room[64];
    room[0] = (char)n;
    sink += strtoull("18446744073709551615", NULL, 10) + (uint64_t)room[0];
    if (n > 0)
        aligned(n - 1);
}

static void match(void)
{
    regex_t regex;
    regmatch_t at[2];
    if (regcomp(&regex, "a(b|cd)*e", REG_EXTENDED) != 0)
        return;
    sink += (uint64_t)regexec(&regex, "xxabcdcdbex", 2, at, 0);
    regfree(&regex);
}

static jmp_buf back;

__attribute__((noinline, noreturn)) static void never_returns(void)
{
    sink += strtoul("77", NULL, 8);
    /* On its way the return address is in a register, for 4 instructions that
     * libunwind does not get out of: the only difference there is. */
    longjmp(back, 1);
}

/* Its return address is behind its end. */
__attribute__((noinline)) static void ends_in_a_call(int n)
{
    volatile char room[200];
    room[0] = (char)n;
    sink += (uint64_t)room[0];
    never_returns();
}

static void work(void)
{
    static int numbers[] = {5, 3, 9, 1, 7, 2};
    struct timespec now;
    signal(SIGUSR1, on_signal);
    for (;;) {
        qsort(numbers, 6, sizeof(numbers[0]), by_value);
        raise(SIGUSR1);
        clock_gettime(CLOCK_MONOTONIC, &now);
        sink += (uint64_t)now.tv_nsec;
        of_any_size(300);
        aligned(3);
        if (setjmp(back) == 0)
            ends_in_a_call(1);
        void *p = malloc(100 + sink % 1000);
        p = realloc(p, 5000);
        sink += strtod("3.14159", NULL) > 3;
        free(p);
        match();
        numbers[0] = (int)(sink % 11);
    }
}

/* Where the tests' node has its JIT code: calls `run` as that would. */
static void through_jit_code(void (*run)(void))
{
    static const uint8_t code[] = {0x48, 0x83, 0xec, 0x08, /* sub rsp, 8 */
                                   0xff, 0xd7};            /* call rdi */
    uint8_t *page = (uint8_t *)MOD;
    if (mmap(page, 0x1000, PROT_READ | PROT_WRITE | PROT_EXEC,
             MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1,
             0) == page) {
        memcpy(page + 0x100, code, sizeof(code));
        void (*jit)(void (*)(void)) = (void (*)(void (*)(void)))(A);
        jit(run);
    }
    run(); /* something else is there, for once */
}

static pid_t start_child(bool jit)
{
    pid_t pid = fork();
    if (pid != 0)
        return pid;
    if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) != 0)
        _exit(UNTRACEABLE);
    raise(SIGSTOP);
    if (jit)
        through_jit_code(work);
    work();
    _exit(1);
}

/* --- looking at it -------------------------------------------------------- */

static struct {
    struct fake_node *node; /* lends the list of JIT code */
    struct process process;
    struct maps maps;
    struct memory memory;
    struct unwind_code *code;
    struct unwind_native *native;
    struct oracle *oracle;
    struct sample sample;
    uint8_t copy[COPIED];
    unsigned samples, ends[NATIVE_ERLANG + 1], different, signals;
} t;

static void open_unwinders(pid_t pid)
{
    memset(&t, 0, sizeof(t));
    t.node = fake_node_open(0);
    t.process.pid = t.process.inner_pid = pid;
    t.memory = memory_of_pid(pid);
    assert_int_equal(maps_read(pid, &t.maps), 0);
    assert_int_equal(unwind_code_open(&t.node->memory, t.node->jit, &t.code),
                     0);
    assert_int_equal(unwind_native_open(&t.process, &t.memory, &t.native), 0);
    assert_int_equal(unwind_native_set_maps(t.native, &t.maps), 0);
    t.oracle = oracle_open(&t.process, &t.memory, &t.maps);
    assert_non_null(t.oracle);
}

static void close_unwinders(void)
{
    oracle_close(t.oracle);
    unwind_native_close(t.native);
    unwind_code_close(t.code);
    maps_deinit(&t.maps);
    fake_node_close(t.node);
}

static void take_sample(pid_t pid)
{
    struct user_regs_struct u;
    assert_int_equal(ptrace(PTRACE_GETREGS, pid, NULL, &u), 0);
    t.sample = (struct sample){
        .has_regs = true,
        .exact = true,
        .regs = {{u.rax, u.rdx, u.rcx, u.rbx, u.rsi, u.rdi, u.rbp, u.rsp, u.r8,
                  u.r9, u.r10, u.r11, u.r12, u.r13, u.r14, u.r15, u.rip}},
        .stack = {u.rsp, t.copy, sizeof(t.copy)},
    };
    const struct map *map = maps_find(&t.maps, u.rsp);
    if (map && map->end - u.rsp < t.sample.stack.len)
        t.sample.stack.len = map->end - u.rsp;
    assert_int_equal(memory_read(&t.memory, u.rsp, t.copy, t.sample.stack.len),
                     0);
}

static bool same_registers(const struct regs *a, const struct regs *b)
{
    for (size_t i = 0; i < ORACLE_PRESERVED; i++)
        if (a->r[oracle_preserved[i].reg] != b->r[oracle_preserved[i].reg])
            return false;
    return a->r[REGS_RSP] == b->r[REGS_RSP] && a->r[REGS_RIP] == b->r[REGS_RIP];
}

static void show(const char *who, const struct native_walk *w)
{
    print_message("  %s: end %d", who, w->end);
    for (size_t i = 0; i < w->count; i++)
        print_message(" %#llx", (unsigned long long)w->frames[i]);
    print_message("\n");
}

static void compare(void)
{
    struct native_walk ours, theirs;
    unwind_native_frames(t.native, &t.sample, t.code, &ours);
    oracle_frames(t.oracle, &t.sample, t.code, &theirs);
    bool same =
        ours.end == theirs.end && ours.count == theirs.count &&
        memcmp(ours.frames, theirs.frames,
               ours.count * sizeof(ours.frames[0])) == 0 &&
        (ours.end != NATIVE_ERLANG || same_registers(&ours.regs, &theirs.regs));
    t.samples++;
    t.ends[ours.end]++;
    if (same || t.different++ >= SHOWN)
        return;
    show("ours     ", &ours);
    show("libunwind", &theirs);
}

/* One instruction further; a signal is passed on. */
static bool step(pid_t pid, int *signal)
{
    int status;
    if (ptrace(PTRACE_SINGLESTEP, pid, NULL, (void *)(intptr_t)*signal) != 0 ||
        waitpid(pid, &status, 0) != pid || !WIFSTOPPED(status))
        return false;
    *signal = WSTOPSIG(status) == SIGTRAP ? 0 : WSTOPSIG(status);
    t.signals += *signal == SIGUSR1;
    return true;
}

static void follow_child(bool jit)
{
    int status, signal = 0;
    pid_t pid = start_child(jit);
    assert_true(pid > 0);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    if (WIFEXITED(status) && WEXITSTATUS(status) == UNTRACEABLE)
        skip(); /* no ptrace at all here (Yama's scope 3) */
    assert_true(WIFSTOPPED(status));
    open_unwinders(pid);
    while (t.samples < SAMPLES) {
        for (int i = 0; i < STRIDE; i++)
            assert_true(step(pid, &signal));
        take_sample(pid);
        compare();
    }
    kill(pid, SIGKILL);
    waitpid(pid, &status, 0);
    close_unwinders();
    print_message("%u samples, %u different; failed %u, limit %u, outermost "
                  "%u, Erlang %u\n",
                  t.samples, t.different, t.ends[NATIVE_FAILED],
                  t.ends[NATIVE_LIMIT], t.ends[NATIVE_OUTERMOST],
                  t.ends[NATIVE_ERLANG]);
}

static void frames_are_libunwinds(void **state)
{
    (void)state;
    follow_child(false);
    assert_true(t.different <= SAMPLES / 1000);
    assert_true(t.ends[NATIVE_OUTERMOST] >= SAMPLES - SAMPLES / 200);
    assert_true(t.signals > 0);
}

static void and_so_are_the_registers_where_erlang_called(void **state)
{
    (void)state;
    follow_child(true);
    assert_true(t.different <= SAMPLES / 1000);
    assert_true(t.ends[NATIVE_ERLANG] + t.ends[NATIVE_OUTERMOST] >=
                SAMPLES - SAMPLES / 200); /* libc has spots without tables */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(frames_are_libunwinds),
        cmocka_unit_test(and_so_are_the_registers_where_erlang_called),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
