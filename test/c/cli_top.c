/* The pages of `cprof top` and its keys, with a node that does not exist. */
#include "cli/top_layout.h" /* before cmocka: it has a macro `fail` */

#include "profile_make.h"

#include <math.h>

#include "base/clock.h"
#include "base/utf8.h"
#include "formats/words.h"

/* --- a moment ------------------------------------------------------------- */

enum { SPAN_S = 5 };

static uint64_t term_of(uint64_t number)
{
    return number << 4 | 3;
}

static uint32_t add_process(struct moment *m, struct profile *p,
                            uint64_t number, const char *name,
                            enum sample_state state, uint32_t stack)
{
    char pid[32];
    snprintf(pid, sizeof(pid), "<0.%u.0>", (unsigned)number);
    uint32_t id =
        made(profile_process(p, pid, name, *name ? "" : "shop:init/1", "", ""));
    m->processes =
        realloc(m->processes, (m->process_count + 1) * sizeof(*m->processes));
    m->processes[m->process_count++] = (struct moment_process){
        .term = term_of(number),
        .process = id,
        .stack = stack,
        .state = state,
        .queue = FIGURE_UNKNOWN,
        .reductions = FIGURE_UNKNOWN,
        .memory = FIGURE_UNKNOWN,
        .binaries = FIGURE_UNKNOWN,
        .growth = NAN,
        .speed = NAN,
    };
    return id;
}

/* Every process as the last one is found by its number. */
static struct moment_process *last(struct moment *m)
{
    return &m->processes[m->process_count - 1];
}

static uint32_t waiting_stack(struct profile *p, const char *text)
{
    return make_frames(p, text);
}

static void add_threads(struct moment *m, unsigned schedulers)
{
    m->threads = calloc(schedulers + 2, sizeof(*m->threads));
    for (unsigned i = 0; i < schedulers; i++) {
        m->threads[i] = (struct moment_thread){.kind = "scheduler",
                                               .number = i + 1,
                                               .threads = 1,
                                               .used = i ? 0.25 : 0.8,
                                               .samples = 40};
        m->threads[i].by_state[STATE_RUNNING] = 30;
        m->threads[i].by_state[STATE_IDLE] = 10;
    }
    m->threads[schedulers] =
        (struct moment_thread){.kind = "dirty-io", .threads = 10, .used = 0.03};
    m->threads[schedulers + 1] =
        (struct moment_thread){.kind = "other", .threads = 3, .used = NAN};
    m->thread_count = schedulers + 2;
}

/* Of 100 samples of work, busy has 60 and till 40; db is waited for by till and
 * by <0.93.0>. */
static void add_shop(struct moment *m, struct profile *p)
{
    uint32_t hot = make_frames(p, "E shop:main/0;E shop:hot/1");
    uint32_t warm = make_frames(p, "E shop:main/0;E shop:warm/2");
    uint32_t for_db =
        waiting_stack(p, "E shop:ask/1;E gen:do_call/4;R [waits for db]");
    uint32_t busy = add_process(m, p, 90, "busy", STATE_RUNNING,
                                waiting_stack(p, "R [running]"));
    last(m)->cpu_ns = 3 * NS_PER_S;
    last(m)->speed = 1234567;
    last(m)->memory = 5 << 20;
    last(m)->queue = 0;
    last(m)->growth = 0;
    last(m)->binaries = 100;
    uint32_t till = add_process(m, p, 91, "till", STATE_BLOCKED, for_db);
    last(m)->cpu_ns = 2 * NS_PER_S;
    last(m)->queue = 12;
    last(m)->growth = -3;
    last(m)->memory = 2048;
    last(m)->binaries = 7 << 20;
    last(m)->speed = 0.4;
    add_process(m, p, 92, "db", STATE_WAITING,
                waiting_stack(p, "E db:handle/2;E db:slow/1"));
    last(m)->queue = 250000;
    last(m)->growth = 1200.4;
    last(m)->memory = 100;
    last(m)->memory_at_least = true;
    add_process(m, p, 93, "", STATE_BLOCKED, for_db);
    add_process(m, p, 94, "", STATE_IDLE,
                waiting_stack(p, "E gen_server:loop/7"));
    make_sample(p, hot, busy, STATE_RUNNING, 60);
    make_sample(p, warm, till, STATE_RUNNING, 40);
    make_sample(p, hot, PROFILE_NONE, STATE_IDLE, 30);
}

static struct profile *named_profile(void)
{
    struct profile *p = make_profile();
    struct profile_meta *meta = profile_meta_edit(p);
    meta->node = made(profile_string(p, "shop@host"));
    meta->otp = made(profile_string(p, "27"));
    meta->pid = 4711;
    meta->rate_asked = 99;
    return p;
}

static struct moment begin_moment(struct profile *p)
{
    return (struct moment){.profile = p,
                           .engine = "bpf",
                           .elapsed_ns = 751 * NS_PER_S,
                           .span_ns = SPAN_S * NS_PER_S,
                           .node_cpus = 1.05,
                           .all_cpus = 1.5,
                           .cpu_count = 2};
}

/* After everything was added. */
static void end_moment(struct moment *m, struct profile *p)
{
    m->window = p; /* the whole profile is of the span */
    m->in_table = m->process_count;
    assert_int_equal(process_names_compute(p, &m->names), 0);
    assert_int_equal(moment_count_waiting(m), 0);
    assert_int_equal(summary_compute(p, &m->summary), 0);
}

static struct moment shop(void)
{
    struct profile *p = named_profile();
    struct moment m = begin_moment(p);
    add_shop(&m, p);
    add_threads(&m, 2);
    m.has_queues = true;
    m.queue_sum = 250012;
    end_moment(&m, p);
    return m;
}

/* --- a page --------------------------------------------------------------- */

static struct top_view view_of(unsigned width, unsigned height)
{
    return (struct top_view){.width = width, .height = height};
}

/* To be freed. */
static char *text_of(const struct moment *m, struct top_view *v)
{
    struct top_page page;
    top_page_init(&page, v->width);
    assert_int_equal(top_layout(m, v, &page), 0);
    buffer_add(&page.text, "", 1);
    assert_false(page.text.failed);
    char *text = strdup((char *)page.text.data);
    top_page_deinit(&page);
    return text;
}

/* The line that has the text; the result is valid until the next call. */
static const char *line_with(const char *text, const char *part)
{
    static char line[1024];
    const char *at = strstr(text, part);
    if (!at)
        return "";
    while (at > text && at[-1] != '\n')
        at--;
    snprintf(line, sizeof(line), "%.*s", (int)strcspn(at, "\n"), at);
    return line;
}

static void assert_has(const char *text, const char *part)
{
    if (!strstr(text, part))
        fail_msg("no \"%s\" in:\n%s", part, text);
}

static size_t place_of(const char *text, const char *part)
{
    const char *at = strstr(text, part);
    if (!at)
        fail_msg("no \"%s\" in:\n%s", part, text);
    return (size_t)(at - text);
}

/* As many lines as the screen has, and none is wider. */
static void assert_fits(const char *text, unsigned width, unsigned height)
{
    unsigned lines = 0;
    for (const char *at = text; *at; lines++) {
        size_t len = strcspn(at, "\n");
        assert_true(utf8_shown_length(at, len) <= width);
        at += len + (at[len] == '\n');
    }
    assert_int_equal(lines, height);
}

static void press(struct top_view *v, const struct moment *m, const char *keys)
{
    for (; *keys; keys++)
        assert_int_equal(top_view_key(v, m, *keys), 0);
}

static void press_key(struct top_view *v, const struct moment *m, int key)
{
    assert_int_equal(top_view_key(v, m, key), 0);
}

/* --- the list ------------------------------------------------------------- */

static void a_page_of_80_columns(void **state)
{
    (void)state;
    struct moment m = shop();
    struct top_view v = view_of(TOP_LEAST_WIDTH, TOP_LEAST_HEIGHT);
    char *text = text_of(&m, &v);
    assert_fits(text, TOP_LEAST_WIDTH, TOP_LEAST_HEIGHT);
    assert_has(text, "Node:     shop@host, pid 4711, OTP 27\n");
    assert_has(text, "CPU:      node 1.05 of 2 CPUs, machine 1.50 in the last "
                     "5.0 s; engine bpf, 99 Hz\n");
    assert_has(text,
               "Now:      5 processes; 250,012 messages in their mailboxes\n");
    assert_has(text, "Watched:  for 12 min 31 s\n");
    assert_has(text, "S1    80% run 60 idle 20");
    assert_has(text, "S2    25% run 19 idle 6");
    assert_has(text, "dirty-io (10) 3%  other (3) -\n");
    assert_has(text, "FUNCTION, of 100 samples of work in the last 5.0 s\n");
    assert_true(place_of(text, "shop:hot/1") < place_of(text, "shop:warm/2"));
    assert_string_equal(
        line_with(text, "<0.91.0>"),
        "  40.0    0.4     12   -3.0  2.0k  7.0M <0.91.0>  till            "
        "[waits for db]");
    assert_string_equal(
        line_with(text, "<0.92.0>"),
        "   0.0      -   250k  +1200  100+     - <0.92.0>  db              "
        "in db:slow/1");
    assert_string_equal(line_with(text, "<0.94.0>"),
                        "   0.0      -      -      -     -     - <0.94.0>  "
                        "shop:init/1     idle");
    assert_has(text, "q quit");
    free(text);
    moment_deinit(&m);
}

static void who_sleeps_is_shown_at_its_caller(void **state)
{
    (void)state;
    struct moment m = shop();
    struct profile *p = (struct profile *)m.profile; /* made by shop() */
    add_process(&m, p, 95, "", STATE_WAITING,
                waiting_stack(p, "E shop:poll/1;E timer:sleep/1;"
                                 "R [receive ... after]"));
    process_names_deinit(&m.names);
    assert_int_equal(process_names_compute(p, &m.names), 0);
    struct top_view v = view_of(100, TOP_LEAST_HEIGHT);
    char *text = text_of(&m, &v);
    assert_has(line_with(text, "<0.95.0>"), " sleeps in shop:poll/1");
    free(text);
    moment_deinit(&m);
}

/* Where there is little room, the order decides. */
static void how_many_wait_for_a_process(void **state)
{
    (void)state;
    struct moment m = shop();
    struct top_view v = view_of(TOP_LEAST_WIDTH, TOP_LEAST_HEIGHT);
    press(&v, &m, "w");
    char *text = text_of(&m, &v);
    assert_fits(text, TOP_LEAST_WIDTH, TOP_LEAST_HEIGHT);
    assert_has(text, " MEM *ASKED PID ");
    assert_string_equal(
        line_with(text, "<0.92.0>"),
        "   0.0      -   250k  +1200  100+      2 <0.92.0>  db             "
        "in db:slow/1");
    assert_true(place_of(text, "<0.92.0>") < place_of(text, "<0.91.0>"));
    free(text);
    v = view_of(100, TOP_LEAST_HEIGHT);
    text = text_of(&m, &v);
    assert_has(text, " MEM   BIN  ASKED PID ");
    assert_has(line_with(text, "<0.92.0>"), " 100+     -      2 <0.92.0>  db ");
    assert_has(line_with(text, "<0.91.0>"), " 7.0M      0 <0.91.0>  till ");
    free(text);
    moment_deinit(&m);
}

static void every_size_is_filled_and_not_exceeded(void **state)
{
    (void)state;
    struct moment m = shop();
    for (unsigned width = 1; width <= 250; width += 7)
        for (unsigned height = 1; height <= 90; height += 3) {
            struct top_view v = view_of(width, height);
            char *text = text_of(&m, &v);
            assert_fits(text, width, height);
            free(text);
        }
    moment_deinit(&m);
}

static void names_are_shown_safely_and_cut(void **state)
{
    (void)state;
    struct profile *p = named_profile();
    struct moment m = begin_moment(p);
    uint32_t idle = waiting_stack(p, "E gen_server:loop/7");
    char longest[256];
    memset(longest, 'x', 255);
    longest[255] = '\0';
    add_process(&m, p, 1, "\xc3\xa4\xc3\xb6\xe6\xbc\xa2\xe5\xad\x97",
                STATE_IDLE, idle);
    add_process(&m, p, 2, "evil\x1b[2J\n", STATE_IDLE, idle);
    add_process(&m, p, 3, longest, STATE_IDLE, idle);
    add_threads(&m, 1);
    end_moment(&m, p);
    struct top_view v = view_of(TOP_LEAST_WIDTH, TOP_LEAST_HEIGHT);
    char *text = text_of(&m, &v);
    assert_fits(text, TOP_LEAST_WIDTH, TOP_LEAST_HEIGHT);
    assert_has(text,
               "\xc3\xa4\xc3\xb6\xe6\xbc\xa2\xe5\xad\x97            idle");
    assert_null(strchr(text, '\x1b'));
    assert_has(line_with(text, "<0.2.0>"), "evil");
    assert_has(line_with(text, "<0.3.0>"), "xxx...xxx");
    free(text);
    moment_deinit(&m);
}

static void a_node_without_processes_or_samples(void **state)
{
    (void)state;
    struct profile *p = named_profile();
    struct moment m = begin_moment(p);
    end_moment(&m, p);
    struct top_view v = view_of(TOP_LEAST_WIDTH, TOP_LEAST_HEIGHT);
    char *text = text_of(&m, &v);
    assert_fits(text, TOP_LEAST_WIDTH, TOP_LEAST_HEIGHT);
    assert_has(text, "Now:      0 processes\n");
    free(text);
    press_key(&v, &m, TOP_KEY_DOWN);
    press_key(&v, &m, TOP_KEY_END);
    press_key(&v, &m, TOP_KEY_ENTER);
    assert_int_equal(v.opened, 0);
    moment_deinit(&m);
}

static void what_is_missing_is_named(void **state)
{
    (void)state;
    struct moment m = shop();
    struct top_view v = view_of(100, 40);
    m.no_cpu = -E_PERF_PARANOID;
    m.engine = "none";
    char *text = text_of(&m, &v);
    assert_fits(text, 100, 40);
    assert_has(text, "no samples of CPU time: ");
    assert_null(strstr(text, "engine"));
    assert_has(line_with(text, "<0.91.0>"), "     -    0.4");
    free(text);
    m.no_cpu = 0;
    m.no_processes = -E_LAYOUT;
    text = text_of(&m, &v);
    assert_fits(text, 100, 40);
    assert_has(text, "Now:      its processes cannot be read: ");
    assert_null(strstr(text, "<0.91.0>"));
    free(text);
    m.no_processes = 0;
    m.is_part = true;
    m.in_table = 1000000;
    m.age_ns = 3 * NS_PER_S;
    m.others_ns = NS_PER_S / 2;
    m.stopped = true;
    v.width = 120;
    text = text_of(&m, &v);
    assert_has(text, "Now:      1,000,000 processes, a sample of 5 read 3 s "
                     "ago; 250,012 messages in ");
    assert_has(text, "; a signal has stopped it; processes that are not listed "
                     "used 10.0 % of a CPU\n");
    free(text);
    moment_deinit(&m);
}

static void many_schedulers_are_summed_up(void **state)
{
    (void)state;
    struct profile *p = named_profile();
    struct moment m = begin_moment(p);
    add_threads(&m, 200);
    end_moment(&m, p);
    struct top_view v = view_of(TOP_LEAST_WIDTH, TOP_LEAST_HEIGHT);
    char *text = text_of(&m, &v);
    assert_fits(text, TOP_LEAST_WIDTH, TOP_LEAST_HEIGHT);
    assert_has(text, "S1    80% run 60 idle 20");
    assert_has(text, " more, ");
    assert_has(text, "dirty-io (10)");
    free(text);
    moment_deinit(&m);
}

/* --- order and choice ----------------------------------------------------- */

/* The last numbers of the pids, in the order of a column. */
static const char *order_by(const struct moment *m, enum moment_column column,
                            const char *match)
{
    static char text[64];
    uint32_t *order;
    int64_t count = moment_order(m, column, match, &order);
    text[0] = '\0';
    assert_true(count >= 0);
    for (int64_t i = 0; i < count; i++) {
        size_t len = strlen(text);
        snprintf(text + len, sizeof(text) - len, "%s%u", i ? " " : "",
                 (unsigned)(m->processes[order[i]].term >> 4));
    }
    free(order);
    return text;
}

static void processes_are_sorted_by_each_column(void **state)
{
    (void)state;
    struct moment m = shop();
    assert_string_equal(order_by(&m, MOMENT_CPU, ""), "90 91 92 93 94");
    assert_string_equal(order_by(&m, MOMENT_REDUCTIONS, ""), "90 91 92 93 94");
    assert_string_equal(order_by(&m, MOMENT_MAILBOX, ""), "92 91 90 93 94");
    assert_string_equal(order_by(&m, MOMENT_MEMORY, ""), "90 91 92 93 94");
    assert_string_equal(order_by(&m, MOMENT_BINARIES, ""), "91 90 92 93 94");
    assert_string_equal(order_by(&m, MOMENT_WAITS, ""), "92 91 93 90 94");
    moment_deinit(&m);
}

static void processes_are_found_by_what_is_seen_of_them(void **state)
{
    (void)state;
    struct moment m = shop();
    assert_string_equal(order_by(&m, MOMENT_CPU, "TILL"), "91");
    assert_string_equal(order_by(&m, MOMENT_CPU, "0.93"), "93");
    assert_string_equal(order_by(&m, MOMENT_CPU, "for DB"), "91 93");
    assert_string_equal(order_by(&m, MOMENT_CPU, "shop:init"), "93 94");
    assert_string_equal(order_by(&m, MOMENT_CPU, "none such"), "");
    moment_deinit(&m);
}

static void who_waits_for_whom(void **state)
{
    (void)state;
    struct moment m = shop();
    const struct moment_process *db = moment_find(&m, term_of(92));
    const struct moment_process *till = moment_find(&m, term_of(91));
    assert_true(moment_waits_for(&m, till, db));
    assert_true(moment_waits_for(&m, moment_find(&m, term_of(93)), db));
    assert_false(moment_waits_for(&m, db, till));
    assert_false(moment_waits_for(&m, moment_find(&m, term_of(94)), db));
    assert_null(moment_find(&m, term_of(95)));
    moment_deinit(&m);
}

/* One that has no name is known by its pid; what it is may be learnt later. */
static void a_process_without_a_name_is_waited_for(void **state)
{
    (void)state;
    struct profile *p = named_profile();
    struct moment m = begin_moment(p);
    add_process(&m, p, 9, "", STATE_IDLE, PROFILE_NONE);
    add_process(&m, p, 90, "", STATE_IDLE, PROFILE_NONE);
    add_process(&m, p, 91, "", STATE_BLOCKED,
                waiting_stack(p, "R [waits for <0.90.0> (other:init/1)]"));
    add_process(&m, p, 92, "", STATE_BLOCKED,
                waiting_stack(p, "R [waits for <0.90.0>]"));
    end_moment(&m, p);
    for (uint64_t one = 91; one <= 92; one++) {
        assert_true(moment_waits_for(&m, moment_find(&m, term_of(one)),
                                     moment_find(&m, term_of(90))));
        assert_false(moment_waits_for(&m, moment_find(&m, term_of(one)),
                                      moment_find(&m, term_of(9))));
    }
    assert_int_equal(moment_find(&m, term_of(90))->waiting, 2);
    assert_int_equal(moment_find(&m, term_of(9))->waiting, 0);
    moment_deinit(&m);
}

/* --- keys ----------------------------------------------------------------- */

static void keys_sort_and_filter(void **state)
{
    (void)state;
    struct moment m = shop();
    struct top_view v = view_of(120, 40);
    press(&v, &m, "m");
    char *text = text_of(&m, &v);
    assert_has(text, "*MBOX");
    assert_true(place_of(text, "<0.92.0>") < place_of(text, "<0.90.0>"));
    free(text);
    press(&v, &m, "/tilq");
    assert_false(v.quit);
    press_key(&v, &m, TOP_KEY_BACKSPACE);
    press(&v, &m, "l");
    press_key(&v, &m, 0xe4);
    press_key(&v, &m, TOP_KEY_BACKSPACE);
    press_key(&v, &m, TOP_KEY_UP);
    assert_string_equal(v.match, "till");
    text = text_of(&m, &v);
    assert_has(text, "/till_");
    assert_has(text, "<0.91.0>");
    assert_null(strstr(text, "<0.90.0>"));
    free(text);
    press_key(&v, &m, TOP_KEY_ENTER);
    assert_false(v.typing);
    text = text_of(&m, &v);
    assert_has(text, "only: till");
    free(text);
    press_key(&v, &m, TOP_KEY_ESCAPE);
    assert_string_equal(v.match, "");
    press(&v, &m, "q");
    assert_true(v.quit);
    moment_deinit(&m);
}

static void a_filter_is_never_too_long(void **state)
{
    (void)state;
    struct moment m = shop();
    struct top_view v = view_of(80, 24);
    press(&v, &m, "/");
    for (int i = 0; i < 1000; i++)
        press_key(&v, &m, i % 2 ? 0x1f600 : 'x');
    assert_true(strlen(v.match) < sizeof(v.match));
    for (int i = 0; i < 1000; i++)
        press_key(&v, &m, TOP_KEY_BACKSPACE);
    assert_string_equal(v.match, "");
    moment_deinit(&m);
}

static void the_cursor_stays_with_its_process(void **state)
{
    (void)state;
    struct moment m = shop();
    struct top_view v = view_of(80, 24);
    free(text_of(&m, &v));
    press_key(&v, &m, TOP_KEY_DOWN);
    assert_int_equal(v.cursor, term_of(90));
    press_key(&v, &m, TOP_KEY_DOWN);
    assert_int_equal(v.cursor, term_of(91));
    /* It moves to the first row, and the cursor with it. */
    m.processes[1].cpu_ns = 100 * NS_PER_S;
    free(text_of(&m, &v));
    assert_int_equal(v.cursor, term_of(91));
    press_key(&v, &m, TOP_KEY_DOWN);
    assert_int_equal(v.cursor, term_of(90));
    press_key(&v, &m, TOP_KEY_END);
    assert_int_equal(v.cursor, term_of(94));
    press_key(&v, &m, TOP_KEY_DOWN);
    assert_int_equal(v.cursor, term_of(94));
    press_key(&v, &m, TOP_KEY_PAGE_UP);
    press_key(&v, &m, TOP_KEY_HOME);
    assert_int_equal(v.cursor, term_of(91));
    assert_int_equal(top_view_watched(&v), term_of(91));
    press_key(&v, &m, TOP_KEY_ESCAPE);
    assert_int_equal(top_view_watched(&v), 0);
    moment_deinit(&m);
}

static void the_list_scrolls(void **state)
{
    (void)state;
    struct profile *p = named_profile();
    struct moment m = begin_moment(p);
    for (uint64_t i = 1; i <= 300; i++)
        add_process(&m, p, i, "", STATE_IDLE, PROFILE_NONE);
    end_moment(&m, p);
    struct top_view v = view_of(80, 24);
    char *text = text_of(&m, &v);
    assert_has(text, "<0.1.0>");
    free(text);
    press_key(&v, &m, TOP_KEY_END);
    text = text_of(&m, &v);
    assert_fits(text, 80, 24);
    assert_has(text, "<0.300.0>");
    assert_int_equal(v.first + v.rows, 300);
    free(text);
    press_key(&v, &m, TOP_KEY_PAGE_UP);
    press_key(&v, &m, TOP_KEY_PAGE_UP);
    text = text_of(&m, &v);
    assert_null(strstr(text, "<0.300.0>"));
    free(text);
    moment_deinit(&m);
}

static void one_process_alone(void **state)
{
    (void)state;
    struct moment m = shop();
    struct top_view v = view_of(100, 40);
    press(&v, &m, "m");
    press_key(&v, &m, TOP_KEY_ENTER);
    assert_int_equal(v.opened, term_of(92));
    char *text = text_of(&m, &v);
    assert_fits(text, 100, 40);
    assert_has(text, "Process:  <0.92.0> db\n");
    assert_has(text, "State:    waiting; in db:slow/1\n");
    assert_has(text, "mailbox 250k (+1200/s)");
    assert_true(place_of(text, "  db:slow/1") <
                place_of(text, "  db:handle/2"));
    assert_has(text,
               "WAIT FOR ITS ANSWER: 2 of the 5 processes that were read");
    assert_has(text, "  <0.91.0>  till\n");
    assert_has(text, "  <0.93.0>  shop:init/1\n");
    free(text);
    v.opened = term_of(90);
    text = text_of(&m, &v);
    assert_has(text, "FUNCTION, of its 60 samples in the last 5.0 s");
    assert_has(line_with(text, "shop:hot/1"), "100.00");
    assert_null(strstr(text, "shop:warm/2"));
    free(text);
    v.opened = term_of(1000);
    text = text_of(&m, &v);
    assert_has(text, "Process:  <0.92.0> has ended, or could not be read\n");
    free(text);
    press_key(&v, &m, TOP_KEY_ESCAPE);
    assert_int_equal(v.opened, 0);
    moment_deinit(&m);
}

static void a_long_stack_scrolls(void **state)
{
    (void)state;
    struct profile *p = named_profile();
    struct moment m = begin_moment(p);
    struct buffer deep;
    buffer_init(&deep, BUFFER_DEFAULT_MAX);
    for (int i = 0; i < 100; i++)
        buffer_printf(&deep, "%sE deep:f%d/1", i ? ";" : "", i);
    buffer_add(&deep, "", 1);
    add_process(&m, p, 1, "deep", STATE_WAITING,
                make_frames(p, (char *)deep.data));
    buffer_deinit(&deep);
    end_moment(&m, p);
    struct top_view v = view_of(80, 24);
    press_key(&v, &m, TOP_KEY_ENTER);
    char *text = text_of(&m, &v);
    assert_fits(text, 80, 24);
    assert_has(text, "deep:f99/1");
    assert_null(strstr(text, "deep:f0/1"));
    free(text);
    for (int i = 0; i < 20; i++)
        press_key(&v, &m, TOP_KEY_PAGE_DOWN);
    text = text_of(&m, &v);
    assert_fits(text, 80, 24);
    assert_has(text, "deep:f0/1");
    free(text);
    press_key(&v, &m, TOP_KEY_HOME);
    text = text_of(&m, &v);
    assert_has(text, "deep:f99/1");
    free(text);
    moment_deinit(&m);
}

static void pause_and_help(void **state)
{
    (void)state;
    struct moment m = shop();
    struct top_view v = view_of(80, 24);
    press(&v, &m, " ");
    assert_true(v.paused);
    char *text = text_of(&m, &v);
    assert_has(text, "PAUSED");
    free(text);
    press(&v, &m, " ?");
    assert_false(v.paused);
    text = text_of(&m, &v);
    assert_fits(text, 80, 24);
    for (int i = 0; i < MOMENT_COLUMNS; i++) {
        char key[] = {' ', top_view_sort_key((enum moment_column)i), ' ', '\0'};
        assert_has(text, key);
    }
    free(text);
    press(&v, &m, "x");
    assert_false(v.help);
    moment_deinit(&m);
}

/* --- figures and plain lines ---------------------------------------------- */

static void figures_in_a_few_columns(void **state)
{
    (void)state;
    char text[WORDS_SHORT];
#define IS(call, wanted)                                                       \
    do {                                                                       \
        call;                                                                  \
        assert_string_equal(text, wanted);                                     \
    } while (0)
    IS(words_short_count(text, 0), "0");
    IS(words_short_count(text, 99999), "99999");
    IS(words_short_count(text, 100000), "100k");
    IS(words_short_count(text, 999499), "999k");
    IS(words_short_count(text, 999500), "1.0M");
    IS(words_short_count(text, 9949999), "9.9M");
    IS(words_short_count(text, 9960000), "10M");
    IS(words_short_count(text, FIGURE_UNKNOWN), "-");
    IS(words_short_count(text, FIGURE_UNKNOWN - 1), "18E");
    IS(words_short_bytes(text, 1023), "1023");
    IS(words_short_bytes(text, 1024), "1.0k");
    IS(words_short_bytes(text, 5 << 20), "5.0M");
    IS(words_short_bytes(text, 1000ull << 20), "1.0G");
    IS(words_short_bytes(text, FIGURE_UNKNOWN), "-");
    IS(words_short_rate(text, 0), "0");
    IS(words_short_rate(text, 0.44), "0.4");
    IS(words_short_rate(text, 12.4), "12");
    IS(words_short_rate(text, 99999.4), "99999");
    IS(words_short_rate(text, 99999.6), "100k");
    IS(words_short_rate(text, NAN), "-");
    IS(words_short_growth(text, 0.01), "0");
    IS(words_short_growth(text, -0.4), "-0.4");
    IS(words_short_growth(text, 1200.4), "+1200");
    IS(words_short_growth(text, -2.5e6), "-2.5M");
    IS(words_short_growth(text, NAN), "-");
    IS(words_time(text, 59), "59 s");
    IS(words_time(text, 751), "12 min 31 s");
    IS(words_time(text, 11100), "3 h 05 min");
    IS(words_time(text, 187200), "2 d 04 h");
#undef IS
}

static void plain_lines_have_no_keys(void **state)
{
    (void)state;
    struct moment m = shop();
    struct top_view v = view_of(100, 36);
    struct top_page page;
    top_page_init(&page, v.width);
    assert_int_equal(top_layout_plain(&m, &v, &page), 0);
    buffer_add(&page.text, "", 1);
    const char *text = (const char *)page.text.data;
    assert_has(text, "shop:hot/1");
    assert_has(text, "[waits for db]\n");
    assert_null(strstr(text, "q quit"));
    assert_string_equal(text + strlen(text) - 2, "\n\n");
    top_page_deinit(&page);
    moment_deinit(&m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_page_of_80_columns),
        cmocka_unit_test(who_sleeps_is_shown_at_its_caller),
        cmocka_unit_test(how_many_wait_for_a_process),
        cmocka_unit_test(every_size_is_filled_and_not_exceeded),
        cmocka_unit_test(names_are_shown_safely_and_cut),
        cmocka_unit_test(a_node_without_processes_or_samples),
        cmocka_unit_test(what_is_missing_is_named),
        cmocka_unit_test(many_schedulers_are_summed_up),
        cmocka_unit_test(processes_are_sorted_by_each_column),
        cmocka_unit_test(processes_are_found_by_what_is_seen_of_them),
        cmocka_unit_test(who_waits_for_whom),
        cmocka_unit_test(a_process_without_a_name_is_waited_for),
        cmocka_unit_test(keys_sort_and_filter),
        cmocka_unit_test(a_filter_is_never_too_long),
        cmocka_unit_test(the_cursor_stays_with_its_process),
        cmocka_unit_test(the_list_scrolls),
        cmocka_unit_test(one_process_alone),
        cmocka_unit_test(a_long_stack_scrolls),
        cmocka_unit_test(pause_and_help),
        cmocka_unit_test(figures_in_a_few_columns),
        cmocka_unit_test(plain_lines_have_no_keys),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
