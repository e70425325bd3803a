#include "child.h"

#include <sys/wait.h>
#include <unistd.h>

#include "target/beams.h"

static void names_with_and_without_a_host(void **state)
{
    (void)state;
    static const struct {
        const char *node, *host, *name;
        bool same;
    } rows[] = {
        {"shop@10.0.0.1", "box", "shop", true},
        {"shop@10.0.0.1", "box", "shop@10.0.0.1", true},
        {"shop@10.0.0.1", "box", "shop@10.0.0.2", false},
        {"shop", "box.example.org", "shop@box", true},
        {"shop", "box.example.org", "shop@box.example.org", true},
        {"shop", "box", "shop@other", false},
        {"shop", "box", "shop", true},
        {"shop", "box", "sho", false},
        {"sho", "box", "shop", false},
        {"shop2@box", "box", "shop", false},
        {"", "box", "", false},
        {"", "box", "@box", false},
        {"shop", "box", "", false},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        assert_int_equal(
            beams_is_named(rows[i].node, rows[i].host, rows[i].name),
            rows[i].same);
}

/* There is no VM behind this program, whatever else runs here. */
static void leaves_out_what_is_no_vm(void **state)
{
    (void)state;
    struct beams all;
    assert_int_equal(beams_list(&all), 0);
    assert_true(all.looked_at > 0);
    for (size_t i = 0; i < all.count; i++) {
        assert_true(all.list[i].process.pid != getpid());
        assert_true(all.list[i].process.by_erlexec);
        assert_true(i == 0 ||
                    all.list[i - 1].process.pid < all.list[i].process.pid);
    }
    beams_deinit(&all);
}

/* A shell with the arguments of a VM, and a child that only was forked. It
 * prints the pid of that child. */
static pid_t start_forking(int *in, pid_t *child)
{
    static const char *const vm[] = {
        "beam.smp", "-c",       "exec 3<&0; (read x <&3) & echo $!; wait",
        "--",       "-root",    "/otp",
        "-bindir",  "/otp/bin", "-progname",
        "erl",      "--",       "-home",
        "/",        "-sname",   "forks",
        NULL};
    FILE *said;
    pid_t pid = child_start("/bin/sh", vm, in, &said);
    *child = (pid_t)child_number(said);
    fclose(said);
    return pid;
}

static bool is_listed(const struct beams *all, pid_t pid)
{
    for (size_t i = 0; i < all->count; i++)
        if (all->list[i].process.pid == pid)
            return true;
    return false;
}

static void leaves_out_what_a_vm_has_only_forked(void **state)
{
    (void)state;
    struct beams all;
    int in;
    pid_t child, pid = start_forking(&in, &child);
    assert_int_equal(beams_list(&all), 0);
    assert_true(is_listed(&all, pid));
    assert_false(is_listed(&all, child));
    beams_deinit(&all);
    close(in);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_with_and_without_a_host),
        cmocka_unit_test(leaves_out_what_is_no_vm),
        cmocka_unit_test(leaves_out_what_a_vm_has_only_forked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
