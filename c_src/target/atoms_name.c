/*
 * Splits the names of JIT functions, and writes atoms as these names do. The VM
 * prints the names with "%T:%T/%u", and quotes atoms where Erlang requires it
 * (erts/emulator/beam/erl_printf_term.c, print_atom_name), as in
 * 'my-mod':'-run/2-fun-2-'/3, with \n, \t, ..., \ooo inside.
 */
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "target/atoms_parts.h"

struct cursor {
    const char *at;
    char *to;
    size_t left; /* free bytes, with the one for the NUL */
};

static void put(struct cursor *c, char byte)
{
    if (c->left <= 1)
        return;
    *c->to++ = byte;
    c->left--;
}

static void put_utf8(struct cursor *c, unsigned long code)
{
    char bytes[4];
    size_t len = code <= 0x10ffff ? utf8_put((uint32_t)code, bytes) : 0;
    for (size_t i = 0; i < len; i++)
        put(c, bytes[i]);
}

/* Decodes what follows a backslash, and moves the cursor behind it. */
static bool escape(struct cursor *c)
{
    static const char letters[] = "ntrbfve", bytes[] = "\n\t\r\b\f\v\x1b";
    char letter = *c->at;
    const char *known = letter ? strchr(letters, letter) : NULL;
    if (known) {
        put(c, bytes[known - letters]);
        c->at++;
        return true;
    }
    if (letter == 'x' && c->at[1] == '{') {
        char *end;
        unsigned long code = strtoul(c->at + 2, &end, 16);
        if (*end != '}')
            return false;
        put_utf8(c, code);
        c->at = end + 1;
        return true;
    }
    if (letter >= '0' && letter <= '7') {
        unsigned long code = 0;
        for (int i = 0; i < 3 && *c->at >= '0' && *c->at <= '7'; i++)
            code = code * 8 + (unsigned long)(*c->at++ - '0');
        put_utf8(c, code);
        return true;
    }
    if (letter == '\0')
        return false;
    put(c, *c->at++);
    return true;
}

static bool quoted(struct cursor *c)
{
    c->at++;
    while (*c->at && *c->at != '\'') {
        if (*c->at != '\\') {
            put(c, *c->at++);
            continue;
        }
        c->at++;
        if (!escape(c))
            return false;
    }
    return *c->at++ == '\'';
}

/* Reads one atom, which `end` must follow; returns what is behind `end`, or
 * NULL. */
static const char *atom(const char *at, char end, char text[ATOMS_MAX_TEXT])
{
    struct cursor c = {.at = at, .to = text, .left = ATOMS_MAX_TEXT};
    if (*at == '\'') {
        if (!quoted(&c))
            return NULL;
    } else {
        while (*c.at && *c.at != end)
            put(&c, *c.at++);
        if (c.at == at)
            return NULL;
    }
    *c.to = '\0';
    return *c.at == end ? c.at + 1 : NULL;
}

int atoms_parse_mfa(const char *name, struct atoms_mfa *out)
{
    const char *rest = atom(name, ':', out->module);
    if (!rest || *rest == ':')
        return -E_FORMAT; /* global::... */
    rest = atom(rest, '/', out->function);
    if (!rest || *rest < '0' || *rest > '9')
        return -E_FORMAT;
    char *end;
    unsigned long arity = strtoul(rest, &end, 10);
    if (*end || arity > 255)
        return -E_FORMAT;
    out->arity = (unsigned)arity;
    return 0;
}

/* --- and back ------------------------------------------------------------- */

/* The letters of Latin-1 count as letters, and the lower case ones may be
 * first. */
static bool needs_no_quotes(const char *text)
{
    bool first = true;
    uint32_t c;
    for (size_t n; *text; text += n, first = false) {
        n = utf8_next(text, strlen(text), &c);
        bool small =
            (c >= 'a' && c <= 'z') || (c >= 0xdf && c <= 0xff && c != 0xf7);
        bool other = (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                     c == '_' || (c >= 0xc0 && c <= 0xde && c != 0xd7);
        if (n == 0 || !(small || (other && !first)))
            return false;
    }
    return !first;
}

static void put_escaped(struct cursor *c, uint8_t byte)
{
    static const char letters[] = "ntrbfv", bytes[] = "\n\t\r\b\f\v";
    const char *known = strchr(bytes, byte);
    if (byte == '\'' || byte == '\\' || known)
        put(c, '\\');
    if (known)
        put(c, letters[known - bytes]);
    else if (byte >= ' ')
        put(c, (char)byte);
    else
        for (int shift = 6; shift >= 0; shift -= 3) {
            if (shift == 6)
                put(c, '\\');
            put(c, (char)('0' + (byte >> shift & 7)));
        }
}

void atoms_quote(const char *text, char *out, size_t size)
{
    struct cursor c = {.to = out, .left = size};
    bool bare = needs_no_quotes(text);
    if (!bare)
        put(&c, '\'');
    for (const char *at = text; *at; at++)
        if (bare)
            put(&c, *at);
        else
            put_escaped(&c, (uint8_t)*at);
    if (!bare)
        put(&c, '\'');
    *c.to = '\0';
}
