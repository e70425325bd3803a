/* DWARF expressions, operation by operation. */
#include "test.h"

#include "unwind/cfi_expr.h"

static const struct regs regs = {{[REGS_RAX] = 0x11,
                                  [REGS_RSP] = 0x7000,
                                  [REGS_R13] = 0x1313,
                                  [REGS_RIP] = 0x40100b}};

/* Memory in which every word is its own address, from 0x1000 up. */
static int read_word(void *ctx, uint64_t addr, uint64_t *value)
{
    size_t *reads = ctx;
    if (addr < 0x1000)
        return -E_LIMIT;
    ++*reads;
    *value = addr;
    return 0;
}

static size_t reads;
static uint64_t value;

static int run(const char *bytes, size_t len, const uint64_t *first)
{
    struct cfi_expr_world world = {.regs = &regs,
                                   .known = ~(1u << REGS_R12),
                                   .read = read_word,
                                   .ctx = &reads};
    value = 0x5eed;
    return cfi_expr_run((const uint8_t *)bytes, len, &world, first, &value);
}

#define RUN(bytes) run(bytes, sizeof(bytes) - 1, NULL)
#define EXPECT_VALUE(bytes, expected)                                          \
    do {                                                                       \
        assert_int_equal(RUN(bytes), 0);                                       \
        assert_true(value == (uint64_t)(expected));                            \
    } while (0)

static void pushes_constants(void **state)
{
    (void)state;
    EXPECT_VALUE("\x30", 0);
    EXPECT_VALUE("\x4f", 31);
    EXPECT_VALUE("\x08\xff", 255);
    EXPECT_VALUE("\x09\xff", -1);
    EXPECT_VALUE("\x0a\x34\xf2", 0xf234);
    EXPECT_VALUE("\x0b\x34\xf2", (int16_t)0xf234);
    EXPECT_VALUE("\x0c\1\0\0\x80", 0x80000001);
    EXPECT_VALUE("\x0d\1\0\0\x80", (int32_t)0x80000001);
    EXPECT_VALUE("\x0e\1\2\3\4\5\6\7\x88", 0x8807060504030201);
    EXPECT_VALUE("\x0f\1\2\3\4\5\6\7\x88", 0x8807060504030201);
    EXPECT_VALUE("\x03\1\2\3\4\5\6\7\x88", 0x8807060504030201);
    EXPECT_VALUE("\x10\x81\x01", 129);
    EXPECT_VALUE("\x11\x7f", -1);
    EXPECT_VALUE("\x11\x81\x7f", -127);
}

static void moves_things_on_the_stack(void **state)
{
    (void)state;
    EXPECT_VALUE("\x31\x12", 1);             /* dup */
    EXPECT_VALUE("\x31\x32\x13", 1);         /* drop */
    EXPECT_VALUE("\x31\x32\x14", 1);         /* over */
    EXPECT_VALUE("\x31\x32\x33\x15\x02", 1); /* pick */
    EXPECT_VALUE("\x31\x32\x16", 1);         /* swap */
    EXPECT_VALUE("\x31\x32\x33\x17", 2);     /* rot: 3 1 2 */
    EXPECT_VALUE("\x31\x32\x33\x17\x13", 1);
    EXPECT_VALUE("\x31\x32\x33\x17\x13\x13", 3);
    EXPECT_VALUE("\x31\x96", 1); /* nop */
}

static void computes(void **state)
{
    (void)state;
    EXPECT_VALUE("\x35\x36\x1a", 4);         /* 5 and 6 */
    EXPECT_VALUE("\x35\x36\x21", 7);         /* or */
    EXPECT_VALUE("\x35\x36\x27", 3);         /* xor */
    EXPECT_VALUE("\x35\x36\x22", 11);        /* plus */
    EXPECT_VALUE("\x35\x36\x1c", -1);        /* minus */
    EXPECT_VALUE("\x35\x36\x1e", 30);        /* mul */
    EXPECT_VALUE("\x09\xf8\x33\x1b", -2);    /* -8 div 3 */
    EXPECT_VALUE("\x38\x33\x1d", 2);         /* 8 mod 3 */
    EXPECT_VALUE("\x35\x1f", -5);            /* neg */
    EXPECT_VALUE("\x35\x20", ~5ull);         /* not */
    EXPECT_VALUE("\x09\xf8\x19", 8);         /* abs */
    EXPECT_VALUE("\x35\x19", 5);             /* abs */
    EXPECT_VALUE("\x35\x23\x80\x01", 133);   /* plus_uconst */
    EXPECT_VALUE("\x35\x33\x24", 40);        /* shl */
    EXPECT_VALUE("\x09\xff\x08\x3f\x25", 1); /* shr by 63 */
    EXPECT_VALUE("\x09\xf0\x32\x26", -4);    /* shra */
    EXPECT_VALUE("\x31\x08\x40\x24", 0);     /* shl by 64 */
    EXPECT_VALUE("\x31\x08\x40\x25", 0);
    EXPECT_VALUE("\x09\xf0\x08\x40\x26", -1);
    EXPECT_VALUE("\x09\xf8\x09\xff\x1b", 8);
    assert_int_equal(RUN("\x35\x30\x1b"), -E_FORMAT); /* by 0 */
    assert_int_equal(RUN("\x35\x30\x1d"), -E_FORMAT);
}

static void compares_and_jumps(void **state)
{
    (void)state;
    EXPECT_VALUE("\x35\x35\x29", 1);                 /* eq */
    EXPECT_VALUE("\x09\xff\x30\x2a", 0);             /* ge, signed */
    EXPECT_VALUE("\x30\x09\xff\x2b", 1);             /* gt */
    EXPECT_VALUE("\x35\x35\x2c", 1);                 /* le */
    EXPECT_VALUE("\x09\xff\x30\x2d", 1);             /* lt */
    EXPECT_VALUE("\x35\x35\x2e", 0);                 /* ne */
    EXPECT_VALUE("\x31\x2f\x01\0\x32", 1);           /* skip over lit2 */
    EXPECT_VALUE("\x31\x31\x28\x01\0\x32", 1);       /* bra, taken */
    EXPECT_VALUE("\x31\x30\x28\x01\0\x32", 2);       /* not taken */
    EXPECT_VALUE("\x33\x31\x1c\x12\x28\xfa\xff", 0); /* count down */
    assert_int_equal(RUN("\x31\x2f\x09\0"), -E_FORMAT);
    assert_int_equal(RUN("\x2f\xf0\xff"), -E_FORMAT);
}

static void looks_at_registers_and_memory(void **state)
{
    (void)state;
    EXPECT_VALUE("\x77\x08", 0x7008);       /* rsp + 8 */
    EXPECT_VALUE("\x7d\x70", 0x1303);       /* r13 - 16 */
    EXPECT_VALUE("\x92\x10\x01", 0x40100c); /* bregx rip */
    EXPECT_VALUE("\x77\x10\x06", 0x7010);   /* what is there */
    EXPECT_VALUE("\x77\x10\x94\x01", 0x10);
    EXPECT_VALUE("\x77\x10\x94\x02", 0x7010);
    assert_int_equal(reads, 3);
    assert_int_equal(RUN("\x31\x06"), -E_LIMIT);   /* read's own error */
    assert_int_equal(RUN("\x7c\0"), -E_NOT_FOUND); /* r12 is lost */
    assert_int_equal(RUN("\x8f\0"), -E_NOT_FOUND); /* no such register */
    assert_int_equal(RUN("\x77\0\x94\x09"), -E_FORMAT);
    assert_int_equal(RUN("\x77\0\x94\0"), -E_FORMAT);
}

/* rsp + 8, and 8 more behind the push in a PLT entry of 16 bytes. */
static void knows_where_in_the_plt_it_is(void **state)
{
    (void)state;
    static const char plt[] = "\x77\x08\x80\0\x3f\x1a\x3b\x2a\x33\x24\x22";
    EXPECT_VALUE(plt, 0x7010);
    struct regs before = regs;
    before.r[REGS_RIP] = 0x40100a;
    struct cfi_expr_world world = {&before, UINT32_MAX, read_word, &reads};
    assert_int_equal(cfi_expr_run((const uint8_t *)plt, sizeof(plt) - 1, &world,
                                  NULL, &value),
                     0);
    assert_int_equal(value, 0x7008);
}

static void begins_with_the_cfa(void **state)
{
    (void)state;
    const uint64_t cfa = 0x9000;
    assert_int_equal(run("\x23\x10", 2, &cfa), 0);
    assert_int_equal(value, 0x9010);
    assert_int_equal(run("", 0, &cfa), 0);
    assert_int_equal(value, 0x9000);
}

static void is_bounded(void **state)
{
    (void)state;
    char many[65];
    memset(many, 0x31, sizeof(many));
    assert_int_equal(run(many, 64, NULL), 0);
    assert_int_equal(run(many, 65, NULL), -E_LIMIT);
    assert_int_equal(RUN("\x2f\xfd\xff"), -E_LIMIT); /* for ever */
    assert_int_equal(RUN(""), -E_FORMAT);
    assert_int_equal(RUN("\x31\x22"), -E_FORMAT);
    assert_int_equal(RUN("\x31\x14"), -E_FORMAT);
    assert_int_equal(RUN("\x31\x17"), -E_FORMAT);
    assert_int_equal(RUN("\x0e\1\2"), -E_FORMAT);
    assert_int_equal(RUN("\x77"), -E_FORMAT);
    assert_int_equal(RUN("\x50"), -E_FORMAT); /* a location, no value */
    assert_int_equal(value, 0x5eed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pushes_constants),
        cmocka_unit_test(moves_things_on_the_stack),
        cmocka_unit_test(computes),
        cmocka_unit_test(compares_and_jumps),
        cmocka_unit_test(looks_at_registers_and_memory),
        cmocka_unit_test(knows_where_in_the_plt_it_is),
        cmocka_unit_test(begins_with_the_cfa),
        cmocka_unit_test(is_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
