/*
 * The C frames of a sample by libunwind, to compare ours with: over the same
 * copies, with the tables of the same objects. Slow, and in no program.
 */
#ifndef CPROF_TEST_NATIVE_ORACLE_H
#define CPROF_TEST_NATIVE_ORACLE_H

#include <errno.h>
#include <libunwind.h>
#include <stdlib.h>
#include <string.h>

#include "unwind/unwind_native.h"
#include "unwind/unwind_objects.h"

/* Exported by libunwind for its own platform parts, and in no header: looks
 * an ip up in a table that it reads through our accessors. */
int UNW_OBJ(dwarf_search_unwind_table)(unw_addr_space_t as, unw_word_t ip,
                                       unw_dyn_info_t *di, unw_proc_info_t *pi,
                                       int need_unwind_info, void *arg);

enum { ORACLE_CACHED_IPS = 8192, ORACLE_HDR_BYTES = 12 };

static const struct {
    enum reg reg;
    int unw;
} oracle_preserved[] = {
    {REGS_RBX, UNW_X86_64_RBX}, {REGS_RBP, UNW_X86_64_RBP},
    {REGS_R12, UNW_X86_64_R12}, {REGS_R13, UNW_X86_64_R13},
    {REGS_R14, UNW_X86_64_R14}, {REGS_R15, UNW_X86_64_R15},
};
enum {
    ORACLE_PRESERVED = sizeof(oracle_preserved) / sizeof(oracle_preserved[0])
};

struct oracle {
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
    struct {
        uint64_t addr, value;
    } popped[ORACLE_PRESERVED];
    size_t popped_count;
};

static inline int oracle_find(unw_addr_space_t space, unw_word_t ip,
                              unw_proc_info_t *info, int need, void *arg)
{
    struct oracle *n = arg;
    n->object = unwind_objects_at(&n->objects, n->process, n->memory, ip);
    if (!n->object) {
        n->no_table = true;
        return -UNW_ENOINFO;
    }
    uint64_t hdr = n->object->image->eh_frame_hdr_addr + n->object->bias;
    unw_dyn_info_t di = {
        .start_ip = n->object->map.start,
        .end_ip = n->object->map.end,
        .format = UNW_INFO_FORMAT_REMOTE_TABLE,
        .u.rti = {.segbase = hdr,
                  .table_data = hdr + ORACLE_HDR_BYTES,
                  /* entries are two 32-bit words: one unw_word_t */
                  .table_len = n->object->table.count}};
    int err =
        UNW_OBJ(dwarf_search_unwind_table)(space, ip, &di, info, need, arg);
    if (err < 0)
        n->no_table = true;
    return err;
}

static inline void oracle_put(unw_addr_space_t space, unw_proc_info_t *info,
                              void *arg)
{
    (void)space;
    (void)info; /* from libunwind's own pool, which it gives back itself */
    (void)arg;
}

static inline int oracle_dyn(unw_addr_space_t space, unw_word_t *list,
                             void *arg)
{
    (void)space;
    (void)list;
    (void)arg;
    return -UNW_ENOINFO;
}

static inline bool oracle_copied(const struct sample_copy *copy, uint64_t addr,
                                 unw_word_t *value)
{
    if (addr < copy->addr || copy->len < sizeof(*value) ||
        addr - copy->addr > copy->len - sizeof(*value))
        return false;
    memcpy(value, copy->bytes + (addr - copy->addr), sizeof(*value));
    return true;
}

static inline bool oracle_popped(const struct oracle *n, uint64_t addr,
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

static inline const uint8_t *oracle_bytes(const struct oracle *n, uint64_t addr)
{
    return n->object ? image_at(n->object->image, addr - n->object->bias,
                                sizeof(unw_word_t))
                     : NULL;
}

static inline int oracle_mem(unw_addr_space_t space, unw_word_t addr,
                             unw_word_t *value, int write, void *arg)
{
    (void)space;
    struct oracle *n = arg;
    if (write)
        return -UNW_EINVAL;
    if (oracle_copied(&n->sample->stack, addr, value))
        return 0;
    const uint8_t *bytes = oracle_bytes(n, addr);
    if (bytes) {
        memcpy(value, bytes, sizeof(*value));
        return 0;
    }
    if (oracle_popped(n, addr, value))
        return 0;
    n->late = true; /* maybe: tables of another object are read here too */
    return memory_read_u64(n->memory, addr, value) == 0 ? 0 : -UNW_EINVAL;
}

static inline int oracle_reg(unw_addr_space_t space, unw_regnum_t reg,
                             unw_word_t *value, int write, void *arg)
{
    (void)space;
    const struct oracle *n = arg;
    /* libunwind's numbers are DWARF's, and so are ours (regs.h). */
    if (write || reg < 0 || reg >= REGS_COUNT)
        return -UNW_EBADREG;
    *value = n->sample->regs.r[reg];
    return 0;
}

static inline int oracle_fpreg(unw_addr_space_t space, unw_regnum_t reg,
                               unw_fpreg_t *value, int write, void *arg)
{
    (void)space;
    (void)reg;
    (void)value;
    (void)write;
    (void)arg;
    return -UNW_EBADREG;
}

static inline int oracle_resume(unw_addr_space_t space, unw_cursor_t *cursor,
                                void *arg)
{
    (void)space;
    (void)cursor;
    (void)arg;
    return -UNW_EINVAL;
}

static inline int oracle_name(unw_addr_space_t space, unw_word_t addr,
                              char *name, size_t size, unw_word_t *offset,
                              void *arg)
{
    (void)space;
    (void)addr;
    (void)name;
    (void)size;
    (void)offset;
    (void)arg;
    return -UNW_ENOINFO;
}

/* All borrowed until oracle_close; NULL: libunwind refuses. */
static inline struct oracle *oracle_open(const struct process *p,
                                         const struct memory *m,
                                         const struct maps *maps)
{
    static unw_accessors_t accessors = {
        .find_proc_info = oracle_find,
        .put_unwind_info = oracle_put,
        .get_dyn_info_list_addr = oracle_dyn,
        .access_mem = oracle_mem,
        .access_reg = oracle_reg,
        .access_fpreg = oracle_fpreg,
        .resume = oracle_resume,
        .get_proc_name = oracle_name,
    };
    struct oracle *n = calloc(1, sizeof(*n));
    if (!n)
        return NULL;
    n->process = p;
    n->memory = m;
    n->space = unw_create_addr_space(&accessors, 0);
    if (!n->space || unwind_objects_set(&n->objects, maps) < 0) {
        free(n);
        return NULL;
    }
    unw_set_caching_policy(n->space, UNW_CACHE_GLOBAL);
    unw_set_cache_size(n->space, ORACLE_CACHED_IPS, 0);
    return n;
}

static inline void oracle_close(struct oracle *n)
{
    if (!n)
        return;
    unw_destroy_addr_space(n->space);
    unwind_objects_deinit(&n->objects);
    free(n);
}

/* After the first step: which registers does libunwind believe to lie below
 * the stack pointer? Those were popped already, and are live. */
static inline void oracle_note_popped(struct oracle *n, unw_cursor_t *cursor)
{
    uint64_t sp = n->sample->regs.r[REGS_RSP];
    for (size_t i = 0; i < ORACLE_PRESERVED; i++) {
        unw_save_loc_t at;
        if (unw_get_save_loc(cursor, oracle_preserved[i].unw, &at) != 0 ||
            at.type != UNW_SLT_MEMORY || at.u.addr >= sp)
            continue;
        n->popped[n->popped_count].addr = at.u.addr;
        n->popped[n->popped_count++].value =
            n->sample->regs.r[oracle_preserved[i].reg];
    }
}

static inline void oracle_registers(unw_cursor_t *cursor, struct regs *regs)
{
    for (size_t i = 0; i < ORACLE_PRESERVED; i++) {
        unw_word_t value = 0;
        unw_get_reg(cursor, oracle_preserved[i].unw, &value);
        regs->r[oracle_preserved[i].reg] = value;
    }
}

/* libunwind guesses by rbp where it finds no table; its guess is not taken. */
static inline int oracle_step(struct oracle *n, unw_cursor_t *cursor)
{
    n->no_table = false;
    int more = unw_step(cursor);
    return n->no_table ? -UNW_ENOINFO : more;
}

static inline enum native_end oracle_walk(struct oracle *n,
                                          unw_cursor_t *cursor,
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
            oracle_registers(cursor, &out->regs);
            out->regs.r[REGS_RIP] = ip;
            out->regs.r[REGS_RSP] = sp;
            return NATIVE_ERLANG;
        }
        /* Asked at the caller of a signal frame, it says yes. */
        bool call = out->count && unw_is_signal_frame(cursor) <= 0;
        n->frames[out->count++] = call ? ip - 1 : ip;
        last_sp = sp;
        int more = oracle_step(n, cursor);
        if (more <= 0)
            return more == 0 ? NATIVE_OUTERMOST : NATIVE_FAILED;
        if (out->count == 1)
            oracle_note_popped(n, cursor);
    }
    return NATIVE_LIMIT;
}

/* As unwind_native_frames does it. */
static inline void oracle_frames(struct oracle *n, const struct sample *s,
                                 const struct unwind_code *code,
                                 struct native_walk *out)
{
    unw_cursor_t cursor;
    *out = (struct native_walk){.frames = n->frames};
    n->sample = s;
    n->object = NULL;
    n->late = false;
    n->popped_count = 0;
    if (unw_init_remote(&cursor, n->space, n) == 0) {
        out->end = oracle_walk(n, &cursor, code, out);
    } else {
        n->frames[0] = s->regs.r[REGS_RIP];
        out->count = 1;
    }
    out->late = n->late;
    n->sample = NULL;
}

#endif
