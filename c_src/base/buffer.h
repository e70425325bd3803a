/**
 * @file buffer.h
 * A growable run of bytes with a hard maximum. A failed append (no memory, or
 * past the maximum) sets `failed` and leaves the content as it was; later
 * appends fail too, so a writer checks once, at the end.
 */
#ifndef CPROF_BASE_BUFFER_H
#define CPROF_BASE_BUFFER_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct buffer {
    uint8_t *data;
    size_t len;
    size_t cap;
    size_t max;
    bool failed;
};

#define BUFFER_DEFAULT_MAX ((size_t)1 << 31)

void buffer_init(struct buffer *b, size_t max);
/** Frees the content; the buffer is empty and usable again. */
void buffer_deinit(struct buffer *b);
void buffer_clear(struct buffer *b);
void buffer_add(struct buffer *b, const void *bytes, size_t len);
void buffer_text(struct buffer *b, const char *text);
void buffer_printf(struct buffer *b, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void buffer_vprintf(struct buffer *b, const char *format, va_list args)
    __attribute__((format(printf, 2, 0)));
/** The number in decimal digits; many times faster than buffer_printf. */
void buffer_decimal(struct buffer *b, uint64_t n);
/** Appends len bytes for the caller to fill in; the buffer's len already counts
 *  them. Returns where they begin, or NULL on failure. */
uint8_t *buffer_grow(struct buffer *b, size_t len);
/** 0, or -E_LIMIT when any append failed. */
MUST_USE int buffer_status(const struct buffer *b);
/** Appends everything that can be read from fd. Returns 0, -E_LIMIT if that is
 *  more than the maximum, or another negative error. */
MUST_USE int buffer_read_fd(struct buffer *b, int fd);
/** Appends a whole file, which may be in /proc; 0 or a negative error. */
MUST_USE int buffer_read_file(struct buffer *b, const char *path);

#endif
