/* Bytes that wait for a sample with an allocator. */
#include "test.h"

#include "recorder/carried.h"

static const struct value_texts types[] = {VALUE_HEAP, VALUE_BINARY,
                                           VALUE_SAMPLES};

struct made {
    struct profile *profile;
    struct carried *carried;
    uint32_t stacks[2], processes[2];
};

static struct made open_made(void)
{
    struct made m;
    assert_int_equal(profile_create(&m.profile), 0);
    assert_int_equal(profile_set_values(m.profile, types, 3), 0);
    for (uint32_t i = 0; i < 2; i++) {
        char name[] = {(char)('a' + i), '\0'};
        const struct frame frame = {.kind = FRAME_ERLANG,
                                    .name = name,
                                    .module = "m",
                                    .function = name,
                                    .file = ""};
        int64_t id = profile_frame(m.profile, &frame);
        assert_true(id >= 0);
        id = profile_stack(m.profile, PROFILE_NONE, (uint32_t)id);
        assert_true(id >= 0);
        m.stacks[i] = (uint32_t)id;
        id = profile_process(m.profile, name, "", "", "", "");
        assert_true(id >= 0);
        m.processes[i] = (uint32_t)id;
    }
    assert_int_equal(carried_open(m.profile, &m.carried), 0);
    return m;
}

static void close_made(struct made *m)
{
    carried_close(m->carried);
    profile_destroy(m->profile);
}

static struct profile_sample row(const struct made *m, int stack, int process)
{
    return (struct profile_sample){.stack = m->stacks[stack],
                                   .process = m->processes[process],
                                   .thread = PROFILE_NONE,
                                   .state = STATE_RUNNING};
}

static void they_join_the_next_sample_of_their_process(void **state)
{
    (void)state;
    struct made m = open_made();
    struct profile_sample lost = row(&m, 0, 1), other = row(&m, 1, 0);
    struct profile_sample next = row(&m, 1, 1);
    uint64_t kept[] = {100, 7, 1}, values[] = {20, 0, 1};
    assert_int_equal(carried_keep(m.carried, &lost, kept), 0);
    assert_int_equal(carried_keep(m.carried, &lost, kept), 0);
    assert_int_equal(profile_sample_count(m.profile), 0);
    carried_join(m.carried, &other, values);
    assert_int_equal(values[0], 20);
    carried_join(m.carried, &next, values);
    assert_int_equal(values[0], 220);
    assert_int_equal(values[1], 14);
    assert_int_equal(values[2], 3);
    carried_join(m.carried, &next, values);
    assert_int_equal(values[0], 220);
    assert_int_equal(carried_settle(m.carried), 0);
    assert_int_equal(profile_sample_count(m.profile), 0);
    close_made(&m);
}

static void what_is_left_is_counted_where_it_was_seen(void **state)
{
    (void)state;
    struct made m = open_made();
    struct profile_sample lost = row(&m, 0, 1);
    uint64_t kept[] = {100, 7, 1};
    assert_int_equal(carried_keep(m.carried, &lost, kept), 0);
    assert_int_equal(carried_settle(m.carried), 0);
    assert_int_equal(carried_settle(m.carried), 0);
    assert_int_equal(profile_sample_count(m.profile), 1);
    assert_int_equal(profile_sample_at(m.profile, 0)->stack, m.stacks[0]);
    assert_int_equal(profile_values_at(m.profile, 0)[0], 100);
    close_made(&m);
}

static void without_a_process_nothing_waits(void **state)
{
    (void)state;
    struct made m = open_made();
    struct profile_sample lost = row(&m, 0, 0);
    uint64_t kept[] = {100, 7, 1};
    lost.process = PROFILE_NONE;
    assert_int_equal(carried_keep(m.carried, &lost, kept), 0);
    assert_int_equal(profile_sample_count(m.profile), 1);
    carried_join(m.carried, &lost, kept);
    assert_int_equal(kept[0], 100);
    close_made(&m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(they_join_the_next_sample_of_their_process),
        cmocka_unit_test(what_is_left_is_counted_where_it_was_seen),
        cmocka_unit_test(without_a_process_nothing_waits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
