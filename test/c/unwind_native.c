/* C frames: this process samples itself, and glibc's backtrace gives the
 * expected result. */
#include "fake_node.h"

#include <execinfo.h>
#include <unistd.h>

#include "unwind/unwind_native.h"

enum { WHOLE = 128 * 1024 }; /* of the stack, as far as it is in use */

static struct {
    struct fake_node *node;
    struct process process;
    struct maps maps;
    struct memory memory;
    struct unwind_code *code;
    struct unwind_native *native;
    uint8_t copy[WHOLE];
    void *expected[64];
    int depth;
    bool exact;
    size_t seam_from; /* with a second copy from so far above rsp; 0: without */
    uint8_t seam[WHOLE];
    struct native_walk walk;
} t;

static int open_self(void **state)
{
    (void)state;
    memset(&t, 0, sizeof(t));
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

/* At most len bytes: the stack may end before. */
static struct sample_copy copy_of(uint64_t addr, uint8_t *to, size_t len)
{
    const struct map *map = maps_find(&t.maps, addr);
    assert_non_null(map);
    if (len > map->end - addr)
        len = map->end - addr;
    assert_int_equal(memory_read(&t.memory, addr, to, len), 0);
    return (struct sample_copy){addr, to, len};
}

/* Samples its own frame. copied: bytes of stack in the sample. */
static __attribute__((noinline)) int leaf(size_t copied)
{
    struct sample s = {.has_regs = true, .exact = t.exact};
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
    s.stack = copy_of(r[REGS_RSP], t.copy, copied);
    if (t.seam_from)
        s.seam = copy_of(r[REGS_RSP] + t.seam_from, t.seam, WHOLE);
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

/* What an exact sample does not hold is not read at another moment. */
static void an_exact_copy_ends_where_it_ends(void **state)
{
    (void)state;
    t.exact = true;
    deeper(20, WHOLE);
    expect_backtrace();
    assert_false(t.walk.late);
    size_t all = t.walk.count;
    deeper(20, 4096);
    assert_int_equal(t.walk.end, NATIVE_LIMIT);
    assert_false(t.walk.late);
    assert_true(t.walk.count > 1 && t.walk.count < all);
    for (size_t i = 1; i < t.walk.count; i++)
        assert_int_equal(t.walk.frames[i] + 1,
                         (uintptr_t)t.expected[i + (size_t)t.depth - all]);
    deeper(5, 0);
    assert_int_equal(t.walk.end, NATIVE_LIMIT);
    assert_int_equal(t.walk.count, 1);
}

static void words_may_be_in_either_copy(void **state)
{
    (void)state;
    t.exact = true;
    t.seam_from = 512;
    deeper(2, 512);
    expect_backtrace();
    assert_false(t.walk.late);
}

/* As after a jump to nowhere. */
static void without_a_table_there_is_the_leaf(void **state)
{
    (void)state;
    uint64_t word = 0;
    struct sample s = {.has_regs = true};
    s.stack = (struct sample_copy){0x1000, (uint8_t *)&word, sizeof(word)};
    s.regs.r[REGS_RSP] = 0x1000;
    for (uint64_t ip = 0; ip < 2; ip++) {
        s.regs.r[REGS_RIP] = ip;
        unwind_native_frames(t.native, &s, t.code, &t.walk);
        assert_int_equal(t.walk.end, NATIVE_FAILED);
        assert_int_equal(t.walk.count, 1);
        assert_int_equal(t.walk.frames[0], ip);
    }
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
        IN_SELF(an_exact_copy_ends_where_it_ends),
        IN_SELF(words_may_be_in_either_copy),
        IN_SELF(without_a_table_there_is_the_leaf),
        IN_SELF(tables_stay_when_mappings_do),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
