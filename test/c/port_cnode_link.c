/* Connections to what is no node, or one that refuses: each error is told from
 * the others, and none takes longer than the deadline. */
#include "test.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "port/cnode_link.h"

/* --- an epmd and a "node", at one port ------------------------------------ */

/* What the node sends after each of our messages, in turn; NULL: it closes the
 * connection. */
struct peer {
    int listening;
    uint16_t port;
    const char *says[4];
    size_t lengths[4];
    bool drips; /* a byte at a time, for ever */
    bool has_node;
    atomic_int connections;
    atomic_bool stop;
    pthread_t thread;
};

static void read_something(int fd)
{
    char bytes[512];
    (void)!recv(fd, bytes, sizeof(bytes), 0);
}

static void answer_as_epmd(struct peer *p, int fd)
{
    const uint8_t known[] = {119, 0, (uint8_t)(p->port >> 8), (uint8_t)p->port};
    const uint8_t unknown[] = {119, 1};
    (void)!send(fd, p->has_node ? known : unknown,
                p->has_node ? sizeof(known) : sizeof(unknown), MSG_NOSIGNAL);
}

static void drip(struct peer *p, int fd)
{
    while (!atomic_load(&p->stop) && send(fd, "x", 1, MSG_NOSIGNAL) == 1)
        usleep(20000);
}

static void answer_as_node(struct peer *p, int fd)
{
    for (size_t i = 0; i < 4; i++) {
        read_something(fd);
        if (p->drips)
            drip(p, fd);
        if (!p->says[i])
            return;
        (void)!send(fd, p->says[i], p->lengths[i], MSG_NOSIGNAL);
    }
}

/* A request to epmd has its tag behind the length. */
static void *serve(void *peer)
{
    struct peer *p = peer;
    for (int fd; (fd = accept(p->listening, NULL, NULL)) >= 0; close(fd)) {
        char head[3] = "";
        (void)!recv(fd, head, sizeof(head), MSG_PEEK | MSG_WAITALL);
        if (head[2] == 'z') {
            read_something(fd);
            answer_as_epmd(p, fd);
        } else {
            atomic_fetch_add(&p->connections, 1);
            answer_as_node(p, fd);
        }
    }
    return NULL;
}

static int listen_somewhere(uint16_t *port)
{
    struct sockaddr_in at = {.sin_family = AF_INET,
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof(at);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof(at)), 0);
    assert_int_equal(listen(fd, 8), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &len), 0);
    *port = ntohs(at.sin_port);
    return fd;
}

static void begin(struct peer *p)
{
    p->has_node = true;
    p->listening = listen_somewhere(&p->port);
    assert_int_equal(pthread_create(&p->thread, NULL, serve, p), 0);
}

static void end(struct peer *p)
{
    atomic_store(&p->stop, true);
    shutdown(p->listening, SHUT_RDWR);
    pthread_join(p->thread, NULL);
    close(p->listening);
}

static int open_link_at(const char *host, uint16_t epmd, unsigned ms)
{
    const struct cnode_peer to = {
        .alive = "shop", .host = host, .cookie = "secret", .epmd = epmd};
    const struct deadline until = deadline_in(ms, NULL);
    struct cnode_link *l;
    int err = cnode_link_open(&to, &until, &l);
    if (!err)
        cnode_link_close(l);
    return err;
}

static int open_link(uint16_t epmd, unsigned ms)
{
    return open_link_at("vm", epmd, ms);
}

/* --- what goes wrong ------------------------------------------------------ */

#define SAYS(text) text, .lengths[0] = sizeof(text) - 1

static int outcome(struct peer *p, unsigned ms)
{
    begin(p);
    int err = open_link(p->port, ms);
    end(p);
    return err;
}

static void nothing_listens(void **state)
{
    (void)state;
    uint16_t port;
    int fd = listen_somewhere(&port);
    close(fd);
    assert_int_equal(open_link(port, 5000), -E_EPMD);
}

static void epmd_does_not_know_the_node(void **state)
{
    (void)state;
    struct peer p = {.stop = false};
    begin(&p);
    p.has_node = false;
    assert_int_equal(open_link(p.port, 5000), -E_UNREGISTERED);
    end(&p);
}

static void the_node_speaks_tls(void **state)
{
    (void)state;
    struct peer p = {.says[0] = SAYS("\25\3\3\0\2\2\106")};
    assert_int_equal(outcome(&p, 5000), -E_TLS);
}

static void all_names_are_tried(void **state)
{
    (void)state;
    struct peer p = {.says[0] = SAYS("\0\6salive")};
    assert_int_equal(outcome(&p, 5000), -E_NAMES_TAKEN);
    assert_int_equal(atomic_load(&p.connections), CNODE_NAMES);
}

static void others_are_not_allowed(void **state)
{
    (void)state;
    struct peer p = {.says[0] = SAYS("\0\14snot_allowed")};
    assert_int_equal(outcome(&p, 5000), -E_REFUSED);
    assert_int_equal(atomic_load(&p.connections), 1);
}

static void the_node_closes_at_once(void **state)
{
    (void)state;
    struct peer p = {.says[0] = NULL};
    assert_int_equal(outcome(&p, 5000), -E_REFUSED);
}

static void the_host_leaves_no_room_for_our_name(void **state)
{
    (void)state;
    char host[250];
    struct peer p = {.says[0] = NULL};
    memset(host, 'h', sizeof(host) - 1);
    host[sizeof(host) - 1] = '\0';
    begin(&p);
    int err = open_link_at(host, p.port, 5000);
    end(&p);
    assert_int_equal(err, -E_LONG_NAME);
    assert_int_equal(atomic_load(&p.connections), 0);
}

/* The flags are all set; then a challenge, a creation and a name. */
static void the_node_closes_after_our_digest(void **state)
{
    (void)state;
    static const char hello[] = "\0\3sok\0\32N\377\377\377\377\377\377\377\377"
                                "\1\2\3\4\0\0\0\21\0\7shop@vm";
    struct peer p = {.says[0] = hello, .lengths[0] = sizeof(hello) - 1};
    assert_int_equal(outcome(&p, 5000), -E_COOKIE);
}

static void a_silent_node_and_a_slow_one_take_no_longer(void **state)
{
    (void)state;
    struct peer silent = {.says[0] = SAYS("\0\3")};
    struct peer slow = {.drips = true};
    uint64_t began_ns = clock_now_ns();
    assert_int_equal(outcome(&silent, 300), -E_SILENT);
    assert_int_equal(outcome(&slow, 300), -E_SILENT);
    assert_true(clock_now_ns() - began_ns < 5 * NS_PER_S);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_listens),
        cmocka_unit_test(epmd_does_not_know_the_node),
        cmocka_unit_test(the_node_speaks_tls),
        cmocka_unit_test(all_names_are_tried),
        cmocka_unit_test(others_are_not_allowed),
        cmocka_unit_test(the_node_closes_at_once),
        cmocka_unit_test(the_host_leaves_no_room_for_our_name),
        cmocka_unit_test(the_node_closes_after_our_digest),
        cmocka_unit_test(a_silent_node_and_a_slow_one_take_no_longer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
