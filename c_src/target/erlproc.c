/*
 * Reads one struct Process of the node (erts/emulator/beam/erl_process.h) with
 * the discovered layout, and decodes its fields.
 */
#include "target/erlproc.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/term.h"

enum {
    HEAD_MAX = 4096,      /* a Process has under 1 KiB */
    OLD_SLOTS = 1 << 18,  /* default +P before OTP 27 */
    NEW_SLOTS = 1 << 20,  /* and since */
    PORT_SLOTS = 1 << 16, /* default +Q */
};

/* struct reg_proc, erts/emulator/beam/register.h: HashBucket {next, hvalue},
   Process *, Port *, name. */
enum { REG_PROCESS, REG_PORT, REG_NAME, REG_WORDS, REG_AT = 16 };

static uint64_t field(const struct layout *l, const uint8_t *head,
                      enum layout_field f, size_t word)
{
    uint64_t value;
    if (!l->known[f])
        return 0;
    memcpy(&value, head + l->offset[f] + word * 8, sizeof(value));
    return value;
}

/* They need not be in order: a garbage collection swaps the heaps one pointer
 * after the other. */
static bool are_pointers(const struct erlproc *p)
{
    return ((p->stop | p->htop | p->hend) & 7) == 0;
}

static int accept(const struct erlproc *p, struct erlproc *out)
{
    if (!term_is_pid(p->id) || p->id == ERLPROC_NO_PID || !are_pointers(p))
        return -E_TORN;
    *out = *p;
    return 0;
}

/* The name in a RegProc, or 0. The RegProc is freed when the name is
 * unregistered, so it must point back to the process. */
static uint64_t name_of(const struct memory *m, uint64_t reg, uint64_t address)
{
    uint64_t words[REG_WORDS];
    if (reg == 0 || memory_read(m, reg + REG_AT, words, sizeof(words)) < 0 ||
        words[REG_PROCESS] != address || words[REG_PORT] != 0)
        return 0;
    return words[REG_NAME];
}

int erlproc_read(const struct layout *l, const struct memory *m,
                 uint64_t address, struct erlproc *out)
{
    uint8_t head[HEAD_MAX];
    if (!l->known[LAYOUT_ID])
        return -E_LAYOUT;
    if (address == 0 || address % 8 || l->process_bytes > HEAD_MAX)
        return -E_TORN;
    int status = memory_read(m, address, head, l->process_bytes);
    if (status < 0)
        return status;
    struct erlproc p = {
        .address = address,
        .id = field(l, head, LAYOUT_ID, 0),
        .stop = field(l, head, LAYOUT_STOP, 0),
        .htop = field(l, head, LAYOUT_HTOP, 0),
        .hend = field(l, head, LAYOUT_HEND, 0),
        .scheduler_data = field(l, head, LAYOUT_SCHEDULER_DATA, 0),
        .name = name_of(m, field(l, head, LAYOUT_REG, 0), address),
        .dictionary = field(l, head, LAYOUT_DICTIONARY, 0),
    };
    for (size_t i = 0; i < 3; i++)
        p.initial[i] = field(l, head, LAYOUT_INITIAL, i);
    return accept(&p, out);
}

int erlproc_find(const struct layout *l, const struct memory *m, uint64_t pid,
                 struct erlproc *out)
{
    uint64_t process = 0;
    if (!l->table || !term_is_pid(pid))
        return -E_NOT_FOUND;
    uint64_t slot = term_slot(pid, term_is_old(pid, l->release), l->table_size);
    if (slot >= l->table_size ||
        memory_read_u64(m, l->table + 8 * slot, &process) < 0 ||
        erlproc_read(l, m, process, out) < 0 || out->id != pid)
        return -E_NOT_FOUND;
    return 0;
}

int erlproc_of_sample(const struct sample_process *s, struct erlproc *out)
{
    const struct erlproc p = {
        .address = s->c_p,
        .id = s->id,
        .stop = s->stop,
        .htop = s->htop,
        .hend = s->hend,
        .initial = {s->initial[0], s->initial[1], s->initial[2]},
        .name = s->name,
    };
    return accept(&p, out);
}

/* Before OTP 26, a term is {slot: 32, serial: 13, number: 15, tag: 4}. */
static void old_number(uint64_t id, uint64_t *number, uint64_t *serial)
{
    uint64_t data = id >> TERM_BITS & 0xfffffff;
    *number = data & 0x7fff;
    *serial = data >> 15;
}

/* Since OTP 26, the low bits (those of the slot) are rotated, so that processes
   that are created one after the other have slots in different cache lines
   (erts_ptab_pixdata2data in erts/emulator/beam/erl_ptab.h; a cache line has 8
   slots). */
static uint64_t new_data(uint64_t id, uint64_t slots)
{
    unsigned bits = (unsigned)__builtin_ctzll(slots);
    uint64_t x = id >> TERM_BITS, low = x & (slots - 1);
    return (x & ~(slots - 1)) | low >> 3 | (low & 7) << (bits - 3);
}

/* The 60 bits above the tag are {serial: 32, number: 28}. */
static void new_number(uint64_t id, uint64_t slots, uint64_t *number,
                       uint64_t *serial)
{
    uint64_t data = new_data(id, slots);
    *number = data & 0xfffffff;
    *serial = data >> 28;
}

void erlproc_pid_text(uint64_t id, int release, uint64_t table_size,
                      char text[ERLPROC_TEXT])
{
    uint64_t number, serial;
    bool old = term_is_old(id, release);
    if (table_size < 16 || (table_size & (table_size - 1)))
        table_size = release && release < 27 ? OLD_SLOTS : NEW_SLOTS;
    if (old)
        old_number(id, &number, &serial);
    else
        new_number(id, table_size, &number, &serial);
    snprintf(text, ERLPROC_TEXT, "<0.%llu.%llu>", (unsigned long long)number,
             (unsigned long long)serial);
}

/* A port has a number and no serial. */
void erlproc_port_text(uint64_t id, int release, uint64_t slots,
                       char text[ERLPROC_TEXT])
{
    if (slots < 16 || (slots & (slots - 1)))
        slots = PORT_SLOTS;
    uint64_t number = term_is_old(id, release) ? id >> TERM_BITS & 0xfffffff
                                               : new_data(id, slots);
    snprintf(text, ERLPROC_TEXT, "#Port<0.%llu>", (unsigned long long)number);
}

void erlproc_name(struct atoms *atoms, const struct erlproc *p,
                  char text[ERLPROC_TEXT])
{
    if (p->name == 0 || atoms_text(atoms, p->name, text, ERLPROC_TEXT) < 0)
        text[0] = '\0';
}

static int quoted_atom(struct atoms *atoms, uint64_t term,
                       char text[ERLPROC_TEXT])
{
    char plain[ERLPROC_TEXT];
    int err = atoms_text(atoms, term, plain, sizeof(plain));
    if (!err)
        atoms_quote(plain, text, ERLPROC_TEXT);
    return err;
}

void erlproc_initial_call(struct atoms *atoms, const uint64_t initial[3],
                          char text[ERLPROC_TEXT])
{
    char module[ERLPROC_TEXT], function[ERLPROC_TEXT];
    text[0] = '\0';
    if (initial[2] > TERM_MAX_ARITY ||
        quoted_atom(atoms, initial[0], module) < 0 ||
        quoted_atom(atoms, initial[1], function) < 0)
        return;
    char whole[2 * ERLPROC_TEXT + 8];
    int n = snprintf(whole, sizeof(whole), "%s:%s/%u", module, function,
                     (unsigned)initial[2]);
    if (n < ERLPROC_TEXT)
        memcpy(text, whole, (size_t)n + 1);
}
