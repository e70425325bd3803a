/*
 * One self-contained page: the template of formats/html/page.html with its
 * `{{name}}` places filled in.
 */
#include "formats/format.h"

#include <string.h>

#include "formats/diff_write.h"
#include "formats/html_parts.h"
#include "formats/text_parts.h"
#include "formats/value.h"

enum { DEFAULT_TOP = 50 };

struct page {
    const struct profile *profile;
    const struct format_options *options;
    const struct html_compare *compare;
    struct summary summary;
    struct buffer data; /* the result of html_pack_add */
    size_t packed;
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
    html_text_escape(page->out, value_whole(p));
    buffer_text(page->out, " profile");
    if (page->compare)
        buffer_text(page->out, "s before and after");
    if (node[0]) {
        buffer_text(page->out, " of ");
        html_text_escape(page->out, node);
    }
    if (!page->compare && profile_meta(p)->started_unix_ns) {
        buffer_text(page->out, ", ");
        text_date_add(page->out, p);
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

static int add_line(struct page *page)
{
    if (page->compare)
        page->compare->line(page->out, page->compare->ctx);
    else
        html_head_line(page->out, page->profile, &page->summary);
    return 0;
}

static int add_facts(struct page *page)
{
    if (page->compare)
        page->compare->facts(page->out, page->compare->ctx);
    else
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

static int add_tables(struct page *page)
{
    unsigned top = page->options->top ? page->options->top : DEFAULT_TOP;
    if (page->compare)
        page->compare->tables(page->out, page->compare->ctx);
    else
        html_table_functions(page->out, page->profile, &page->summary, top);
    return 0;
}

static int add_data(struct page *page)
{
    buffer_add(page->out, page->data.data, page->data.len);
    return 0;
}

static int add_bytes(struct page *page)
{
    buffer_printf(page->out, "%zu", page->packed);
    return 0;
}

static int pack_data(struct page *page)
{
    struct buffer json;
    buffer_init(&json, BUFFER_DEFAULT_MAX);
    int err =
        html_data_write(&json, page->profile, &page->summary, page->compare);
    if (!err)
        err = html_pack_add(&page->data, &json, &page->packed);
    buffer_deinit(&json);
    return err;
}

static const struct place {
    const char *name;
    int (*add)(struct page *page);
} places[] = {
    {"title", add_title},       {"style", add_style},   {"facts", add_facts},
    {"counters", add_counters}, {"notes", add_notes},   {"tables", add_tables},
    {"data", add_data},         {"script", add_script}, {"bytes", add_bytes},
    {"line", add_line},
};

static const struct place *find_place(const char *name, size_t len)
{
    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++)
        if (strlen(places[i].name) == len &&
            memcmp(places[i].name, name, len) == 0)
            return &places[i];
    return NULL;
}

/* The template is our own, so an unknown place in it is a bug. */
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

int html_page_write(const struct profile *p, const struct format_options *o,
                    const struct html_compare *compare, struct buffer *out)
{
    static const struct format_options defaults;
    struct page page = {.profile = p,
                        .options = o ? o : &defaults,
                        .compare = compare,
                        .out = out};
    int err = summary_compute(p, &page.summary);
    if (err)
        return err;
    buffer_init(&page.data, BUFFER_DEFAULT_MAX);
    err = pack_data(&page);
    if (!err)
        err = fill(&page);
    buffer_deinit(&page.data);
    summary_deinit(&page.summary);
    return err;
}

static int html_write(const struct profile *p, const struct format_options *o,
                      struct buffer *out)
{
    return html_page_write(p, o, NULL, out);
}

const struct format format_html = {
    .name = "html",
    .extension = ".html",
    .binary = false,
    .write = html_write,
    .write_diff = html_diff_write,
};
