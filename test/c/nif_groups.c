#include "test.h"

#include "nif/walk_groups.h"

static struct walk_groups groups;

static int clear(void **state)
{
    (void)state;
    memset(&groups, 0, sizeof(groups));
    return 0;
}

static const struct walk_group *find(const struct walk_group_key *key)
{
    const struct walk_group *found = NULL;
    for (unsigned i = 0; i < WALK_GROUPS_ROOM; i++)
        if (groups.table[i].count > 0 &&
            memcmp(&groups.table[i].key, key, sizeof(*key)) == 0) {
            assert_null(found);
            found = &groups.table[i];
        }
    return found;
}

static void counts_by_all_of_the_key(void **state)
{
    (void)state;
    const struct walk_group_key keys[] = {{0x1000, 0x0b, 0x4b, 3},
                                          {0x1008, 0x0b, 0x4b, 3},
                                          {0x1000, 0x8b, 0x4b, 3},
                                          {0x1000, 0x0b, 0x8b, 3},
                                          {0x1000, 0x0b, 0x4b, 4}};
    for (uint64_t pid = 0; pid < 50; pid++)
        walk_groups_add(&groups, &keys[pid % 5 < pid / 10 ? 0 : pid % 5], pid);
    uint64_t sum = 0;
    for (unsigned k = 0; k < 5; k++)
        sum += find(&keys[k])->count;
    assert_int_equal(sum, 50);
    assert_int_equal(find(&keys[0])->count, 2 + 2 + 4 + 6 + 8);
    assert_int_equal(find(&keys[0])->samples, WALK_GROUP_SAMPLES);
    assert_int_equal(find(&keys[1])->samples, 4);
    assert_int_equal(find(&keys[1])->pids[0], 1);
    assert_int_equal(find(&keys[1])->pids[3], 16);
    assert_int_equal(groups.missed, 0);
}

/* The mean of all samples is that of all pids, within five standard errors. */
static void all_are_sampled_alike(void **state)
{
    enum { PIDS = 10000, TIMES = 500 };
    const struct walk_group_key key = {.pc = 0x1000};
    double sum = 0;
    for (int time = 0; time < TIMES; time++) {
        uint64_t random = groups.random;
        clear(state);
        groups.random = random;
        for (uint64_t pid = 1; pid <= PIDS; pid++)
            walk_groups_add(&groups, &key, pid);
        for (unsigned i = 0; i < WALK_GROUP_SAMPLES; i++)
            sum += (double)find(&key)->pids[i];
    }
    double mean = sum / (TIMES * WALK_GROUP_SAMPLES);
    assert_true(mean > PIDS / 2 - 230 && mean < PIDS / 2 + 230);
}

/* More groups than there is room for: all are counted here or there. */
static void what_finds_no_room_is_counted(void **state)
{
    (void)state;
    const uint64_t many = 3 * WALK_GROUPS_ROOM;
    for (uint64_t i = 0; i < many; i++)
        walk_groups_add(&groups, &(struct walk_group_key){.pc = 8 * i}, i);
    uint64_t sum = 0;
    for (unsigned i = 0; i < WALK_GROUPS_ROOM; i++)
        sum += groups.table[i].count;
    assert_true(groups.missed > 0);
    assert_int_equal(sum + groups.missed, many);
    assert_true(sum > WALK_GROUPS_ROOM / 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(counts_by_all_of_the_key, clear),
        cmocka_unit_test_setup(all_are_sampled_alike, clear),
        cmocka_unit_test_setup(what_finds_no_room_is_counted, clear),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
