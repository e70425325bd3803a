#include "port/cnode_term.h"

#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "port/port_ext.h"

/* Of what is nested in an answer. Nothing that is asked for needs more. */
enum { DEPTH = 64 };

/* --- any term ------------------------------------------------------------- */

static bool skip(struct reader *r, unsigned depth);

/* Every term takes at least one byte, so an impossible count is refused before
 * any term is walked. */
static bool skip_terms(struct reader *r, uint64_t count, unsigned depth)
{
    if (r->failed || depth == 0 || count > reader_left(r))
        return false;
    while (count-- > 0)
        if (!skip(r, depth - 1))
            return false;
    return true;
}

/* An atom and then that many bytes. */
static bool skip_identifier(struct reader *r, size_t bytes, unsigned depth)
{
    if (!skip_terms(r, 1, depth))
        return false;
    reader_skip(r, bytes);
    return true;
}

static bool skip_reference(struct reader *r, size_t creation, unsigned depth)
{
    size_t words = ext_u16(r);
    return skip_identifier(r, creation + 4 * words, depth);
}

/* The length counts its own four bytes. */
static bool skip_fun(struct reader *r)
{
    uint32_t len = ext_u32(r);
    reader_skip(r, len < 4 ? 0 : len - 4);
    return len >= 4;
}

static bool skip_nested(struct reader *r, uint8_t tag, unsigned depth)
{
    switch (tag) {
    case TAG_SMALL_TUPLE:
        return skip_terms(r, reader_u8(r), depth);
    case TAG_LARGE_TUPLE:
        return skip_terms(r, ext_u32(r), depth);
    case TAG_MAP:
        return skip_terms(r, 2 * (uint64_t)ext_u32(r), depth);
    case TAG_LIST:
        return skip_terms(r, 1 + (uint64_t)ext_u32(r), depth);
    case TAG_EXPORT:
        return skip_terms(r, 3, depth);
    case TAG_NEW_FUN:
        return skip_fun(r);
    case TAG_PID:
    case TAG_NEW_PORT:
        return skip_identifier(r, tag == TAG_PID ? 9 : 8, depth);
    case TAG_NEW_PID:
    case TAG_V4_PORT:
        return skip_identifier(r, 12, depth);
    case TAG_PORT:
        return skip_identifier(r, 5, depth);
    case TAG_NEW_REFERENCE:
        return skip_reference(r, 1, depth);
    case TAG_NEWER_REFERENCE:
        return skip_reference(r, 4, depth);
    default:
        return false;
    }
}

static bool skip(struct reader *r, unsigned depth)
{
    uint8_t tag = reader_u8(r);
    bool known = true;
    switch (tag) {
    case TAG_NIL:
        break;
    case TAG_SMALL_INTEGER:
        reader_skip(r, 1);
        break;
    case TAG_INTEGER:
        reader_skip(r, 4);
        break;
    case TAG_NEW_FLOAT:
        reader_skip(r, 8);
        break;
    case TAG_FLOAT:
        reader_skip(r, 31);
        break;
    case TAG_SMALL_ATOM:
    case TAG_SMALL_ATOM_UTF8:
        reader_skip(r, reader_u8(r));
        break;
    case TAG_ATOM:
    case TAG_ATOM_UTF8:
    case TAG_STRING:
        reader_skip(r, ext_u16(r));
        break;
    case TAG_BINARY:
        reader_skip(r, ext_u32(r));
        break;
    case TAG_BIT_BINARY:
        reader_skip(r, 1 + (size_t)ext_u32(r));
        break;
    case TAG_SMALL_BIG:
        reader_skip(r, 1 + (size_t)reader_u8(r));
        break;
    case TAG_LARGE_BIG:
        reader_skip(r, 1 + (size_t)ext_u32(r));
        break;
    default:
        known = skip_nested(r, tag, depth);
        break;
    }
    return known && !r->failed;
}

bool cnode_term_skip(struct reader *r)
{
    return skip(r, DEPTH);
}

/* --- one that is expected ------------------------------------------------- */

static uint8_t next_tag(const struct reader *r)
{
    return reader_left(r) ? r->at[0] : 0;
}

bool cnode_term_at_atom(const struct reader *r)
{
    switch (next_tag(r)) {
    case TAG_ATOM:
    case TAG_SMALL_ATOM:
    case TAG_ATOM_UTF8:
    case TAG_SMALL_ATOM_UTF8:
        return true;
    default:
        return false;
    }
}

bool cnode_term_atom(struct reader *r, const char **text, size_t *len)
{
    if (!cnode_term_at_atom(r))
        return false;
    uint8_t tag = reader_u8(r);
    bool small = tag == TAG_SMALL_ATOM || tag == TAG_SMALL_ATOM_UTF8;
    *len = small ? reader_u8(r) : ext_u16(r);
    *text = (const char *)reader_bytes(r, *len);
    return !r->failed;
}

bool cnode_term_is(struct reader *r, const char *atom)
{
    const char *text;
    size_t len;
    return cnode_term_atom(r, &text, &len) && len == strlen(atom) &&
           memcmp(text, atom, len) == 0;
}

bool cnode_term_tuple(struct reader *r, uint32_t *arity)
{
    uint8_t tag = reader_u8(r);
    if (tag != TAG_SMALL_TUPLE && tag != TAG_LARGE_TUPLE)
        return false;
    *arity = tag == TAG_SMALL_TUPLE ? reader_u8(r) : ext_u32(r);
    return !r->failed && *arity <= reader_left(r);
}

bool cnode_term_list(struct reader *r, uint32_t *count)
{
    uint8_t tag = reader_u8(r);
    *count = tag == TAG_LIST ? ext_u32(r) : 0;
    return !r->failed && (tag == TAG_NIL || tag == TAG_LIST) &&
           *count <= reader_left(r);
}

bool cnode_term_nil(struct reader *r)
{
    return reader_u8(r) == TAG_NIL && !r->failed;
}

bool cnode_term_natural(struct reader *r, uint64_t *value)
{
    uint8_t tag = reader_u8(r), digits, negative = 0;
    *value = 0;
    switch (tag) {
    case TAG_SMALL_INTEGER:
        *value = reader_u8(r);
        break;
    case TAG_INTEGER:
        *value = ext_u32(r);
        negative = *value > INT32_MAX;
        break;
    case TAG_SMALL_BIG:
        digits = reader_u8(r);
        negative = reader_u8(r) || digits > sizeof(*value);
        for (unsigned i = 0; i < digits && !negative; i++)
            *value |= (uint64_t)reader_u8(r) << (8 * i);
        break;
    default:
        return false;
    }
    return !negative && !r->failed;
}

bool cnode_term_string(struct reader *r, char text[CNODE_TEXT])
{
    if (reader_u8(r) != TAG_STRING)
        return false;
    size_t len = ext_u16(r);
    const uint8_t *bytes = reader_bytes(r, len);
    if (!bytes || len >= CNODE_TEXT)
        return false;
    memcpy(text, bytes, len);
    text[len] = '\0';
    return true;
}

bool cnode_term_pid(struct reader *r, struct cnode_node *node,
                    struct cnode_pid *pid)
{
    const char *name;
    size_t len;
    if (reader_u8(r) != TAG_NEW_PID || !cnode_term_atom(r, &name, &len) ||
        len >= sizeof(node->name))
        return false;
    memcpy(node->name, name, len);
    node->name[len] = '\0';
    pid->number = ext_u32(r);
    pid->serial = ext_u32(r);
    node->creation = ext_u32(r);
    return !r->failed;
}

bool cnode_term_at_pid(const struct reader *r, const struct cnode_node *node)
{
    struct reader copy = *r;
    struct cnode_node its;
    struct cnode_pid pid;
    return cnode_term_pid(&copy, &its, &pid) &&
           its.creation == node->creation && strcmp(its.name, node->name) == 0;
}
