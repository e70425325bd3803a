/* Ports, read from a scripted VM. */
#include "fake_memory.h"

#include "target/erlport.h"

enum {
    HEAP = 0x10000000,
    TABLE = HEAP,
    PORT = HEAP + 0x4000,
    DRIVER = HEAP + 0x5000,
    DATA = HEAP + 0x6000,
    NAME = HEAP + 0x7000,
    SLOTS = 1024,
    ID = 5 << 4 | 7,
    OWNER = 90 << 4 | 3,
    OWNER_AT = 320,
    DRIVER_AT = 400,
    NAME_AT = 16,
    FD = 23,
};

struct node {
    struct fake fake;
    struct memory memory;
    struct layout layout;
};

static struct node *node(void)
{
    struct node *n = calloc(1, sizeof(*n));
    assert_non_null(n);
    fake_map(&n->fake, HEAP, 0x8000, "");
    n->memory = fake_memory(&n->fake);
    n->layout.release = 27;
    n->layout.ports = TABLE;
    n->layout.port_slots = SLOTS;
    n->layout.offset[LAYOUT_PORT_OWNER] = OWNER_AT;
    n->layout.offset[LAYOUT_PORT_DRIVER] = DRIVER_AT;
    n->layout.offset[LAYOUT_DRIVER_NAME] = NAME_AT;
    n->layout.known[LAYOUT_PORT_OWNER] = true;
    n->layout.known[LAYOUT_PORT_DRIVER] = true;
    n->layout.known[LAYOUT_DRIVER_NAME] = true;
    fake_u64(&n->fake, TABLE + 8 * 5, PORT);
    fake_u64(&n->fake, PORT, ID);
    fake_u64(&n->fake, PORT + OWNER_AT, OWNER);
    fake_u64(&n->fake, PORT + DRIVER_AT - 8, NAME);
    fake_u64(&n->fake, PORT + DRIVER_AT, DRIVER);
    fake_u64(&n->fake, PORT + DRIVER_AT + 8, DATA);
    fake_u64(&n->fake, DRIVER + NAME_AT, NAME);
    return n;
}

static void free_node(struct node *n)
{
    fake_free(&n->fake);
    free(n);
}

static void by_its_id(void **state)
{
    (void)state;
    struct node *n = node();
    struct erlport p;
    assert_int_equal(erlport_find(&n->layout, &n->memory, ID, &p), 0);
    assert_true(p.address == PORT && p.owner == OWNER && p.driver == DRIVER);
    /* Another port has the slot now. */
    assert_int_equal(
        erlport_find(&n->layout, &n->memory, ID + ((uint64_t)SLOTS << 4), &p),
        -E_NOT_FOUND);
    assert_int_equal(erlport_find(&n->layout, &n->memory, 6 << 4 | 7, &p),
                     -E_NOT_FOUND);
    assert_int_equal(erlport_find(&n->layout, &n->memory, OWNER, &p),
                     -E_NOT_FOUND);
    n->layout.known[LAYOUT_PORT_OWNER] = false;
    assert_int_equal(erlport_find(&n->layout, &n->memory, ID, &p),
                     -E_NOT_FOUND);
    free_node(n);
}

static void assert_program(struct node *n, const char *command,
                           const char *want)
{
    char text[ERLPORT_TEXT];
    fake_put(&n->fake, NAME, command, strlen(command) + 1);
    erlport_program(&n->layout, &n->memory, PORT, ID, text);
    assert_string_equal(text, want);
}

static void names(void **state)
{
    (void)state;
    struct node *n = node();
    char text[ERLPORT_TEXT];
    assert_program(n, "/usr/bin/ffmpeg -key secret", "ffmpeg");
    assert_program(n, "sh -c 'echo'", "sh");
    assert_program(n, "KEY=secret program", "");
    erlport_driver_name(&n->layout, &n->memory, DRIVER, text);
    assert_string_equal(text, "KEY=secret program");
    erlport_driver_name(&n->layout, &n->memory, 0, text);
    assert_string_equal(text, "");
    erlport_program(&n->layout, &n->memory, PORT, ID + 16, text);
    assert_string_equal(text, "");
    free_node(n);
}

static void sockets(void **state)
{
    (void)state;
    struct node *n = node();
    const struct erlport p = {PORT, ID, OWNER, DRIVER};
    int fd;
    assert_int_equal(erlport_socket(&n->layout, &n->memory, &p, &fd),
                     -E_NOT_FOUND);
    fake_u32(&n->fake, DATA, FD);
    fake_u64(&n->fake, DATA + 8, FD);
    fake_u64(&n->fake, DATA + 32, ID);
    assert_int_equal(erlport_socket(&n->layout, &n->memory, &p, &fd), 0);
    assert_int_equal(fd, FD);
    fake_u64(&n->fake, DATA + 8, FD + 1);
    assert_int_equal(erlport_socket(&n->layout, &n->memory, &p, &fd),
                     -E_NOT_FOUND);
    /* Closed: INVALID_SOCKET. */
    fake_u32(&n->fake, DATA, UINT32_MAX);
    fake_u64(&n->fake, DATA + 8, UINT64_MAX);
    assert_int_equal(erlport_socket(&n->layout, &n->memory, &p, &fd),
                     -E_NOT_FOUND);
    free_node(n);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(by_its_id),
        cmocka_unit_test(names),
        cmocka_unit_test(sockets),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
