#include "profile_make.h"

#include <jansson.h>

#include "formats/diff_recordings.h"
#include "formats/format.h"

static struct profile *side(uint64_t hot, const char *node)
{
    struct profile *p = make_profile();
    make_samples(p, "main:1;hot:7", hot);
    make_samples(p, "main:1;cold:9", 5000);
    make_samples(p, "main:2", 1000);
    struct profile_meta *m = profile_meta_edit(p);
    m->node = made(profile_string(p, node));
    m->otp = made(profile_string(p, "29"));
    m->engine = made(profile_string(p, "bpf"));
    m->rate_asked = 999;
    m->duration_ns = 2500000000;
    return p;
}

/* Takes both. */
static struct diff *compare(struct profile *base, struct profile *now)
{
    const struct profile *a[] = {base}, *b[] = {now};
    struct diff *d = NULL;
    assert_int_equal(diff_create(a, 1, b, 1, NULL, &d), 0);
    profile_destroy(base);
    profile_destroy(now);
    return d;
}

static char *write(const struct format *f, const struct diff *d,
                   const struct format_options *o)
{
    struct buffer b;
    buffer_init(&b, BUFFER_DEFAULT_MAX);
    assert_int_equal(f->write_diff(d, o, &b), 0);
    buffer_add(&b, "", 1);
    assert_int_equal(buffer_status(&b), 0);
    return (char *)b.data;
}

static void has(const char *text, const char *part)
{
    if (!strstr(text, part))
        fail_msg("no \"%s\" in:\n%s", part, text);
}

static void has_not(const char *text, const char *part)
{
    if (strstr(text, part))
        fail_msg("\"%s\" in:\n%s", part, text);
}

/* --- text ----------------------------------------------------------------- */

static void text_names_what_grew(void **state)
{
    (void)state;
    struct diff *d = compare(side(4000, "a@h"), side(6000, "b@h"));
    char *text = write(&format_text, d, NULL);
    has(text, "Base:     a@h, OTP 29, engine bpf, 999 Hz; 2.5 s, 10,000 "
              "samples of work\n");
    has(text, "Now:      b@h, OTP 29, engine bpf, 999 Hz; 2.5 s, 12,000 ");
    has_not(text, "Warning");
    has_not(text, "Only");
    /* What grew is the first row; what it pushed aside did not change. */
    has(text, "FILE:LINE\n 40.00   50.00   +10.00 ");
    has(text, "+50.0  ");
    has(text, "  grew    hot                   hot.erl:7\n");
    has(text, "          cold                  cold.erl:9\n");
    /* Its caller grew with what it calls, and is not accused. */
    has(text, "          main                  main.erl:2\n");
    has_not(text, "shrank");
    const char *last = strstr(text, "\n\nhot grew by 50 % (95 %: ");
    assert_non_null(last);
    has(last, ", from 40.00 % of the CPU to 50.00 %.\n");
    free(text);
    diff_destroy(d);
}

static void text_says_what_could_have_been_seen(void **state)
{
    (void)state;
    struct diff *d = compare(side(4000, "n"), side(4010, "n"));
    char *text = write(&format_text, d, NULL);
    has(text, "\nNo function grew or shrank significantly and by more than "
              "5 %; the growth of the biggest, cold (50.0 %), is between -");
    has_not(text, "grew  ");
    free(text);
    diff_destroy(d);
}

static void text_lists_what_is_on_one_side(void **state)
{
    (void)state;
    struct profile *base = side(4000, "n"), *now = side(4000, "n");
    make_samples(base, "main;-old/1-fun-0-", 400);
    make_samples(now, "main;-fresh/1-fun-0-", 900);
    make_samples(now, "main;rare\x1b[2J", 1);
    struct diff *d = compare(base, now);
    char *text = write(&format_text, d, NULL);
    has(text, "  new     -fresh/1-fun-0- ");
    has(text, "  gone    -old/1-fun-0- ");
    has(text, "\nOnly now:    -fresh/1-fun-0- 8.26 %, rare\\x{1B}[2J 0.01 %\n");
    has(text, "\nOnly before: -old/1-fun-0- 3.85 %\n");
    has(text, "anonymous functions are numbered");
    has(text, "\n-fresh/1-fun-0- is new, with 8.26 % of the CPU; 1 other "
              "shrank.\n");
    has_not(text, "\x1b");
    free(text);
    diff_destroy(d);
}

static void text_warns_of_what_is_hard_to_compare(void **state)
{
    (void)state;
    struct profile *base = side(4000, "n"), *now = side(4000, "n");
    profile_meta_edit(now)->engine = made(profile_string(now, "perf"));
    profile_meta_edit(now)->rate_asked = 99;
    struct diff *d = compare(base, now);
    char *text = write(&format_text, d, NULL);
    has(text, "Warning:  different engines: bpf before, perf now; ");
    has(text, "Warning:  different rates: 999 Hz before, 99 Hz now; ");
    free(text);
    struct format_options color = {.color = true, .top = 1};
    text = write(&format_text, d, &color);
    has(text, "\x1b[31mWarning");
    has(text, "... and 2 more functions\n");
    free(text);
    diff_destroy(d);
}

/* C code is charged to the BIF above it, and named below. */
static struct profile *with_c_code(uint64_t below)
{
    struct profile *p = side(4000, "n");
    uint32_t main = make_stack(p, "main:1");
    struct frame bif = {.kind = FRAME_BIF,
                        .name = "erlang:md5/1",
                        .module = "erlang",
                        .function = "md5",
                        .arity = 1,
                        .file = ""};
    struct frame code = {.kind = FRAME_NATIVE,
                         .name = "MD5Update",
                         .module = "/usr/lib/beam.smp",
                         .function = "MD5Update",
                         .arity = FRAME_NO_ARITY,
                         .file = ""};
    uint32_t stack = made(profile_stack(p, main, made(profile_frame(p, &bif))));
    stack = made(profile_stack(p, stack, made(profile_frame(p, &code))));
    make_sample(p, stack, PROFILE_NONE, STATE_RUNNING, below);
    return p;
}

static void text_names_the_bif_then_its_c_code(void **state)
{
    (void)state;
    struct diff *d = compare(with_c_code(2000), with_c_code(4000));
    char *text = write(&format_text, d, NULL);
    has(text, "  grew    erlang:md5/1");
    const char *c = strstr(text, "C FUNCTION");
    assert_non_null(c);
    has(c, "  grew    MD5Update             lib/beam.smp\n");
    has(c, "\nerlang:md5/1 grew by 100 % (");
    free(text);
    diff_destroy(d);
}

/* --- JSON ----------------------------------------------------------------- */

static json_t *json_of(const struct diff *d)
{
    char *text = write(&format_json, d, NULL);
    json_error_t error;
    json_t *json = json_loads(text, JSON_REJECT_DUPLICATES, &error);
    if (!json)
        fail_msg("%s", error.text);
    free(text);
    return json;
}

static double number(json_t *o, const char *key)
{
    assert_true(json_is_number(json_object_get(o, key)));
    return json_number_value(json_object_get(o, key));
}

static const char *text_of(json_t *o, const char *key)
{
    assert_true(json_is_string(json_object_get(o, key)));
    return json_string_value(json_object_get(o, key));
}

static void json_has_the_documented_shape(void **state)
{
    (void)state;
    struct diff *d = compare(side(4000, "a@h"), side(6000, "b@h"));
    json_t *json = json_of(d);
    assert_true(number(json, "version") == 1);
    json_t *base = json_object_get(json, "base");
    assert_string_equal(text_of(base, "node"), "a@h");
    assert_true(number(base, "counted") == 10000);
    assert_true(number(base, "recordings") == 1);
    assert_int_equal(json_array_size(json_object_get(json, "warnings")), 0);
    assert_int_equal(strncmp(text_of(json, "sentence"), "hot grew by", 11), 0);
    json_t *culprit = json_object_get(json, "culprit");
    assert_string_equal(text_of(culprit, "name"), "hot");
    assert_string_equal(text_of(culprit, "file"), "hot.erl");
    assert_true(number(culprit, "line") == 7);
    assert_true(number(culprit, "arity") == 1);
    json_t *own = json_object_get(culprit, "own");
    assert_string_equal(text_of(own, "verdict"), "grew");
    assert_true(number(own, "base") == 4000);
    assert_true(number(own, "now_pct") == 50);
    double growth = number(own, "growth");
    assert_true(growth > 0.499 && growth < 0.501);
    assert_true(number(own, "growth_low") < growth);
    assert_true(number(own, "growth_high") > growth);
    json_t *functions = json_object_get(json, "functions");
    assert_int_equal(json_array_size(functions), 3);
    assert_true(json_equal(json_array_get(functions, 0), culprit));
    json_decref(json);
    diff_destroy(d);
}

static void json_has_null_for_what_is_not(void **state)
{
    (void)state;
    struct profile *now = side(4000, "n");
    make_samples(now, "main;fresh", 900);
    struct diff *d = compare(side(4000, "n"), now);
    json_t *json = json_of(d);
    json_t *own = json_object_get(json_object_get(json, "culprit"), "own");
    assert_string_equal(text_of(own, "verdict"), "new");
    assert_true(json_is_null(json_object_get(own, "growth")));
    assert_true(json_is_null(json_object_get(own, "growth_high")));
    assert_true(number(own, "growth_low") > 1);
    json_decref(json);
    diff_destroy(d);
    d = compare(side(4000, "n"), side(4000, "n"));
    json = json_of(d);
    assert_true(json_is_null(json_object_get(json, "culprit")));
    json_decref(json);
    diff_destroy(d);
}

/* --- several events ------------------------------------------------------- */

enum { UNIT = 1000000 };

static void add_alloc(struct profile *p, const char *frames, uint64_t samples)
{
    const struct profile_sample s = {.stack = make_stack(p, frames),
                                     .process = PROFILE_NONE,
                                     .thread = PROFILE_NONE,
                                     .state = STATE_RUNNING};
    const uint64_t values[PROFILE_MAX_VALUES] = {samples * UNIT, 0, samples};
    assert_int_equal(profile_add(p, &s, values), 0);
}

/* Allocation in a recording of its own, or as the second event of one of CPU
 * time. As certain as half of its samples. */
static struct profile *allocating(uint64_t hot, bool alone)
{
    size_t n;
    const struct value_texts *types = event_values(EVENT_ALLOC, &n);
    struct profile *p = alone ? make_profile() : side(4000, "n"), *alloc = p;
    assert_int_equal(alone ? profile_set_values(p, types, n)
                           : profile_add_event(p, types, n, &alloc),
                     0);
    add_alloc(alloc, "main:1;hot:7", hot);
    add_alloc(alloc, "main:1;cold:9", 50000);
    struct profile_counters *c = profile_counters_edit(alloc);
    c->samples = hot + 50000;
    c->effective = c->samples / 2;
    return p;
}

/* Takes p. */
static int add(struct diff_recordings *side, struct profile *p, unsigned events,
               const char *focus)
{
    const struct filter f = {.events = events, .focus = focus};
    struct buffer b;
    buffer_init(&b, BUFFER_DEFAULT_MAX);
    assert_int_equal(format_pprof.write(p, &(struct format_options){0}, &b), 0);
    int err = diff_recordings_add(side, b.data, b.len, &f);
    buffer_deinit(&b);
    profile_destroy(p);
    return err;
}

static char *text_of_events(struct profile *base, struct profile *now,
                            unsigned events)
{
    struct diff_recordings a = {0}, b = {0};
    struct diff *d;
    assert_int_equal(add(&a, base, events, NULL), 0);
    assert_int_equal(add(&b, now, events, NULL), 0);
    assert_int_equal(diff_recordings_compare(&a, &b, NULL, &d), 0);
    char *text = write(&format_text, d, NULL);
    diff_destroy(d);
    diff_recordings_deinit(&a);
    diff_recordings_deinit(&b);
    return text;
}

static void one_event_of_several_is_compared(void **state)
{
    (void)state;
    char *cpu =
        text_of_events(allocating(30000, false), allocating(60000, false), 0);
    has(cpu, "10,000 samples of work\n");
    has(cpu, "\nNo function grew");
    free(cpu);
    char *bytes =
        text_of_events(allocating(30000, false), allocating(60000, false),
                       EVENT_SET(EVENT_ALLOC));
    has(bytes, "Base:     74.5 GB\n");
    has(bytes, "Shares:   of the allocated bytes, in a function");
    has(bytes, "\nhot grew by 100 % (95 %: ");
    has(bytes, " of the allocated bytes to 54.55 %.\n");
    free(bytes);
    /* Only one side has CPU time, too. */
    char *same =
        text_of_events(allocating(30000, true), allocating(60000, false),
                       EVENT_SET(EVENT_ALLOC));
    has(same, "\nhot grew by 100 % (95 %: ");
    free(same);
    struct diff_recordings none = {0};
    assert_int_equal(
        add(&none, allocating(9, true), EVENT_SET(EVENT_CPU), NULL),
        -E_NO_EVENT);
    diff_recordings_deinit(&none);
}

static double width_of_hot(unsigned samples, const char *focus)
{
    struct diff_recordings a = {0}, b = {0};
    struct diff *d;
    double width = 0;
    assert_int_equal(add(&a, allocating(samples, true), 0, focus), 0);
    assert_int_equal(add(&b, allocating(samples, true), 0, focus), 0);
    assert_int_equal(diff_recordings_compare(&a, &b, NULL, &d), 0);
    for (size_t i = 0; i < diff_function_count(d); i++) {
        const struct diff_function *f = diff_function_at(d, i);
        const struct profile *p = diff_profile(d);
        if (strcmp(profile_text(p, profile_function_at(p, f->function)->name),
                   "hot") == 0)
            width = f->own.growth_high - f->own.growth_low;
    }
    diff_destroy(d);
    diff_recordings_deinit(&a);
    diff_recordings_deinit(&b);
    return width;
}

/* A part of a recording of allocation is no more certain than the whole. */
static void bytes_are_as_certain_as_their_samples(void **state)
{
    (void)state;
    double few = width_of_hot(300, NULL), many = width_of_hot(30000, NULL);
    assert_true(few > 3 * many && many > 0.02);
    double part = width_of_hot(300, "hot|cold");
    assert_true(part > 0.95 * few && part < 1.05 * few);
}

static void formats_are_found(void **state)
{
    (void)state;
    assert_ptr_equal(format_by_name("text"), &format_text);
    assert_ptr_equal(format_by_name("json"), &format_json);
    assert_null(format_by_name("pprof")->write_diff);
    assert_ptr_equal(format_by_path("a/b.json"), &format_json);
    assert_ptr_equal(format_by_path("b.txt"), &format_text);
    assert_null(format_by_path("b.pb.gz")->write_diff);
    assert_null(format_by_path(".txt"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_names_what_grew),
        cmocka_unit_test(text_says_what_could_have_been_seen),
        cmocka_unit_test(text_lists_what_is_on_one_side),
        cmocka_unit_test(text_warns_of_what_is_hard_to_compare),
        cmocka_unit_test(text_names_the_bif_then_its_c_code),
        cmocka_unit_test(json_has_the_documented_shape),
        cmocka_unit_test(json_has_null_for_what_is_not),
        cmocka_unit_test(one_event_of_several_is_compared),
        cmocka_unit_test(bytes_are_as_certain_as_their_samples),
        cmocka_unit_test(formats_are_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
