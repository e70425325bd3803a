/* The port's command diff: it takes recordings and gives a term that contains
 * the same as the JSON, key by key. */
#include "test.h"

#include <ei.h>
#include <jansson.h>
#include <math.h>

#include "formats/diff_write.h"
#include "port/port_compare.h"

/* One function that grew, one that is new, one that stayed, one without arity,
 * with names that need care. */
static struct profile *recording(unsigned hot, unsigned fresh, unsigned rate)
{
    struct profile *p;
    assert_int_equal(profile_create(&p), 0);
    const struct frame frames[] = {
        {FRAME_ERLANG, "lists:seq/2", "lists", "seq", 2, "lists.erl", 9, 0},
        {FRAME_ELIXIR, "Mö.\"f\"/0", "Elixir.Mö", "f", 0, "m.ex", 1, 0},
        {FRAME_NATIVE, "memcpy", "libc.so.6", "memcpy", FRAME_NO_ARITY, "", 0,
         0},
    };
    const unsigned counts[] = {hot, fresh, 1000};
    for (size_t i = 0; i < 3; i++) {
        if (counts[i] == 0)
            continue;
        uint32_t frame = (uint32_t)profile_frame(p, &frames[i]);
        const struct profile_sample s = {
            .stack = (uint32_t)profile_stack(p, PROFILE_NONE, frame),
            .process = PROFILE_NONE,
            .thread = PROFILE_NONE,
            .state = STATE_RUNNING};
        const uint64_t values[] = {counts[i], counts[i] * 1000000ull};
        assert_int_equal(profile_add(p, &s, values), 0);
    }
    profile_meta_edit(p)->rate_asked = rate;
    return p;
}

/* --- a term and a JSON value say the same --------------------------------- */

static void same(const char *bytes, int *at, const json_t *json);

static void same_map(const char *bytes, int *at, const json_t *json)
{
    int pairs;
    assert_int_equal(ei_decode_map_header(bytes, at, &pairs), 0);
    assert_int_equal((size_t)pairs, json_object_size(json));
    while (pairs-- > 0) {
        char key[MAXATOMLEN];
        assert_int_equal(ei_decode_atom(bytes, at, key), 0);
        const json_t *value = json_object_get(json, key);
        if (!value)
            fail_msg("the JSON has no %s", key);
        same(bytes, at, value);
    }
}

static void same_list(const char *bytes, int *at, const json_t *json)
{
    int count;
    assert_int_equal(ei_decode_list_header(bytes, at, &count), 0);
    assert_int_equal((size_t)count, json_array_size(json));
    for (int i = 0; i < count; i++)
        same(bytes, at, json_array_get(json, (size_t)i));
    if (count > 0)
        assert_int_equal(ei_skip_term(bytes, at), 0);
}

static void same_text(const char *bytes, int *at, int size, const json_t *json)
{
    char *text = calloc(1, (size_t)size + 1);
    long len;
    assert_int_equal(ei_decode_binary(bytes, at, text, &len), 0);
    assert_string_equal(text, json_string_value(json));
    free(text);
}

static void same_atom(const char *bytes, int *at, const json_t *json)
{
    char text[MAXATOMLEN_UTF8];
    assert_int_equal(ei_decode_atom(bytes, at, text), 0);
    if (strcmp(text, "nil") == 0)
        assert_true(json_is_null(json));
    else
        assert_string_equal(text, json_string_value(json));
}

static void same_number(const char *bytes, int *at, const json_t *json)
{
    long whole;
    double real;
    if (ei_decode_long(bytes, at, &whole) == 0)
        real = (double)whole;
    else
        assert_int_equal(ei_decode_double(bytes, at, &real), 0);
    assert_true(json_is_number(json));
    assert_true(fabs(real - json_number_value(json)) < 1e-5);
}

static void same(const char *bytes, int *at, const json_t *json)
{
    int type, size;
    assert_int_equal(ei_get_type(bytes, at, &type, &size), 0);
    switch (type) {
    case ERL_MAP_EXT:
        same_map(bytes, at, json);
        break;
    case ERL_LIST_EXT:
    case ERL_NIL_EXT:
        same_list(bytes, at, json);
        break;
    case ERL_BINARY_EXT:
        same_text(bytes, at, size, json);
        break;
    case ERL_ATOM_EXT: /* ei's name for all of them */
        same_atom(bytes, at, json);
        break;
    default:
        same_number(bytes, at, json);
    }
}

/* Moves over {12, ok, #{text => T, grew => G, report => to the report. */
static void to_report(const char *bytes, int *at, int grew)
{
    int version, arity, pairs, value;
    long ref, len;
    char atom[MAXATOMLEN], text[8];
    assert_int_equal(ei_decode_version(bytes, at, &version), 0);
    assert_int_equal(ei_decode_tuple_header(bytes, at, &arity), 0);
    assert_int_equal(ei_decode_long(bytes, at, &ref), 0);
    assert_int_equal(ref, 12);
    assert_int_equal(ei_decode_atom(bytes, at, atom), 0);
    assert_string_equal(atom, "ok");
    assert_int_equal(ei_decode_map_header(bytes, at, &pairs), 0);
    assert_int_equal(pairs, 3);
    assert_int_equal(ei_decode_atom(bytes, at, atom), 0);
    assert_string_equal(atom, "text");
    assert_int_equal(ei_decode_binary(bytes, at, text, &len), 0);
    assert_int_equal(len, 3);
    assert_int_equal(ei_decode_atom(bytes, at, atom), 0);
    assert_string_equal(atom, "grew");
    assert_int_equal(ei_decode_boolean(bytes, at, &value), 0);
    assert_int_equal(value, grew);
    assert_int_equal(ei_decode_atom(bytes, at, atom), 0);
    assert_string_equal(atom, "report");
}

static struct diff *diff_of(struct profile *base, struct profile *now)
{
    struct diff *d;
    const struct profile *const before[] = {base}, *const later[] = {now};
    assert_int_equal(
        diff_create(before, 1, later, 1, &(struct diff_options){0}, &d), 0);
    profile_destroy(base);
    profile_destroy(now);
    return d;
}

static void check(struct diff *d, bool grew)
{
    struct buffer packet, json, sentence;
    buffer_init(&packet, PORT_MAX_PACKET);
    buffer_init(&json, BUFFER_DEFAULT_MAX);
    buffer_init(&sentence, BUFFER_DEFAULT_MAX);
    diff_sentence_add(&sentence, d, diff_culprit(d));
    buffer_add(&sentence, "", 1);
    const struct port_diff rendered = {"\0ab", 3, (char *)sentence.data, grew};
    assert_int_equal(port_reply_diff(&packet, 12, d, &rendered), 0);
    assert_int_equal(
        format_json.write_diff(d, &(struct format_options){0}, &json), 0);
    json_t *expected = json_loadb((char *)json.data, json.len, 0, NULL);
    assert_non_null(expected);
    const char *bytes = (const char *)packet.data + 4;
    int at = 0;
    to_report(bytes, &at, grew);
    same(bytes, &at, expected);
    assert_int_equal((size_t)at + 4, packet.len);
    json_decref(expected);
    buffer_deinit(&packet);
    buffer_deinit(&json);
    buffer_deinit(&sentence);
    diff_destroy(d);
}

static void a_term_says_what_the_json_says(void **state)
{
    (void)state;
    check(diff_of(recording(100, 0, 99), recording(600, 300, 999)), true);
}

static void also_when_nothing_changed(void **state)
{
    (void)state;
    check(diff_of(recording(500, 9, 99), recording(500, 9, 99)), false);
}

/* --- the command ---------------------------------------------------------- */

static struct port_request request; /* 32 KiB: not for a stack */

static void add_recording(ei_x_buff *x, struct profile *p)
{
    struct buffer bytes;
    buffer_init(&bytes, BUFFER_DEFAULT_MAX);
    assert_int_equal(format_pprof.write(p, &(struct format_options){0}, &bytes),
                     0);
    ei_x_encode_binary(x, bytes.data, (int)bytes.len);
    buffer_deinit(&bytes);
    profile_destroy(p);
}

/* Two recordings before, one now; `more` pairs follow. */
static ei_x_buff diff_request(int more)
{
    ei_x_buff x;
    ei_x_new_with_version(&x);
    ei_x_encode_tuple_header(&x, 3);
    ei_x_encode_long(&x, 12);
    ei_x_encode_atom(&x, "diff");
    ei_x_encode_map_header(&x, 2 + more);
    ei_x_encode_atom(&x, "base");
    ei_x_encode_list_header(&x, 2);
    add_recording(&x, recording(100, 0, 99));
    add_recording(&x, recording(110, 0, 99));
    ei_x_encode_empty_list(&x);
    ei_x_encode_atom(&x, "new");
    ei_x_encode_list_header(&x, 1);
    add_recording(&x, recording(900, 0, 99));
    ei_x_encode_empty_list(&x);
    return x;
}

static void pair(ei_x_buff *x, const char *key, const char *value)
{
    ei_x_encode_atom(x, key);
    ei_x_encode_binary(x, value, (int)strlen(value));
}

static int compare(const ei_x_buff *x, struct buffer *out)
{
    buffer_init(out, PORT_MAX_PACKET);
    assert_int_equal(port_decode(x->buff, (size_t)x->index, &request), 0);
    return port_compare(&request, out);
}

static bool reply_has(const struct buffer *reply, const char *text)
{
    return memmem(reply->data, reply->len, text, strlen(text)) != NULL;
}

static void compares_what_it_is_sent(void **state)
{
    (void)state;
    ei_x_buff x = diff_request(2);
    pair(&x, "format", "text");
    ei_x_encode_atom(&x, "fail_above");
    ei_x_encode_long(&x, 10);
    struct buffer reply;
    assert_int_equal(compare(&x, &reply), 0);
    assert_true(reply_has(&reply, "lists:seq/2 grew by"));
    assert_true(reply_has(&reply, "grew") && reply_has(&reply, "true"));
    buffer_deinit(&reply);
    ei_x_free(&x);
    x = diff_request(1);
    pair(&x, "focus", "^memcpy$");
    assert_int_equal(compare(&x, &reply), 0);
    assert_false(reply_has(&reply, "lists:seq/2"));
    assert_true(reply_has(&reply, "memcpy"));
    buffer_deinit(&reply);
    ei_x_free(&x);
}

static int refused(const char *key, const char *value)
{
    ei_x_buff x = diff_request(1);
    pair(&x, key, value);
    struct buffer reply;
    int err = compare(&x, &reply);
    assert_int_equal(reply.len, 0);
    buffer_deinit(&reply);
    ei_x_free(&x);
    return err;
}

static void what_is_wrong_is_said_by_a_code(void **state)
{
    (void)state;
    assert_int_equal(refused("format", "svg"), -E_UNKNOWN_FORMAT);
    assert_int_equal(refused("focus", "("), -E_PATTERN);
    assert_int_equal(refused("focus", "nobody"), -E_EMPTY);
    ei_x_buff x = diff_request(0);
    struct buffer reply;
    buffer_init(&reply, PORT_MAX_PACKET);
    assert_int_equal(port_decode(x.buff, (size_t)x.index, &request), 0);
    struct port_recordings base = request.base;
    request.base = (struct port_recordings){0};
    assert_int_equal(port_compare(&request, &reply), -E_USAGE);
    request.base = base;
    const uint8_t *bytes;
    size_t len;
    assert_true(port_next_recording(&base, &bytes, &len));
    memset((uint8_t *)(uintptr_t)bytes + 4, 0xff, len - 4);
    assert_true(port_compare(&request, &reply) < 0);
    assert_int_equal(reply.len, 0);
    buffer_deinit(&reply);
    ei_x_free(&x);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_term_says_what_the_json_says),
        cmocka_unit_test(also_when_nothing_changed),
        cmocka_unit_test(compares_what_it_is_sent),
        cmocka_unit_test(what_is_wrong_is_said_by_a_code),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
