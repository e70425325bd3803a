/*
 * Writes terms as text. The terms are labels of processes: mostly text, an atom
 * or a small tuple. Binaries are read as OTP 27 and later store them
 * (erts/emulator/beam/erl_bits.h); process labels exist only since OTP 27.
 *
 *   heap bits  {header 8, size in bits, bytes...}
 *   sub bits   {header 9, address | 2 flag bits, first bit, bit after the last}
 */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/utf8.h"
#include "target/erlproc.h"
#include "target/term_heap.h"

enum {
    MAX_READS = 512, /* reads of the node's memory for one text */
    MAX_DEPTH = 4,
    MAX_ELEMENTS = 16,
    MAX_BYTES = 252,
    HEAP_BITS = 8,
    SUB_BITS = 9,
    HEADER_SHIFT = 2,
    HEADER_MASK = 15,
    ARITY_SHIFT = 6,
    BITS_RELEASE = 27,
};

struct writer {
    const struct term_node *node;
    char *to;
    size_t size, len;
    unsigned reads;
    int err;
};

static void put(struct writer *w, const char *bytes, size_t len)
{
    size_t room = w->size - 1 - w->len;
    if (len > room) /* keep only whole characters */
        for (len = room; len > 0 && ((uint8_t)bytes[len] & 0xc0) == 0x80;)
            len--;
    memcpy(w->to + w->len, bytes, len);
    w->len += len;
    w->to[w->len] = '\0';
}

static void put_text(struct writer *w, const char *text)
{
    put(w, text, strlen(text));
}

static void term(struct writer *w, uint64_t t, int depth);

/* Counts one read. False when no more reads, or no more text, are allowed. */
static bool may_read(struct writer *w)
{
    return !w->err && w->reads++ < MAX_READS && w->len + 1 < w->size;
}

/* --- text ----------------------------------------------------------------- */

static bool is_printable(uint64_t code)
{
    return code >= ' ' && code <= 0x10ffff && utf8_is_visible((uint32_t)code) &&
           !(code >= 0xd800 && code <= 0xdfff);
}

/* A list of characters, truncated to `size`. 0; -E_NOT_FOUND: it is another
 * kind of list; or an error. */
static int characters(struct writer *w, uint64_t list, char *to, size_t size)
{
    size_t len = 0;
    to[0] = '\0';
    while (term_kind(list) == TERM_IS_LIST && len + 5 < size) {
        uint64_t cell[2];
        if (!may_read(w))
            return -E_NOT_FOUND;
        int err = term_cell(w->node->memory, list, cell);
        if (err)
            return err;
        if (term_kind(cell[0]) != TERM_IS_SMALL ||
            !is_printable((uint64_t)term_small(cell[0])))
            return -E_NOT_FOUND;
        len += utf8_put((uint32_t)term_small(cell[0]), to + len);
        to[len] = '\0';
        list = cell[1];
    }
    enum term_kind end = term_kind(list);
    return end == TERM_IS_NIL || end == TERM_IS_LIST ? 0 : -E_NOT_FOUND;
}

/* The place of a binary's bytes; false: not a binary, or not whole bytes. */
static bool bytes_of(uint64_t at, const uint64_t word[4], uint64_t *from,
                     uint64_t *size)
{
    uint64_t kind = word[0] >> HEADER_SHIFT & HEADER_MASK, bits = word[1];
    *from = at + 16;
    if (kind == SUB_BITS) {
        *from = (word[1] & ~(uint64_t)3) + word[2] / 8;
        bits = word[3] - word[2];
        if (word[2] > word[3] || word[2] % 8)
            return false;
    }
    *size = bits / 8;
    return (kind == HEAP_BITS || kind == SUB_BITS) && bits % 8 == 0;
}

/* The length of the part that consists of printable characters. */
static size_t printable(const char *text, size_t len)
{
    size_t i = 0;
    uint32_t code;
    for (size_t n; i < len; i += n) {
        n = utf8_next(text + i, len - i, &code);
        if (n == 0 || !is_printable(code))
            break;
    }
    return i;
}

/* A binary of text. 0; -E_NOT_FOUND: not a binary of text; or an error. */
static int binary(struct writer *w, uint64_t t, char to[MAX_BYTES + 1])
{
    const struct memory *m = w->node->memory;
    uint64_t word[4] = {0}, from, size;
    to[0] = '\0';
    if (w->node->release < BITS_RELEASE || !may_read(w))
        return -E_NOT_FOUND;
    int err = memory_read(m, term_address(t), word, 2 * sizeof(word[0]));
    if (!err && (word[0] >> HEADER_SHIFT & HEADER_MASK) == SUB_BITS)
        err = memory_read(m, term_address(t), word, sizeof(word));
    if (err || (word[0] & 3) != 0)
        return err ? err : -E_TORN;
    if (!bytes_of(term_address(t), word, &from, &size))
        return -E_NOT_FOUND;
    size_t len = size < MAX_BYTES ? size : MAX_BYTES;
    err = len ? memory_read(m, from, to, len) : 0;
    if (err)
        return err;
    size_t good = printable(to, len);
    to[good] = '\0';
    /* Where our limit cut the text, the last character may be incomplete. */
    return good == len || (len < size && len - good < 4) ? 0 : -E_NOT_FOUND;
}

/* False: it is not text, or w->err is set. */
static bool as_text(struct writer *w, uint64_t t, char text[MAX_BYTES + 1])
{
    int err = -E_NOT_FOUND;
    if (term_kind(t) == TERM_IS_LIST)
        err = characters(w, t, text, MAX_BYTES);
    else if (term_kind(t) == TERM_IS_BOXED)
        err = binary(w, t, text);
    if (err && err != -E_NOT_FOUND)
        w->err = err;
    return err == 0;
}

/* --- terms ---------------------------------------------------------------- */

static void atom(struct writer *w, uint64_t t)
{
    char text[ERLPROC_TEXT], quoted[2 * ERLPROC_TEXT];
    if (!may_read(w) ||
        atoms_text(w->node->atoms, t, text, sizeof(text)) != 0) {
        put_text(w, "...");
        return;
    }
    atoms_quote(text, quoted, sizeof(quoted));
    put_text(w, quoted);
}

static void list(struct writer *w, uint64_t t, int depth)
{
    put_text(w, "[");
    for (int i = 0; term_kind(t) == TERM_IS_LIST; i++) {
        uint64_t cell[2];
        put_text(w, i ? "," : "");
        if (i == MAX_ELEMENTS || !may_read(w)) {
            put_text(w, "...]");
            return;
        }
        w->err = term_cell(w->node->memory, t, cell);
        if (w->err)
            return;
        term(w, cell[0], depth + 1);
        t = cell[1];
    }
    if (term_kind(t) != TERM_IS_NIL) {
        put_text(w, "|");
        term(w, t, depth + 1);
    }
    put_text(w, "]");
}

static void elements(struct writer *w, const uint64_t *element, size_t n,
                     int depth)
{
    put_text(w, "{");
    for (size_t i = 0; i < n && !w->err; i++) {
        put_text(w, i ? "," : "");
        term(w, element[i], depth + 1);
    }
    put_text(w, "}");
}

/* A tuple; other terms with a header are written as "...". */
static void boxed(struct writer *w, uint64_t t, int depth)
{
    uint64_t header, element[MAX_ELEMENTS];
    if (!may_read(w)) {
        put_text(w, "...");
        return;
    }
    w->err = memory_read_u64(w->node->memory, term_address(t), &header);
    size_t arity = header >> ARITY_SHIFT;
    if (!w->err && arity <= MAX_ELEMENTS)
        w->err = term_tuple(w->node->memory, t, arity, element);
    if (!w->err && arity <= MAX_ELEMENTS)
        elements(w, element, arity, depth);
    else if (!w->err || w->err == -E_NOT_FOUND) {
        w->err = 0;
        put_text(w, "...");
    }
}

static void term(struct writer *w, uint64_t t, int depth)
{
    char text[MAX_BYTES + 1];
    if (w->err)
        return;
    if (depth > 0 && as_text(w, t, text)) {
        bool is_list = term_kind(t) == TERM_IS_LIST;
        put_text(w, is_list ? "\"" : "<<\"");
        put_text(w, text);
        put_text(w, is_list ? "\"" : "\">>");
        return;
    }
    enum term_kind kind =
        w->err || depth > MAX_DEPTH ? TERM_IS_OTHER : term_kind(t);
    switch (kind) {
    case TERM_IS_ATOM:
        atom(w, t);
        break;
    case TERM_IS_SMALL:
        snprintf(text, sizeof(text), "%" PRId64, term_small(t));
        put_text(w, text);
        break;
    case TERM_IS_PID: {
        char pid[ERLPROC_TEXT];
        erlproc_pid_text(t, w->node->release, w->node->table_size, pid);
        put_text(w, pid);
        break;
    }
    case TERM_IS_NIL:
        put_text(w, "[]");
        break;
    case TERM_IS_LIST:
        list(w, t, depth);
        break;
    case TERM_IS_BOXED:
        boxed(w, t, depth);
        break;
    default:
        put_text(w, "...");
    }
}

int term_text(const struct term_node *n, uint64_t t, char *text, size_t size)
{
    struct writer w = {.node = n, .to = text, .size = size};
    char words[MAX_BYTES + 1];
    text[0] = '\0';
    if (as_text(&w, t, words))
        put_text(&w, words);
    else if (!w.err)
        term(&w, t, 0);
    if (w.err || strcmp(text, "...") == 0)
        text[0] = '\0';
    return w.err;
}
