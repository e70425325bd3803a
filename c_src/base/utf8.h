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
 * Decodes the first character of `left` bytes and sets *code. Returns its
 * length in bytes; 0 if they do not begin with well-formed UTF-8 (RFC 3629:
 * nothing overlong, no surrogates, at most U+10FFFF), or begin with NUL, and
 * then *code is undefined.
 */
size_t utf8_next(const char *text, size_t left, uint32_t *code);

/** Writes a character as UTF-8, without a NUL. Returns its length in bytes; 0
 *  for a code above U+10FFFF. */
size_t utf8_put(uint32_t code, char out[4]);

/** Appends text as valid UTF-8 without NUL; other bytes become U+FFFD. */
void utf8_clean(struct buffer *out, const char *text, size_t len);

/**
 * False for characters that must not be written to a terminal or into a line of
 * text: control characters (C0, DEL, C1), line and paragraph separators, and
 * marks that change the direction of writing.
 */
bool utf8_is_visible(uint32_t code);

/**
 * Appends text in a form that is safe to show: always one line. Characters that
 * are not visible, and bytes that are not UTF-8, are written like `\x{1B}`, a
 * form that Erlang and Perl read. Showing the result again changes nothing.
 */
void utf8_show(struct buffer *out, const char *text, size_t len);

/** How many characters utf8_show would append. */
size_t utf8_shown_length(const char *text, size_t len);

#endif
