/*
 * One self-contained page: the template of formats/html/page.html with its
 * `{{name}}` places filled in. What is between `{{each}}` and `{{end}}` is
 * there once for each event of the recording.
 */
#include "formats/format.h"

#include <string.h>

#include "formats/diff_write.h"
#include "formats/html_parts.h"
#include "formats/text_parts.h"
#include "formats/value.h"
#include "profile/filter.h"

enum { DEFAULT_TOP = 50 };

/* One event. */
struct page_event {
    const struct profile *profile;
    struct summary summary;
    struct buffer data; /* the result of html_pack_add */
    size_t packed;
};

struct page {
    struct page_event events[EVENT_COUNT];
    size_t count;
    const struct page_event *at; /* the one that is written */
    const struct format_options *options;
    const struct html_compare *compare;
    struct buffer *out;
};

/* "CPU", or "CPU and process time". */
static void add_wholes(struct page *page)
{
    for (size_t i = 0; i < page->count; i++) {
        buffer_text(page->out, i ? " and " : "");
        html_text_escape(page->out, value_whole(page->events[i].profile));
    }
}

static int add_title(struct page *page)
{
    const struct profile *p = page->at->profile;
    const char *title = page->options->title;
    const char *node = profile_text(p, profile_meta(p)->node);
    if (title && title[0]) {
        html_text_escape(page->out, title);
        return 0;
    }
    add_wholes(page);
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

/* The word that distinguishes the event from others in the page. */
static int add_event(struct page *page)
{
    enum event event = profile_event(page->at->profile);
    buffer_text(page->out, event == EVENT_COUNT ? "all" : event_name(event));
    return 0;
}

/* The first event has none. */
static int add_suffix(struct page *page)
{
    if (page->at == page->events)
        return 0;
    buffer_text(page->out, "-");
    return add_event(page);
}

static void add_choice(struct page *page, const struct page_event *event)
{
    enum event of = profile_event(event->profile);
    buffer_printf(page->out,
                  "<label><input type=\"radio\" name=\"event\" value=\"%s\"%s>"
                  "<span>%s</span></label>\n",
                  event_name(of), event == page->events ? " checked" : "",
                  event_title(of));
}

static int add_switch(struct page *page)
{
    if (page->count == 1)
        return 0;
    buffer_text(page->out,
                "<fieldset id=\"events\" class=\"events\" title=\"What is "
                "shown (E)\"><legend class=\"unseen\">Event</legend>\n");
    for (size_t i = 0; i < page->count; i++)
        add_choice(page, &page->events[i]);
    buffer_text(page->out, "</fieldset>\n");
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
    if (page->count > 1)
        buffer_printf(page->out,
                      "%s: ", event_title(profile_event(page->at->profile)));
    if (page->compare)
        page->compare->line(page->out, page->compare->ctx);
    else
        html_head_line(page->out, page->at->profile, &page->at->summary);
    return 0;
}

static int add_facts(struct page *page)
{
    if (page->compare)
        page->compare->facts(page->out, page->compare->ctx);
    else
        html_head_facts(page->out, page->at->profile, &page->at->summary);
    return 0;
}

static int add_counters(struct page *page)
{
    html_head_counters(page->out, page->at->profile);
    return 0;
}

static int add_notes(struct page *page)
{
    return html_head_notes(page->out, page->at->profile, &page->at->summary);
}

static int add_tables(struct page *page)
{
    unsigned top = page->options->top ? page->options->top : DEFAULT_TOP;
    if (page->compare)
        page->compare->tables(page->out, page->compare->ctx);
    else
        html_table_functions(page->out, page->at->profile, &page->at->summary,
                             top, page->at == page->events);
    return 0;
}

static int add_data(struct page *page)
{
    buffer_add(page->out, page->at->data.data, page->at->data.len);
    return 0;
}

static int add_bytes(struct page *page)
{
    buffer_printf(page->out, "%zu", page->at->packed);
    return 0;
}

static const struct place {
    const char *name;
    int (*add)(struct page *page);
} places[] = {
    {"title", add_title},       {"style", add_style},   {"facts", add_facts},
    {"counters", add_counters}, {"notes", add_notes},   {"tables", add_tables},
    {"data", add_data},         {"script", add_script}, {"bytes", add_bytes},
    {"line", add_line},         {"event", add_event},   {"suffix", add_suffix},
    {"switch", add_switch},
};

static const struct place *find_place(const char *name, size_t len)
{
    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++)
        if (strlen(places[i].name) == len &&
            memcmp(places[i].name, name, len) == 0)
            return &places[i];
    return NULL;
}

/* Writes the template from `at` to `end`. The template is our own, so an
 * unknown place in it is a bug. */
static int fill_places(struct page *page, const char *at, const char *end)
{
    const char *open, *close;
    while ((open = strstr(at, "{{")) && open < end &&
           (close = strstr(open, "}}"))) {
        buffer_add(page->out, at, (size_t)(open - at));
        const struct place *place =
            find_place(open + 2, (size_t)(close - open - 2));
        int result = place ? place->add(page) : -E_FORMAT;
        if (result)
            return result;
        at = close + 2;
    }
    buffer_add(page->out, at, (size_t)(end - at));
    return buffer_status(page->out);
}

static int fill_for_each(struct page *page, const char *at, const char *end)
{
    int err = 0;
    for (size_t i = 0; i < page->count && !err; i++) {
        page->at = &page->events[i];
        err = fill_places(page, at, end);
    }
    page->at = page->events;
    return err;
}

static int fill(struct page *page)
{
    static const char each[] = "{{each}}", last[] = "{{end}}";
    const char *at = html_asset_page, *from, *to;
    int err = 0;
    while (!err && (from = strstr(at, each)) && (to = strstr(from, last))) {
        err = fill_places(page, at, from);
        if (!err)
            err = fill_for_each(page, from + sizeof(each) - 1, to);
        at = to + sizeof(last) - 1;
    }
    return err ? err : fill_places(page, at, html_asset_page_end);
}

/* --- the data ------------------------------------------------------------- */

static int pack_data(struct page_event *event,
                     const struct html_compare *compare)
{
    struct buffer json;
    buffer_init(&json, BUFFER_DEFAULT_MAX);
    int err = html_data_write(&json, event->profile, &event->summary, compare);
    if (!err)
        err = html_pack_add(&event->data, &json, &event->packed);
    buffer_deinit(&json);
    return err;
}

static int open_event(struct page *page, const struct profile *p)
{
    struct page_event *event = &page->events[page->count];
    event->profile = p;
    int err = summary_compute(p, &event->summary);
    if (err)
        return err;
    buffer_init(&event->data, BUFFER_DEFAULT_MAX);
    page->count++;
    return pack_data(event, page->compare);
}

static void close_events(struct page *page)
{
    for (size_t i = 0; i < page->count; i++) {
        buffer_deinit(&page->events[i].data);
        summary_deinit(&page->events[i].summary);
    }
}

int html_page_write(const struct profile *p, const struct format_options *o,
                    const struct html_compare *compare, struct buffer *out)
{
    static const struct format_options defaults;
    struct page page = {
        .options = o ? o : &defaults, .compare = compare, .out = out};
    struct filter_parts parts;
    int err = filter_split(p, &parts);
    if (err)
        return err;
    page.at = page.events;
    for (size_t i = 0; i < parts.count && !err; i++)
        err = open_event(&page, parts.list[i]);
    if (!err)
        err = fill(&page);
    close_events(&page);
    filter_parts_deinit(&parts);
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
