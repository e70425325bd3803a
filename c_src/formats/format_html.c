/*
 * One self-contained page: the template of formats/html/page.html with its
 * `{{name}}` places filled in.
 */
#include "formats/format.h"

#include <string.h>

#include "formats/html_parts.h"

enum { DEFAULT_TOP = 50 };

struct page {
    const struct profile *profile;
    const struct format_options *options;
    struct summary summary;
    struct buffer *out;
};

static int add_title(struct page *page)
{
    const struct profile *p = page->profile;
    const char *title = page->options->title;
    const char *node = profile_text(p, profile_meta(p)->node);
    if (title && title[0]) {
        html_text_escape(page->out, title);
        return 0;
    }
    buffer_text(page->out, "CPU profile");
    if (node[0]) {
        buffer_text(page->out, " of ");
        html_text_escape(page->out, node);
    }
    return 0;
}

static int add_style(struct page *page)
{
    buffer_add(page->out, html_asset_style,
               (size_t)(html_asset_style_end - html_asset_style));
    return 0;
}

static int add_script(struct page *page)
{
    buffer_add(page->out, html_asset_script,
               (size_t)(html_asset_script_end - html_asset_script));
    return 0;
}

static int add_facts(struct page *page)
{
    html_head_facts(page->out, page->profile, &page->summary);
    return 0;
}

static int add_counters(struct page *page)
{
    html_head_counters(page->out, page->profile);
    return 0;
}

static int add_notes(struct page *page)
{
    html_head_notes(page->out, page->profile);
    return 0;
}

static int add_rows(struct page *page)
{
    unsigned top = page->options->top ? page->options->top : DEFAULT_TOP;
    html_table_rows(page->out, page->profile, &page->summary, top);
    return 0;
}

static int add_data(struct page *page)
{
    return html_data_write(page->out, page->profile, &page->summary);
}

static const struct place {
    const char *name;
    int (*add)(struct page *page);
} places[] = {
    {"title", add_title},       {"style", add_style},   {"facts", add_facts},
    {"counters", add_counters}, {"notes", add_notes},   {"rows", add_rows},
    {"data", add_data},         {"script", add_script},
};

static const struct place *find_place(const char *name, size_t len)
{
    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++)
        if (strlen(places[i].name) == len &&
            memcmp(places[i].name, name, len) == 0)
            return &places[i];
    return NULL;
}

/* The template is our own: a place that is not known is our mistake. */
static int fill(struct page *page)
{
    const char *at = html_asset_page;
    const char *open, *close;
    while ((open = strstr(at, "{{")) && (close = strstr(open, "}}"))) {
        buffer_add(page->out, at, (size_t)(open - at));
        const struct place *place =
            find_place(open + 2, (size_t)(close - open - 2));
        int result = place ? place->add(page) : -E_FORMAT;
        if (result)
            return result;
        at = close + 2;
    }
    buffer_add(page->out, at, (size_t)(html_asset_page_end - at));
    return buffer_status(page->out);
}

static int html_write(const struct profile *p, const struct format_options *o,
                      struct buffer *out)
{
    static const struct format_options defaults;
    struct page page = {.profile = p, .options = o ? o : &defaults, .out = out};
    int result = summary_compute(p, &page.summary);
    if (result)
        return result;
    result = fill(&page);
    summary_deinit(&page.summary);
    return result;
}

const struct format format_html = {
    .name = "html",
    .extension = ".html",
    .binary = false,
    .write = html_write,
};
