/* Text from elsewhere is decoded, made valid, and made safe to show. */
#include "base/utf8.h"
#include "test.h"

static char *shown(const char *text, size_t len)
{
    struct buffer b;
    buffer_init(&b, BUFFER_DEFAULT_MAX);
    utf8_show(&b, text, len);
    assert_int_equal(utf8_shown_length(text, len),
                     utf8_shown_length((char *)b.data, b.len));
    buffer_add(&b, "", 1);
    assert_int_equal(buffer_status(&b), 0);
    return (char *)b.data;
}

static void assert_shown(const char *text, const char *want)
{
    char *got = shown(text, strlen(text));
    assert_string_equal(got, want);
    char *again = shown(got, strlen(got));
    assert_string_equal(again, want);
    free(got);
    free(again);
}

static void what_can_be_seen_stays(void **state)
{
    (void)state;
    assert_shown("", "");
    assert_shown("lists:seq/2", "lists:seq/2");
    assert_shown("\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\xef\xbf\xbd",
                 "\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\xef\xbf\xbd");
    assert_shown("\\x{1B} is no escape", "\\x{1B} is no escape");
    /* Neighbours of what is not shown: U+00A0, U+200D, U+202F, U+206A. */
    assert_shown("\xc2\xa0\xe2\x80\x8d\xe2\x80\xaf\xe2\x81\xaa",
                 "\xc2\xa0\xe2\x80\x8d\xe2\x80\xaf\xe2\x81\xaa");
}

static void what_acts_on_a_terminal_is_escaped(void **state)
{
    (void)state;
    assert_shown("\x1b[2J\r\n\t\x7f", "\\x{1B}[2J\\x{0D}\\x{0A}\\x{09}\\x{7F}");
    assert_shown("\xc2\x80\xc2\x9b\xc2\x9f", "\\x{80}\\x{9B}\\x{9F}");
    assert_shown("\xd8\x9c\xe2\x80\x8e\xe2\x80\x8f",
                 "\\x{61C}\\x{200E}\\x{200F}");
    assert_shown("\xe2\x80\xa8\xe2\x80\xa9\xe2\x80\xaa\xe2\x80\xae",
                 "\\x{2028}\\x{2029}\\x{202A}\\x{202E}");
    assert_shown("\xe2\x81\xa6\xe2\x81\xa9", "\\x{2066}\\x{2069}");
}

/* Overlong, cut, a surrogate, above U+10FFFF, a lone continuation, C1 bytes. */
static void bytes_that_are_no_text_are_escaped(void **state)
{
    (void)state;
    assert_shown("\xc0\x80", "\\x{C0}\\x{80}");
    assert_shown("a\xe2\x82", "a\\x{E2}\\x{82}");
    assert_shown("\xed\xa0\x80", "\\x{ED}\\x{A0}\\x{80}");
    assert_shown("\xf4\x90\x80\x80", "\\x{F4}\\x{90}\\x{80}\\x{80}");
    assert_shown("\x9b\x33", "\\x{9B}3");
    char *got = shown("a\0b", 3);
    assert_string_equal(got, "a\\x{00}b");
    free(got);
}

static void bytes_that_are_no_text_are_replaced(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "\x80",         "\xc1\x81",         "\xe2\x82",
        "\xed\xa0\x80", "\xf5\x80\x80\x80", "\xf0\x8f\xbf\xbf"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct buffer out;
        buffer_init(&out, BUFFER_DEFAULT_MAX);
        utf8_clean(&out, bad[i], strlen(bad[i]));
        assert_int_equal(out.len, 3 * strlen(bad[i]));
        for (size_t at = 0; at < out.len; at += 3)
            assert_memory_equal(out.data + at, "\xef\xbf\xbd", 3);
        buffer_deinit(&out);
    }
}

/* Every code point is decoded to itself, by an encoder of the test's own. */
static void every_code_point_is_decoded(void **state)
{
    (void)state;
    for (uint32_t c = 1; c <= 0x10ffff; c++) {
        char b[5] = {0};
        uint32_t got = 0;
        size_t len = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
        if (len == 1)
            b[0] = (char)c;
        else
            b[0] = (char)((0xf00 >> len) | c >> 6 * (len - 1));
        for (size_t i = 1; i < len; i++)
            b[i] = (char)(0x80 | (c >> 6 * (len - 1 - i) & 0x3f));
        bool surrogate = c >= 0xd800 && c < 0xe000;
        assert_int_equal(utf8_next(b, len, &got), surrogate ? 0 : len);
        if (!surrogate)
            assert_int_equal(got, c);
        assert_int_equal(utf8_next(b, len - 1, &got), 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_can_be_seen_stays),
        cmocka_unit_test(what_acts_on_a_terminal_is_escaped),
        cmocka_unit_test(bytes_that_are_no_text_are_escaped),
        cmocka_unit_test(bytes_that_are_no_text_are_replaced),
        cmocka_unit_test(every_code_point_is_decoded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
