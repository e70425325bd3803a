/* Records in the form that the BPF program writes, both good and torn. */
#include "test.h"

#include "engine/bpf_sample.h"

struct made {
    struct bpf_record record;
    uint8_t data[4096];
};

static const struct copy_offsets offsets = {.current_process = 168,
                                            .stop = 88,
                                            .htop = 80,
                                            .hend = 136,
                                            .id = 0,
                                            .reg = 32,
                                            .initial = 160,
                                            .continuation = 168,
                                            .current = 104,
                                            .reg_name = 32};

/* Pieces of these lengths, each filled with its own number. */
static size_t make(struct made *m, const size_t len[BPF_PIECES])
{
    size_t at = 0;
    *m = (struct made){.record = {.time_ns = 5, .period_ns = 6, .tid = 7}};
    for (int i = 0; i < BPF_PIECES; i++) {
        m->record.piece[i].addr = (uint64_t)(i + 1) << 20;
        m->record.piece[i].len = len[i];
        memset(m->data + at, i + 1, len[i]);
        at += (len[i] + 7) & ~(size_t)7;
    }
    return sizeof(m->record) + at;
}

static int parse(const struct made *m, size_t len, struct sample *s)
{
    static struct bpf_sample_room room;
    return bpf_sample_read(m, len, &offsets, &room, s);
}

static void finds_every_piece(void **state)
{
    (void)state;
    static struct made m;
    struct sample s;
    size_t len = make(&m, (size_t[]){0, 13, 8, 24, 16, 24});
    m.record.flags = BPF_IN_KERNEL | BPF_HAS_REGS | BPF_HAS_CURRENT;
    m.record.regs[REGS_RIP] = 99;
    assert_int_equal(parse(&m, len, &s), 0);
    assert_true(s.exact && s.in_kernel && s.has_regs && s.has_current);
    assert_true(s.time_ns == 5 && s.period_ns == 6 && s.tid == 7);
    assert_int_equal(s.regs.r[REGS_RIP], 99);
    assert_true(s.stack.len == 13 && s.stack.addr == 2 << 20 &&
                s.stack.bytes[12] == 2);
    assert_true(s.seam.len == 8 && s.seam.bytes[0] == 3);
    assert_true(s.erlang.len == 24 && s.erlang.bytes[23] == 4);
    assert_true(s.erlang_root.len == 16 && s.erlang_root.bytes[0] == 5);
    assert_true(s.kernel_count == 3 &&
                s.kernel_ips[2] == 0x0606060606060606ull);
    assert_int_equal(s.process.c_p, 0);
}

static void takes_the_fields_of_a_process(void **state)
{
    (void)state;
    static struct made m;
    struct sample s;
    size_t len = make(&m, (size_t[]){184, 0, 0, 0, 0, 0});
    uint64_t words[23];
    for (uint64_t i = 0; i < 23; i++)
        words[i] = 100 + i;
    memcpy(m.data, words, sizeof(words));
    m.record.c_p = 0x1000;
    m.record.name = 77;
    assert_int_equal(parse(&m, len, &s), 0);
    assert_true(s.process.c_p == 0x1000 && s.process.name == 77);
    assert_true(s.process.id == 100 && s.process.htop == 110 &&
                s.process.stop == 111 && s.process.hend == 117);
    assert_true(s.process.initial[0] == 120 && s.process.initial[2] == 122);
    assert_int_equal(s.process.continuation, 121);
    assert_int_equal(s.process.current, 113);
    m.record.piece[BPF_PIECE_HEAD].len = 176; /* ends before initial[2] */
    assert_int_equal(parse(&m, len - 8, &s), 0);
    assert_true(s.process.initial[1] == 121 && s.process.initial[2] == 0);
}

static void refuses_pieces_that_are_not_there(void **state)
{
    (void)state;
    static struct made m;
    struct sample s;
    size_t len = make(&m, (size_t[]){0, 16, 0, 24, 0, 0});
    for (size_t cut = 1; cut <= 40; cut++)
        assert_int_equal(parse(&m, len - cut, &s), -E_TORN);
    assert_int_equal(parse(&m, 0, &s), -E_TORN);
    m.record.piece[BPF_PIECE_STACK].len = UINT64_MAX;
    assert_int_equal(parse(&m, len, &s), -E_TORN);
    m.record.piece[BPF_PIECE_STACK].len = UINT64_MAX - 6;
    assert_int_equal(parse(&m, len, &s), -E_TORN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_every_piece),
        cmocka_unit_test(takes_the_fields_of_a_process),
        cmocka_unit_test(refuses_pieces_that_are_not_there),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
