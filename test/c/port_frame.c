/* Packets through real pipes, and the small replies read back with ei. */
#include "test.h"

#include <ei.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include "port/port.h"

static int from_pipe(const void *bytes, size_t len, struct buffer *packet)
{
    int fds[2];
    assert_int_equal(pipe(fds), 0);
    assert_int_equal(write(fds[1], bytes, len), len);
    close(fds[1]);
    int rc = port_read_packet(fds[0], packet);
    close(fds[0]);
    return rc;
}

static void reads_a_packet_or_says_why_not(void **state)
{
    (void)state;
    struct buffer packet;
    buffer_init(&packet, PORT_MAX_PACKET);
    assert_int_equal(from_pipe("\0\0\0\3abc", 7, &packet), 1);
    assert_int_equal(packet.len, 3);
    assert_memory_equal(packet.data, "abc", 3);
    assert_int_equal(from_pipe("\0\0\0\0", 4, &packet), 1);
    assert_int_equal(packet.len, 0);
    assert_int_equal(from_pipe("", 0, &packet), 0);
    assert_int_equal(from_pipe("\0\0", 2, &packet), -E_PROTOCOL);
    assert_int_equal(from_pipe("\0\0\0\4abc", 7, &packet), -E_PROTOCOL);
    assert_int_equal(from_pipe("\xff\xff\xff\xff", 4, &packet), -E_PROTOCOL);
    assert_int_equal(port_read_packet(-1, &packet), -EBADF);
    buffer_deinit(&packet);
}

static void a_length_alone_takes_no_memory(void **state)
{
    (void)state;
    struct buffer packet;
    buffer_init(&packet, PORT_MAX_PACKET);
    assert_int_equal(from_pipe("\x3f\xff\xff\xffx", 5, &packet), -E_PROTOCOL);
    assert_true(packet.cap <= 4u << 20);
    buffer_deinit(&packet);
}

struct sent {
    int fd;
    const struct buffer *bytes;
    int rc;
};

static void *send_all(void *arg)
{
    struct sent *s = arg;
    s->rc = port_write_all(s->fd, s->bytes->data, s->bytes->len);
    close(s->fd);
    return NULL;
}

static void a_packet_larger_than_a_pipe_arrives_whole(void **state)
{
    (void)state;
    enum { LEN = 3 << 20 };
    uint8_t *bytes = malloc(LEN);
    for (size_t i = 0; i < LEN; i++)
        bytes[i] = (uint8_t)(i * 31 >> 3);
    struct buffer out, packet;
    buffer_init(&out, PORT_MAX_PACKET);
    buffer_init(&packet, PORT_MAX_PACKET);
    assert_int_equal(port_reply_binary(&out, 5, bytes, LEN), 0);
    int fds[2];
    assert_int_equal(pipe(fds), 0);
    struct sent sent = {fds[1], &out, -1};
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, send_all, &sent), 0);
    assert_int_equal(port_read_packet(fds[0], &packet), 1);
    pthread_join(thread, NULL);
    assert_int_equal(sent.rc, 0);
    assert_int_equal(packet.len + 4, out.len);
    assert_memory_equal(packet.data + packet.len - LEN, bytes, LEN);
    close(fds[0]);
    buffer_deinit(&packet);
    buffer_deinit(&out);
    free(bytes);
}

static void a_closed_pipe_is_an_error_not_a_signal(void **state)
{
    (void)state;
    signal(SIGPIPE, SIG_IGN);
    int fds[2];
    assert_int_equal(pipe(fds), 0);
    close(fds[0]);
    assert_int_equal(port_write_all(fds[1], "x", 1), -EPIPE);
    close(fds[1]);
}

/* Reads {Ref, Tag, ...: leaves the index at the third element. */
static int open_reply(const struct buffer *out, long *ref, char *tag)
{
    const char *bytes = (const char *)out->data;
    size_t len = (size_t)out->data[0] << 24 | (size_t)out->data[1] << 16 |
                 (size_t)out->data[2] << 8 | out->data[3];
    assert_int_equal(len + 4, out->len);
    int at = 4, version, arity;
    assert_int_equal(ei_decode_version(bytes, &at, &version), 0);
    assert_int_equal(ei_decode_tuple_header(bytes, &at, &arity), 0);
    assert_int_equal(arity, 3);
    assert_int_equal(ei_decode_long(bytes, &at, ref), 0);
    assert_int_equal(ei_decode_atom(bytes, &at, tag), 0);
    return at;
}

static void answers_hello_with_both_versions(void **state)
{
    (void)state;
    struct buffer out;
    buffer_init(&out, PORT_MAX_PACKET);
    assert_int_equal(port_reply_hello(&out, 3, "1.2.3"), 0);
    long ref, version = 0, len = 0;
    char tag[MAXATOMLEN], key[MAXATOMLEN], program[16] = "";
    int at = open_reply(&out, &ref, tag), pairs;
    const char *bytes = (const char *)out.data;
    assert_int_equal(ref, 3);
    assert_string_equal(tag, "ok");
    assert_int_equal(ei_decode_map_header(bytes, &at, &pairs), 0);
    assert_int_equal(pairs, 2);
    assert_int_equal(ei_decode_atom(bytes, &at, key), 0);
    assert_string_equal(key, "version");
    assert_int_equal(ei_decode_long(bytes, &at, &version), 0);
    assert_int_equal(version, PORT_VERSION);
    assert_int_equal(ei_decode_atom(bytes, &at, key), 0);
    assert_string_equal(key, "program");
    assert_int_equal(ei_decode_binary(bytes, &at, program, &len), 0);
    assert_string_equal(program, "1.2.3");
    assert_int_equal(at, out.len);
    buffer_deinit(&out);
}

static void error_is(int code, const char *name, const char *text)
{
    struct buffer out;
    buffer_init(&out, PORT_MAX_PACKET);
    assert_int_equal(port_reply_error(&out, 9, code), 0);
    long ref, len = 0;
    char tag[MAXATOMLEN], got[MAXATOMLEN], said[512] = "";
    int at = open_reply(&out, &ref, tag), arity;
    const char *bytes = (const char *)out.data;
    assert_string_equal(tag, "error");
    assert_int_equal(ei_decode_tuple_header(bytes, &at, &arity), 0);
    assert_int_equal(arity, 2);
    assert_int_equal(ei_decode_atom(bytes, &at, got), 0);
    assert_string_equal(got, name);
    assert_int_equal(ei_decode_binary(bytes, &at, said, &len), 0);
    assert_string_equal(said, text);
    buffer_deinit(&out);
}

static void names_errors_of_ours_and_of_the_system(void **state)
{
    (void)state;
    error_is(-E_NO_PROCESS, "no_process", err_text(-E_NO_PROCESS));
    error_is(-E_PROTOCOL, "protocol", err_text(-E_PROTOCOL));
    error_is(-ENOENT, "enoent", "No such file or directory");
    error_is(-4095, "unknown", "Unknown error 4095");
}

static void asks_about_processes(void **state)
{
    (void)state;
    const char *const pids[] = {"<0.1.0>", "<0.2.0>"};
    struct buffer out;
    buffer_init(&out, PORT_MAX_PACKET);
    assert_int_equal(port_event_processes(&out, pids, 2), 0);
    long ref, len = 0;
    char tag[MAXATOMLEN], kind[MAXATOMLEN], pid[16] = "";
    int at = open_reply(&out, &ref, tag), arity, count;
    const char *bytes = (const char *)out.data;
    assert_int_equal(ref, 0);
    assert_string_equal(tag, "event");
    assert_int_equal(ei_decode_tuple_header(bytes, &at, &arity), 0);
    assert_int_equal(arity, 2);
    assert_int_equal(ei_decode_atom(bytes, &at, kind), 0);
    assert_string_equal(kind, "processes");
    assert_int_equal(ei_decode_list_header(bytes, &at, &count), 0);
    assert_int_equal(count, 2);
    for (int i = 0; i < count; i++) {
        assert_int_equal(ei_decode_binary(bytes, &at, pid, &len), 0);
        assert_string_equal(pid, pids[i]);
    }
    assert_int_equal(ei_skip_term(bytes, &at), 0);
    assert_int_equal(at, out.len);
    buffer_deinit(&out);
}

/* A reply is appended: what is queued already stays. */
static void replies_follow_each_other(void **state)
{
    (void)state;
    struct buffer out;
    buffer_init(&out, PORT_MAX_PACKET);
    assert_int_equal(port_reply_atom(&out, 1, "started"), 0);
    size_t first = out.len;
    assert_int_equal(port_reply_atom(&out, 2, "started"), 0);
    assert_int_equal(out.len, 2 * first);
    buffer_deinit(&out);
    buffer_init(&out, 10); /* too small for any */
    assert_int_equal(port_reply_atom(&out, 1, "started"), -E_LIMIT);
    buffer_deinit(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_a_packet_or_says_why_not),
        cmocka_unit_test(a_length_alone_takes_no_memory),
        cmocka_unit_test(a_packet_larger_than_a_pipe_arrives_whole),
        cmocka_unit_test(a_closed_pipe_is_an_error_not_a_signal),
        cmocka_unit_test(answers_hello_with_both_versions),
        cmocka_unit_test(names_errors_of_ours_and_of_the_system),
        cmocka_unit_test(asks_about_processes),
        cmocka_unit_test(replies_follow_each_other),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
