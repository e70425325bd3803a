/**
 * @file query_text.h
 * The text of an SQL query without what differs from call to call, so that the
 * same query is recognised: parameters (`$1`, `?`, `:name`, `@p1`), numbers and
 * quoted texts become `?`, lists of them one `?` (`IN (1, 2)` and `IN (3)` are
 * the same), runs of white space one space, and comments nothing. It is not
 * parsed any further, so any SQL and any other text will do.
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

void query_text_make(struct query_text *q, const char *sql, size_t length);

/** A number of that result, the same for the same one. It is not 0, and has 58
 *  bits, so that it is a small integer of the VM. Any thread may call this. */
uint64_t query_text_id(const char *sql, size_t length);

#endif
