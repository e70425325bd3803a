#include "symbols/names.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "symbols/names_elixir.h"

/* The VM writes a name with its %T format (erts/emulator/beam/
 * erl_printf_term.c, print_atom_name()). Inside quotes, ' and \ are escaped by
 * \, and control characters are \n, \t, ... or \ and three octal digits. */

struct text {
    char *to; /* NAMES_MAX bytes */
    size_t len;
};

static void put(struct text *t, unsigned char c)
{
    if (t->len + 1 < NAMES_MAX)
        t->to[t->len++] = (char)c;
}

static bool is_octal(const char *at)
{
    for (int i = 0; i < 3; i++)
        if (at[i] < '0' || at[i] > '7')
            return false;
    return true;
}

/* The VM writes octal digits only for control characters, U+0000..U+001F and
 * U+0080..U+009F (for these, the second byte of their UTF-8). */
static void put_control(struct text *t, const char *digits)
{
    unsigned value = (unsigned)(digits[0] - '0') << 6 |
                     (unsigned)(digits[1] - '0') << 3 |
                     (unsigned)(digits[2] - '0');
    if (value >= 0x80)
        put(t, 0xc2);
    /* A C string cannot contain a NUL. */
    put(t, value ? (unsigned char)value : '?');
}

/* Decodes an escape, `at` being behind its backslash; returns what follows. */
static const char *put_escape(struct text *t, const char *at)
{
    static const char from[] = "nftrbv", to[] = "\n\f\t\r\b\v";
    if (is_octal(at)) {
        put_control(t, at);
        return at + 3;
    }
    const char *known = strchr(from, *at);
    put(t, (unsigned char)(known ? to[known - from] : *at));
    return at + 1;
}

/* Reads up to the closing quote; returns what follows, or NULL without one. */
static const char *quoted(const char *at, struct text *t)
{
    while (*at && *at != '\'') {
        if (*at == '\\' && at[1])
            at = put_escape(t, at + 1);
        else
            put(t, (unsigned char)*at++);
    }
    return *at ? at + 1 : NULL;
}

static bool is_plain(unsigned char c)
{
    return isalnum(c) || c == '_' || c >= 0x80;
}

/* Reads one atom into out; returns what follows, or NULL when there is none. */
static const char *atom(const char *at, char out[NAMES_MAX])
{
    struct text t = {out, 0};
    if (*at == '\'') {
        at = quoted(at + 1, &t);
    } else {
        if (!is_plain((unsigned char)*at))
            return NULL;
        while (is_plain((unsigned char)*at))
            put(&t, (unsigned char)*at++);
    }
    out[t.len] = '\0';
    return at;
}

static bool arity(const char *at, int *out)
{
    int value = 0;
    size_t digits = 0;
    for (; at[digits] >= '0' && at[digits] <= '9' && digits < 4; digits++)
        value = value * 10 + (at[digits] - '0');
    if (digits == 0 || at[digits])
        return false;
    *out = value;
    return true;
}

static bool mfa(const char *at, struct names *out)
{
    at = atom(at, out->module);
    if (!at || *at++ != ':')
        return false;
    at = atom(at, out->function);
    return at && *at++ == '/' && arity(at, &out->arity);
}

static bool is_elixir(const char *module)
{
    return strncmp(module, "Elixir.", 7) == 0 || strcmp(module, "Elixir") == 0;
}

int names_parse(const char *vm_name, struct names *out)
{
    out->kind = FRAME_ERLANG;
    if (mfa(vm_name, out)) {
        if (is_elixir(out->module)) {
            out->kind = FRAME_ELIXIR;
            names_elixir_spell(out->module, out->function, out->arity,
                               out->display, sizeof(out->display));
            return 0;
        }
        snprintf(out->display, sizeof(out->display), "%s", vm_name);
        return 0;
    }
    snprintf(out->display, sizeof(out->display), "%s", vm_name);
    out->module[0] = '\0';
    snprintf(out->function, sizeof(out->function), "%s", vm_name);
    out->arity = FRAME_NO_ARITY;
    return -E_FORMAT;
}
