#include "test.h"

#include "target/image.h"
#include "tiny_elf.h"

static struct image *parse(const struct tiny *t)
{
    struct image *image = NULL;
    assert_int_equal(image_parse(t->bytes, sizeof(t->bytes), &image), 0);
    return image;
}

static struct image *tiny(void)
{
    struct tiny t;
    tiny_init(&t);
    return parse(&t);
}

static void check_symbols(const struct image *image)
{
    static const struct image_symbol want[] = {
        {0x1400, 0x20, "plain"}, /* takes the size of its alias */
        {0x1420, 0x40, "outer"},
        {0x1430, 8, "inner"},
        {0x1480, 0, "the_global"},
    };
    assert_int_equal(image->symbol_count, 4);
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(image->symbols[i].addr, want[i].addr);
        assert_int_equal(image->symbols[i].size, want[i].size);
        assert_string_equal(image->symbols[i].name, want[i].name);
    }
}

static void reads_every_part(void **state)
{
    (void)state;
    struct image *image = tiny();
    assert_int_equal(image->segment_count, 3);
    assert_int_equal(image->segments[1].vaddr, 0x1400);
    assert_int_equal(image->segments[1].flags, PF_R | PF_X);
    assert_int_equal(image->build_id_len, 20);
    assert_int_equal(image->build_id[0], 0xa0);
    assert_int_equal(image->build_id[19], 0xb3);
    assert_string_equal(image->debuglink, "tiny.debug");
    assert_int_equal(image->eh_frame_hdr_addr, TINY_HDR);
    assert_int_equal(image->eh_frame_hdr_len, 36);
    assert_int_equal(image->eh_frame_addr, TINY_FRAME);
    assert_int_equal(image->eh_frame_len, 0x50);
    check_symbols(image);
    image_close(image);
    image_close(NULL);
}

/* As [vdso] can be, and as sstrip leaves a file. */
static void without_section_headers(void **state)
{
    (void)state;
    struct tiny t;
    tiny_init(&t);
    tiny_strip_sections(&t);
    struct image *image = parse(&t);
    check_symbols(image);
    assert_int_equal(image->build_id_len, 20);
    assert_string_equal(image->debuglink, "");
    assert_int_equal(image->eh_frame_addr, TINY_FRAME);
    assert_int_equal(image->eh_frame_len, 0x400 - TINY_FRAME);
    assert_int_equal(image_lookup(image, "an_object"), 0x3800);
    image_close(image);
    const uint64_t no_hash = DT_DEBUG;
    tiny_put(&t, TINY_DYNAMIC + 48, &no_hash, 8);
    image = parse(&t);
    check_symbols(image);
    image_close(image);
}

static const char *symbol_at(const struct image *image, uint64_t vaddr)
{
    const struct image_symbol *s = image_symbol(image, vaddr);
    return s ? s->name : "none";
}

static void names_an_address(void **state)
{
    (void)state;
    struct image *image = tiny();
    assert_string_equal(symbol_at(image, 0), "none");
    assert_string_equal(symbol_at(image, 0x13ff), "none");
    assert_string_equal(symbol_at(image, 0x1400), "plain");
    assert_string_equal(symbol_at(image, 0x141f), "plain");
    assert_string_equal(symbol_at(image, 0x1420), "outer");
    assert_string_equal(symbol_at(image, 0x1437), "inner");
    assert_string_equal(symbol_at(image, 0x1438), "outer");
    assert_string_equal(symbol_at(image, 0x145f), "outer");
    assert_string_equal(symbol_at(image, 0x1460), "none");
    assert_string_equal(symbol_at(image, 0x1480), "the_global");
    assert_string_equal(symbol_at(image, 0x14ff), "the_global");
    assert_string_equal(symbol_at(image, 0x1500), "none");
    assert_string_equal(symbol_at(image, 0x3800), "none");
    assert_string_equal(symbol_at(image, UINT64_MAX), "none");
    image_close(image);
}

static void looks_up_a_name(void **state)
{
    (void)state;
    struct image *image = tiny();
    assert_int_equal(image_lookup(image, "an_object"), 0x3800);
    assert_int_equal(image_lookup(image, "__plain"), 0x1400);
    assert_int_equal(image_lookup(image, "a_local"), 0x1480);
    assert_int_equal(image_lookup(image, "undefined"), 0);
    assert_int_equal(image_lookup(image, "plai"), 0);
    assert_int_equal(image_lookup(image, ""), 0);
    image_close(image);
}

static void gives_bytes_by_address(void **state)
{
    (void)state;
    struct image *image = tiny();
    assert_memory_equal(image_at(image, 0, 4), "\177ELF", 4);
    assert_memory_equal(image_at(image, 0x3800, 8), "object!", 8);
    assert_ptr_equal(image_at(image, 0x1400, 0x100), image->bytes + 0x400);
    assert_null(image_at(image, 0x1400, 0x101));
    assert_null(image_at(image, 0x1500, 1));
    assert_null(image_at(image, 0x400, 1));
    assert_null(image_at(image, 0x3809, SIZE_MAX));
    assert_null(image_at(image, UINT64_MAX, 1));
    image_close(image);
}

/* The loader maps the one page of this file three times. */
static void finds_the_segment_of_a_mapping(void **state)
{
    (void)state;
    struct image *image = tiny();
    struct map map = {.start = 0x7000, .end = 0x8000, .path = "/tiny"};
    map.flags = MAPS_READ;
    assert_int_equal(image_vaddr(image, &map, 0x7340), 0x340);
    map.flags = MAPS_READ | MAPS_EXEC;
    assert_int_equal(image_vaddr(image, &map, 0x7000), 0x1000);
    assert_int_equal(image_vaddr(image, &map, 0x7420), 0x1420);
    map.flags = MAPS_READ | MAPS_WRITE;
    assert_int_equal(image_vaddr(image, &map, 0x7800), 0x3800);
    map.offset = 0x1000;
    assert_int_equal(image_vaddr(image, &map, 0x7800), 0);
    image_close(image);
}

static void expect_function(const struct image *image, uint64_t vaddr,
                            uint64_t want_start, uint64_t want_len)
{
    uint64_t start = 1, len = 1;
    assert_int_equal(image_function(image, vaddr, &start, &len), 0);
    assert_int_equal(start, want_start);
    assert_int_equal(len, want_len);
}

static void finds_a_function_by_the_unwind_table(void **state)
{
    (void)state;
    struct image *image = tiny();
    uint64_t start = 5, len = 6;
    expect_function(image, 0x1400, 0x1400, 0x20);
    expect_function(image, 0x141f, 0x1400, 0x20);
    expect_function(image, 0x1430, 0x1420, 0x40);
    expect_function(image, 0x148f, 0x1480, 0x10);
    const uint64_t nowhere[] = {0, 0x13ff, 0x1460, 0x147f, 0x1490, UINT64_MAX};
    for (size_t i = 0; i < sizeof(nowhere) / sizeof(*nowhere); i++)
        assert_int_equal(image_function(image, nowhere[i], &start, &len),
                         -E_NOT_FOUND);
    assert_true(start == 5 && len == 6);
    image_close(image);
}

static void an_unwind_table_we_do_not_read(void **state)
{
    (void)state;
    struct tiny t;
    uint64_t start, len;
    for (size_t i = 0; i < 4; i++) {
        tiny_init(&t);
        t.bytes[TINY_HDR + i] = 0x50;
        struct image *image = parse(&t);
        assert_int_equal(image_function(image, 0x1400, &start, &len),
                         -E_NOT_FOUND);
        image_close(image);
    }
    tiny_init(&t); /* an FDE of some other function gives no length */
    t.bytes[TINY_FRAME + 0x14 + 8] ^= 1;
    struct image *image = parse(&t);
    expect_function(image, 0x1400, 0x1400, 0);
    image_close(image);
}

static void refuses_what_is_no_elf64(void **state)
{
    (void)state;
    static const struct {
        size_t at;
        uint8_t value;
    } wrong[] = {
        {0, 'E'},
        {3, 'f'},
        {EI_CLASS, ELFCLASS32},
        {EI_DATA, ELFDATA2MSB},
        {16, ET_REL},
        {16, ET_CORE},
        {54, 55},
        {56, 0},
        {39, 0xff},
    };
    struct image *image = NULL;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
        struct tiny t;
        tiny_init(&t);
        t.bytes[wrong[i].at] = wrong[i].value;
        assert_int_equal(image_parse(t.bytes, TINY_LEN, &image), -E_FORMAT);
    }
    assert_int_equal(image_parse("JiTD and more", 13, &image), -E_FORMAT);
    assert_int_equal(image_parse(NULL, 0, &image), -E_FORMAT);
    assert_null(image);
}

/* Asks an image everything; it must stay within its bytes. */
static void use(const struct image *image)
{
    uint64_t start, len;
    struct map map = {.start = 0, .end = 0x1000, .path = ""};
    for (uint64_t at = 0; at < 0x4000; at += 0x55) {
        (void)image_symbol(image, at);
        (void)image_at(image, at, 16);
        (void)image_vaddr(image, &map, at);
        if (image_function(image, at, &start, &len) == 0)
            assert_true(start <= at && (len == 0 || at - start < len));
    }
    for (size_t i = 0; i < image->symbol_count; i++)
        assert_int_not_equal(image_lookup(image, image->symbols[i].name), 0);
    if (image->eh_frame_hdr_len)
        assert_non_null(
            image_at(image, image->eh_frame_hdr_addr, image->eh_frame_hdr_len));
    if (image->eh_frame_len)
        assert_non_null(
            image_at(image, image->eh_frame_addr, image->eh_frame_len));
}

static void cut_at_every_length(void **state)
{
    (void)state;
    struct tiny t;
    tiny_init(&t);
    const size_t headers = 64 + 6 * 56;
    for (size_t len = 0; len < TINY_LEN; len++) {
        struct image *image;
        int err = image_parse(t.bytes, len, &image);
        assert_int_equal(err, len < headers ? -E_FORMAT : 0);
        if (err)
            continue;
        /* Without section headers the dynamic section will do. */
        assert_int_equal(image->symbol_count, len < 0x550 ? 0 : 4);
        use(image);
        image_close(image);
    }
}

static void every_byte_changed(void **state)
{
    (void)state;
    static const uint8_t values[] = {0, 1, 0x7f, 0x80, 0xff};
    struct tiny t;
    tiny_init(&t);
    size_t parsed = 0;
    for (size_t at = 0; at < TINY_LEN; at++) {
        for (size_t v = 0; v < sizeof(values); v++) {
            uint8_t old = t.bytes[at];
            struct image *image;
            t.bytes[at] = values[v];
            if (image_parse(t.bytes, TINY_LEN, &image) == 0) {
                parsed++;
                use(image);
                image_close(image);
            }
            t.bytes[at] = old;
        }
    }
    assert_true(parsed > TINY_LEN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_every_part),
        cmocka_unit_test(without_section_headers),
        cmocka_unit_test(names_an_address),
        cmocka_unit_test(looks_up_a_name),
        cmocka_unit_test(gives_bytes_by_address),
        cmocka_unit_test(finds_the_segment_of_a_mapping),
        cmocka_unit_test(finds_a_function_by_the_unwind_table),
        cmocka_unit_test(an_unwind_table_we_do_not_read),
        cmocka_unit_test(refuses_what_is_no_elf64),
        cmocka_unit_test(cut_at_every_length),
        cmocka_unit_test(every_byte_changed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
