#include "recorder/port_waits.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/index.h"
#include "base/term.h"
#include "profile/platform.h"
#include "profile/waits.h"
#include "recorder/at_rest.h"
#include "recorder/frame_slots.h"
#include "recorder/main_loop.h"
#include "target/erlport.h"
#include "target/tcp_peers.h"

/* Who is at the other end of a port. */
enum other_end {
    END_UNKNOWN,
    END_ANSWERS, /* a program, or a server that the node connected to */
    END_ASKS,    /* a client, whose connection was accepted */
};

/* What is known of a port does not change, so it is kept: in the place that its
 * id decides, where it replaces another port. */
struct known {
    uint64_t id; /* 0: none */
    enum other_end end;
    char text[ERLPORT_TEXT + TCP_PEER_TEXT + 16];
};

enum {
    KNOWN = 1024, /* a power of two */
    /* Ports that have a frame of their own; a node may talk to any number of
     * addresses. */
    NAMED_PORTS = 5000,
};

struct port_waits {
    struct target_state *target;
    struct profile *profile;
    struct tcp_peers *peers;
    size_t named; /* frames that were made here */
    struct known known[KNOWN];
};

int port_waits_open(struct target_state *target, struct profile *profile,
                    struct port_waits **out)
{
    struct port_waits *w = calloc(1, sizeof(*w));
    if (!w)
        return -ENOMEM;
    w->target = target;
    w->profile = profile;
    int err = tcp_peers_open(&target->process, &w->peers);
    if (err) {
        port_waits_close(w);
        return err;
    }
    *out = w;
    return 0;
}

void port_waits_close(struct port_waits *w)
{
    if (w)
        tcp_peers_close(w->peers);
    free(w);
}

/* --- in which function ---------------------------------------------------- */

static const char *module_of(const struct profile *p, uint32_t stack)
{
    return profile_text(
        p, profile_function_at(p, profile_stack_function(p, stack))->module);
}

/* Is it a function of that module, whose name begins like this? */
static bool is_in(const struct profile *p, uint32_t stack, const char *module,
                  const char *name)
{
    const struct profile_function *f =
        profile_function_at(p, profile_stack_function(p, stack));
    return strcmp(profile_text(p, f->module), module) == 0 &&
           strncmp(profile_text(p, f->function), name, strlen(name)) == 0;
}

static bool asks_a_port(const struct profile *p, uint32_t stack)
{
    return is_in(p, stack, "erlang", "port_") ||
           is_in(p, stack, "erlang", "open_port");
}

/* Is one of the functions of the platform that the application has called, and
 * they each other, such a function? */
static bool has_called(const struct profile *p, uint32_t stack,
                       const char *module, const char *name)
{
    for (uint32_t at = stack;
         at != PROFILE_NONE && platform_has(module_of(p, at));
         at = profile_stack_at(p, at)->parent)
        if (is_in(p, at, module, name))
            return true;
    return false;
}

bool port_waits_is_socket(const struct profile *p, uint32_t stack)
{
    return has_called(p, stack, "gen_tcp_socket", "") ||
           has_called(p, stack, "gen_udp_socket", "");
}

/* --- which port ----------------------------------------------------------- */

/* The only port that a frame has; 0: it has none, or several. */
static uint64_t port_in(const struct sample *s, const struct unwound *u,
                        size_t frame)
{
    uint64_t port = 0;
    size_t from = 0;
    for (size_t i = 0; i < frame; i++)
        from = frame_slots(s, u, i, from).next;
    const struct frame_slots slots = frame_slots(s, u, frame, from);
    for (size_t i = 0; i < slots.count; i++) {
        if (!term_is_port(slots.list[i]) || slots.list[i] == port)
            continue;
        if (port)
            return 0;
        port = slots.list[i];
    }
    return port;
}

static bool is_inet(const char *driver)
{
    return strcmp(driver, "tcp_inet") == 0 || strcmp(driver, "udp_inet") == 0 ||
           strcmp(driver, "sctp_inet") == 0;
}

/* Completes what is said of a port: "tcp_inet" and the address. Returns whether
 * there is no more to be known, or -ENOMEM. */
static int learn_peer(struct port_waits *w, const struct erlport *port,
                      struct known *k)
{
    struct tcp_peer peer;
    int fd;
    if (erlport_socket(&w->target->layout, &w->target->memory, port, &fd) != 0)
        return 0;
    int err = tcp_peers_find(w->peers, fd, &peer);
    if (err)
        return err == -E_NOT_FOUND ? 0 : err;
    k->end = peer.accepted ? END_ASKS : END_ANSWERS;
    size_t len = strlen(k->text);
    snprintf(k->text + len, sizeof(k->text) - len, " %s", peer.text);
    return 1;
}

static int learn(struct port_waits *w, const struct erlport *port,
                 struct known *k)
{
    const struct layout *l = &w->target->layout;
    const struct memory *m = &w->target->memory;
    char driver[ERLPORT_TEXT], program[ERLPORT_TEXT] = "";
    *k = (struct known){.id = port->id, .end = END_UNKNOWN};
    erlport_driver_name(l, m, port->driver, driver);
    bool spawn = strcmp(driver, "spawn") == 0;
    if (spawn)
        erlport_program(l, m, port->address, port->id, program);
    snprintf(k->text, sizeof(k->text), "port%s%s%s%s", *driver ? " " : "",
             driver, *program ? " " : "", program);
    if (spawn)
        k->end = END_ANSWERS;
    return is_inet(driver) ? learn_peer(w, port, k) : 1;
}

/* What is known of an open port. It is kept only if it is all that can be
 * known. 0, -E_NOT_FOUND or -ENOMEM. */
static int look_up(struct port_waits *w, uint64_t id, struct erlport *port,
                   struct known *out)
{
    struct known *kept = &w->known[hash_u64(0, id) & (KNOWN - 1)];
    int err = erlport_find(&w->target->layout, &w->target->memory, id, port);
    if (err)
        return err;
    if (kept->id == id) {
        *out = *kept;
        return 0;
    }
    err = learn(w, port, out);
    if (err > 0)
        *kept = *out;
    return err < 0 ? err : 0;
}

/* --- the leaf ------------------------------------------------------------- */

static int64_t push(struct port_waits *w, uint32_t stack, const char *what)
{
    char text[WAITS_TEXT];
    size_t before = profile_function_count(w->profile);
    if (w->named >= NAMED_PORTS)
        what = strncmp(what, WAITS_PORT, strlen(WAITS_PORT)) == 0
                   ? WAITS_PORT
                   : WAITS_SOCKET;
    snprintf(text, sizeof(text), WAITS_FOR "%s]", what);
    int64_t with = at_rest_push(w->profile, stack, text);
    w->named += profile_function_count(w->profile) - before;
    return with;
}

/* One that waits until a port has done something. */
static int64_t until_done(struct port_waits *w, const struct sample *s,
                          const struct unwound *u, size_t frame, uint32_t stack,
                          enum sample_state *state)
{
    struct erlport port;
    struct known known = {.text = WAITS_PORT};
    uint64_t id = port_in(s, u, frame);
    int err = id ? look_up(w, id, &port, &known) : -E_NOT_FOUND;
    if (err && err != -E_NOT_FOUND)
        return err;
    *state = STATE_BLOCKED;
    return push(w, stack, err ? WAITS_PORT : known.text);
}

/* One that waits for what comes from a port. */
static int64_t until_sent(struct port_waits *w, const struct sample *s,
                          const struct unwound *u, uint32_t stack,
                          bool must_own, enum sample_state *state)
{
    struct erlport port;
    struct known known;
    uint64_t id = port_in(s, u, 0);
    int err = id ? look_up(w, id, &port, &known) : -E_NOT_FOUND;
    if (err && err != -E_NOT_FOUND)
        return err;
    if (must_own && (err || port.owner != s->process.id))
        return stack;
    if (!err && known.end == END_ANSWERS)
        *state = STATE_BLOCKED;
    else if (main_loop_calls_platform(w->profile, stack))
        *state = STATE_IDLE;
    return push(w, stack, err ? WAITS_PORT : known.text);
}

static int64_t at_prim_inet(struct port_waits *w, const struct sample *s,
                            const struct unwound *u, uint32_t stack,
                            enum sample_state *state)
{
    const struct profile *p = w->profile;
    if (is_in(p, stack, "prim_inet", "accept")) {
        *state = STATE_IDLE;
        return push(w, stack, WAITS_PORT);
    }
    return is_in(p, stack, "prim_inet", "recv")
               ? until_sent(w, s, u, stack, false, state)
               : until_done(w, s, u, 0, stack, state);
}

/* Whose turn it is cannot be read from outside. */
static int64_t at_socket(struct port_waits *w, uint32_t stack,
                         enum sample_state *state)
{
    const struct profile *p = w->profile;
    if (has_called(p, stack, "gen_tcp_socket", "accept") ||
        has_called(p, stack, "socket", "accept") ||
        main_loop_calls_platform(p, stack))
        *state = STATE_IDLE;
    return push(w, stack, WAITS_SOCKET);
}

/* --- one process ---------------------------------------------------------- */

/* The VM suspends a process in erlang:port_command if the port is busy. It will
 * call the BIF again when it is resumed; the code that does so has no frame. */
static int64_t suspended(struct port_waits *w, const struct sample *s,
                         const struct unwound *u, uint32_t stack,
                         enum sample_state *state)
{
    const struct profile *p = w->profile;
    size_t frame = frame_slots(s, u, 0, 0).count == 0;
    return is_in(p, stack, "erlang", "port_command") ||
                   is_in(p, stack, "erts_internal", "port_command")
               ? until_done(w, s, u, frame, stack, state)
               : stack;
}

int64_t port_waits_name(struct port_waits *w, const struct sample *s,
                        const struct unwound *u, uint32_t stack,
                        enum sample_state *state)
{
    const struct profile *p = w->profile;
    if (*state == STATE_SUSPENDED)
        return suspended(w, s, u, stack, state);
    if (*state == STATE_IDLE)
        return stack;
    if (strcmp(module_of(p, stack), "prim_inet") == 0)
        return at_prim_inet(w, s, u, stack, state);
    if (strcmp(module_of(p, stack), "socket") == 0 ||
        port_waits_is_socket(p, stack))
        return at_socket(w, stack, state);
    if (asks_a_port(p, stack))
        return until_done(w, s, u, 0, stack, state);
    return until_sent(w, s, u, stack, true, state);
}
