/*
 * Hostile names in a node, a command line or a file: no text output contains a
 * character that acts on a terminal, forges a line or breaks out of the page,
 * and the figures are the same as for a profile with plain names.
 */
#include <jansson.h>

#include "formats/format.h"
#include "profile_random.h"

enum { ROUNDS = 60, FRAMES = 12, PROCESSES = 6, ROWS = 80 };

/* --- names ---------------------------------------------------------------- */

static const char *const hostile[] = {
    "\x1b[2J",
    "\x1b]0;title\x07",
    "\r",
    "\n",
    "\nNote:     forged",
    "\n100.00  forged",
    "\t",
    "\x7f",
    "\x01",
    "\xc2\x80",
    "\xc2\x9b"
    "31m",
    "\xd8\x9c",
    "\xe2\x80\x8e",
    "\xe2\x80\x8f",
    "\xe2\x80\xa8",
    "\xe2\x80\xa9",
    "\xe2\x80\xaa",
    "\xe2\x80\xae",
    "\xe2\x81\xa6",
    "\xe2\x81\xa9",
    "\x80",
    "\x9b"
    "2J",
    "\xff\xfe",
    "\xe2\x82",
    "\xed\xa0\x80",
    ";",
    "a 99",
    "</script><script>alert(1)</script>",
    "</style>",
    "<!--",
    "<b onclick=x>",
    "'\"`&\\",
    "\\u202e",
    "%s%n",
    "\xe2\x82\xac\xf0\x9f\x98\x80",
    "abc",
};

struct names {
    struct chance chance;
    bool plain;
    unsigned next;
};

/* A name that no other is; the same pieces in the same order for one seed. */
static const char *name(struct names *n, char to[256])
{
    size_t len = 0, pieces = chance_below(&n->chance, 5);
    to[0] = '\0';
    for (size_t i = 0; i < pieces; i++) {
        uint32_t piece =
            chance_below(&n->chance, sizeof(hostile) / sizeof(hostile[0]));
        if (!n->plain)
            len += (size_t)snprintf(to + len, 256 - len, "%s", hostile[piece]);
    }
    snprintf(to + len, 256 - len, "n%u", n->next++);
    return to;
}

static uint32_t string(struct names *n, struct profile *p)
{
    char text[256];
    return made(profile_string(p, name(n, text)));
}

/* --- a profile with such names in every field ----------------------------- */

static uint32_t make_frame(struct names *n, struct profile *p, uint32_t i)
{
    char texts[4][256];
    struct frame f = {.kind = (enum frame_kind)(i % FRAME_KIND_COUNT),
                      .name = name(n, texts[0]),
                      .module = name(n, texts[1]),
                      .function = name(n, texts[2]),
                      .arity = 1,
                      .file = name(n, texts[3]),
                      .line = i};
    return made(profile_frame(p, &f));
}

static uint32_t make_process(struct names *n, struct profile *p)
{
    char t[6][256];
    return made(profile_process_of(
        p, &(struct process_texts){.pid = name(n, t[0]),
                                   .name = name(n, t[1]),
                                   .initial_call = name(n, t[2]),
                                   .label = name(n, t[3]),
                                   .application = name(n, t[4]),
                                   .parent = name(n, t[5])}));
}

static void make_meta(struct names *n, struct profile *p)
{
    char note[256];
    struct profile_meta m = *profile_meta(p);
    uint32_t *const fields[] = {&m.host,   &m.os,    &m.node,
                                &m.otp,    &m.erts,  &m.command,
                                &m.engine, &m.event, &m.version};
    for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
        *fields[i] = string(n, p);
    m.pid = 4711;
    m.rate_asked = 99;
    m.duration_ns = 4000000000;
    *profile_meta_edit(p) = m;
    assert_int_equal(profile_note(p, name(n, note)), 0);
    assert_int_equal(profile_note(p, name(n, note)), 0);
}

/* Weights are so different that no two sums are the same: the order of rows
 * with the same weight depends on their names. */
static struct profile *make(uint64_t seed, bool plain, uint64_t factor)
{
    struct names n = {{seed * 0x9e3779b97f4a7c15 + 1}, plain, 0};
    struct chance shape = {seed * 0x9e3779b97f4a7c15 + 7};
    struct profile *p = make_profile();
    uint32_t frames[FRAMES], processes[PROCESSES], thread;
    char text[256];
    for (uint32_t i = 0; i < FRAMES; i++)
        frames[i] = make_frame(&n, p, i);
    for (uint32_t i = 0; i < PROCESSES; i++)
        processes[i] = make_process(&n, p);
    thread = made(profile_thread(p, 17, name(&n, text)));
    make_meta(&n, p);
    for (uint32_t i = 0; i < ROWS; i++) {
        uint32_t stack = PROFILE_NONE, last = 0;
        for (uint32_t depth = 1 + chance_below(&shape, 6); depth > 0; depth--) {
            last = chance_below(&shape, FRAMES);
            stack = made(profile_stack(p, stack, frames[last]));
        }
        struct profile_sample s = {
            .stack = stack,
            .process = processes[chance_below(&shape, PROCESSES)],
            .thread = thread,
            .state = (enum sample_state)chance_below(&shape, STATE_COUNT)};
        const uint64_t values[] = {
            1 + (last == 3 ? factor : 1) * chance_below(&shape, 100000), 1000};
        assert_int_equal(profile_add(p, &s, values), 0);
    }
    profile_counters_edit(p)->samples = 1000;
    profile_counters_edit(p)->lost = 7;
    return p;
}

/* --- what must not be there ----------------------------------------------- */

/* A decoder of the test's own: the code point at `at` and its length. */
static uint32_t decode(const uint8_t *at, size_t left, size_t *len)
{
    static const uint8_t first[] = {0, 0, 0xc0, 0xe0, 0xf0};
    if (at[0] < 0x80) {
        *len = 1;
        return at[0];
    }
    for (size_t n = 2; n <= 4; n++) {
        if (at[0] < first[n] || (n < 4 && at[0] >= first[n + 1]))
            continue;
        uint32_t code = at[0] & (0x7fu >> n);
        assert_true(n <= left);
        for (size_t i = 1; i < n; i++) {
            assert_int_equal(at[i] & 0xc0, 0x80);
            code = code << 6 | (at[i] & 0x3f);
        }
        *len = n;
        return code;
    }
    fail_msg("no UTF-8: byte %#x", at[0]);
    return 0;
}

static bool is_forbidden(uint32_t c)
{
    return (c < 0x20 && c != '\n') || (c >= 0x7f && c < 0xa0) || c == 0x61c ||
           c == 0x200e || c == 0x200f || (c >= 0x2028 && c <= 0x202e) ||
           (c >= 0x2066 && c <= 0x2069);
}

static void assert_clean(const char *what, const char *text)
{
    size_t len = strlen(text), n = 1;
    for (size_t i = 0; i < len; i += n) {
        uint32_t c = decode((const uint8_t *)text + i, len - i, &n);
        if (is_forbidden(c))
            fail_msg("U+%04X in %s: %.*s", c, what, 60,
                     text + (i > 30 ? i - 30 : 0));
    }
}

static size_t count_of(const char *text, const char *part)
{
    size_t n = 0;
    for (const char *at = text; (at = strstr(at, part)); at++)
        n++;
    return n;
}

/* Digits, points and signs at the start of each line: the figures of a table,
 * in their order; a name in front of them ends them. Lines without figures are
 * not counted: a long note goes on below itself. */
static char *figures(const char *text)
{
    struct buffer b;
    buffer_init(&b, BUFFER_DEFAULT_MAX);
    while (*text) {
        size_t line = strcspn(text, "\n"), n = strspn(text, " 0123456789.+-");
        if (strcspn(text, "0123456789") < n)
            buffer_add(&b, text, n < line ? n : line);
        buffer_text(&b, strcspn(text, "0123456789") < n ? "\n" : "");
        text += line + (text[line] == '\n');
    }
    buffer_add(&b, "", 1);
    return (char *)b.data;
}

/* --- the formats ---------------------------------------------------------- */

static char *write(const struct format *f, const struct profile *p,
                   const struct format_options *o)
{
    struct buffer b;
    buffer_init(&b, BUFFER_DEFAULT_MAX);
    assert_int_equal(f->write(p, o, &b), 0);
    buffer_add(&b, "", 1);
    assert_int_equal(buffer_status(&b), 0);
    return (char *)b.data;
}

static void same_figures(const struct profile *p, const struct profile *plain,
                         const struct format_options *o,
                         const struct format_options *plain_o)
{
    char *text = write(&format_text, p, o);
    char *other = write(&format_text, plain, plain_o);
    char *a = figures(text), *b = figures(other);
    assert_clean("text", text);
    assert_string_equal(a, b);
    free(a);
    free(b);
    free(text);
    free(other);
}

static void text_is_clean_and_right(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= ROUNDS; seed++) {
        struct profile *p = make(seed, false, 1), *q = make(seed, true, 1);
        const struct format_options plain = {.top = 3}, tree = {.tree = true};
        const struct format_options self = {.top = 3, .self = true};
        same_figures(p, q, &plain, &plain);
        same_figures(p, q, &self, &self);
        same_figures(p, q, &tree, &tree);
        for (uint32_t i = 0; i < 3; i++) {
            struct format_options of_p = {
                .callers = profile_text(p, profile_function_at(p, i)->name)};
            struct format_options of_q = {
                .callers = profile_text(q, profile_function_at(q, i)->name)};
            same_figures(p, q, &of_p, &of_q);
        }
        profile_destroy(p);
        profile_destroy(q);
    }
}

static int by_size(const void *a, const void *b)
{
    unsigned long long x = *(const unsigned long long *)a,
                       y = *(const unsigned long long *)b;
    return x < y ? -1 : x > y;
}

/* The counts of all stacks, sorted; how many there are. */
static size_t counts(const char *text, unsigned long long to[ROWS + 2])
{
    size_t n = 0;
    while (*text) {
        const char *end = strchr(text, '\n'), *blank = end;
        assert_non_null(end);
        while (*blank != ' ')
            blank--;
        assert_true(blank > text && n < ROWS + 2);
        to[n++] = strtoull(blank, NULL, 10);
        text = end + 1;
    }
    qsort(to, n, sizeof(*to), by_size);
    return n;
}

static void collapsed_is_clean_and_right(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= ROUNDS; seed++) {
        struct profile *p = make(seed, false, 1), *q = make(seed, true, 1);
        char *text = write(&format_collapsed, p, NULL);
        char *other = write(&format_collapsed, q, NULL);
        unsigned long long a[ROWS + 2], b[ROWS + 2];
        assert_clean("collapsed", text);
        size_t n = counts(text, a);
        assert_int_equal(counts(other, b), n);
        assert_memory_equal(a, b, n * sizeof(*a));
        assert_int_equal(count_of(text, ";"), count_of(other, ";"));
        free(text);
        free(other);
        profile_destroy(p);
        profile_destroy(q);
    }
}

/* The same but for the texts. */
static void same_shape(const json_t *a, const json_t *b)
{
    assert_int_equal(json_typeof(a), json_typeof(b));
    if (json_is_integer(a))
        assert_int_equal(json_integer_value(a), json_integer_value(b));
    if (json_is_real(a))
        assert_true(json_real_value(a) == json_real_value(b));
    if (json_is_array(a)) {
        assert_int_equal(json_array_size(a), json_array_size(b));
        for (size_t i = 0; i < json_array_size(a); i++)
            same_shape(json_array_get(a, i), json_array_get(b, i));
    }
    if (json_is_object(a)) {
        const char *key;
        json_t *value;
        assert_int_equal(json_object_size(a), json_object_size(b));
        json_object_foreach((json_t *)a, key, value)
            same_shape(value, json_object_get(b, key));
    }
}

static json_t *parse(const char *what, const char *text)
{
    json_error_t error;
    assert_clean(what, text);
    json_t *json = json_loads(text, 0, &error);
    if (!json)
        fail_msg("%s: %s", what, error.text);
    return json;
}

/* What a reader gets is the very name. */
static void has_names(const json_t *report, const struct profile *p)
{
    const json_t *list = json_object_get(report, "functions");
    for (size_t i = 0; i < json_array_size(list); i++) {
        const char *text =
            json_string_value(json_object_get(json_array_get(list, i), "name"));
        bool known = false;
        for (uint32_t j = 0; j < profile_function_count(p); j++)
            known |= strcmp(profile_text(p, profile_function_at(p, j)->name),
                            text) == 0;
        assert_true(known);
    }
}

static void json_is_clean_and_right(void **state)
{
    (void)state;
    const struct format *const formats[] = {&format_json, &format_speedscope};
    for (uint64_t seed = 1; seed <= ROUNDS; seed++)
        for (int f = 0; f < 2; f++) {
            struct profile *p = make(seed, false, 1), *q = make(seed, true, 1);
            char *text = write(formats[f], p, NULL);
            char *other = write(formats[f], q, NULL);
            json_t *a = parse(formats[f]->name, text);
            json_t *b = parse("plain", other);
            if (f == 0)
                same_shape(a, b), has_names(a, p);
            json_decref(a);
            json_decref(b);
            free(text);
            free(other);
            profile_destroy(p);
            profile_destroy(q);
        }
}

static void same_page(const char *text, const char *other)
{
    assert_clean("html", text);
    static const char *const parts[] = {"<",    "</script", "<script", "<style",
                                        "<!--", "onclick",  "{{"};
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]) - 2; i++)
        assert_int_equal(count_of(text, parts[i]), count_of(other, parts[i]));
}

static void a_page_is_clean_and_whole(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= ROUNDS / 4; seed++) {
        struct profile *p = make(seed, false, 1), *q = make(seed, true, 1);
        char *text = write(&format_html, p, NULL);
        char *other = write(&format_html, q, NULL);
        same_page(text, other);
        free(text);
        free(other);
        profile_destroy(p);
        profile_destroy(q);
    }
}

/* --- comparisons ---------------------------------------------------------- */

static struct diff *compare(uint64_t seed, bool plain)
{
    struct profile *before = make(seed, plain, 1), *now = make(seed, plain, 9);
    /* The sides differ in what warnings quote. */
    profile_meta_edit(now)->engine = made(
        profile_string(now, plain ? "x" : "\n\x1b[2JWarning:  \xe2\x80\xae"));
    const struct profile *a[] = {before}, *b[] = {now};
    struct diff *d = NULL;
    assert_int_equal(diff_create(a, 1, b, 1, NULL, &d), 0);
    profile_destroy(before);
    profile_destroy(now);
    return d;
}

static char *write_diff(const struct format *f, const struct diff *d)
{
    struct buffer b;
    buffer_init(&b, BUFFER_DEFAULT_MAX);
    assert_int_equal(f->write_diff(d, NULL, &b), 0);
    buffer_add(&b, "", 1);
    assert_int_equal(buffer_status(&b), 0);
    return (char *)b.data;
}

static void a_comparison_is_clean_and_right(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= ROUNDS / 4; seed++) {
        struct diff *d = compare(seed, false), *e = compare(seed, true);
        char *text = write_diff(&format_text, d);
        char *other = write_diff(&format_text, e);
        char *a = figures(text), *b = figures(other);
        assert_clean("diff", text);
        assert_string_equal(a, b);
        assert_int_equal(count_of(text, "\nWarning:"),
                         count_of(other, "\nWarning:"));
        free(a), free(b), free(text), free(other);
        text = write_diff(&format_json, d);
        other = write_diff(&format_json, e);
        json_t *x = parse("diff json", text), *y = parse("plain", other);
        same_shape(x, y);
        json_decref(x), json_decref(y), free(text), free(other);
        text = write_diff(&format_html, d);
        other = write_diff(&format_html, e);
        same_page(text, other);
        free(text), free(other);
        diff_destroy(d);
        diff_destroy(e);
    }
}

/* A recording keeps the very names: what shows them escapes them. */
static void a_recording_loses_nothing(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= ROUNDS; seed++) {
        struct profile *p = make(seed, false, 1), *again;
        struct buffer b;
        buffer_init(&b, BUFFER_DEFAULT_MAX);
        assert_int_equal(format_pprof.write(p, NULL, &b), 0);
        assert_int_equal(pprof_read(b.data, b.len, &again), 0);
        char *before = dump_profile(p), *after = dump_profile(again);
        assert_string_equal(before, after);
        free(before);
        free(after);
        buffer_deinit(&b);
        profile_destroy(p);
        profile_destroy(again);
    }
}

/* A file of somebody else's: its notes are lines, whatever they hold. */
static void notes_of_a_file_are_shown_line_by_line(void **state)
{
    (void)state;
    struct profile *p = make(1, true, 1);
    profile_meta_edit(p)->notes =
        made(profile_string(p, "one\n\x1b[2Jtwo\xe2\x80\xa8\n"));
    char *text = write(&format_text, p, NULL);
    assert_clean("text", text);
    assert_int_equal(count_of(text, "\nNote:     "), 2);
    free(text);
    char *html = write(&format_html, p, NULL);
    assert_clean("html", html);
    free(html);
    profile_destroy(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_is_clean_and_right),
        cmocka_unit_test(collapsed_is_clean_and_right),
        cmocka_unit_test(json_is_clean_and_right),
        cmocka_unit_test(a_page_is_clean_and_whole),
        cmocka_unit_test(a_comparison_is_clean_and_right),
        cmocka_unit_test(a_recording_loses_nothing),
        cmocka_unit_test(notes_of_a_file_are_shown_line_by_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
