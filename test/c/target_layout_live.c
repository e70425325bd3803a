/*
 * A real node that the test starts (the `erl` of the PATH): what is read from
 * outside must agree with what the node says about itself.
 */
#include "test.h"

#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "target/erlproc.h"
#include "target/layout_parts.h"

/* Makes 40000 processes first, so that the table wraps and (before OTP 26)
   serials are in use; then one that spins under a name that no code has. It
   prints "spinner PID NAME INITIAL", a line for every process, and "done". */
static const char node_program[] =
    "lists:foreach(fun(_) -> {_,R} = spawn_monitor(fun() -> ok end), "
    "  receive {'DOWN',R,_,_,_} -> ok end end, lists:seq(1,40000)),"
    "Name = list_to_atom(\"spin\" ++ os:getpid() ++ [$_,16#e9]),"
    "Loop = fun(F) -> lists:sum([1,2,3]), F(F) end,"
    "Many = [spawn(fun() -> receive stop -> ok end end) || "
    "  _ <- lists:seq(1, 100)],"
    "register(list_to_atom(\"the last one\"), lists:last(Many)),"
    "Spin = proc_lib:spawn(fun() -> Loop(Loop) end), register(Name, Spin),"
    "Show = fun(Tag, P) -> case process_info(P,[registered_name,initial_call])"
    "  of undefined -> ok; [{_,N},{_,{M,F,A}}] ->"
    "  io:format(\"~s\\t~s\\t~ts\\t~ts:~ts/~w~n\", [Tag, pid_to_list(P), N, M,"
    "  F, A]) end end,"
    "timer:sleep(300),"
    "[Show(process, P) || P <- processes()], Show(spinner, Spin),"
    "io:format(\"done~n\"), receive stop -> halt() end.";

static const char evaluate[] =
    "io:setopts([{encoding,unicode}]),"
    "{ok,T,_} = erl_scan:string(os:getenv(\"PROGRAM\")),"
    "{ok,E} = erl_parse:parse_exprs(T),erl_eval:exprs(E,[]).";

struct row {
    char kind[16], pid[64], name[256], initial[256];
};

struct node {
    pid_t pid;      /* of what we started */
    pid_t emulator; /* of the VM */
    FILE *out;
    struct row rows[512];
    size_t count;
    struct process process;
    struct maps maps;
    struct memory memory;
    struct threads threads;
    struct jit *jit;
};

static void start(struct node *n, const char *flag, const char *value)
{
    int fds[2];
    assert_int_equal(pipe(fds), 0);
    n->pid = fork();
    assert_true(n->pid >= 0);
    if (n->pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL); /* also when a test fails */
        dup2(fds[1], 1);
        close(fds[0]);
        close(fds[1]);
        if (strcmp(flag, "unshare") == 0)
            execlp("unshare", "unshare", "--pid", "--fork", "--kill-child",
                   "--mount-proc", "erl", "+pc", "unicode", "-noinput", "-eval",
                   evaluate, (char *)NULL);
        execlp("erl", "erl", "+pc", "unicode", flag, value, "-noinput", "-eval",
               evaluate, (char *)NULL);
        _exit(127);
    }
    close(fds[1]);
    n->out = fdopen(fds[0], "r");
}

/* One "kind\tpid\tname\tinitial" line; the name may be empty. */
static bool parse_row(char *line, struct row *row)
{
    char *save = line;
    char *kind = strsep(&save, "\t"), *pid = strsep(&save, "\t");
    char *name = strsep(&save, "\t"), *initial = strsep(&save, "\n");
    if (!initial)
        return false;
    snprintf(row->kind, sizeof(row->kind), "%.15s", kind);
    snprintf(row->pid, sizeof(row->pid), "%.63s", pid);
    snprintf(row->name, sizeof(row->name), "%.255s", name);
    snprintf(row->initial, sizeof(row->initial), "%.255s", initial);
    return true;
}

static pid_t only_child(pid_t pid)
{
    char path[64];
    int child = 0;
    snprintf(path, sizeof(path), "/proc/%d/task/%d/children", (int)pid,
             (int)pid);
    FILE *file = fopen(path, "r");
    if (!file || fscanf(file, "%d", &child) != 1)
        child = 0;
    if (file)
        fclose(file);
    return child;
}

static void open_node(struct node *n, const char *flag, const char *value)
{
    memset(n, 0, sizeof(*n));
    start(n, flag, value);
    char line[1024];
    while (fgets(line, sizeof(line), n->out) && strcmp(line, "done\n") != 0)
        if (n->count < 512 && parse_row(line, &n->rows[n->count]))
            n->count++;
    assert_true(n->count > 100);
    n->emulator = strcmp(flag, "unshare") ? n->pid : only_child(n->pid);
    assert_int_equal(process_open(n->emulator, &n->process), 0);
    assert_int_equal(maps_read(n->emulator, &n->maps), 0);
    n->memory = memory_of_pid(n->emulator);
    assert_int_equal(threads_read(n->emulator, &n->threads), 0);
    assert_int_equal(jit_open(&n->process, &n->maps, &n->memory, &n->jit), 0);
}

static void close_node(struct node *n)
{
    jit_close(n->jit);
    threads_deinit(&n->threads);
    maps_deinit(&n->maps);
    fclose(n->out);
    kill(n->pid, SIGKILL);
    waitpid(n->pid, NULL, 0);
}

static const struct row *find_row(const struct node *n, const char *pid)
{
    for (size_t i = 0; i < n->count; i++)
        if (strcmp(n->rows[i].pid, pid) == 0)
            return &n->rows[i];
    return NULL;
}

static void discover(struct node *n, struct layout *l, bool hints)
{
    size_t count;
    const struct layout_hint *rows = layout_hints(&count);
    uint64_t before = clock_now_ns();
    assert_int_equal(layout_discover_hinted(&n->process, &n->maps, &n->memory,
                                            n->jit, &n->threads, rows,
                                            hints ? count : 0, l),
                     0);
    char missing[256];
    layout_missing(l, missing, sizeof(missing));
    print_message("discovered in %.1f ms: OTP %d, %zu schedulers, %llu slots, "
                  "missing [%s]\n",
                  (clock_now_ns() - before) / 1e6, l->release,
                  l->scheduler_count, (unsigned long long)l->table_size,
                  missing);
    for (int f = 0; f < LAYOUT_FIELD_COUNT; f++)
        print_message(" %u%s", l->offset[f], l->known[f] ? "" : "?");
    print_message(" (%u bytes)\n", l->process_bytes);
}

/* The fields read from outside are those that the node printed. */
static void compare(struct atoms *atoms, const struct erlproc *p,
                    const struct row *row)
{
    char text[ERLPROC_TEXT];
    erlproc_name(atoms, p, text);
    assert_string_equal(text, strcmp(row->name, "[]") == 0 ? "" : row->name);
    erlproc_initial_call(atoms, p->initial, text);
    assert_string_equal(text, row->initial);
}

/* Every process that the table shows, against the node's own list. */
static size_t compare_all(struct node *n, const struct layout *l)
{
    struct exedata d;
    struct layout_pieces pieces;
    struct atoms *atoms;
    size_t same = 0, named = 0;
    char text[64];
    assert_int_equal(
        atoms_open(&n->process, &n->maps, &n->memory, n->jit, &atoms), 0);
    uint64_t before = clock_now_ns();
    assert_int_equal(atoms_text(atoms, 0x0b + (20 << 6), text, sizeof(text)),
                     0);
    print_message("first atom (%s) in %.1f ms\n", text,
                  (clock_now_ns() - before) / 1e6);
    assert_int_equal(exedata_read(n->process.exe, &n->maps, &n->memory, &d), 0);
    assert_int_equal(
        layout_table_read(&d, &n->maps, &n->memory, LAYOUT_PROCESSES, &pieces),
        0);
    for (size_t i = 0; i < pieces.count; i++) {
        struct erlproc p;
        char pid[ERLPROC_TEXT];
        if (erlproc_read(l, &n->memory, pieces.list[i].address, &p) < 0)
            continue;
        erlproc_pid_text(p.id, l->release, l->table_size, pid);
        const struct row *row = find_row(n, pid);
        if (!row)
            continue;
        compare(atoms, &p, row);
        same++;
        named += p.name != 0;
    }
    print_message("%zu of %zu processes as the node says, %zu named\n", same,
                  pieces.count, named);
    assert_true(same >= pieces.count - 2);
    assert_true(named >= 2);
    free(pieces.list);
    exedata_deinit(&d);
    atoms_close(atoms);
    return same;
}

/* The spinning process, through what a scheduler runs now. */
static void find_spinner(struct node *n, const struct layout *l)
{
    struct atoms *atoms;
    const struct row *row = &n->rows[n->count - 1];
    bool found = false;
    assert_string_equal(row->kind, "spinner");
    assert_int_equal(
        atoms_open(&n->process, &n->maps, &n->memory, n->jit, &atoms), 0);
    for (int tries = 0; tries < 400 && !found; tries++) {
        for (size_t i = 0; i < l->scheduler_count; i++) {
            uint64_t c_p = 0;
            struct erlproc p;
            char pid[ERLPROC_TEXT];
            if (memory_read_u64(&n->memory,
                                l->schedulers[i].esdp +
                                    l->offset[LAYOUT_CURRENT_PROCESS],
                                &c_p) < 0 ||
                erlproc_read(l, &n->memory, c_p, &p) < 0)
                continue;
            erlproc_pid_text(p.id, l->release, l->table_size, pid);
            if (strcmp(pid, row->pid) != 0)
                continue;
            compare(atoms, &p, row);
            print_message("spinner %s %s %s\n", pid, row->name, row->initial);
            found = true;
        }
        usleep(5000);
    }
    atoms_close(atoms);
    assert_true(found);
}

static size_t kinds(const struct node *n, enum thread_kind kind)
{
    size_t count = 0;
    for (size_t i = 0; i < n->threads.count; i++)
        count += n->threads.list[i].kind == kind;
    return count;
}

static void check_schedulers(const struct node *n, const struct layout *l)
{
    assert_int_equal(l->scheduler_count, kinds(n, THREAD_NORMAL) +
                                             kinds(n, THREAD_DIRTY_CPU) +
                                             kinds(n, THREAD_DIRTY_IO));
    for (size_t i = 0; i < l->scheduler_count; i++) {
        uint64_t rs;
        assert_int_equal(
            memory_read_u64(&n->memory, l->schedulers[i].esdp, &rs), 0);
        bool normal = threads_find(&n->threads, l->schedulers[i].tid)->kind ==
                      THREAD_NORMAL;
        assert_true((normal ? rs : 0) == l->schedulers[i].runtime_stack);
        assert_ptr_equal(layout_scheduler(l, l->schedulers[i].tid),
                         &l->schedulers[i]);
    }
}

static void reads_what_the_node_says(void **state)
{
    (void)state;
    struct node n;
    struct layout l;
    open_node(&n, "+P", "1024");
    discover(&n, &l, true);
    char missing[256];
    layout_missing(&l, missing, sizeof(missing));
    assert_string_equal(missing, "");
    assert_int_equal(l.table_size, 1024);
    check_schedulers(&n, &l);
    compare_all(&n, &l);
    find_spinner(&n, &l);
    layout_deinit(&l);
    close_node(&n);
}

static void finds_64_schedulers(void **state)
{
    (void)state;
    struct node n;
    struct layout l;
    open_node(&n, "+S", "64");
    discover(&n, &l, true);
    assert_int_equal(kinds(&n, THREAD_NORMAL), 64);
    check_schedulers(&n, &l);
    find_spinner(&n, &l);
    layout_deinit(&l);
    close_node(&n);
}

/* They all go on at one address of the emulator's own code. */
static void knows_where_hibernated_processes_go_on(void **state)
{
    (void)state;
    struct node n;
    struct layout l;
    open_node(&n, "-eval",
              "[proc_lib:spawn(fun() -> proc_lib:hibernate(lists, reverse, "
              "[[]]) end) || _ <- lists:seq(1, 200)].");
    discover(&n, &l, false);
    assert_true(l.known[LAYOUT_CONTINUATION]);
    layout_deinit(&l);
    close_node(&n);
}

/* As in a container: the node's memory has other thread ids than we see. */
static void finds_schedulers_across_pid_namespaces(void **state)
{
    (void)state;
    if (system("unshare --pid --fork --mount-proc true 2>/dev/null") != 0)
        skip(); /* no right to, or in a chroot */
    struct node n;
    struct layout l;
    open_node(&n, "unshare", "");
    assert_int_not_equal(n.process.pid, n.process.inner_pid);
    discover(&n, &l, true);
    check_schedulers(&n, &l);
    find_spinner(&n, &l);
    layout_deinit(&l);
    close_node(&n);
}

/* Evidence as an engine would deliver it: stops a thread for an instant. */
static bool look(const struct node *n, pid_t tid, struct layout_evidence *e)
{
    struct user_regs_struct regs;
    if (ptrace(PTRACE_SEIZE, tid, 0, 0) != 0)
        return false;
    ptrace(PTRACE_INTERRUPT, tid, 0, 0);
    waitpid(tid, NULL, __WALL);
    bool ok = ptrace(PTRACE_GETREGS, tid, 0, &regs) == 0 &&
              jit_contains(n->jit, regs.rip);
    *e = (struct layout_evidence){.tid = tid,
                                  .c_p = regs.r13,
                                  .rbx = regs.rbx,
                                  .stack_pointer = regs.rsp};
    uint64_t words[512];
    size_t got = 512;
    while (ok && got && memory_read(&n->memory, regs.rsp, words, got * 8) < 0)
        got /= 2;
    for (size_t i = 0; ok && i < got && !e->exit_slot; i++)
        if (words[i] == jit_normal_exit(n->jit))
            e->exit_slot = regs.rsp + i * 8;
    ptrace(PTRACE_DETACH, tid, 0, 0);
    return ok;
}

static size_t learn(struct node *n, struct layout *l, size_t samples)
{
    size_t taken = 0;
    for (size_t tries = 0; tries < samples * 40 && taken < samples; tries++) {
        for (size_t i = 0; i < n->threads.count; i++) {
            struct layout_evidence e;
            if (n->threads.list[i].kind != THREAD_NORMAL ||
                !look(n, n->threads.list[i].tid, &e))
                continue;
            layout_learn(l, &n->memory, &e);
            taken++;
        }
        usleep(1000);
    }
    return taken;
}

static void works_without_any_hint(void **state)
{
    (void)state;
    struct node n;
    struct layout known, l;
    open_node(&n, "+P", "2000");
    discover(&n, &known, true);
    discover(&n, &l, false);
    size_t samples = learn(&n, &l, 20);
    char missing[256];
    layout_missing(&l, missing, sizeof(missing));
    print_message("%zu samples, missing [%s]\n", samples, missing);
    assert_string_equal(missing, "");
    for (int f = 0; f < LAYOUT_FIELD_COUNT; f++)
        assert_int_equal(l.offset[f], known.offset[f]);
    compare_all(&n, &l);
    layout_deinit(&l);
    layout_deinit(&known);
    close_node(&n);
}

/* As with a C library whose thread control block we do not know: nothing is
   found in the data, everything comes from samples. */
static void learns_the_schedulers_from_samples(void **state)
{
    (void)state;
    struct node n;
    struct layout l;
    open_node(&n, "+P", "2000");
    struct maps none = {0};
    assert_int_equal(
        layout_discover(&n.process, &none, &n.memory, n.jit, &n.threads, &l),
        0);
    assert_int_equal(l.scheduler_count, 0);
    learn(&n, &l, 40);
    char missing[256];
    layout_missing(&l, missing, sizeof(missing));
    print_message("from samples alone: %zu schedulers, missing [%s], release "
                  "%d\n",
                  l.scheduler_count, missing, l.release);
    assert_true(l.scheduler_count >= 1);
    assert_true(l.known[LAYOUT_HEND] && l.known[LAYOUT_SCHEDULER_DATA] &&
                l.known[LAYOUT_CURRENT_PROCESS]);
    uint64_t rs;
    assert_int_equal(memory_read_u64(&n.memory, l.schedulers[0].esdp, &rs), 0);
    assert_true(rs == l.schedulers[0].runtime_stack);
    layout_deinit(&l);
    close_node(&n);
}

/* Known fields stay known while all is well, and a wrong one is noticed. */
static void drops_a_wrong_field_and_learns_it_again(void **state)
{
    (void)state;
    struct node n;
    struct layout l;
    open_node(&n, "+P", "2000");
    discover(&n, &l, true);
    uint32_t hend = l.offset[LAYOUT_HEND];
    learn(&n, &l, 200);
    assert_true(l.checks > 0);
    assert_true(l.known[LAYOUT_HEND]);
    print_message("%llu checks, %llu failed\n", (unsigned long long)l.checks,
                  (unsigned long long)l.failed);
    l.offset[LAYOUT_HEND] = hend + 16;
    learn(&n, &l, 64 * 5);
    assert_true(l.failed >= 2);
    assert_true(l.known[LAYOUT_HEND]);
    assert_int_equal(l.offset[LAYOUT_HEND], hend);
    layout_deinit(&l);
    close_node(&n);
}

int main(void)
{
    setenv("PROGRAM", node_program, 1);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_what_the_node_says),
        cmocka_unit_test(finds_64_schedulers),
        cmocka_unit_test(knows_where_hibernated_processes_go_on),
        cmocka_unit_test(finds_schedulers_across_pid_namespaces),
        cmocka_unit_test(works_without_any_hint),
        cmocka_unit_test(learns_the_schedulers_from_samples),
        cmocka_unit_test(drops_a_wrong_field_and_learns_it_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
