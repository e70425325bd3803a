/*
 * From atom terms to text: by the VM's atom table, which has every atom, if it
 * is found; else by a dictionary of the module and function atoms of all loaded
 * code. Both use the ErtsCodeInfo of JIT functions, {op, ..., mfa @16}
 * (erts/emulator/beam/code_ix.h): the names of the functions have the text of
 * these atoms.
 */
#include "target/atoms.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/buffer.h"
#include "target/atoms_parts.h"

enum {
    INFO_MFA = 16,
    PROBE = 64, /* functions whose atoms confirm the table */
    BATCH = 1024,
};

/* A dictionary entry; text is an offset into names. */
struct entry {
    uint64_t term;
    size_t text;
};

struct atoms {
    const struct process *process;
    const struct maps *maps;
    const struct memory *memory;
    const struct jit *jit;
    bool started;
    struct atoms_table table;
    struct buffer names;
    struct entry *entries; /* sorted by term */
    size_t entry_count, entry_cap;
};

/* Functions whose code information is read in one batch. */
struct batch {
    const struct jit_function *functions[BATCH];
    uint64_t mfa[BATCH][3];
    struct memory_span spans[BATCH];
    size_t count;
};

int atoms_open(const struct process *p, const struct maps *maps,
               const struct memory *m, const struct jit *jit,
               struct atoms **out)
{
    struct atoms *a = calloc(1, sizeof(*a));
    if (!a)
        return -ENOMEM;
    a->process = p;
    a->maps = maps;
    a->memory = m;
    a->jit = jit;
    buffer_init(&a->names, 64 << 20);
    *out = a;
    return 0;
}

void atoms_close(struct atoms *a)
{
    if (!a)
        return;
    buffer_deinit(&a->names);
    free(a->entries);
    free(a);
}

static void add(struct atoms *a, uint64_t term, const char *text)
{
    if (!atoms_is_atom(term))
        return;
    if (ARRAY_RESERVE(a->entries, a->entry_cap, a->entry_count + 1) != 0)
        return;
    size_t at = a->names.len;
    buffer_add(&a->names, text, strlen(text) + 1);
    if (buffer_status(&a->names) == 0)
        a->entries[a->entry_count++] = (struct entry){term, at};
}

static void read_batch(struct atoms *a, struct batch *b)
{
    for (size_t i = 0; i < b->count; i++)
        b->spans[i] =
            (struct memory_span){.addr = b->functions[i]->info + INFO_MFA,
                                 .to = b->mfa[i],
                                 .len = sizeof(b->mfa[i])};
    if (memory_read_many(a->memory, b->spans, b->count) < 0)
        b->count = 0;
    for (size_t i = 0; i < b->count; i++) {
        struct atoms_mfa name;
        if (!b->spans[i].ok ||
            atoms_parse_mfa(b->functions[i]->name, &name) < 0 ||
            name.arity != b->mfa[i][2])
            continue;
        add(a, b->mfa[i][0], name.module);
        add(a, b->mfa[i][1], name.function);
    }
    b->count = 0;
}

static int by_term(const void *x, const void *y)
{
    uint64_t a = ((const struct entry *)x)->term;
    uint64_t b = ((const struct entry *)y)->term;
    return (a > b) - (a < b);
}

static void sort_entries(struct atoms *a)
{
    if (a->entry_count == 0)
        return;
    qsort(a->entries, a->entry_count, sizeof(*a->entries), by_term);
    size_t kept = 1;
    for (size_t i = 1; i < a->entry_count; i++)
        if (a->entries[i].term != a->entries[kept - 1].term)
            a->entries[kept++] = a->entries[i];
    a->entry_count = kept;
}

/* Fills the dictionary from at most `max` functions. Only modules that are
   still loaded are read, because other code may be where the CodeInfo of a
   removed module was. */
static int read_functions(struct atoms *a, size_t max)
{
    struct batch *b = malloc(sizeof(*b));
    if (!b)
        return -ENOMEM;
    b->count = 0;
    for (size_t id = 0; id < jit_module_count(a->jit) && max; id++) {
        const struct jit_module *module = jit_module(a->jit, id);
        if (module->emulator || module->gone_at != JIT_FOREVER)
            continue;
        for (uint32_t i = 0; i < module->function_count && max; i++) {
            if (module->functions[i].info == 0)
                continue;
            b->functions[b->count++] = &module->functions[i];
            max--;
            if (b->count == BATCH)
                read_batch(a, b);
        }
    }
    read_batch(a, b);
    free(b);
    sort_entries(a);
    return 0;
}

static int find_table(struct atoms *a)
{
    struct exedata d;
    int status = exedata_read(a->process->exe, a->maps, a->memory, &d);
    if (status < 0)
        return status;
    struct atoms_known *known =
        calloc(a->entry_count ? a->entry_count : 1, sizeof(*known));
    status = -ENOMEM;
    if (known) {
        for (size_t i = 0; i < a->entry_count; i++)
            known[i] = (struct atoms_known){a->entries[i].term,
                                            (const char *)a->names.data +
                                                a->entries[i].text};
        status = atoms_table_find(&d, a->maps, a->memory, known, a->entry_count,
                                  &a->table);
    }
    free(known);
    exedata_deinit(&d);
    return status;
}

static int start(struct atoms *a)
{
    a->started = true;
    buffer_clear(&a->names);
    a->entry_count = 0;
    int status = read_functions(a, PROBE);
    if (status < 0)
        return status;
    if (find_table(a) == 0)
        return 0;
    buffer_clear(&a->names);
    a->entry_count = 0;
    status = read_functions(a, SIZE_MAX);
    int over = deadline_check(a->memory->until);
    a->started = !over; /* incomplete: the next call starts again */
    return over ? over : status;
}

static int look_up(const struct atoms *a, uint64_t term,
                   char text[ATOMS_MAX_TEXT])
{
    struct entry key = {.term = term};
    struct entry *e = NULL;
    if (a->entry_count)
        e = bsearch(&key, a->entries, a->entry_count, sizeof(key), by_term);
    if (!e)
        return -E_NOT_FOUND;
    const char *known = (const char *)a->names.data + e->text;
    memcpy(text, known, strlen(known) + 1);
    return 0;
}

/* Copies whole UTF-8 characters only. */
static void copy_cut(const char *from, char *to, size_t size)
{
    size_t len = strlen(from);
    if (size == 0)
        return;
    if (len >= size) {
        len = size - 1;
        while (len > 0 && ((uint8_t)from[len] & 0xc0) == 0x80)
            len--;
    }
    memcpy(to, from, len);
    to[len] = '\0';
}

int atoms_text(struct atoms *a, uint64_t term, char *text, size_t size)
{
    char whole[ATOMS_MAX_TEXT];
    if (!atoms_is_atom(term))
        return -E_NOT_FOUND;
    int status = a->started ? 0 : start(a);
    if (status == 0)
        status = a->table.segments
                     ? atoms_table_text(&a->table, a->memory, term, whole)
                     : look_up(a, term, whole);
    if (status < 0)
        return status == -EFAULT ? -E_NOT_FOUND : status;
    copy_cut(whole, text, size);
    return 0;
}
