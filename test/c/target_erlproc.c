#include "fake_memory.h"

#include <errno.h>

#include "target/erlproc.h"

static const char *pid_text(uint64_t id, int release, uint64_t table_size)
{
    static char text[ERLPROC_TEXT];
    erlproc_pid_text(id, release, table_size, text);
    return text;
}

static void names_pids_of_25(void **state)
{
    (void)state;
    assert_string_equal(pid_text(0x278000004f3, 25, 1 << 18), "<0.79.0>");
    assert_string_equal(pid_text(3, 25, 0), "<0.0.0>");
    uint64_t data = 1 << 15 | 8831; /* number: 15 bits, serial: 13 */
    assert_string_equal(pid_text((uint64_t)5 << 32 | data << 4 | 3, 25, 1024),
                        "<0.8831.1>");
    data = 8191 << 15 | 32767;
    assert_string_equal(pid_text(data << 4 | 3, 25, 1024), "<0.32767.8191>");
}

static void names_pids_since_26(void **state)
{
    (void)state;
    assert_string_equal(pid_text(0x2903, 27, 1 << 20), "<0.82.0>");
    assert_string_equal(pid_text(0x2983, 27, 1 << 20), "<0.83.0>");
    assert_string_equal(pid_text(0x2903, 29, 0), "<0.82.0>");
    /* 1024 slots: number 1024 + 130 is in slot 130 % 128 * 8 + 130 / 128 */
    assert_string_equal(pid_text((1024 + 17) << 4 | 3, 27, 1024), "<0.1154.0>");
    /* number: 28 bits, serial: the rest */
    uint64_t x = (uint64_t)3 << 28 | 5 << 10;
    assert_string_equal(pid_text(x << 4 | 3, 27, 1024), "<0.5120.3>");
}

static void guesses_the_kind_of_an_unknown_release(void **state)
{
    (void)state;
    assert_string_equal(pid_text(0x278000004f3, 0, 0), "<0.79.0>");
    assert_string_equal(pid_text(0x2903, 0, 0), "<0.82.0>");
    assert_string_equal(pid_text(0x2903, 27, 1000), "<0.82.0>");
    assert_string_equal(pid_text(UINT64_MAX, 27, (uint64_t)1 << 27),
                        "<0.268435455.4294967295>");
}

/* --- reading -------------------------------------------------------------- */

enum { PROCESS = 0x10000100, REG = 0x10000800, NAME = 9 << 6 | 0x0b };

static struct layout layout_of_27(void)
{
    struct layout l = {.process_bytes = 752};
    static const uint32_t offsets[LAYOUT_FIELD_COUNT] = {
        [LAYOUT_XOFF] = 64,
        [LAYOUT_STOP] = 88,
        [LAYOUT_HTOP] = 80,
        [LAYOUT_HEND] = 200,
        [LAYOUT_ID] = 0,
        [LAYOUT_REG] = 32,
        [LAYOUT_INITIAL] = 440,
        [LAYOUT_SCHEDULER_DATA] = 744,
        [LAYOUT_CURRENT_PROCESS] = 168};
    for (int f = 0; f < LAYOUT_FIELD_COUNT; f++) {
        l.offset[f] = offsets[f];
        l.known[f] = true;
    }
    return l;
}

static void process_node(struct fake *f)
{
    memset(f, 0, sizeof(*f));
    fake_map(f, 0x10000000, 0x1000, "");
    fake_u64(f, PROCESS, 0x2903);
    fake_u64(f, PROCESS + 80, 0x20000000);
    fake_u64(f, PROCESS + 88, 0x20000100);
    fake_u64(f, PROCESS + 200, 0x20000200);
    fake_u64(f, PROCESS + 440, 7 << 6 | 0x0b);
    fake_u64(f, PROCESS + 448, 8 << 6 | 0x0b);
    fake_u64(f, PROCESS + 456, 2);
    fake_u64(f, PROCESS + 744, 0x30000040);
    fake_u64(f, PROCESS + 32, REG);
    fake_u64(f, REG + 16, PROCESS);
    fake_u64(f, REG + 24, 0);
    fake_u64(f, REG + 32, NAME);
}

static void reads_the_known_fields(void **state)
{
    (void)state;
    struct fake f;
    struct erlproc p;
    struct layout l = layout_of_27();
    process_node(&f);
    struct memory m = fake_memory(&f);
    assert_int_equal(erlproc_read(&l, &m, PROCESS, &p), 0);
    assert_true(p.address == PROCESS && p.id == 0x2903 && p.name == NAME);
    assert_true(p.htop == 0x20000000 && p.stop == 0x20000100 &&
                p.hend == 0x20000200);
    assert_true(p.scheduler_data == 0x30000040 && p.initial[2] == 2);
    l.known[LAYOUT_REG] = l.known[LAYOUT_INITIAL] = false;
    assert_int_equal(erlproc_read(&l, &m, PROCESS, &p), 0);
    assert_true(p.name == 0 && p.initial[0] == 0);
    fake_free(&f);
}

static void refuses_what_does_not_validate(void **state)
{
    (void)state;
    struct fake f;
    struct erlproc p = {.id = 1};
    struct layout l = layout_of_27();
    process_node(&f);
    struct memory m = fake_memory(&f);
    assert_int_equal(erlproc_read(&l, &m, 0, &p), -E_TORN);
    assert_int_equal(erlproc_read(&l, &m, PROCESS + 4, &p), -E_TORN);
    assert_int_equal(erlproc_read(&l, &m, 0x50000000, &p), -EFAULT);
    fake_u64(&f, PROCESS + 88, 0x20000301); /* stop is no pointer */
    assert_int_equal(erlproc_read(&l, &m, PROCESS, &p), -E_TORN);
    fake_u64(&f, PROCESS + 88, 0x20000100);
    fake_u64(&f, PROCESS, 0x2907); /* a port */
    assert_int_equal(erlproc_read(&l, &m, PROCESS, &p), -E_TORN);
    l.known[LAYOUT_ID] = false;
    assert_int_equal(erlproc_read(&l, &m, PROCESS, &p), -E_LAYOUT);
    assert_int_equal(p.id, 1);
    fake_free(&f);
}

static void a_name_must_point_back(void **state)
{
    (void)state;
    struct fake f;
    struct erlproc p;
    char text[ERLPROC_TEXT] = "before";
    struct layout l = layout_of_27();
    process_node(&f);
    struct memory m = fake_memory(&f);
    fake_u64(&f, REG + 16, PROCESS + 8);
    assert_int_equal(erlproc_read(&l, &m, PROCESS, &p), 0);
    assert_int_equal(p.name, 0);
    erlproc_name(NULL, &p, text);
    assert_string_equal(text, "");
    fake_free(&f);
}

static void takes_what_a_sample_copied(void **state)
{
    (void)state;
    struct erlproc p;
    struct sample_process s = {.c_p = PROCESS,
                               .id = 0x2903,
                               .stop = 0x20000100,
                               .htop = 0x20000000,
                               .hend = 0x20000200,
                               .initial = {1, 2, 3},
                               .name = NAME};
    assert_int_equal(erlproc_of_sample(&s, &p), 0);
    assert_true(p.address == PROCESS && p.id == 0x2903 && p.name == NAME);
    assert_true(p.stop == s.stop && p.htop == s.htop && p.hend == s.hend);
    assert_memory_equal(p.initial, s.initial, sizeof(s.initial));
    s.id = 0x2907; /* a port */
    assert_int_equal(erlproc_of_sample(&s, &p), -E_TORN);
    s.id = ERLPROC_NO_PID;
    assert_int_equal(erlproc_of_sample(&s, &p), -E_TORN);
    s.id = 0x2903;
    s.stop++;
    assert_int_equal(erlproc_of_sample(&s, &p), -E_TORN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_pids_of_25),
        cmocka_unit_test(names_pids_since_26),
        cmocka_unit_test(guesses_the_kind_of_an_unknown_release),
        cmocka_unit_test(reads_the_known_fields),
        cmocka_unit_test(refuses_what_does_not_validate),
        cmocka_unit_test(a_name_must_point_back),
        cmocka_unit_test(takes_what_a_sample_copied),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
