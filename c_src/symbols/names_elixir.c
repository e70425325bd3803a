#include "symbols/names_elixir.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/utf8.h"

struct text {
    char *to;
    size_t size, len;
};

static void put(struct text *t, const char *bytes, size_t len)
{
    size_t room = t->size - 1 - t->len;
    if (len > room)
        len = room;
    memcpy(t->to + t->len, bytes, len);
    t->len += len;
    t->to[t->len] = '\0';
}

static void put_text(struct text *t, const char *text)
{
    put(t, text, strlen(text));
}

/* The next code point; a byte that is not UTF-8 stands for itself. */
static uint32_t next_char(const char **at, const char *end)
{
    uint32_t c = (uint8_t) * *at;
    size_t len = utf8_next(*at, (size_t)(end - *at), &c);
    *at += len ? len : 1;
    return len ? c : (uint8_t)(*at)[-1];
}

static bool in(uint32_t c, uint32_t low, uint32_t high)
{
    return c >= low && c <= high;
}

/* Letters above ASCII, by block (see the header). */
static bool is_wide_letter(uint32_t c)
{
    if (c < 0xc0 || c == 0xd7 || c == 0xf7)
        return false;
    return !in(c, 0x2000, 0x2bff) && !in(c, 0x3000, 0x3004) &&
           !in(c, 0xe000, 0xf8ff) && !in(c, 0xfff0, 0xffff) && c < 0x1f000;
}

static bool is_wide_capital(uint32_t c)
{
    return in(c, 0xc0, 0xde) || in(c, 0x391, 0x3ab) || in(c, 0x400, 0x42f) ||
           (in(c, 0x100, 0x137) && c % 2 == 0);
}

static bool starts_identifier(uint32_t c)
{
    return c == '_' || in(c, 'a', 'z') ||
           (is_wide_letter(c) && !is_wide_capital(c));
}

static bool continues_identifier(uint32_t c)
{
    return c == '_' || in(c, 'a', 'z') || in(c, 'A', 'Z') || in(c, '0', '9') ||
           is_wide_letter(c);
}

static bool is_identifier(const char *at, const char *end)
{
    if (at == end || !starts_identifier(next_char(&at, end)))
        return false;
    while (at < end) {
        uint32_t c = next_char(&at, end);
        if ((c == '?' || c == '!') && at == end)
            return true;
        if (!continues_identifier(c))
            return false;
    }
    return true;
}

/* Operators that may follow a dot without quotes. */
static const char *const operators[] = {
    "&",   "!",   "^",   "~~~", "@",   "<-",  "\\\\", "::",  "|",   "=",  "||",
    "|||", "&&",  "&&&", "==",  "!=",  "=~",  "===",  "!==", "<",   "<=", ">=",
    ">",   "|>",  "<<<", ">>>", "<~",  "~>",  "<<~",  "~>>", "<~>", "++", "--",
    "<|>", "^^^", "**",  "<>",  "+++", "---", "+",    "-",   "*",   "/",
};

static bool is_operator(const char *at, size_t len)
{
    for (size_t i = 0; i < sizeof(operators) / sizeof(*operators); i++)
        if (strlen(operators[i]) == len && memcmp(operators[i], at, len) == 0)
            return true;
    return false;
}

/* The escape for a character, or NULL when it is written as it is. */
static const char *escape_of(uint32_t c, char hex[8])
{
    static const char names[] = "\a\b\x7f\x1b\f\n\r\t\v\\\"";
    static const char *const escapes[] = {"\\a", "\\b",  "\\d", "\\e",
                                          "\\f", "\\n",  "\\r", "\\t",
                                          "\\v", "\\\\", "\\\""};
    const char *known = c && c < 0x80 ? strchr(names, (int)c) : NULL;
    if (known)
        return escapes[known - names];
    if (c >= 0x20 && !in(c, 0x80, 0x9f))
        return NULL;
    snprintf(hex, 8, "\\x%02X", (unsigned)c & 0xff);
    return hex;
}

static void put_quoted(struct text *t, const char *at, const char *end)
{
    put_text(t, "\"");
    while (at < end) {
        const char *from = at;
        char hex[8];
        uint32_t c = next_char(&at, end);
        const char *escape = escape_of(c, hex);
        if (c == '#' && at < end && *at == '{')
            escape = "\\#";
        if (escape)
            put_text(t, escape);
        else
            put(t, from, (size_t)(at - from));
    }
    put_text(t, "\"");
}

static void put_function(struct text *t, const char *at, size_t len)
{
    if (is_operator(at, len) || is_identifier(at, at + len))
        put(t, at, len);
    else
        put_quoted(t, at, at + len);
}

/* "Elixir", or "Elixir" followed by parts ".[A-Z][A-Za-z0-9_]*". */
static bool is_alias(const char *module)
{
    const char *at = module + 6; /* the caller has checked for "Elixir" */
    while (*at == '.' && in((uint8_t)at[1], 'A', 'Z')) {
        at += 2;
        while (in((uint8_t)*at, 'a', 'z') || in((uint8_t)*at, 'A', 'Z') ||
               in((uint8_t)*at, '0', '9') || *at == '_')
            at++;
    }
    return *at == '\0';
}

static void put_module(struct text *t, const char *module)
{
    if (!is_alias(module)) {
        put_text(t, ":");
        put_quoted(t, module, module + strlen(module));
    } else if (!module[6] || strcmp(module, "Elixir.Elixir") == 0 ||
               strncmp(module, "Elixir.Elixir.", 14) == 0) {
        put_text(t, module);
    } else {
        put_text(t, module + 7);
    }
}

/* The compiler's name for a fun is "-PARENT/ARITY-KIND-COUNT-": the part behind
 * the last slash has three dashes, and ends with the third. Comprehensions,
 * inlined functions and the like have fewer. */
static bool fun_parent(const char *function, size_t *name_len,
                       const char **arity, size_t *arity_len)
{
    if (function[0] != '-')
        return false;
    const char *slash = strrchr(function, '/');
    const char *tail = slash ? slash + 1 : function + 1;
    size_t dashes = 0;
    for (const char *at = tail; *at; at++)
        dashes += *at == '-';
    if (dashes != 3 || tail[strlen(tail) - 1] != '-')
        return false;
    *name_len = slash ? (size_t)(slash - function - 1) : 0;
    *arity = tail;
    *arity_len = (size_t)(strchr(tail, '-') - tail);
    return true;
}

void names_elixir_spell(const char *module, const char *function, int arity,
                        char *out, size_t size)
{
    struct text t = {out, size, 0};
    char number[24];
    size_t name_len = strlen(function), parent_arity_len;
    const char *parent_arity;
    out[0] = '\0';
    snprintf(number, sizeof(number), "%d", arity);
    bool fun =
        fun_parent(function, &name_len, &parent_arity, &parent_arity_len);
    if (fun) {
        put_text(&t, "anonymous fn/");
        put_text(&t, number);
        put_text(&t, " in ");
    }
    put_module(&t, module);
    put_text(&t, ".");
    put_function(&t, fun ? function + 1 : function, name_len);
    put_text(&t, "/");
    if (fun)
        put(&t, parent_arity, parent_arity_len);
    else
        put_text(&t, number);
}
