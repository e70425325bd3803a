#include "test.h"

#include "symbols/names.h"

struct pair {
    const char *vm; /* as the VM's %T:%T/%u writes it */
    const char *shown;
};

/* What Exception.format_mfa/3 of Elixir 1.14 answered for real functions of
 * Elixir, Mix and ExUnit, then for names made to be difficult. */
static const struct pair elixir[] = {
    {"'Elixir.Protocol':'-__derive__/3-fun-0-'/4",
     "anonymous fn/4 in Protocol.__derive__/3"},
    {"'Elixir.Mix.Compilers.Elixir':'-compile/7-fun-8-'/1",
     "anonymous fn/1 in Mix.Compilers.Elixir.compile/7"},
    {"'Elixir.Enumerable.File.Stream':'-count/1-fun-0-'/4",
     "anonymous fn/4 in Enumerable.File.Stream.count/1"},
    {"'Elixir.Mix.Tasks.Format':'-eval_deps_and_subdirectories/4-fun-3-'/3",
     "anonymous fn/3 in Mix.Tasks.Format.eval_deps_and_subdirectories/4"},
    {"'Elixir.ExUnit':'-async_run/0-fun-0-'/0",
     "anonymous fn/0 in ExUnit.async_run/0"},
    {"'Elixir.Kernel.Utils':'-unquote_refs_once/2-fun-0-'/3",
     "anonymous fn/3 in Kernel.Utils.unquote_refs_once/2"},
    {"'Elixir.Enum':'-drop_while/2-anonymous-3-'/3",
     "anonymous fn/3 in Enum.drop_while/2"},
    {"'Elixir.Enum':'-reduce/2-anonymous-2-'/3",
     "anonymous fn/3 in Enum.reduce/2"},
    {"'Elixir.Code.Normalizer':'-normalize_interpolation_parts/3-fun-0-'/3",
     "anonymous fn/3 in Code.Normalizer.normalize_interpolation_parts/3"},
    {"'Elixir.Mix.Tasks.Profile.Cprof':'-run/1-fun-0-'/2",
     "anonymous fn/2 in Mix.Tasks.Profile.Cprof.run/1"},
    {"'Elixir.NaiveDateTime':'from_iso8601!'/2",
     "NaiveDateTime.from_iso8601!/2"},
    {"'Elixir.Logger':'MACRO-debug'/3", "Logger.\"MACRO-debug\"/3"},
    {"'Elixir.HashSet':'equal?'/2", "HashSet.equal?/2"},
    {"'Elixir.Mix':'install?'/0", "Mix.install?/0"},
    {"'Elixir.Mix.Tasks.Compile.App':'typed_app?'/1",
     "Mix.Tasks.Compile.App.typed_app?/1"},
    {"'Elixir.Calendar.ISO':'leap_year?'/1", "Calendar.ISO.leap_year?/1"},
    {"'Elixir.Enumerable.Range':'member?'/2", "Enumerable.Range.member?/2"},
    {"'Elixir.Module.Types.Unify':'restore_var!'/3",
     "Module.Types.Unify.restore_var!/3"},
    {"'Elixir.Module':'defines?'/3", "Module.defines?/3"},
    {"'Elixir.Kernel':'MACRO-@'/2", "Kernel.\"MACRO-@\"/2"},
    {"'Elixir.File':'write!'/2", "File.write!/2"},
    {"'Elixir.Mix.Tasks.Format':'write_manifest!'/2",
     "Mix.Tasks.Format.write_manifest!/2"},
    {"'Elixir.Enum':'-shuffle/1-lists^foldl/2-0-'/3",
     "Enum.\"-shuffle/1-lists^foldl/2-0-\"/3"},
    {"'Elixir.ExUnit.Callbacks':'MACRO-setup_all'/3",
     "ExUnit.Callbacks.\"MACRO-setup_all\"/3"},
    {"'Elixir.Config.Provider':'validate_config_path!'/1",
     "Config.Provider.validate_config_path!/1"},
    {"'Elixir.File':'read!'/1", "File.read!/1"},
    {"'Elixir.Keyword':delete_first_key/2", "Keyword.delete_first_key/2"},
    {"'Elixir.Calendar':'-options/1-fun-0-'/1",
     "anonymous fn/1 in Calendar.options/1"},
    {"'Elixir.Module.Types.Unify':unify_source_required/4",
     "Module.Types.Unify.unify_source_required/4"},
    {"'Elixir.Module':impl_behaviours/6", "Module.impl_behaviours/6"},
    {"'Elixir.Kernel.Typespec':module_info/1", "Kernel.Typespec.module_info/1"},
    {"'Elixir.Inspect.Date.Range':'__impl__'/1",
     "Inspect.Date.Range.__impl__/1"},
    {"'Elixir.Kernel':'+'/2", "Kernel.+/2"},
    {"'Elixir.Kernel':'..//'/3", "Kernel.\"..//\"/3"},
    {"'Elixir.Kernel':'..'/0", "Kernel.\"..\"/0"},
    {"'Elixir.Kernel':'<<>>'/1", "Kernel.\"<<>>\"/1"},
    {"'Elixir.Kernel':'%{}'/1", "Kernel.\"%{}\"/1"},
    {"'Elixir.Kernel':'//'/2", "Kernel.\"//\"/2"},
    {"'Elixir.Kernel':'->'/1", "Kernel.\"->\"/1"},
    {"'Elixir.Kernel':'\\\\\\\\'/2", "Kernel.\\\\/2"},
    {"'Elixir.Kernel':'++'/2", "Kernel.++/2"},
    {"'Elixir.Kernel':'not in'/2", "Kernel.\"not in\"/2"},
    {"'Elixir.Foo':'foo bar'/1", "Foo.\"foo bar\"/1"},
    {"'Elixir.Foo':'-foo bar/1-fun-1-'/1",
     "anonymous fn/1 in Foo.\"foo bar\"/1"},
    {"'Elixir.Foo':'-fun-1-/2-fun-0-'/1", "anonymous fn/1 in Foo.\"fun-1-\"/2"},
    {"'Elixir.Foo':'-f/1-fun-0-/2-fun-1-'/1",
     "anonymous fn/1 in Foo.\"f/1-fun-0-\"/2"},
    {"'Elixir.Foo':'-inlined-foo/2-'/2", "Foo.\"-inlined-foo/2-\"/2"},
    {"'Elixir.Foo':'-f/1-lc$^0/1-0-'/1", "Foo.\"-f/1-lc$^0/1-0-\"/1"},
    {"'Elixir.Foo':'-//2-fun-0-'/1", "anonymous fn/1 in Foo.//2"},
    {"'Elixir.Foo':'-a/1b-c-'/1", "Foo.\"-a/1b-c-\"/1"},
    {"'Elixir.Foo':'-f-fun-0-'/1", "anonymous fn/1 in Foo.\"\"/f"},
    {"'Elixir.Foo':'-f/x-fun-0-'/1", "anonymous fn/1 in Foo.f/x"},
    {"'Elixir.Foo':'-'/1", "Foo.-/1"},
    {"'Elixir.Foo':'-/-fun-0-'/1", "anonymous fn/1 in Foo.\"\"/"},
    {"'Elixir.Foo':'--fun-0-'/1", "anonymous fn/1 in Foo.\"\"/"},
    {"'Elixir.Foo':''/0", "Foo.\"\"/0"},
    {"'Elixir.Foo':'Foo'/1", "Foo.\"Foo\"/1"},
    {"'Elixir.Foo':nil/0", "Foo.nil/0"},
    {"'Elixir.Foo':'a@b'/1", "Foo.\"a@b\"/1"},
    {"'Elixir.Foo':'a!b'/1", "Foo.\"a!b\"/1"},
    {"'Elixir.Foo':'a\"b'/1", "Foo.\"a\\\"b\"/1"},
    {"'Elixir.Foo':'a#{b'/1", "Foo.\"a\\#{b\"/1"},
    {"'Elixir.Foo':'a#b'/1", "Foo.\"a#b\"/1"},
    {"'Elixir.Foo':'a\\'b'/1", "Foo.\"a'b\"/1"},
    {"'Elixir.Foo':'a\\nb\\tc'/1", "Foo.\"a\\nb\\tc\"/1"},
    {"'Elixir.Foo':'a\\033b\177'/1", "Foo.\"a\\eb\\d\"/1"},
    {"'Elixir.Foo':'a\\001b'/1", "Foo.\"a\\x01b\"/1"},
    {"'Elixir.foo':x/1", ":\"Elixir.foo\".x/1"},
    {"'Elixir.Foo-Bar':x/1", ":\"Elixir.Foo-Bar\".x/1"},
    {"'Elixir':f/1", "Elixir.f/1"},
    {"'Elixir.':f/1", ":\"Elixir.\".f/1"},
    {"'Elixir.Elixir.A':f/1", "Elixir.Elixir.A.f/1"},
    {"'Elixir.A.':f/1", ":\"Elixir.A.\".f/1"},
    {"'Elixir.Foo':é/1", "Foo.é/1"},
    {"'Elixir.Foo':'É'/1", "Foo.\"É\"/1"},
    {"'Elixir.Foo':'日本'/1", "Foo.日本/1"},
    {"'Elixir.Foo':'x→'/1", "Foo.\"x→\"/1"},
    {"'Elixir.Foo':'-__struct__/1-anonymous-0-'/1",
     "anonymous fn/1 in Foo.__struct__/1"},
    {"'Elixir.Foo':'\\205x'/2", "Foo.\"\\x85x\"/2"},
};

static void elixir_names_are_spelled_as_elixir_does(void **state)
{
    (void)state;
    static struct names n;
    for (size_t i = 0; i < sizeof(elixir) / sizeof(*elixir); i++) {
        assert_int_equal(names_parse(elixir[i].vm, &n), 0);
        assert_string_equal(n.display, elixir[i].shown);
        assert_int_equal(n.kind, FRAME_ELIXIR);
    }
}

static void erlang_names_stay_as_they_are(void **state)
{
    (void)state;
    static struct names n;
    static const char *const same[] = {
        "lists:seq/2",        "wl:'-run/2-fun-0-'/1",   "erlang:'+'/2",
        "'Foo':bar/0",        "elixir_expand:expand/3", "m:'-f/1-lc$^0/1-0-'/1",
        "'a\\'b':'\\\\'/255",
    };
    for (size_t i = 0; i < sizeof(same) / sizeof(*same); i++) {
        assert_int_equal(names_parse(same[i], &n), 0);
        assert_string_equal(n.display, same[i]);
        assert_int_equal(n.kind, FRAME_ERLANG);
    }
}

static void the_parts_are_unquoted(void **state)
{
    (void)state;
    static struct names n;
    assert_int_equal(names_parse("wl:'-run/2-fun-0-'/1", &n), 0);
    assert_string_equal(n.module, "wl");
    assert_string_equal(n.function, "-run/2-fun-0-");
    assert_int_equal(n.arity, 1);
    assert_int_equal(names_parse("'a\\'b':'x\\\\\\n\\001'/255", &n), 0);
    assert_string_equal(n.module, "a'b");
    assert_string_equal(n.function, "x\\\n\001");
    assert_int_equal(n.arity, 255);
    assert_int_equal(names_parse("'Elixir.Enum':map/2", &n), 0);
    assert_string_equal(n.module, "Elixir.Enum");
}

static void what_is_no_function_is_said_so(void **state)
{
    (void)state;
    static struct names n;
    static const char *const bad[] = {
        "",
        "global::call_light_bif_shared",
        "lists:seq",
        "lists:seq/",
        "lists:seq/x",
        "lists:seq/2x",
        "lists:seq/99999",
        "'lists:seq/2",
        "lists:'seq/2",
        ":/1",
        "lists/2",
        "'a\\",
        "'Elixir.A':",
    };
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        assert_int_equal(names_parse(bad[i], &n), -E_FORMAT);
        assert_string_equal(n.display, bad[i]);
        assert_string_equal(n.module, "");
        assert_int_equal(n.arity, FRAME_NO_ARITY);
    }
}

static void a_name_too_long_is_cut(void **state)
{
    (void)state;
    static struct names n;
    static char vm[5000];
    memset(vm, 'a', sizeof(vm) - 1);
    memcpy(vm, "'Elixir.A':'", 12);
    memcpy(vm + sizeof(vm) - 4, "'/2", 3);
    assert_int_equal(names_parse(vm, &n), 0);
    assert_int_equal(strlen(n.display), NAMES_MAX - 1);
    assert_int_equal(strlen(n.function), NAMES_MAX - 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(elixir_names_are_spelled_as_elixir_does),
        cmocka_unit_test(erlang_names_stay_as_they_are),
        cmocka_unit_test(the_parts_are_unquoted),
        cmocka_unit_test(what_is_no_function_is_said_so),
        cmocka_unit_test(a_name_too_long_is_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
