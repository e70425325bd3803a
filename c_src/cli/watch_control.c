#include "cli/watch_control.h"

#include <math.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
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

/* What follows if the packet begins with the verb, or NULL. */
static const char *after(const struct buffer *packet, const char *verb,
                         size_t *len)
{
    size_t verb_len = strlen(verb);
    if (packet->len < verb_len || memcmp(packet->data, verb, verb_len) != 0)
        return NULL;
    *len = packet->len - verb_len;
    return (const char *)packet->data + verb_len;
}

/* The word goes up to the first blank. Returns what follows that. */
static const char *take_word(const char *at, size_t *len, char word[WATCH_WORD])
{
    const char *blank = memchr(at, ' ', *len);
    size_t n = blank ? (size_t)(blank - at) : *len;
    snprintf(word, WATCH_WORD, "%.*s",
             (int)(n < WATCH_WORD ? n : WATCH_WORD - 1), at);
    n += blank != NULL;
    *len -= n;
    return at + n;
}

/* "fire WORD TEXT" */
static bool parse_fire(const struct buffer *packet, struct watch_request *out)
{
    size_t len;
    const char *at = after(packet, "fire ", &len);
    *out = (struct watch_request){.is_figure = false};
    if (!at)
        return false;
    at = take_word(at, &len, out->word);
    copy_shown(at, len, out->cause);
    return true;
}

/* "figure WORD NUMBER" */
static bool parse_figure(const struct buffer *packet, struct watch_request *out)
{
    char digits[WATCH_WORD], *end;
    size_t len;
    const char *at = after(packet, "figure ", &len);
    *out = (struct watch_request){.is_figure = true};
    if (!at)
        return false;
    at = take_word(at, &len, out->word);
    take_word(at, &len, digits);
    out->value = strtod(digits, &end);
    for (int i = 0; i < VITALS; i++) {
        out->vital = (enum vital)i;
        if (vital_kinds[i].source == VITAL_INSIDE &&
            strcmp(vital_kinds[i].word, out->word) == 0)
            return end != digits && *end == '\0' && isfinite(out->value);
    }
    return false;
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
        found = parse_fire(&packet, out) || parse_figure(&packet, out);
    buffer_deinit(&packet);
    return found;
}

bool watch_control_next(bool of_port, struct watch_request *out)
{
    if (asked) {
        asked = 0;
        *out =
            (struct watch_request){.word = "signal", .cause = "signal SIGUSR1"};
        return true;
    }
    return of_port && next_packet(out);
}
