#include "unwind/cfi_expr.h"

#include "unwind/cfi_bytes.h"

enum { STACK_MAX = 64, STEPS_MAX = 1000 };

enum op { /* DW_OP_* */
          OP_ADDR = 0x03,
          OP_DEREF = 0x06,
          OP_CONST1U = 0x08,
          OP_CONST1S,
          OP_CONST2U,
          OP_CONST2S,
          OP_CONST4U,
          OP_CONST4S,
          OP_CONST8U,
          OP_CONST8S,
          OP_CONSTU,
          OP_CONSTS,
          OP_DUP,
          OP_DROP,
          OP_OVER,
          OP_PICK,
          OP_SWAP,
          OP_ROT,
          OP_ABS = 0x19,
          OP_AND,
          OP_DIV,
          OP_MINUS,
          OP_MOD,
          OP_MUL,
          OP_NEG,
          OP_NOT,
          OP_OR,
          OP_PLUS,
          OP_PLUS_UCONST,
          OP_SHL,
          OP_SHR,
          OP_SHRA,
          OP_XOR,
          OP_BRA,
          OP_EQ,
          OP_GE,
          OP_GT,
          OP_LE,
          OP_LT,
          OP_NE,
          OP_SKIP,
          OP_LIT0 = 0x30,
          OP_LIT31 = 0x4f,
          OP_BREG0 = 0x70,
          OP_BREG31 = 0x8f,
          OP_BREGX = 0x92,
          OP_DEREF_SIZE = 0x94,
          OP_NOP = 0x96,
};

struct machine {
    const struct cfi_expr_world *world;
    const uint8_t *start;
    struct reader r;
    uint64_t stack[STACK_MAX];
    size_t depth;
    int err;
};

static void fail(struct machine *m, int err)
{
    if (!m->err)
        m->err = err;
}

static void push(struct machine *m, uint64_t value)
{
    if (m->depth == STACK_MAX)
        fail(m, -E_LIMIT);
    else
        m->stack[m->depth++] = value;
}

static uint64_t pop(struct machine *m)
{
    if (m->depth == 0) {
        fail(m, -E_FORMAT);
        return 0;
    }
    return m->stack[--m->depth];
}

/* Pushes a copy of the value that is n below the top. */
static void pick(struct machine *m, size_t n)
{
    if (n >= m->depth)
        fail(m, -E_FORMAT);
    else
        push(m, m->stack[m->depth - 1 - n]);
}

static void push_register(struct machine *m, uint64_t reg)
{
    uint64_t offset = (uint64_t)cfi_bytes_sleb(&m->r);
    if (reg >= REGS_COUNT || !(m->world->known & 1u << reg))
        fail(m, -E_NOT_FOUND);
    else
        push(m, m->world->regs->r[reg] + offset);
}

static void dereference(struct machine *m, unsigned size)
{
    uint64_t value = 0;
    uint64_t addr = pop(m);
    if (size < 1 || size > 8)
        fail(m, -E_FORMAT);
    if (m->err)
        return;
    m->err = m->world->read(m->world->ctx, addr, &value);
    push(m, size == 8 ? value : value & ((1ull << 8 * size) - 1));
}

static void jump(struct machine *m, bool taken)
{
    int64_t by = (int16_t)reader_u16(&m->r);
    int64_t at = m->r.at - m->start + by;
    if (!taken || m->r.failed)
        return;
    if (at < 0 || at > m->r.end - m->start)
        fail(m, -E_FORMAT);
    else
        m->r.at = m->start + at;
}

static void rotate(struct machine *m, size_t n)
{
    if (m->depth < n) {
        fail(m, -E_FORMAT);
        return;
    }
    uint64_t *top = &m->stack[m->depth - 1], first = *top;
    for (size_t i = 1; i < n; i++, top--)
        *top = top[-1];
    *top = first;
}

static uint64_t constant(struct machine *m, enum op op)
{
    switch (op) {
    case OP_CONST1U:
        return reader_u8(&m->r);
    case OP_CONST1S:
        return (uint64_t)(int8_t)reader_u8(&m->r);
    case OP_CONST2U:
        return reader_u16(&m->r);
    case OP_CONST2S:
        return (uint64_t)(int16_t)reader_u16(&m->r);
    case OP_CONST4U:
        return reader_u32(&m->r);
    case OP_CONST4S:
        return (uint64_t)(int32_t)reader_u32(&m->r);
    case OP_CONSTU:
        return cfi_bytes_uleb(&m->r);
    case OP_CONSTS:
        return (uint64_t)cfi_bytes_sleb(&m->r);
    default:
        return reader_u64(&m->r);
    }
}

static uint64_t shift_signed(uint64_t a, uint64_t by)
{
    uint64_t sign = a >> 63 ? UINT64_MAX : 0;
    return by > 63 ? sign : a >> by | (by ? sign << (64 - by) : 0);
}

static uint64_t divide(struct machine *m, int64_t a, int64_t b)
{
    if (b == 0)
        fail(m, -E_FORMAT);
    if (b == 0 || b == -1)
        return 0 - (uint64_t)a;
    return (uint64_t)(a / b);
}

static uint64_t modulo(struct machine *m, uint64_t a, uint64_t b)
{
    if (b == 0)
        fail(m, -E_FORMAT);
    return b ? a % b : 0;
}

static uint64_t compare(enum op op, int64_t a, int64_t b)
{
    switch (op) {
    case OP_EQ:
        return a == b;
    case OP_GE:
        return a >= b;
    case OP_GT:
        return a > b;
    case OP_LE:
        return a <= b;
    case OP_LT:
        return a < b;
    default:
        return a != b;
    }
}

static void two_operands(struct machine *m, enum op op)
{
    uint64_t b = pop(m), a = pop(m);
    switch (op) {
    case OP_AND:
        push(m, a & b);
        break;
    case OP_DIV:
        push(m, divide(m, (int64_t)a, (int64_t)b));
        break;
    case OP_MINUS:
        push(m, a - b);
        break;
    case OP_MOD:
        push(m, modulo(m, a, b));
        break;
    case OP_MUL:
        push(m, a * b);
        break;
    case OP_OR:
        push(m, a | b);
        break;
    case OP_PLUS:
        push(m, a + b);
        break;
    case OP_SHL:
        push(m, b > 63 ? 0 : a << b);
        break;
    case OP_SHR:
        push(m, b > 63 ? 0 : a >> b);
        break;
    case OP_SHRA:
        push(m, shift_signed(a, b));
        break;
    case OP_XOR:
        push(m, a ^ b);
        break;
    default:
        push(m, compare(op, (int64_t)a, (int64_t)b));
    }
}

static void one_operand(struct machine *m, enum op op)
{
    uint64_t a = pop(m);
    if (op == OP_NOT)
        push(m, ~a);
    else if (op == OP_NEG || (op == OP_ABS && a >> 63))
        push(m, 0 - a);
    else
        push(m, a);
}

static void step(struct machine *m, enum op op)
{
    if (op >= OP_LIT0 && op <= OP_LIT31) {
        push(m, op - OP_LIT0);
    } else if (op >= OP_BREG0 && op <= OP_BREG31) {
        push_register(m, op - OP_BREG0);
    } else if (op == OP_ADDR || (op >= OP_CONST1U && op <= OP_CONSTS)) {
        push(m, constant(m, op));
    } else if (op == OP_ABS || op == OP_NEG || op == OP_NOT) {
        one_operand(m, op);
    } else if (op == OP_PLUS_UCONST) {
        push(m, pop(m) + cfi_bytes_uleb(&m->r));
    } else if ((op > OP_ABS && op < OP_BRA) || (op > OP_BRA && op < OP_SKIP)) {
        two_operands(m, op);
    } else {
        switch (op) {
        case OP_DEREF:
            dereference(m, 8);
            break;
        case OP_DEREF_SIZE:
            dereference(m, reader_u8(&m->r));
            break;
        case OP_DUP:
            pick(m, 0);
            break;
        case OP_DROP:
            pop(m);
            break;
        case OP_OVER:
            pick(m, 1);
            break;
        case OP_PICK:
            pick(m, reader_u8(&m->r));
            break;
        case OP_SWAP:
            rotate(m, 2);
            break;
        case OP_ROT:
            rotate(m, 3);
            break;
        case OP_BRA:
            jump(m, pop(m) != 0);
            break;
        case OP_SKIP:
            jump(m, true);
            break;
        case OP_BREGX:
            push_register(m, cfi_bytes_uleb(&m->r));
            break;
        case OP_NOP:
            break;
        default:
            fail(m, -E_FORMAT);
        }
    }
}

int cfi_expr_run(const uint8_t *bytes, size_t len,
                 const struct cfi_expr_world *world, const uint64_t *first,
                 uint64_t *value)
{
    struct machine m = {
        .world = world, .start = bytes, .r = reader_of(bytes, len)};
    if (first)
        push(&m, *first);
    for (int steps = 0; !m.err && reader_left(&m.r) > 0; steps++) {
        if (steps == STEPS_MAX)
            return -E_LIMIT;
        step(&m, reader_u8(&m.r));
        if (m.r.failed)
            fail(&m, -E_FORMAT);
    }
    uint64_t top = pop(&m);
    if (!m.err)
        *value = top;
    return m.err;
}
