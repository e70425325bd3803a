#include "test.h"

#include <linux/perf_event.h>

#include "engine/perf_records.h"
#include "engine/perf_regs.h"

/* --- records as the kernel writes them ----------------------------------- */

struct writer {
    uint8_t bytes[8192];
    size_t len;
};

static void put(struct writer *w, uint64_t value, size_t size)
{
    memcpy(w->bytes + w->len, &value, size);
    w->len += size;
}

static size_t begin(struct writer *w, uint32_t type, uint16_t misc)
{
    size_t at = w->len;
    put(w, type, 4);
    put(w, misc, 2);
    put(w, 0, 2);
    return at;
}

static void end(struct writer *w, size_t at)
{
    uint16_t size = (uint16_t)(w->len - at);
    memcpy(w->bytes + at + 6, &size, 2);
}

struct fake {
    uint64_t time, abi, stack_size, stack_copied;
    uint16_t misc;
    const uint64_t *chain;
    size_t chain_len;
};

static void put_sample(struct writer *w, const struct fake *f)
{
    size_t at = begin(w, PERF_RECORD_SAMPLE, f->misc);
    put(w, 0x1234, 8);
    put(w, 77, 4);
    put(w, 78, 4);
    put(w, f->time, 8);
    put(w, 1000000, 8);
    if (f->chain) {
        put(w, f->chain_len, 8);
        for (size_t i = 0; i < f->chain_len; i++)
            put(w, f->chain[i], 8);
    }
    put(w, f->abi, 8);
    for (uint64_t i = 0; f->abi && i < REGS_COUNT; i++)
        put(w, 0x1000 + i, 8);
    put(w, f->stack_size, 8);
    for (uint64_t i = 0; i < f->stack_size; i++)
        put(w, i & 0xff, 1);
    if (f->stack_size)
        put(w, f->stack_copied, 8);
    end(w, at);
}

static const struct fake plain = {.time = 5,
                                  .abi = PERF_SAMPLE_REGS_ABI_64,
                                  .stack_size = 64,
                                  .stack_copied = 40,
                                  .misc = PERF_RECORD_MISC_USER};

static int parse(const struct fake *f, struct perf_record *out)
{
    static struct writer w; /* the record borrows its bytes */
    w.len = 0;
    put_sample(&w, f);
    return perf_records_parse(w.bytes, w.len, f->chain != NULL, out);
}

/* --- one record ---------------------------------------------------------- */

static void a_sample_has_its_registers_in_dwarf_order(void **state)
{
    (void)state;
    struct perf_record r;
    assert_int_equal(parse(&plain, &r), 0);
    assert_int_equal(r.kind, PERF_RECORDS_SAMPLE);
    assert_int_equal(r.sample.tid, 78);
    assert_int_equal(r.sample.time_ns, 5);
    assert_int_equal(r.sample.period_ns, 1000000);
    assert_true(r.sample.has_regs);
    assert_false(r.sample.in_kernel);
    /* AX BX CX DX SI DI BP SP IP R8.. is the kernel's order. */
    assert_int_equal(r.sample.regs.r[REGS_RAX], 0x1000);
    assert_int_equal(r.sample.regs.r[REGS_RBX], 0x1001);
    assert_int_equal(r.sample.regs.r[REGS_RDX], 0x1003);
    assert_int_equal(r.sample.regs.r[REGS_RSP], 0x1007);
    assert_int_equal(r.sample.regs.r[REGS_RIP], 0x1008);
    assert_int_equal(r.sample.regs.r[REGS_R8], 0x1009);
    assert_int_equal(r.sample.regs.r[REGS_R15], 0x1010);
}

static void the_stack_is_as_long_as_what_was_copied(void **state)
{
    (void)state;
    struct perf_record r;
    assert_int_equal(parse(&plain, &r), 0);
    assert_int_equal(r.sample.stack.addr, 0x1007);
    assert_int_equal(r.sample.stack.len, 40);
    assert_int_equal(r.sample.stack.bytes[39], 39);
    assert_false(r.stack_cut);

    struct fake full = plain;
    full.stack_copied = 64;
    assert_int_equal(parse(&full, &r), 0);
    assert_true(r.stack_cut);
}

static void a_kernel_thread_has_neither_registers_nor_stack(void **state)
{
    (void)state;
    struct fake f = {.time = 1, .misc = PERF_RECORD_MISC_KERNEL};
    struct perf_record r;
    assert_int_equal(parse(&f, &r), 0);
    assert_true(r.sample.in_kernel);
    assert_false(r.sample.has_regs);
    assert_int_equal(r.sample.stack.len, 0);
}

static void registers_of_32_bit_code_are_not_used(void **state)
{
    (void)state;
    struct fake f = plain;
    f.abi = PERF_SAMPLE_REGS_ABI_32;
    struct perf_record r;
    assert_int_equal(parse(&f, &r), 0);
    assert_false(r.sample.has_regs);
    assert_int_equal(r.sample.stack.len, 0);
}

static void the_chain_is_without_its_marks(void **state)
{
    (void)state;
    const uint64_t chain[] = {(uint64_t)PERF_CONTEXT_KERNEL, 0xffffffff81000000,
                              0xffffffff82000000};
    struct fake f = plain;
    f.chain = chain;
    f.chain_len = 3;
    struct perf_record r;
    assert_int_equal(parse(&f, &r), 0);
    assert_int_equal(r.sample.kernel_count, 2);
    assert_true(r.sample.kernel_ips[0] == 0xffffffff81000000);
    assert_int_equal(r.sample.stack.len, 40);
}

static void a_long_chain_keeps_its_leaf_end(void **state)
{
    (void)state;
    uint64_t chain[200];
    for (size_t i = 0; i < 200; i++)
        chain[i] = i + 1;
    struct fake f = plain;
    f.chain = chain;
    f.chain_len = 200;
    struct perf_record r;
    assert_int_equal(parse(&f, &r), 0);
    assert_int_equal(r.sample.kernel_count, SAMPLE_MAX_KERNEL_FRAMES);
    assert_int_equal(r.sample.kernel_ips[0], 1);
    assert_int_equal(r.sample.stack.len, 40);
}

static void impossible_sizes_are_refused(void **state)
{
    (void)state;
    struct perf_record r;
    struct fake f = plain;
    f.stack_copied = 65; /* more than there is room for */
    assert_int_equal(parse(&f, &r), -E_FORMAT);

    struct writer w = {.len = 0};
    put_sample(&w, &plain);
    for (size_t cut = 0; cut < w.len; cut++) {
        uint16_t size = (uint16_t)cut;
        memcpy(w.bytes + 6, &size, 2);
        assert_int_equal(perf_records_parse(w.bytes, cut, false, &r),
                         -E_FORMAT);
    }
}

static void a_chain_longer_than_the_record_is_refused(void **state)
{
    (void)state;
    struct writer w = {.len = 0};
    size_t at = begin(&w, PERF_RECORD_SAMPLE, 0);
    for (int i = 0; i < 4; i++)
        put(&w, 1, 8);
    put(&w, UINT64_MAX / 8, 8);
    end(&w, at);
    struct perf_record r;
    assert_int_equal(perf_records_parse(w.bytes, w.len, true, &r), -E_FORMAT);
}

/* --- a ring -------------------------------------------------------------- */

enum { RING = 1024 };

struct ring {
    uint8_t bytes[RING];
    uint8_t scratch[PERF_RECORDS_MAX_BYTES];
    struct perf_records records;
};

/* Writes w into the ring from a position on, around its end. */
static void fill(struct ring *ring, uint64_t from, const struct writer *w)
{
    for (size_t i = 0; i < w->len; i++)
        ring->bytes[(from + i) & (RING - 1)] = w->bytes[i];
    ring->records = (struct perf_records){ring->bytes,   RING,  from,
                                          from + w->len, false, ring->scratch};
}

static void put_others(struct writer *w)
{
    size_t at = begin(w, PERF_RECORD_LOST, 0);
    put(w, 3, 8);
    put(w, 17, 8);
    end(w, at);
    at = begin(w, PERF_RECORD_MMAP2, 0); /* not known here */
    put(w, 0, 8);
    end(w, at);
    at = begin(w, PERF_RECORD_FORK, 0);
    put(w, 77, 4);
    put(w, 77, 4);
    put(w, 90, 4);
    put(w, 78, 4);
    put(w, 6, 8);
    end(w, at);
    for (uint64_t i = 0; i < 2; i++) {
        at = begin(w, i ? PERF_RECORD_UNTHROTTLE : PERF_RECORD_THROTTLE, 0);
        put(w, 4000 + i, 8); /* time */
        put(w, 1, 8);
        put(w, 1, 8);
        end(w, at);
    }
}

static void every_record_is_found_wherever_the_ring_ends(void **state)
{
    (void)state;
    static struct ring ring;
    struct writer w = {.len = 0};
    put_sample(&w, &plain);
    put_others(&w);
    for (uint64_t from = 0; from < RING; from += 8) {
        struct perf_record r;
        fill(&ring, UINT64_MAX - RING + 1 + from, &w); /* wraps 64 bits, too */
        assert_int_equal(perf_records_next(&ring.records, &r), 1);
        assert_int_equal(r.sample.regs.r[REGS_R15], 0x1010);
        for (size_t i = 0; i < 40; i++)
            assert_int_equal(r.sample.stack.bytes[i], i);
        assert_int_equal(perf_records_next(&ring.records, &r), 1);
        assert_int_equal(r.kind, PERF_RECORDS_LOST);
        assert_int_equal(r.lost, 17);
        assert_int_equal(perf_records_next(&ring.records, &r), 1);
        assert_int_equal(r.kind, PERF_RECORDS_OTHER);
        assert_int_equal(perf_records_next(&ring.records, &r), 1);
        assert_int_equal(r.kind, PERF_RECORDS_FORK);
        assert_int_equal(r.pid, 77);
        assert_int_equal(r.tid, 90);
        assert_int_equal(perf_records_next(&ring.records, &r), 1);
        assert_int_equal(r.kind, PERF_RECORDS_THROTTLE);
        assert_int_equal(perf_records_next(&ring.records, &r), 1);
        assert_int_equal(r.kind, PERF_RECORDS_OTHER);
        assert_int_equal(perf_records_next(&ring.records, &r), 0);
    }
}

static void a_malformed_record_ends_the_batch(void **state)
{
    (void)state;
    static struct ring ring;
    for (uint16_t bad = 0; bad < 8; bad++) {
        struct writer w = {.len = 0};
        put_sample(&w, &plain);
        size_t at = w.len;
        put_others(&w);
        memcpy(w.bytes + at + 6, &bad, 2);
        fill(&ring, 512, &w);
        struct perf_record r;
        assert_int_equal(perf_records_next(&ring.records, &r), 1);
        assert_int_equal(perf_records_next(&ring.records, &r), -E_FORMAT);
        assert_int_equal(perf_records_next(&ring.records, &r), 0);
        assert_true(ring.records.tail == ring.records.head);
    }
}

static void a_record_past_the_head_is_refused(void **state)
{
    (void)state;
    static struct ring ring;
    struct writer w = {.len = 0};
    put_sample(&w, &plain);
    fill(&ring, 0, &w);
    ring.records.head -= 8;
    struct perf_record r;
    assert_int_equal(perf_records_next(&ring.records, &r), -E_FORMAT);
    fill(&ring, 0, &w);
    ring.records.head = RING + 8; /* more than a ring can hold */
    assert_int_equal(perf_records_next(&ring.records, &r), -E_FORMAT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_sample_has_its_registers_in_dwarf_order),
        cmocka_unit_test(the_stack_is_as_long_as_what_was_copied),
        cmocka_unit_test(a_kernel_thread_has_neither_registers_nor_stack),
        cmocka_unit_test(registers_of_32_bit_code_are_not_used),
        cmocka_unit_test(the_chain_is_without_its_marks),
        cmocka_unit_test(a_long_chain_keeps_its_leaf_end),
        cmocka_unit_test(impossible_sizes_are_refused),
        cmocka_unit_test(a_chain_longer_than_the_record_is_refused),
        cmocka_unit_test(every_record_is_found_wherever_the_ring_ends),
        cmocka_unit_test(a_malformed_record_ends_the_batch),
        cmocka_unit_test(a_record_past_the_head_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
