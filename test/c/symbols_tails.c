/* C functions that end with a jump to another one. The test looks at its own
 * functions. */
#include "test.h"

#include <unistd.h>

#include "symbols/bifs_tails.h"

/* What a compiler makes of `return shared(...)` as the last call. */
__asm__(".text\n"
#define FUNCTION(name, code)                                                   \
    ".globl " name "\n.type " name ", @function\n" name                        \
    ":\n.cfi_startproc\n" code ".cfi_endproc\n.size " name ", . - " name "\n"
        FUNCTION("tails_shared", "ret\n nop\n nop\n nop\n nop\n")
            FUNCTION("tails_own", "ret\n nop\n nop\n nop\n nop\n")
                FUNCTION("tails_one", "test %edi, %edi\n jne.d32 tails_own\n"
                                      "jmp.d32 tails_shared\n")
                    FUNCTION("tails_two", "jmp.d32 tails_shared\n")
                        FUNCTION("tails_inside", "1: nop\n jmp.d32 1b\n"));

void tails_shared(void), tails_own(void), tails_one(void), tails_two(void),
    tails_inside(void);

static uint64_t address(void (*function)(void))
{
    return (uint64_t)(uintptr_t)function;
}

struct fixture {
    struct process process;
    struct memory memory;
    struct maps maps;
    struct texts pool;
    struct symbols_native *native;
    struct bifs *bifs;
    struct bifs_tails tails;
};

static void setup(struct fixture *f)
{
    *f = (struct fixture){.process = {.pid = getpid(), .inner_pid = getpid()}};
    assert_true(readlink("/proc/self/exe", f->process.exe,
                         sizeof(f->process.exe) - 1) > 0);
    f->memory = memory_of_pid(getpid());
    texts_init(&f->pool);
    assert_int_equal(maps_read(getpid(), &f->maps), 0);
    assert_int_equal(
        symbols_native_open(&f->process, &f->memory, &f->pool, &f->native), 0);
    symbols_native_set_maps(f->native, &f->maps);
    assert_int_equal(bifs_open(NULL, NULL, &f->bifs), 0);
    bifs_tails_init(&f->tails);
}

static void teardown(struct fixture *f)
{
    bifs_tails_deinit(&f->tails);
    bifs_close(f->bifs);
    symbols_native_close(f->native);
    texts_deinit(&f->pool);
    maps_deinit(&f->maps);
}

static void add(struct fixture *f, void (*function)(void), const char *name)
{
    assert_int_equal(bifs_add(f->bifs, address(function), name, false), 0);
}

static const char *name_of(struct fixture *f, void (*function)(void))
{
    const struct bifs_entry *entry =
        bifs_tails_find(&f->tails, f->bifs, f->native, address(function));
    return entry ? entry->name : "-";
}

static void what_one_alone_jumps_to_is_its_own(void **state)
{
    struct fixture f;
    (void)state;
    setup(&f);
    assert_string_equal(name_of(&f, tails_shared), "-");
    add(&f, tails_one, "m:one/0");
    assert_string_equal(name_of(&f, tails_own), "m:one/0");
    assert_string_equal(name_of(&f, tails_shared), "m:one/0");
    add(&f, tails_two, "m:two/0");
    assert_string_equal(name_of(&f, tails_own), "m:one/0");
    assert_string_equal(name_of(&f, tails_shared), "-");
    teardown(&f);
}

static void a_loop_is_no_jump_out(void **state)
{
    struct fixture f;
    (void)state;
    setup(&f);
    add(&f, tails_inside, "m:inside/0");
    assert_string_equal(name_of(&f, tails_inside), "-");
    teardown(&f);
}

static void two_names_are_no_name(void **state)
{
    struct fixture f;
    (void)state;
    setup(&f);
    add(&f, tails_two, "m:two/0");
    add(&f, tails_two, "m:alias/0");
    assert_string_equal(name_of(&f, tails_shared), "-");
    teardown(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_one_alone_jumps_to_is_its_own),
        cmocka_unit_test(a_loop_is_no_jump_out),
        cmocka_unit_test(two_names_are_no_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
