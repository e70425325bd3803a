/* Parses one entry of the JIT list into a module. */
#include "jit_entries.h"

#include "target/jit.h"

static int parse(const struct buffer *b, struct jit_module **m)
{
    uint32_t layout = 9;
    uint64_t exit_at = 0;
    return jit_parse_entry(b->data, b->len, m, &layout, &exit_at);
}

static struct buffer full_module(void)
{
    struct buffer b;
    buffer_init(&b, 1 << 20);
    put_module(&b, "m", 0x1000, 0x300, 5);
    put_range(&b, "m::codeHeader", 0, 0x40, 0);
    put_range(&b, "m:f/1-CodeInfoPrologue", 0x40, 0x70, 0);
    put_range(&b, "m:f/1", 0x70, 0x100, 2);
    put_line(&b, 0x40, 10, "m.erl");
    put_line(&b, 0x90, 12, "m.erl");
    put_range(&b, "m:'-g/0-fun-0-'/2", 0x100, 0x200, 0);
    put_range(&b, "m::codeFooter", 0x200, 0x300, 0);
    return b;
}

static void reads_functions_and_lines(void **state)
{
    (void)state;
    struct buffer b = full_module();
    struct jit_module *m;
    assert_int_equal(parse(&b, &m), 0);
    assert_string_equal(m->name, "m");
    assert_false(m->emulator);
    assert_int_equal(m->function_count, 2);
    const struct jit_function *f = jit_function_at(m, 0x1050);
    assert_string_equal(f->name, "m:f/1");
    assert_int_equal(f->start, 0x1040);
    assert_int_equal(f->end, 0x1100);
    assert_int_equal(f->info, 0x1040);
    assert_int_equal(jit_line_at(m, f, 0x1080)->line, 10);
    assert_int_equal(jit_line_at(m, f, 0x10ff)->line, 12);
    assert_string_equal(jit_line_at(m, f, 0x10ff)->file, "m.erl");
    assert_string_equal(jit_function_at(m, 0x1100)->name, "m:'-g/0-fun-0-'/2");
    assert_null(jit_function_at(m, 0x1000)); /* header */
    assert_null(jit_function_at(m, 0x1250)); /* footer */
    jit_module_free(m);
    buffer_deinit(&b);
}

static void reads_the_emulators_facts(void **state)
{
    (void)state;
    struct buffer b;
    buffer_init(&b, 1 << 20);
    put_emulator(&b);
    struct jit_module *m;
    uint32_t layout = 9;
    uint64_t exit_at = 0;
    assert_int_equal(jit_parse_entry(b.data, b.len, &m, &layout, &exit_at), 0);
    assert_int_equal(layout, 1);
    assert_int_equal(exit_at, 0x7000);
    jit_module_free(m);
    buffer_deinit(&b);
}

static void tells_the_vms_fragments_from_kernels_global(void **state)
{
    (void)state;
    const char *functions[] = {"global::call_bif_shared", "global:start/0"};
    for (int i = 0; i < 2; i++) {
        struct buffer b;
        buffer_init(&b, 1 << 20);
        put_module(&b, "global", 0x1000, 0x100, 1);
        put_range(&b, functions[i], 0, 0x100, 0);
        struct jit_module *m;
        assert_int_equal(parse(&b, &m), 0);
        assert_int_equal(m->emulator, i == 0);
        jit_module_free(m);
        buffer_deinit(&b);
    }
}

static void refuses_every_truncation_and_excess(void **state)
{
    (void)state;
    struct buffer b = full_module();
    struct jit_module *m;
    for (size_t len = 0; len < b.len; len++) {
        struct buffer cut = {.data = malloc(len ? len : 1), .len = len};
        memcpy(cut.data, b.data, len);
        assert_int_equal(parse(&cut, &m), -E_FORMAT);
        free(cut.data);
    }
    put32(&b, 0);
    assert_int_equal(parse(&b, &m), -E_FORMAT);
    buffer_deinit(&b);
}

static void refuses_ranges_outside_the_code(void **state)
{
    (void)state;
    struct buffer b;
    buffer_init(&b, 1 << 20);
    put_module(&b, "m", 0x1000, 0x100, 1);
    put_range(&b, "m:f/1", 0x80, 0x101, 0);
    struct jit_module *m;
    assert_int_equal(parse(&b, &m), -E_FORMAT);
    buffer_deinit(&b);
}

/* A prologue without its function keeps the function's name, and lines that
 * came in another order are sorted. */
static void sorts_lines_and_names_a_lone_prologue(void **state)
{
    (void)state;
    struct buffer b;
    buffer_init(&b, 1 << 20);
    put_module(&b, "m", 0x1000, 0x300, 3);
    put_range(&b, "m:f/1", 0x100, 0x200, 3);
    put_line(&b, 0x180, 3, "b.erl");
    put_line(&b, 0x100, 1, "a.erl");
    put_line(&b, 0x140, 2, "b.erl");
    put_range(&b, "m:g/1-CodeInfoPrologue", 0x40, 0x70, 0);
    put_range(&b, "m:h/1", 0x70, 0x100, 0);
    struct jit_module *m;
    assert_int_equal(parse(&b, &m), 0);
    const struct jit_function *f = jit_function_at(m, 0x11ff);
    assert_string_equal(f->name, "m:f/1");
    assert_null(jit_line_at(m, f, 0x10ff));
    for (uint32_t line = 1; line <= 3; line++) {
        uint64_t addr = 0x10c0 + 0x40 * line;
        assert_int_equal(jit_line_at(m, f, addr)->line, line);
        assert_string_equal(jit_line_at(m, f, addr)->file,
                            line == 1 ? "a.erl" : "b.erl");
    }
    f = jit_function_at(m, 0x1040);
    assert_string_equal(f->name, "m:g/1");
    assert_int_equal(f->end, 0x1070);
    assert_int_equal(jit_function_at(m, 0x1070)->info, 0);
    jit_module_free(m);
    buffer_deinit(&b);
}

/* Counts that the bytes cannot hold must not be allocated for. */
static void refuses_counts_beyond_the_bytes(void **state)
{
    (void)state;
    struct buffer b;
    struct jit_module *m;
    buffer_init(&b, 1 << 20);
    put_module(&b, "m", 0x1000, 0x100, UINT32_MAX);
    assert_int_equal(parse(&b, &m), -E_FORMAT);
    buffer_clear(&b);
    put_module(&b, "m", 0x1000, 0x100, 1);
    put_range(&b, "m:f/1", 0, 0x100, UINT32_MAX);
    assert_int_equal(parse(&b, &m), -E_FORMAT);
    buffer_clear(&b);
    put_module(&b, "m", UINT64_MAX - 0x10, 0x100, 0);
    assert_int_equal(parse(&b, &m), -E_FORMAT);
    buffer_deinit(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_functions_and_lines),
        cmocka_unit_test(reads_the_emulators_facts),
        cmocka_unit_test(tells_the_vms_fragments_from_kernels_global),
        cmocka_unit_test(refuses_every_truncation_and_excess),
        cmocka_unit_test(refuses_ranges_outside_the_code),
        cmocka_unit_test(sorts_lines_and_names_a_lone_prologue),
        cmocka_unit_test(refuses_counts_beyond_the_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
