/*
 * The JIT list of a real node that the test starts (the `erl` of the PATH). Its
 * code is found, with names, lines and ErtsCodeInfo. When a module is loaded
 * repeatedly with other functions, no name from another time is given.
 */
#include "test.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "target/jit.h"

/* Says where lists:seq/2 is, then loads jl with a function of its own LOADS
   times, PAUSE ms each: "load N FROM TO", the time for which jl:fN/1 was the
   code to call, in ns of CLOCK_MONOTONIC. Names have all the same length. */
static const char node_program[] =
    "[{lists,seq,_,At}|_] = try lists:seq(a,b) catch _:_:S -> S end,"
    "{file,F} = lists:keyfind(file,1,At),{line,L} = lists:keyfind(line,1,At),"
    "Now = fun() -> os:perf_counter(nanosecond) end,"
    "Load = fun(N) -> Name = list_to_atom(\"f\" ++ integer_to_list(N)),"
    "  {ok,_,B} = compile:forms([{attribute,1,module,jl},"
    "    {attribute,1,export,[{Name,1}]},{function,2,Name,1,[{clause,2,"
    "    [{var,2,'X'}],[],[{op,3,'+',{var,3,'X'},{integer,3,N}}]}]}]),"
    "  code:purge(jl), {module,_} = code:load_binary(jl,\"jl.erl\",B),"
    "  N = jl:Name(0), Now() end,"
    "io:format(\"seq ~s ~w~nready~n\",[F,L]), io:get_line(''),"
    "{Loads,Pause} = {~LOADS~,~PAUSE~},"
    "Rows = [begin T = Load(N), timer:sleep(Pause), {N,T,Now()} end"
    "  || N <- lists:seq(100,99+Loads)],"
    "[io:format(\"load ~w ~w ~w~n\",[N,A,B]) || {N,A,B} <- Rows],"
    "io:format(\"done~n\"), io:get_line(''), halt().";

enum { MAX_LOADS = 300, FIRST = 100 };

struct node {
    pid_t pid;
    FILE *out;
    int in;
    struct process process;
    struct maps maps;
    struct memory memory;
    struct jit *jit;
    char seq_file[256];
    unsigned seq_line;
    struct {
        unsigned number;
        unsigned long long from, to;
    } loads[MAX_LOADS];
    size_t load_count;
};

static void put_number(char *program, const char *mark, int number)
{
    char text[16];
    char *at = strstr(program, mark);
    assert_non_null(at);
    int n = snprintf(text, sizeof(text), "%*d", (int)strlen(mark), number);
    memcpy(at, text, (size_t)n);
}

static void start(struct node *n, int loads, int pause)
{
    char program[sizeof(node_program)];
    int out[2], in[2];
    memcpy(program, node_program, sizeof(program));
    put_number(program, "~LOADS~", loads);
    put_number(program, "~PAUSE~", pause);
    assert_int_equal(pipe(out), 0);
    assert_int_equal(pipe(in), 0);
    n->pid = fork();
    assert_true(n->pid >= 0);
    if (n->pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL); /* also when a test fails */
        dup2(in[0], 0);
        dup2(out[1], 1);
        for (int i = 0; i < 2; i++) {
            close(in[i]);
            close(out[i]);
        }
        execlp("erl", "erl", "-noshell", "-eval", program, (char *)NULL);
        _exit(127);
    }
    close(in[0]);
    close(out[1]);
    n->in = in[1];
    n->out = fdopen(out[0], "r");
}

/* Reads what the node says until it says `end`. */
static void listen_to(struct node *n, const char *end)
{
    char line[512];
    while (fgets(line, sizeof(line), n->out) && strcmp(line, end) != 0) {
        unsigned number;
        unsigned long long from, to;
        (void)!sscanf(line, "seq %255s %u", n->seq_file, &n->seq_line);
        if (sscanf(line, "load %u %llu %llu", &number, &from, &to) == 3 &&
            n->load_count < MAX_LOADS) {
            n->loads[n->load_count].number = number;
            n->loads[n->load_count].from = from;
            n->loads[n->load_count++].to = to;
        }
    }
    assert_string_equal(line, end);
}

static struct node *open_node(int loads, int pause)
{
    struct node *n = calloc(1, sizeof(*n));
    start(n, loads, pause);
    listen_to(n, "ready\n");
    assert_int_equal(process_open(n->pid, &n->process), 0);
    assert_int_equal(maps_read(n->pid, &n->maps), 0);
    n->memory = memory_of_pid(n->pid);
    uint64_t before = clock_now_ns();
    assert_int_equal(jit_open(&n->process, &n->maps, &n->memory, &n->jit), 0);
    uint64_t after = clock_now_ns();
    size_t functions = 0, lines = 0;
    for (size_t i = 0; i < jit_module_count(n->jit); i++) {
        functions += jit_module(n->jit, i)->function_count;
        lines += jit_module(n->jit, i)->line_count;
    }
    assert_int_equal(jit_refresh(n->jit), 0);
    uint64_t again = clock_now_ns();
    assert_true(jit_changed(n->jit) >= 0);
    print_message("%zu modules, %zu functions, %zu lines: opened in %.1f ms, "
                  "read again in %.2f, asked in %.3f\n",
                  jit_module_count(n->jit), functions, lines,
                  (after - before) / 1e6, (again - after) / 1e6,
                  (clock_now_ns() - again) / 1e6);
    return n;
}

static void close_node(struct node *n)
{
    jit_close(n->jit);
    maps_deinit(&n->maps);
    fclose(n->out);
    close(n->in);
    kill(n->pid, SIGKILL);
    waitpid(n->pid, NULL, 0);
    free(n);
}

static const struct jit_function *find_function(const struct jit *jit,
                                                const char *name,
                                                const struct jit_module **m)
{
    for (size_t i = jit_module_count(jit); i-- > 0;) {
        *m = jit_module(jit, i);
        for (uint32_t f = 0; f < (*m)->function_count; f++)
            if (strcmp((*m)->functions[f].name, name) == 0)
                return &(*m)->functions[f];
    }
    return NULL;
}

/* ErtsCodeInfo has {module, function, arity} at 16: two atoms, a number. */
static void check_info(const struct node *n, const struct jit_function *f,
                       uint64_t arity)
{
    uint64_t mfa[3];
    assert_int_equal(memory_read(&n->memory, f->info + 16, mfa, sizeof(mfa)),
                     0);
    assert_int_equal(mfa[0] & 0x3f, 0x0b);
    assert_int_equal(mfa[1] & 0x3f, 0x0b);
    assert_int_equal(mfa[2], arity);
}

static void the_nodes_own_code_is_there(void **state)
{
    (void)state;
    struct node *n = open_node(1, 1);
    const struct jit_module *m, *found;
    const struct jit_function *f = find_function(n->jit, "lists:seq/2", &m);
    assert_non_null(f);
    assert_string_equal(m->name, "lists");
    assert_int_equal(jit_find(n->jit, f->start, clock_now_ns(), &found), 0);
    assert_ptr_equal(found, m);
    assert_ptr_equal(jit_function_at(m, f->end - 1), f);
    const struct jit_line *line = jit_line_at(m, f, f->start);
    assert_non_null(line);
    assert_string_equal(line->file, n->seq_file);
    assert_int_equal(line->line, n->seq_line);
    check_info(n, f, 2);

    uint64_t bottom = jit_normal_exit(n->jit);
    assert_int_equal(jit_find(n->jit, bottom, clock_now_ns(), &found), 0);
    assert_true(found->emulator);
    assert_false(jit_frame_pointers(n->jit));
    assert_non_null(find_function(n->jit, "global::call_light_bif_shared", &m));
    assert_true(m->emulator);
    close_node(n);
}

static void every_module_is_in_order(void **state)
{
    (void)state;
    struct node *n = open_node(1, 1);
    for (size_t i = 0; i < jit_module_count(n->jit); i++) {
        const struct jit_module *m = jit_module(n->jit, i);
        for (uint32_t k = 0; k < m->function_count; k++) {
            const struct jit_function *f = &m->functions[k];
            assert_true(f->start < f->end && f->end <= m->base + m->size);
            assert_true(k == 0 || f[-1].end <= f->start);
            assert_null(strstr(f->name, "-CodeInfoPrologue"));
            assert_null(strstr(f->name, "::code"));
            assert_true(m->emulator || f->info == f->start);
            for (uint32_t l = 0; l < f->line_count; l++) {
                const struct jit_line *line = &m->lines[f->first_line + l];
                /* some are recorded before the code is aligned */
                assert_true(line->start + 16 > f->start &&
                            line->start <= f->end);
                assert_true(l == 0 || line[-1].start <= line->start);
            }
        }
    }
    close_node(n);
}

/* Follows the list at `pause` ms until the node speaks. */
static void follow(struct node *n, int pause)
{
    struct pollfd out = {.fd = fileno(n->out), .events = POLLIN};
    int failed = 0;
    uint64_t spent = 0, asked = 0, began = clock_now_ns();
    assert_int_equal(write(n->in, "\n", 1), 1);
    while (poll(&out, 1, pause) == 0) {
        uint64_t before = clock_now_ns();
        int changed = jit_changed(n->jit);
        uint64_t after = clock_now_ns();
        asked += after - before;
        if (changed != 0)
            failed += jit_refresh(n->jit) != 0;
        spent += changed != 0 ? clock_now_ns() - after : 0;
    }
    listen_to(n, "done\n");
    assert_int_equal(jit_refresh(n->jit), 0);
    struct jit_counters c = jit_counters(n->jit);
    print_message("%.1f s: %llu reads (%.2f ms each), %llu torn, %d failed, "
                  "%llu loaded, %llu removed, %.1f ms asking\n",
                  (clock_now_ns() - began) / 1e9, (unsigned long long)c.reads,
                  spent / 1e6 / c.reads, (unsigned long long)c.torn, failed,
                  (unsigned long long)c.loaded, (unsigned long long)c.removed,
                  asked / 1e6);
}

static void check_spans(const struct jit *jit)
{
    uint64_t last = 0;
    for (size_t i = 0; i < jit_module_count(jit); i++) {
        const struct jit_module *m = jit_module(jit, i);
        assert_int_equal(m->id, i);
        assert_true(m->absent_at < m->seen_from);
        assert_true(m->seen_from <= m->seen_until);
        assert_true(m->seen_until < m->gone_at);
        assert_true(m->seen_from >= last);
        last = m->seen_from;
    }
}

struct verdict {
    size_t right, doubtful, unseen;
};

/* The code of row `of` is there from its loading until the row after the next
 * one is loaded (as old code): at its address, no other name may come out. */
static void check_name(const struct node *n, size_t of, uint64_t time,
                       struct verdict *v)
{
    char name[32];
    const struct jit_module *m, *found;
    snprintf(name, sizeof(name), "jl:f%u/1", n->loads[of].number);
    const struct jit_function *f = find_function(n->jit, name, &m);
    if (!f) {
        v->unseen++;
        return;
    }
    int err = jit_find(n->jit, f->end - 1, time, &found);
    v->right += err == 0;
    v->doubtful += err == -E_AMBIGUOUS;
    if (err != -E_AMBIGUOUS) {
        assert_int_equal(err, 0);
        assert_string_equal(jit_function_at(found, f->end - 1)->name, name);
        assert_ptr_equal(found, m);
    }
}

static void check_names(const struct node *n, struct verdict *middle)
{
    struct verdict edges = {0}, old = {0};
    for (size_t i = 0; i < n->load_count; i++) {
        unsigned long long from = n->loads[i].from, to = n->loads[i].to;
        check_name(n, i, from + (to - from) / 2, middle);
        check_name(n, i, from, &edges);
        check_name(n, i, to, &edges);
        if (i)
            check_name(n, i - 1, from, &old);
    }
    print_message("right, doubtful, unseen: in the middle %zu %zu %zu, at the "
                  "edges %zu %zu %zu, as old code %zu %zu %zu\n",
                  middle->right, middle->doubtful, middle->unseen, edges.right,
                  edges.doubtful, edges.unseen, old.right, old.doubtful,
                  old.unseen);
}

static size_t named_right(unsigned ms)
{
    struct node *n = open_node(50, ms);
    follow(n, 2);
    assert_int_equal(n->load_count, 50);
    check_spans(n->jit);
    struct verdict v = {0};
    check_names(n, &v);
    assert_true(jit_counters(n->jit).loaded >= 50);
    close_node(n);
    return v.right;
}

/* On a busy machine the reader sees every version only of slower reloads. */
static void a_reloaded_module_is_named_by_its_time(void **state)
{
    (void)state;
    unsigned ms = 20;
    while (named_right(ms) < 40) {
        ms *= 2;
        assert_true(ms < 1000);
    }
}

/* Too fast to see every version: what is not seen must not be misnamed. */
static void reloads_faster_than_the_reads_give_no_wrong_name(void **state)
{
    (void)state;
    struct node *n = open_node(MAX_LOADS, 0);
    follow(n, 40);
    assert_int_equal(n->load_count, MAX_LOADS);
    check_spans(n->jit);
    struct verdict v = {0};
    check_names(n, &v);
    assert_int_equal(v.right + v.doubtful + v.unseen, MAX_LOADS);
    close_node(n);
}

static void a_node_that_died_is_gone(void **state)
{
    (void)state;
    struct node *n = open_node(1, 1);
    kill(n->pid, SIGKILL);
    siginfo_t info;
    assert_int_equal(waitid(P_PID, (id_t)n->pid, &info, WEXITED | WNOWAIT), 0);
    assert_true(jit_changed(n->jit) < 0);
    assert_true(jit_refresh(n->jit) < 0);
    assert_true(jit_module_count(n->jit) > 50);
    close_node(n);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_nodes_own_code_is_there),
        cmocka_unit_test(every_module_is_in_order),
        cmocka_unit_test(a_reloaded_module_is_named_by_its_time),
        cmocka_unit_test(reloads_faster_than_the_reads_give_no_wrong_name),
        cmocka_unit_test(a_node_that_died_is_gone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
