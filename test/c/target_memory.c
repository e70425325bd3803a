#include "test.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "target/memory.h"

enum { PAGES = 4, PAGE = 4096 };

/* Four pages that the child has too; the third may not be read by anyone. */
static uint8_t *pages;
static pid_t child;

static int start_child(void **state)
{
    (void)state;
    pages = mmap(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE,
                 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    for (size_t i = 0; i < PAGES * PAGE; i++)
        pages[i] = (uint8_t)(i * 7 + i / PAGE);
    child = fork();
    if (child == 0) {
        munmap(pages + 2 * PAGE, PAGE);
        raise(SIGSTOP);
        _exit(0);
    }
    int status;
    return child > 0 && waitpid(child, &status, WUNTRACED) == child ? 0 : -1;
}

static int stop_child(void **state)
{
    (void)state;
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    munmap(pages, PAGES * PAGE);
    return 0;
}

static uint64_t at(size_t offset)
{
    return (uint64_t)(uintptr_t)pages + offset;
}

static void reads_bytes_and_words(void **state)
{
    (void)state;
    struct memory m = memory_of_pid(child);
    uint8_t got[2 * PAGE];
    assert_int_equal(memory_read(&m, at(0), got, sizeof(got)), 0);
    assert_memory_equal(got, pages, sizeof(got));
    uint64_t word, want;
    memcpy(&want, pages + 13, 8);
    assert_int_equal(memory_read_u64(&m, at(13), &word), 0);
    assert_true(word == want);
    assert_int_equal(memory_read(&m, at(0), got, 0), 0);
}

static void all_or_nothing_at_a_hole(void **state)
{
    (void)state;
    struct memory m = memory_of_pid(child);
    uint64_t word = 42;
    assert_int_equal(memory_read_u64(&m, at(2 * PAGE - 4), &word), -EFAULT);
    assert_int_equal(memory_read_u64(&m, at(2 * PAGE), &word), -EFAULT);
    assert_int_equal(memory_read_u64(&m, at(3 * PAGE - 4), &word), -EFAULT);
    assert_int_equal(memory_read_u64(&m, 0, &word), -EFAULT);
    assert_int_equal(memory_read_u64(&m, UINT64_MAX - 3, &word), -EFAULT);
    assert_int_equal(memory_read_u64(&m, 1ull << 63, &word), -EFAULT);
    assert_true(word == 42);
    assert_int_equal(memory_read_u64(&m, at(3 * PAGE), &word), 0);
}

static void a_batch_goes_on_behind_bad_spans(void **state)
{
    (void)state;
    struct memory m = memory_of_pid(child);
    uint8_t got[7][16];
    struct memory_span s[7] = {
        {.addr = 8, .to = got[0], .len = 16},
        {.addr = at(0), .to = got[1], .len = 16},
        {.addr = at(2 * PAGE - 8), .to = got[2], .len = 16},
        {.addr = at(3 * PAGE - 1), .to = got[3], .len = 1},
        {.addr = at(PAGE), .to = got[4], .len = 16},
        {.addr = UINT64_MAX, .to = got[5], .len = SIZE_MAX},
        {.addr = at(4 * PAGE - 16), .to = got[6], .len = 16},
    };
    assert_int_equal(memory_read_many(&m, s, 7), 3);
    const bool want[7] = {false, true, false, false, true, false, true};
    for (size_t i = 0; i < 7; i++)
        assert_int_equal(s[i].ok, want[i]);
    assert_memory_equal(got[1], pages, 16);
    assert_memory_equal(got[4], pages + PAGE, 16);
    assert_memory_equal(got[6], pages + 4 * PAGE - 16, 16);
}

/* Every fifth span lies in the hole, and there are more than one call takes. */
static void more_spans_than_one_call_takes(void **state)
{
    (void)state;
    enum { N = 3 * IOV_MAX + 11 };
    struct memory m = memory_of_pid(child);
    static struct memory_span s[N];
    static uint8_t got[N];
    int want = 0;
    for (size_t i = 0; i < N; i++) {
        bool hole = i % 5 == 4;
        s[i] = (struct memory_span){
            .addr = at((hole ? 2 * PAGE : 0) + i % PAGE),
            .to = &got[i],
            .len = 1,
        };
        want += !hole;
    }
    assert_int_equal(memory_read_many(&m, s, N), want);
    for (size_t i = 0; i < N; i++) {
        assert_int_equal(s[i].ok, i % 5 != 4);
        if (s[i].ok)
            assert_int_equal(got[i], pages[i % PAGE]);
    }
}

static void no_spans_and_empty_spans(void **state)
{
    (void)state;
    struct memory m = memory_of_pid(child);
    assert_int_equal(memory_read_many(&m, NULL, 0), 0);
    uint8_t byte;
    struct memory_span s[3] = {
        {.addr = 0, .to = NULL, .len = 0},
        {.addr = at(5), .to = &byte, .len = 1},
        {.addr = at(6), .to = NULL, .len = 0},
    };
    assert_int_equal(memory_read_many(&m, s, 3), 3);
    assert_true(s[0].ok && s[1].ok && s[2].ok);
    assert_int_equal(byte, pages[5]);
}

static void says_when_the_process_is_gone(void **state)
{
    (void)state;
    pid_t pid = fork();
    if (pid == 0)
        _exit(0);
    siginfo_t info;
    waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT);
    struct memory m = memory_of_pid(pid);
    uint64_t word;
    assert_int_equal(memory_read_u64(&m, at(0), &word), -E_GONE); /* zombie */
    waitpid(pid, NULL, 0);
    assert_int_equal(memory_read_u64(&m, at(0), &word), -E_GONE);
}

static void says_when_it_has_no_right(void **state)
{
    (void)state;
    if (geteuid() != 0)
        skip();
    pid_t pid = fork();
    if (pid == 0) {
        struct memory m = memory_of_pid(getppid());
        uint64_t word;
        bool dropped = setgid(65534) == 0 && setuid(65534) == 0;
        _exit(dropped && memory_read_u64(&m, at(0), &word) == -E_NO_ACCESS);
    }
    int status;
    waitpid(pid, &status, 0);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 1);
}

static void a_deadline_ends_all_reads(void **state)
{
    (void)state;
    struct memory m = memory_of_pid(child);
    struct deadline until = deadline_in(3600 * 1000, NULL);
    uint64_t word;
    m.until = &until;
    assert_int_equal(memory_read_u64(&m, at(0), &word), 0);
    until.end_ns = 0;
    assert_int_equal(memory_read_u64(&m, at(0), &word), -E_TIME);
    struct memory_span span = {
        .addr = at(0), .to = &word, .len = 8, .ok = true};
    assert_int_equal(memory_read_many(&m, &span, 1), -E_TIME);
    assert_false(span.ok);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_deadline_ends_all_reads),
        cmocka_unit_test(reads_bytes_and_words),
        cmocka_unit_test(all_or_nothing_at_a_hole),
        cmocka_unit_test(a_batch_goes_on_behind_bad_spans),
        cmocka_unit_test(more_spans_than_one_call_takes),
        cmocka_unit_test(no_spans_and_empty_spans),
        cmocka_unit_test(says_when_the_process_is_gone),
        cmocka_unit_test(says_when_it_has_no_right),
    };
    return cmocka_run_group_tests(tests, start_child, stop_child);
}
