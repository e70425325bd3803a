/**
 * @file reader.h
 * The bounded reader, through which all foreign bytes are parsed. It reads
 * little-endian values one after another and never past the end. A read past
 * the end sets `failed`, returns 0 (or NULL) and stays failed, so a parser
 * checks once, at the end of a record. Nothing is assumed about alignment.
 */
#ifndef CPROF_BASE_READER_H
#define CPROF_BASE_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct reader {
    const uint8_t *at;
    const uint8_t *end;
    bool failed;
};

/** The bytes are borrowed and must outlive the reader. */
struct reader reader_of(const void *bytes, size_t len);
size_t reader_left(const struct reader *r);
uint8_t reader_u8(struct reader *r);
uint16_t reader_u16(struct reader *r);
uint32_t reader_u32(struct reader *r);
uint64_t reader_u64(struct reader *r);
/** A view of the next len bytes, or NULL. */
const uint8_t *reader_bytes(struct reader *r, size_t len);
void reader_skip(struct reader *r, size_t len);
/** A reader of only the next len bytes; it has failed if there are fewer. */
struct reader reader_sub(struct reader *r, size_t len);
/** At least as many as the lines that are left (the last needs no '\n'); always
 *  1 or more. */
size_t reader_line_count(const struct reader *r);
/** The next line without its '\n'; false at the end. */
bool reader_line(struct reader *r, const char **line, size_t *len);

#endif
