#include "formats/html_parts.h"

#include <inttypes.h>

static void place(struct buffer *out, const struct profile *p,
                  const struct profile_function *f, uint32_t line)
{
    html_text_escape(out, profile_text(p, f->file));
    if (profile_text(p, f->file)[0] && line)
        buffer_printf(out, ":%" PRIu32, line);
}

/* A part of own; an empty cell if it has no samples. */
static void part(struct buffer *out, uint64_t of, uint64_t counted)
{
    if (of)
        buffer_printf(out, "<td>%.1f</td>", summary_pct(of, counted));
    else
        buffer_text(out, "<td></td>");
}

static void row(struct buffer *out, const struct profile *p,
                const struct summary *s, const struct summary_function *f)
{
    const struct profile_function *of = profile_function_at(p, f->function);
    buffer_printf(out, "<tr><td>%.2f</td><td>%.2f</td>", f->own_pct,
                  f->own_error_pct);
    part(out, f->own_c, s->counted);
    part(out, f->own_gc, s->counted);
    part(out, f->own_kernel, s->counted);
    buffer_printf(out, "<td>%.2f</td><td>%" PRIu64 "</td><th scope=\"row\">",
                  f->total_pct, f->self);
    html_text_escape(out, profile_text(p, of->name));
    buffer_printf(out, "</th><td>%s</td><td>", frame_kind_name(of->kind));
    place(out, p, of, f->line);
    buffer_text(out, "</td></tr>\n");
}

/* The columns of the text report, in its order, and then those for which only a
 * page has room. The script sorts by data-by. */
static const char columns[] =
    "<thead><tr>"
    "<th scope=\"col\" data-by=\"own\">Own %</th>"
    "<th scope=\"col\"><abbr title=\"95 % interval\">\302\261</abbr></th>"
    "<th scope=\"col\">In C</th><th scope=\"col\">GC</th>"
    "<th scope=\"col\">Kernel</th>"
    "<th scope=\"col\" data-by=\"total\">Total %</th>"
    "<th scope=\"col\" data-by=\"self\">Self</th>"
    "<th scope=\"col\" data-by=\"name\">Function</th>"
    "<th scope=\"col\">Kind</th><th scope=\"col\">File</th></tr></thead>\n"
    "<tbody>\n";
static const char head[] =
    "<section aria-labelledby=\"table-title\">\n"
    "<h2 id=\"table-title\">Functions <span id=\"table-note\">by own "
    "share</span></h2>\n"
    "<p class=\"legend-of-table\">Own is what belongs to an Erlang or Elixir "
    "function itself, with "
    "the BIFs, C code, collections and kernel below it.</p>\n"
    "<div class=\"scroll\" tabindex=\"0\" role=\"region\" "
    "aria-labelledby=\"table-title\">\n"
    "<table id=\"functions\"";
static const char tail[] =
    "</tbody>\n</table>\n</div>\n<p id=\"functions-end\"></p>\n</section>\n";

/* The script shows all events in the first table. */
static void without_script(struct buffer *out, const struct profile *p)
{
    buffer_text(out, "<section class=\"without-script\">\n<h2>Functions by "
                     "own share: ");
    html_text_escape(out, event_title(profile_event(p)));
    buffer_text(out, "</h2>\n<div class=\"scroll\">\n<table");
}

void html_table_functions(struct buffer *out, const struct profile *p,
                          const struct summary *s, unsigned top, bool first)
{
    unsigned rows = 0;
    if (first)
        buffer_text(out, head);
    else
        without_script(out, p);
    buffer_text(out, profile_is_wall(p) ? " class=\"no-parts\">\n" : ">\n");
    buffer_text(out, columns);
    for (size_t i = 0; i < s->own_count && rows < top; i++, rows++)
        row(out, p, s, &s->functions[s->by_own[i]]);
    for (size_t i = 0; i < s->function_count && rows < top; i++)
        if (s->functions[i].own == 0) {
            row(out, p, s, &s->functions[i]);
            rows++;
        }
    buffer_text(out, first ? tail : "</tbody>\n</table>\n</div>\n</section>\n");
}
