/* Where the time comes from: the application's functions, sorted by total. */
#include "profile_make.h"

#include "profile/origins.h"
#include "profile/platform.h"

static void add(struct profile *p, uint32_t process, const char *stack,
                uint64_t count)
{
    make_sample(p, make_frames(p, stack), process, STATE_RUNNING, count);
}

static uint32_t process(struct profile *p, const char *pid)
{
    return made(profile_process(p, pid, "", "", "", ""));
}

/* The names of the rows, each followed by a space. */
static char *names(const struct profile *p, size_t most, size_t *above)
{
    struct summary s;
    struct origins o;
    struct buffer b;
    buffer_init(&b, BUFFER_DEFAULT_MAX);
    assert_int_equal(summary_compute(p, &s), 0);
    assert_int_equal(origins_find(p, &s, most, &o), 0);
    for (size_t i = 0; i < o.count; i++) {
        uint32_t id = s.functions[o.rows[i]].function;
        buffer_printf(&b, "%s ",
                      profile_text(p, profile_function_at(p, id)->name));
    }
    buffer_add(&b, "", 1);
    *above = o.above;
    origins_deinit(&o);
    summary_deinit(&s);
    return (char *)b.data;
}

static void assert_names(const struct profile *p, const char *expected,
                         size_t expected_above)
{
    size_t above;
    char *text = names(p, 100, &above);
    assert_string_equal(text, expected);
    assert_int_equal(above, expected_above);
    free(text);
}

static void the_applications_functions_by_total(void **state)
{
    (void)state;
    struct profile *p = make_profile();
    uint32_t q = process(p, "<0.1.0>");
    add(p, q, "E proc_lib:init_p/5;E shop:cart/1;E lists:sort/1", 60);
    add(p, q, "E proc_lib:init_p/5;E shop:cart/1", 5);
    add(p, q, "E proc_lib:init_p/5;X Shop.Till.pay/2;X Enum.map/2", 30);
    add(p, q, "E proc_lib:init_p/5;E gen_server:loop/7", 5);
    assert_names(p, "shop:cart/1 Shop.Till.pay/2 ", 0);
    profile_destroy(p);
}

/* The loop is on all stacks of its process and does nothing itself; in another
 * process that calls it now and then it would be told. */
static void a_callback_loop_is_left_out(void **state)
{
    (void)state;
    struct profile *p = make_profile();
    uint32_t q = process(p, "<0.1.0>"), r = process(p, "<0.2.0>");
    add(p, q, "E my:loop/1;E my:work/1;E lists:sort/1", 50);
    add(p, q, "E my:loop/1;E my:rest/1", 48);
    add(p, q, "E my:loop/1", 2);
    add(p, r, "E lists:seq/2", 400);
    assert_names(p, "my:work/1 my:rest/1 ", 1);
    add(p, r, "E my:loop/1;E my:rest/1", 50);
    assert_names(p, "my:loop/1 my:rest/1 my:work/1 ", 0);
    profile_destroy(p);
}

/* Of a chain of calls the last says where: it is never left out. */
static void the_innermost_is_always_there(void **state)
{
    (void)state;
    struct profile *p = make_profile();
    uint32_t q = process(p, "<0.1.0>");
    add(p, q, "E app1:a/0;E app2:b/0;E app3:c/0;E lists:sort/1", 100);
    assert_names(p, "app3:c/0 ", 2);
    add(p, PROFILE_NONE, "E app4:only/0;B erlang:md5/1", 10);
    assert_names(p, "app3:c/0 app4:only/0 ", 2);
    profile_destroy(p);
}

/* One that runs itself for a twentieth of its time is no mere loop. */
static void a_function_that_works_stays(void **state)
{
    (void)state;
    struct profile *p = make_profile();
    uint32_t q = process(p, "<0.1.0>");
    add(p, q, "E my:loop/1;E my:work/1", 95);
    add(p, q, "E my:loop/1;B erlang:send/2", 5);
    assert_names(p, "my:loop/1 my:work/1 ", 0);
    profile_destroy(p);
}

static void as_many_as_are_asked_for(void **state)
{
    (void)state;
    struct profile *p = make_profile();
    uint32_t q = process(p, "<0.1.0>");
    size_t above;
    add(p, q, "E app1:a/0", 3);
    add(p, q, "E app2:b/0", 2);
    add(p, q, "E app3:c/0", 1);
    char *text = names(p, 2, &above);
    assert_string_equal(text, "app1:a/0 app2:b/0 ");
    free(text);
    text = names(p, 0, &above);
    assert_string_equal(text, "");
    free(text);
    profile_destroy(p);
}

static void the_platforms_modules_are_known(void **state)
{
    (void)state;
    static const char *const known[] = {"lists",
                                        "erlang",
                                        "gen_server",
                                        "ssl_cipher",
                                        "zlib",
                                        "Elixir.Enum",
                                        "Elixir.Enumerable.List",
                                        "elixir_compiler",
                                        "Elixir.Access",
                                        "Elixir.Cprof",
                                        "Elixir.Cprof.Measurement",
                                        "cprof_sampler"};
    static const char *const others[] = {"",
                                         "list",
                                         "lists2",
                                         "rabbit_channel",
                                         "Elixir.Enum2",
                                         "Elixir",
                                         "Elixir.Shop",
                                         "zzz",
                                         "0",
                                         "Elixir.CprofDiffWork",
                                         "elixir_compiler_1"};
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
        if (!platform_has(known[i]))
            fail_msg("%s is not known", known[i]);
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
        if (platform_has(others[i]))
            fail_msg("\"%s\" is known", others[i]);
}

/* A call chain through very many functions must not take for ever. */
static void ten_thousand_functions_on_one_stack(void **state)
{
    (void)state;
    struct profile *p = make_profile();
    struct frame f = {
        .kind = FRAME_ERLANG, .module = "m", .function = "f", .file = ""};
    uint32_t stack = PROFILE_NONE;
    for (int i = 0; i < 10000; i++) {
        char name[32];
        snprintf(name, sizeof(name), "m:f%d/0", i);
        f.name = name;
        stack = made(profile_stack(p, stack, made(profile_frame(p, &f))));
        make_sample(p, stack, PROFILE_NONE, STATE_RUNNING, 1);
    }
    make_sample(p, stack, PROFILE_NONE, STATE_RUNNING, 1000000000);
    size_t above;
    char *text = names(p, 5, &above);
    assert_true(above > 5000);
    free(text);
    profile_destroy(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_applications_functions_by_total),
        cmocka_unit_test(a_callback_loop_is_left_out),
        cmocka_unit_test(the_innermost_is_always_there),
        cmocka_unit_test(a_function_that_works_stays),
        cmocka_unit_test(as_many_as_are_asked_for),
        cmocka_unit_test(the_platforms_modules_are_known),
        cmocka_unit_test(ten_thousand_functions_on_one_stack),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
