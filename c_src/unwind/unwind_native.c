#include "unwind/unwind_native.h"

#include <errno.h>
#include <libunwind.h>
#include <stdlib.h>
#include <string.h>

#include "unwind/unwind_objects.h"

/* Exported by libunwind for its own platform parts, and in no header: looks
 * an ip up in a table that it reads through our accessors. */
int UNW_OBJ(dwarf_search_unwind_table)(unw_addr_space_t as, unw_word_t ip,
                                       unw_dyn_info_t *di, unw_proc_info_t *pi,
                                       int need_unwind_info, void *arg);

enum { LATE_BYTES = 4096, CACHED_IPS = 8192, STACK_BYTES = 8 << 20 };

/* Registers a C function must preserve, and JIT code relies on. */
static const struct {
    enum reg reg;
    int unw;
} preserved[] = {
    {REGS_RBX, UNW_X86_64_RBX}, {REGS_RBP, UNW_X86_64_RBP},
    {REGS_R12, UNW_X86_64_R12}, {REGS_R13, UNW_X86_64_R13},
    {REGS_R14, UNW_X86_64_R14}, {REGS_R15, UNW_X86_64_R15},
};
enum { PRESERVED = sizeof(preserved) / sizeof(preserved[0]) };

struct popped {
    uint64_t addr, value;
};

struct unwind_native {
    const struct process *process;
    const struct memory *memory;
    unw_addr_space_t space;
    struct unwind_objects objects;
    uint64_t frames[NATIVE_FRAMES];

    /* of the sample being unwound */
    const struct sample *sample;
    struct unwind_object *object; /* whose table is being read */
    bool no_table;
    bool late;
    struct popped popped[PRESERVED];
    size_t popped_count;
    uint64_t late_addr; /* what `late_bytes` holds; 0: nothing */
    uint8_t late_bytes[LATE_BYTES];
};

static int find_proc_info(unw_addr_space_t space, unw_word_t ip,
                          unw_proc_info_t *info, int need, void *arg)
{
    struct unwind_native *n = arg;
    n->object = unwind_objects_at(&n->objects, n->process, n->memory, ip);
    if (!n->object) {
        n->no_table = true;
        return -UNW_ENOINFO;
    }
    unw_dyn_info_t di = {
        .start_ip = n->object->map.start,
        .end_ip = n->object->map.end,
        .format = UNW_INFO_FORMAT_REMOTE_TABLE,
        .u.rti = {.segbase = n->object->hdr,
                  .table_data = n->object->hdr + UNWIND_HDR_BYTES,
                  /* entries are two 32-bit words: one unw_word_t */
                  .table_len = n->object->entries}};
    int err =
        UNW_OBJ(dwarf_search_unwind_table)(space, ip, &di, info, need, arg);
    if (err < 0)
        n->no_table = true;
    return err;
}

static void put_unwind_info(unw_addr_space_t space, unw_proc_info_t *info,
                            void *arg)
{
    (void)space;
    (void)info; /* from libunwind's own pool, which it gives back itself */
    (void)arg;
}

static int get_dyn_info(unw_addr_space_t space, unw_word_t *list, void *arg)
{
    (void)space;
    (void)list;
    (void)arg;
    return -UNW_ENOINFO;
}

static bool from_copy(const struct sample_copy *copy, uint64_t addr,
                      unw_word_t *value)
{
    if (addr < copy->addr || copy->len < sizeof(*value) ||
        addr - copy->addr > copy->len - sizeof(*value))
        return false;
    memcpy(value, copy->bytes + (addr - copy->addr), sizeof(*value));
    return true;
}

/* In an epilogue the rule "saved at CFA - n" stands although the register was
 * popped already: the slot is below the stack pointer and the register's own
 * value is the right one. */
static bool from_popped(const struct unwind_native *n, uint64_t addr,
                        unw_word_t *value)
{
    for (size_t i = 0; i < n->popped_count; i++) {
        if (n->popped[i].addr == addr) {
            *value = n->popped[i].value;
            return true;
        }
    }
    return false;
}

static bool from_memory(struct unwind_native *n, uint64_t addr,
                        unw_word_t *value)
{
    uint64_t start = addr & ~(uint64_t)(LATE_BYTES - 1);
    if (addr > start + LATE_BYTES - sizeof(*value))
        return memory_read_u64(n->memory, addr, value) == 0;
    if (n->late_addr != start) {
        n->late_addr = 0;
        if (memory_read(n->memory, start, n->late_bytes, LATE_BYTES) != 0)
            return false;
        n->late_addr = start;
    }
    memcpy(value, n->late_bytes + (addr - start), sizeof(*value));
    return true;
}

/* Of the thread's C stack, as far as can be told. */
static bool on_stack(const struct unwind_native *n, uint64_t addr)
{
    return addr - n->sample->stack.addr < STACK_BYTES;
}

static int access_mem(unw_addr_space_t space, unw_word_t addr,
                      unw_word_t *value, int write, void *arg)
{
    (void)space;
    struct unwind_native *n = arg;
    if (write)
        return -UNW_EINVAL;
    if (from_copy(&n->sample->stack, addr, value))
        return 0;
    if (n->object) {
        const uint8_t *bytes =
            unwind_object_bytes(n->object, addr, sizeof(*value));
        if (bytes) {
            memcpy(value, bytes, sizeof(*value));
            return 0;
        }
    }
    if (from_popped(n, addr, value))
        return 0;
    /* Anything else is code or tables, which do not change. */
    bool stack = on_stack(n, addr);
    if (stack && n->sample->exact)
        return -UNW_EINVAL;
    n->late |= stack;
    return from_memory(n, addr, value) ? 0 : -UNW_EINVAL;
}

static int access_reg(unw_addr_space_t space, unw_regnum_t reg,
                      unw_word_t *value, int write, void *arg)
{
    (void)space;
    const struct unwind_native *n = arg;
    /* libunwind's numbers are DWARF's, and so are ours (regs.h). */
    if (write || reg < 0 || reg >= REGS_COUNT)
        return -UNW_EBADREG;
    *value = n->sample->regs.r[reg];
    return 0;
}

static int access_fpreg(unw_addr_space_t space, unw_regnum_t reg,
                        unw_fpreg_t *value, int write, void *arg)
{
    (void)space;
    (void)reg;
    (void)value;
    (void)write;
    (void)arg;
    return -UNW_EBADREG;
}

static int resume(unw_addr_space_t space, unw_cursor_t *cursor, void *arg)
{
    (void)space;
    (void)cursor;
    (void)arg;
    return -UNW_EINVAL;
}

static int get_proc_name(unw_addr_space_t space, unw_word_t addr, char *name,
                         size_t size, unw_word_t *offset, void *arg)
{
    (void)space;
    (void)addr;
    (void)name;
    (void)size;
    (void)offset;
    (void)arg;
    return -UNW_ENOINFO;
}

int unwind_native_open(const struct process *p, const struct memory *m,
                       struct unwind_native **out)
{
    static unw_accessors_t accessors = {
        .find_proc_info = find_proc_info,
        .put_unwind_info = put_unwind_info,
        .get_dyn_info_list_addr = get_dyn_info,
        .access_mem = access_mem,
        .access_reg = access_reg,
        .access_fpreg = access_fpreg,
        .resume = resume,
        .get_proc_name = get_proc_name,
    };
    struct unwind_native *n = calloc(1, sizeof(*n));
    if (!n)
        return -ENOMEM;
    n->process = p;
    n->memory = m;
    n->space = unw_create_addr_space(&accessors, 0);
    if (!n->space) {
        free(n);
        return -ENOMEM;
    }
    unw_set_caching_policy(n->space, UNW_CACHE_GLOBAL);
    unw_set_cache_size(n->space, CACHED_IPS, 0);
    *out = n;
    return 0;
}

void unwind_native_close(struct unwind_native *n)
{
    if (!n)
        return;
    unw_destroy_addr_space(n->space);
    unwind_objects_deinit(&n->objects);
    free(n);
}

int unwind_native_set_maps(struct unwind_native *n, const struct maps *maps)
{
    int changed = unwind_objects_set(&n->objects, maps);
    n->object = NULL;
    if (changed)
        unw_flush_cache(n->space, 0, 0);
    return changed < 0 ? changed : 0;
}

/* After the first step: which registers does libunwind believe to lie below
 * the stack pointer? */
static void note_popped(struct unwind_native *n, unw_cursor_t *cursor)
{
    uint64_t sp = n->sample->regs.r[REGS_RSP];
    for (size_t i = 0; i < PRESERVED; i++) {
        unw_save_loc_t at;
        if (unw_get_save_loc(cursor, preserved[i].unw, &at) != 0 ||
            at.type != UNW_SLT_MEMORY || at.u.addr >= sp)
            continue;
        n->popped[n->popped_count++] =
            (struct popped){at.u.addr, n->sample->regs.r[preserved[i].reg]};
    }
}

static void take_registers(unw_cursor_t *cursor, struct regs *regs)
{
    for (size_t i = 0; i < PRESERVED; i++) {
        unw_word_t value = 0;
        unw_get_reg(cursor, preserved[i].unw, &value);
        regs->r[preserved[i].reg] = value;
    }
}

/* One step outwards. libunwind guesses by rbp where it finds no table; its
 * guess is not taken. */
static int step(struct unwind_native *n, unw_cursor_t *cursor)
{
    n->no_table = false;
    int more = unw_step(cursor);
    return n->no_table ? -UNW_ENOINFO : more;
}

static enum native_end walk(struct unwind_native *n, unw_cursor_t *cursor,
                            const struct unwind_code *code,
                            struct native_walk *out)
{
    unw_word_t last_sp = 0;
    while (out->count < NATIVE_FRAMES) {
        unw_word_t ip, sp;
        if (unw_get_reg(cursor, UNW_REG_IP, &ip) != 0 ||
            unw_get_reg(cursor, UNW_REG_SP, &sp) != 0 || sp < last_sp)
            return NATIVE_FAILED;
        if (ip == 0)
            return out->count > 1 ? NATIVE_OUTERMOST : NATIVE_FAILED;
        if (unwind_code_has(code, ip)) {
            take_registers(cursor, &out->regs);
            out->regs.r[REGS_RIP] = ip;
            out->regs.r[REGS_RSP] = sp;
            return NATIVE_ERLANG;
        }
        n->frames[out->count] = out->count ? ip - 1 : ip;
        out->count++;
        last_sp = sp;
        int more = step(n, cursor);
        if (more <= 0)
            return more == 0 ? NATIVE_OUTERMOST : NATIVE_FAILED;
        if (out->count == 1)
            note_popped(n, cursor);
    }
    return NATIVE_LIMIT;
}

void unwind_native_frames(struct unwind_native *n, const struct sample *s,
                          const struct unwind_code *code,
                          struct native_walk *out)
{
    unw_cursor_t cursor;
    *out = (struct native_walk){.frames = n->frames};
    n->sample = s;
    n->object = NULL;
    n->late = false;
    n->late_addr = 0;
    n->popped_count = 0;
    if (unw_init_remote(&cursor, n->space, n) == 0) {
        out->end = walk(n, &cursor, code, out);
    } else {
        n->frames[0] = s->regs.r[REGS_RIP];
        out->count = 1;
    }
    out->late = n->late;
    n->sample = NULL;
}
