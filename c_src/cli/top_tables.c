/* The tables of functions and processes. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "cli/top_layout.h"
#include "formats/text_parts.h"
#include "formats/words.h"

/* --- functions ------------------------------------------------------------ */

enum { FIGURES = 24, WITH_PLACE = 100, PLACE = 28 };

static void function_row(const struct profile *p,
                         const struct summary_function *f, double pct,
                         double error, struct top_page *page)
{
    const struct profile_function *fn = profile_function_at(p, f->function);
    size_t room = page->width > FIGURES ? page->width - FIGURES : 1;
    bool place = page->width >= WITH_PLACE;
    buffer_printf(&page->line, "%6.2f %6.2f  %6.2f  ", pct, error,
                  f->total_pct);
    text_cell_add(&page->line, profile_text(p, fn->name),
                  place ? room - PLACE - 1 : room);
    if (place) {
        buffer_text(&page->line, " ");
        text_cell_place_in(&page->line, profile_text(p, fn->file), f->line,
                           PLACE);
    }
    top_page_end_line(page, TOP_PLAIN);
}

/* If no Erlang function has own time, functions by self time. */
void top_functions_write(const struct profile *p, const struct summary *s,
                         const char *of, size_t rows, struct top_page *page)
{
    bool own = s->own_count > 0;
    size_t all = own ? s->own_count : s->function_count;
    buffer_printf(&page->line, "%6s %6s  %6s  FUNCTION, %s",
                  own ? "OWN%" : "SELF%", "+-", "TOTAL%", of);
    top_page_end_line(page, TOP_TITLE);
    for (size_t i = 0; i < rows && i < all; i++) {
        const struct summary_function *f =
            &s->functions[own ? s->by_own[i] : i];
        function_row(p, f, own ? f->own_pct : f->self_pct,
                     own ? f->own_error_pct : f->self_error_pct, page);
    }
}

/* --- processes ------------------------------------------------------------ */

/* Columns of figures, each with the space before it. */
enum {
    CPU = 6,
    SPEED = 7,
    QUEUE = 7,
    GROWTH = 7,
    BYTES = 6,
    ASKED = 7,
    WITH_ALL = 90, /* on a narrower screen there is no room for all columns */
    PID_LEAST = 9,
    PID_MOST = 18,
    NAME_LEAST = 14,
    NAME_MOST = 40,
};

static const char *const titles[MOMENT_COLUMNS] = {
    [MOMENT_CPU] = "CPU%",     [MOMENT_REDUCTIONS] = "REDS/s",
    [MOMENT_MAILBOX] = "MBOX", [MOMENT_MEMORY] = "MEM",
    [MOMENT_BINARIES] = "BIN", [MOMENT_WAITS] = "ASKED",
};

/* The rows of the list that are on the page, and the widths of their texts. */
struct list {
    const struct moment *m;
    const struct top_view *v;
    const uint32_t *order;
    size_t count;
    bool binaries, asked; /* are these columns there? */
    size_t pid, name;
};

/* The column that the rows are sorted by is always there. */
static void set_columns(struct list *l, size_t width)
{
    bool sorted_by_it = l->v->sort == MOMENT_WAITS;
    l->asked = width >= WITH_ALL || sorted_by_it;
    l->binaries = width >= WITH_ALL || !sorted_by_it;
}

/* Half of what is left is for names. */
static void set_widths(struct list *l, size_t width)
{
    l->pid = PID_LEAST;
    for (size_t i = 0; i < l->count; i++) {
        size_t own = strlen(moment_pid(l->m, &l->m->processes[l->order[i]]));
        l->pid = own > l->pid ? own : l->pid;
    }
    l->pid = l->pid < PID_MOST ? l->pid : PID_MOST;
    size_t used = CPU + SPEED + QUEUE + GROWTH + BYTES +
                  (l->binaries ? BYTES : 0) + (l->asked ? ASKED : 0) + l->pid +
                  2;
    l->name = width > used ? (width - used) / 2 : 0;
    l->name = l->name < NAME_LEAST ? NAME_LEAST : l->name;
    l->name = l->name < NAME_MOST ? l->name : NAME_MOST;
}

/* A star marks the column that the rows are sorted by. */
static void title_cell(const struct top_view *v, enum moment_column column,
                       int width, struct buffer *out)
{
    char text[WORDS_SHORT];
    snprintf(text, sizeof(text), "%s%s", v->sort == column ? "*" : "",
             titles[column]);
    buffer_printf(out, "%*s", width, text);
}

static void list_title(const struct list *l, struct top_page *page)
{
    struct buffer *line = &page->line;
    title_cell(l->v, MOMENT_CPU, CPU, line);
    title_cell(l->v, MOMENT_REDUCTIONS, SPEED, line);
    title_cell(l->v, MOMENT_MAILBOX, QUEUE, line);
    buffer_printf(line, "%*s", GROWTH, "+/s");
    title_cell(l->v, MOMENT_MEMORY, BYTES, line);
    if (l->binaries)
        title_cell(l->v, MOMENT_BINARIES, BYTES, line);
    if (l->asked)
        title_cell(l->v, MOMENT_WAITS, ASKED, line);
    buffer_printf(line, " %-*s %-*s DOING", (int)l->pid, "PID", (int)l->name,
                  "NAME");
    top_page_end_line(page, TOP_TITLE);
}

static void cpu_text(const struct moment *m, const struct moment_process *p,
                     char text[WORDS_SHORT])
{
    if (m->no_cpu || !m->span_ns)
        snprintf(text, WORDS_SHORT, "-");
    else
        snprintf(text, WORDS_SHORT, "%.1f",
                 100 * (double)p->cpu_ns / (double)m->span_ns);
}

/* "12+": at least 12 messages. */
static void queue_text(const struct moment_process *p, char text[WORDS_SHORT])
{
    char count[WORDS_SHORT];
    words_short_count(count, p->queue);
    snprintf(text, WORDS_SHORT, "%.8s%s", count, p->queue_at_least ? "+" : "");
}

static void memory_text(const struct moment_process *p, char text[WORDS_SHORT])
{
    char size[WORDS_SHORT];
    words_short_bytes(size, p->memory);
    snprintf(text, WORDS_SHORT, "%.8s%s", size, p->memory_at_least ? "+" : "");
}

static void figure_cells(const struct list *l, const struct moment_process *p,
                         struct buffer *out)
{
    char text[WORDS_SHORT];
    cpu_text(l->m, p, text);
    buffer_printf(out, "%*s", CPU, text);
    words_short_rate(text, p->speed);
    buffer_printf(out, "%*s", SPEED, text);
    queue_text(p, text);
    buffer_printf(out, "%*s", QUEUE, text);
    words_short_growth(text, p->growth);
    buffer_printf(out, "%*s", GROWTH, text);
    memory_text(p, text);
    buffer_printf(out, "%*s", BYTES, text);
    words_short_bytes(text, p->binaries);
    if (l->binaries)
        buffer_printf(out, "%*s", BYTES, text);
    words_short_count(text, p->waiting);
    if (l->asked)
        buffer_printf(out, "%*s", ASKED, text);
    buffer_text(out, " ");
}

/* What it does is from the node, too (names of functions and processes). */
static void doing_cell(const struct moment *m, const struct moment_process *p,
                       struct buffer *out)
{
    struct buffer doing;
    buffer_init(&doing, BUFFER_DEFAULT_MAX);
    moment_doing(m, p, &doing);
    buffer_add(&doing, "", 1);
    out->failed |= doing.failed;
    if (!doing.failed)
        text_cell_add(out, (const char *)doing.data, 0);
    buffer_deinit(&doing);
}

static void list_row(const struct list *l, const struct moment_process *p,
                     struct top_page *page)
{
    struct buffer *line = &page->line;
    figure_cells(l, p, line);
    text_cell_add(line, moment_pid(l->m, p), l->pid);
    buffer_text(line, " ");
    text_cell_add(line, moment_name(l->m, p), l->name);
    buffer_text(line, " ");
    doing_cell(l->m, p, line);
    top_page_end_line(page, p->term == l->v->cursor ? TOP_CURSOR : TOP_PLAIN);
}

int top_list_write(const struct moment *m, struct top_view *v,
                   struct top_page *page)
{
    uint32_t *order;
    if (m->no_processes)
        return 0;
    int64_t all = moment_order(m, v->sort, v->match, &order);
    if (all < 0)
        return (int)all;
    top_view_scroll(v, m, order, (size_t)all);
    size_t left = (size_t)all - v->first;
    struct list l = {.m = m,
                     .v = v,
                     .order = order + v->first,
                     .count = left < v->rows ? left : v->rows};
    set_columns(&l, page->width);
    set_widths(&l, page->width);
    list_title(&l, page);
    for (size_t i = 0; i < l.count; i++)
        list_row(&l, &m->processes[l.order[i]], page);
    free(order);
    return 0;
}

/* --- one process ---------------------------------------------------------- */

static void fact(const struct moment *m, const char *before, uint32_t string,
                 struct buffer *line)
{
    const char *text = profile_text(m->profile, string);
    if (*text) {
        buffer_text(line, before);
        text_cell_add(line, text, 0);
    }
}

static void who_lines(const struct moment *m, const struct moment_process *p,
                      struct top_page *page)
{
    struct buffer *line = &page->line;
    const struct profile_process *row =
        profile_process_at(m->profile, p->process);
    buffer_printf(line, "Process:  %s ", moment_pid(m, p));
    text_cell_add(line, moment_name(m, p), 0);
    fact(m, "; initial call ", row->initial_call, line);
    fact(m, "; label ", row->label, line);
    fact(m, "; child of ", row->parent, line);
    top_page_end_line(page, TOP_PLAIN);
    buffer_printf(line, "State:    %s; ", state_name(p->state));
    doing_cell(m, p, line);
    top_page_end_line(page, TOP_PLAIN);
}

static void figure_line(const struct moment *m, const struct moment_process *p,
                        struct top_page *page)
{
    struct buffer *line = &page->line;
    char text[WORDS_SHORT];
    cpu_text(m, p, text);
    buffer_printf(line, "Figures:  CPU%% %s", text);
    words_short_rate(text, p->speed);
    buffer_printf(line, "  reductions/s %s", text);
    queue_text(p, text);
    buffer_printf(line, "  mailbox %s", text);
    words_short_growth(text, p->growth);
    buffer_printf(line, " (%s/s)", text);
    memory_text(p, text);
    buffer_printf(line, "  memory %s", text);
    words_short_bytes(text, p->binaries);
    buffer_printf(line, "  binaries %s", text);
    if (p->rate_ns)
        buffer_printf(line, "  (rates of %.1f s)",
                      (double)p->rate_ns / (double)NS_PER_S);
    top_page_end_line(page, TOP_PLAIN);
}

static void stack_lines(const struct moment *m, const struct moment_process *p,
                        struct top_page *page)
{
    size_t name = page->width > PLACE + 4 ? page->width - PLACE - 4 : 1;
    top_page_add(page, TOP_TITLE, "STACK, the innermost function first");
    for (uint32_t at = p->stack; at != PROFILE_NONE;
         at = profile_stack_at(m->profile, at)->parent) {
        const struct profile_frame *f = profile_frame_at(
            m->profile, profile_stack_at(m->profile, at)->frame);
        const struct profile_function *fn =
            profile_function_at(m->profile, f->function);
        buffer_text(&page->line, "  ");
        text_cell_add(&page->line, profile_text(m->profile, fn->name), name);
        buffer_text(&page->line, "  ");
        text_cell_place_in(&page->line, profile_text(m->profile, fn->file),
                           f->line, PLACE);
        top_page_end_line(page, TOP_PLAIN);
    }
}

static int own_functions(const struct moment *m, const struct moment_process *p,
                         struct top_page *page)
{
    enum { ROWS = 10 };
    struct profile *own;
    struct summary s;
    char of[96];
    int err = moment_own_samples(m, p, &own, &s);
    if (err)
        return err == -E_NO_MATCH ? 0 : err;
    snprintf(of, sizeof(of), "of its %llu samples in the last %.1f s",
             (unsigned long long)s.counted,
             (double)m->span_ns / (double)NS_PER_S);
    if (s.counted)
        top_functions_write(own, &s, of, ROWS, page);
    else
        top_page_add(page, TOP_TITLE, "FUNCTION: no samples of it");
    summary_deinit(&s);
    profile_destroy(own);
    return 0;
}

static void waiting_lines(const struct moment *m,
                          const struct moment_process *p, struct top_page *page)
{
    buffer_printf(&page->line,
                  "WAIT FOR ITS ANSWER: %llu of the %zu processes "
                  "that were read",
                  (unsigned long long)p->waiting, m->process_count);
    top_page_end_line(page, TOP_TITLE);
    for (size_t i = 0; i < m->process_count; i++) {
        const struct moment_process *one = &m->processes[i];
        if (!moment_waits_for(m, one, p))
            continue;
        buffer_printf(&page->line, "  %-*s ", PID_LEAST, moment_pid(m, one));
        text_cell_add(&page->line, moment_name(m, one), 0);
        top_page_end_line(page, TOP_PLAIN);
    }
}

int top_process_write(const struct moment *m, const struct top_view *v,
                      struct top_page *page)
{
    const struct moment_process *p = moment_find(m, v->opened);
    if (!p) {
        buffer_printf(&page->line,
                      "Process:  %s has ended, or could not be read",
                      v->opened_pid);
        top_page_end_line(page, TOP_PLAIN);
        return 0;
    }
    who_lines(m, p, page);
    figure_line(m, p, page);
    stack_lines(m, p, page);
    int err = own_functions(m, p, page);
    waiting_lines(m, p, page);
    return err;
}
