/* The advice of `doctor`: rules that must hold for every combination of user,
 * capabilities, settings, filters and engines; then named cases. */
#include "test.h"

#include <errno.h>
#include <string.h>

#include "cli/advice.h"

#define CAP(n)  ((uint64_t)1 << (n))
#define TRACE   CAP(19)
#define SAMPLES (CAP(38) | CAP(39))

#define EACH(i, list)                                                          \
    for (size_t i = 0; i < sizeof(list) / sizeof((list)[0]); i++)

enum { NOBODY = 65534 };

/* What the kernel and the filter would answer to somebody with these rights:
 * the trials and the engines follow from the rest. */
struct machine {
    uid_t uid;
    uint64_t caps;
    int paranoid, yama;
    bool strict; /* a kernel that knows level 3 */
    bool filter_bpf, filter_perf;
    bool bpf_built, no_new_privs;
};

static struct advice_facts facts_of(const struct machine *m)
{
    bool samples = (m->caps & SAMPLES) == SAMPLES;
    struct advice_facts f = {
        .rights = {.uid = m->uid,
                   .caps = m->caps,
                   .seccomp = m->filter_bpf || m->filter_perf,
                   .no_new_privs =
                       m->no_new_privs || m->filter_bpf || m->filter_perf,
                   .paranoid = m->paranoid,
                   .yama = m->yama,
                   .same_user = true},
        .engine_count = 2,
    };
    struct rights *r = &f.rights;
    r->bpf_call = m->filter_bpf ? -EPERM : 0;
    if (m->filter_perf)
        r->perf_user = r->perf_kernel = -EPERM;
    else if (!samples)
        r->perf_kernel = m->paranoid > 1 ? -EACCES : 0;
    if (!m->filter_perf && !samples && m->strict && m->paranoid > 2)
        r->perf_user = -EACCES;
    int bpf = 0;
    if (m->filter_bpf || !samples)
        bpf = -E_BPF_DENIED;
    else if (m->filter_perf)
        bpf = -E_PERF_DENIED;
    if (!m->bpf_built)
        bpf = -E_BPF_MISSING;
    int perf = r->perf_user ? -E_PERF_DENIED : 0;
    f.engines[0] = (struct advice_engine){
        .name = "bpf", .built = m->bpf_built, .err = rights_explain(r, bpf)};
    f.engines[1] = (struct advice_engine){
        .name = "perf", .built = true, .err = rights_explain(r, perf)};
    return f;
}

static void line_of(const struct advice_facts *f, char line[2048])
{
    advice_line(advice_choose(f), "/opt/cprof", 4711, line, 2048);
}

static void holds(const struct machine *m)
{
    struct advice_facts f = facts_of(m);
    enum advice advice = advice_choose(&f);
    const struct advice_engine *taken = advice_engine_taken(&f);
    bool bpf = f.engines[0].err == 0, perf = f.engines[1].err == 0;
    char line[2048];
    line_of(&f, line);
    assert_true(strlen(line) > 0);
    /* bpf before perf before nothing */
    assert_string_equal(taken ? taken->name : "", bpf    ? "bpf"
                                                  : perf ? "perf"
                                                         : "");
    /* the exit code */
    bool memory = m->yama < 2 || (m->yama == 2 && m->caps & TRACE);
    assert_int_equal(advice_can_record(&f), taken && memory);
    /* nothing to do exactly when the best engine and all memory are ours */
    bool reads = m->yama < 1 || (m->yama < 3 && m->caps & TRACE);
    assert_int_equal(advice == ADVICE_NOTHING, bpf && reads);
    /* what cannot work is not proposed */
    if (m->uid == 0 || f.rights.no_new_privs)
        assert_true(advice != ADVICE_ROOT && advice != ADVICE_PARANOID);
    if (m->yama == 3)
        assert_int_equal(advice, ADVICE_REBOOT);
    if (advice == ADVICE_BUILD)
        assert_false(m->bpf_built);
    if (advice == ADVICE_LAUNCH)
        assert_int_equal(m->yama, 1);
    if (reads && m->bpf_built && (m->filter_bpf || m->filter_perf))
        assert_int_equal(advice, ADVICE_HOST);
}

static void every_combination_gets_advice_that_fits(void **state)
{
    (void)state;
    static const uint64_t caps[] = {0, TRACE, SAMPLES, TRACE | SAMPLES,
                                    ~(uint64_t)0};
    static const uid_t users[] = {0, 1000};
    static const int yamas[] = {RIGHTS_UNKNOWN, 0, 1, 2, 3};
    EACH(u, users)
    EACH(c, caps)
    EACH(y, yamas)
    for (int paranoid = -1; paranoid <= 4; paranoid++)
        for (unsigned bits = 0; bits < 32; bits++)
            holds(&(struct machine){.uid = users[u],
                                    .caps = caps[c],
                                    .paranoid = paranoid,
                                    .yama = yamas[y],
                                    .strict = bits & 1,
                                    .filter_bpf = bits & 2,
                                    .filter_perf = bits & 4,
                                    .bpf_built = bits & 8,
                                    .no_new_privs = bits & 16});
}

static void assert_line(const struct machine *m, const char *expected)
{
    struct advice_facts f = facts_of(m);
    char line[2048];
    line_of(&f, line);
    if (!strstr(line, expected))
        fail_msg("\"%s\" is not in \"%s\"", expected, line);
}

static void the_command_is_named(void **state)
{
    (void)state;
    struct machine m = {.uid = 1000, .paranoid = 2, .bpf_built = true};
    assert_line(&m, "sudo /opt/cprof record -p 4711");
    m.paranoid = 3;
    m.strict = true;
    assert_line(&m, "sudo /opt/cprof record -p 4711"); /* gives all */
    m.no_new_privs = true;
    assert_line(&m, "--cap-add BPF --cap-add PERFMON");
    m = (struct machine){.uid = 1000, .paranoid = 2, .bpf_built = false};
    assert_line(&m, "apt-get install clang libbpf-dev");
    m = (struct machine){.caps = ~(uint64_t)0, .bpf_built = true};
    assert_line(&m, "nothing to do");
    m.filter_bpf = m.filter_perf = true;
    assert_line(&m, "seccomp=unconfined");
    m = (struct machine){.uid = 1000,
                         .caps = SAMPLES,
                         .yama = 1,
                         .bpf_built = true,
                         .no_new_privs = true};
    assert_line(&m, "/opt/cprof record -- COMMAND");
    m.no_new_privs = false;
    assert_line(&m, "sudo /opt/cprof record -p 4711");
    m.yama = 3;
    assert_line(&m, "reboot");
}

/* The engine bpf is there, the kernel is too old for it and keeps perf from
 * users: then the setting is what helps. */
static void the_setting_is_named_where_bpf_is_past_help(void **state)
{
    (void)state;
    struct advice_facts f = facts_of(&(struct machine){
        .uid = 1000, .paranoid = 3, .strict = true, .bpf_built = true});
    f.engines[0].err = -E_BPF_MISSING;
    assert_int_equal(f.engines[1].err, -E_PERF_PARANOID);
    assert_int_equal(advice_choose(&f), ADVICE_PARANOID);
    char line[2048];
    line_of(&f, line);
    assert_string_equal(line, "sudo sysctl kernel.perf_event_paranoid=2");
}

static void an_engine_to_ask_for_is_never_taken(void **state)
{
    (void)state;
    struct advice_facts f = facts_of(&(struct machine){
        .caps = ~(uint64_t)0, .bpf_built = true, .filter_perf = true});
    assert_false(advice_can_record(&f));
    f.engines[f.engine_count++] =
        (struct advice_engine){.name = "ptrace", .opt_in = true, .built = true};
    assert_null(advice_engine_taken(&f));
    assert_true(advice_can_record(&f));
    assert_int_equal(advice_choose(&f), ADVICE_HOST);
}

static void a_pid_that_is_no_node_comes_first(void **state)
{
    (void)state;
    struct advice_facts f =
        facts_of(&(struct machine){.uid = NOBODY, .bpf_built = true});
    f.node_given = true;
    f.node_err = -E_NOT_BEAM;
    f.rights.read_node = -EPERM;
    assert_false(advice_can_record(&f));
    assert_int_equal(advice_choose(&f), ADVICE_OTHER_PID);
}

/* What a VM hides from us is no matter of rights; but with more rights wanted
 * those come first. */
static void gaps_are_not_called_nothing(void **state)
{
    (void)state;
    struct advice_facts f =
        facts_of(&(struct machine){.caps = ~(uint64_t)0, .bpf_built = true});
    f.node_given = true;
    assert_int_equal(advice_choose(&f), ADVICE_NOTHING);
    f.node_gaps = true;
    assert_int_equal(advice_choose(&f), ADVICE_REPORT);
    char line[2048];
    line_of(&f, line);
    assert_null(strstr(line, "nothing"));
    f.engines[0].err = -E_BPF_DENIED;
    assert_int_not_equal(advice_choose(&f), ADVICE_REPORT);
}

static void kernel_time_needs_a_lower_level_than_user_time(void **state)
{
    (void)state;
    for (int paranoid = -1; paranoid <= 3; paranoid++) {
        struct machine m = {
            .uid = 1000, .paranoid = paranoid, .bpf_built = true};
        struct advice_facts f = facts_of(&m);
        assert_int_equal(advice_kernel_error(&f),
                         paranoid > 1 ? -E_PERF_PARANOID : 0);
        m.filter_perf = true;
        f = facts_of(&m);
        assert_int_equal(advice_kernel_error(&f), -E_SECCOMP);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_combination_gets_advice_that_fits),
        cmocka_unit_test(the_command_is_named),
        cmocka_unit_test(the_setting_is_named_where_bpf_is_past_help),
        cmocka_unit_test(an_engine_to_ask_for_is_never_taken),
        cmocka_unit_test(a_pid_that_is_no_node_comes_first),
        cmocka_unit_test(gaps_are_not_called_nothing),
        cmocka_unit_test(kernel_time_needs_a_lower_level_than_user_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
