#include "base/utf8.h"

#include <stdio.h>
#include <string.h>

size_t utf8_next(const char *text, size_t left, uint32_t *code)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    const uint8_t *at = (const uint8_t *)text;
    if (left == 0 || at[0] == 0)
        return 0;
    *code = at[0];
    if (at[0] < 0x80)
        return 1;
    size_t len = at[0] >= 0xf0 ? 4 : at[0] >= 0xe0 ? 3 : 2;
    if (at[0] < 0xc2 || at[0] > 0xf4 || len > left)
        return 0;
    uint32_t value = at[0] & (0x7fu >> len);
    for (size_t i = 1; i < len; i++) {
        if ((at[i] & 0xc0) != 0x80)
            return 0;
        value = value << 6 | (at[i] & 0x3f);
    }
    *code = value;
    bool bad = value < least[len] || value > 0x10ffff ||
               (value >= 0xd800 && value < 0xe000);
    return bad ? 0 : len;
}

size_t utf8_put(uint32_t code, char out[4])
{
    static const uint8_t lead[] = {0, 0, 0xc0, 0xe0, 0xf0};
    size_t len = code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    if (code > 0x10ffff)
        return 0;
    for (size_t i = len; i-- > 1; code >>= 6)
        out[i] = (char)(0x80 | (code & 0x3f));
    out[0] = (char)(lead[len] | code);
    return len;
}

void utf8_clean(struct buffer *out, const char *text, size_t len)
{
    uint32_t code;
    for (size_t i = 0, n; i < len; i += n ? n : 1) {
        n = utf8_next(text + i, len - i, &code);
        if (n)
            buffer_add(out, text + i, n);
        else
            buffer_text(out, "\xef\xbf\xbd");
    }
}

static bool within(uint32_t code, uint32_t first, uint32_t last)
{
    return code >= first && code <= last;
}

/* The marks of direction are Unicode's Bidi_Control characters. */
bool utf8_is_visible(uint32_t code)
{
    bool control = code < 0x20 || within(code, 0x7f, 0x9f);
    bool line = within(code, 0x2028, 0x2029);
    bool direction = code == 0x061c || within(code, 0x200e, 0x200f) ||
                     within(code, 0x202a, 0x202e) ||
                     within(code, 0x2066, 0x2069);
    return !control && !line && !direction;
}

/* How one character is shown: its bytes as they are, or an escape. */
struct shown {
    size_t taken; /* bytes of the text */
    bool visible;
    char escape[16];
};

static struct shown show_one(const char *text, size_t left)
{
    uint32_t code = (uint8_t)*text;
    size_t n = utf8_next(text, left, &code);
    struct shown s = {n ? n : 1, n && utf8_is_visible(code), ""};
    if (!n)
        code = (uint8_t)*text;
    if (!s.visible)
        snprintf(s.escape, sizeof(s.escape), "\\x{%02X}", (unsigned)code);
    return s;
}

void utf8_show(struct buffer *out, const char *text, size_t len)
{
    struct shown s;
    for (size_t i = 0; i < len; i += s.taken) {
        s = show_one(text + i, len - i);
        if (s.visible)
            buffer_add(out, text + i, s.taken);
        else
            buffer_text(out, s.escape);
    }
}

size_t utf8_shown_length(const char *text, size_t len)
{
    size_t count = 0;
    struct shown s;
    for (size_t i = 0; i < len; i += s.taken) {
        s = show_one(text + i, len - i);
        count += s.visible ? 1 : strlen(s.escape);
    }
    return count;
}
