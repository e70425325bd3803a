#include "test.h"

#include <pthread.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "nif/spans.h"

static struct spans_text text_of(const char *text)
{
    return (struct spans_text){text, strlen(text)};
}

static uint32_t kind_of(struct spans *s, const char *event, const char *more)
{
    return spans_kind(s, text_of(event), text_of(more));
}

static int fresh(void **state)
{
    *state = spans_create();
    return *state ? 0 : -1;
}

static int end(void **state)
{
    spans_destroy(*state);
    return 0;
}

/* A copy as a reader outside takes it; false when it is lost. */
static bool read_mark(struct spans *s, uint64_t n, struct span_mark *out)
{
    struct span_mark *m = &s->marks[n % SPAN_MARKS];
    out->number = __atomic_load_n(&m->number, __ATOMIC_ACQUIRE);
    out->time_ns = __atomic_load_n(&m->time_ns, __ATOMIC_ACQUIRE);
    out->process = __atomic_load_n(&m->process, __ATOMIC_ACQUIRE);
    out->other = __atomic_load_n(&m->other, __ATOMIC_ACQUIRE);
    out->kind = __atomic_load_n(&m->kind, __ATOMIC_ACQUIRE);
    out->what = __atomic_load_n(&m->what, __ATOMIC_ACQUIRE);
    return out->number == n + 1 &&
           __atomic_load_n(&m->number, __ATOMIC_ACQUIRE) == n + 1;
}

/* --- memory --------------------------------------------------------------- */

/* A mark that is the first one in its page of memory would take microseconds.
 */
static void all_memory_is_there_from_the_beginning(void **state)
{
    const struct spans *s = *state;
    const size_t page = (size_t)sysconf(_SC_PAGESIZE);
    const size_t pages = sizeof(*s) / page - 1;
    void *first = (void *)(((uintptr_t)s + page - 1) / page * page);
    static unsigned char there[sizeof(struct spans) / 4096];
    assert_within(pages, 1, sizeof(there));
    assert_int_equal(mincore(first, pages * page, there), 0);
    size_t missing = 0;
    for (size_t i = 0; i < pages; i++)
        missing += !(there[i] & 1);
    assert_int_equal(missing, 0);
}

/* --- kinds ---------------------------------------------------------------- */

static void the_page_says_what_it_is(void **state)
{
    struct spans *s = *state;
    assert_int_equal(s->page.magic, SPAN_PAGE_MAGIC);
    assert_int_equal(s->page.version, SPAN_PAGE_VERSION);
    assert_int_equal(s->page.marks_size, SPAN_MARKS);
    assert_int_equal(s->page.kinds_size, SPAN_KINDS);
    assert_int_equal(s->page.kinds_used, 1);
    assert_int_equal(s->page.next, 0);
    assert_ptr_equal((void *)(uintptr_t)s->page.marks, s->marks);
    assert_ptr_equal((void *)(uintptr_t)s->page.kinds, s->kinds);
    const struct span_kind *other = &s->kinds[SPAN_KIND_OTHER];
    assert_int_equal(other->length, strlen("[other spans]"));
    assert_int_equal(other->event_length, other->length);
    assert_memory_equal(other->text, "[other spans]", other->length);
}

static void a_text_has_one_kind(void **state)
{
    struct spans *s = *state;
    uint32_t page = kind_of(s, "[:shop, :page]", ""),
             basket = kind_of(s, "[:shop, :page]", "GET /basket");
    assert_int_not_equal(page, SPAN_KIND_OTHER);
    assert_int_not_equal(page, basket);
    /* what is event and what is metadata makes a difference */
    assert_int_not_equal(kind_of(s, "[:shop, :page] GET", "/basket"), basket);
    assert_int_equal(kind_of(s, "[:shop, :page]", ""), page);
    assert_int_equal(kind_of(s, "[:shop, :page]", "GET /basket"), basket);
    assert_int_equal(s->page.kinds_used, 4);
    const struct span_kind *k = &s->kinds[basket];
    assert_int_equal(k->event_length, strlen("[:shop, :page]"));
    assert_int_equal(k->length, strlen("[:shop, :page] GET /basket"));
    assert_memory_equal(k->text, "[:shop, :page] GET /basket", k->length);
    assert_int_equal(s->kinds[page].length, strlen("[:shop, :page]"));
}

static void long_texts_are_cut_between_characters(void **state)
{
    struct spans *s = *state;
    char text[1000];
    for (size_t length = 0; length < sizeof(text); length++) {
        memset(text, 'a', sizeof(text));
        for (size_t i = length; i + 1 < sizeof(text); i += 2)
            memcpy(text + i, "\xc3\xa4", 2);
        struct spans_text whole = {text, sizeof(text)}, some = {text, length};
        const struct span_kind *k = &s->kinds[spans_kind(s, some, whole)];
        assert_within(k->length, SPAN_KIND_TEXT - 2, SPAN_KIND_TEXT);
        assert_within(k->event_length, 0, length);
        /* whole characters: as many first bytes as second ones */
        int first = 0, second = 0;
        for (uint32_t i = 0; i < k->length; i++) {
            first += k->text[i] == '\xc3';
            second += k->text[i] == '\xa4';
        }
        assert_int_equal(first, second);
    }
    assert_int_equal(s->page.kinds_refused, 0);
}

static void kinds_that_find_no_room_are_counted(void **state)
{
    struct spans *s = *state;
    char text[32];
    for (int i = 1; i < SPAN_KINDS; i++) {
        snprintf(text, sizeof(text), "%d", i);
        assert_int_equal(kind_of(s, "[:page]", text), i);
    }
    assert_int_equal(s->page.kinds_refused, 0);
    for (int i = 0; i < 10; i++)
        assert_int_equal(kind_of(s, "[:one, :more]", ""), SPAN_KIND_OTHER);
    assert_int_equal(s->page.kinds_used, SPAN_KINDS);
    assert_int_equal(s->page.kinds_refused, 10);
    assert_int_equal(kind_of(s, "[:page]", "17"), 17);
}

/* --- processes ------------------------------------------------------------ */

static void a_process_is_asked_again_before_the_ring_forgets(void **state)
{
    struct spans *s = *state;
    const struct span_mark mark = {.process = 3, .what = SPAN_START};
    assert_false(spans_knows(s, 3));
    spans_know(s, 3);
    assert_true(spans_knows(s, 3));
    assert_false(spans_knows(s, 19));
    int marks = 0;
    while (spans_knows(s, 3)) {
        spans_mark(s, &mark);
        marks++;
    }
    assert_int_equal(marks, SPAN_MARKS / 2);
}

static void a_thousand_processes_are_known_at_a_time(void **state)
{
    struct spans *s = *state;
    enum { COUNT = 1000 };
    int known = 0;
    for (uint64_t i = 0; i < COUNT; i++)
        spans_know(s, i << 4 | 3);
    for (uint64_t i = 0; i < COUNT; i++)
        known += spans_knows(s, i << 4 | 3);
    assert_within(known, COUNT * 9 / 10, COUNT);
}

/* --- marks ---------------------------------------------------------------- */

static void marks_are_in_the_ring(void **state)
{
    struct spans *s = *state;
    struct span_mark got;
    for (uint64_t n = 0; n < SPAN_MARKS + 10; n++) {
        struct span_mark mark = {.time_ns = 1000 + n,
                                 .process = n << 4 | 3,
                                 .other = n,
                                 .kind = (uint32_t)n % 7,
                                 .what = SPAN_STOP | (uint32_t)n << 8};
        spans_mark(s, &mark);
    }
    assert_int_equal(s->page.next, SPAN_MARKS + 10);
    assert_false(read_mark(s, 9, &got));
    for (uint64_t n = 10; n < SPAN_MARKS + 10; n++) {
        assert_true(read_mark(s, n, &got));
        assert_int_equal(got.time_ns, 1000 + n);
        assert_int_equal(got.process, n << 4 | 3);
        assert_int_equal(got.other, n);
        assert_int_equal(got.kind, n % 7);
        assert_int_equal(got.what & 0xff, SPAN_STOP);
    }
}

/* As if a thread had stood still for a whole round. */
static void a_mark_that_comes_too_late_is_left_out(void **state)
{
    struct spans *s = *state;
    struct span_mark got, mark = {.process = 1, .what = SPAN_START};
    spans_mark(s, &mark);
    s->page.next = SPAN_MARKS;
    mark.process = 2;
    spans_mark(s, &mark);
    s->page.next = 0;
    mark.process = 3;
    spans_mark(s, &mark);
    assert_false(read_mark(s, 0, &got));
    assert_true(read_mark(s, SPAN_MARKS, &got));
    assert_int_equal(got.process, 2);
}

enum { WRITERS = 8, MARKS_EACH = 100000, KINDS_COMMON = 50 };

struct writer {
    struct spans *spans;
    pthread_barrier_t *barrier;
    uint64_t process;
};

/* All that a mark says follows from its process and its time, so that a mark of
 * two writers would be seen. */
static struct span_mark mark_at(uint64_t process, uint64_t i, uint32_t kind)
{
    return (struct span_mark){.time_ns = i,
                              .process = process,
                              .other = process ^ i,
                              .kind = kind,
                              .what = SPAN_START | (uint32_t)i << 8};
}

static void *write_marks(void *arg)
{
    struct writer *w = arg;
    pthread_barrier_wait(w->barrier);
    for (uint64_t i = 0; i < MARKS_EACH; i++) {
        char more[32];
        snprintf(more, sizeof(more), "%d", (int)(i % KINDS_COMMON));
        if (!spans_knows(w->spans, w->process))
            spans_know(w->spans, w->process);
        uint32_t kind = kind_of(w->spans, "[:common]", more);
        struct span_mark mark = mark_at(w->process, i, kind);
        spans_mark(w->spans, &mark);
    }
    return NULL;
}

static bool is_whole(struct spans *s, const struct span_mark *m)
{
    struct span_mark as_written = mark_at(m->process, m->time_ns, m->kind);
    char more[32];
    snprintf(more, sizeof(more), "%d", (int)(m->time_ns % KINDS_COMMON));
    as_written.number = m->number;
    return memcmp(m, &as_written, sizeof(*m)) == 0 &&
           kind_of(s, "[:common]", more) == m->kind;
}

struct seen {
    uint64_t read, lost, torn;
};

static void read_new(struct spans *s, uint64_t *from, struct seen *seen)
{
    uint64_t next = __atomic_load_n(&s->page.next, __ATOMIC_ACQUIRE);
    struct span_mark m;
    for (; *from < next; ++*from) {
        bool is_there = read_mark(s, *from, &m);
        seen->read += is_there;
        seen->lost += !is_there;
        seen->torn += is_there && !is_whole(s, &m);
    }
}

static void many_threads_write_while_one_reads(void **state)
{
    struct spans *s = *state;
    struct writer writers[WRITERS];
    pthread_t threads[WRITERS];
    pthread_barrier_t barrier;
    assert_int_equal(pthread_barrier_init(&barrier, NULL, WRITERS), 0);
    for (uint64_t i = 0; i < WRITERS; i++) {
        writers[i] = (struct writer){s, &barrier, i << 4 | 3};
        assert_int_equal(
            pthread_create(&threads[i], NULL, write_marks, &writers[i]), 0);
    }
    const uint64_t all = (uint64_t)WRITERS * MARKS_EACH;
    uint64_t from = 0;
    struct seen seen = {0, 0, 0};
    while (from < all)
        read_new(s, &from, &seen);
    for (int i = 0; i < WRITERS; i++)
        pthread_join(threads[i], NULL);
    pthread_barrier_destroy(&barrier);
    assert_int_equal(s->page.next, all);
    assert_int_equal(seen.read + seen.lost, all);
    assert_int_equal(seen.torn, 0);
    assert_true(seen.read > 0);
    /* all that the ring still holds is there now, whole */
    from = all - SPAN_MARKS;
    seen = (struct seen){0, 0, 0};
    read_new(s, &from, &seen);
    assert_within(seen.read, SPAN_MARKS - 4 * WRITERS, SPAN_MARKS);
    assert_int_equal(seen.torn, 0);
    /* a kind may be there for each thread, but only one is used */
    assert_within(s->page.kinds_used, 1 + KINDS_COMMON,
                  1 + KINDS_COMMON * WRITERS);
    assert_int_equal(s->page.kinds_refused, 0);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, fresh, end)
    const struct CMUnitTest tests[] = {
        TEST(all_memory_is_there_from_the_beginning),
        TEST(the_page_says_what_it_is),
        TEST(a_text_has_one_kind),
        TEST(long_texts_are_cut_between_characters),
        TEST(kinds_that_find_no_room_are_counted),
        TEST(a_process_is_asked_again_before_the_ring_forgets),
        TEST(a_thousand_processes_are_known_at_a_time),
        TEST(marks_are_in_the_ring),
        TEST(a_mark_that_comes_too_late_is_left_out),
        TEST(many_threads_write_while_one_reads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
