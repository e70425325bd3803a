/* In which spans processes are: marks in the order of their times, open spans
 * of each process, and samples that are held until a span is known to be slow.
 */
#include "profile_make.h"

#include "profile/span_times.h"
#include "recorder/span_held.h"
#include "recorder/span_queue.h"
#include "recorder/span_stacks.h"
#include "recorder/span_workers.h"

/* --- the order of times --------------------------------------------------- */

struct element {
    struct span_order order;
    uint64_t put;
};

static void put(struct span_queue *q, uint64_t time_ns, uint64_t value)
{
    struct element e = {.order = {.time_ns = time_ns}, .put = value};
    assert_int_equal(span_queue_put(q, &e.order), 0);
}

static uint64_t random_of(uint64_t *seed)
{
    *seed = *seed * 6364136223846793005u + 1442695040888963407u;
    return *seed >> 33;
}

/* Elements with equal times leave in the order in which they arrived. Some of
 * them arrive much too late. */
static void elements_leave_in_the_order_of_their_times(void **state)
{
    (void)state;
    enum { MANY = 200000, TIMES = 5000 };
    struct span_queue q;
    uint64_t seed = 7, left = 0;
    struct element last = {.order = {.time_ns = 0}};
    span_queue_init(&q, sizeof(struct element));
    for (uint64_t i = 0; i < MANY; i++) {
        uint64_t near = i / 20 + random_of(&seed) % 8;
        put(&q, i % 50 ? near : random_of(&seed) % TIMES, i);
    }
    assert_int_equal(span_queue_count(&q), MANY);
    for (const struct span_order *at; (at = span_queue_first(&q)); left++) {
        const struct element *e = (const struct element *)at;
        assert_true(
            e->order.time_ns > last.order.time_ns || left == 0 ||
            (e->order.time_ns == last.order.time_ns && e->put > last.put));
        last = *e;
        span_queue_drop(&q);
    }
    assert_int_equal(left, MANY);
    span_queue_deinit(&q);
}

static void a_queue_stays_small_while_elements_come_and_leave(void **state)
{
    (void)state;
    struct span_queue q;
    span_queue_init(&q, sizeof(struct element));
    for (uint64_t i = 0; i < 100000; i++) {
        put(&q, i, i);
        if (i < 100)
            continue;
        assert_int_equal(span_queue_first(&q)->time_ns, i - 100);
        span_queue_drop(&q);
    }
    assert_int_equal(span_queue_count(&q), 100);
    assert_within(q.list_cap, 1, 1000);
    span_queue_deinit(&q);
}

/* --- open spans ----------------------------------------------------------- */

struct made {
    struct profile *profile;
    struct span_held *held;
    struct span_stacks *stacks;
    struct buffer told; /* "end a 1-5\n" */
    uint64_t order;
};

static void span_text(const struct made *m, uint32_t span, struct buffer *out)
{
    const struct profile_span *s = profile_span_at(m->profile, span);
    if (s->parent) {
        span_text(m, s->parent, out);
        buffer_text(out, ">");
    }
    buffer_text(out, profile_text(m->profile, s->name));
}

static int on_end(void *ctx, const struct span_end *end)
{
    struct made *m = ctx;
    buffer_text(&m->told, "end ");
    span_text(m, end->span, &m->told);
    buffer_printf(&m->told, " %llu-%llu\n", (unsigned long long)end->start_ns,
                  (unsigned long long)end->end_ns);
    const struct span_item item = {.order = {.time_ns = end->end_ns},
                                   .event = EVENT_COUNT,
                                   .row = {.span = end->span}};
    return m->held ? span_held_add(m->held, end->verdict, &item) : 0;
}

static int on_cut(void *ctx, const struct span_end *end)
{
    struct made *m = ctx;
    buffer_text(&m->told, "cut ");
    span_text(m, end->span, &m->told);
    buffer_text(&m->told, "\n");
    return 0;
}

static int on_keep(void *ctx, const struct span_item *item)
{
    struct made *m = ctx;
    buffer_text(&m->told, "keep ");
    span_text(m, item->row.span, &m->told);
    buffer_printf(&m->told, " %llu\n", (unsigned long long)item->order.time_ns);
    return 0;
}

static struct made *made_open(uint64_t slower_than_ns, const char *const *slow,
                              size_t slow_count)
{
    struct made *m = calloc(1, sizeof(*m));
    buffer_init(&m->told, 1 << 20);
    m->profile = make_profile();
    if (slower_than_ns)
        assert_int_equal(span_held_open(slower_than_ns, on_keep, m, &m->held),
                         0);
    const struct span_stacks_config config = {.profile = m->profile,
                                              .held = m->held,
                                              .slow = slow,
                                              .slow_count = slow_count,
                                              .on_end = on_end,
                                              .ctx = m};
    assert_int_equal(span_stacks_open(&config, &m->stacks), 0);
    return m;
}

static void made_close(struct made *m)
{
    span_stacks_close(m->stacks);
    span_held_close(m->held);
    profile_destroy(m->profile);
    buffer_deinit(&m->told);
    free(m);
}

static struct span_change change(struct made *m, uint64_t pid, uint64_t time_ns,
                                 const char *name, uint32_t number)
{
    return (struct span_change){.pid = pid,
                                .time_ns = time_ns,
                                .order = m->order++,
                                .name = made(profile_string(m->profile, name)),
                                .number = number,
                                .what = SPAN_START};
}

/* A mark is read whose change comes later. */
static int expects(struct made *m, enum span_what what, const char *name,
                   uint32_t number)
{
    struct span_change c = change(m, 1, 0, name, number);
    c.what = what;
    return span_stacks_expect(m->stacks, &c);
}

static void start(struct made *m, uint64_t pid, uint64_t time_ns,
                  const char *name, uint32_t number)
{
    const struct span_change c = change(m, pid, time_ns, name, number);
    assert_int_equal(span_stacks_start(m->stacks, &c), 0);
}

static void begin(struct made *m, uint64_t time_ns, const char *name,
                  uint32_t number)
{
    assert_int_equal(expects(m, SPAN_START, name, number), 0);
    start(m, 1, time_ns, name, number);
}

static void stop(struct made *m, uint64_t pid, uint64_t time_ns,
                 const char *name, uint32_t number)
{
    struct span_change c = change(m, pid, time_ns, name, number);
    c.what = SPAN_STOP;
    assert_int_equal(span_stacks_stop(m->stacks, &c), 0);
}

static void child(struct made *m, uint64_t pid, uint64_t of)
{
    assert_int_equal(span_stacks_child(m->stacks, pid, of), 0);
}

static void is_in(struct made *m, uint64_t pid, const char *path)
{
    struct buffer b;
    buffer_init(&b, 1000);
    span_text(m, span_stacks_at(m->stacks, pid).span, &b);
    buffer_add(&b, "", 1);
    assert_string_equal((char *)b.data, path);
    buffer_deinit(&b);
}

static void told(struct made *m, const char *text)
{
    buffer_add(&m->told, "", 1);
    assert_string_equal((char *)m->told.data, text);
    buffer_clear(&m->told);
}

static void spans_are_nested(void **state)
{
    (void)state;
    struct made *m = made_open(0, NULL, 0);
    start(m, 1, 10, "a", 1);
    is_in(m, 1, "a");
    is_in(m, 2, "");
    start(m, 1, 20, "b", 2);
    start(m, 1, 30, "b", 3);
    is_in(m, 1, "a>b>b");
    stop(m, 1, 40, "b", 3);
    stop(m, 1, 50, "b", 2);
    is_in(m, 1, "a");
    stop(m, 1, 60, "a", 1);
    is_in(m, 1, "");
    told(m, "end a>b>b 30-40\nend a>b 20-50\nend a 10-60\n");
    assert_int_equal(span_stacks_count(m->stacks), 0);
    assert_int_equal(span_stacks_counts(m->stacks).unmatched, 0);
    made_close(m);
}

static void an_end_without_a_start_is_counted(void **state)
{
    (void)state;
    struct made *m = made_open(0, NULL, 0);
    stop(m, 1, 5, "a", 1);
    start(m, 1, 10, "a", 1);
    stop(m, 1, 20, "b", 2);
    stop(m, 1, 20, "a", 9);
    is_in(m, 1, "a");
    assert_int_equal(span_stacks_counts(m->stacks).unmatched, 3);
    told(m, "");
    made_close(m);
}

/* As when a function fails in c, and the error is caught in a. */
static void what_began_in_a_span_ends_with_it(void **state)
{
    (void)state;
    struct made *m = made_open(0, NULL, 0);
    start(m, 1, 10, "a", 1);
    start(m, 1, 20, "b", 2);
    start(m, 1, 25, "c", 3);
    stop(m, 1, 30, "a", 1);
    is_in(m, 1, "");
    told(m, "end a 10-30\n");
    assert_int_equal(span_stacks_counts(m->stacks).unmatched, 2);
    made_close(m);
}

/* Phoenix says that the endpoint has ended when it sends the response, which is
 * within its span router_dispatch. */
static void a_span_may_end_after_the_one_around_it(void **state)
{
    (void)state;
    struct made *m = made_open(0, NULL, 0);
    begin(m, 10, "endpoint", 0);
    begin(m, 20, "router", 0);
    begin(m, 25, "failed", 3);
    begin(m, 26, "render", 4);
    assert_int_equal(expects(m, SPAN_STOP, "endpoint", 0), 0);
    assert_int_equal(expects(m, SPAN_STOP, "render", 4), 0);
    assert_int_equal(expects(m, SPAN_STOP, "router", 0), 0);
    stop(m, 1, 30, "endpoint", 0);
    is_in(m, 1, "router>render");
    stop(m, 1, 35, "render", 4);
    stop(m, 1, 40, "router", 0);
    is_in(m, 1, "");
    told(m, "end endpoint 10-30\nend router>render 26-35\nend router 20-40\n");
    assert_int_equal(span_stacks_counts(m->stacks).unmatched, 1);
    assert_false(span_stacks_knows(m->stacks, 1));
    made_close(m);
}

/* A plug halted the request: router has no end. The next request has. */
static void the_end_of_the_next_span_is_not_awaited(void **state)
{
    (void)state;
    struct made *m = made_open(0, NULL, 0);
    begin(m, 10, "endpoint", 0);
    begin(m, 20, "router", 0);
    assert_int_equal(expects(m, SPAN_STOP, "endpoint", 0), 0);
    assert_int_equal(expects(m, SPAN_START, "router", 0), 0);
    assert_int_equal(expects(m, SPAN_STOP, "router", 0), 0);
    stop(m, 1, 30, "endpoint", 0);
    is_in(m, 1, "");
    told(m, "end endpoint 10-30\n");
    assert_int_equal(span_stacks_counts(m->stacks).unmatched, 1);
    made_close(m);
}

/* A process that is deep in spans may end them in the order in which they
 * began. */
static void deep_spans_may_end_in_the_order_of_their_starts(void **state)
{
    (void)state;
    enum { DEEP = SPAN_STACKS_DEPTH + 3 };
    struct made *m = made_open(0, NULL, 0);
    for (uint32_t i = 1; i <= DEEP; i++)
        begin(m, i, "a", i);
    for (uint32_t i = 1; i <= DEEP; i++)
        assert_int_equal(expects(m, SPAN_STOP, "a", i), 0);
    for (uint32_t i = 1; i <= DEEP; i++)
        stop(m, 1, 100 + i, "a", i);
    is_in(m, 1, "");
    assert_int_equal(span_stacks_counts(m->stacks).unmatched, 0);
    assert_int_equal(span_stacks_counts(m->stacks).merged,
                     DEEP - SPAN_STACKS_DEPTH);
    assert_int_equal(span_stacks_count(m->stacks), 0);
    made_close(m);
}

/* A query that is marked when it has ended began in the span around it, but if
 * its time says that it began earlier, it did not end that span. */
static void a_span_that_is_marked_late_ends_only_itself(void **state)
{
    (void)state;
    struct made *m = made_open(0, NULL, 0);
    struct span_change late, around = change(m, 1, 20, "a", 0);
    late = change(m, 1, 10, "query", 0);
    assert_int_equal(span_stacks_start(m->stacks, &late), 0);
    assert_int_equal(span_stacks_start(m->stacks, &around), 0);
    is_in(m, 1, "query>a");
    stop(m, 1, 30, "query", 0);
    is_in(m, 1, "a");
    stop(m, 1, 40, "a", 0);
    told(m, "end query 10-30\nend a 20-40\n");
    assert_int_equal(span_stacks_counts(m->stacks).unmatched, 0);
    made_close(m);
}

/* As those of Plug.Telemetry, which have no end when a request fails. */
static void a_span_without_a_number_ends_at_the_next_of_its_kind(void **state)
{
    (void)state;
    struct made *m = made_open(0, NULL, 0);
    start(m, 1, 10, "request", 0);
    start(m, 1, 11, "render", 4);
    start(m, 1, 20, "request", 0);
    is_in(m, 1, "request");
    stop(m, 1, 30, "request", 0);
    is_in(m, 1, "");
    told(m, "end request 20-30\n");
    assert_int_equal(span_stacks_counts(m->stacks).unmatched, 2);
    made_close(m);
}

static void after_lost_marks_spans_do_not_pile_up(void **state)
{
    (void)state;
    struct made *m = made_open(0, NULL, 0);
    for (uint32_t i = 1; i <= 2 * SPAN_STACKS_DEPTH; i++)
        start(m, 1, i, "a", i);
    span_stacks_gap(m->stacks);
    for (uint32_t i = 100; i < 200; i += 10) {
        start(m, 1, i, "a", i);
        stop(m, 1, i + 5, "a", i);
    }
    struct span_place at = span_stacks_at(m->stacks, 1);
    assert_int_equal(profile_span_at(m->profile, at.span)->depth,
                     SPAN_STACKS_DEPTH - 10);
    assert_int_equal(span_stacks_counts(m->stacks).unmatched, 10);
    made_close(m);
}

static void spans_that_are_too_deep_are_not_told_apart(void **state)
{
    (void)state;
    struct made *m = made_open(0, NULL, 0);
    for (uint32_t i = 1; i <= 50; i++)
        start(m, 1, i, "a", i);
    assert_int_equal(span_stacks_counts(m->stacks).merged,
                     50 - SPAN_STACKS_DEPTH);
    for (uint32_t i = 50; i >= 1; i--)
        stop(m, 1, 100 - i, "a", i);
    is_in(m, 1, "");
    assert_int_equal(span_stacks_counts(m->stacks).unmatched, 0);
    assert_int_equal(span_stacks_count(m->stacks), 0);
    made_close(m);
}

static void workers_are_in_the_spans_of_those_they_work_for(void **state)
{
    (void)state;
    struct made *m = made_open(0, NULL, 0);
    child(m, 3, 2);
    child(m, 2, 1);
    is_in(m, 3, "");
    start(m, 1, 10, "a", 1);
    is_in(m, 2, "a");
    is_in(m, 3, "a");
    start(m, 3, 20, "query", 2);
    is_in(m, 3, "a>query");
    stop(m, 1, 30, "a", 1);
    is_in(m, 3, "a>query"); /* it began in a */
    is_in(m, 2, "");
    stop(m, 3, 40, "query", 2);
    is_in(m, 3, "");
    told(m, "end a 10-30\nend a>query 20-40\n");
    made_close(m);
}

static void circles_of_workers_end(void **state)
{
    (void)state;
    struct made *m = made_open(0, NULL, 0);
    child(m, 1, 2);
    child(m, 2, 1);
    child(m, 3, 3);
    is_in(m, 1, "");
    is_in(m, 3, "");
    assert_true(span_stacks_knows(m->stacks, 3));
    made_close(m);
}

static void are_odd_alive(void *ctx, const uint64_t *pids, size_t n,
                          bool *alive)
{
    (void)ctx;
    for (size_t i = 0; i < n; i++)
        alive[i] = pids[i] % 2;
}

/* What they marked before they ended may still be on its way. */
static void processes_that_ended_are_forgotten_later(void **state)
{
    (void)state;
    enum { MANY = 5000 };
    struct made *m = made_open(0, NULL, 0);
    for (uint64_t pid = 1; pid <= MANY; pid++)
        start(m, pid, pid, "a", 1);
    for (int i = 0; i < 100; i++)
        assert_int_equal(
            span_stacks_look(m->stacks, 9000, 8000, are_odd_alive, NULL), 0);
    assert_int_equal(span_stacks_count(m->stacks), MANY);
    is_in(m, 2, "a");
    for (int i = 0; i < 100; i++)
        assert_int_equal(
            span_stacks_look(m->stacks, 9900, 9000, are_odd_alive, NULL), 0);
    assert_int_equal(span_stacks_count(m->stacks), MANY / 2);
    assert_int_equal(span_stacks_counts(m->stacks).died, MANY / 2);
    is_in(m, 1, "a");
    is_in(m, 2, "");
    told(m, "");
    made_close(m);
}

static void spans_of_too_many_processes_are_counted(void **state)
{
    (void)state;
    struct made *m = made_open(0, NULL, 0);
    for (uint64_t pid = 1; pid <= SPAN_WORKERS_MAX + 10; pid++)
        start(m, pid, 1, "a", 1);
    assert_int_equal(span_stacks_count(m->stacks), SPAN_WORKERS_MAX);
    assert_int_equal(span_stacks_counts(m->stacks).merged, 10);
    stop(m, 5, 2, "a", 1);
    start(m, SPAN_WORKERS_MAX + 1, 3, "a", 1);
    is_in(m, SPAN_WORKERS_MAX + 1, "a");
    made_close(m);
}

static void those_who_only_work_for_others_make_room(void **state)
{
    (void)state;
    struct made *m = made_open(0, NULL, 0);
    for (uint64_t pid = 10; pid < 10 + SPAN_WORKERS_MAX; pid++)
        child(m, pid, 5);
    assert_int_equal(span_stacks_count(m->stacks), SPAN_WORKERS_MAX);
    for (uint64_t i = 0; i < 1000; i++)
        start(m, SPAN_WORKERS_MAX + 100 + i, 10, "a", 1);
    assert_int_equal(span_stacks_counts(m->stacks).merged, 0);
    is_in(m, SPAN_WORKERS_MAX + 100, "a");
    made_close(m);
}

static void open_spans_are_cut_at_the_end(void **state)
{
    (void)state;
    struct made *m = made_open(0, NULL, 0);
    start(m, 1, 10, "a", 1);
    start(m, 1, 20, "b", 2);
    assert_int_equal(span_stacks_finish(m->stacks, 30, on_cut, m), 0);
    told(m, "cut a>b\ncut a\n");
    made_close(m);
}

/* With another page, spans begin anew, also in processes that were deep in
 * spans. */
static void nothing_is_open_after_the_end(void **state)
{
    (void)state;
    struct made *m = made_open(0, NULL, 0);
    for (uint32_t i = 1; i <= SPAN_STACKS_DEPTH + 5; i++)
        start(m, 1, i, "a", i);
    assert_int_equal(span_stacks_finish(m->stacks, 100, on_cut, m), 0);
    buffer_clear(&m->told);
    start(m, 1, 110, "b", 1);
    is_in(m, 1, "b");
    stop(m, 1, 120, "b", 1);
    is_in(m, 1, "");
    told(m, "end b 110-120\n");
    made_close(m);
}

static void open_spans_can_be_asked_for(void **state)
{
    (void)state;
    struct made *m = made_open(0, NULL, 0);
    start(m, 1, 10, "a", 1);
    start(m, 1, 20, "b", 2);
    start(m, 2, 25, "c", 3);
    assert_int_equal(span_stacks_each(m->stacks, 30, on_end, m), 0);
    told(m, "end a>b 20-30\nend a 10-30\nend c 25-30\n");
    is_in(m, 1, "a>b");
    stop(m, 1, 40, "b", 2);
    told(m, "end a>b 20-40\n");
    made_close(m);
}

/* A flight recorder drops the profile in which it has counted so far. */
static void open_spans_go_on_in_another_profile(void **state)
{
    (void)state;
    struct made *m = made_open(0, NULL, 0);
    struct profile *former = m->profile;
    for (uint64_t i = 0; i < 20; i++) {
        start(m, 9, i, i % 2 ? "x" : "y", 1);
        stop(m, 9, i + 1, i % 2 ? "x" : "y", 1);
    }
    start(m, 1, 10, "a", 1);
    child(m, 2, 1);
    start(m, 2, 15, "w", 0);
    start(m, 1, 20, "b", 2);
    stop(m, 1, 30, "b", 2);
    buffer_clear(&m->told);
    m->profile = make_profile();
    assert_int_equal(span_stacks_renew(m->stacks, m->profile), 0);
    profile_destroy(former);
    assert_int_equal(profile_span_count(m->profile), 3);
    is_in(m, 1, "a");
    is_in(m, 2, "a>w");
    start(m, 1, 40, "b", 3);
    is_in(m, 1, "a>b");
    stop(m, 1, 50, "b", 3);
    stop(m, 2, 60, "w", 0);
    stop(m, 1, 70, "a", 1);
    told(m, "end a>b 40-50\nend a>w 15-60\nend a 10-70\n");
    assert_int_equal(span_stacks_counts(m->stacks).unmatched, 0);
    made_close(m);
}

/* Its start is assumed by whoever reads the marks. */
static void an_end_may_be_of_a_span_before_all_marks(void **state)
{
    (void)state;
    struct made *m = made_open(0, NULL, 0);
    const enum span_what marks[] = {SPAN_START, SPAN_STOP, SPAN_START,
                                    SPAN_STOP};
    for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++)
        assert_int_equal(expects(m, marks[i], "a", 1), 0);
    assert_int_equal(expects(m, SPAN_STOP, "a", 1), 1);
    assert_true(span_stacks_knows(m->stacks, 1));
    for (uint64_t i = 0; i < 2; i++) {
        start(m, 1, 10 * i, "a", 1);
        stop(m, 1, 10 * i + 5, "a", 1);
    }
    assert_true(span_stacks_knows(m->stacks, 1));
    stop(m, 1, 30, "a", 1);
    assert_false(span_stacks_knows(m->stacks, 1));
    made_close(m);
}

/* An assumed start is no mark, so it does not stand for one that is still to
 * come: here the start of b, which was read before the end of a left the queue.
 */
static void an_assumed_start_leaves_what_is_expected(void **state)
{
    (void)state;
    struct made *m = made_open(0, NULL, 0);
    struct span_change before = change(m, 1, 5, "a", 1);
    before.assumed = true;
    assert_int_equal(expects(m, SPAN_STOP, "a", 1), 1);
    assert_int_equal(expects(m, SPAN_START, "b", 2), 0);
    assert_int_equal(span_stacks_start(m->stacks, &before), 0);
    stop(m, 1, 10, "a", 1);
    assert_true(span_stacks_knows(m->stacks, 1));
    start(m, 1, 20, "b", 2);
    assert_int_equal(expects(m, SPAN_STOP, "b", 2), 0);
    stop(m, 1, 30, "b", 2);
    assert_false(span_stacks_knows(m->stacks, 1));
    made_close(m);
}

/* --- slow spans ----------------------------------------------------------- */

static void sample(struct made *m, uint64_t pid, uint64_t time_ns)
{
    struct span_place at = span_stacks_at(m->stacks, pid);
    const struct span_item item = {.order = {.time_ns = time_ns},
                                   .event = EVENT_CPU,
                                   .row = {.span = at.span}};
    assert_int_equal(span_held_add(m->held, at.verdict, &item), 0);
}

static void only_slow_spans_are_kept(void **state)
{
    (void)state;
    struct made *m = made_open(100, NULL, 0);
    sample(m, 1, 5);
    start(m, 1, 10, "a", 1);
    sample(m, 1, 15);
    stop(m, 1, 20, "a", 1);
    start(m, 1, 1000, "a", 2);
    start(m, 1, 1010, "b", 3);
    sample(m, 1, 1015);
    stop(m, 1, 1020, "b", 3); /* it is not slow, but what it is in is */
    stop(m, 1, 1100, "a", 2);
    buffer_add(&m->told, "", 1);
    assert_non_null(strstr((char *)m->told.data, "keep a>b 1015\n"));
    assert_non_null(strstr((char *)m->told.data, "keep a>b 1020\n"));
    assert_non_null(strstr((char *)m->told.data, "keep a 1100\n"));
    assert_null(strstr((char *)m->told.data, "keep a 15"));
    assert_int_equal(span_held_left_out(m->held, EVENT_CPU), 2);
    made_close(m);
}

/* So a sample need not wait for the end of the span. */
static void a_span_is_slow_as_soon_as_it_has_lasted(void **state)
{
    (void)state;
    struct made *m = made_open(100, NULL, 0);
    start(m, 1, 1000, "a", 2);
    sample(m, 1, 1050);
    told(m, "");
    sample(m, 1, 1100);
    told(m, "keep a 1050\nkeep a 1100\n");
    made_close(m);
}

static bool was_told(const struct made *m, const char *line)
{
    return strstr((const char *)m->told.data, line) != NULL;
}

/* Of a response that is sent for long, the endpoint has ended soon. */
static void a_slow_end_decides_for_what_was_around_it(void **state)
{
    (void)state;
    struct made *m = made_open(100, NULL, 0);
    begin(m, 10, "endpoint", 0);
    begin(m, 12, "router", 0);
    assert_int_equal(expects(m, SPAN_STOP, "endpoint", 0), 0);
    assert_int_equal(expects(m, SPAN_STOP, "router", 0), 0);
    sample(m, 1, 14);
    stop(m, 1, 15, "endpoint", 0);
    sample(m, 1, 20);
    stop(m, 1, 200, "router", 0);
    buffer_add(&m->told, "", 1);
    assert_true(was_told(m, "keep endpoint>router 14\n"));
    assert_true(was_told(m, "keep endpoint 15\n"));
    assert_true(was_told(m, "keep router 20\n"));
    assert_true(was_told(m, "keep router 200\n"));
    made_close(m);
}

static void spans_that_have_to_be_slow_are_chosen_by_name(void **state)
{
    (void)state;
    static const char *const slow[] = {"GET /"};
    struct made *m = made_open(100, slow, 1);
    start(m, 1, 1000, "[:a]", 2);
    sample(m, 1, 1500); /* in no span of that name */
    start(m, 1, 2000, "[:b] GET /", 3);
    sample(m, 1, 2010);
    stop(m, 1, 2050, "[:b] GET /", 3);
    start(m, 1, 3000, "[:b] GET /", 4);
    sample(m, 1, 3200);
    told(m, "end [:a]>[:b] GET / 2000-2050\nkeep [:a]>[:b] GET / 3200\n");
    assert_int_equal(span_held_left_out(m->held, EVENT_CPU), 2);
    made_close(m);
}

static void a_worker_is_as_slow_as_whom_it_works_for(void **state)
{
    (void)state;
    struct made *m = made_open(100, NULL, 0);
    child(m, 2, 1);
    start(m, 1, 1000, "a", 1);
    sample(m, 2, 1010);
    start(m, 2, 1020, "b", 2);
    sample(m, 2, 1030);
    stop(m, 1, 1040, "a", 1); /* not slow */
    sample(m, 2, 5000);       /* still in b, which began in it */
    stop(m, 2, 6000, "b", 2);
    told(m, "end a 1000-1040\nend a>b 1020-6000\n");
    assert_int_equal(span_held_left_out(m->held, EVENT_CPU), 3);
    made_close(m);
}

static void samples_without_room_are_dropped_and_counted(void **state)
{
    (void)state;
    enum { MANY = 100000 };
    struct made *m = made_open(UINT64_MAX, NULL, 0);
    start(m, 1, 1000, "a", 1);
    for (uint64_t i = 0; i < MANY; i++)
        sample(m, 1, 1000 + i);
    uint64_t dropped = span_held_dropped(m->held, EVENT_CPU);
    assert_within(dropped, 1, MANY - 1);
    stop(m, 1, 2000, "a", 1);
    assert_int_equal(span_held_left_out(m->held, EVENT_CPU), MANY - dropped);
    made_close(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(elements_leave_in_the_order_of_their_times),
        cmocka_unit_test(a_queue_stays_small_while_elements_come_and_leave),
        cmocka_unit_test(spans_are_nested),
        cmocka_unit_test(an_end_without_a_start_is_counted),
        cmocka_unit_test(what_began_in_a_span_ends_with_it),
        cmocka_unit_test(a_span_may_end_after_the_one_around_it),
        cmocka_unit_test(the_end_of_the_next_span_is_not_awaited),
        cmocka_unit_test(deep_spans_may_end_in_the_order_of_their_starts),
        cmocka_unit_test(those_who_only_work_for_others_make_room),
        cmocka_unit_test(a_slow_end_decides_for_what_was_around_it),
        cmocka_unit_test(a_span_that_is_marked_late_ends_only_itself),
        cmocka_unit_test(a_span_without_a_number_ends_at_the_next_of_its_kind),
        cmocka_unit_test(after_lost_marks_spans_do_not_pile_up),
        cmocka_unit_test(spans_that_are_too_deep_are_not_told_apart),
        cmocka_unit_test(workers_are_in_the_spans_of_those_they_work_for),
        cmocka_unit_test(circles_of_workers_end),
        cmocka_unit_test(processes_that_ended_are_forgotten_later),
        cmocka_unit_test(spans_of_too_many_processes_are_counted),
        cmocka_unit_test(open_spans_are_cut_at_the_end),
        cmocka_unit_test(nothing_is_open_after_the_end),
        cmocka_unit_test(open_spans_can_be_asked_for),
        cmocka_unit_test(open_spans_go_on_in_another_profile),
        cmocka_unit_test(an_end_may_be_of_a_span_before_all_marks),
        cmocka_unit_test(an_assumed_start_leaves_what_is_expected),
        cmocka_unit_test(only_slow_spans_are_kept),
        cmocka_unit_test(a_span_is_slow_as_soon_as_it_has_lasted),
        cmocka_unit_test(spans_that_have_to_be_slow_are_chosen_by_name),
        cmocka_unit_test(a_worker_is_as_slow_as_whom_it_works_for),
        cmocka_unit_test(samples_without_room_are_dropped_and_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
