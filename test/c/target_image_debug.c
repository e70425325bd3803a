#include "image_files.h"

#include "tiny_elf.h"

/* As the tiny one, with one more name for what .dynsym does not have. */
static void make_debug(struct tiny *t)
{
    tiny_init(t);
    tiny_symbol(t, 5, "static_one@@V1", STB_LOCAL, STT_FUNC, 0x1460, 0x20);
}

static const char *name_at_1460(const char *path)
{
    static char name[64];
    struct map map = map_of(path);
    struct image *image;
    assert_int_equal(open_map(self(), &map, &image), 0);
    const struct image_symbol *s = image_symbol(image, 0x1465);
    snprintf(name, sizeof(name), "%s", s ? s->name : "none");
    assert_string_equal(image_symbol(image, 0x1400)->name, "plain");
    image_close(image);
    return name;
}

static void symbols_of_a_debug_file(void **state)
{
    (void)state;
    struct tiny t, debug;
    tiny_init(&t);
    make_debug(&debug);
    const char *path = in_dir("tiny"), *beside = in_dir("tiny.debug");
    write_file(path, t.bytes, sizeof(t.bytes));
    assert_string_equal(name_at_1460(path), "none");
    write_file(beside, debug.bytes, sizeof(debug.bytes));
    assert_string_equal(name_at_1460(path), "static_one");
    debug.bytes[TINY_NOTE + 20] ^= 1; /* another build */
    write_file(beside, debug.bytes, sizeof(debug.bytes));
    assert_string_equal(name_at_1460(path), "none");
    unlink(beside);
    const char *folder = in_dir(".debug"), *below = in_dir(".debug/tiny.debug");
    make_debug(&debug);
    assert_int_equal(mkdir(folder, 0700), 0);
    write_file(below, debug.bytes, sizeof(debug.bytes));
    assert_string_equal(name_at_1460(path), "static_one");
    unlink(below);
    rmdir(folder);
    unlink(path);
}

/* The reference checksum, bit by bit. */
static uint32_t crc(const uint8_t *bytes, size_t len)
{
    uint32_t c = ~0u;
    for (size_t i = 0; i < len * 8; i++) {
        uint32_t bit = (c ^ (uint32_t)(bytes[i / 8] >> (i % 8))) & 1;
        c = c >> 1 ^ (bit ? 0xedb88320u : 0);
    }
    return ~c;
}

static void a_debug_file_known_by_its_checksum(void **state)
{
    (void)state;
    struct tiny t, debug;
    tiny_init(&t);
    make_debug(&debug);
    t.bytes[TINY_NOTE + 8] = 9; /* no build id */
    assert_int_equal(crc((const uint8_t *)"123456789", 9), 0xcbf43926);
    uint32_t sum = crc(debug.bytes, sizeof(debug.bytes));
    tiny_put(&t, TINY_LINK + 12, &sum, 4);
    const char *path = in_dir("tiny"), *beside = in_dir("tiny.debug");
    write_file(path, t.bytes, sizeof(t.bytes));
    write_file(beside, debug.bytes, sizeof(debug.bytes));
    assert_string_equal(name_at_1460(path), "static_one");
    debug.bytes[0x4ff] ^= 1;
    write_file(beside, debug.bytes, sizeof(debug.bytes));
    assert_string_equal(name_at_1460(path), "none");
    unlink(beside);
    unlink(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(symbols_of_a_debug_file),
        cmocka_unit_test(a_debug_file_known_by_its_checksum),
    };
    return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
