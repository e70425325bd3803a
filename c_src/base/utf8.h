/**
 * @file utf8.h
 * Text from elsewhere: names, paths and arguments that other processes chose,
 * and texts of files. It may not be UTF-8 at all, and it may contain characters
 * that act on a terminal instead of being shown there.
 */
#ifndef CPROF_BASE_UTF8_H
#define CPROF_BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"

/**
 * Decodes the first character of `left` bytes. Returns its length and sets
 * *code; 0 when they do not begin with well-formed UTF-8 (RFC 3629: nothing
 * overlong, no surrogates, at most U+10FFFF), or begin with NUL.
 */
size_t utf8_next(const char *text, size_t left, uint32_t *code);

/** Writes a character; its length, 0 above U+10FFFF. No NUL is added. */
size_t utf8_put(uint32_t code, char out[4]);

/** Appends text as valid UTF-8 without NUL; other bytes become U+FFFD. */
void utf8_clean(struct buffer *out, const char *text, size_t len);

/**
 * False for what must not reach a terminal or a line of text: control
 * characters (C0, DEL, C1), line and paragraph separators, and marks that
 * change the direction of writing.
 */
bool utf8_is_visible(uint32_t code);

/**
 * Appends text as it may be shown: one line, whatever it contains. What is not
 * visible, and bytes that are not UTF-8, are written as `\x{1B}`, the form
 * that Erlang and Perl read. Showing the result again changes nothing.
 */
void utf8_show(struct buffer *out, const char *text, size_t len);

/** How many characters utf8_show would append. */
size_t utf8_shown_length(const char *text, size_t len);

#endif
