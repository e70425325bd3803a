/* What the facts about rights mean: every combination of them is compared with
 * a second implementation of the kernel's rules. Also the facts of this
 * machine.
 */
#include "test.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "engine/engine.h"
#include "engine/rights.h"

#define CAP(n) ((uint64_t)1 << (n))
enum { PTRACE = 19, ADMIN = 21, PERFMON = 38, BPF = 39 };

static const uint64_t cap_sets[] = {
    0,           CAP(BPF),   CAP(PERFMON), CAP(BPF) | CAP(PERFMON),
    CAP(PTRACE), CAP(ADMIN), ~(uint64_t)0,
};
static const int answers[] = {0, -EPERM, -EACCES, -ENOSYS};

#define EACH(i, list)                                                          \
    for (size_t i = 0; i < sizeof(list) / sizeof((list)[0]); i++)

static bool any(uint64_t caps, uint64_t of)
{
    return (caps & of) != 0;
}

static void caps_count_outside_of_user_namespaces_only(void **state)
{
    (void)state;
    EACH(c, cap_sets)
    {
        uint64_t caps = cap_sets[c];
        struct rights r = {.caps = caps};
        bool perf = any(caps, CAP(PERFMON) | CAP(ADMIN));
        assert_int_equal(rights_perf(&r), perf);
        assert_int_equal(rights_bpf(&r),
                         perf && any(caps, CAP(BPF) | CAP(ADMIN)));
        r.namespaced = true;
        assert_false(rights_perf(&r));
        assert_false(rights_bpf(&r));
    }
}

static void yama_asks_for_the_right_to_trace(void **state)
{
    (void)state;
    static const int levels[] = {RIGHTS_UNKNOWN, 0, 1, 2, 3};
    EACH(l, levels)
    EACH(c, cap_sets)
    {
        struct rights r = {.caps = cap_sets[c], .yama = levels[l]};
        bool traces = any(r.caps, CAP(PTRACE));
        bool expected = r.yama <= 0 || (r.yama < 3 && traces);
        assert_int_equal(rights_read_any(&r), expected);
        r.same_user = true;
        assert_int_equal(rights_explain(&r, -E_NO_ACCESS),
                         expected ? -E_NO_ACCESS : -E_YAMA);
        r.same_user = false; /* that comes first */
        assert_int_equal(rights_explain(&r, -E_NO_ACCESS), -E_NO_ACCESS);
        r.read_self = -EPERM;
        assert_false(rights_read_any(&r));
        r.seccomp = true;
        assert_int_equal(rights_explain(&r, -E_NO_ACCESS), -E_SECCOMP);
    }
}

static void a_refused_event_is_explained(void **state)
{
    (void)state;
    for (int seccomp = 0; seccomp < 2; seccomp++)
        for (int paranoid = -1; paranoid <= 4; paranoid++)
            EACH(c, cap_sets)
    EACH(a, answers)
    {
        struct rights r = {.seccomp = seccomp != 0,
                           .paranoid = paranoid,
                           .caps = cap_sets[c],
                           .perf_user = answers[a]};
        bool monitors = any(r.caps, CAP(PERFMON) | CAP(ADMIN));
        int expected = -E_PERF_DENIED;
        if (r.perf_user == -EACCES && paranoid >= 3 && !monitors)
            expected = -E_PERF_PARANOID;
        if (seccomp && answers[a] && answers[a] != -EACCES)
            expected = -E_SECCOMP;
        assert_int_equal(rights_explain(&r, -E_PERF_DENIED), expected);
    }
}

static void a_refused_program_is_explained(void **state)
{
    (void)state;
    EACH(c, cap_sets)
    EACH(a, answers)
    {
        struct rights r = {.caps = cap_sets[c], .bpf_call = answers[a]};
        assert_int_equal(rights_explain(&r, -E_BPF_DENIED), -E_BPF_DENIED);
        assert_int_equal(rights_explain(&r, -E_BPF_MISSING), -E_BPF_MISSING);
        r.seccomp = true;
        bool filtered = answers[a] == -EPERM || answers[a] == -ENOSYS;
        assert_int_equal(rights_explain(&r, -E_BPF_DENIED),
                         filtered ? -E_SECCOMP : -E_BPF_DENIED);
        assert_int_equal(rights_explain(&r, -E_BPF_MISSING),
                         answers[a] == -ENOSYS ? -E_SECCOMP : -E_BPF_MISSING);
    }
}

static void other_errors_stay_what_they_are(void **state)
{
    (void)state;
    const struct rights r = {.seccomp = true,
                             .paranoid = 3,
                             .yama = 3,
                             .perf_user = -EPERM,
                             .bpf_call = -EPERM,
                             .read_self = -EPERM,
                             .same_user = true};
    static const int codes[] = {0,       -E_NO_PROCESS,     -E_NOT_BEAM,
                                -ENOMEM, -E_UNKNOWN_ENGINE, -E_MEMLOCK};
    EACH(i, codes)
    assert_int_equal(rights_explain(&r, codes[i]), codes[i]);
}

static void the_facts_are_those_of_this_process(void **state)
{
    (void)state;
    struct rights r;
    rights_read(getpid(), &r);
    assert_int_equal(r.uid, geteuid());
    assert_true(r.same_user);
    assert_int_equal(r.read_self, 0);
    assert_int_equal(r.read_node, 0);
    if (engine_bpf.probe(getpid()) == 0)
        assert_int_equal(r.bpf_call, 0);
    if (engine_perf.probe(getpid()) == 0)
        assert_int_equal(r.perf_user, 0);
    rights_read(0, &r);
    assert_true(r.same_user);
}

/* A child gives up what it has: the facts follow. */
static void rights_that_were_given_up_are_gone(void **state)
{
    (void)state;
    struct rights before;
    rights_read(0, &before);
    if (geteuid() != 0 || before.caps == 0)
        skip();
    pid_t pid = fork();
    if (pid == 0) {
        struct rights r;
        if (setgid(65534) || setuid(65534))
            _exit(3);
        rights_read(1, &r);
        bool right = r.uid == 65534 && r.caps == 0 && !r.same_user &&
                     r.read_node == -EPERM;
        _exit(right ? 0 : 1);
    }
    int status = 0;
    waitpid(pid, &status, 0);
    assert_int_equal(status, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(caps_count_outside_of_user_namespaces_only),
        cmocka_unit_test(yama_asks_for_the_right_to_trace),
        cmocka_unit_test(a_refused_event_is_explained),
        cmocka_unit_test(a_refused_program_is_explained),
        cmocka_unit_test(other_errors_stay_what_they_are),
        cmocka_unit_test(the_facts_are_those_of_this_process),
        cmocka_unit_test(rights_that_were_given_up_are_gone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
