#include "base/buffer.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { READ_PART = 65536 };

void buffer_init(struct buffer *b, size_t max)
{
    *b = (struct buffer){.max = max};
}

void buffer_deinit(struct buffer *b)
{
    free(b->data);
    buffer_init(b, b->max);
}

void buffer_clear(struct buffer *b)
{
    b->len = 0;
    b->failed = false;
}

/* Makes room for len more bytes; false if that exceeds the maximum or there is
 * not enough memory. */
static bool reserve(struct buffer *b, size_t len)
{
    if (b->failed || len > b->max || b->len > b->max - len) {
        b->failed = true;
        return false;
    }
    if (b->cap - b->len >= len)
        return true;
    size_t cap = b->cap ? b->cap : 256;
    while (cap < b->len + len)
        cap *= 2;
    uint8_t *data = realloc(b->data, cap);
    if (!data) {
        b->failed = true;
        return false;
    }
    b->data = data;
    b->cap = cap;
    return true;
}

uint8_t *buffer_grow(struct buffer *b, size_t len)
{
    if (!reserve(b, len))
        return NULL;
    uint8_t *at = b->data + b->len;
    b->len += len;
    return at;
}

void buffer_add(struct buffer *b, const void *bytes, size_t len)
{
    if (len == 0)
        return;
    uint8_t *at = buffer_grow(b, len);
    if (at)
        memcpy(at, bytes, len);
}

void buffer_text(struct buffer *b, const char *text)
{
    buffer_add(b, text, strlen(text));
}

void buffer_decimal(struct buffer *b, uint64_t n)
{
    char digits[20];
    size_t at = sizeof(digits);
    do
        digits[--at] = (char)('0' + n % 10);
    while ((n /= 10) > 0);
    buffer_add(b, digits + at, sizeof(digits) - at);
}

void buffer_vprintf(struct buffer *b, const char *format, va_list args)
{
    va_list again;
    va_copy(again, args);
    int len = vsnprintf(NULL, 0, format, again);
    va_end(again);
    if (len < 0 || !reserve(b, (size_t)len + 1)) {
        b->failed = true;
        return;
    }
    vsnprintf((char *)b->data + b->len, (size_t)len + 1, format, args);
    b->len += (size_t)len;
}

void buffer_printf(struct buffer *b, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    buffer_vprintf(b, format, args);
    va_end(args);
}

int buffer_status(const struct buffer *b)
{
    return b->failed ? -E_LIMIT : 0;
}

/* A full buffer may already hold everything, so one more byte is read to find
 * out whether there is more. */
static ssize_t read_part(struct buffer *b, int fd)
{
    uint8_t more;
    size_t left = b->max - b->len, part = left < READ_PART ? left : READ_PART;
    if (part == 0)
        return read(fd, &more, 1) == 0 ? 0 : -E_LIMIT;
    if (!reserve(b, part))
        return -E_LIMIT;
    ssize_t n = read(fd, b->data + b->len, part);
    return n < 0 ? -errno : n;
}

int buffer_read_fd(struct buffer *b, int fd)
{
    for (;;) {
        ssize_t n = read_part(b, fd);
        if (n == 0)
            return 0;
        if (n > 0)
            b->len += (size_t)n;
        else if (n != -EINTR)
            return (int)n;
    }
}

int buffer_read_file(struct buffer *b, const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    int err = buffer_read_fd(b, fd);
    close(fd);
    return err;
}
