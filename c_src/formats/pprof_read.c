/*
 * Reads a recording of cprof or a pprof file of another program. The parts of a
 * file may come in any order (Go writes the strings last), so the file is
 * walked once for each kind of part.
 */
#include "formats/format.h"

#include <errno.h>
#include <string.h>

#include "base/add.h"
#include "base/clock.h"
#include "formats/pprof_gzip.h"
#include "formats/pprof_labels.h"
#include "formats/pprof_spans.h"
#include "formats/pprof_tables.h"
#include "formats/pprof_values.h"
#include "formats/profile.pb-c.h"

enum {
    FIELD_SAMPLE = 2,
    FIELD_MAPPING = 3,
    FIELD_LOCATION = 4,
    FIELD_FUNCTION = 5,
    FIELD_STRING = 6,
    MAX_UNPACKED = 256 << 20,
    UNPACKED_MORE = 16 << 20, /* a file may unpack to this much, plus */
    UNPACKED_PER_BYTE = 256,  /* this many times its size */
    MAX_PART = 4 << 20,       /* bytes of a sample, a location or the head */
    MAX_DEPTH = 1 << 20,      /* frames of one sample */
};

struct reading {
    struct profile *p;
    struct pprof_tables tables;
    struct reader file;
    struct buffer head; /* everything except the parts above */
    struct pprof_values values;
    uint64_t samples;
};

typedef int part_reader(struct reading *r, const struct pprof_field *f);

/* --- the passes ----------------------------------------------------------- */

static bool is_part(uint32_t number)
{
    return number >= FIELD_SAMPLE && number <= FIELD_STRING;
}

static int each(struct reading *r, uint32_t number, part_reader *read)
{
    struct reader file = r->file;
    struct pprof_field f;
    int more;
    while ((more = pprof_wire_next(&file, &f)) == 1) {
        if (f.number != number)
            continue;
        if (f.type != PPROF_BYTES)
            return -E_FORMAT;
        if (f.len > MAX_PART && number != FIELD_STRING)
            return -E_LIMIT;
        int err = read(r, &f);
        if (err)
            return err;
    }
    return more;
}

static int read_string(struct reading *r, const struct pprof_field *f)
{
    return pprof_tables_string(&r->tables, f);
}

static int read_mapping(struct reading *r, const struct pprof_field *f)
{
    return pprof_tables_mapping(&r->tables, f);
}

static int read_function(struct reading *r, const struct pprof_field *f)
{
    return pprof_tables_function(&r->tables, f);
}

static int read_location(struct reading *r, const struct pprof_field *f)
{
    return pprof_tables_location(&r->tables, f);
}

/* --- head: types, times, comments ----------------------------------------- */

static int gather_head(struct reading *r)
{
    struct reader file = r->file;
    struct pprof_field f;
    int more;
    while ((more = pprof_wire_next(&file, &f)) == 1)
        if (!is_part(f.number))
            buffer_add(&r->head, f.whole, f.whole_len);
    return more ? more : buffer_status(&r->head);
}

/* The last strings of a recording of ours. */
static int read_facts(struct reading *r)
{
    int64_t last = (int64_t)r->tables.string_count - 1;
    const struct pprof_text *functions = pprof_tables_raw(&r->tables, last);
    const struct pprof_text *spans = pprof_tables_raw(&r->tables, last - 1);
    int err = pprof_comments_read_functions(
        &r->tables.comments, (const char *)functions->at, functions->len);
    return err || !spans
               ? err
               : pprof_spans_read(r->p, (const char *)spans->at, spans->len);
}

static int read_comments(struct reading *r, const Pprof__Profile *head)
{
    for (size_t i = 0; i < head->n_comment; i++) {
        const struct pprof_text *text =
            pprof_tables_raw(&r->tables, head->comment[i]);
        if (!text)
            return -E_FORMAT;
        int err = pprof_comments_read(&r->tables.comments, r->p,
                                      (const char *)text->at, text->len);
        if (err)
            return err;
    }
    if (!r->tables.comments.own)
        return 0;
    return read_facts(r);
}

/* What a file of another program says about itself. */
static int read_foreign_meta(struct reading *r, const Pprof__Profile *head)
{
    struct profile_meta *m = profile_meta_edit(r->p);
    if (head->time_nanos > 0)
        m->started_unix_ns = (uint64_t)head->time_nanos;
    if (head->duration_nanos > 0)
        m->duration_ns = (uint64_t)head->duration_nanos;
    if (head->period_type && head->period > 0 &&
        pprof_tables_is(&r->tables, head->period_type->unit, "nanoseconds"))
        m->rate_asked = (uint32_t)(NS_PER_S / (uint64_t)head->period);
    return pprof_values_note(&r->tables, head, &r->values);
}

static int read_head(struct reading *r)
{
    int err = gather_head(r);
    if (err)
        return err;
    Pprof__Profile *head =
        pprof__profile__unpack(NULL, r->head.len, r->head.data);
    if (!head)
        return -E_FORMAT;
    err = read_comments(r, head);
    if (!err)
        err = pprof_values_choose(&r->tables, head, &r->values);
    if (!err && !r->tables.comments.own)
        err = read_foreign_meta(r, head);
    pprof__profile__free_unpacked(head, NULL);
    return err;
}

/* --- samples -------------------------------------------------------------- */

static int read_stack(struct reading *r, const Pprof__Sample *s,
                      uint32_t *stack)
{
    *stack = PROFILE_NONE;
    uint64_t depth = 0;
    for (size_t i = s->n_location_id; i-- > 0;) {
        const struct pprof_location *l =
            pprof_tables_find_location(&r->tables, s->location_id[i]);
        if (!l)
            return -E_FORMAT;
        depth += l->count;
        if (depth > MAX_DEPTH)
            return -E_LIMIT;
        int err = pprof_tables_spend(&r->tables, l->count);
        if (err)
            return err;
        for (uint32_t j = 0; j < l->count; j++) {
            int64_t id =
                profile_stack(r->p, *stack, r->tables.frames[l->first + j]);
            if (id < 0)
                return (int)id;
            *stack = (uint32_t)id;
        }
    }
    return 0;
}

/* A row, of one event or several. */
struct row {
    struct profile_sample key;
    uint64_t members; /* of the process; 0: not given */
    uint64_t values[PROFILE_MAX_VALUES];
};

static bool has_values(const struct pprof_part *part, const uint64_t *values)
{
    for (size_t i = 0; i < part->count; i++)
        if (values[part->first + i])
            return true;
    return false;
}

static int add_row(const struct pprof_part *part, const struct row *row)
{
    int err = row->members
                  ? profile_set_members(part->p, row->key.process, row->members)
                  : 0;
    return err ? err
               : profile_add(part->p, &row->key, row->values + part->first);
}

/* A row without any value is one of the first event. */
static int add_rows(const struct pprof_values *v, const struct row *row)
{
    bool added = false;
    int err = 0;
    for (size_t i = 1; i < v->part_count && !err; i++)
        if (has_values(&v->parts[i], row->values)) {
            err = add_row(&v->parts[i], row);
            added = true;
        }
    return err || (added && !has_values(v->parts, row->values))
               ? err
               : add_row(v->parts, row);
}

static int add_sample(struct reading *r, const Pprof__Sample *s)
{
    struct row row = {.key = {.process = PROFILE_NONE,
                              .thread = PROFILE_NONE,
                              .state = STATE_RUNNING}};
    int err = read_stack(r, s, &row.key.stack);
    if (!err)
        err =
            pprof_values_get(&r->values, s, r->tables.comments.own, row.values);
    if (!err)
        err = pprof_labels_read(&r->tables, s, &row.key, &row.members);
    if (err)
        return err;
    add_capped(&r->samples, row.values[0]);
    return add_rows(&r->values, &row);
}

static int read_sample(struct reading *r, const struct pprof_field *f)
{
    Pprof__Sample *s = pprof__sample__unpack(NULL, f->len, f->bytes);
    if (!s)
        return -E_FORMAT;
    int err = add_sample(r, s);
    pprof__sample__free_unpacked(s, NULL);
    return err;
}

/* --- the whole ------------------------------------------------------------ */

static int read_parts(struct reading *r)
{
    int err = each(r, FIELD_STRING, read_string);
    if (!err)
        err = read_head(r);
    if (!err)
        err = each(r, FIELD_MAPPING, read_mapping);
    if (!err)
        err = each(r, FIELD_FUNCTION, read_function);
    if (!err)
        err = each(r, FIELD_LOCATION, read_location);
    if (!err)
        err = each(r, FIELD_SAMPLE, read_sample);
    if (!err && !r->tables.comments.own)
        profile_counters_edit(r->p)->samples = r->samples;
    return err ? err : pprof_values_note_lost(&r->values, r->p);
}

static int read_plain(const void *bytes, size_t len, struct profile **out)
{
    struct reading r = {.file = reader_of(bytes, len)};
    int err = profile_create(&r.p);
    if (err)
        return err;
    pprof_tables_init(&r.tables, r.p, len);
    buffer_init(&r.head, MAX_PART);
    err = read_parts(&r);
    pprof_tables_deinit(&r.tables);
    buffer_deinit(&r.head);
    if (err)
        profile_destroy(r.p);
    else
        *out = r.p;
    return err;
}

int pprof_read(const void *bytes, size_t len, struct profile **out)
{
    int err;
    if (pprof_gzip_is(bytes, len)) {
        struct buffer plain;
        uint64_t max = (uint64_t)len * UNPACKED_PER_BYTE + UNPACKED_MORE;
        buffer_init(&plain, max < MAX_UNPACKED ? max : MAX_UNPACKED);
        err = pprof_gzip_unpack(bytes, len, &plain);
        if (err == -E_LIMIT)
            err = -E_UNPACKED;
        if (!err)
            err = read_plain(plain.data, plain.len, out);
        buffer_deinit(&plain);
    } else {
        err = len > MAX_UNPACKED ? -E_UNPACKED : read_plain(bytes, len, out);
    }
    return err == -E_FORMAT ? -E_NOT_A_PROFILE : err;
}

int pprof_read_file(const char *path, struct profile **out)
{
    struct buffer file;
    buffer_init(&file, PPROF_FILE_MAX);
    int err = buffer_read_file(&file, path);
    if (err == -E_LIMIT)
        err = -E_UNPACKED;
    if (!err)
        err = pprof_read(file.data, file.len, out);
    buffer_deinit(&file);
    return err;
}
