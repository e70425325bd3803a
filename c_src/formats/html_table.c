#include "formats/html_parts.h"

#include <inttypes.h>

static void place(struct buffer *out, const struct profile *p,
                  const struct profile_function *f, uint32_t line)
{
    html_text_escape(out, profile_text(p, f->file));
    if (profile_text(p, f->file)[0] && line)
        buffer_printf(out, ":%" PRIu32, line);
}

static void row(struct buffer *out, const struct profile *p,
                const struct summary_function *s)
{
    const struct profile_function *f = profile_function_at(p, s->function);
    buffer_printf(out,
                  "<tr><td>%.2f</td><td>%.2f</td><td>%" PRIu64
                  "</td><th scope=\"row\">",
                  s->self_pct, s->total_pct, s->self);
    html_text_escape(out, profile_text(p, f->name));
    buffer_printf(out, "</th><td>%s</td><td>", frame_kind_name(f->kind));
    place(out, p, f, s->line);
    buffer_text(out, "</td></tr>\n");
}

void html_table_rows(struct buffer *out, const struct profile *p,
                     const struct summary *s, unsigned top)
{
    for (size_t i = 0; i < s->function_count && i < top; i++)
        row(out, p, &s->functions[i]);
}
