/* How a term is written for people. */
#include <inttypes.h>
#include <string.h>

#include "base/alias.h"
#include "base/buffer.h"
#include "base/utf8.h"
#include "port/cnode_term.h"
#include "port/port_ext.h"

enum {
    DEPTH = 8,
    ROOM = 8 * CNODE_TEXT, /* what is written before it is cut */
};

struct printer {
    const struct cnode_node *node;
    struct buffer out;
};

static const char dots[] = "...";

static bool is_full(const struct printer *p)
{
    return p->out.len >= CNODE_TEXT;
}

/* --- texts ---------------------------------------------------------------- */

static bool is_shown(const char *text, size_t len)
{
    uint32_t code;
    for (size_t n; len > 0; text += n, len -= n) {
        n = utf8_next(text, len, &code);
        if (n == 0 || !utf8_is_visible(code))
            return false;
    }
    return true;
}

/* What does not fit is cut in the end. */
static void add(struct printer *p, const char *text, size_t len)
{
    utf8_clean(&p->out, text, len < CNODE_TEXT ? len : CNODE_TEXT);
}

static bool is_plain(const char *text, size_t len)
{
    if (len == 0 || text[0] < 'a' || text[0] > 'z')
        return false;
    for (size_t i = 1; i < len; i++)
        if (!strchr("abcdefghijklmnopqrstuvwxyz"
                    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_@",
                    text[i]))
            return false;
    return true;
}

static bool print_atom(struct printer *p, struct reader *r, bool whole)
{
    const char *text;
    size_t len;
    if (!cnode_term_atom(r, &text, &len))
        return false;
    size_t skipped = alias_prefix(text, len);
    bool quoted = !whole && !skipped && !is_plain(text, len);
    buffer_text(&p->out, quoted ? "'" : "");
    add(p, text + skipped, len - skipped);
    buffer_text(&p->out, quoted ? "'" : "");
    return true;
}

static void print_binary(struct printer *p, const char *text, size_t len,
                         bool whole)
{
    if (!is_shown(text, len)) {
        buffer_text(&p->out, dots);
        return;
    }
    buffer_text(&p->out, whole ? "" : "<<\"");
    add(p, text, len);
    buffer_text(&p->out, whole ? "" : "\">>");
}

/* A list of small integers: text, if it can be. */
static void print_string(struct printer *p, const uint8_t *codes, size_t len,
                         bool whole)
{
    bool is_text = true;
    for (size_t i = 0; i < len; i++)
        is_text = is_text && utf8_is_visible(codes[i]);
    buffer_text(&p->out, !is_text ? "[" : whole ? "" : "\"");
    for (size_t i = 0; i < len && !is_full(p); i++) {
        char utf8[4];
        if (is_text)
            buffer_add(&p->out, utf8, utf8_put(codes[i], utf8));
        else
            buffer_printf(&p->out, "%s%u", i ? "," : "", codes[i]);
    }
    buffer_text(&p->out, !is_text ? "]" : whole ? "" : "\"");
}

/* --- others --------------------------------------------------------------- */

static void print_number(struct printer *p, struct reader *r)
{
    struct reader copy = *r;
    uint64_t value;
    if (cnode_term_natural(&copy, &value))
        buffer_decimal(&p->out, value);
    else if (r->at[0] == TAG_INTEGER) {
        reader_skip(r, 1);
        buffer_printf(&p->out, "%" PRId32, (int32_t)ext_u32(r));
    } else
        buffer_text(&p->out, dots);
}

static void print_pid(struct printer *p, struct reader *r)
{
    struct cnode_node node;
    struct cnode_pid pid;
    if (cnode_term_at_pid(r, p->node) && cnode_term_pid(r, &node, &pid))
        buffer_printf(&p->out, "<0.%" PRIu32 ".%" PRIu32 ">", pid.number,
                      pid.serial);
    else
        buffer_text(&p->out, dots);
}

static bool print(struct printer *p, struct reader *r, unsigned depth);

/* @param arrows  a map: every second sign is an arrow */
static bool print_terms(struct printer *p, struct reader *r, uint64_t count,
                        unsigned depth, bool arrows)
{
    for (uint64_t i = 0; i < count && !is_full(p); i++) {
        if (i > 0)
            buffer_text(&p->out, arrows && i % 2 ? " => " : ",");
        if (!print(p, r, depth + 1))
            return false;
    }
    return true;
}

static bool print_list(struct printer *p, struct reader *r, unsigned depth)
{
    uint32_t count;
    if (!cnode_term_list(r, &count))
        return false;
    buffer_text(&p->out, "[");
    if (!print_terms(p, r, count, depth, false))
        return false;
    if (count && !is_full(p) && reader_left(r) && r->at[0] != TAG_NIL) {
        buffer_text(&p->out, "|");
        if (!print(p, r, depth + 1))
            return false;
    }
    buffer_text(&p->out, "]");
    return true;
}

static bool print_tuple(struct printer *p, struct reader *r, unsigned depth)
{
    uint32_t arity;
    if (!cnode_term_tuple(r, &arity))
        return false;
    buffer_text(&p->out, "{");
    bool good = print_terms(p, r, arity, depth, false);
    buffer_text(&p->out, "}");
    return good;
}

static bool print_map(struct printer *p, struct reader *r, unsigned depth)
{
    reader_skip(r, 1);
    uint64_t count = 2 * (uint64_t)ext_u32(r);
    buffer_text(&p->out, "#{");
    bool good = print_terms(p, r, count, depth, true);
    buffer_text(&p->out, "}");
    return good;
}

/* The bytes of a binary or string, whose head is read. */
static bool print_bytes(struct printer *p, struct reader *r, bool whole)
{
    bool binary = reader_u8(r) == TAG_BINARY;
    size_t len = binary ? ext_u32(r) : ext_u16(r);
    const uint8_t *bytes = reader_bytes(r, len);
    if (!bytes)
        return false;
    if (binary)
        print_binary(p, (const char *)bytes, len, whole);
    else
        print_string(p, bytes, len, whole);
    return true;
}

static bool print_known(struct printer *p, struct reader *r, unsigned depth)
{
    switch (reader_left(r) ? r->at[0] : 0) {
    case TAG_SMALL_INTEGER:
    case TAG_INTEGER:
    case TAG_SMALL_BIG:
        print_number(p, r);
        return true;
    case TAG_BINARY:
    case TAG_STRING:
        return print_bytes(p, r, depth == 0);
    case TAG_NIL:
    case TAG_LIST:
        return print_list(p, r, depth);
    case TAG_SMALL_TUPLE:
    case TAG_LARGE_TUPLE:
        return print_tuple(p, r, depth);
    case TAG_MAP:
        return print_map(p, r, depth);
    case TAG_NEW_PID:
        print_pid(p, r);
        return true;
    default:
        if (cnode_term_at_atom(r))
            return print_atom(p, r, depth == 0);
        buffer_text(&p->out, dots);
        return true;
    }
}

/* Each term is printed within its own bytes, and so cannot lead astray what
 * follows it. */
static bool print(struct printer *p, struct reader *r, unsigned depth)
{
    struct reader term = *r;
    if (!cnode_term_skip(r))
        return false;
    term.end = r->at;
    if (depth < DEPTH)
        return print_known(p, &term, depth);
    buffer_text(&p->out, dots);
    return true;
}

/* --- all of it ------------------------------------------------------------ */

/* The length of the longest part of at most `most` bytes in whole characters.
 */
static size_t whole_characters(const char *text, size_t len, size_t most)
{
    size_t at = 0, n;
    uint32_t code;
    while (at < len && (n = utf8_next(text + at, len - at, &code)) > 0 &&
           at + n <= most)
        at += n;
    return at;
}

bool cnode_term_text(struct reader *r, const struct cnode_node *node,
                     char text[CNODE_TEXT])
{
    struct printer p = {.node = node};
    buffer_init(&p.out, ROOM);
    bool good = print(&p, r, 0) && buffer_status(&p.out) == 0;
    const char *from = (const char *)p.out.data;
    size_t len = good ? p.out.len : 0;
    bool cut = len >= CNODE_TEXT;
    if (cut)
        len = whole_characters(from, len, CNODE_TEXT - sizeof(dots));
    if (len)
        memcpy(text, from, len);
    memcpy(text + len, cut ? dots : "", cut ? sizeof(dots) : 1);
    buffer_deinit(&p.out);
    return good;
}
