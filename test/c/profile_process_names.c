#include "profile_make.h"

#include "profile/filter.h"
#include "profile/process_names.h"

static uint32_t process(struct profile *p, const char *name,
                        const char *initial_call, const char *label,
                        const char *parent)
{
    char pid[32];
    snprintf(pid, sizeof(pid), "<0.%zu.0>", profile_process_count(p));
    return made(profile_process_of(
        p, &(struct process_texts){.pid = pid,
                                   .name = name,
                                   .initial_call = initial_call,
                                   .label = label,
                                   .application = "",
                                   .parent = parent}));
}

/* A stack of functions "module:function/0" of Erlang, root first. */
static uint32_t stack(struct profile *p, const char *const *names)
{
    uint32_t at = PROFILE_NONE;
    for (; *names; names++) {
        char module[64];
        snprintf(module, sizeof(module), "%.*s", (int)strcspn(*names, ":"),
                 *names);
        const struct frame f = {.kind = **names == '[' ? FRAME_RUNTIME
                                                       : FRAME_ERLANG,
                                .name = *names,
                                .module = module,
                                .function = *names,
                                .arity = 0,
                                .file = ""};
        at = made(profile_stack(p, at, made(profile_frame(p, &f))));
    }
    return at;
}

#define STACK(p, ...) stack(p, (const char *const[]){__VA_ARGS__, NULL})

static void is_called(const struct profile *p, uint32_t process,
                      const char *text)
{
    struct process_names names;
    assert_int_equal(process_names_compute(p, &names), 0);
    assert_string_equal(process_names_of(&names, process), text);
    process_names_deinit(&names);
}

static void what_says_most_is_the_name(void **state)
{
    (void)state;
    static const char *const init_p = "proc_lib:init_p/5";
    struct profile *p = make_profile();
    const struct {
        uint32_t process;
        const char *name;
    } rows[] = {
        {process(p, "shop", "shop:init/1", "till", "sup"), "shop"},
        {process(p, "Elixir.My.Shop", "x:y/1", "", ""), "My.Shop"},
        {process(p, "Elixir.lower", "x:y/1", "", ""), "Elixir.lower"},
        {process(p, "", "shop:init/1", "till", "sup"), "shop:init/1"},
        {process(p, "", init_p, "till", "sup"), "till"},
        {process(p, "", init_p, "", "sup"), "child of sup"},
        {process(p, "", init_p, "", "<0.1.0>"), init_p},
        {process(p, "", "erlang:apply/2", "", ""), "erlang:apply/2"},
        {process(p, "", "", "", ""), ""},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        is_called(p, rows[i].process, rows[i].name);
    profile_destroy(p);
}

/* As those of collections, whose bytes are charged to other samples. */
static void a_stack_without_weight_names_if_no_other_does(void **state)
{
    (void)state;
    struct profile *p = make_profile();
    uint32_t brief = process(p, "", "proc_lib:init_p/5", "", "");
    uint32_t whole = STACK(p, "proc_lib:init_p/5", "gen_server:init_it/6",
                           "shop:brief/0", "shop:deep/0");
    uint32_t root = process_names_root(p, whole);
    assert_string_equal(
        profile_text(
            p, profile_function_at(p, profile_stack_function(p, root))->name),
        "shop:brief/0");
    assert_int_equal(process_names_root(p, STACK(p, "proc_lib:init_p/5")),
                     PROFILE_NONE);
    assert_int_equal(process_names_root(p, PROFILE_NONE), PROFILE_NONE);
    make_sample(p, root, brief, STATE_RUNNING, 0);
    is_called(p, brief, "shop:brief/0");
    make_sample(p, STACK(p, "shop:other/0"), brief, STATE_RUNNING, 5);
    is_called(p, brief, "shop:other/0");
    profile_destroy(p);
}

static void only_stacks_can_tell_who_says_nothing_is(void **state)
{
    (void)state;
    static const char *const init_p = "proc_lib:init_p/5";
    struct profile *p = make_profile();
    const struct {
        uint32_t process;
        bool need;
    } rows[] = {
        {process(p, "shop", init_p, "", ""), false},
        {process(p, "", "shop:init/1", "", ""), false},
        {process(p, "", init_p, "till", ""), false},
        {process(p, "", init_p, "", "sup"), false},
        {process(p, "", init_p, "", "<0.1.0>"), true},
        {process(p, "", "", "", ""), true},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        assert_int_equal(process_names_need_stack(p, rows[i].process),
                         rows[i].need);
    profile_destroy(p);
}

static void a_child_has_its_id_in_its_name(void **state)
{
    (void)state;
    struct profile *p = make_profile();
    uint32_t nameless = process(p, "", "erlang:apply/2", "", "Elixir.My.Sup");
    uint32_t named = process(p, "", "till:init/1", "", "sup");
    for (uint32_t id = nameless; id <= named; id++) {
        const struct process_texts said = {
            .pid = profile_text(p, profile_process_at(p, id)->pid),
            .child = "{till,2}"};
        assert_int_equal(profile_describe_process(p, &said), 0);
    }
    is_called(p, nameless, "child {till,2} of My.Sup");
    is_called(p, named, "till:init/1");
    profile_destroy(p);
}

/* Of what is below the behaviour, the biggest part tells. */
static void stacks_tell_where_nothing_else_does(void **state)
{
    (void)state;
    struct profile *p = make_profile();
    uint32_t server = process(p, "", "proc_lib:init_p/5", "", "");
    uint32_t plain = process(p, "", "erlang:apply/2", "", "");
    uint32_t idle = process(p, "", "erlang:apply/2", "", "");
    uint32_t call = STACK(p, "proc_lib:init_p_do_apply/3", "gen_server:loop/7",
                          "shop:handle_call/3", "a:b/0");
    uint32_t info = STACK(p, "proc_lib:init_p_do_apply/3", "gen_server:loop/7",
                          "shop:handle_info/2");
    make_sample(p, call, server, STATE_RUNNING, 5);
    make_sample(p, info, server, STATE_RUNNING, 6);
    make_sample(p, STACK(p, "[truncated]", "till:ring/0", "a:b/0"), plain,
                STATE_RUNNING, 1);
    make_sample(p, STACK(p, "gen_server:loop/7"), idle, STATE_RUNNING, 1);
    is_called(p, server, "shop:handle_info/2");
    make_sample(p, call, server, STATE_RUNNING, 2);
    is_called(p, server, "shop:handle_call/3");
    is_called(p, plain, "till:ring/0");
    is_called(p, idle, "erlang:apply/2");
    profile_destroy(p);
}

static uint64_t kept(const struct profile *p, const char *name)
{
    const struct filter f = {.processes = &name, .process_count = 1};
    struct profile *filtered;
    int err = filter_apply(p, &f, &filtered);
    if (err) {
        assert_int_equal(err, -E_NO_MATCH);
        return 0;
    }
    uint64_t sum = 0;
    for (size_t i = 0; i < profile_sample_count(filtered); i++)
        sum += profile_weight(filtered, i);
    profile_destroy(filtered);
    return sum;
}

static void a_filter_takes_the_same_names(void **state)
{
    (void)state;
    struct profile *p = make_profile();
    uint32_t work = STACK(p, "till:ring/0");
    make_sample(p, work, process(p, "", "erlang:apply/2", "", ""),
                STATE_RUNNING, 1);
    make_sample(p, work, process(p, "", "shop:init/1", "first", ""),
                STATE_RUNNING, 10);
    make_sample(p, work, process(p, "Elixir.Shop", "shop:init/1", "", ""),
                STATE_RUNNING, 100);
    assert_int_equal(kept(p, "till:ring/0"), 1);
    assert_int_equal(kept(p, "shop:init/1"), 110);
    assert_int_equal(kept(p, "first"), 10);
    assert_int_equal(kept(p, "Shop"), 100);
    assert_int_equal(kept(p, "Elixir.Shop"), 100);
    assert_int_equal(kept(p, "<0.2.0>"), 100);
    assert_int_equal(kept(p, "nosuch"), 0);
    profile_destroy(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_says_most_is_the_name),
        cmocka_unit_test(a_stack_without_weight_names_if_no_other_does),
        cmocka_unit_test(only_stacks_can_tell_who_says_nothing_is),
        cmocka_unit_test(a_child_has_its_id_in_its_name),
        cmocka_unit_test(stacks_tell_where_nothing_else_does),
        cmocka_unit_test(a_filter_takes_the_same_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
