/**
 * @file json_dump.h
 * Writes values of JSON, for all formats that are JSON. JSON is also shown in
 * terminals, so characters in strings that are not visible (base/utf8.h) are
 * written as \uXXXX, which reads back as the same text. A failure sets
 * out->failed.
 */
#ifndef CPROF_FORMATS_JSON_DUMP_H
#define CPROF_FORMATS_JSON_DUMP_H

#include <stddef.h>

#include "base/buffer.h"

/** Appends text, which must be valid UTF-8, as a string. */
void json_dump_text(struct buffer *out, const char *text);
void json_dump_text_n(struct buffer *out, const char *text, size_t len);
/** Appends a finite number with ten significant digits. */
void json_dump_real(struct buffer *out, double value);

#endif
