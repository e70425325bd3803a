#include "unwind/cfi_row.h"

#include "unwind/cfi_bytes.h"

enum { REMEMBERED = 16 };

enum cfa_op { /* DW_CFA_*; the first three carry 6 bits of operand */
              OP_ADVANCE_LOC = 0x40,
              OP_OFFSET = 0x80,
              OP_RESTORE = 0xc0,
              OP_NOP = 0x00,
              OP_SET_LOC,
              OP_ADVANCE_LOC1,
              OP_ADVANCE_LOC2,
              OP_ADVANCE_LOC4,
              OP_OFFSET_EXTENDED,
              OP_RESTORE_EXTENDED,
              OP_UNDEFINED,
              OP_SAME_VALUE,
              OP_REGISTER,
              OP_REMEMBER_STATE,
              OP_RESTORE_STATE,
              OP_DEF_CFA,
              OP_DEF_CFA_REGISTER,
              OP_DEF_CFA_OFFSET,
              OP_DEF_CFA_EXPRESSION,
              OP_EXPRESSION,
              OP_OFFSET_EXTENDED_SF,
              OP_DEF_CFA_SF,
              OP_DEF_CFA_OFFSET_SF,
              OP_VAL_OFFSET,
              OP_VAL_OFFSET_SF,
              OP_VAL_EXPRESSION,
              OP_GNU_ARGS_SIZE = 0x2e,
              OP_GNU_NEGATIVE_OFFSET = 0x2f,
              OPERAND = 0x3f,
};

struct rules {
    struct cfi_rule cfa;
    struct cfi_rule of[REGS_COUNT];
};

/* The state while a program runs. */
struct run {
    const struct cfi_section *frames;
    const struct cfi_function *function;
    struct reader r;
    uint64_t location; /* the present rules hold from this address on */
    struct rules now;
    struct rules initial; /* after the CIE's own instructions */
    struct rules remembered[REMEMBERED];
    size_t depth;
    int err;
};

/* Sets a rule. Those of vector registers are ignored. */
static void set(struct run *run, uint64_t reg, enum cfi_how how, int64_t at)
{
    if (at != (int32_t)at)
        run->err = -E_LIMIT;
    else if (reg < REGS_COUNT)
        run->now.of[reg] = (struct cfi_rule){
            .reg = (uint8_t)reg, .how = (uint8_t)how, .at = (int32_t)at};
}

static int64_t factored(const struct run *run, int64_t n)
{
    int64_t value;
    return __builtin_mul_overflow(n, run->function->data_align, &value)
               ? INT64_MAX
               : value;
}

/* An unsigned and a signed operand, which are in units of the CIE. */
static int64_t offset(struct run *run)
{
    return factored(run, (int64_t)cfi_bytes_uleb(&run->r));
}

static int64_t signed_offset(struct run *run)
{
    return factored(run, cfi_bytes_sleb(&run->r));
}

static void set_expression(struct run *run, uint64_t reg, enum cfi_how how)
{
    uint64_t len = cfi_bytes_uleb(&run->r);
    const uint8_t *bytes = reader_bytes(&run->r, len);
    if (!bytes)
        return;
    set(run, reg, how, bytes - run->frames->bytes);
    if (len > UINT16_MAX)
        run->err = -E_LIMIT;
    else if (reg < REGS_COUNT)
        run->now.of[reg].len = (uint16_t)len;
}

static void set_cfa(struct run *run, uint64_t reg, int64_t at)
{
    if (reg >= REGS_COUNT || at != (int32_t)at)
        run->err = -E_LIMIT;
    else
        run->now.cfa = (struct cfi_rule){
            .reg = (uint8_t)reg, .how = CFI_VALUE, .at = (int32_t)at};
}

static void set_cfa_offset(struct run *run, int64_t at)
{
    if (run->now.cfa.how != CFI_VALUE)
        run->err = -E_FORMAT;
    else
        set_cfa(run, run->now.cfa.reg, at);
}

static void set_cfa_register(struct run *run, uint64_t reg)
{
    if (run->now.cfa.how != CFI_VALUE)
        run->err = -E_FORMAT;
    else
        set_cfa(run, reg, run->now.cfa.at);
}

static void set_cfa_expression(struct run *run)
{
    struct cfi_rule kept = run->now.of[0];
    set_expression(run, 0, CFI_VALUE_EXPR);
    run->now.cfa = run->now.of[0];
    run->now.of[0] = kept;
}

static void restore(struct run *run, uint64_t reg)
{
    if (reg < REGS_COUNT)
        run->now.of[reg] = run->initial.of[reg];
}

static void remember(struct run *run)
{
    if (run->depth == REMEMBERED)
        run->err = -E_LIMIT;
    else
        run->remembered[run->depth++] = run->now;
}

static void recall(struct run *run)
{
    if (run->depth == 0)
        run->err = -E_FORMAT;
    else
        run->now = run->remembered[--run->depth];
}

static void advance(struct run *run, uint64_t units)
{
    run->location += units * run->function->code_align;
}

static void set_rule(struct run *run, enum cfa_op op)
{
    uint64_t reg = cfi_bytes_uleb(&run->r);
    switch (op) {
    case OP_OFFSET_EXTENDED:
        set(run, reg, CFI_SAVED, offset(run));
        break;
    case OP_OFFSET_EXTENDED_SF:
        set(run, reg, CFI_SAVED, signed_offset(run));
        break;
    case OP_GNU_NEGATIVE_OFFSET:
        set(run, reg, CFI_SAVED, -offset(run));
        break;
    case OP_VAL_OFFSET:
        set(run, reg, CFI_VALUE, offset(run));
        break;
    case OP_VAL_OFFSET_SF:
        set(run, reg, CFI_VALUE, signed_offset(run));
        break;
    case OP_RESTORE_EXTENDED:
        restore(run, reg);
        break;
    case OP_UNDEFINED:
        set(run, reg, CFI_UNDEFINED, 0);
        break;
    case OP_SAME_VALUE:
        set(run, reg, CFI_SAME, 0);
        break;
    case OP_REGISTER:
        set(run, reg, CFI_REGISTER, (int64_t)cfi_bytes_uleb(&run->r));
        break;
    case OP_EXPRESSION:
        set_expression(run, reg, CFI_SAVED_EXPR);
        break;
    case OP_VAL_EXPRESSION:
        set_expression(run, reg, CFI_VALUE_EXPR);
        break;
    case OP_DEF_CFA:
        set_cfa(run, reg, (int64_t)cfi_bytes_uleb(&run->r));
        break;
    case OP_DEF_CFA_SF:
        set_cfa(run, reg, signed_offset(run));
        break;
    case OP_DEF_CFA_REGISTER:
        set_cfa_register(run, reg);
        break;
    default:
        run->err = -E_FORMAT;
    }
}

static void step(struct run *run, uint8_t op)
{
    uint64_t operand = op & OPERAND;
    switch (op & ~OPERAND) {
    case OP_ADVANCE_LOC:
        advance(run, operand);
        return;
    case OP_OFFSET:
        set(run, operand, CFI_SAVED, offset(run));
        return;
    case OP_RESTORE:
        restore(run, operand);
        return;
    }
    switch (op) {
    case OP_NOP:
        break;
    case OP_ADVANCE_LOC1:
        advance(run, reader_u8(&run->r));
        break;
    case OP_ADVANCE_LOC2:
        advance(run, reader_u16(&run->r));
        break;
    case OP_ADVANCE_LOC4:
        advance(run, reader_u32(&run->r));
        break;
    case OP_REMEMBER_STATE:
        remember(run);
        break;
    case OP_RESTORE_STATE:
        recall(run);
        break;
    case OP_DEF_CFA_OFFSET:
        set_cfa_offset(run, (int64_t)cfi_bytes_uleb(&run->r));
        break;
    case OP_DEF_CFA_OFFSET_SF:
        set_cfa_offset(run, signed_offset(run));
        break;
    case OP_DEF_CFA_EXPRESSION:
        set_cfa_expression(run);
        break;
    case OP_GNU_ARGS_SIZE:
        cfi_bytes_uleb(&run->r);
        break;
    default:
        set_rule(run, op);
    }
}

/* Runs the instructions up to the one that advances past addr; then the rules
 * are those for addr. OP_SET_LOC, which no compiler writes, is refused. */
static void play(struct run *run, const struct cfi_program *program,
                 uint64_t addr)
{
    run->r = reader_of(program->bytes, program->len);
    while (!run->err && reader_left(&run->r) > 0) {
        step(run, reader_u8(&run->r));
        if (run->r.failed)
            run->err = -E_FORMAT;
        if (run->location > addr)
            return;
    }
}

static void pack(const struct run *run, struct cfi_row *row)
{
    row->bytes = run->frames->bytes;
    row->cfa = run->now.cfa;
    row->signal = run->function->signal;
    row->count = 0;
    for (size_t i = 0; i < REGS_COUNT; i++)
        if (run->now.of[i].how != CFI_SAME)
            row->rules[row->count++] = run->now.of[i];
}

int cfi_row_find(const struct cfi_table *t, uint64_t addr, struct cfi_row *out)
{
    struct cfi_function function;
    int err = cfi_table_find(t, addr, &function);
    if (err)
        return err;
    struct run run;
    run.frames = &t->frames;
    run.function = &function;
    run.location = function.start;
    run.depth = 0;
    run.err = 0;
    run.now = (struct rules){0}; /* all registers: CFI_SAME */
    run.initial = run.now;
    play(&run, &function.initial, UINT64_MAX);
    run.initial = run.now;
    run.location = function.start;
    if (!run.err)
        play(&run, &function.program, addr);
    if (!run.err && run.now.cfa.how != CFI_VALUE &&
        run.now.cfa.how != CFI_VALUE_EXPR)
        run.err = -E_FORMAT;
    if (!run.err)
        pack(&run, out);
    return run.err;
}
