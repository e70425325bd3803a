/* A page that format html wrote, and the data in it. */
#ifndef CPROF_PAGE_READ_H
#define CPROF_PAGE_READ_H

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "formats/pprof_gzip.h"
#include "test.h"

struct page {
    char *text; /* NUL-terminated */
    json_t *data;
    size_t packed; /* bytes of the data, gzipped */
};

static inline const char *data_begin(const char *text)
{
    static const char mark[] = "id=\"profile-data\" data-bytes=\"";
    const char *at = strstr(text, mark);
    assert_non_null(at);
    at = strchr(at + strlen(mark), '>');
    assert_non_null(at);
    return at + 1;
}

static inline unsigned value_of(char c)
{
    assert_true(c >= '!' && c <= '~');
    assert_true(c != '<' && c != '>' && c != '&');
    return (unsigned)(c - '!') - (c > '&') - (c > '<') - (c > '>');
}

/* What html_pack_add did, undone. */
static inline void unpack(const char *text, size_t len, size_t packed,
                          struct buffer *out)
{
    struct buffer gzip;
    buffer_init(&gzip, BUFFER_DEFAULT_MAX);
    uint32_t held = 0;
    unsigned bits = 0;
    for (size_t i = 0; i < len; i += 2) {
        held |= (value_of(text[i]) * 91 + value_of(text[i + 1])) << bits;
        for (bits += 13; bits >= 8 && gzip.len < packed; bits -= 8) {
            uint8_t byte = (uint8_t)held;
            buffer_add(&gzip, &byte, 1);
            held >>= 8;
        }
    }
    assert_int_equal(gzip.len, packed);
    assert_int_equal(pprof_gzip_unpack(gzip.data, gzip.len, out), 0);
    buffer_deinit(&gzip);
}

static inline size_t packed_size(const char *text)
{
    const char *at = strstr(text, "data-bytes=\"");
    assert_non_null(at);
    return strtoul(at + strlen("data-bytes=\""), NULL, 10);
}

/* Takes the text. */
static inline struct page page_read(char *text)
{
    struct buffer json;
    buffer_init(&json, BUFFER_DEFAULT_MAX);
    struct page page = {.text = text, .packed = packed_size(text)};
    const char *begin = data_begin(text);
    const char *end = strstr(begin, "</script>");
    assert_non_null(end);
    unpack(begin, (size_t)(end - begin), page.packed, &json);
    page.data = json_loadb((char *)json.data, json.len, 0, NULL);
    assert_non_null(page.data);
    buffer_deinit(&json);
    return page;
}

static inline void free_page(struct page *page)
{
    json_decref(page->data);
    free(page->text);
}

#endif
