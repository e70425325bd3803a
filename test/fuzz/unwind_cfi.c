#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "../c/cfi_make.h"
#include "unwind/cfi_expr.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int read_word(void *ctx, uint64_t addr, uint64_t *value)
{
    (void)ctx;
    *value = addr * 3;
    return addr % 64 ? 0 : -E_LIMIT;
}

static void evaluate(const struct cfi_table *t, const struct cfi_row *row,
                     const struct cfi_rule *rule)
{
    static const struct regs regs = {{1, 2, 3, 0x7000, 5, 6, 0x7ff8}};
    const struct cfi_expr_world world = {&regs, 0xffff, read_word, NULL};
    uint64_t cfa = 0x8000, value;
    if (rule->reg >= REGS_COUNT)
        abort();
    if (rule->how != CFI_SAVED_EXPR && rule->how != CFI_VALUE_EXPR)
        return;
    if (row->bytes != t->frames.bytes || rule->at < 0 ||
        (size_t)rule->at + rule->len > t->frames.len)
        abort();
    (void)!cfi_expr_run(row->bytes + rule->at, rule->len, &world, &cfa, &value);
}

static void ask(const struct cfi_table *t, uint64_t addr)
{
    struct cfi_row row;
    if (cfi_row_find(t, addr, &row) != 0)
        return;
    evaluate(t, &row, &row.cfa);
    if (row.count > REGS_COUNT)
        abort();
    for (size_t i = 0; i < row.count; i++)
        evaluate(t, &row, &row.rules[i]);
}

/* Both sections are foreign, the search table at the front. */
static void all_foreign(const uint8_t *data, size_t size)
{
    size_t split = size < 64 ? size / 2 : 64;
    const struct cfi_section header = {data, split, CFI_HEADER};
    const struct cfi_section frames = {data + split, size - split, CFI_FRAMES};
    struct cfi_table t;
    if (cfi_table_parse(&header, &frames, &t) != 0)
        return;
    for (uint64_t addr = 0; addr < 0x10000; addr += 0x3ff)
        ask(&t, addr);
}

/* The instructions alone are foreign, so that all of them are reached; or,
 * behind a good search table, the records too. */
static void foreign_program(const uint8_t *data, size_t size, int records)
{
    static struct cfi_made made;
    made = (struct cfi_made){0};
    cfi_cie(&made, size % 2 ? "zR" : "zPLRS");
    cfi_fde(&made, data, size < CFI_BYTES - 128 ? size : CFI_BYTES - 128);
    if (records)
        memcpy(made.frames, data, size < made.len ? size : made.len);
    if (cfi_parse(&made) != 0)
        abort();
    for (uint64_t at = 0; at < CFI_RANGE; at += 0x1f)
        ask(&made.table, CFI_START + at);
}

/* The first byte says which parts of the tables the others are. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    if (data[0] % 4 == 0)
        all_foreign(data + 1, size - 1);
    else
        foreign_program(data + 1, size - 1, data[0] % 4 == 1);
    return 0;
}
