#include "cli/watch_control.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/utf8.h"
#include "port/port.h"

volatile sig_atomic_t watch_stopped;
static volatile sig_atomic_t asked;

static void on_stop(int number)
{
    (void)number;
    watch_stopped = 1;
}

static void on_ask(int number)
{
    (void)number;
    asked = 1;
}

static void handle(void (*stop)(int), void (*ask)(int))
{
    const struct sigaction ends = {.sa_handler = stop};
    const struct sigaction asks = {.sa_handler = ask, .sa_flags = SA_RESTART};
    sigaction(SIGINT, &ends, NULL);
    sigaction(SIGTERM, &ends, NULL);
    sigaction(SIGHUP, &ends, NULL);
    sigaction(SIGUSR1, &asks, NULL);
}

void watch_control_begin(void)
{
    handle(on_stop, on_ask);
}

void watch_control_end(void)
{
    handle(SIG_DFL, SIG_DFL);
}

/* In a form that is safe to show, as far as there is room for whole characters.
 */
static void copy_shown(const char *text, size_t len, char to[WATCH_CAUSE])
{
    struct buffer shown;
    uint32_t code;
    size_t used = 0, n;
    buffer_init(&shown, BUFFER_DEFAULT_MAX);
    utf8_show(&shown, text, len);
    while ((n = utf8_next((const char *)shown.data + used, shown.len - used,
                          &code)) > 0 &&
           used + n < WATCH_CAUSE)
        used += n;
    if (used)
        memcpy(to, shown.data, used);
    to[used] = '\0';
    buffer_deinit(&shown);
}

/* "fire WORD TEXT" */
static bool parse(const struct buffer *packet, struct watch_request *out)
{
    static const char verb[] = "fire ";
    const char *at = (const char *)packet->data;
    size_t len = packet->len, verb_len = sizeof(verb) - 1;
    if (len < verb_len || memcmp(at, verb, verb_len) != 0)
        return false;
    at += verb_len;
    len -= verb_len;
    const char *blank = memchr(at, ' ', len);
    size_t word = blank ? (size_t)(blank - at) : len;
    snprintf(out->word, sizeof(out->word), "%.*s",
             (int)(word < WATCH_WORD ? word : WATCH_WORD - 1), at);
    at += word + (blank != NULL);
    len -= word + (blank != NULL);
    copy_shown(at, len, out->cause);
    return true;
}

static bool is_stop(const struct buffer *packet)
{
    static const char stop[] = "stop";
    return packet->len == sizeof(stop) - 1 &&
           memcmp(packet->data, stop, packet->len) == 0;
}

/* Without waiting for one; but a packet that has begun is awaited. */
static bool next_packet(struct watch_request *out)
{
    struct pollfd in = {.fd = STDIN_FILENO, .events = POLLIN};
    struct buffer packet;
    bool found = false;
    if (poll(&in, 1, 0) <= 0)
        return false;
    buffer_init(&packet, BUFFER_DEFAULT_MAX);
    if (port_read_packet(STDIN_FILENO, &packet) <= 0 || is_stop(&packet))
        watch_stopped = 1;
    else
        found = parse(&packet, out);
    buffer_deinit(&packet);
    return found;
}

bool watch_control_next(bool of_port, struct watch_request *out)
{
    if (asked) {
        asked = 0;
        *out = (struct watch_request){"signal", "signal SIGUSR1"};
        return true;
    }
    return of_port && next_packet(out);
}
