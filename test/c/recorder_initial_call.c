#include "test.h"

#include "recorder/initial_call.h"

static void is_spelled(const char *vm_name, const char *expected)
{
    char text[INITIAL_CALL_TEXT];
    initial_call_spell(vm_name, text);
    assert_string_equal(text, expected);
}

static void spells_each_language(void **state)
{
    (void)state;
    is_spelled("shop:init/1", "shop:init/1");
    is_spelled("shop:'-start/0-fun-0-'/1", "shop:'-start/0-fun-0-'/1");
    is_spelled("'Elixir.My.Server':init/1", "My.Server.init/1");
    is_spelled("'Elixir.My':'-run/0-fun-0-'/0", "anonymous fn/0 in My.run/0");
    is_spelled("", "");
    is_spelled("no function", "no function");
}

static void a_supervisor_is_its_callback_module(void **state)
{
    (void)state;
    is_spelled("supervisor:shop_sup/1", "shop_sup:init/1");
    is_spelled("supervisor:'Elixir.My.Sup'/1", "My.Sup.init/1");
    is_spelled("supervisor:'odd-sup'/1", "'odd-sup':init/1");
    is_spelled("supervisor_bridge:user_sup/1", "user_sup:init/1");
    is_spelled("supervisor:init/1", "supervisor:init/1");
    is_spelled("supervisor:start_link/2", "supervisor:start_link/2");
}

static void a_long_one_is_cut_at_a_character(void **state)
{
    (void)state;
    char name[700] = "'Elixir.A", text[INITIAL_CALL_TEXT];
    while (strlen(name) < 600)
        strcat(name, "\xc3\xa9");
    strcat(name, "':init/1");
    initial_call_spell(name, text);
    size_t len = strlen(text);
    assert_true(len >= INITIAL_CALL_TEXT - 3 && len < INITIAL_CALL_TEXT);
    assert_int_equal((unsigned char)text[len - 1], 0xa9);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(spells_each_language),
        cmocka_unit_test(a_supervisor_is_its_callback_module),
        cmocka_unit_test(a_long_one_is_cut_at_a_character),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
