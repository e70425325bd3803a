/*
 * A recording: a gzipped pprof profile. It is packed in pieces, which protobuf
 * allows: two messages one after another mean their union.
 *
 * Strings of the profile keep their ids; label keys, a file name, states, names
 * of values and comments come after them. The ids of functions and locations
 * (our frames) in the file are those of the profile plus 1, since pprof does
 * not allow 0.
 *
 * If there are several events, a sample has the values of all, and those of
 * other events than its own are 0. Tools choose values by their names, so a
 * name that an earlier event has is written with the event's own name before it
 * ("wall_samples").
 */
#include "formats/format.h"

#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/clock.h"
#include "formats/pprof_comments.h"
#include "formats/pprof_gzip.h"
#include "formats/pprof_labels.h"
#include "formats/pprof_spans.h"
#include "formats/profile.pb-c.h"

enum { DUMMY_MAPPING = 1, MAX_UNPACKED = 1 << 30 };

struct writer {
    const struct profile *p; /* of the first event */
    int64_t labels_at, file_at, states_at, names_at, comments_at; /* strings */
    size_t value_count;
    struct buffer names; /* of values, each ended by a NUL */
    struct buffer comments, raw;
    uint64_t *path; /* location ids of one stack, leaf first */
    size_t path_cap;
};

static void add_piece(struct writer *w, const Pprof__Profile *piece)
{
    size_t size = pprof__profile__get_packed_size(piece);
    uint8_t *at = buffer_grow(&w->raw, size);
    if (at)
        pprof__profile__pack(piece, at);
}

/* Has an earlier event a value of this name? */
static bool is_taken(const struct writer *w, const struct profile *of,
                     uint32_t name)
{
    for (const struct profile *p = w->p; p != of; p = profile_next(p))
        for (size_t i = 0; i < profile_value_count(p); i++)
            if (profile_value_type_at(p, i)->name == name)
                return true;
    return false;
}

/* Makes the names that are not strings of the profile. Returns how many. */
static int64_t name_values(struct writer *w)
{
    int64_t made = 0;
    for (const struct profile *p = w->p; p; p = profile_next(p)) {
        w->value_count += profile_value_count(p);
        for (size_t i = 0; i < profile_value_count(p); i++) {
            uint32_t name = profile_value_type_at(p, i)->name;
            if (!is_taken(w, p, name))
                continue;
            buffer_printf(&w->names, "%s_%s", event_name(profile_event(p)),
                          profile_text(p, name));
            buffer_add(&w->names, "", 1);
            made++;
        }
    }
    return made;
}

static int writer_init(struct writer *w, const struct profile *p)
{
    *w = (struct writer){.p = p};
    buffer_init(&w->names, BUFFER_DEFAULT_MAX);
    buffer_init(&w->comments, MAX_UNPACKED);
    buffer_init(&w->raw, MAX_UNPACKED);
    w->labels_at = (int64_t)profile_string_count(p);
    w->file_at = w->labels_at + PPROF_LABEL_COUNT;
    w->states_at = w->file_at + 1;
    w->names_at = w->states_at + STATE_COUNT;
    w->comments_at = w->names_at + name_values(w);
    if (w->value_count > PROFILE_MAX_VALUES)
        return -E_LIMIT;
    pprof_comments_write(p, &w->comments);
    int err = buffer_status(&w->names);
    return err ? err : buffer_status(&w->comments);
}

static void writer_deinit(struct writer *w)
{
    buffer_deinit(&w->names);
    buffer_deinit(&w->comments);
    buffer_deinit(&w->raw);
    free(w->path);
}

/* --- head ----------------------------------------------------------------- */

/* The type that a tool shows first: CPU time, if there is any. */
static size_t shown_type(const struct profile *p, uint32_t cpu)
{
    for (size_t i = 0; i < profile_sample_count(p); i++)
        if (profile_value(p, i, cpu))
            return cpu;
    return 0;
}

/* Fills in the types of all events. */
static void set_types(const struct writer *w, Pprof__ValueType *types)
{
    int64_t made = w->names_at;
    for (const struct profile *p = w->p; p; p = profile_next(p)) {
        for (size_t i = 0; i < profile_value_count(p); i++, types++) {
            const struct profile_value_type *type = profile_value_type_at(p, i);
            *types = (Pprof__ValueType)PPROF__VALUE_TYPE__INIT;
            types->type = is_taken(w, p, type->name) ? made++ : type->name;
            types->unit = type->unit;
        }
    }
}

static void add_types(struct writer *w)
{
    const struct profile_meta *m = profile_meta(w->p);
    uint32_t cpu = profile_find_value(w->p, VALUE_CPU);
    Pprof__ValueType types[PROFILE_MAX_VALUES], *list[PROFILE_MAX_VALUES];
    set_types(w, types);
    for (size_t i = 0; i < w->value_count; i++)
        list[i] = &types[i];
    Pprof__Profile piece = PPROF__PROFILE__INIT;
    piece.n_sample_type = w->value_count;
    piece.sample_type = list;
    piece.time_nanos = (int64_t)m->started_unix_ns;
    piece.duration_nanos = (int64_t)m->duration_ns;
    if (cpu != PROFILE_NONE) {
        piece.period_type = &types[cpu];
        piece.period = m->rate_asked ? (int64_t)(NS_PER_S / m->rate_asked) : 0;
    }
    piece.default_sample_type = types[shown_type(w->p, cpu)].type;
    add_piece(w, &piece);
}

/* A single mapping for all locations: it tells tools that nothing is left to be
 * symbolised. */
static void add_mapping(struct writer *w)
{
    const struct profile_meta *m = profile_meta(w->p);
    Pprof__Mapping mapping = PPROF__MAPPING__INIT;
    mapping.id = DUMMY_MAPPING;
    mapping.filename = m->node ? m->node : w->file_at;
    mapping.has_functions = mapping.has_filenames = 1;
    mapping.has_line_numbers = mapping.has_inline_frames = 1;
    Pprof__Mapping *list[] = {&mapping};
    Pprof__Profile piece = PPROF__PROFILE__INIT;
    piece.n_mapping = 1;
    piece.mapping = list;
    add_piece(w, &piece);
}

static void add_string(struct writer *w, const char *text)
{
    char *list[] = {(char *)text};
    Pprof__Profile piece = PPROF__PROFILE__INIT;
    piece.n_string_table = 1;
    piece.string_table = list;
    add_piece(w, &piece);
}

static void add_strings(struct writer *w)
{
    for (uint32_t i = 0; i < profile_string_count(w->p); i++)
        add_string(w, profile_text(w->p, i));
    for (int i = 0; i < PPROF_LABEL_COUNT; i++)
        add_string(w, pprof_comments_labels[i]);
    add_string(w, "beam.smp");
    for (int i = 0; i < STATE_COUNT; i++)
        add_string(w, state_name((enum sample_state)i));
    const char *at = (char *)w->names.data, *end = at + w->names.len;
    for (; at < end; at += strlen(at) + 1)
        add_string(w, at);
}

static void add_comments(struct writer *w)
{
    const char *at = (char *)w->comments.data;
    const char *end = at + w->comments.len;
    for (int64_t id = w->comments_at; at < end; id++, at += strlen(at) + 1) {
        add_string(w, at);
        Pprof__Profile piece = PPROF__PROFILE__INIT;
        piece.n_comment = 1;
        piece.comment = &id;
        add_piece(w, &piece);
    }
}

/* --- tables --------------------------------------------------------------- */

static void add_function(struct writer *w, uint32_t id)
{
    const struct profile_function *f = profile_function_at(w->p, id);
    Pprof__Function function = PPROF__FUNCTION__INIT;
    function.id = id + 1ull;
    function.name = f->name;
    function.filename = f->file;
    Pprof__Function *list[] = {&function};
    Pprof__Profile piece = PPROF__PROFILE__INIT;
    piece.n_function = 1;
    piece.function = list;
    add_piece(w, &piece);
}

static void add_location(struct writer *w, uint32_t id)
{
    const struct profile_frame *f = profile_frame_at(w->p, id);
    Pprof__Line line = PPROF__LINE__INIT;
    line.function_id = f->function + 1ull;
    line.line = f->line;
    Pprof__Line *lines[] = {&line};
    Pprof__Location location = PPROF__LOCATION__INIT;
    location.id = id + 1ull;
    location.mapping_id = DUMMY_MAPPING;
    location.n_line = 1;
    location.line = lines;
    Pprof__Location *list[] = {&location};
    Pprof__Profile piece = PPROF__PROFILE__INIT;
    piece.n_location = 1;
    piece.location = list;
    add_piece(w, &piece);
}

/* --- samples -------------------------------------------------------------- */

static int set_path(struct writer *w, uint32_t stack, size_t *len)
{
    *len = 0;
    if (stack == PROFILE_NONE)
        return 0;
    int err = ARRAY_RESERVE(w->path, w->path_cap,
                            profile_stack_at(w->p, stack)->depth);
    if (err)
        return err;
    for (; stack != PROFILE_NONE; (*len)++) {
        const struct profile_stack *s = profile_stack_at(w->p, stack);
        w->path[*len] = s->frame + 1ull;
        stack = s->parent;
    }
    return 0;
}

/* @param at  where the values of the event begin */
static int add_sample(struct writer *w, const struct profile *p, size_t at,
                      size_t i)
{
    const struct profile_sample *s = profile_sample_at(p, i);
    int64_t values[PROFILE_MAX_VALUES] = {0};
    struct pprof_labels labels;
    Pprof__Sample sample = PPROF__SAMPLE__INIT;
    int err = set_path(w, s->stack, &sample.n_location_id);
    if (err)
        return err;
    pprof_labels_set(&labels, p, s, w->labels_at, w->states_at);
    sample.location_id = w->path;
    memcpy(values + at, profile_values_at(p, i),
           profile_value_count(p) * sizeof(values[0]));
    sample.n_value = w->value_count;
    sample.value = values;
    sample.n_label = labels.n;
    sample.label = labels.list;
    Pprof__Sample *list[] = {&sample};
    Pprof__Profile piece = PPROF__PROFILE__INIT;
    piece.n_sample = 1;
    piece.sample = list;
    add_piece(w, &piece);
    return 0;
}

/* The last strings, see pprof_spans.h and pprof_comments.h. */
static int add_facts(struct writer *w)
{
    buffer_clear(&w->comments);
    int err = pprof_spans_write(w->p, &w->comments);
    if (!err && w->comments.len)
        add_string(w, (char *)w->comments.data);
    buffer_clear(&w->comments);
    pprof_comments_functions(w->p, &w->comments);
    if (!err)
        err = buffer_status(&w->comments);
    if (!err)
        add_string(w, (char *)w->comments.data);
    return err;
}

static int add_samples(struct writer *w)
{
    size_t at = 0;
    int err = 0;
    for (const struct profile *p = w->p; p; p = profile_next(p)) {
        for (size_t i = 0; !err && i < profile_sample_count(p); i++)
            err = add_sample(w, p, at, i);
        at += profile_value_count(p);
    }
    return err;
}

static int add_all(struct writer *w)
{
    const struct profile *p = w->p;
    add_types(w);
    add_mapping(w);
    add_strings(w);
    add_comments(w);
    for (uint32_t i = 0; i < profile_function_count(p); i++)
        add_function(w, i);
    for (uint32_t i = 0; i < profile_frame_count(p); i++)
        add_location(w, i);
    int err = add_samples(w);
    if (!err)
        err = add_facts(w);
    return err ? err : buffer_status(&w->raw);
}

static int write_pprof(const struct profile *p, const struct format_options *o,
                       struct buffer *out)
{
    (void)o;
    struct writer w;
    int err = writer_init(&w, p);
    if (!err)
        err = add_all(&w);
    if (!err)
        err = pprof_gzip_pack(w.raw.data, w.raw.len, out);
    writer_deinit(&w);
    return err;
}

const struct format format_pprof = {
    .name = "pprof",
    .extension = ".pb.gz",
    .binary = true,
    .write = write_pprof,
};
