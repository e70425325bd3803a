/* Recordings of several events in every format. */
#include "profile_random.h"
#include "two_events.h"

#include <jansson.h>

#include "formats/format.h"
#include "formats/pprof_gzip.h"
#include "formats/view.h"
#include "page_read.h"

/* Of the events, or of all if there are none. NUL-terminated, to be freed. */
static char *rendered(const struct profile *p, const struct format *format,
                      struct format_options how, unsigned events, size_t *len)
{
    const struct view view = {
        .filter = {.events = events}, .format = format, .how = how};
    struct buffer out;
    buffer_init(&out, BUFFER_DEFAULT_MAX);
    assert_int_equal(view_render(p, &view, &out), 0);
    *len = out.len;
    buffer_add(&out, "", 1);
    assert_int_equal(buffer_status(&out), 0);
    return (char *)out.data;
}

static char *text_of(const struct profile *p, const struct format *format,
                     struct format_options how)
{
    size_t len;
    return rendered(p, format, how, 0, &len);
}

static json_t *json_of(const struct profile *p, const struct format *format)
{
    char *text = text_of(p, format, (struct format_options){0});
    json_t *json = json_loads(text, 0, NULL);
    assert_non_null(json);
    free(text);
    return json;
}

/* --- one event of them ---------------------------------------------------- */

/* The others have ids, whose order may differ. */
static void formats_without_ids_show_one_as_if_recorded_alone(void **state)
{
    (void)state;
    static const struct format *const formats[] = {&format_text, &format_json,
                                                   &format_collapsed};
    struct two_events t = two_events_make();
    const struct profile *alone[] = {t.cpu, t.wall};
    for (size_t f = 0; f < sizeof(formats) / sizeof(formats[0]); f++)
        for (int i = EVENT_CPU; i <= EVENT_WALL; i++) {
            const struct format_options how = {0};
            size_t len;
            char *part = rendered(t.both, formats[f], how, EVENT_SET(i), &len);
            char *other = text_of(alone[i], formats[f], how);
            assert_string_equal(part, other);
            free(part);
            free(other);
        }
    two_events_free(&t);
}

static void a_file_of_one_is_as_if_recorded_alone(void **state)
{
    (void)state;
    struct two_events t = two_events_make();
    const struct profile *alone[] = {t.cpu, t.wall};
    for (int i = EVENT_CPU; i <= EVENT_WALL; i++) {
        const struct format_options how = {0};
        struct profile *p = NULL;
        size_t len;
        char *file = rendered(t.both, &format_pprof, how, EVENT_SET(i), &len);
        assert_int_equal(pprof_read(file, len, &p), 0);
        assert_null(profile_next(p));
        assert_same_profile(p, alone[i]);
        profile_destroy(p);
        free(file);
    }
    two_events_free(&t);
}

static void a_format_for_one_event_refuses_several(void **state)
{
    (void)state;
    struct two_events t = two_events_make();
    const struct view view = {.format = &format_collapsed};
    const struct view filtered = {.filter = {.focus = "shop"},
                                  .format = &format_collapsed};
    struct buffer out;
    buffer_init(&out, BUFFER_DEFAULT_MAX);
    assert_int_equal(view_render(t.both, &view, &out), -E_EVENTS);
    assert_int_equal(view_render(t.both, &filtered, &out), -E_EVENTS);
    assert_int_equal(view_render(t.wall, &view, &out), 0);
    buffer_deinit(&out);
    two_events_free(&t);
}

/* --- pprof ---------------------------------------------------------------- */

static struct buffer written(const struct profile *p)
{
    struct buffer gz, plain;
    buffer_init(&gz, BUFFER_DEFAULT_MAX);
    buffer_init(&plain, BUFFER_DEFAULT_MAX);
    assert_int_equal(format_pprof.write(p, &(struct format_options){0}, &gz),
                     0);
    assert_int_equal(pprof_gzip_unpack(gz.data, gz.len, &plain), 0);
    buffer_deinit(&gz);
    return plain;
}

/* Written and read, twice, it is the same. */
static void assert_round_trip(const struct profile *p)
{
    struct profile *last = NULL;
    for (int round = 0; round < 2; round++) {
        struct buffer plain = written(last ? last : p);
        struct profile *q = NULL;
        assert_int_equal(pprof_read(plain.data, plain.len, &q), 0);
        assert_int_equal(profile_events(q), 3);
        assert_null(profile_next(two_at(q, 1)));
        for (int i = 0; i < 2; i++)
            assert_same_profile(two_at(q, i), two_at(p, i));
        buffer_deinit(&plain);
        profile_destroy(last);
        last = q;
    }
    profile_destroy(last);
}

static void a_recording_file_keeps_both(void **state)
{
    (void)state;
    struct two_events t = two_events_make();
    assert_round_trip(t.both);
    two_events_free(&t);
    for (uint64_t seed = 1; seed <= 20; seed++) {
        struct profile *p = random_profile(seed, 150, 20), *wall;
        assert_int_equal(profile_add_event(p, two_wall, 2, &wall), 0);
        random_fill(wall, seed * 31, 200, 40);
        assert_round_trip(p);
        profile_destroy(p);
    }
}

static void every_metadata_is_that_of_its_event(void **state)
{
    (void)state;
    struct profile *p = make_profile(), *wall;
    assert_int_equal(profile_add_event(p, two_wall, 2, &wall), 0);
    make_all_meta(wall);
    two_add(wall, "E a", PROFILE_NONE, STATE_WAITING, 5, 1);
    assert_round_trip(p);
    make_all_meta(p);
    profile_counters_edit(p)->lost = 1;
    assert_round_trip(p);
    profile_destroy(p);
}

/* What other tools choose a value by. */
static void no_two_values_have_one_name(void **state)
{
    (void)state;
    struct two_events t = two_events_make();
    struct buffer both = written(t.both), wall = written(t.wall);
    static const char name[] = "wall_samples";
    assert_non_null(memmem(both.data, both.len, name, strlen(name)));
    assert_null(memmem(wall.data, wall.len, name, strlen(name)));
    buffer_deinit(&both);
    buffer_deinit(&wall);
    two_events_free(&t);
}

/* Replaces a comment of the file by another of the same length. */
static int read_with(const struct profile *p, const char *comment,
                     const char *other)
{
    struct buffer plain = written(p);
    struct profile *q = NULL;
    char *at = memmem(plain.data, plain.len, comment, strlen(comment));
    assert_non_null(at);
    assert_int_equal(strlen(comment), strlen(other));
    memcpy(at, other, strlen(other));
    int err = pprof_read(plain.data, plain.len, &q);
    buffer_deinit(&plain);
    profile_destroy(q);
    return err;
}

static void events_that_cannot_be_are_refused(void **state)
{
    (void)state;
    static const char values[] = "cprof.wall.values=2";
    static const char *const bad[] = {
        "cprof.wall.values=0", /* an event without values */
        "cprof.wall.values=1", /* its first value is not process time */
        "cprof.wall.values=3", /* nor is this one's */
        "cprof.wall.values=4", /* none is left for the first event */
        "cprof.wall.values=9", /* more than a recording has */
        "cprof.wall.values=x",
    };
    struct two_events t = two_events_make();
    assert_int_equal(read_with(t.both, values, values), 0);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_int_equal(read_with(t.both, values, bad[i]), -E_NOT_A_PROFILE);
    /* A file of another program has no events. */
    assert_int_equal(
        read_with(t.both, "cprof.recording=1", "xprof.recording=1"),
        -E_NOT_A_PROFILE);
    two_events_free(&t);
}

static void an_event_twice_is_refused(void **state)
{
    (void)state;
    struct two_events t = two_events_make();
    assert_int_equal(
        read_with(t.both, "cprof.wall.version=1.0", "cprof.wall.values=0002"),
        -E_NOT_A_PROFILE);
    assert_int_equal(
        read_with(t.both, "cprof.wall.version=1.0", "cprof.wall.another=1.0"),
        0);
    two_events_free(&t);
}

static void every_byte_may_be_wrong(void **state)
{
    (void)state;
    struct profile *p = make_profile(), *wall, *q;
    assert_int_equal(profile_add_event(p, two_wall, 2, &wall), 0);
    two_add(p, "E a;E b", two_process(p, "<0.1.0>", "x"), STATE_RUNNING, 3, 9);
    two_add(wall, "E a;E c", two_process(p, "<0.2.0>", ""), STATE_WAITING, 7,
            1);
    profile_counters_edit(wall)->ticks = 1;
    struct buffer plain = written(p);
    for (size_t i = 0; i < plain.len; i++)
        for (int bit = 0; bit < 8; bit++) {
            plain.data[i] ^= (uint8_t)(1 << bit);
            if (pprof_read(plain.data, plain.len, &q) == 0)
                profile_destroy(q);
            plain.data[i] ^= (uint8_t)(1 << bit);
        }
    buffer_deinit(&plain);
    profile_destroy(p);
}

/* --- json ----------------------------------------------------------------- */

static void json_has_others_under_their_names(void **state)
{
    (void)state;
    struct two_events t = two_events_make();
    json_t *both = json_of(t.both, &format_json);
    json_t *cpu = json_of(t.cpu, &format_json);
    json_t *wall = json_of(t.wall, &format_json);
    json_t *of_both = json_incref(json_object_get(both, "wall"));
    assert_non_null(of_both);
    assert_int_equal(json_object_del(both, "wall"), 0);
    assert_int_equal(json_object_del(wall, "version"), 0);
    assert_true(json_equal(both, cpu));
    assert_true(json_equal(of_both, wall));
    assert_int_equal(json_array_size(json_object_get(of_both, "waits")), 1);
    json_decref(of_both);
    json_decref(both);
    json_decref(cpu);
    json_decref(wall);
    two_events_free(&t);
}

/* --- speedscope ----------------------------------------------------------- */

/* "name;name WEIGHT" of each sample of profile i, by the list of frames. */
static char *stacks_of(const json_t *file, size_t i)
{
    const json_t *frames =
        json_object_get(json_object_get(file, "shared"), "frames");
    const json_t *of = json_array_get(json_object_get(file, "profiles"), i);
    const json_t *samples = json_object_get(of, "samples"), *stack, *frame;
    const json_t *weights = json_object_get(of, "weights");
    size_t at, k;
    struct buffer out;
    buffer_init(&out, BUFFER_DEFAULT_MAX);
    json_array_foreach(samples, at, stack)
    {
        json_array_foreach(stack, k, frame)
        {
            const json_t *f =
                json_array_get(frames, (size_t)json_integer_value(frame));
            assert_non_null(f);
            buffer_printf(&out, "%s;",
                          json_string_value(json_object_get(f, "name")));
        }
        buffer_printf(&out, " %.3f\n",
                      json_number_value(json_array_get(weights, at)));
    }
    buffer_add(&out, "", 1);
    return (char *)out.data;
}

static const char *name_at(const json_t *file, size_t i)
{
    return json_string_value(json_object_get(
        json_array_get(json_object_get(file, "profiles"), i), "name"));
}

static size_t profiles_of(const json_t *file)
{
    return json_array_size(json_object_get(file, "profiles"));
}

static void assert_profiles(const json_t *both, size_t from,
                            const json_t *alone, const char *event)
{
    for (size_t i = 0; i < profiles_of(alone); i++) {
        char name[200];
        snprintf(name, sizeof(name), "%s: %s", event, name_at(alone, i));
        assert_string_equal(name_at(both, from + i), name);
        char *a = stacks_of(both, from + i), *b = stacks_of(alone, i);
        assert_string_equal(a, b);
        free(a);
        free(b);
    }
}

static void speedscope_has_profiles_of_both(void **state)
{
    (void)state;
    struct two_events t = two_events_make();
    json_t *both = json_of(t.both, &format_speedscope);
    json_t *cpu = json_of(t.cpu, &format_speedscope);
    json_t *wall = json_of(t.wall, &format_speedscope);
    assert_int_equal(profiles_of(both), profiles_of(cpu) + profiles_of(wall));
    assert_profiles(both, 0, cpu, "CPU time");
    assert_profiles(both, profiles_of(cpu), wall, "Process time");
    json_decref(both);
    json_decref(cpu);
    json_decref(wall);
    two_events_free(&t);
}

/* Process time has no CPU time that could be the weight. */
static void weights_of_cpu_time_are_for_cpu_time(void **state)
{
    (void)state;
    struct two_events t = two_events_make();
    const struct format_options how = {.cpu_weights = true};
    char *text = text_of(t.both, &format_speedscope, how);
    json_t *file = json_loads(text, 0, NULL);
    char *cpu = stacks_of(file, 0), *wall = NULL;
    for (size_t i = 0; i < profiles_of(file); i++)
        if (strcmp(name_at(file, i),
                   "Process time: all processes and threads") == 0)
            wall = stacks_of(file, i);
    assert_non_null(strstr(cpu, "shop:price/2; 3000000.000\n"));
    assert_non_null(wall);
    assert_non_null(strstr(wall, "[waits for till]; 8000000.000\n"));
    free(cpu);
    free(wall);
    free(text);
    json_decref(file);
    two_events_free(&t);
}

/* --- text ----------------------------------------------------------------- */

static size_t times(const char *text, const char *word)
{
    size_t n = 0;
    while ((text = strstr(text, word))) {
        n++;
        text += strlen(word);
    }
    return n;
}

static void the_text_has_one_after_the_other(void **state)
{
    (void)state;
    struct two_events t = two_events_make();
    char *text = text_of(t.both, &format_text, (struct format_options){0});
    const char *cpu = strstr(text, "===== CPU time ===");
    const char *wall = strstr(text, "===== Process time ===");
    assert_ptr_equal(cpu, text);
    assert_true(wall > cpu);
    const char *price = strstr(text, "shop:price/2");
    const char *waits = strstr(text, "WHO IS WAITED FOR");
    assert_true(price > cpu && price < wall);
    assert_true(waits > wall);
    /* Doubts and notes are those of each event. */
    assert_true(strstr(text, "30 samples lost") < wall);
    assert_true(strstr(text, "of CPU time\n") < wall);
    assert_true(strstr(text, "9 readings of a process whose stack changed") >
                wall);
    assert_true(strstr(text, "of process time\n") > wall);
    assert_int_equal(times(text, "More:  "), 1);
    assert_int_equal(times(text, "Node:  "), 2);
    free(text);
    two_events_free(&t);
}

/* In the node, no option selects states. */
static void inside_no_option_is_named_that_is_not_there(void **state)
{
    (void)state;
    struct profile *p = make_profile();
    const struct format_options inside = {.reader = FORMAT_READER_INSIDE};
    assert_int_equal(profile_set_values(p, two_wall, 2), 0);
    two_meta(p, "wall", "process-table", 10);
    profile_counters_edit(p)->ticks = 100;
    two_add(p, "E gen_server:loop/7", PROFILE_NONE, STATE_IDLE, 10000000000,
            100);
    char *text = text_of(p, &format_text, inside);
    assert_non_null(strstr(text, "was idle in its main loop.\n"));
    assert_null(strstr(text, "--state"));
    free(text);
    text = text_of(p, &format_text, (struct format_options){0});
    assert_non_null(strstr(text, "--state idle shows where.\n"));
    free(text);
    profile_destroy(p);
}

/* A wide terminal has room for long names. */
static void the_table_of_waits_is_as_wide_as_the_terminal(void **state)
{
    (void)state;
    static const char name[] = "shop_of_the_second_floor_behind_the_stairs";
    struct two_events t = two_events_make();
    char frames[100];
    snprintf(frames, sizeof(frames), "E shop:buy/1;R [waits for %s]", name);
    two_add(t.wall, frames, PROFILE_NONE, STATE_BLOCKED, 1000000000, 10);
    char *narrow = text_of(t.wall, &format_text, (struct format_options){0});
    char *wide = text_of(t.wall, &format_text,
                         (struct format_options){.line_columns = 160});
    assert_non_null(strstr(wide, name));
    assert_null(strstr(narrow, name));
    free(narrow);
    free(wide);
    two_events_free(&t);
}

static void callers_are_those_of_the_events_that_have_them(void **state)
{
    (void)state;
    struct two_events t = two_events_make();
    const struct format_options price = {.callers = "shop:price/2"};
    const struct format_options nobody = {.callers = "shop:nobody/0"};
    char *text = text_of(t.both, &format_text, price);
    const char *wall = strstr(text, "===== Process time");
    assert_true(strstr(text, "shop:loop/1") < wall);
    assert_true(strstr(text, "No sample has this function.") > wall);
    free(text);
    const struct view view = {.format = &format_text, .how = nobody};
    struct buffer out;
    buffer_init(&out, BUFFER_DEFAULT_MAX);
    assert_int_equal(view_render(t.both, &view, &out), -E_NO_FUNCTION);
    buffer_deinit(&out);
    two_events_free(&t);
}

static void a_filter_is_noted_with_the_figures_of_each(void **state)
{
    (void)state;
    struct two_events t = two_events_make();
    const char *till = "till";
    const struct view view = {
        .filter = {.processes = &till, .process_count = 1},
        .format = &format_text};
    struct buffer out;
    buffer_init(&out, BUFFER_DEFAULT_MAX);
    assert_int_equal(view_render(t.both, &view, &out), 0);
    buffer_add(&out, "", 1);
    const char *text = (char *)out.data;
    assert_non_null(strstr(text, "--process till; 300 of 470 samples;"));
    assert_non_null(strstr(text, "--process till; 9.00 s of 29.0 s;"));
    buffer_deinit(&out);
    two_events_free(&t);
}

/* The recording is 10 s long, and its buckets 50 ms. */
static void a_time_beyond_the_end_is_noted_with_the_length(void **state)
{
    (void)state;
    static const struct {
        uint64_t from_ms, to_ms;
        bool beyond;
    } rows[] = {{9900, 0, false}, {1000, 10000, false},   {1000, 10040, false},
                {10000, 0, true}, {100000, 200000, true}, {0, 11000, true}};
    struct two_events t = two_events_make();
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct view view = {
            .filter = {.from_ns = rows[i].from_ms * 1000000,
                       .to_ns = rows[i].to_ms * 1000000},
            .format = &format_text};
        struct buffer out;
        buffer_init(&out, BUFFER_DEFAULT_MAX);
        assert_int_equal(view_render(t.cpu, &view, &out), 0);
        buffer_add(&out, "", 1);
        const char *text = (char *)out.data;
        assert_non_null(strstr(text, "filtered: --from "));
        if (!strstr(text, " (the recording is 10.00 s long);") ==
            rows[i].beyond)
            fail_msg("row %zu: %s", i, text);
        buffer_deinit(&out);
    }
    two_events_free(&t);
}

/* --- html ----------------------------------------------------------------- */

/* The page from where the data of the event begins, as if it were the first. */
static struct page page_of(const char *text, const char *id)
{
    char mark[64], *rest;
    snprintf(mark, sizeof(mark), "id=\"profile-data%s\"", id);
    const char *at = strstr(text, mark);
    assert_non_null(at);
    assert_true(asprintf(&rest, "id=\"profile-data\"%s", at + strlen(mark)) >
                0);
    return page_read(rest);
}

static json_int_t number_at(const json_t *data, const char *table,
                            const char *column, size_t i)
{
    const json_t *list = json_object_get(json_object_get(data, table), column);
    return json_integer_value(json_array_get(list, i));
}

static const char *string_at(const json_t *data, json_int_t i)
{
    return json_string_value(
        json_array_get(json_object_get(data, "strings"), (size_t)i));
}

/* "leaf;...;root PROCESS STATE BUCKET COUNT" */
static char *row_text(const json_t *data, size_t i, json_int_t stack)
{
    struct buffer out;
    buffer_init(&out, BUFFER_DEFAULT_MAX);
    while (stack > 0) {
        size_t at = (size_t)stack - 1;
        json_int_t frame = number_at(data, "stacks", "frame", at);
        json_int_t fn = number_at(data, "frames", "function", (size_t)frame);
        json_int_t up = number_at(data, "stacks", "up", at);
        buffer_printf(
            &out, "%s;",
            string_at(data, number_at(data, "functions", "name", (size_t)fn)));
        stack = up ? stack - up : 0;
    }
    json_int_t process = number_at(data, "rows", "process", i);
    if (process)
        buffer_printf(&out, " %s",
                      string_at(data, number_at(data, "processes", "pid",
                                                (size_t)process - 1)));
    buffer_printf(&out, " %lld %lld %lld",
                  (long long)number_at(data, "rows", "state", i),
                  (long long)number_at(data, "rows", "bucket", i),
                  (long long)number_at(data, "rows", "count", i));
    buffer_add(&out, "", 1);
    return (char *)out.data;
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* All rows, sorted, and what is known of the whole. */
static char *page_text(const json_t *data)
{
    static const char *const facts[] = {"counted", "bucket_us", "duration_us",
                                        "value",   "unit",      "per_sample"};
    char *rows[64];
    size_t n = json_array_size(
        json_object_get(json_object_get(data, "rows"), "stack"));
    json_int_t stack = 0;
    struct buffer out;
    assert_true(n > 0 && n <= 64);
    buffer_init(&out, BUFFER_DEFAULT_MAX);
    for (size_t i = 0; i < n; i++) {
        stack += number_at(data, "rows", "stack", i);
        rows[i] = row_text(data, i, stack);
    }
    qsort(rows, n, sizeof(rows[0]), by_text);
    for (size_t i = 0; i < n; i++) {
        buffer_printf(&out, "%s\n", rows[i]);
        free(rows[i]);
    }
    for (size_t i = 0; i < sizeof(facts) / sizeof(facts[0]); i++) {
        char *fact =
            json_dumps(json_object_get(data, facts[i]), JSON_ENCODE_ANY);
        buffer_printf(&out, "%s %s\n", facts[i], fact ? fact : "none");
        free(fact);
    }
    buffer_add(&out, "", 1);
    return (char *)out.data;
}

static void the_page_has_both(void **state)
{
    (void)state;
    struct two_events t = two_events_make();
    const struct format_options how = {0};
    char *both = text_of(t.both, &format_html, how);
    const struct profile *alone[] = {t.cpu, t.wall};
    static const char *const ids[] = {"", "-wall"};
    for (int i = 0; i < 2; i++) {
        struct page part = page_of(both, ids[i]);
        char *text = text_of(alone[i], &format_html, how);
        struct page other = page_of(text, "");
        char *a = page_text(part.data), *b = page_text(other.data);
        assert_string_equal(a, b);
        free(a);
        free(b);
        free_page(&part);
        free_page(&other);
        assert_null(strstr(text, "type=\"radio\""));
        assert_null(strstr(text, "class=\"without-script\""));
        free(text);
    }
    assert_int_equal(times(both, "type=\"radio\" name=\"event\""), 2);
    assert_int_equal(times(both, "value=\"cpu\" checked>"), 1);
    assert_int_equal(times(both, "<table id=\"functions\">"), 1);
    assert_int_equal(times(both, "class=\"without-script\""), 1);
    assert_int_equal(times(both, "<table class=\"no-parts\">"), 1);
    assert_int_equal(times(both, "data-event=\"cpu\""), 1);
    assert_int_equal(times(both, "data-event=\"wall\""), 1);
    assert_non_null(
        strstr(both, "<title>CPU and process time profile of shop@host, "));
    free(both);
    two_events_free(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(formats_without_ids_show_one_as_if_recorded_alone),
        cmocka_unit_test(a_file_of_one_is_as_if_recorded_alone),
        cmocka_unit_test(a_format_for_one_event_refuses_several),
        cmocka_unit_test(a_recording_file_keeps_both),
        cmocka_unit_test(every_metadata_is_that_of_its_event),
        cmocka_unit_test(no_two_values_have_one_name),
        cmocka_unit_test(events_that_cannot_be_are_refused),
        cmocka_unit_test(an_event_twice_is_refused),
        cmocka_unit_test(every_byte_may_be_wrong),
        cmocka_unit_test(json_has_others_under_their_names),
        cmocka_unit_test(speedscope_has_profiles_of_both),
        cmocka_unit_test(weights_of_cpu_time_are_for_cpu_time),
        cmocka_unit_test(the_text_has_one_after_the_other),
        cmocka_unit_test(inside_no_option_is_named_that_is_not_there),
        cmocka_unit_test(the_table_of_waits_is_as_wide_as_the_terminal),
        cmocka_unit_test(callers_are_those_of_the_events_that_have_them),
        cmocka_unit_test(a_filter_is_noted_with_the_figures_of_each),
        cmocka_unit_test(a_time_beyond_the_end_is_noted_with_the_length),
        cmocka_unit_test(the_page_has_both),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
