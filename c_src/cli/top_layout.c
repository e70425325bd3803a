#include "cli/top_layout.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/utf8.h"
#include "formats/text_parts.h"

/* --- the parts of the list page ------------------------------------------- */

/* "of 702 samples in the last 5.0 s" */
static void say_span(const struct moment *m, uint64_t samples, char *text,
                     size_t size)
{
    snprintf(text, size, "of %llu samples of work in the last %.1f s",
             (unsigned long long)samples,
             (double)m->span_ns / (double)NS_PER_S);
}

static void functions(const struct moment *m, size_t rows,
                      struct top_page *page)
{
    char of[96], why[400];
    if (m->no_cpu) {
        snprintf(why, sizeof(why), "no samples of CPU time: %s",
                 err_text(m->no_cpu));
        top_page_wrap(page, "Note:", why);
        return;
    }
    if (!m->window) {
        top_page_add(page, TOP_PLAIN, "Samples:  the first are being taken");
        return;
    }
    say_span(m, m->summary.counted, of, sizeof(of));
    top_functions_write(m->window, &m->summary, of, rows, page);
}

static void typed(const struct top_view *v, struct top_page *page)
{
    buffer_text(&page->line, "/");
    utf8_show(&page->line, v->match, strlen(v->match));
    buffer_text(&page->line, "_  (Enter: done, Esc: show all)");
    top_page_end_line(page, TOP_STATUS);
}

static void status(const struct top_view *v, struct top_page *page)
{
    struct buffer *line = &page->line;
    if (v->typing) {
        typed(v, page);
        return;
    }
    if (v->paused)
        buffer_text(line, "PAUSED  ");
    if (v->help)
        buffer_text(line, "q quit  any other key: back");
    else if (v->opened)
        buffer_text(line, "q quit  Esc back  up/down scroll  space pause");
    else
        buffer_text(line, "q quit  ? help  / filter  space pause  "
                          "Enter open  sort: c r m M b w");
    if (*v->match && !v->opened) {
        buffer_text(line, "  only: ");
        utf8_show(line, v->match, strlen(v->match));
    }
    top_page_end_line(page, TOP_STATUS);
}

/* --- pages ---------------------------------------------------------------- */

/* How the lines below the head are shared. */
struct shares {
    size_t threads, functions;
};

static struct shares share(size_t lines)
{
    struct shares s = {.threads = lines / 8, .functions = lines / 4};
    s.threads = s.threads < 2 ? 2 : s.threads;
    return s;
}

static int list_page(const struct moment *m, struct top_view *v, size_t lines,
                     struct top_page *page)
{
    top_head_write(m, page);
    struct shares s = share(lines);
    top_threads_write(m, s.threads, page);
    functions(m, s.functions, page);
    v->rows = lines > page->count + 1 ? lines - page->count - 1 : 0;
    return top_list_write(m, v, page);
}

static void help_page(struct top_page *page)
{
    static const char *const lines[] = {
        "Keys",
        "  up, down, PgUp, PgDn, Home, End   choose a process",
        "  Enter                             open it: its stack, its "
        "functions,",
        "                                    who waits for it; Esc: back",
        "  c r m M b w                       sort by CPU, reductions, mailbox,",
        "                                    memory, binaries, who is waited "
        "for",
        "  /                                 only processes with this text in",
        "                                    name, pid or what they do; Esc: "
        "all",
        "  space                             pause; the node runs on",
        "  q                                 quit",
        "",
        "Columns",
        "  CPU%    of one CPU, by samples    REDS/s  reductions per second",
        "  MBOX    messages in the mailbox   +/s     its growth per second",
        "  MEM     bytes of heap, messages   BIN     bytes of binaries it "
        "refers to",
        "          (12+, 5.0M+: at least that)",
        "  ASKED   how many wait for its answer; below 90 columns only if "
        "sorted by it",
        "  DOING   what it did when it was read     -  not known",
        "",
        "Threads: the share of a CPU that each used, by the kernel, and what "
        "it",
        "was for, by samples; idle: it looked for work (busy-wait), or slept",
        "and woke. Functions: own and total as in `cprof report`.",
    };
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
        top_page_add(page, TOP_PLAIN, lines[i]);
}

/* The part of the process's lines that fits between head and status. */
static int process_page(const struct moment *m, struct top_view *v,
                        size_t lines, struct top_page *page)
{
    struct top_page whole;
    top_page_init(&whole, v->width);
    top_head_write(m, page);
    int err = top_process_write(m, v, &whole);
    v->rows = lines > page->count ? lines - page->count : 0;
    if (v->scroll + v->rows > whole.count)
        v->scroll = whole.count > v->rows ? whole.count - v->rows : 0;
    top_page_append(page, &whole, v->scroll, v->rows);
    top_page_deinit(&whole);
    return err;
}

int top_layout(const struct moment *m, struct top_view *v,
               struct top_page *page)
{
    size_t lines = v->height > 1 ? v->height - 1 : 0;
    int err = 0;
    if (v->help)
        help_page(page);
    else if (v->opened)
        err = process_page(m, v, lines, page);
    else
        err = list_page(m, v, lines, page);
    top_page_fit(page, lines);
    status(v, page);
    return err ? err : top_page_status(page);
}

int top_layout_plain(const struct moment *m, struct top_view *v,
                     struct top_page *page)
{
    int err = list_page(m, v, v->height, page);
    top_page_add(page, TOP_PLAIN, "");
    return err ? err : top_page_status(page);
}
