/* A request is whatever arrives on stdin: the input as it is, and the input as
 * the value of an argument of a request that is good so far. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "port/port.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static void check_view(const struct port_bytes *view, const uint8_t *bytes,
                       size_t len)
{
    if (view->len > 0 &&
        (view->data < bytes || view->data + view->len > bytes + len))
        abort();
}

/* What a request points to must lie in the packet, and its texts end. */
static void check(const struct port_request *r, const uint8_t *bytes,
                  size_t len)
{
    check_view(&r->recording, bytes, len);
    check_view(&r->path, bytes, len);
    if (r->processes.count > PORT_MAX_TEXTS || r->own.count > PORT_MAX_TEXTS ||
        strnlen(r->engine, PORT_TEXT) == PORT_TEXT ||
        strnlen(r->focus, PORT_TEXT) == PORT_TEXT)
        abort();
}

static void check_recordings(struct port_recordings r, const uint8_t *bytes,
                             size_t len)
{
    const uint8_t *one;
    size_t one_len;
    while (r.left > 0)
        if (!port_next_recording(&r, &one, &one_len) || one < bytes ||
            one_len > (size_t)(bytes + len - one))
            abort();
}

static void decode(const uint8_t *bytes, size_t len)
{
    static struct port_request request;
    if (port_decode(bytes, len, &request) != 0)
        return;
    check(&request, bytes, len);
    struct port_description one;
    while (request.described.left > 0)
        if (!port_next_description(&request.described, &one) ||
            strnlen(one.parent, PORT_TEXT) == PORT_TEXT)
            abort();
    check_recordings(request.base, bytes, len);
    check_recordings(request.now, bytes, len);
}

/* {1, start, #{Key => Value}} with the value taken from the input. */
static void decode_value(const char *key, const uint8_t *value, size_t len)
{
    static const char head[] = "\x83h\3a\1w\5startt\0\0\0\1w";
    size_t head_len = sizeof(head) - 1, key_len = strlen(key);
    size_t packet_len = head_len + 1 + key_len + len;
    uint8_t *packet = malloc(packet_len);
    memcpy(packet, head, head_len);
    packet[head_len] = (uint8_t)key_len;
    memcpy(packet + head_len + 1, key, key_len);
    if (len > 0)
        memcpy(packet + head_len + 1 + key_len, value, len);
    decode(packet, packet_len);
    free(packet);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    static const char *const keys[] = {"pid",     "kernel",    "engine",
                                       "process", "recording", "described",
                                       "base",    "new",       "fail_above"};
    decode(bytes, len);
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
        decode_value(keys[i], bytes, len);
    return 0;
}
