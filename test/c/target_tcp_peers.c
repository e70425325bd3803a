/* The kernel's tables of TCP sockets. */
#include "test.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "target/tcp_peers.h"

static struct tcp_entry parsed(const char *line)
{
    struct tcp_entry e;
    assert_int_equal(tcp_entry_parse(line, &e), 0);
    return e;
}

static void lines(void **state)
{
    (void)state;
    static const uint8_t local[] = {127, 0, 0, 1}, v6[16] = {[15] = 1};
    struct tcp_entry e = parsed(
        "   0: 00000000:1F90 00000000:0000 0A 00000000:00000000 00:00000000 "
        "00000000     0        0 12345 1 0000000000000000 100 0 0 10 0\n");
    assert_true(e.listens && !e.has_peer && !e.v6);
    assert_int_equal(e.local_port, 8080);
    assert_true(e.inode == 12345);
    e = parsed(
        "  12: 0100007F:C350 0100007F:1538 01 00000000:00000000 02:000A7214 "
        "00000000  1000        0 18446744073709551615 2 0000000000000000 20 "
        "4\n");
    assert_true(e.has_peer && !e.listens);
    assert_int_equal(e.peer_port, 5432);
    assert_memory_equal(e.peer, local, sizeof(local));
    assert_true(e.inode == UINT64_MAX);
    e = parsed("   1: 00000000000000000000000001000000:C351 "
               "00000000000000000000000001000000:1538 01 00000000:00000000 "
               "00:00000000 "
               "00000000     0        0 7 1 0000000000000000 20 4 30 10 -1\n");
    assert_true(e.v6 && e.has_peer);
    assert_memory_equal(e.peer, v6, sizeof(v6));
}

static void no_lines(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "",
        "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when "
        "retrnsmt   uid  timeout inode\n",
        "   0: 0100007F:1F90 0000007F:0000 01 00000000:00000000 00:00000000 "
        "00000000     0        0\n",
        "   0: 01:1F90 01:0001 01 00000000:00000000 00:00000000 00000000 0 0 "
        "12345 1\n",
    };
    struct tcp_entry e;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        assert_int_equal(tcp_entry_parse(texts[i], &e), -E_FORMAT);
}

struct pair {
    int listener, connected, accepted;
    char connected_to[TCP_PEER_TEXT], accepted_from[TCP_PEER_TEXT];
};

static unsigned port_of(int fd)
{
    struct sockaddr_in a;
    socklen_t len = sizeof(a);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&a, &len), 0);
    return ntohs(a.sin_port);
}

static struct pair connect_pair(void)
{
    struct sockaddr_in a = {.sin_family = AF_INET,
                            .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t len = sizeof(a);
    struct pair p = {.listener = socket(AF_INET, SOCK_STREAM, 0),
                     .connected = socket(AF_INET, SOCK_STREAM, 0)};
    assert_int_equal(bind(p.listener, (struct sockaddr *)&a, len), 0);
    assert_int_equal(listen(p.listener, 1), 0);
    a.sin_port = htons((uint16_t)port_of(p.listener));
    assert_int_equal(connect(p.connected, (struct sockaddr *)&a, len), 0);
    p.accepted = accept(p.listener, NULL, NULL);
    assert_true(p.accepted >= 0);
    snprintf(p.connected_to, TCP_PEER_TEXT, "127.0.0.1:%u",
             port_of(p.listener));
    snprintf(p.accepted_from, TCP_PEER_TEXT, "127.0.0.1:%u",
             port_of(p.connected));
    return p;
}

static void our_own_sockets(void **state)
{
    (void)state;
    const struct process self = {.pid = getpid()};
    struct tcp_peers *t;
    struct tcp_peer peer;
    struct pair p = connect_pair();
    assert_int_equal(tcp_peers_open(&self, &t), 0);
    assert_int_equal(tcp_peers_find(t, p.connected, &peer), 0);
    assert_false(peer.accepted);
    assert_string_equal(peer.text, p.connected_to);
    assert_int_equal(tcp_peers_find(t, p.accepted, &peer), 0);
    assert_true(peer.accepted);
    assert_string_equal(peer.text, p.accepted_from);
    assert_int_equal(tcp_peers_find(t, p.listener, &peer), -E_NOT_FOUND);
    assert_int_equal(tcp_peers_find(t, STDIN_FILENO, &peer), -E_NOT_FOUND);
    assert_int_equal(tcp_peers_find(t, 1 << 20, &peer), -E_NOT_FOUND);
    tcp_peers_close(t);
    close(p.listener);
    close(p.connected);
    close(p.accepted);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines),
        cmocka_unit_test(no_lines),
        cmocka_unit_test(our_own_sockets),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
