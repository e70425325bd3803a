/* The page in which a node marks its spans: found by the symbol of a library,
 * and read while it is written to. */
#include "fake_memory.h"
#include "image_files.h"
#include "tiny_elf.h"

#include "base/clock.h"
#include "target/span_page.h"

enum { MARKS = 1 << 12, KINDS = 16, PID = 0x53 };

#define PAGE_AT  0x100000ull
#define MARKS_AT 0x200000ull
#define KINDS_AT 0x400000ull
#define NOW      (5 * NS_PER_S)

/* A node with a page, which a library at 0x10000 tells. */
struct node {
    struct fake fake;
    struct memory memory;
    struct map map;
    struct span_reader *reader;
    struct span_page *page;
    struct span_mark *marks;
    struct span_kind *kinds;
};

/* The object of the small library, in which the address of the page is. */
enum { OBJECT = 0x3800 };

static void write_library(const char *path, const char *symbol)
{
    struct tiny t;
    tiny_init(&t);
    tiny_symbol(&t, 5, symbol, STB_GLOBAL, STT_OBJECT, OBJECT, 8);
    write_file(path, t.bytes, sizeof(t.bytes));
}

static int look(struct node *n)
{
    const struct maps maps = {.list = &n->map, .count = 1};
    return span_page_look(n->reader, self(), &maps);
}

static struct node *node_open(void)
{
    struct node *n = calloc(1, sizeof(*n));
    fake_map(&n->fake, 0x10000, 0x4000, "");
    fake_map(&n->fake, PAGE_AT, 0x1000, "");
    fake_map(&n->fake, MARKS_AT, MARKS * sizeof(struct span_mark), "");
    fake_map(&n->fake, KINDS_AT, KINDS * sizeof(struct span_kind), "");
    n->memory = fake_memory(&n->fake);
    n->page = (void *)fake_at(&n->fake, PAGE_AT, sizeof(*n->page));
    n->marks = (void *)fake_at(&n->fake, MARKS_AT, sizeof(*n->marks));
    n->kinds = (void *)fake_at(&n->fake, KINDS_AT, sizeof(*n->kinds));
    *n->page = (struct span_page){.magic = SPAN_PAGE_MAGIC,
                                  .version = SPAN_PAGE_VERSION,
                                  .marks_size = MARKS,
                                  .kinds_size = KINDS,
                                  .marks = MARKS_AT,
                                  .kinds = KINDS_AT};
    fake_u64(&n->fake, 0x10000 + OBJECT, PAGE_AT);
    write_library(in_dir("cprof_nif.so"), SPAN_PAGE_SYMBOL);
    n->map = map_of(in_dir("cprof_nif.so"));
    n->map.flags = MAPS_READ; /* its first segment */
    assert_int_equal(span_page_open(&n->memory, &n->reader), 0);
    return n;
}

static void node_close(struct node *n)
{
    unlink(in_dir("cprof_nif.so"));
    span_page_close(n->reader);
    fake_free(&n->fake);
    free(n);
}

/* Marks n more starts, whose times are their numbers. */
static void mark(struct node *n, uint64_t count)
{
    for (; count; count--) {
        uint64_t number = n->page->next++;
        n->marks[number % MARKS] = (struct span_mark){.number = number + 1,
                                                      .time_ns = number,
                                                      .process = PID,
                                                      .kind = 1,
                                                      .what = SPAN_START};
    }
}

/* What was handed out: numbers in a row. */
struct seen {
    uint64_t count, next;
    int stop_at;
};

static int see(void *ctx, const struct span_mark *m)
{
    struct seen *s = ctx;
    assert_int_equal(m->time_ns, m->number - 1);
    assert_true(m->time_ns >= s->next);
    s->next = m->time_ns + 1;
    s->count++;
    return s->stop_at && s->count == (uint64_t)s->stop_at ? -E_LIMIT : 0;
}

static uint64_t read_more(struct node *n, struct seen *s, uint64_t now_ns)
{
    uint64_t before = s->count;
    assert_int_equal(span_page_read(n->reader, now_ns, see, s), 0);
    return s->count - before;
}

static void the_library_tells_where_the_page_is(void **state)
{
    (void)state;
    struct node *n = node_open();
    struct seen s = {0};
    mark(n, 3);
    assert_false(span_page_is_there(n->reader));
    assert_int_equal(read_more(n, &s, NOW), 0);
    assert_int_equal(look(n), 0);
    assert_true(span_page_is_there(n->reader));
    assert_int_equal(read_more(n, &s, NOW), 3);
    node_close(n);
}

/* Also when its file is gone later. */
static void a_library_is_read_once(void **state)
{
    (void)state;
    struct node *n = node_open();
    fake_u64(&n->fake, 0x10000 + OBJECT, 0);
    assert_int_equal(look(n), 0);
    assert_false(span_page_is_there(n->reader)); /* nothing was marked yet */
    unlink(in_dir("cprof_nif.so"));
    assert_int_equal(look(n), 0);
    fake_u64(&n->fake, 0x10000 + OBJECT, PAGE_AT);
    assert_true(span_page_is_there(n->reader));
    node_close(n);
}

static void other_libraries_have_no_page(void **state)
{
    (void)state;
    struct node *n = node_open();
    write_library(in_dir("cprof_nif.so"), "another");
    assert_int_equal(look(n), 0);
    assert_false(span_page_is_there(n->reader));
    n->map.path = "/tmp/not_cprof_nif.so";
    assert_int_equal(look(n), 0);
    assert_false(span_page_is_there(n->reader));
    node_close(n);
}

static void an_invalid_page_is_not_read(void **state)
{
    (void)state;
    for (int i = 0; i < 6; i++) {
        struct node *n = node_open();
        struct span_page *p = n->page;
        p->magic += i == 0;
        p->version += i == 1;
        p->marks_size += i == 2;
        p->marks_size = i == 3 ? 2 * SPAN_MARKS : p->marks_size;
        p->kinds_size = i == 4 ? SPAN_KINDS + 1 : p->kinds_size;
        p->marks += i == 5;
        assert_int_equal(look(n), 0);
        assert_false(span_page_is_there(n->reader));
        node_close(n);
    }
}

static void each_mark_is_handed_out_once(void **state)
{
    (void)state;
    struct node *n = node_open();
    struct seen s = {0};
    mark(n, 10);
    assert_int_equal(look(n), 0);
    for (uint64_t more = 0; more < 3 * MARKS; more += 700) {
        read_more(n, &s, NOW);
        assert_int_equal(s.count, n->page->next);
        mark(n, 700);
    }
    assert_int_equal(span_page_counts(n->reader).lost, 0);
    assert_int_equal(span_page_counts(n->reader).marks, s.count);
    node_close(n);
}

/* Marks that were overwritten before the first reading do not count as lost. */
static void overwritten_marks_are_lost(void **state)
{
    (void)state;
    struct node *n = node_open();
    struct seen s = {0};
    mark(n, 3 * MARKS);
    assert_int_equal(look(n), 0);
    assert_int_equal(read_more(n, &s, NOW), MARKS);
    assert_int_equal(span_page_counts(n->reader).lost, 0);
    mark(n, MARKS + 5);
    assert_int_equal(read_more(n, &s, NOW), MARKS);
    assert_int_equal(span_page_counts(n->reader).lost, 5);
    node_close(n);
}

/* A scheduler may stand still between taking a number and writing it. */
static void an_unwritten_mark_is_waited_for(void **state)
{
    (void)state;
    struct node *n = node_open();
    struct seen s = {0};
    mark(n, 10);
    n->marks[7].number = 0;
    assert_int_equal(look(n), 0);
    assert_int_equal(read_more(n, &s, NOW), 7);
    assert_int_equal(read_more(n, &s, NOW + SPAN_PATIENCE_NS / 2), 0);
    n->marks[7].number = 8;
    n->marks[8].number = 0;
    assert_int_equal(read_more(n, &s, NOW + SPAN_PATIENCE_NS), 1);
    assert_int_equal(read_more(n, &s, NOW + NS_PER_S), 0);
    assert_int_equal(read_more(n, &s, NOW + 3 * NS_PER_S), 1);
    assert_int_equal(s.next, 10);
    mark(n, 2);
    n->marks[10].number = 0;
    read_more(n, &s, NOW);
    read_more(n, &s, NOW + 3 * NS_PER_S);
    assert_int_equal(s.next, 12);
    assert_int_equal(span_page_counts(n->reader).lost, 1);
    node_close(n);
}

static void an_unwritten_mark_is_given_up_before_others_are_lost(void **state)
{
    (void)state;
    struct node *n = node_open();
    struct seen s = {0};
    mark(n, MARKS / 2);
    n->marks[0].number = 0;
    assert_int_equal(look(n), 0);
    assert_int_equal(read_more(n, &s, NOW), 0);
    assert_int_equal(read_more(n, &s, NOW + SPAN_PATIENCE_NS - 1), 0);
    assert_int_equal(read_more(n, &s, NOW + SPAN_PATIENCE_NS), MARKS / 2 - 1);
    node_close(n);
}

static void at_the_last_reading_nothing_is_waited_for(void **state)
{
    (void)state;
    struct node *n = node_open();
    struct seen s = {0};
    assert_int_equal(look(n), 0);
    read_more(n, &s, NOW);
    mark(n, 10);
    n->marks[3].number = 0;
    n->marks[9].number = 0;
    assert_int_equal(read_more(n, &s, NOW), 3);
    assert_int_equal(span_page_read_last(n->reader, NOW, see, &s), 0);
    assert_int_equal(s.count, 8);
    assert_int_equal(s.next, 9);
    assert_int_equal(span_page_counts(n->reader).lost, 2);
    node_close(n);
}

static void invalid_marks_are_lost(void **state)
{
    (void)state;
    struct node *n = node_open();
    struct seen s = {0};
    assert_int_equal(look(n), 0);
    read_more(n, &s, NOW);
    mark(n, 6);
    n->marks[0].what = 0;
    n->marks[1].what = SPAN_CHILD; /* of nobody */
    n->marks[2].kind = KINDS;
    n->marks[3].process = 0x52;
    n->marks[4].what = 5 | 77 << 8;
    assert_int_equal(read_more(n, &s, NOW), 1);
    assert_int_equal(span_page_counts(n->reader).lost, 5);
    node_close(n);
}

/* Kinds that were refused earlier do not count. */
static void refused_kinds_are_counted_since_the_page_was_found(void **state)
{
    (void)state;
    struct node *n = node_open();
    struct seen s = {0};
    n->page->kinds_refused = 1000;
    assert_int_equal(look(n), 0);
    read_more(n, &s, NOW);
    assert_int_equal(span_page_counts(n->reader).refused, 0);
    n->page->kinds_refused += 3;
    read_more(n, &s, NOW);
    n->page->kinds_refused += 4;
    read_more(n, &s, NOW);
    assert_int_equal(span_page_counts(n->reader).refused, 7);
    node_close(n);
}

/* As after the library was unloaded and loaded again. */
static void a_page_that_begins_anew_is_another_one(void **state)
{
    (void)state;
    struct node *n = node_open();
    struct seen s = {0};
    mark(n, 20);
    assert_int_equal(look(n), 0);
    assert_int_equal(read_more(n, &s, NOW), 20);
    assert_int_equal(span_page_counts(n->reader).pages, 1);
    memset(n->marks, 0, MARKS * sizeof(*n->marks));
    n->page->next = 0;
    mark(n, 10);
    s.next = 0;
    assert_int_equal(read_more(n, &s, NOW), 10);
    assert_int_equal(span_page_counts(n->reader).pages, 2);
    assert_int_equal(span_page_counts(n->reader).lost, 0);
    node_close(n);
}

static void a_page_elsewhere_is_found_when_the_former_is_gone(void **state)
{
    (void)state;
    struct node *n = node_open();
    struct seen s = {0};
    mark(n, 20);
    assert_int_equal(look(n), 0);
    assert_int_equal(read_more(n, &s, NOW), 20);
    fake_map(&n->fake, 0x600000, 0x1000, "");
    struct span_page *next = (void *)fake_at(&n->fake, 0x600000, sizeof(*next));
    *next = *n->page;
    n->page->magic = 0;
    n->page = next;
    assert_int_equal(read_more(n, &s, NOW), 0);
    fake_u64(&n->fake, 0x10000 + OBJECT, 0x600000);
    assert_true(span_page_is_there(n->reader));
    mark(n, 5);
    s.next = 0;
    assert_int_equal(read_more(n, &s, NOW), 25);
    assert_int_equal(span_page_counts(n->reader).pages, 2);
    node_close(n);
}

static void an_impossible_number_of_marks_is_lost(void **state)
{
    (void)state;
    struct node *n = node_open();
    struct seen s = {0};
    mark(n, 20);
    assert_int_equal(look(n), 0);
    read_more(n, &s, NOW);
    n->page->next = UINT64_MAX;
    read_more(n, &s, NOW);
    assert_true(span_page_counts(n->reader).lost > 1ull << 60);
    node_close(n);
}

static void an_error_ends_the_reading(void **state)
{
    (void)state;
    struct node *n = node_open();
    struct seen s = {.stop_at = 4};
    mark(n, 9);
    assert_int_equal(look(n), 0);
    assert_int_equal(span_page_read(n->reader, NOW, see, &s), -E_LIMIT);
    assert_int_equal(read_more(n, &s, NOW), 5);
    node_close(n);
}

static void kinds_have_texts(void **state)
{
    (void)state;
    struct node *n = node_open();
    size_t len = 1;
    mark(n, 1);
    assert_int_equal(look(n), 0);
    struct seen s = {0};
    read_more(n, &s, NOW);
    span_page_kind(n->reader, 1, &len);
    assert_int_equal(len, 0); /* not written yet */
    n->kinds[1] = (struct span_kind){4, 9, "[:a] more"};
    const char *text = span_page_kind(n->reader, 1, &len);
    assert_int_equal(len, 9);
    assert_memory_equal(text, "[:a] more", 9);
    n->kinds[2].length = SPAN_KIND_TEXT + 1;
    span_page_kind(n->reader, 2, &len);
    assert_int_equal(len, 0);
    span_page_kind(n->reader, KINDS, &len);
    assert_int_equal(len, 0);
    node_close(n);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_library_tells_where_the_page_is),
        cmocka_unit_test(a_library_is_read_once),
        cmocka_unit_test(other_libraries_have_no_page),
        cmocka_unit_test(an_invalid_page_is_not_read),
        cmocka_unit_test(each_mark_is_handed_out_once),
        cmocka_unit_test(overwritten_marks_are_lost),
        cmocka_unit_test(an_unwritten_mark_is_waited_for),
        cmocka_unit_test(an_unwritten_mark_is_given_up_before_others_are_lost),
        cmocka_unit_test(at_the_last_reading_nothing_is_waited_for),
        cmocka_unit_test(invalid_marks_are_lost),
        cmocka_unit_test(refused_kinds_are_counted_since_the_page_was_found),
        cmocka_unit_test(a_page_that_begins_anew_is_another_one),
        cmocka_unit_test(a_page_elsewhere_is_found_when_the_former_is_gone),
        cmocka_unit_test(an_impossible_number_of_marks_is_lost),
        cmocka_unit_test(an_error_ends_the_reading),
        cmocka_unit_test(kinds_have_texts),
    };
    return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
