#include "formats/dump_parts.h"

#include <string.h>

#include "profile/platform.h"

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

const char *dump_text_place(const struct dump_text *t, enum procstate state,
                            uint32_t stack)
{
    return dump_text_function(t, state == PROCSTATE_WAITING
                                     ? platform_call_site(t->p, stack)
                                     : profile_stack_function(t->p, stack));
}

/* A space and the text, unless what is written from `from` on contains it. */
static void add_word(struct buffer *out, size_t from, const char *text)
{
    size_t len = strlen(text);
    if (len == 0 || (out->len > from &&
                     memmem(out->data + from, out->len - from, text, len)))
        return;
    buffer_text(out, out->len > from ? " " : "");
    text_cell_add(out, text, 0);
}

void dump_text_name(struct dump_text *t, struct buffer *out, uint32_t process)
{
    const struct profile_process *of = profile_process_at(t->p, process);
    size_t from = out->len;
    add_word(out, from, process_names_of(&t->names, process));
    add_word(out, from, profile_text(t->p, of->child));
    text_application_add(out, t->p, of->application);
}

void dump_text_member(struct dump_text *t, struct buffer *out,
                      const struct dump_member *m)
{
    struct buffer name;
    buffer_init(&name, BUFFER_DEFAULT_MAX);
    dump_text_name(t, &name, m->process);
    buffer_printf(out, "%s%s", profile_text(t->p, m->pid), name.len ? " " : "");
    buffer_add(out, name.data, name.len);
    out->failed |= name.failed;
    buffer_deinit(&name);
}
