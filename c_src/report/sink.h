/**
 * @file sink.h
 * Where a report goes: objects and lists of values, passed one after another.
 * report.h defines the content; a sink knows how its language writes it, and
 * counts the values of an object or list if the language needs that.
 * formats/json_sink.h writes JSON, and port/port_encode.h Erlang terms.
 *
 * Within an object each value has a key, within a list it has none (NULL). A
 * sink remembers its first failure; its owner checks for it at the end.
 */
#ifndef CPROF_REPORT_SINK_H
#define CPROF_REPORT_SINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum sink_box { SINK_OBJECT, SINK_LIST };

/** How deeply objects and lists may be nested; no report needs more. */
enum { SINK_MAX_DEPTH = 8 };

struct sink;

struct sink_ops {
    /** Called before each value that has a key. */
    void (*key)(struct sink *s, const char *key);
    void (*begin)(struct sink *s, enum sink_box box);
    void (*end)(struct sink *s);
    void (*text)(struct sink *s, const char *text, size_t len); /* UTF-8 */
    /** One of a few names of ours, such as a kind or a verdict. */
    void (*word)(struct sink *s, const char *word);
    void (*integer)(struct sink *s, int64_t value);
    void (*natural)(struct sink *s, uint64_t value);
    /** value is finite. More decimals would tell people nothing. */
    void (*real)(struct sink *s, double value, unsigned decimals);
    void (*boolean)(struct sink *s, bool value);
    void (*null)(struct sink *s);
};

/** The first member of every kind of sink. */
struct sink {
    const struct sink_ops *ops;
};

void sink_object(struct sink *s, const char *key);
void sink_list(struct sink *s, const char *key);
void sink_end(struct sink *s);
void sink_text(struct sink *s, const char *key, const char *text);
void sink_word(struct sink *s, const char *key, const char *word);
void sink_integer(struct sink *s, const char *key, int64_t value);
void sink_natural(struct sink *s, const char *key, uint64_t value);
/** Null if the value is not finite. */
void sink_real(struct sink *s, const char *key, double value,
               unsigned decimals);
void sink_boolean(struct sink *s, const char *key, bool value);
void sink_null(struct sink *s, const char *key);
/** The lines of a text, as a list. */
void sink_lines(struct sink *s, const char *key, const char *lines);

#endif
