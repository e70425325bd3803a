#include "formats/html_others.h"

#include <string.h>

#include "formats/html_parts.h"

/* One of the values. Times are in microseconds, which is exact enough for a
 * page, and much shorter. */
struct other {
    const struct html_graph *g;
    uint32_t type;
    uint64_t per_unit;
};

static uint64_t other_at(const void *ctx, size_t i)
{
    const struct other *o = ctx;
    return profile_value(o->g->p, o->g->rows[i], o->type) / o->per_unit;
}

static double other_counted(const struct other *o)
{
    double sum = 0;
    for (size_t i = 0; i < o->g->row_count; i++)
        sum += (double)other_at(o, i);
    return sum;
}

/* How much of the value stands for one sample, for its error. Samples may have
 * different weights (a short wait stands for many), and then fewer samples of
 * equal weight would be as good: sum(w)^2 / sum(w^2). The samples of one row
 * are alike. */
static double other_per_sample(const struct other *o, double counted,
                               uint64_t hits)
{
    uint32_t samples = profile_find_value(o->g->p, VALUE_SAMPLES);
    double squares = 0;
    for (size_t i = 0; i < o->g->row_count; i++) {
        double value = (double)other_at(o, i);
        uint64_t n = profile_value(o->g->p, o->g->rows[i], samples);
        squares += n ? value * value / (double)n : value;
    }
    double as_good = squares > 0 ? counted * counted / squares : 0;
    if (hits && as_good > (double)hits)
        as_good = (double)hits;
    return as_good > 0 ? counted / as_good : 1;
}

static void add_other(struct buffer *out, const struct html_graph *g,
                      const struct summary *s, uint32_t type)
{
    const struct profile_value_type *of = profile_value_type_at(g->p, type);
    const char *unit = profile_text(g->p, of->unit);
    bool is_time = strcmp(unit, VALUE_CPU.unit) == 0;
    struct other o = {g, type, is_time ? 1000 : 1};
    double counted = other_counted(&o);
    buffer_text(out, "{\"value\":");
    html_json_text(out, profile_text(g->p, of->name));
    buffer_text(out, ",\"unit\":");
    html_json_text(out, is_time ? "microseconds" : unit);
    buffer_printf(out,
                  ",\"counted\":%.0f,\"per_sample\":%.3f,\"count\":", counted,
                  other_per_sample(&o, counted, s->hits));
    html_json_list(out, g->row_count, other_at, &o);
    buffer_text(out, "}");
}

void html_others_add(struct buffer *out, const struct html_graph *g,
                     const struct summary *s)
{
    buffer_text(out, ",\"others\":[");
    for (uint32_t type = 1; type < profile_function_values(g->p); type++) {
        buffer_text(out, type > 1 ? "," : "");
        add_other(out, g, s, type);
    }
    buffer_text(out, "]");
}
