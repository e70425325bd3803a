/* Threads that do not run: what the kernel's text says of them, and samples of
 * threads of our own process. */
#include "test.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "engine/asleep.h"
#include "engine/engine.h"

/* --- the text ------------------------------------------------------------- */

static int parse(const char *text, struct asleep_place *out)
{
    return asleep_parse(text, strlen(text), out);
}

static void a_system_call_has_arguments(void **state)
{
    (void)state;
    struct asleep_place p;
    assert_int_equal(parse("202 0x7fa0 0x189 0x0 0x0 0x0 0xffffffffffffffff "
                           "0x7ffe10 0x7f6ff6ac62ad\n",
                           &p),
                     0);
    assert_int_equal(p.system_call, 202);
    assert_int_equal(p.args[0], 0x7fa0);
    assert_int_equal(p.args[5], UINT64_MAX);
    assert_int_equal(p.sp, 0x7ffe10);
    assert_int_equal(p.ip, 0x7f6ff6ac62ad);
    struct sample s = {.lost_regs = 0};
    asleep_regs(&p, &s);
    assert_int_equal(s.regs.r[REGS_RDI], 0x7fa0);
    assert_int_equal(s.regs.r[REGS_RSI], 0x189);
    assert_int_equal(s.regs.r[REGS_R9], UINT64_MAX);
    assert_int_equal(s.regs.r[REGS_RIP], 0x7f6ff6ac62ad);
    assert_int_equal(s.lost_regs & (1u << REGS_RSP | 1u << REGS_R10), 0);
    assert_int_equal(s.lost_regs & (1u << REGS_RBP | 1u << REGS_R13),
                     1u << REGS_RBP | 1u << REGS_R13);
}

static void outside_system_calls_there_is_only_a_place(void **state)
{
    (void)state;
    struct asleep_place p;
    assert_int_equal(parse("-1 0x7ffe10 0x401000\n", &p), 0);
    assert_int_equal(p.system_call, -1);
    assert_int_equal(p.sp, 0x7ffe10);
    struct sample s = {.lost_regs = 0};
    asleep_regs(&p, &s);
    assert_int_equal(s.regs.r[REGS_RSP], 0x7ffe10);
    assert_true(s.lost_regs & 1u << REGS_RDI);
}

static void a_thread_that_runs_has_no_place(void **state)
{
    (void)state;
    struct asleep_place p;
    assert_int_equal(parse("running\n", &p), 1);
}

static void other_texts_are_refused(void **state)
{
    (void)state;
    struct asleep_place p;
    static const char *const texts[] = {
        "",
        "\n",
        "runnin",
        "-",
        "-2 0x1 0x2\n",
        "-1 0x1\n",
        "-1 0x1 0x2",
        "-1 0x1 0x2 0x3\n",
        "-1 0x 0x2\n",
        "-1 1 2\n",
        "-1 0x11112222333344445 0x2\n",
        "0 0x1 0x2 0x3 0x4 0x5 0x6 0x7\n",
        "12345678901 0x1 0x2 0x3 0x4 0x5 0x6 0x7 0x8\n",
        "0 0x1 0x2 0x3 0x4 0x5 0x6 0x7 0x8\nx",
    };
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        if (parse(texts[i], &p) != -E_FORMAT)
            fail_msg("not refused: \"%s\"", texts[i]);
    assert_int_equal(
        asleep_parse("0 0x1 0x2 0x3 0x4 0x5 0x6 0x7 0x8\n\0", 35, &p),
        -E_FORMAT);
}

/* --- threads of our own --------------------------------------------------- */

enum { MARK = 0x5afe57ac };

struct other {
    pthread_t thread;
    atomic_int tid;
    atomic_bool stop;
    int pipe[2];
};

/* While it is awake, the two counts differ for a part of the time. */
static void *naps(void *arg)
{
    struct other *o = arg;
    volatile uint64_t marked[4];
    /* Not by an initializer, of which a sanitizer keeps a copy on the stack. */
    marked[1] = marked[2] = 0;
    marked[0] = marked[3] = MARK;
    o->tid = (int)gettid();
    while (!o->stop) {
        marked[1]++;
        for (volatile int i = 0; i < 20000; i++)
            ;
        marked[2]++;
        poll(NULL, 0, 1);
    }
    return NULL;
}

static void *spins(void *arg)
{
    struct other *o = arg;
    o->tid = (int)gettid();
    while (!o->stop)
        ;
    return NULL;
}

static void *reads(void *arg)
{
    struct other *o = arg;
    char byte;
    o->tid = (int)gettid();
    return read(o->pipe[0], &byte, 1) == 1 ? arg : NULL;
}

static void begin(struct other *o, void *(*what)(void *))
{
    o->tid = 0;
    o->stop = false;
    assert_int_equal(pipe(o->pipe), 0);
    assert_int_equal(pthread_create(&o->thread, NULL, what, o), 0);
    while (!o->tid)
        sched_yield();
}

static void end(struct other *o)
{
    o->stop = true;
    assert_int_equal(write(o->pipe[1], "", 1), 1);
    pthread_join(o->thread, NULL);
    close(o->pipe[0]);
    close(o->pipe[1]);
}

static struct asleep a;
static struct memory memory;

/* Of a thread that is no scheduler, whatever is known of the VM. */
static void ask_for(pid_t tid)
{
    static struct threads threads;
    static struct layout layout;
    static struct maps maps;
    const struct engine_view view = {
        .threads = &threads, .layout = &layout, .maps = &maps};
    memory = memory_of_pid(getpid());
    a.pid = getpid();
    a.memory = &memory;
    asleep_request(&a, &view, tid);
}

static int until_asleep(void)
{
    int found = 0;
    while (found == 0)
        found = asleep_sample(&a);
    return found;
}

static void one_that_waits_is_where_it_waits(void **state)
{
    (void)state;
    struct other o;
    begin(&o, reads);
    ask_for(o.tid);
    assert_int_equal(until_asleep(), 1);
    while (a.sample.system_call != SYS_read)
        assert_int_equal(until_asleep(), 1);
    assert_int_equal(a.sample.regs.r[REGS_RDI], o.pipe[0]);
    assert_true(a.sample.exact && a.sample.in_kernel && a.sample.has_regs);
    assert_int_equal(a.sample.tid, o.tid);
    assert_int_equal(a.sample.stack.addr, a.sample.regs.r[REGS_RSP] & ~7ull);
    assert_true(a.sample.stack.len > 0);
    const struct schedstat stat = a.stat;
    assert_int_equal(asleep_sample(&a), 1);
    assert_memory_equal(&a.stat, &stat, sizeof(stat));
    end(&o);
    assert_int_equal(asleep_sample(&a), -ESRCH);
}

static void one_that_runs_is_not_taken(void **state)
{
    (void)state;
    struct other o;
    begin(&o, spins);
    ask_for(o.tid);
    for (int i = 0; i < 1000; i++)
        assert_int_equal(asleep_sample(&a), 0);
    end(&o);
}

static const uint64_t *find_mark(const struct sample_copy *c)
{
    const uint64_t *words = (const uint64_t *)(const void *)c->bytes;
    for (size_t i = 0; i + 4 <= c->len / 8; i++)
        if (words[i] == MARK && words[i + 3] == MARK)
            return words + i;
    return NULL;
}

/* What is copied is of one moment, however often it wakes up. */
static void a_copy_is_of_one_sleep(void **state)
{
    (void)state;
    struct other o;
    uint64_t first = 0, last = 0;
    begin(&o, naps);
    ask_for(o.tid);
    while (last < first + 200) {
        const uint64_t *mark =
            asleep_sample(&a) == 1 ? find_mark(&a.sample.stack) : NULL;
        if (!mark)
            continue;
        assert_int_equal(mark[1], mark[2]);
        last = mark[1];
        first = first ? first : last;
    }
    end(&o);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_system_call_has_arguments),
        cmocka_unit_test(outside_system_calls_there_is_only_a_place),
        cmocka_unit_test(a_thread_that_runs_has_no_place),
        cmocka_unit_test(other_texts_are_refused),
        cmocka_unit_test(one_that_waits_is_where_it_waits),
        cmocka_unit_test(one_that_runs_is_not_taken),
        cmocka_unit_test(a_copy_is_of_one_sleep),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
