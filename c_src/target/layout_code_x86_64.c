/*
 * Offsets that are part of the JIT's machine code. The code enters and leaves
 * the C runtime in many places, always with the same instructions
 * (emit_enter_runtime and emit_leave_runtime in
 * erts/emulator/beam/jit/x86/beam_asm.hpp). The shared fragments are read
 * first, and all other code if they have too few of these:
 *
 *   48 8D 63 d8 | 48 8D A3 d32   lea rsp, [rbx - xoff]   rbx = registers
 *   49 8B 65 d8 | 49 8B A5 d32   mov rsp, [r13 + stop]   r13 = c_p
 *   4D 8B 7D d8 | 4D 8B BD d32   mov r15, [r13 + htop]
 *
 * Bytes are matched at any position, so a pattern may also occur by chance
 * inside other instructions. The majority decides.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "target/layout_parts.h"

enum {
    MIN_VOTES = 8,
    ENOUGH_VOTES = 64,
    MAX_CODE = 4 << 20, /* bytes read in all */
    MAX_OFFSET = 4096,
};

struct pattern {
    uint8_t prefix, opcode, short_modrm, long_modrm;
};

static const struct pattern patterns[LAYOUT_CODE_KINDS] = {
    [LAYOUT_XOFF] = {0x48, 0x8d, 0x63, 0xa3},
    [LAYOUT_STOP] = {0x49, 0x8b, 0x65, 0xa5},
    [LAYOUT_HTOP] = {0x4d, 0x8b, 0x7d, 0xbd},
};

/* The displacement of a pattern at `at`; false when it is not there. */
static bool match(const struct pattern *p, const uint8_t *at, size_t left,
                  int32_t *displacement)
{
    if (left < 4 || at[0] != p->prefix || at[1] != p->opcode)
        return false;
    if (at[2] == p->short_modrm) {
        *displacement = (int8_t)at[3];
        return true;
    }
    if (at[2] != p->long_modrm || left < 7)
        return false;
    memcpy(displacement, at + 3, sizeof(*displacement));
    return true;
}

static void vote(struct layout_code *c, enum layout_field field, uint32_t value)
{
    size_t slots = sizeof(c->votes[0]) / sizeof(c->votes[0][0]);
    for (size_t i = 0; i < slots; i++) {
        if (c->votes[field][i].count && c->votes[field][i].value != value)
            continue;
        c->votes[field][i].value = value;
        c->votes[field][i].count++;
        return;
    }
}

void layout_code_scan(struct layout_code *c, const void *code, size_t len)
{
    const uint8_t *bytes = code;
    for (size_t i = 0; i < len; i++) {
        if ((bytes[i] & 0xf8) != 0x48) /* not a prefix of these patterns */
            continue;
        for (int field = 0; field < LAYOUT_CODE_KINDS; field++) {
            int32_t d;
            if (!match(&patterns[field], bytes + i, len - i, &d))
                continue;
            if (field == LAYOUT_XOFF)
                d = d > -MAX_OFFSET ? -d : -1;
            if (d > 0 && d < MAX_OFFSET && d % 8 == 0)
                vote(c, field, (uint32_t)d);
        }
    }
}

bool layout_code_verdict(const struct layout_code *c, enum layout_field field,
                         uint32_t *value)
{
    size_t slots = sizeof(c->votes[0]) / sizeof(c->votes[0][0]);
    unsigned all = 0;
    size_t best = 0;
    for (size_t i = 0; i < slots; i++) {
        all += c->votes[field][i].count;
        if (c->votes[field][i].count > c->votes[field][best].count)
            best = i;
    }
    unsigned count = c->votes[field][best].count;
    if (count < MIN_VOTES || count * 2 <= all)
        return false;
    *value = c->votes[field][best].value;
    return true;
}

/* Reads and scans the code of one module, if it is still loaded. */
static int scan_module(struct layout_code *c, const struct memory *m,
                       const struct jit_module *module, size_t *left)
{
    size_t len = module->size;
    if (len > *left || module->gone_at != JIT_FOREVER)
        return 0;
    uint8_t *code = malloc(len ? len : 1);
    if (!code)
        return -ENOMEM;
    int status = memory_read(m, module->base, code, len);
    if (status == 0)
        layout_code_scan(c, code, len);
    free(code);
    *left -= len;
    return status == -EFAULT ? 0 : status;
}

static bool enough(const struct layout_code *c)
{
    for (int field = 0; field < LAYOUT_CODE_KINDS; field++)
        if (c->votes[field][0].count < ENOUGH_VOTES)
            return false;
    return true;
}

/* The VM's shared fragments (global::*), or the modules of Erlang code. */
static int scan_modules(struct layout_code *c, const struct memory *m,
                        const struct jit *jit, bool emulator, size_t *left)
{
    for (size_t id = 0; id < jit_module_count(jit) && !enough(c); id++) {
        const struct jit_module *module = jit_module(jit, id);
        if (module->emulator != emulator)
            continue;
        int status = scan_module(c, m, module, left);
        if (status < 0)
            return status;
    }
    return 0;
}

int layout_code_discover(const struct memory *m, const struct jit *jit,
                         struct layout *l)
{
    struct layout_code c = {0};
    size_t left = MAX_CODE;
    int status = scan_modules(&c, m, jit, true, &left);
    if (status == 0)
        status = scan_modules(&c, m, jit, false, &left);
    if (status < 0)
        return status;
    for (int field = 0; field < LAYOUT_CODE_KINDS; field++) {
        uint32_t offset;
        if (layout_code_verdict(&c, field, &offset))
            layout_set(l, field, offset);
    }
    return 0;
}
