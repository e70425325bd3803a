#include "cli/watch_files.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "formats/view.h"
#include "output/output.h"

static const char of_snapshot[] = ".snapshot";

static void add_ending(struct watch_series *s, size_t *n, const char *before,
                       const char *extension)
{
    if (*n == WATCH_ENDINGS)
        return;
    snprintf(s->text[*n], WATCH_ENDING, "%s%s", before, extension);
    s->endings[*n] = s->text[*n];
    ++*n;
}

void watch_series_begin(struct watch_series *s, const struct options *o)
{
    size_t n = 0;
    *s = (struct watch_series){.series = {.folder = o->watch.folder,
                                          .name = o->watch.name,
                                          .endings = s->endings,
                                          .most_bytes = o->watch.keep_bytes}};
    for (const struct format *const *f = format_all; *f; f++)
        add_ending(s, &n, "", (*f)->extension);
    add_ending(s, &n, of_snapshot, format_json.extension);
    add_ending(s, &n, of_snapshot, format_text.extension);
}

static int path_of(const struct watch_series *s, const char *stem,
                   const char *ending, char path[static PATH_MAX])
{
    int n = snprintf(path, PATH_MAX, "%s/%s%s", s->series.folder, stem, ending);
    return n < PATH_MAX ? 0 : -ENAMETOOLONG;
}

int watch_series_check(const struct watch_series *s)
{
    char path[PATH_MAX], stem[OUTPUT_SERIES_STEM];
    output_series_stem(&s->series, 0, "check", stem);
    int err = path_of(s, stem, format_pprof.extension, path);
    return err ? err : output_check(path);
}

/* --- one recording -------------------------------------------------------- */

struct file {
    char ending[WATCH_ENDING];
    struct buffer bytes; /* a view if it is of the snapshot */
    bool is_view;
};

struct files {
    struct file list[WATCH_FILES];
    size_t count;
};

static struct file *add_file(struct files *f, const char *before,
                             const char *extension)
{
    struct file *file = &f->list[f->count++];
    snprintf(file->ending, sizeof(file->ending), "%s%s", before, extension);
    file->is_view = false;
    buffer_init(&file->bytes, BUFFER_DEFAULT_MAX);
    return file;
}

static int add_recording(struct files *f, const struct options *o,
                         const struct format *format, const struct profile *p)
{
    struct view view = options_view(o);
    view.format = format;
    view.how.line_columns = 0;
    view.how.reader = FORMAT_READER_REPORT;
    return view_render(p, &view, &add_file(f, "", format->extension)->bytes);
}

/* A recording without a snapshot is worth more than none at all. */
static void add_snapshot(struct files *f, const struct watch_snapshot *s)
{
    struct buffer json, text;
    if (watch_snapshot_take(s, &json, &text) != 0)
        return;
    struct file *first = add_file(f, of_snapshot, format_json.extension);
    first->bytes = json;
    struct file *second = add_file(f, of_snapshot, format_text.extension);
    second->bytes = text;
    first->is_view = second->is_view = true;
}

static int render(struct files *f, const struct options *o,
                  const struct profile *p,
                  const struct watch_snapshot *snapshot)
{
    const struct format *also = o->watch.also;
    int err = add_recording(f, o, &format_pprof, p);
    if (!err && also && also != &format_pprof)
        err = add_recording(f, o, also, p);
    add_snapshot(f, snapshot);
    return err;
}

static void files_deinit(struct files *f)
{
    for (size_t i = 0; i < f->count; i++)
        if (!f->list[i].is_view)
            buffer_deinit(&f->list[i].bytes);
}

/* --- writing -------------------------------------------------------------- */

struct removing {
    const struct watch_series *series;
    struct watch_say *say;
    int unheard;
};

static void on_removed(void *ctx, const char *file)
{
    struct removing *r = ctx;
    struct watch_event e = watch_event_now(WATCH_REMOVED);
    char path[PATH_MAX];
    const char *const paths[] = {path};
    if (path_of(r->series, file, "", path) != 0)
        return;
    e.files = paths;
    e.file_count = 1;
    int err = watch_say(r->say, &e);
    r->unheard = r->unheard ? r->unheard : err;
}

static int make_room(const struct watch_series *s, struct watch_say *say,
                     const struct files *f, int *unheard)
{
    struct removing r = {s, say, 0};
    uint64_t space = 0;
    for (size_t i = 0; i < f->count; i++)
        space += output_series_space(f->list[i].bytes.len);
    int err = output_series_make_room(&s->series, space, on_removed, &r);
    *unheard = r.unheard;
    return err;
}

static int write_all(const struct watch_series *s, const struct files *f,
                     const char *stem, struct watch_written *out)
{
    int err = 0;
    for (size_t i = 0; i < f->count && !err; i++) {
        char *path = out->paths[out->count];
        err = path_of(s, stem, f->list[i].ending, path);
        if (!err)
            err = output_write_now(path, true, &f->list[i].bytes);
        out->count += !err;
    }
    return err;
}

int watch_files_write(const struct watch_series *s, struct watch_say *say,
                      const struct options *o, const char *stem,
                      const struct profile *p,
                      const struct watch_snapshot *snapshot,
                      struct watch_written *out)
{
    struct files files = {.count = 0};
    out->count = 0;
    out->unheard = 0;
    int err = render(&files, o, p, snapshot);
    if (!err)
        err = make_room(s, say, &files, &out->unheard);
    if (!err)
        err = write_all(s, &files, stem, out);
    files_deinit(&files);
    return err;
}
