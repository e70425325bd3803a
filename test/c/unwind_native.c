/* C frames: this very process is sampled, and glibc's own
 * backtrace says what to expect. */
#include "fake_node.h"

#include <execinfo.h>
#include <unistd.h>

#include "unwind/unwind_native.h"

static struct {
    struct fake_node *node;
    struct process process;
    struct maps maps;
    struct memory memory;
    struct unwind_code *code;
    struct unwind_native *native;
    uint8_t copy[16384];
    void *expected[64];
    int depth;
    struct native_walk walk;
} t;

static int open_self(void **state)
{
    (void)state;
    t.node = fake_node_open(0);
    t.process.pid = t.process.inner_pid = getpid();
    ssize_t len =
        readlink("/proc/self/exe", t.process.exe, sizeof(t.process.exe) - 1);
    assert_true(len > 0);
    t.memory = memory_of_pid(getpid());
    assert_int_equal(maps_read(getpid(), &t.maps), 0);
    assert_int_equal(unwind_code_open(&t.node->memory, t.node->jit, &t.code),
                     0);
    assert_int_equal(unwind_native_open(&t.process, &t.memory, &t.native), 0);
    return unwind_native_set_maps(t.native, &t.maps);
}

static int close_self(void **state)
{
    (void)state;
    unwind_native_close(t.native);
    unwind_code_close(t.code);
    maps_deinit(&t.maps);
    fake_node_close(t.node);
    return 0;
}

/* Samples its own frame. copied: bytes of stack in the sample. */
static __attribute__((noinline)) int leaf(size_t copied)
{
    struct sample s = {.has_regs = true};
    uint64_t *r = s.regs.r;
    __asm__ volatile("lea 0f(%%rip), %%rax\n0:\n"
                     "mov %%rax, 128(%0)\n"
                     "mov %%rsp, 56(%0)\n"
                     "mov %%rbp, 48(%0)\n"
                     "mov %%rbx, 24(%0)\n"
                     "mov %%r12, 96(%0)\n"
                     "mov %%r13, 104(%0)\n"
                     "mov %%r14, 112(%0)\n"
                     "mov %%r15, 120(%0)\n"
                     :
                     : "D"(r)
                     : "rax", "memory");
    uint64_t sp = r[REGS_RSP];
    assert_int_equal(memory_read(&t.memory, sp, t.copy, copied), 0);
    s.stack = (struct sample_copy){sp, t.copy, copied};
    t.depth = backtrace(t.expected, 64);
    unwind_native_frames(t.native, &s, t.code, &t.walk);
    return (int)t.walk.count;
}

static __attribute__((noinline)) int deeper(int n, size_t copied)
{
    volatile char big[256];
    big[0] = (char)n;
    return (n ? deeper(n - 1, copied) : leaf(copied)) + big[0];
}

static void expect_backtrace(void)
{
    assert_true(t.depth > 8);
    assert_int_equal(t.walk.end, NATIVE_OUTERMOST);
    /* A sanitizer's backtrace has a frame of its own in front. */
    int more = t.depth - (int)t.walk.count;
    assert_true(more == 0 || more == 1);
    for (int i = 1; i < (int)t.walk.count; i++)
        assert_int_equal(t.walk.frames[i] + 1, (uintptr_t)t.expected[i + more]);
}

static void unwinds_to_the_first_function(void **state)
{
    (void)state;
    for (int i = 0; i < 3; i++) { /* again from the cache */
        deeper(5, 4096);
        expect_backtrace();
    }
}

static void a_short_copy_goes_on_in_memory(void **state)
{
    (void)state;
    deeper(5, 64);
    expect_backtrace();
    assert_true(t.walk.late);
}

static void tables_stay_when_mappings_do(void **state)
{
    (void)state;
    deeper(1, 4096);
    assert_int_equal(unwind_native_set_maps(t.native, &t.maps), 0);
    deeper(5, 4096);
    expect_backtrace();
    struct maps none = {0};
    assert_int_equal(unwind_native_set_maps(t.native, &none), 0);
    deeper(5, 4096);
    assert_int_equal(t.walk.end, NATIVE_FAILED);
    assert_int_equal(t.walk.count, 1);
    assert_int_equal(unwind_native_set_maps(t.native, &t.maps), 0);
    deeper(5, 4096);
    expect_backtrace();
}

#define IN_SELF(test)                                                          \
    cmocka_unit_test_setup_teardown(test, open_self, close_self)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_SELF(unwinds_to_the_first_function),
        IN_SELF(a_short_copy_goes_on_in_memory),
        IN_SELF(tables_stay_when_mappings_do),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
