/* Requests as ei writes them on the other side, also truncated and damaged. */
#include "test.h"

#include <ei.h>
#include <math.h>

#include "port/port.h"
#include "port/port_term.h"

static struct port_request request; /* 32 KiB: not for a stack */

/* {Ref, Command, #{...}} up to the map's pairs, which the test writes. */
static ei_x_buff begin(long ref, const char *command, int pairs)
{
    ei_x_buff x;
    ei_x_new_with_version(&x);
    ei_x_encode_tuple_header(&x, 3);
    ei_x_encode_long(&x, ref);
    ei_x_encode_atom(&x, command);
    ei_x_encode_map_header(&x, pairs);
    return x;
}

static void pair_long(ei_x_buff *x, const char *key, long value)
{
    ei_x_encode_atom(x, key);
    ei_x_encode_long(x, value);
}

static void pair_text(ei_x_buff *x, const char *key, const char *value)
{
    ei_x_encode_atom(x, key);
    ei_x_encode_binary(x, value, (int)strlen(value));
}

static int decode(const ei_x_buff *x)
{
    return port_decode(x->buff, (size_t)x->index, &request);
}

static ei_x_buff start_request(void)
{
    ei_x_buff x = begin(7, "start", 10);
    pair_long(&x, "pid", 4194304);
    pair_long(&x, "rate", 999);
    pair_text(&x, "event", "wall");
    pair_text(&x, "engine", "perf");
    ei_x_encode_atom(&x, "own");
    ei_x_encode_list_header(&x, 1);
    ei_x_encode_binary(&x, "<0.9.0>", 7);
    ei_x_encode_empty_list(&x);
    pair_long(&x, "duration_ms", 5000000000);
    ei_x_encode_atom(&x, "kernel");
    ei_x_encode_boolean(&x, 1);
    ei_x_encode_atom(&x, "force");
    ei_x_encode_boolean(&x, 1);
    ei_x_encode_atom(&x, "describe");
    ei_x_encode_boolean(&x, 1);
    ei_x_encode_atom(&x, "no_command");
    ei_x_encode_boolean(&x, 1);
    return x;
}

static ei_x_buff render_request(const char *recording, size_t len)
{
    ei_x_buff x = begin(1 << 20, "render", 6);
    ei_x_encode_atom(&x, "recording");
    ei_x_encode_binary(&x, recording, (int)len);
    ei_x_encode_atom(&x, "format");
    ei_x_encode_atom(&x, "html");
    pair_long(&x, "top", 10);
    ei_x_encode_atom(&x, "process");
    ei_x_encode_list_header(&x, 2);
    ei_x_encode_binary(&x, "<0.1.0>", 7);
    ei_x_encode_binary(&x, "logger", 6);
    ei_x_encode_empty_list(&x);
    pair_text(&x, "focus", "^lists:");
    pair_text(&x, "ignore", "");
    return x;
}

/* Rows of `arity` texts: "0.0", "0.1", ... */
static ei_x_buff describe_request(int rows, int arity)
{
    ei_x_buff x = begin(9, "describe", 1);
    ei_x_encode_atom(&x, "described");
    if (rows > 0)
        ei_x_encode_list_header(&x, rows);
    for (int i = 0; i < rows; i++) {
        ei_x_encode_tuple_header(&x, arity);
        for (int j = 0; j < arity; j++) {
            char text[16];
            int len = snprintf(text, sizeof(text), "%d.%d", i, j);
            ei_x_encode_binary(&x, text, len);
        }
    }
    ei_x_encode_empty_list(&x);
    return x;
}

/* count recordings a side: "b0", "b1", ... and "n0", "n1", ... */
static ei_x_buff diff_request(int count)
{
    ei_x_buff x = begin(11, "diff", 5);
    for (int side = 0; side < 2; side++) {
        ei_x_encode_atom(&x, side ? "new" : "base");
        if (count > 0)
            ei_x_encode_list_header(&x, count);
        for (int i = 0; i < count; i++) {
            char text[16];
            int len = snprintf(text, sizeof(text), "%c%d", "bn"[side], i);
            ei_x_encode_binary(&x, text, len);
        }
        ei_x_encode_empty_list(&x);
    }
    pair_text(&x, "format", "html");
    pair_long(&x, "min_effect", 5);
    ei_x_encode_atom(&x, "fail_above");
    ei_x_encode_double(&x, 12.5);
    return x;
}

static void reads_a_diff_with_many_recordings(void **state)
{
    (void)state;
    ei_x_buff x = diff_request(3);
    assert_int_equal(decode(&x), 0);
    assert_int_equal(request.command, PORT_DIFF);
    assert_string_equal(request.format, "html");
    assert_true(request.min_effect == 5.0);
    assert_true(request.fail_above == 12.5);
    struct port_recordings sides[] = {request.base, request.now};
    const uint8_t *bytes;
    size_t len;
    for (int side = 0; side < 2; side++) {
        for (int i = 0; i < 3; i++) {
            assert_true(port_next_recording(&sides[side], &bytes, &len));
            assert_int_equal(len, 2);
            assert_int_equal(bytes[0], "bn"[side]);
            assert_int_equal(bytes[1], '0' + i);
        }
        assert_false(port_next_recording(&sides[side], &bytes, &len));
    }
    ei_x_free(&x);
    x = diff_request(0);
    assert_int_equal(decode(&x), 0);
    assert_false(port_next_recording(&request.base, &bytes, &len));
    ei_x_free(&x);
}

static int decode_percent(double percent)
{
    ei_x_buff x = begin(1, "diff", 1);
    ei_x_encode_atom(&x, "fail_above");
    ei_x_encode_double(&x, percent);
    int rc = decode(&x);
    ei_x_free(&x);
    return rc;
}

static void percents_are_numbers_from_0_on(void **state)
{
    (void)state;
    assert_int_equal(decode_percent(0), 0);
    assert_int_equal(decode_percent(1e300), 0);
    assert_int_equal(decode_percent(-0.001), -E_PROTOCOL);
    assert_int_equal(decode_percent(INFINITY), -E_PROTOCOL);
    assert_int_equal(decode_percent(NAN), -E_PROTOCOL);
    ei_x_buff x = begin(1, "diff", 1);
    pair_text(&x, "fail_above", "10");
    assert_int_equal(decode(&x), -E_PROTOCOL);
    ei_x_free(&x);
}

static void reads_descriptions_one_after_another(void **state)
{
    (void)state;
    ei_x_buff x = describe_request(2, 5);
    struct port_description one;
    assert_int_equal(decode(&x), 0);
    assert_int_equal(request.command, PORT_DESCRIBE);
    struct port_descriptions d = request.described;
    assert_true(port_next_description(&d, &one));
    assert_string_equal(one.pid, "0.0");
    assert_string_equal(one.initial_call, "0.1");
    assert_string_equal(one.label, "0.2");
    assert_string_equal(one.application, "0.3");
    assert_string_equal(one.parent, "0.4");
    assert_true(port_next_description(&d, &one));
    assert_string_equal(one.pid, "1.0");
    assert_string_equal(one.parent, "1.4");
    assert_false(port_next_description(&d, &one));
    assert_false(port_next_description(&d, &one));
    ei_x_free(&x);
    x = describe_request(0, 5);
    assert_int_equal(decode(&x), 0);
    assert_false(port_next_description(&request.described, &one));
    ei_x_free(&x);
}

static void a_description_has_five_texts(void **state)
{
    (void)state;
    for (int arity = 0; arity < 9; arity++) {
        ei_x_buff x = describe_request(2, arity);
        assert_int_equal(decode(&x), arity == 5 ? 0 : -E_PROTOCOL);
        ei_x_free(&x);
    }
}

static void reads_a_start(void **state)
{
    (void)state;
    ei_x_buff x = start_request();
    assert_int_equal(decode(&x), 0);
    assert_int_equal(request.ref, 7);
    assert_int_equal(request.command, PORT_START);
    assert_int_equal(request.pid, 4194304);
    assert_int_equal(request.rate, 999);
    assert_int_equal(request.duration_ms, 5000000000);
    assert_true(request.kernel);
    assert_true(request.force);
    assert_true(request.describe);
    assert_true(request.no_command);
    assert_string_equal(request.event, "wall");
    assert_string_equal(request.engine, "perf");
    assert_int_equal(request.own.count, 1);
    assert_string_equal(request.own.list[0], "<0.9.0>");
    assert_string_equal(request.format, "");
    assert_int_equal(request.processes.count, 0);
    ei_x_free(&x);
}

/* Requests within a request, for when the node has ended. */
static void reads_what_a_start_wants_written_at_the_end(void **state)
{
    (void)state;
    ei_x_buff x = begin(7, "start", 1);
    ei_x_encode_atom(&x, "at_end");
    ei_x_encode_list_header(&x, 1);
    ei_x_buff within = begin(0, "write", 2);
    pair_text(&within, "path", "a.html");
    pair_text(&within, "format", "html");
    ei_x_encode_binary(&x, within.buff, within.index);
    ei_x_encode_empty_list(&x);
    ei_x_free(&within);
    const uint8_t *packet;
    size_t len;
    assert_int_equal(decode(&x), 0);
    struct port_recordings at_end = request.at_end;
    assert_true(port_next_recording(&at_end, &packet, &len));
    assert_int_equal(port_decode(packet, len, &request), 0);
    assert_int_equal(request.command, PORT_WRITE);
    assert_string_equal(request.format, "html");
    assert_memory_equal(request.path.data, "a.html", 6);
    assert_false(port_next_recording(&at_end, &packet, &len));
    ei_x_free(&x);
}

static void reads_a_render_without_copying_the_recording(void **state)
{
    (void)state;
    ei_x_buff x = render_request("\0\x1f\x8b bytes", 9);
    assert_int_equal(decode(&x), 0);
    assert_int_equal(request.command, PORT_RENDER);
    assert_string_equal(request.format, "html");
    assert_int_equal(request.top, 10);
    assert_int_equal(request.processes.count, 2);
    assert_string_equal(request.processes.list[0], "<0.1.0>");
    assert_string_equal(request.processes.list[1], "logger");
    assert_string_equal(request.focus, "^lists:");
    assert_int_equal(request.recording.len, 9);
    assert_memory_equal(request.recording.data, "\0\x1f\x8b bytes", 9);
    assert_true(request.recording.data > (const uint8_t *)x.buff);
    assert_true(request.recording.data < (const uint8_t *)x.buff + x.index);
    ei_x_free(&x);
}

static ei_x_buff write_request(const char *path, size_t len)
{
    ei_x_buff x = begin(4, "write", 3);
    pair_text(&x, "recording", "abc");
    ei_x_encode_atom(&x, "path");
    ei_x_encode_binary(&x, path, (int)len);
    ei_x_encode_atom(&x, "exclusive");
    ei_x_encode_boolean(&x, 1);
    return x;
}

/* A name is bytes of any length; what is wrong with it, the system says. */
static void reads_a_write_and_its_path(void **state)
{
    (void)state;
    char path[5000] = "/tmp/\xff\0.html";
    ei_x_buff x = write_request(path, sizeof(path));
    assert_int_equal(decode(&x), 0);
    assert_int_equal(request.command, PORT_WRITE);
    assert_true(request.exclusive);
    assert_string_equal(request.format, "");
    assert_int_equal(request.recording.len, 3);
    assert_int_equal(request.path.len, sizeof(path));
    assert_memory_equal(request.path.data, path, sizeof(path));
    ei_x_free(&x);
    x = begin(5, "check", 1);
    pair_text(&x, "path", "a.html");
    assert_int_equal(decode(&x), 0);
    assert_int_equal(request.command, PORT_CHECK);
    assert_false(request.exclusive);
    ei_x_free(&x);
}

static void reads_hello_stop_and_an_empty_process_list(void **state)
{
    (void)state;
    ei_x_buff x = begin(1, "hello", 1);
    pair_long(&x, "version", 1);
    assert_int_equal(decode(&x), 0);
    assert_int_equal(request.command, PORT_HELLO);
    assert_int_equal(request.version, 1);
    ei_x_free(&x);
    x = begin(2, "stop", 0);
    assert_int_equal(decode(&x), 0);
    assert_int_equal(request.command, PORT_STOP);
    assert_string_equal(request.run, "");
    ei_x_free(&x);
    x = begin(2, "stop", 1);
    pair_text(&x, "run", "run 1 of 3");
    assert_int_equal(decode(&x), 0);
    assert_string_equal(request.run, "run 1 of 3");
    ei_x_free(&x);
    x = begin(2, "read", 1);
    pair_text(&x, "recording", "abc");
    assert_int_equal(decode(&x), 0);
    assert_int_equal(request.command, PORT_READ);
    assert_int_equal(request.recording.len, 3);
    ei_x_free(&x);
    x = begin(3, "render", 1);
    ei_x_encode_atom(&x, "process");
    ei_x_encode_empty_list(&x);
    assert_int_equal(decode(&x), 0);
    assert_int_equal(request.processes.count, 0);
    ei_x_free(&x);
}

/* The copy has no byte to spare, so that the sanitizer sees an over-read. */
static int decode_copy(const char *bytes, size_t len)
{
    char *copy = malloc(len ? len : 1);
    memcpy(copy, bytes, len);
    int rc = port_decode(copy, len, &request);
    struct port_description one;
    while (rc == 0 && request.described.left > 0)
        assert_true(port_next_description(&request.described, &one));
    const uint8_t *bytes_of;
    size_t len_of;
    while (rc == 0 && request.base.left > 0)
        assert_true(port_next_recording(&request.base, &bytes_of, &len_of));
    free(copy);
    return rc;
}

static void a_cut_packet_is_refused_at_every_length(void **state)
{
    (void)state;
    ei_x_buff x[] = {start_request(), render_request("abc", 3),
                     describe_request(3, 5), diff_request(2)};
    for (size_t i = 0; i < sizeof(x) / sizeof(x[0]); i++) {
        for (int len = 0; len < x[i].index; len++)
            assert_int_equal(decode_copy(x[i].buff, (size_t)len), -E_PROTOCOL);
        assert_int_equal(decode_copy(x[i].buff, (size_t)x[i].index), 0);
        ei_x_append_buf(&x[i], "j", 1); /* one term too many */
        assert_int_equal(decode(&x[i]), -E_PROTOCOL);
        ei_x_free(&x[i]);
    }
}

static void change_every_byte(ei_x_buff x)
{
    for (int i = 0; i < x.index; i++) {
        char was = x.buff[i];
        for (int value = 0; value < 256; value++) {
            x.buff[i] = (char)value;
            int rc = decode_copy(x.buff, (size_t)x.index);
            assert_true(rc == 0 || rc == -E_PROTOCOL);
        }
        x.buff[i] = was;
    }
    ei_x_free(&x);
}

static void every_changed_byte_is_survived(void **state)
{
    (void)state;
    change_every_byte(render_request("abc", 3));
    change_every_byte(write_request("a.html", 6));
    change_every_byte(describe_request(2, 5));
    change_every_byte(diff_request(2));
}

static void the_reference_of_a_wrong_request_is_kept(void **state)
{
    (void)state;
    ei_x_buff x = begin(77, "reboot", 0);
    assert_int_equal(decode(&x), -E_PROTOCOL);
    assert_int_equal(request.ref, 77);
    ei_x_free(&x);
    x = begin(78, "start", 1);
    pair_long(&x, "speed", 1);
    assert_int_equal(decode(&x), -E_PROTOCOL);
    assert_int_equal(request.ref, 78);
    ei_x_free(&x);
    x = begin(79, "start", 1);
    pair_text(&x, "pid", "12");
    assert_int_equal(decode(&x), -E_PROTOCOL);
    assert_int_equal(request.ref, 79);
    ei_x_free(&x);
    assert_int_equal(port_decode("\x83j", 2, &request), -E_PROTOCOL);
    assert_int_equal(request.ref, 0);
}

static int decode_text(size_t len, char fill)
{
    char *text = malloc(len);
    memset(text, fill, len);
    ei_x_buff x = begin(1, "start", 1);
    ei_x_encode_atom(&x, "engine");
    ei_x_encode_binary(&x, text, (int)len);
    int rc = decode(&x);
    ei_x_free(&x);
    free(text);
    return rc;
}

static void texts_are_bounded(void **state)
{
    (void)state;
    assert_int_equal(decode_text(PORT_TEXT - 1, 'e'), 0);
    assert_int_equal(strlen(request.engine), PORT_TEXT - 1);
    assert_int_equal(decode_text(PORT_TEXT, 'e'), -E_PROTOCOL);
    assert_int_equal(decode_text(3, '\0'), -E_PROTOCOL);
}

static int decode_processes(int count)
{
    ei_x_buff x = begin(1, "render", 1);
    ei_x_encode_atom(&x, "process");
    ei_x_encode_list_header(&x, count);
    for (int i = 0; i < count; i++)
        ei_x_encode_binary(&x, "p", 1);
    ei_x_encode_empty_list(&x);
    int rc = decode(&x);
    ei_x_free(&x);
    return rc;
}

static void processes_are_bounded(void **state)
{
    (void)state;
    assert_int_equal(decode_processes(PORT_MAX_TEXTS), 0);
    assert_int_equal(decode_processes(PORT_MAX_TEXTS + 1), -E_PROTOCOL);
}

#define CHECK(bytes) port_term_check(bytes, sizeof(bytes) - 1)

static void lying_counts_and_strange_terms_are_refused(void **state)
{
    (void)state;
    assert_int_equal(CHECK("\x83j"), 0);
    assert_int_equal(CHECK("\x83l\0\0\0\1jj"), 0);
    assert_int_equal(CHECK("\x83l\0\0\0\1ja\1"), -E_PROTOCOL); /* [[]|1] */
    assert_int_equal(CHECK("\x83l\xff\xff\xff\xffjj"), -E_PROTOCOL);
    assert_int_equal(CHECK("\x83t\xff\xff\xff\xffjj"), -E_PROTOCOL);
    assert_int_equal(CHECK("\x83i\x7f\xff\xff\xffj"), -E_PROTOCOL);
    assert_int_equal(CHECK("\x83m\xff\xff\xff\xffj"), -E_PROTOCOL);
    assert_int_equal(CHECK("\x83n\x9\0"
                           "123456789"),
                     -E_PROTOCOL);
    assert_int_equal(CHECK("\x83P\0\0\0\1x"), -E_PROTOCOL); /* compressed */
    assert_int_equal(CHECK("\x82j"), -E_PROTOCOL);
    assert_int_equal(CHECK(""), -E_PROTOCOL);
}

static void nesting_is_bounded(void **state)
{
    (void)state;
    char deep[1 + 2 * (PORT_TERM_MAX_DEPTH + 1) + 1] = {(char)131};
    for (int depth = 1; depth <= PORT_TERM_MAX_DEPTH + 1; depth++) {
        for (int i = 0; i < depth; i++)
            memcpy(deep + 1 + 2 * i, "h\1", 2);
        deep[1 + 2 * depth] = 'j';
        assert_int_equal(port_term_check(deep, 2 + 2 * (size_t)depth),
                         depth <= PORT_TERM_MAX_DEPTH ? 0 : -E_PROTOCOL);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_a_start),
        cmocka_unit_test(reads_a_diff_with_many_recordings),
        cmocka_unit_test(percents_are_numbers_from_0_on),
        cmocka_unit_test(reads_descriptions_one_after_another),
        cmocka_unit_test(a_description_has_five_texts),
        cmocka_unit_test(reads_what_a_start_wants_written_at_the_end),
        cmocka_unit_test(reads_a_render_without_copying_the_recording),
        cmocka_unit_test(reads_a_write_and_its_path),
        cmocka_unit_test(reads_hello_stop_and_an_empty_process_list),
        cmocka_unit_test(a_cut_packet_is_refused_at_every_length),
        cmocka_unit_test(every_changed_byte_is_survived),
        cmocka_unit_test(the_reference_of_a_wrong_request_is_kept),
        cmocka_unit_test(texts_are_bounded),
        cmocka_unit_test(processes_are_bounded),
        cmocka_unit_test(lying_counts_and_strange_terms_are_refused),
        cmocka_unit_test(nesting_is_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
