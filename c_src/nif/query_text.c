#include "nif/query_text.h"

#include <stdbool.h>
#include <string.h>

#include "nif/mix.h"

/* What is left of the query. */
struct rest {
    const char *at, *end;
};

static char peek(const struct rest *r, size_t ahead)
{
    return (size_t)(r->end - r->at) > ahead ? r->at[ahead] : '\0';
}

static void skip(struct rest *r, size_t count)
{
    size_t left = (size_t)(r->end - r->at);
    r->at += count < left ? count : left;
}

/* Skips everything up to the end of the next `text`, or all of the rest if it
 * does not contain that text. */
static void skip_past(struct rest *r, const char *text, size_t length)
{
    const char *found = memmem(r->at, (size_t)(r->end - r->at), text, length);
    r->at = found ? found + length : r->end;
}

enum { OTHER, SPACE, NAME, DIGIT, DOLLAR };

/* All bytes of characters beyond ASCII belong to names. */
static const unsigned char classes[256] = {
    [' '] = SPACE,          ['\t' ... '\r'] = SPACE, ['0' ... '9'] = DIGIT,
    ['a' ... 'z'] = NAME,   ['A' ... 'Z'] = NAME,    ['_'] = NAME,
    [0x80 ... 0xff] = NAME, ['$'] = DOLLAR,
};

static int class_of(char c)
{
    return classes[(unsigned char)c];
}

static bool is_digit(char c)
{
    return class_of(c) == DIGIT;
}

static bool begins_name(char c)
{
    return class_of(c) == NAME;
}

static bool is_in_name(char c)
{
    return class_of(c) >= NAME;
}

static size_t name_length(const struct rest *r, size_t from)
{
    size_t left = (size_t)(r->end - r->at), i = from;
    while (i < left && is_in_name(r->at[i]))
        i++;
    return i - from;
}

/* --- writing -------------------------------------------------------------- */

static void put(struct query_text *q, const char *text, size_t length)
{
    size_t room = QUERY_TEXT_MAX - q->length;
    if (length > room)
        length = room;
    memcpy(q->text + q->length, text, length);
    q->length += length;
}

static void put_space(struct query_text *q)
{
    if (q->length > 0 && q->text[q->length - 1] != ' ')
        put(q, " ", 1);
}

/* Does this text end at that place? */
static bool ends_with(const struct query_text *q, size_t end, const char *text)
{
    size_t length = strlen(text);
    return end >= length && memcmp(q->text + end - length, text, length) == 0;
}

/* If the result ends with `one`, a comma and `one`, removes the last `one` and
 * the comma. */
static void drop_repeated(struct query_text *q, const char *one)
{
    if (!ends_with(q, q->length, one))
        return;
    size_t at = q->length - strlen(one);
    bool comma = false;
    while (at > 0 &&
           (q->text[at - 1] == ' ' || (q->text[at - 1] == ',' && !comma)))
        comma |= q->text[--at] == ',';
    if (comma && ends_with(q, at, one))
        q->length = at;
}

static void put_value(struct query_text *q)
{
    put(q, "?", 1);
    drop_repeated(q, "?");
}

static void take(struct query_text *q, struct rest *r, size_t count)
{
    const char *from = r->at;
    skip(r, count);
    put(q, from, (size_t)(r->at - from));
}

/* --- reading -------------------------------------------------------------- */

/* Skips a text in quotes, from its first quote on. A quote within the text is
 * doubled; with `backslashes`, it may also be written with a backslash. */
static void skip_quoted(struct rest *r, char quote, bool backslashes)
{
    skip(r, 1);
    while (r->at < r->end) {
        char c = *r->at;
        if (c == '\\' && backslashes)
            skip(r, 1);
        else if (c == quote && peek(r, 1) == quote)
            skip(r, 1);
        else if (c == quote)
            break;
        skip(r, 1);
    }
    skip(r, 1);
}

/* $1, or $tag$ ... $tag$ */
static void read_dollar(struct query_text *q, struct rest *r)
{
    const char *begin = r->at;
    size_t length = 1;
    while (is_in_name(peek(r, length)) && peek(r, length) != '$')
        length++;
    if (peek(r, length) == '$' && !is_digit(peek(r, 1))) {
        skip(r, length + 1);
        skip_past(r, begin, length + 1);
        put_value(q);
    } else if (is_digit(peek(r, 1))) {
        skip(r, length);
        put_value(q);
    } else {
        take(q, r, 1);
    }
}

/* :name and @name; ::type and @@name are no parameters. */
static void read_named(struct query_text *q, struct rest *r)
{
    char sign = peek(r, 0);
    if (peek(r, 1) == sign) {
        take(q, r, 2 + name_length(r, 2));
    } else if (begins_name(peek(r, 1)) ||
               (sign == '@' && is_digit(peek(r, 1)))) {
        skip(r, 1 + name_length(r, 1));
        put_value(q);
    } else {
        take(q, r, 1);
    }
}

/* A letter may say what kind of text follows: E'it\'s'. */
static void read_name(struct query_text *q, struct rest *r)
{
    size_t length = name_length(r, 0);
    if (length == 1 && peek(r, 1) == '\'' && strchr("eEnNbBxX", *r->at)) {
        bool backslashes = *r->at == 'e' || *r->at == 'E';
        skip(r, 1);
        skip_quoted(r, '\'', backslashes);
        put_value(q);
    } else {
        take(q, r, length);
    }
}

/* The sign of a number, and not a minus between two values? */
static bool is_sign(const struct query_text *q, const struct rest *r)
{
    size_t end = q->length;
    while (end > 0 && q->text[end - 1] == ' ')
        end--;
    return peek(r, 0) == '-' && is_digit(peek(r, 1)) && end > 0 &&
           strchr("(,=<>", q->text[end - 1]);
}

static void read_number(struct query_text *q, struct rest *r)
{
    while (is_in_name(peek(r, 0)) || peek(r, 0) == '.')
        skip(r, 1);
    put_value(q);
}

static void read_name_in_quotes(struct query_text *q, struct rest *r)
{
    const char *from = r->at;
    skip_quoted(r, *from, false);
    put(q, from, (size_t)(r->at - from));
}

/* False if no comment begins here. */
static bool skip_comment(struct rest *r)
{
    if (class_of(*r->at) != OTHER)
        return false;
    if (peek(r, 0) == '-' && peek(r, 1) == '-')
        skip_past(r, "\n", 1);
    else if (peek(r, 0) == '/' && peek(r, 1) == '*')
        skip_past(r, "*/", 2);
    else
        return false;
    return true;
}

static void read_next(struct query_text *q, struct rest *r)
{
    char c = *r->at;
    if (begins_name(c)) {
        read_name(q, r);
    } else if (is_digit(c) || is_sign(q, r)) {
        skip(r, 1);
        read_number(q, r);
    } else if (c == '\'') {
        skip_quoted(r, c, false);
        put_value(q);
    } else if (c == '"' || c == '`') {
        read_name_in_quotes(q, r);
    } else if (c == '$') {
        read_dollar(q, r);
    } else if (c == ':' || c == '@') {
        read_named(q, r);
    } else if (c == '?') {
        skip(r, 1);
        put_value(q);
    } else {
        take(q, r, 1);
        if (c == ')')
            drop_repeated(q, "(?)");
    }
}

void query_text_make(struct query_text *q, const char *sql, size_t length)
{
    struct rest r = {sql,
                     sql + (length < QUERY_READ_MAX ? length : QUERY_READ_MAX)};
    q->length = 0;
    while (r.at < r.end && q->length < QUERY_TEXT_MAX) {
        if (class_of(*r.at) == SPACE)
            skip(&r, 1);
        else if (!skip_comment(&r)) {
            read_next(q, &r);
            continue;
        }
        put_space(q);
    }
    while (q->length > 0 && q->text[q->length - 1] == ' ')
        q->length--;
}

/* --- numbers -------------------------------------------------------------- */

/* The numbers of queries that were met before, by a hash of their bytes: a
 * program makes most of its queries with the same bytes each time. If a reader
 * gets words that two writers wrote, they do not match each other. */
static struct {
    uint64_t id, raw_and_id;
} known[4096];

static uint64_t make_id(const char *sql, size_t length)
{
    struct query_text q;
    query_text_make(&q, sql, length);
    return (mix_bytes(0, q.text, q.length) >> 6) | 1;
}

uint64_t query_text_id(const char *sql, size_t length)
{
    size_t looked_at = length < QUERY_READ_MAX ? length : QUERY_READ_MAX;
    uint64_t raw = mix_bytes(0, sql, looked_at);
    size_t place = raw % (sizeof(known) / sizeof(*known));
    uint64_t id = __atomic_load_n(&known[place].id, __ATOMIC_RELAXED);
    if (id != 0 && (id ^ __atomic_load_n(&known[place].raw_and_id,
                                         __ATOMIC_RELAXED)) == raw)
        return id;
    id = make_id(sql, looked_at);
    __atomic_store_n(&known[place].id, id, __ATOMIC_RELAXED);
    __atomic_store_n(&known[place].raw_and_id, id ^ raw, __ATOMIC_RELAXED);
    return id;
}
