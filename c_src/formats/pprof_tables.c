#include "formats/pprof_tables.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "formats/profile.pb-c.h"

/* No real location has more inlined functions. */
enum { LINES_MAX = 1000 };

struct mapping {
    uint64_t id;
    uint32_t file, unused; /* string of the profile */
};

struct function {
    uint64_t id;
    uint32_t name, file; /* strings of the profile */
};

void pprof_tables_init(struct pprof_tables *t, struct profile *p, size_t bytes)
{
    *t = (struct pprof_tables){.p = p,
                               .steps = (uint64_t)bytes * PPROF_STEPS_PER_BYTE +
                                        PPROF_STEPS_MORE};
    pprof_comments_init(&t->comments);
    intern_init(&t->mappings, sizeof(struct mapping), sizeof(uint64_t));
    intern_init(&t->functions, sizeof(struct function), sizeof(uint64_t));
    intern_init(&t->locations, sizeof(struct pprof_location), sizeof(uint64_t));
}

void pprof_tables_deinit(struct pprof_tables *t)
{
    pprof_comments_deinit(&t->comments);
    intern_deinit(&t->mappings);
    intern_deinit(&t->functions);
    intern_deinit(&t->locations);
    free(t->strings);
    free(t->frames);
}

int pprof_tables_spend(struct pprof_tables *t, uint64_t steps)
{
    if (steps > t->steps)
        return -E_WORK;
    t->steps -= steps;
    return 0;
}

/* --- strings -------------------------------------------------------------- */

int pprof_tables_string(struct pprof_tables *t, const struct pprof_field *f)
{
    if (f->type != PPROF_BYTES || (t->string_count == 0 && f->len != 0))
        return -E_FORMAT;
    if (t->string_count >= INTERN_MAX)
        return -E_LIMIT;
    int err = ARRAY_RESERVE(t->strings, t->string_cap, t->string_count + 1);
    if (err)
        return err;
    t->strings[t->string_count++] =
        (struct pprof_text){f->bytes, f->len, PROFILE_NONE};
    return 0;
}

const struct pprof_text *pprof_tables_raw(const struct pprof_tables *t,
                                          int64_t i)
{
    return i >= 0 && i < t->string_count ? &t->strings[i] : NULL;
}

bool pprof_tables_is(const struct pprof_tables *t, int64_t i, const char *text)
{
    const struct pprof_text *raw = pprof_tables_raw(t, i);
    return raw && raw->len == strlen(text) &&
           memcmp(raw->at, text, raw->len) == 0;
}

int64_t pprof_tables_text(struct pprof_tables *t, int64_t i)
{
    if (!pprof_tables_raw(t, i))
        return -E_FORMAT;
    struct pprof_text *text = &t->strings[i];
    if (text->string != PROFILE_NONE)
        return text->string;
    int64_t id = profile_string_n(t->p, (const char *)text->at, text->len);
    if (id >= 0)
        text->string = (uint32_t)id;
    return id;
}

/* To intern a text, all its bytes are hashed, even if it is there already. */
static int spend_on_text(struct pprof_tables *t, const char *text)
{
    return pprof_tables_spend(t, 1 + strlen(text) / 64);
}

/* Adds a row under an id that must be new and not 0. */
static int add_row(struct intern *table, uint64_t id, const void *row)
{
    uint32_t before = table->len;
    if (id == 0)
        return -E_FORMAT;
    int64_t at = intern_row(table, row);
    if (at < 0)
        return (int)at;
    return table->len > before ? 0 : -E_FORMAT;
}

static const void *find_row(const struct intern *table, uint64_t id)
{
    uint32_t at = intern_find(table, &id);
    return at == INDEX_NONE ? NULL : (char *)table->rows + at * table->row_size;
}

/* --- mappings and functions ----------------------------------------------- */

int pprof_tables_mapping(struct pprof_tables *t, const struct pprof_field *f)
{
    Pprof__Mapping *m = pprof__mapping__unpack(NULL, f->len, f->bytes);
    if (!m)
        return -E_FORMAT;
    struct mapping row = {.id = m->id};
    int64_t file = pprof_tables_text(t, m->filename);
    pprof__mapping__free_unpacked(m, NULL);
    if (file < 0)
        return (int)file;
    row.file = (uint32_t)file;
    return add_row(&t->mappings, row.id, &row);
}

int pprof_tables_function(struct pprof_tables *t, const struct pprof_field *f)
{
    Pprof__Function *fn = pprof__function__unpack(NULL, f->len, f->bytes);
    if (!fn)
        return -E_FORMAT;
    struct function row = {.id = fn->id};
    int64_t name = pprof_tables_text(t, fn->name ? fn->name : fn->system_name);
    int64_t file = pprof_tables_text(t, fn->filename);
    pprof__function__free_unpacked(fn, NULL);
    if (name < 0 || file < 0)
        return (int)(name < 0 ? name : file);
    row.name = (uint32_t)name;
    row.file = (uint32_t)file;
    return add_row(&t->functions, row.id, &row);
}

/* --- locations ------------------------------------------------------------ */

static const char *base_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

/* The object that contains a foreign location. */
static const char *object_of(const struct pprof_tables *t, uint64_t mapping)
{
    const struct mapping *m = find_row(&t->mappings, mapping);
    return m ? base_of(profile_text(t->p, m->file)) : "";
}

static struct frame function_frame(const struct pprof_tables *t,
                                   const struct function *fn,
                                   const char *object)
{
    const char *name = profile_text(t->p, fn->name);
    struct frame frame = {
        .kind = FRAME_NATIVE,
        .name = name,
        .module = object,
        .function = name,
        .arity = FRAME_NO_ARITY,
        .file = profile_text(t->p, fn->file),
    };
    uint32_t i = (uint32_t)((const struct function *)fn -
                            (const struct function *)t->functions.rows);
    const struct pprof_function *own =
        pprof_comments_function(&t->comments, i, name);
    if (own) {
        const char *texts = (const char *)t->comments.texts.data;
        frame.kind = own->kind;
        frame.module = texts + own->module;
        frame.function = texts + own->function;
        frame.arity = own->arity;
        frame.most = own->most;
    }
    return frame;
}

static int add_frame(struct pprof_tables *t, const struct frame *frame)
{
    if (t->frame_count >= INTERN_MAX)
        return -E_LIMIT;
    int err = ARRAY_RESERVE(t->frames, t->frame_cap, t->frame_count + 1);
    if (err)
        return err;
    err = spend_on_text(t, frame->name);
    err = err ? err : spend_on_text(t, frame->file);
    if (err)
        return err;
    int64_t id = profile_frame(t->p, frame);
    if (id < 0)
        return (int)id;
    t->frames[t->frame_count++] = (uint32_t)id;
    return 0;
}

static int add_line(struct pprof_tables *t, const Pprof__Line *line,
                    const char *object)
{
    const struct function *fn = find_row(&t->functions, line->function_id);
    if (!fn)
        return -E_FORMAT;
    struct frame frame = function_frame(t, fn, object);
    if (line->line > 0 && line->line <= UINT32_MAX)
        frame.line = (uint32_t)line->line;
    return add_frame(t, &frame);
}

/* A location without a name is shown as its object and address. */
static int add_address(struct pprof_tables *t, uint64_t address,
                       const char *object)
{
    struct buffer name;
    buffer_init(&name, BUFFER_DEFAULT_MAX);
    buffer_printf(&name, "%s+0x%llx", object, (unsigned long long)address);
    int err = buffer_status(&name);
    if (!err)
        err = add_frame(t, &(struct frame){
                               .kind = FRAME_NATIVE,
                               .name = (char *)name.data,
                               .module = object,
                               .function = "",
                               .arity = FRAME_NO_ARITY,
                               .file = "",
                           });
    buffer_deinit(&name);
    return err;
}

int pprof_tables_location(struct pprof_tables *t, const struct pprof_field *f)
{
    Pprof__Location *l = pprof__location__unpack(NULL, f->len, f->bytes);
    if (!l)
        return -E_FORMAT;
    struct pprof_location row = {.id = l->id, .first = t->frame_count};
    const char *object = object_of(t, l->mapping_id);
    int err = l->n_line > LINES_MAX ? -E_LIMIT : 0;
    for (size_t i = l->n_line; !err && i-- > 0;)
        err = add_line(t, l->line[i], object);
    if (!err && l->n_line == 0)
        err = add_address(t, l->address, object);
    row.count = t->frame_count - row.first;
    pprof__location__free_unpacked(l, NULL);
    return err ? err : add_row(&t->locations, row.id, &row);
}

const struct pprof_location *
pprof_tables_find_location(const struct pprof_tables *t, uint64_t id)
{
    return find_row(&t->locations, id);
}
