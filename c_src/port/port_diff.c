/*
 * A comparison as a term: the JSON diff (formats/diff_json.c) as maps with
 * atom keys. Strings are binaries, kinds and verdicts atoms; JSON's null is
 * nil.
 */
#include "port/port.h"

#include <math.h>
#include <string.h>

#include "port/port_encode.h"

static void key_text(struct port_encoder *e, const char *key, const char *text)
{
    port_encode_atom(e, key);
    port_encode_text(e, text);
}

static void key_unsigned(struct port_encoder *e, const char *key,
                         uint64_t value)
{
    port_encode_atom(e, key);
    port_encode_unsigned(e, value);
}

/* What was not there before has no finite growth. */
static void key_real(struct port_encoder *e, const char *key, double value)
{
    port_encode_atom(e, key);
    if (isfinite(value))
        port_encode_real(e, value);
    else
        port_encode_atom(e, "nil");
}

static void key_lines(struct port_encoder *e, const char *key, const char *text)
{
    size_t count = 0;
    for (const char *at = text; *at; at += strspn(at, "\n")) {
        count++;
        at += strcspn(at, "\n");
    }
    port_encode_atom(e, key);
    port_encode_list(e, count);
    for (const char *at = text; *at; at += strspn(at, "\n")) {
        size_t len = strcspn(at, "\n");
        port_encode_bytes(e, at, len);
        at += len;
    }
    port_encode_list_end(e);
}

static void key_side(struct port_encoder *e, const char *key,
                     const struct diff_side *side)
{
    port_encode_atom(e, key);
    port_encode_map(e, 13);
    key_unsigned(e, "recordings", side->recordings);
    key_unsigned(e, "samples", side->samples);
    key_unsigned(e, "counted", side->counted);
    key_unsigned(e, "duration_ns", side->duration_ns);
    key_unsigned(e, "cpu_ns", side->cpu_ns);
    key_unsigned(e, "rate_asked", side->rate_asked);
    key_text(e, "node", side->node);
    key_text(e, "command", side->command);
    key_text(e, "host", side->host);
    key_text(e, "otp", side->otp);
    key_text(e, "engine", side->engine);
    key_text(e, "event", side->event);
    key_text(e, "started", side->started);
}

static void key_share(struct port_encoder *e, const char *key,
                      const struct diff_share *s)
{
    port_encode_atom(e, key);
    port_encode_map(e, 11);
    key_unsigned(e, "base", s->base);
    key_unsigned(e, "now", s->now);
    key_real(e, "base_pct", s->base_pct);
    key_real(e, "now_pct", s->now_pct);
    key_real(e, "change", s->change);
    key_real(e, "change_low", s->change_low);
    key_real(e, "change_high", s->change_high);
    key_real(e, "growth", s->growth);
    key_real(e, "growth_low", s->growth_low);
    key_real(e, "growth_high", s->growth_high);
    port_encode_atom(e, "verdict");
    port_encode_atom(e, diff_verdict_name(s->verdict));
}

static void function(struct port_encoder *e, const struct profile *p,
                     const struct diff_function *f)
{
    const struct profile_function *of = profile_function_at(p, f->function);
    port_encode_map(e, 10);
    key_text(e, "name", profile_text(p, of->name));
    key_text(e, "module", profile_text(p, of->module));
    key_text(e, "function", profile_text(p, of->function));
    port_encode_atom(e, "arity");
    if (of->arity == FRAME_NO_ARITY)
        port_encode_atom(e, "nil");
    else
        port_encode_integer(e, of->arity);
    port_encode_atom(e, "kind");
    port_encode_atom(e, frame_kind_name(of->kind));
    key_text(e, "file", profile_text(p, of->file));
    key_unsigned(e, "line", f->line);
    key_share(e, "self", &f->self);
    key_share(e, "own", &f->own);
    key_share(e, "total", &f->total);
}

static void functions(struct port_encoder *e, const struct diff *d)
{
    port_encode_list(e, diff_function_count(d));
    for (size_t i = 0; i < diff_function_count(d); i++)
        function(e, diff_profile(d), diff_function_at(d, i));
    port_encode_list_end(e);
}

static void report(struct port_encoder *e, const struct diff *d,
                   const char *sentence)
{
    const struct diff_function *culprit = diff_culprit(d);
    port_encode_map(e, 7);
    port_encode_atom(e, "version");
    port_encode_integer(e, 1);
    key_side(e, "base", diff_base(d));
    key_side(e, "now", diff_now(d));
    key_lines(e, "warnings", diff_warnings(d));
    key_text(e, "sentence", sentence);
    port_encode_atom(e, "culprit");
    if (culprit)
        function(e, diff_profile(d), culprit);
    else
        port_encode_atom(e, "nil");
    port_encode_atom(e, "functions");
    functions(e, d);
}

int port_reply_diff(struct buffer *out, int64_t ref, const struct diff *d,
                    const struct port_diff *rendered)
{
    struct port_encoder e;
    port_encode_init(&e);
    port_encode_tuple(&e, 3);
    port_encode_integer(&e, ref);
    port_encode_atom(&e, "ok");
    port_encode_map(&e, 3);
    port_encode_atom(&e, "text");
    port_encode_bytes(&e, rendered->text, rendered->text_len);
    port_encode_atom(&e, "grew");
    port_encode_boolean(&e, rendered->grew);
    port_encode_atom(&e, "report");
    report(&e, d, rendered->sentence);
    return port_encode_finish(&e, out);
}
