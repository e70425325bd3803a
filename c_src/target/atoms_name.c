/*
 * Takes apart the names of JIT functions. The VM prints them with "%T:%T/%u",
 * atoms quoted where Erlang needs it (erts/emulator/beam/erl_printf_term.c,
 * print_atom_name): 'wl':'-run/2-fun-2-'/3 with \n, \t, ..., \ooo inside.
 */
#include <stdlib.h>
#include <string.h>

#include "target/atoms_parts.h"

struct cursor {
    const char *at;
    char *to;
    size_t left; /* bytes of room, one kept for the NUL */
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
    if (code < 0x80) {
        put(c, (char)code);
    } else if (code < 0x800) {
        put(c, (char)(0xc0 | code >> 6));
        put(c, (char)(0x80 | (code & 0x3f)));
    } else if (code < 0x10000) {
        put(c, (char)(0xe0 | code >> 12));
        put(c, (char)(0x80 | (code >> 6 & 0x3f)));
        put(c, (char)(0x80 | (code & 0x3f)));
    } else if (code < 0x110000) {
        put(c, (char)(0xf0 | code >> 18));
        put(c, (char)(0x80 | (code >> 12 & 0x3f)));
        put(c, (char)(0x80 | (code >> 6 & 0x3f)));
        put(c, (char)(0x80 | (code & 0x3f)));
    }
}

/* What follows a backslash; leaves the cursor behind it. */
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

/* One atom up to (not including) `end`; returns what follows it, or NULL. */
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
