/* A comparison as JSON; docs/diff.md has its shape. */
#include "formats/diff_write.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#include "formats/json_dump.h"

/* Adds value (stolen) to object; a NULL anywhere ends in `bad`. */
struct object {
    json_t *json;
    bool bad;
};

static struct object object_make(void)
{
    json_t *json = json_object();
    return (struct object){json, !json};
}

static void put(struct object *o, const char *key, json_t *value)
{
    if (json_object_set_new(o->json, key, value) != 0)
        o->bad = true;
}

/* JSON integers of jansson are signed: what is above is shown as the top. */
static void put_u64(struct object *o, const char *key, uint64_t value)
{
    put(o, key, json_integer(value > INT64_MAX ? INT64_MAX : (int64_t)value));
}

static void put_text(struct object *o, const char *key, const char *text)
{
    put(o, key, json_string(text));
}

/* What was not there has no growth: null. */
static void put_real(struct object *o, const char *key, double value)
{
    put(o, key,
        isfinite(value) ? json_real(round(value * 1e6) / 1e6) : json_null());
}

static void put_object(struct object *o, const char *key, struct object value)
{
    o->bad |= value.bad;
    put(o, key, value.json);
}

static void append(struct object *array, struct object item)
{
    array->bad |= item.bad;
    if (json_array_append_new(array->json, item.json) != 0)
        array->bad = true;
}

/* --- parts ---------------------------------------------------------------- */

static struct object side(const struct diff_side *s)
{
    struct object o = object_make();
    put_u64(&o, "recordings", s->recordings);
    put_u64(&o, "samples", s->samples);
    put_u64(&o, "counted", s->counted);
    put_u64(&o, "duration_ns", s->duration_ns);
    put_u64(&o, "cpu_ns", s->cpu_ns);
    put_u64(&o, "rate_asked", s->rate_asked);
    put_text(&o, "node", s->node);
    put_text(&o, "command", s->command);
    put_text(&o, "host", s->host);
    put_text(&o, "otp", s->otp);
    put_text(&o, "engine", s->engine);
    put_text(&o, "event", s->event);
    put_text(&o, "started", s->started);
    return o;
}

static struct object lines(const char *at)
{
    struct object list = {json_array(), false};
    while (*at) {
        size_t len = strcspn(at, "\n");
        if (json_array_append_new(list.json, json_stringn(at, len)) != 0)
            list.bad = true;
        at += len + (at[len] == '\n');
    }
    return list;
}

static struct object share(const struct diff_share *s)
{
    struct object o = object_make();
    put_u64(&o, "base", s->base);
    put_u64(&o, "now", s->now);
    put_real(&o, "base_pct", s->base_pct);
    put_real(&o, "now_pct", s->now_pct);
    put_real(&o, "change", s->change);
    put_real(&o, "change_low", s->change_low);
    put_real(&o, "change_high", s->change_high);
    put_real(&o, "growth", s->growth);
    put_real(&o, "growth_low", s->growth_low);
    put_real(&o, "growth_high", s->growth_high);
    put_text(&o, "verdict", diff_verdict_name(s->verdict));
    return o;
}

static struct object function(const struct profile *p,
                              const struct diff_function *row)
{
    const struct profile_function *f = profile_function_at(p, row->function);
    struct object o = object_make();
    put_text(&o, "name", profile_text(p, f->name));
    put_text(&o, "module", profile_text(p, f->module));
    put_text(&o, "function", profile_text(p, f->function));
    put(&o, "arity",
        f->arity == FRAME_NO_ARITY ? json_null() : json_integer(f->arity));
    put_text(&o, "kind", frame_kind_name(f->kind));
    put_text(&o, "file", profile_text(p, f->file));
    put_u64(&o, "line", row->line);
    put_object(&o, "self", share(&row->self));
    put_object(&o, "own", share(&row->own));
    put_object(&o, "total", share(&row->total));
    return o;
}

static struct object functions(const struct diff *d)
{
    struct object list = {json_array(), false};
    for (size_t i = 0; i < diff_function_count(d); i++)
        append(&list, function(diff_profile(d), diff_function_at(d, i)));
    return list;
}

static void put_sentence(struct object *o, const struct diff *d)
{
    struct buffer b;
    buffer_init(&b, BUFFER_DEFAULT_MAX);
    diff_sentence_add(&b, d, diff_culprit(d));
    if (buffer_status(&b) == 0)
        put(o, "sentence", json_stringn((const char *)b.data, b.len));
    else
        o->bad = true;
    buffer_deinit(&b);
}

/* --- the whole ------------------------------------------------------------ */

static struct object report(const struct diff *d)
{
    const struct diff_function *culprit = diff_culprit(d);
    struct object o = object_make();
    put_u64(&o, "version", 1);
    put_object(&o, "base", side(diff_base(d)));
    put_object(&o, "now", side(diff_now(d)));
    put_object(&o, "warnings", lines(diff_warnings(d)));
    put_sentence(&o, d);
    if (culprit)
        put_object(&o, "culprit", function(diff_profile(d), culprit));
    else
        put(&o, "culprit", json_null());
    put_object(&o, "functions", functions(d));
    return o;
}

int diff_json_write(const struct diff *d, const struct format_options *o,
                    struct buffer *out)
{
    (void)o;
    struct object all = report(d);
    const size_t flags = JSON_INDENT(1) | JSON_REAL_PRECISION(10);
    int err = 0;
    if (all.bad)
        err = -ENOMEM;
    else
        err = json_dump_add(out, all.json, flags);
    json_decref(all.json);
    if (!err)
        buffer_text(out, "\n");
    return err ? err : buffer_status(out);
}
