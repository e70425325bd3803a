#include "target/erlport.h"

#include <stdbool.h>
#include <string.h>

#include "base/term.h"
#include "target/page.h"

/* Reads a string of the node as far as possible; "" if it cannot be read. It is
 * read page by page, because the page after its end may not be mapped. */
static void read_text(const struct memory *m, uint64_t at,
                      char to[ERLPORT_TEXT])
{
    size_t len = 0, most = ERLPORT_TEXT - 1;
    memset(to, 0, ERLPORT_TEXT);
    while (at && len < most && strnlen(to, len) == len) {
        size_t part = PAGE_REST(at + len);
        part = part < most - len ? part : most - len;
        if (memory_read(m, at + len, to + len, part) != 0)
            break;
        len += part;
    }
    to[strnlen(to, len)] = '\0';
}

static bool is_still(const struct memory *m, uint64_t address, uint64_t id)
{
    uint64_t now;
    return memory_read_u64(m, address, &now) == 0 && now == id;
}

int erlport_find(const struct layout *l, const struct memory *m, uint64_t id,
                 struct erlport *out)
{
    if (!l->ports || !l->port_slots || !term_is_port(id) ||
        !l->known[LAYOUT_PORT_OWNER] || !l->known[LAYOUT_PORT_DRIVER])
        return -E_NOT_FOUND;
    uint64_t at = 0,
             slot = term_slot(id, term_is_old(id, l->release), l->port_slots);
    if (slot >= l->port_slots ||
        memory_read_u64(m, l->ports + 8 * slot, &at) != 0 || !at || at % 8)
        return -E_NOT_FOUND;
    *out = (struct erlport){.address = at, .id = id};
    if (memory_read_u64(m, at + l->offset[LAYOUT_PORT_OWNER], &out->owner) ||
        memory_read_u64(m, at + l->offset[LAYOUT_PORT_DRIVER], &out->driver) ||
        !is_still(m, at, id))
        return -E_NOT_FOUND;
    return 0;
}

void erlport_driver_name(const struct layout *l, const struct memory *m,
                         uint64_t driver, char text[ERLPORT_TEXT])
{
    uint64_t name = 0;
    if (!driver ||
        memory_read_u64(m, driver + l->offset[LAYOUT_DRIVER_NAME], &name) != 0)
        name = 0;
    read_text(m, name, text);
}

void erlport_program(const struct layout *l, const struct memory *m,
                     uint64_t address, uint64_t id, char text[ERLPORT_TEXT])
{
    uint64_t name = 0;
    text[0] = '\0';
    if (memory_read_u64(m,
                        address + l->offset[LAYOUT_PORT_DRIVER] -
                            LAYOUT_NAME_BEFORE_DRIVER,
                        &name) != 0)
        return;
    read_text(m, name, text);
    if (!is_still(m, address, id))
        text[0] = '\0';
    text[strcspn(text, " \t\n;&|<>()`$\"'")] = '\0';
    const char *base = strrchr(text, '/');
    if (strchr(text, '='))
        text[0] = '\0';
    else if (base)
        memmove(text, base + 1, strlen(base + 1) + 1);
}

/* The driver's data begins with (erts/emulator/drivers/common/inet_drv.c,
 * inet_descriptor; the same in OTP 25 to 29) the descriptor as an int and as a
 * long, which are equal, the mask of events, and the port as a pointer and as a
 * term. */
int erlport_socket(const struct layout *l, const struct memory *m,
                   const struct erlport *port, int *fd)
{
    enum { EVENT = 1, TERM = 4, WORDS };
    uint64_t data, words[WORDS];
    if (memory_read_u64(m,
                        port->address + l->offset[LAYOUT_PORT_DRIVER] +
                            LAYOUT_DATA_AFTER_DRIVER,
                        &data) != 0 ||
        !data || data % 8 || memory_read(m, data, words, sizeof(words)) != 0 ||
        words[TERM] != port->id || words[EVENT] > INT32_MAX ||
        (uint32_t)words[0] != words[EVENT])
        return -E_NOT_FOUND;
    *fd = (int)words[EVENT];
    return 0;
}
