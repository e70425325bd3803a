#include "test.h"

#include <stdio.h>

#include "symbols/symbols_erlang.h"

static struct texts pool;

static struct symbol_frames spell(const char *vm_name)
{
    struct symbol_frames frames;
    memset(&frames, 0xff, sizeof(frames));
    symbols_erlang_spell(&pool, vm_name, &frames);
    assert_int_equal(frames.result, SYMBOL_NAMED);
    return frames;
}

static void functions_are_frames(void **state)
{
    (void)state;
    struct symbol_frames f = spell("lists:seq/2");
    assert_int_equal(f.count, 1);
    assert_int_equal(f.list[0].kind, FRAME_ERLANG);
    assert_string_equal(f.list[0].name, "lists:seq/2");
    assert_string_equal(f.list[0].module, "lists");
    assert_string_equal(f.list[0].function, "seq");
    assert_int_equal(f.list[0].arity, 2);
    assert_string_equal(f.list[0].file, "");
    assert_false(f.gc || f.scheduler);
    f = spell("'Elixir.Enum':'-map/2-fun-0-'/2");
    assert_int_equal(f.list[0].kind, FRAME_ELIXIR);
    assert_string_equal(f.list[0].name, "anonymous fn/2 in Enum.map/2");
    assert_string_equal(f.list[0].module, "Elixir.Enum");
}

static void the_collector_and_the_scheduler_are_frames(void **state)
{
    (void)state;
    struct symbol_frames f = spell("global::garbage_collect");
    assert_int_equal(f.count, 1);
    assert_int_equal(f.list[0].kind, FRAME_GC);
    assert_string_equal(f.list[0].name, "[gc]");
    assert_true(f.gc && !f.scheduler);
    f = spell("global::process_main");
    assert_int_equal(f.count, 1);
    assert_int_equal(f.list[0].kind, FRAME_RUNTIME);
    assert_string_equal(f.list[0].name, "[scheduler]");
    assert_true(f.scheduler && !f.gc);
}

static void other_fragments_belong_to_their_callers(void **state)
{
    (void)state;
    struct symbol_frames f = spell("global::call_light_bif_shared");
    assert_int_equal(f.count, 0);
    assert_false(f.gc || f.scheduler);
    assert_int_equal(f.callee, SYMBOL_LIGHT_BIF);
    f = spell("global::i_length_body_shared");
    assert_int_equal(f.count, 0);
    assert_int_equal(f.callee, SYMBOL_NO_CALLEE);
    assert_int_equal(spell("global::call_bif_shared").callee, SYMBOL_BIF);
    assert_int_equal(spell("global::call_nif_shared").callee, SYMBOL_NIF);
}

static void a_text_is_kept_once_and_never_moves(void **state)
{
    (void)state;
    const char *first = texts_keep(&pool, "once");
    char text[16];
    for (int i = 0; i < 5000; i++) {
        snprintf(text, sizeof(text), "t%d", i);
        assert_string_equal(texts_keep(&pool, text), text);
    }
    assert_ptr_equal(texts_keep(&pool, "once"), first);
    assert_string_equal(first, "once");
}

static int setup(void **state)
{
    (void)state;
    texts_init(&pool);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    texts_deinit(&pool);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(functions_are_frames),
        cmocka_unit_test(the_collector_and_the_scheduler_are_frames),
        cmocka_unit_test(other_fragments_belong_to_their_callers),
        cmocka_unit_test(a_text_is_kept_once_and_never_moves),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
