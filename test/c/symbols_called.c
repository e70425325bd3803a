/* Calls in JIT code, and which BIF, NIF or Erlang function they name. */
#include "jit_node.h"

#include "base/clock.h"
#include "symbols/symbols_bifs.h"

enum {
    CALLER = JIT_BASE + 0xb000, /* a module of 0x100 bytes */
    STUB = JIT_BASE + 0xb800,
    EXPORT = JIT_BASE + 0xb400,
    CALLEE = JIT_BASE + 0xbc00,
    RET = CALLER + 0x60,
    AT = RET - 1,
    CODE = STUB + 0x50, /* behind the ErtsCodeInfo */
};

/* erlang:phash2/1 of OTP 25, the body of it. */
static const uint8_t bif_stub[] = {
    0x48, 0x8d, 0x35, 0xd9, 0xff, 0xff, 0xff, 0x48, 0x8d,
    0x15, 0xf2, 0xff, 0xff, 0xff, 0x48, 0xb9, 0x20, 0xa6,
    0xa3, 0xd6, 0xf4, 0x55, 0x00, 0x00, 0x40, 0xe9,
};

struct fixture {
    struct jit_node *node;
    struct memory memory;
    struct symbols_config config;
    struct symbols_bifs *bifs;
    struct texts pool;
    struct symbol_frames said;
};

static void write_at(struct fixture *f, uint64_t addr, const void *bytes,
                     size_t len)
{
    memcpy(jit_node_at(f->node, addr), bytes, len);
}

static void put_local_call(struct fixture *f, uint64_t target)
{
    uint8_t call[5] = {0xe8};
    int32_t distance = (int32_t)(target - RET);
    memcpy(call + 1, &distance, 4);
    write_at(f, RET - 5, call, 5);
}

static void put_export_call(struct fixture *f, uint64_t export)
{
    uint8_t call[14] = {0x48, 0xb8, 0, 0,    0,    0,    0,
                        0,    0,    0, 0x42, 0xff, 0x14, 0xe0};
    memcpy(call + 2, &export, 8);
    write_at(f, RET - 14, call, 14);
}

/* The ErtsCodeMFA of a function in its ErtsCodeInfo, and in an Export. */
static const uint64_t phash2_mfa[] = {0x4b, 0x8b, 1};
static const uint64_t callee_mfa[] = {0xcb, 0x10b, 1};

static void put_mfas(struct fixture *f)
{
    write_at(f, STUB + 0x20 + 16, phash2_mfa, sizeof(phash2_mfa));
    write_at(f, CALLEE + 0x20 + 16, callee_mfa, sizeof(callee_mfa));
}

/* Its code is at `address` by one of the code indices. */
static void put_export(struct fixture *f, size_t index, uint64_t address,
                       const uint64_t mfa[3])
{
    enum { MFA_WORD = 7 };
    uint64_t words[16] = {0};
    words[index] = address;
    memcpy(words + MFA_WORD, mfa, 3 * sizeof(*mfa));
    write_at(f, EXPORT, words, sizeof(words));
}

static void setup(struct fixture *f)
{
    *f = (struct fixture){.node = jit_node_new(0x10000)};
    jit_node_load_as(f->node, 2, CALLER, "m:caller/0");
    jit_node_load_as(f->node, 3, STUB, "erlang:phash2/1");
    jit_node_load_as(f->node, 5, CALLEE, "m:callee/1");
    write_at(f, CODE, bif_stub, sizeof(bif_stub));
    put_mfas(f);
    f->memory = jit_node_memory(f->node);
    f->config = (struct symbols_config){.memory = &f->memory,
                                        .jit = jit_node_follow(f->node)};
    texts_init(&f->pool);
    assert_int_equal(symbols_bifs_open(&f->config, NULL, &f->pool, &f->bifs),
                     0);
}

static void teardown(struct fixture *f)
{
    symbols_bifs_close(f->bifs);
    texts_deinit(&f->pool);
    jit_close((struct jit *)f->config.jit);
    jit_node_free(f->node);
}

static const char *ask(struct fixture *f, enum symbol_space space, uint64_t at)
{
    const struct symbol_query query = {
        .at = at, .space = space, .time_ns = clock_now_ns()};
    symbols_bifs_called(f->bifs, &query, &f->said);
    if (f->said.count == 0)
        return "-";
    assert_int_equal(f->said.count, 1);
    assert_int_equal(f->said.list[0].kind, FRAME_BIF);
    return f->said.list[0].name;
}

static void a_stub_called_in_its_module_or_through_its_export(void **state)
{
    struct fixture f;
    (void)state;
    setup(&f);
    assert_string_equal(ask(&f, SYMBOL_CALLED, AT), "-");
    put_local_call(&f, CODE);
    assert_string_equal(ask(&f, SYMBOL_CALLED, AT), "erlang:phash2/1");
    assert_string_equal(ask(&f, SYMBOL_CALLED, AT - 1), "-");
    put_export_call(&f, EXPORT);
    assert_string_equal(ask(&f, SYMBOL_CALLED, AT), "-");
    put_export(&f, 0, CODE, phash2_mfa);
    assert_string_equal(ask(&f, SYMBOL_CALLED, AT), "erlang:phash2/1");
    put_export(&f, 2, CODE, phash2_mfa);
    assert_string_equal(ask(&f, SYMBOL_CALLED, AT), "erlang:phash2/1");
    put_export(&f, 0, CODE, callee_mfa); /* other code is there by now */
    assert_string_equal(ask(&f, SYMBOL_CALLED, AT), "-");
    teardown(&f);
}

static void what_is_called_is_no_stub(void **state)
{
    struct fixture f;
    (void)state;
    setup(&f);
    put_local_call(&f, CALLER + 0x20); /* Erlang code */
    assert_string_equal(ask(&f, SYMBOL_CALLED, AT), "-");
    put_local_call(&f, 0x7fff0000); /* no code */
    assert_string_equal(ask(&f, SYMBOL_CALLED, AT), "-");
    put_export_call(&f, 0x7fff0000); /* no memory */
    assert_string_equal(ask(&f, SYMBOL_CALLED, AT), "-");
    teardown(&f);
}

static void process_i_counts_at_a_stubs_entry_alone(void **state)
{
    struct fixture f;
    (void)state;
    setup(&f);
    assert_string_equal(ask(&f, SYMBOL_ENTRY, CODE), "erlang:phash2/1");
    assert_string_equal(ask(&f, SYMBOL_ENTRY, CODE + 7), "-");
    assert_string_equal(ask(&f, SYMBOL_ENTRY, RET), "-");
    assert_string_equal(ask(&f, SYMBOL_ENTRY, 0x7fff0000), "-");
    teardown(&f);
}

static void process_current_counts_at_a_stubs_mfa_alone(void **state)
{
    struct fixture f;
    (void)state;
    setup(&f);
    assert_string_equal(ask(&f, SYMBOL_MFA, STUB + 0x20 + 16),
                        "erlang:phash2/1");
    assert_string_equal(ask(&f, SYMBOL_MFA, STUB + 0x20), "-");
    assert_string_equal(ask(&f, SYMBOL_MFA, CODE), "-");
    assert_string_equal(ask(&f, SYMBOL_MFA, CALLEE + 0x20 + 16), "-");
    assert_string_equal(ask(&f, SYMBOL_MFA, 0x7fff0000), "-");
    teardown(&f);
}

static void code_that_is_gone_is_not_read(void **state)
{
    struct fixture f;
    (void)state;
    setup(&f);
    put_local_call(&f, CODE);
    const struct symbol_query then = {
        .at = AT, .space = SYMBOL_CALLED, .time_ns = clock_now_ns()};
    jit_node_purge(f.node, 2);
    jit_node_load_as(f.node, 4, CALLER, "m:another/0");
    assert_int_equal(jit_refresh((struct jit *)f.config.jit), 0);
    symbols_bifs_called(f.bifs, &then, &f.said);
    assert_int_equal(f.said.count, 0);
    teardown(&f);
}

static bool calls_callee(struct fixture *f, uint64_t time_ns)
{
    const struct symbol_query query = {
        .at = AT, .space = SYMBOL_CALLEE, .time_ns = time_ns};
    uint64_t at = symbols_bifs_callee(f->bifs, &query);
    assert_true(!at || (at >= CALLEE && at < CALLEE + 0x100));
    return at != 0;
}

static void the_function_that_a_call_names(void **state)
{
    struct fixture f;
    uint64_t now;
    (void)state;
    setup(&f);
    now = clock_now_ns();
    assert_false(calls_callee(&f, now));
    put_local_call(&f, CALLEE + 0x50);
    assert_true(calls_callee(&f, now));
    put_local_call(&f, CALLEE + 0x80); /* no entry: those bytes are no call */
    assert_false(calls_callee(&f, now));
    put_local_call(&f, CODE); /* a BIF is no Erlang code */
    assert_false(calls_callee(&f, now));
    put_export_call(&f, EXPORT);
    assert_false(calls_callee(&f, now));
    put_export(&f, 1, CALLEE + 0x50, callee_mfa);
    assert_true(calls_callee(&f, now));
    put_export(&f, 1, CALLEE + 0x50, phash2_mfa); /* it was there before */
    assert_false(calls_callee(&f, now));
    put_export(&f, 1, CALLEE + 0x50, callee_mfa);
    jit_node_purge(f.node, 5); /* the export still leads there */
    assert_int_equal(jit_refresh((struct jit *)f.config.jit), 0);
    assert_false(calls_callee(&f, clock_now_ns()));
    teardown(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_stub_called_in_its_module_or_through_its_export),
        cmocka_unit_test(what_is_called_is_no_stub),
        cmocka_unit_test(process_i_counts_at_a_stubs_entry_alone),
        cmocka_unit_test(process_current_counts_at_a_stubs_mfa_alone),
        cmocka_unit_test(code_that_is_gone_is_not_read),
        cmocka_unit_test(the_function_that_a_call_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
