/* The processes of a node that cannot be read: only the samples tell about
 * them.
 */
#include "jit_node.h"
#include "profile_make.h"

#include "profile/crowd.h"
#include "recorder/census.h"

enum { LIVES = 1000000 };

struct made_node {
    struct jit_node *jit;
    struct target_state target;
    struct maps maps;
    struct profile *profile;
    struct census *census;
};

static struct made_node *node_of(struct profile *profile)
{
    struct made_node *n = calloc(1, sizeof(*n));
    assert_non_null(n);
    n->jit = jit_node_new(0);
    n->target.memory = jit_node_memory(n->jit);
    n->target.jit = jit_node_follow(n->jit);
    n->target.layout.release = 27;
    assert_int_equal(atoms_open(&n->target.process, &n->maps, &n->target.memory,
                                n->target.jit, &n->target.atoms),
                     0);
    n->profile = profile;
    assert_int_equal(census_open(&n->target, n->profile, &n->census), 0);
    return n;
}

static struct made_node *node_open(void)
{
    return node_of(make_profile());
}

static void node_close(struct made_node *n)
{
    census_close(n->census);
    profile_destroy(n->profile);
    atoms_close(n->target.atoms);
    jit_close(n->target.jit);
    jit_node_free(n->jit);
    free(n);
}

/* Process number `number` (erts/emulator/beam/erl_term.h: 0x3 in the low bits
 * is an internal pid). */
static struct sample_process process(uint64_t number, uint64_t arity,
                                     uint64_t name)
{
    return (struct sample_process){.c_p = 0x10000000,
                                   .id = number << 4 | 3,
                                   .htop = 0x20000000,
                                   .stop = 0x20000100,
                                   .hend = 0x20000200,
                                   .initial = {7 << 6 | 11, 8 << 6 | 11, arity},
                                   .name = name};
}

/* A sample of a thread that runs it. */
static uint32_t sample(struct made_node *n, uint64_t number, uint64_t arity,
                       uint64_t name)
{
    const struct sample_process s = process(number, arity, name);
    return made(census_process(n->census, EVENT_CPU, s.c_p, &s));
}

/* A sample of the process itself. */
static uint32_t at_rest(struct made_node *n, uint64_t number)
{
    const struct sample s = {.of = SAMPLE_PROCESS,
                             .process = process(number, 1, 0)};
    return made(census_at_rest(n->census, &s));
}

static const char *pid_of(const struct made_node *n, uint32_t id)
{
    return profile_text(n->profile, profile_process_at(n->profile, id)->pid);
}

static void a_million_short_lives_are_a_few_rows(void **state)
{
    (void)state;
    struct made_node *n = node_open();
    uint32_t first = sample(n, 1, 1, 0), last = first;
    for (uint64_t i = 2; i <= LIVES; i++)
        last = sample(n, i, 1, 0);
    assert_int_equal(profile_process_count(n->profile), CROWD_ALONE + 1);
    assert_string_equal(pid_of(n, last), "");
    assert_within(profile_members(n->profile, last), LIVES / 20 * 19,
                  LIVES / 20 * 21);
    assert_within(profile_string_count(n->profile), 1, CROWD_ALONE + 10);
    assert_int_equal(sample(n, 1, 1, 0), first);
    assert_int_equal(profile_process_count(n->profile), CROWD_ALONE + 1);
    node_close(n);
}

/* Many processes wait that never run: their row does not say that they ran. */
static void a_crowd_is_of_one_event(void **state)
{
    (void)state;
    enum { WAITED = 100000, RAN = 1000 };
    static const struct value_texts values[] = {VALUE_WALL, VALUE_SAMPLES};
    struct profile *p = make_profile(), *wall;
    assert_int_equal(profile_add_event(p, values, 2, &wall), 0);
    struct made_node *n = node_of(p);
    uint32_t ran = 0, waited = 0;
    for (uint64_t i = 1; i <= RAN; i++)
        ran = sample(n, i, 1, 0);
    for (uint64_t i = RAN + 1; i <= RAN + WAITED; i++)
        waited = at_rest(n, i);
    assert_int_equal(ran, waited); /* both are "others of that kind" */
    assert_within(profile_members(p, ran), (RAN - CROWD_ALONE) / 20 * 19,
                  (RAN - CROWD_ALONE) / 20 * 21);
    assert_within(profile_members(wall, waited), WAITED / 20 * 18,
                  WAITED / 20 * 21);
    /* Whoever has a row of its own has the same one in both. */
    assert_int_equal(at_rest(n, 1), sample(n, 1, 1, 0));
    assert_int_equal(sample(n, RAN + 1, 1, 0), at_rest(n, RAN + 1));
    node_close(n);
}

/* A view without an end renews its profile before it grows large. */
static void every_process_has_a_row_if_that_is_wanted(void **state)
{
    (void)state;
    enum { MANY = 10000 };
    struct made_node *n = node_of(make_profile());
    uint32_t last = 0;
    census_all_alone(n->census);
    for (uint64_t i = 1; i <= MANY; i++)
        last = sample(n, i, 1, 0);
    assert_int_equal(profile_process_count(n->profile), MANY);
    assert_int_equal(census_pid(n->census, last), MANY << 4 | 3);
    assert_int_equal(census_pid(n->census, MANY), 0);
    node_close(n);
}

static void a_name_is_a_row_of_its_own(void **state)
{
    (void)state;
    struct made_node *n = node_open();
    for (uint64_t i = 1; i <= 1000; i++)
        sample(n, i, 1, 0);
    uint32_t named = sample(n, 2000, 1, 9 << 6 | 11);
    assert_string_not_equal(pid_of(n, named), "");
    assert_int_equal(sample(n, 2000, 1, 9 << 6 | 11), named);
    uint32_t of_another_kind = sample(n, 3000, 2, 0);
    assert_string_not_equal(pid_of(n, of_another_kind), "");
    assert_int_equal(profile_process_count(n->profile), CROWD_ALONE + 3);
    node_close(n);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_million_short_lives_are_a_few_rows),
        cmocka_unit_test(a_crowd_is_of_one_event),
        cmocka_unit_test(every_process_has_a_row_if_that_is_wanted),
        cmocka_unit_test(a_name_is_a_row_of_its_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
