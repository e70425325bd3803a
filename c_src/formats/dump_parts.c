#include "formats/dump_parts.h"

void dump_text_processes(struct buffer *out, uint64_t n)
{
    text_cell_number(out, n);
    buffer_text(out, n == 1 ? " process" : " processes");
}

void dump_text_wrapped(struct dump_text *t, const char *label,
                       void (*say)(struct dump_text *t, struct buffer *line))
{
    struct buffer line;
    buffer_init(&line, BUFFER_DEFAULT_MAX);
    say(t, &line);
    text_cell_wrap_line(t->out, label, &line);
}

const char *dump_text_function(const struct dump_text *t, uint32_t function)
{
    return profile_text(t->p, profile_function_at(t->p, function)->name);
}

void dump_text_member(struct dump_text *t, struct buffer *out,
                      const struct dump_member *m)
{
    const char *name = process_names_of(&t->names, m->process);
    buffer_printf(out, "%s", profile_text(t->p, m->pid));
    if (*name) {
        buffer_text(out, " ");
        text_cell_add(out, name, 0);
    }
}
