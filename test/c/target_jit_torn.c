/* Finding the JIT list, and reading it while it is damaged: torn, cyclic, or
 * garbage. */
#include "fake_memory.h"
#include "jit_node.h"

#include <errno.h>

#include "base/clock.h"

/* --- finding it ---------------------------------------------------------- */

static int open_in(struct jit_node *n, uint64_t start, struct jit **out)
{
    static struct process p;
    struct map map = {.start = start,
                      .end = JIT_BASE + (n->len & ~(size_t)4095),
                      .inode = 1,
                      .flags = MAPS_READ | MAPS_WRITE,
                      .path = "/fake/beam.smp"};
    struct maps maps = {.list = &map, .count = 1};
    struct memory m = jit_node_memory(n);
    strcpy(p.exe, "/fake/beam.smp");
    return jit_open(&p, &maps, &m, out);
}

static void finds_the_one_valid_descriptor(void **state)
{
    (void)state;
    struct jit_node *n = jit_node_new(0);
    struct jit *jit;
    uint64_t decoy = jit_node_slot(40);
    memcpy(jit_node_at(n, decoy), n->bytes, 24);
    *(uint64_t *)jit_node_at(n, decoy + 16) = jit_node_slot(0); /* not first */
    assert_int_equal(open_in(n, JIT_BASE, &jit), 0);
    assert_int_equal(jit_module_count(jit), 1);
    jit_close(jit);
    jit_node_free(n);
}

static void takes_none_when_two_are_valid_or_none_is(void **state)
{
    (void)state;
    struct jit_node *n = jit_node_new(0);
    struct jit *jit;
    memcpy(jit_node_at(n, jit_node_slot(40)), n->bytes, 24);
    assert_int_equal(open_in(n, JIT_BASE, &jit), -E_NOT_JIT);
    memset(n->bytes, 0, 24);
    assert_int_equal(open_in(n, JIT_BASE, &jit), 0);
    jit_close(jit);
    memset(jit_node_at(n, jit_node_slot(40)), 0, 24);
    assert_int_equal(open_in(n, JIT_BASE, &jit), -E_NOT_JIT);
    jit_node_free(n);
}

/* OTP 29 hides the descriptor, and a VM has none that validates before its
 * first module: the JIT's own texts tell it from a VM without the JIT. */
static void a_jit_without_a_list_is_starting(void **state)
{
    (void)state;
    static const char text[] = "...\0-CodeInfoPrologue";
    struct fake f = {.count = 0};
    struct jit *jit;
    struct process p = {.exe = "/fake/beam.smp"};
    fake_map(&f, 0x400000, 0x1000, "/fake/beam.smp");
    fake_map(&f, 0x500000, 0x1000, "/fake/beam.smp");
    f.maps[0].flags = MAPS_READ;
    struct maps maps = fake_maps(&f);
    struct memory m = fake_memory(&f);
    assert_int_equal(jit_open(&p, &maps, &m, &jit), -E_NOT_JIT);
    fake_put(&f, 0x400f00, text, sizeof(text));
    assert_int_equal(jit_open(&p, &maps, &m, &jit), -E_STARTING);
    fake_free(&f);
}

static void a_list_of_facts_alone_is_a_start(void **state)
{
    (void)state;
    struct jit_node *n = jit_node_new(0);
    struct memory m = jit_node_memory(n);
    struct jit *jit;
    jit_node_purge(n, 1);
    assert_int_equal(jit_follow(&m, JIT_BASE, &jit), -E_STARTING);
    jit_node_purge(n, 0);
    assert_int_equal(jit_follow(&m, JIT_BASE, &jit), -E_TORN);
    jit_node_free(n);
}

/* --- reading it while it changes ----------------------------------------- */

static void reload_once(struct jit_node *n)
{
    jit_node_purge(n, 1);
    jit_node_load(n, 3, "later", 0x3000);
}

static void a_change_at_any_read_is_survived(void **state)
{
    (void)state;
    uint64_t torn = 0;
    for (int reads = 1; reads < 12; reads++) {
        struct jit_node *n = jit_node_new(0);
        struct jit *jit = jit_node_follow(n);
        jit_node_load(n, 2, "new", 0x2000);
        n->reads_until_tear = reads;
        n->tear = reload_once;
        assert_int_equal(jit_refresh(jit), 0);
        uint64_t now = jit_read_at(jit) + NS_PER_S;
        assert_string_equal(jit_node_name(jit, 0x2010, now), "new");
        assert_int_equal(jit_refresh(jit), 0);
        now = jit_read_at(jit) + NS_PER_S;
        assert_string_equal(jit_node_name(jit, 0x2010, now), "new");
        if (n->reads_until_tear == 0) {
            assert_string_equal(jit_node_name(jit, 0x3010, now), "later");
            assert_string_equal(jit_node_name(jit, 0x1010, now), "-");
        }
        torn += jit_counters(jit).torn;
        jit_close(jit);
        jit_node_free(n);
    }
    assert_true(torn > 0);
}

static void purge_newest(struct jit_node *n)
{
    jit_node_purge(n, 2);
}

/* Freed while it is read: nothing of it may be taken over. */
static void an_entry_freed_while_it_is_read_is_left_out(void **state)
{
    (void)state;
    for (int reads = 1; reads < 8; reads++) {
        struct jit_node *n = jit_node_new(0);
        struct jit *jit = jit_node_follow(n);
        jit_node_load(n, 2, "new", 0x2000);
        n->reads_until_tear = reads;
        n->tear = purge_newest;
        assert_int_equal(jit_refresh(jit), 0);
        if (n->reads_until_tear == 0 && jit_module_count(jit) > 1)
            assert_int_equal(jit_refresh(jit), 0);
        uint64_t now = jit_read_at(jit) + NS_PER_S;
        if (n->reads_until_tear == 0)
            assert_string_equal(jit_node_name(jit, 0x2010, now), "-");
        assert_string_equal(jit_node_name(jit, 0x1010, now), "old");
        jit_close(jit);
        jit_node_free(n);
    }
}

/* --- garbage ------------------------------------------------------------- */

static void expect_refused(struct jit_node *n, struct jit *jit)
{
    uint64_t read_at = jit_read_at(jit), torn = jit_counters(jit).torn;
    assert_int_equal(jit_refresh(jit), -E_TORN);
    assert_true(jit_counters(jit).torn > torn);
    assert_int_equal(jit_read_at(jit), read_at);
    assert_string_equal(jit_node_name(jit, 0x1010, read_at), "old");
    assert_string_equal(jit_node_name(jit, 0x2010, read_at + NS_PER_S), "-");
    (void)n;
}

static void garbage_links_and_cycles_end(void **state)
{
    (void)state;
    struct jit_node *n = jit_node_new(0);
    struct jit *jit = jit_node_follow(n);
    jit_node_load(n, 2, "new", 0x2000);
    struct jit_link *link = jit_node_link(n, jit_node_slot(2)), good = *link;
    link->next = jit_node_slot(2); /* a cycle of one */
    link->prev = jit_node_slot(2);
    expect_refused(n, jit);
    *link = good;
    uint64_t *last = &jit_node_link(n, jit_node_slot(0))->next;
    *last = jit_node_slot(1); /* a cycle of two */
    expect_refused(n, jit);
    *last = 0;
    const uint64_t nowhere[] = {0x42, UINT64_MAX, jit_node_slot(2) + 4};
    for (size_t i = 0; i < 3; i++) {
        link->next = nowhere[i];
        expect_refused(n, jit);
    }
    *link = good;
    const uint64_t sizes[] = {0, 23, UINT64_MAX, JIT_MAX_SYMFILE + 1, 0x100000};
    for (size_t i = 0; i < 5; i++) {
        link->size = sizes[i];
        expect_refused(n, jit);
    }
    *link = good;
    assert_int_equal(jit_refresh(jit), 0);
    jit_close(jit);
    jit_node_free(n);
}

/* Every address holds an entry that fits its neighbours. */
static int endless(void *ctx, struct memory_span *spans, size_t n)
{
    const uint64_t *size = ctx;
    for (size_t i = 0; i < n; i++) {
        uint64_t addr = spans[i].addr;
        struct jit_link link = {addr + 64, addr == 64 ? 0 : addr - 64, 64,
                                *size};
        uint64_t first = 64;
        const void *from = spans[i].len == 8 ? (void *)&first : (void *)&link;
        spans[i].ok = spans[i].len <= sizeof(link);
        if (spans[i].ok)
            memcpy(spans[i].to, from, spans[i].len);
    }
    return (int)n;
}

static void a_list_without_end_is_given_up(void **state)
{
    (void)state;
    uint64_t sizes[] = {24, JIT_MAX_SYMFILE}; /* too many, too large */
    for (size_t i = 0; i < 2; i++) {
        struct memory m = {.read_many = endless, .ctx = &sizes[i]};
        struct jit *jit;
        assert_int_equal(jit_follow(&m, JIT_BASE, &jit), -E_CODE_LIST);
    }
}

/* The same, until somebody has seen enough. */
static volatile sig_atomic_t enough;

static int endless_for_a_while(void *ctx, struct memory_span *spans, size_t n)
{
    static uint64_t size = 24;
    size_t *calls = ctx;
    enough = ++*calls == 1000;
    return endless(&size, spans, n);
}

static void it_is_left_when_somebody_asks(void **state)
{
    (void)state;
    size_t calls = 0;
    struct jit *jit;
    const struct deadline until = {.end_ns = DEADLINE_NEVER, .stop = &enough};
    struct memory m = {
        .read_many = endless_for_a_while, .ctx = &calls, .until = &until};
    assert_int_equal(jit_follow(&m, JIT_BASE, &jit), -EINTR);
    assert_int_equal(calls, 1000);
}

static void random_damage_is_survived(void **state)
{
    (void)state;
    uint32_t seed = 1;
    for (int round = 0; round < 3000; round++) {
        struct jit_node *n = jit_node_new(0);
        struct jit *jit = jit_node_follow(n);
        jit_node_load(n, 2, "new", 0x2000);
        for (int i = 0; i < 3; i++) {
            seed = seed * 1103515245 + 12345;
            uint32_t slot = (seed >> 8) % 3, at = (seed >> 16) % 192;
            *jit_node_at(n, jit_node_slot((int)slot) + at) = (uint8_t)seed;
        }
        int err = jit_refresh(jit);
        assert_true(err == 0 || err == -E_TORN || err == -E_CODE_LIST);
        assert_true(jit_changed(jit) >= 0);
        jit_close(jit);
        jit_node_free(n);
    }
}

static int dead(void *ctx, struct memory_span *spans, size_t n)
{
    (void)ctx;
    for (size_t i = 0; i < n; i++)
        spans[i].ok = false;
    return -E_GONE;
}

static void a_dead_node_is_said_to_be_gone(void **state)
{
    (void)state;
    struct jit_node *n = jit_node_new(0);
    struct jit *jit = jit_node_follow(n);
    jit->memory.read_many = dead;
    assert_int_equal(jit_changed(jit), -E_GONE);
    assert_int_equal(jit_refresh(jit), -E_GONE);
    assert_int_equal(jit_counters(jit).torn, 0);
    jit_close(jit);
    jit_node_free(n);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_the_one_valid_descriptor),
        cmocka_unit_test(takes_none_when_two_are_valid_or_none_is),
        cmocka_unit_test(a_jit_without_a_list_is_starting),
        cmocka_unit_test(a_list_of_facts_alone_is_a_start),
        cmocka_unit_test(it_is_left_when_somebody_asks),
        cmocka_unit_test(a_change_at_any_read_is_survived),
        cmocka_unit_test(an_entry_freed_while_it_is_read_is_left_out),
        cmocka_unit_test(garbage_links_and_cycles_end),
        cmocka_unit_test(a_list_without_end_is_given_up),
        cmocka_unit_test(random_damage_is_survived),
        cmocka_unit_test(a_dead_node_is_said_to_be_gone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
