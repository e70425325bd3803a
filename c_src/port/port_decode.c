/*
 * Decodes the bytes of a request. The whole packet is checked first
 * (port_term.c), so that ei may read it. Values are not checked here: it is the
 * server or the session that refuses a pid of 0 or a rate of -1.
 */
#include "port/port.h"

#include <ei.h>
#include <limits.h>
#include <math.h>
#include <stddef.h>
#include <string.h>

#include "port/port_term.h"

struct cursor {
    const char *bytes;
    int at;
};

enum field_kind {
    FIELD_INTEGER,
    FIELD_REAL,
    FIELD_BOOLEAN,
    FIELD_TEXT,
    FIELD_TEXTS,
    FIELD_BYTES,
    FIELD_RECORDINGS,
    FIELD_DESCRIPTIONS
};

struct field {
    const char *key;
    enum field_kind kind;
    size_t offset; /* of the member in struct port_request */
};

#define MEMBER(name) offsetof(struct port_request, name)

static const struct field fields[] = {
    {"version", FIELD_INTEGER, MEMBER(version)},
    {"pid", FIELD_INTEGER, MEMBER(pid)},
    {"rate", FIELD_INTEGER, MEMBER(rate)},
    {"duration_ms", FIELD_INTEGER, MEMBER(duration_ms)},
    {"top", FIELD_INTEGER, MEMBER(top)},
    {"slower_than_us", FIELD_INTEGER, MEMBER(slower_than_us)},
    {"kernel", FIELD_BOOLEAN, MEMBER(kernel)},
    {"force", FIELD_BOOLEAN, MEMBER(force)},
    {"describe", FIELD_BOOLEAN, MEMBER(describe)},
    {"exclusive", FIELD_BOOLEAN, MEMBER(exclusive)},
    {"no_command", FIELD_BOOLEAN, MEMBER(no_command)},
    {"event", FIELD_TEXT, MEMBER(event)},
    {"engine", FIELD_TEXT, MEMBER(engine)},
    {"format", FIELD_TEXT, MEMBER(format)},
    {"run", FIELD_TEXT, MEMBER(run)},
    {"focus", FIELD_TEXT, MEMBER(focus)},
    {"ignore", FIELD_TEXT, MEMBER(ignore)},
    {"process", FIELD_TEXTS, MEMBER(processes)},
    {"span", FIELD_TEXTS, MEMBER(spans)},
    {"own", FIELD_TEXTS, MEMBER(own)},
    {"recording", FIELD_BYTES, MEMBER(recording)},
    {"path", FIELD_BYTES, MEMBER(path)},
    {"base", FIELD_RECORDINGS, MEMBER(base)},
    {"new", FIELD_RECORDINGS, MEMBER(now)},
    {"at_end", FIELD_RECORDINGS, MEMBER(at_end)},
    {"min_effect", FIELD_REAL, MEMBER(min_effect)},
    {"fail_above", FIELD_REAL, MEMBER(fail_above)},
    {"max_cost", FIELD_REAL, MEMBER(max_cost)},
    {"described", FIELD_DESCRIPTIONS, MEMBER(described)},
};

static const char *const commands[] = {
    [PORT_HELLO] = "hello",       [PORT_START] = "start",
    [PORT_STOP] = "stop",         [PORT_READ] = "read",
    [PORT_RENDER] = "render",     [PORT_CHECK] = "check",
    [PORT_WRITE] = "write",       [PORT_DIFF] = "diff",
    [PORT_DESCRIBE] = "describe",
};

static bool atom(struct cursor *c, char text[static PORT_TEXT])
{
    return ei_decode_atom_as(c->bytes, &c->at, text, PORT_TEXT, ERLANG_UTF8,
                             NULL, NULL) == 0;
}

static bool integer(struct cursor *c, int64_t *out)
{
    EI_LONGLONG value;
    if (ei_decode_longlong(c->bytes, &c->at, &value) != 0)
        return false;
    *out = value;
    return true;
}

/* Also accepts an integer. */
static bool real(struct cursor *c, double *out)
{
    int64_t whole;
    if (integer(c, &whole))
        *out = (double)whole;
    else if (ei_decode_double(c->bytes, &c->at, out) != 0)
        return false;
    return isfinite(*out) && *out >= 0;
}

static bool boolean(struct cursor *c, bool *out)
{
    int value;
    if (ei_decode_boolean(c->bytes, &c->at, &value) != 0)
        return false;
    *out = value != 0;
    return true;
}

/* A view of the bytes of a binary, which ei itself could only copy. The 5 bytes
 * in front are the tag and the length. */
static bool bytes(struct cursor *c, struct port_bytes *out)
{
    int type, size;
    if (ei_get_type(c->bytes, &c->at, &type, &size) != 0 ||
        type != ERL_BINARY_EXT)
        return false;
    *out = (struct port_bytes){(const uint8_t *)c->bytes + c->at + 5,
                               (size_t)size};
    return ei_skip_term(c->bytes, &c->at) == 0;
}

/* A binary that can be a C string of PORT_TEXT bytes; also accepts an atom. */
static bool text(struct cursor *c, char out[static PORT_TEXT])
{
    int type, size;
    if (ei_get_type(c->bytes, &c->at, &type, &size) != 0)
        return false;
    if (type != ERL_BINARY_EXT)
        return atom(c, out);
    struct port_bytes from;
    if (!bytes(c, &from) || from.len >= PORT_TEXT ||
        memchr(from.data, 0, from.len))
        return false;
    memcpy(out, from.data, from.len);
    out[from.len] = '\0';
    return true;
}

static bool texts(struct cursor *c, struct port_texts *out)
{
    int count;
    if (ei_decode_list_header(c->bytes, &c->at, &count) != 0 ||
        count > PORT_MAX_TEXTS)
        return false;
    for (int i = 0; i < count; i++)
        if (!text(c, out->list[i]))
            return false;
    out->count = (size_t)count;
    /* A list that is not empty ends with the term []. */
    return count == 0 || ei_skip_term(c->bytes, &c->at) == 0;
}

static bool description(struct cursor *c, struct port_description *out)
{
    int arity;
    return ei_decode_tuple_header(c->bytes, &c->at, &arity) == 0 &&
           arity == 5 && text(c, out->pid) && text(c, out->initial_call) &&
           text(c, out->label) && text(c, out->application) &&
           text(c, out->parent);
}

/* All descriptions are checked now, so that reading them later cannot fail. */
static bool descriptions(struct cursor *c, struct port_descriptions *out)
{
    int count;
    if (ei_decode_list_header(c->bytes, &c->at, &count) != 0)
        return false;
    *out = (struct port_descriptions){c->bytes, c->at, count};
    struct port_description one;
    for (int i = 0; i < count; i++)
        if (!description(c, &one))
            return false;
    return count == 0 || ei_skip_term(c->bytes, &c->at) == 0;
}

size_t port_texts(const struct port_texts *texts,
                  const char *pointers[static PORT_MAX_TEXTS])
{
    for (size_t i = 0; i < texts->count; i++)
        pointers[i] = texts->list[i];
    return texts->count;
}

bool port_next_description(struct port_descriptions *d,
                           struct port_description *out)
{
    if (d->left == 0)
        return false;
    d->left--;
    struct cursor c = {d->packet, d->at};
    bool good = description(&c, out);
    d->at = c.at;
    return good;
}

/* All recordings are checked now, too. */
static bool recordings(struct cursor *c, struct port_recordings *out)
{
    int count;
    if (ei_decode_list_header(c->bytes, &c->at, &count) != 0)
        return false;
    *out = (struct port_recordings){c->bytes, c->at, count};
    struct port_bytes one;
    for (int i = 0; i < count; i++)
        if (!bytes(c, &one))
            return false;
    return count == 0 || ei_skip_term(c->bytes, &c->at) == 0;
}

bool port_next_recording(struct port_recordings *r, const uint8_t **out,
                         size_t *len)
{
    if (r->left == 0)
        return false;
    r->left--;
    struct cursor c = {r->packet, r->at};
    struct port_bytes one = {0};
    bool good = bytes(&c, &one);
    *out = one.data;
    *len = one.len;
    r->at = c.at;
    return good;
}

static bool value(struct cursor *c, const struct field *f,
                  struct port_request *out)
{
    void *member = (char *)out + f->offset;
    switch (f->kind) {
    case FIELD_INTEGER:
        return integer(c, member);
    case FIELD_REAL:
        return real(c, member);
    case FIELD_BOOLEAN:
        return boolean(c, member);
    case FIELD_TEXT:
        return text(c, member);
    case FIELD_TEXTS:
        return texts(c, member);
    case FIELD_BYTES:
        return bytes(c, member);
    case FIELD_RECORDINGS:
        return recordings(c, member);
    case FIELD_DESCRIPTIONS:
        return descriptions(c, &out->described);
    }
    return false;
}

static const struct field *field_by_key(const char *key)
{
    for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
        if (strcmp(fields[i].key, key) == 0)
            return &fields[i];
    return NULL;
}

static bool args(struct cursor *c, struct port_request *out)
{
    int count;
    if (ei_decode_map_header(c->bytes, &c->at, &count) != 0)
        return false;
    for (int i = 0; i < count; i++) {
        char key[PORT_TEXT];
        if (!atom(c, key))
            return false;
        const struct field *f = field_by_key(key);
        if (!f || !value(c, f, out))
            return false;
    }
    return true;
}

static bool command(struct cursor *c, enum port_command *out)
{
    char name[PORT_TEXT];
    if (!atom(c, name))
        return false;
    for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
        if (strcmp(commands[i], name) == 0) {
            *out = (enum port_command)i;
            return true;
        }
    return false;
}

int port_decode(const void *packet, size_t len, struct port_request *out)
{
    *out = (struct port_request){0};
    if (len > PORT_MAX_PACKET || port_term_check(packet, len) != 0)
        return -E_PROTOCOL;
    struct cursor c = {packet, 0};
    int version, arity;
    if (ei_decode_version(c.bytes, &c.at, &version) != 0 ||
        ei_decode_tuple_header(c.bytes, &c.at, &arity) != 0 || arity != 3 ||
        !integer(&c, &out->ref))
        return -E_PROTOCOL;
    return command(&c, &out->command) && args(&c, out) ? 0 : -E_PROTOCOL;
}
