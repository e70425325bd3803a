/**
 * @file json_dump.h
 * JSON values to bytes, for all formats that are JSON.
 */
#ifndef CPROF_FORMATS_JSON_DUMP_H
#define CPROF_FORMATS_JSON_DUMP_H

#include <jansson.h>
#include <stddef.h>

#include "base/buffer.h"
#include "base/err.h"

/**
 * Appends a value. JSON goes to terminals, too: characters in strings that
 * are not visible (base/utf8.h) are written as \uXXXX, which reads back as
 * the same text.
 * @param flags  those of json_dumps
 */
MUST_USE int json_dump_add(struct buffer *out, const json_t *json,
                           size_t flags);
/** Appends text, which is valid UTF-8, as a string; or sets out->failed. */
void json_dump_text(struct buffer *out, const char *text);

#endif
