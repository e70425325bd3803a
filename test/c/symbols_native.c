/* The test looks at its own process: its functions, those of libc, and those of
 * the vdso. */
#include "test.h"

#include <stdio.h>
#include <sys/auxv.h>
#include <unistd.h>

#include "symbols/symbols_native.h"

struct fixture {
    struct process process;
    struct memory memory;
    struct maps maps;
    struct texts pool;
    struct symbols_native *native;
};

static int setup(void **state)
{
    static struct fixture f;
    f.process = (struct process){.pid = getpid(), .inner_pid = getpid()};
    if (readlink("/proc/self/exe", f.process.exe, sizeof(f.process.exe) - 1) <
        0)
        return -1;
    f.memory = memory_of_pid(getpid());
    texts_init(&f.pool);
    if (maps_read(getpid(), &f.maps) ||
        symbols_native_open(&f.process, &f.memory, &f.pool, &f.native))
        return -1;
    symbols_native_set_maps(f.native, &f.maps);
    *state = &f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    symbols_native_close(f->native);
    texts_deinit(&f->pool);
    maps_deinit(&f->maps);
    return 0;
}

/* Not static and never inlined: a symbol with a size of its own. */
__attribute__((noinline)) int native_probe_function(int value);
int native_probe_function(int value)
{
    return value * 3 + (int)getpid();
}

static void names_a_function_of_the_executable(void **state)
{
    struct fixture *f = *state;
    uint64_t at = (uint64_t)(uintptr_t)native_probe_function;
    const struct native_function *n = symbols_native_at(f->native, at + 3);
    assert_string_equal(n->name, "native_probe_function");
    assert_string_equal(n->object, "symbols_native");
    assert_true(n->named && n->executable && !n->collector);
    assert_true(n->start == at);
}

static void names_a_function_of_a_library(void **state)
{
    struct fixture *f = *state;
    uint64_t at = (uint64_t)(uintptr_t)a64l;
    const struct native_function *n = symbols_native_at(f->native, at + 1);
    assert_string_equal(n->name, "a64l");
    assert_non_null(strstr(n->object, "libc"));
    assert_true(n->named && !n->executable);
}

static void names_a_function_of_the_vdso(void **state)
{
    struct fixture *f = *state;
    uint64_t base = getauxval(AT_SYSINFO_EHDR);
    bool found = false;
    if (!base)
        skip();
    for (uint64_t at = base; at < base + 8192 && !found; at += 16)
        found = strstr(symbols_native_at(f->native, at)->name, "gettime");
    assert_true(found);
    assert_string_equal(symbols_native_at(f->native, base)->object, "[vdso]");
}

static void says_what_it_does_not_know(void **state)
{
    struct fixture *f = *state;
    int on_stack;
    const uint64_t nowhere[] = {0, 1, (uint64_t)(uintptr_t)&on_stack,
                                UINT64_MAX};
    for (size_t i = 0; i < 4; i++) {
        const struct native_function *n =
            symbols_native_at(f->native, nowhere[i]);
        assert_string_equal(n->name, "");
        assert_true(n->start == 0);
    }
}

/* A stripped library has functions without a symbol: all addresses of one
 * share the name of its start. */
static void a_function_without_a_symbol_is_its_object_and_start(void **state)
{
    struct fixture *f = *state;
    const struct map *map = maps_find(&f->maps, (uint64_t)(uintptr_t)a64l);
    size_t unnamed = 0;
    assert_non_null(map);
    for (uint64_t at = map->start; at < map->end; at += 64) {
        struct native_function n = *symbols_native_at(f->native, at);
        if (n.named)
            continue;
        unnamed++;
        assert_non_null(strstr(n.name, "+0x"));
        assert_memory_equal(n.name, n.object, strlen(n.object));
        if (n.start)
            assert_string_equal(symbols_native_at(f->native, n.start)->name,
                                n.name);
    }
    printf("%zu addresses of %s without a symbol\n", unnamed, map->path);
}

static void keeps_what_is_still_mapped(void **state)
{
    struct fixture *f = *state;
    uint64_t at = (uint64_t)(uintptr_t)a64l;
    const struct maps none = {0};
    symbols_native_set_maps(f->native, &f->maps);
    assert_string_equal(symbols_native_at(f->native, at)->name, "a64l");
    symbols_native_set_maps(f->native, &none);
    assert_string_equal(symbols_native_at(f->native, at)->name, "");
    symbols_native_set_maps(f->native, &f->maps);
    assert_string_equal(symbols_native_at(f->native, at)->name, "a64l");
}

static void compilers_marks_are_cut_off(void **state)
{
    (void)state;
    static const char *const pairs[][2] = {
        {"memcpy@@GLIBC_2.14", "memcpy"},
        {"garbage_collect.part.0", "garbage_collect"},
        {"f.constprop.0.isra.0", "f"},
        {"f.cold", "f"},
        {"f.isra.3@V", "f"},
        {".cold", ".cold"},
        {"@", "@"},
        {"name.with.dots", "name.with.dots"},
        {"", ""},
        {"_Z17beam_jit_call_bifP7processPmPKvPFmS0_S1_S3_Em",
         "beam_jit_call_bif"},
        {"_ZL5innerv.cold", "inner"},
        {"_ZNK4beam3jit3runEi", "beam::jit::run"},
        {"_Z3maxIiET_S0_S0_", "_Z3maxIiET_S0_S0_"}, /* a template's */
        {"_ZN4beamplEi", "_ZN4beamplEi"},           /* an operator */
        {"_ZN1a1b1c1d1e1f1g1h1iEv", "_ZN1a1b1c1d1e1f1g1h1iEv"},
        {"_Z9too_short", "_Z9too_short"},
        {"_Z99999999999999999999f", "_Z99999999999999999999f"},
        {"_Z5plain", "_Z5plain"}, /* a variable */
        {"_ZN1a", "_ZN1a"},
        {"_ZNE", "_ZNE"},
        {"_Z", "_Z"},
    };
    for (size_t i = 0; i < sizeof(pairs) / sizeof(*pairs); i++) {
        char name[64];
        snprintf(name, sizeof(name), "%s", pairs[i][0]);
        symbols_native_plain_name(name);
        assert_string_equal(name, pairs[i][1]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_a_function_of_the_executable),
        cmocka_unit_test(names_a_function_of_a_library),
        cmocka_unit_test(names_a_function_of_the_vdso),
        cmocka_unit_test(says_what_it_does_not_know),
        cmocka_unit_test(a_function_without_a_symbol_is_its_object_and_start),
        cmocka_unit_test(keeps_what_is_still_mapped),
        cmocka_unit_test(compilers_marks_are_cut_off),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
