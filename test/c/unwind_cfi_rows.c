/* The row that a hand-made unwind table gives for an address. */
#include "test.h"

#include "cfi_make.h"

enum { MANY = 40 };

static struct cfi_made made;
static struct cfi_row row;

static int find(const char *augmentation, const void *program, size_t len,
                uint64_t at)
{
    made = (struct cfi_made){0};
    cfi_cie(&made, augmentation);
    cfi_fde(&made, program, len);
    assert_int_equal(cfi_parse(&made), 0);
    return cfi_row_find(&made.table, CFI_START + at, &row);
}

/* The row at an offset into the function of a program in a string. */
#define FIND(at, program)  find("zR", program, sizeof(program) - 1, at)
#define FOUND(at, program) assert_int_equal(FIND(at, program), 0)

static const struct cfi_rule *rule_of(enum reg reg)
{
    for (size_t i = 0; i < row.count; i++)
        if (row.rules[i].reg == reg)
            return &row.rules[i];
    return NULL;
}

static void expect_rule(enum reg reg, enum cfi_how how, int32_t at)
{
    const struct cfi_rule *rule = rule_of(reg);
    assert_non_null(rule);
    assert_int_equal(rule->how, how);
    assert_int_equal(rule->at, at);
}

static void expect_expression(const struct cfi_rule *rule, enum cfi_how how,
                              const char *bytes, size_t len)
{
    assert_non_null(rule);
    assert_int_equal(rule->how, how);
    assert_int_equal(rule->len, len);
    assert_memory_equal(row.bytes + rule->at, bytes, len);
}

static void expect_cfa(enum reg reg, int32_t at)
{
    assert_int_equal(row.cfa.how, CFI_VALUE);
    assert_int_equal(row.cfa.reg, reg);
    assert_int_equal(row.cfa.at, at);
}

static void begins_with_the_common_rules(void **state)
{
    (void)state;
    FOUND(0, "");
    expect_cfa(REGS_RSP, 8);
    assert_int_equal(row.count, 1);
    expect_rule(REGS_RIP, CFI_SAVED, -8);
    assert_false(row.signal);
}

/* push rbp; mov rbp, rsp; ...; leave: as every function with a frame. */
static void follows_a_function_through(void **state)
{
    (void)state;
    static const char program[] = "\x41\x0e\x10\x86\x02\x43\x0d\x06"
                                  "\x02\x80\x0c\x07\x08";
    FOUND(0, program);
    expect_cfa(REGS_RSP, 8);
    assert_null(rule_of(REGS_RBP));
    FOUND(1, program);
    expect_cfa(REGS_RSP, 16);
    expect_rule(REGS_RBP, CFI_SAVED, -16);
    FOUND(3, program);
    expect_cfa(REGS_RSP, 16);
    FOUND(4, program);
    expect_cfa(REGS_RBP, 16);
    FOUND(0x83, program);
    expect_cfa(REGS_RBP, 16);
    FOUND(0x84, program);
    expect_cfa(REGS_RSP, 8);
    expect_rule(REGS_RBP, CFI_SAVED, -16);
    FOUND(0xff, program);
    assert_int_equal(FIND(0x100, program), -E_NOT_FOUND);
    assert_int_equal(FIND(-1, program), -E_NOT_FOUND);
}

static void advances_in_every_width(void **state)
{
    (void)state;
    static const char program[] = "\x02\x10\x0e\x10\x03\x20\0\x0e\x18"
                                  "\x04\x40\0\0\0\x0e\x20";
    FOUND(0x0f, program);
    expect_cfa(REGS_RSP, 8);
    FOUND(0x10, program);
    expect_cfa(REGS_RSP, 16);
    FOUND(0x30, program);
    expect_cfa(REGS_RSP, 24);
    FOUND(0x70, program);
    expect_cfa(REGS_RSP, 32);
}

static void knows_every_rule(void **state)
{
    (void)state;
    FOUND(0, "\x83\x02"); /* offset */
    expect_rule(REGS_RBX, CFI_SAVED, -16);
    FOUND(0, "\x05\x0c\x03"); /* offset_extended */
    expect_rule(REGS_R12, CFI_SAVED, -24);
    FOUND(0, "\x11\x0d\x7e"); /* offset_extended_sf */
    expect_rule(REGS_R13, CFI_SAVED, 16);
    FOUND(0, "\x2f\x0d\x02"); /* GNU_negative_offset_extended */
    expect_rule(REGS_R13, CFI_SAVED, 16);
    FOUND(0, "\x14\x0e\x04"); /* val_offset */
    expect_rule(REGS_R14, CFI_VALUE, -32);
    FOUND(0, "\x15\x0e\x7c"); /* val_offset_sf */
    expect_rule(REGS_R14, CFI_VALUE, 32);
    FOUND(0, "\x07\x10"); /* undefined */
    expect_rule(REGS_RIP, CFI_UNDEFINED, 0);
    FOUND(0, "\x09\x0f\x03"); /* register */
    expect_rule(REGS_R15, CFI_REGISTER, REGS_RBX);
    FOUND(0, "\x83\x02\x08\x03"); /* offset, same_value */
    assert_null(rule_of(REGS_RBX));
    FOUND(0, "\x10\x03\x02\x77\x10"); /* expression */
    expect_expression(rule_of(REGS_RBX), CFI_SAVED_EXPR, "\x77\x10", 2);
    FOUND(0, "\x16\x06\x02\x77\x18"); /* val_expression */
    expect_expression(rule_of(REGS_RBP), CFI_VALUE_EXPR, "\x77\x18", 2);
    FOUND(0, "\x2e\x10\x83\x02\0"); /* GNU_args_size, offset, nop */
    expect_rule(REGS_RBX, CFI_SAVED, -16);
}

static void knows_every_way_to_say_the_cfa(void **state)
{
    (void)state;
    FOUND(0, "\x0c\x0a\x00"); /* def_cfa */
    expect_cfa(REGS_R10, 0);
    FOUND(0, "\x0d\x06"); /* def_cfa_register */
    expect_cfa(REGS_RBP, 8);
    FOUND(0, "\x0e\x80\x02"); /* def_cfa_offset */
    expect_cfa(REGS_RSP, 256);
    FOUND(0, "\x12\x06\x7e"); /* def_cfa_sf */
    expect_cfa(REGS_RBP, 16);
    FOUND(0, "\x13\x7d"); /* def_cfa_offset_sf */
    expect_cfa(REGS_RSP, 24);
    /* def_cfa_expression, as linkers write it for .plt */
    static const char plt[] = "\x0f\x0b\x77\x08\x80\0\x3f\x1a\x3b\x2a\x33\x24"
                              "\x22";
    FOUND(0, plt);
    expect_expression(&row.cfa, CFI_VALUE_EXPR, plt + 2, 11);
    assert_int_equal(row.count, 1);
    /* an offset alone says nothing then */
    assert_int_equal(FIND(0, "\x0f\x02\x77\x08\x0e\x10"), -E_FORMAT);
    assert_int_equal(FIND(0, "\x0f\x02\x77\x08\x0d\x06"), -E_FORMAT);
}

static void goes_back_to_what_was(void **state)
{
    (void)state;
    /* save rbx, remember; pop it and ret; restore_state */
    static const char program[] = "\x41\x0e\x10\x83\x02\x44\x0a\xc3\x0e\x08"
                                  "\x41\x0b";
    FOUND(4, program);
    expect_rule(REGS_RBX, CFI_SAVED, -16);
    FOUND(5, program);
    expect_cfa(REGS_RSP, 8);
    assert_null(rule_of(REGS_RBX));
    FOUND(6, program);
    expect_cfa(REGS_RSP, 16);
    expect_rule(REGS_RBX, CFI_SAVED, -16);
    /* a register with a rule in the CIE: restored to that */
    FOUND(0, "\x07\x10\xd0");
    expect_rule(REGS_RIP, CFI_SAVED, -8);
    FOUND(0, "\x07\x10\x06\x10"); /* restore_extended */
    expect_rule(REGS_RIP, CFI_SAVED, -8);
}

static void vector_registers_do_not_matter(void **state)
{
    (void)state;
    FOUND(0, "\x91\x04\x05\x15\x03\x10\x40\x01\x30\xd5\x07\x1f\x83\x02");
    assert_int_equal(row.count, 2);
    expect_rule(REGS_RBX, CFI_SAVED, -16);
}

static void reads_every_letter_of_an_augmentation(void **state)
{
    (void)state;
    assert_int_equal(find("zPLR", "\0\0", 2, 0), 0);
    assert_false(row.signal);
    assert_int_equal(find("zRS", "\0\0", 2, 0), 0);
    assert_true(row.signal);
    assert_int_equal(find("zRB", "\0\0", 2, 0), 0);
    assert_int_equal(find("zR?", "\0\0", 2, 0), -E_FORMAT);
    assert_int_equal(find("eh", "\0\0", 2, 0), -E_FORMAT);
}

static void refuses_what_cannot_be_meant(void **state)
{
    (void)state;
    char remember[MANY];
    memset(remember, 0x0a, sizeof(remember));
    assert_int_equal(find("zR", remember, sizeof(remember), 0), -E_LIMIT);
    assert_int_equal(FIND(0, "\x0b"), -E_FORMAT); /* nothing remembered */
    assert_int_equal(FIND(0, "\x3f\x01"), -E_FORMAT);
    assert_int_equal(FIND(0, "\x0c\x07"), -E_FORMAT); /* ends too early */
    assert_int_equal(FIND(0, "\x16\x06\x09\x77"), -E_FORMAT);
    assert_int_equal(FIND(0, "\x0c\x20\x08"), -E_LIMIT); /* CFA in a vector */
    assert_int_equal(FIND(0, "\x0e\xff\xff\xff\xff\x7f"), -E_LIMIT);
    assert_int_equal(FIND(0, "\x83\xff\xff\xff\xff\xff\xff\xff\xff\x7f"),
                     -E_LIMIT);
    assert_int_equal(
        FIND(0, "\x83\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x7f"), -E_FORMAT);
    FOUND(0, "\x41\x3f"); /* behind the address: not looked at */
}

static void finds_no_entry_in_torn_records(void **state)
{
    (void)state;
    FOUND(0, "\x83\x02");
    size_t fde = 4 + made.frames[0]; /* where the FDE is */
    for (size_t len = made.len; len-- > 0;) {
        made.table.frames.len = len;
        assert_int_equal(cfi_row_find(&made.table, CFI_START, &row), -E_FORMAT);
    }
    FOUND(0, "\x83\x02");
    made.frames[fde + 4] = 0; /* a CIE, where an FDE should be */
    assert_int_equal(cfi_row_find(&made.table, CFI_START, &row), -E_FORMAT);
    FOUND(0, "\x83\x02");
    made.frames[8] = 2; /* version */
    assert_int_equal(cfi_row_find(&made.table, CFI_START, &row), -E_FORMAT);
    FOUND(0, "\x83\x02");
    memset(made.frames + fde, 0xff, 4); /* the 64-bit form */
    assert_int_equal(cfi_row_find(&made.table, CFI_START, &row), -E_FORMAT);
}

static void reads_only_search_tables_of_the_usual_form(void **state)
{
    (void)state;
    FOUND(0, "");
    const struct cfi_section frames = made.table.frames;
    struct cfi_section header = {made.header, sizeof(made.header), CFI_HEADER};
    struct cfi_table table;
    for (size_t len = 0; len < sizeof(made.header); len++) {
        header.len = len;
        assert_int_equal(cfi_table_parse(&header, &frames, &table), -E_FORMAT);
    }
    header.len = sizeof(made.header);
    assert_int_equal(cfi_table_parse(&header, &frames, &table), 0);
    for (size_t i = 0; i < 4; i++) {
        uint8_t was = made.header[i];
        made.header[i] = 0xff;
        assert_int_equal(cfi_table_parse(&header, &frames, &table), -E_FORMAT);
        made.header[i] = was;
    }
    made.header[11] = 0xff; /* more entries than bytes */
    assert_int_equal(cfi_table_parse(&header, &frames, &table), -E_FORMAT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(begins_with_the_common_rules),
        cmocka_unit_test(follows_a_function_through),
        cmocka_unit_test(advances_in_every_width),
        cmocka_unit_test(knows_every_rule),
        cmocka_unit_test(knows_every_way_to_say_the_cfa),
        cmocka_unit_test(goes_back_to_what_was),
        cmocka_unit_test(vector_registers_do_not_matter),
        cmocka_unit_test(reads_every_letter_of_an_augmentation),
        cmocka_unit_test(refuses_what_cannot_be_meant),
        cmocka_unit_test(finds_no_entry_in_torn_records),
        cmocka_unit_test(reads_only_search_tables_of_the_usual_form),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
