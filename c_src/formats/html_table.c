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

static const char head[] =
    "<section aria-labelledby=\"table-title\">\n"
    "<h2 id=\"table-title\">Functions <span id=\"table-note\">with the most "
    "samples of their own</span></h2>\n"
    "<div class=\"scroll\" tabindex=\"0\" role=\"region\" "
    "aria-labelledby=\"table-title\">\n"
    "<table id=\"functions\">\n<thead><tr>"
    "<th scope=\"col\" data-by=\"self\">Self %</th>"
    "<th scope=\"col\" data-by=\"total\">Total %</th>"
    "<th scope=\"col\" data-by=\"samples\">Samples</th>"
    "<th scope=\"col\" data-by=\"name\">Function</th>"
    "<th scope=\"col\">Kind</th><th scope=\"col\">File</th></tr></thead>\n"
    "<tbody>\n";
static const char tail[] =
    "</tbody>\n</table>\n</div>\n<p id=\"functions-end\"></p>\n</section>\n";

void html_table_functions(struct buffer *out, const struct profile *p,
                          const struct summary *s, unsigned top)
{
    buffer_text(out, head);
    for (size_t i = 0; i < s->function_count && i < top; i++)
        row(out, p, &s->functions[i]);
    buffer_text(out, tail);
}
