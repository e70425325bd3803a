/**
 * @file query_text.h
 * The text of an SQL query without what differs from call to call, so that the
 * same query is recognised. Parameters (`$1`, `?`, `:name`, `@p1`), numbers
 * with their sign, and quoted texts become `?`. A list of them becomes one `?`,
 * so `IN (1, 2)` and `IN (3)` are the same. A run of white space becomes one
 * space, and comments are left out. The text is not parsed any further, so any
 * dialect of SQL, and any other text, has a result.
 */
#ifndef CPROF_NIF_QUERY_TEXT_H
#define CPROF_NIF_QUERY_TEXT_H

#include <stddef.h>
#include <stdint.h>

enum {
    QUERY_READ_MAX = 8192, /**< bytes of a query that are looked at */
    QUERY_TEXT_MAX = 2000, /**< bytes of the result; the rest is left out */
};

struct query_text {
    size_t length;
    char text[QUERY_TEXT_MAX];
};

/** Sets *q to the text of these bytes, which may be any bytes. The time is
 *  proportional to their number, up to QUERY_READ_MAX. */
void query_text_make(struct query_text *q, const char *sql, size_t length);

/** A number for that text: a hash, which is equal for equal texts. It is not 0
 *  and has 58 bits, so that it is a small integer of the VM. Remembers the
 *  numbers of the last queries. Any number of threads may call it at a time. */
uint64_t query_text_id(const char *sql, size_t length);

#endif
