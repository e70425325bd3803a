#include "report/blocks_sentence.h"
#include "report/report.h"
#include "report/report_keys.h"

static void name_or_null(struct sink *s, const char *key,
                         const struct profile *p, uint32_t function)
{
    if (function == PROFILE_NONE)
        sink_null(s, key);
    else
        sink_text(s, key,
                  profile_text(p, profile_function_at(p, function)->name));
}

static void row(const struct profile *p, const struct blocks_row *of,
                struct sink *s)
{
    sink_object(s, NULL);
    name_or_null(s, KEY_FUNCTION, p, of->function);
    name_or_null(s, "called", p, of->called);
    name_or_null(s, "site", p, of->site);
    name_or_null(s, "blocked_in", p, of->leaf);
    sink_word(s, KEY_STATE, state_name((enum sample_state)of->state));
    sink_natural(s, KEY_BLOCKED_NS, of->ns);
    sink_natural(s, KEY_NORMAL_NS, of->normal_ns);
    sink_natural(s, KEY_TIMES, of->times);
    sink_end(s);
}

static void cause(const struct profile *p, const struct blocks *b,
                  struct sink *s)
{
    struct buffer line;
    buffer_init(&line, BUFFER_DEFAULT_MAX);
    blocks_sentence_add(&line, p, b);
    buffer_add(&line, "", 1);
    sink_object(s, "blocks_cause");
    sink_word(s, KEY_KIND, blocks_kind_name(blocks_kind_of(p, b)));
    sink_text(s, KEY_SENTENCE, line.failed ? "" : (const char *)line.data);
    sink_natural(s, KEY_BLOCKED_NS, b->ns);
    sink_natural(s, KEY_NORMAL_NS, b->normal_ns);
    sink_natural(s, "no_cpu_ns", b->no_cpu_ns);
    sink_natural(s, KEY_TIMES, b->times);
    sink_end(s);
    buffer_deinit(&line);
}

void report_blocks(const struct profile *p, const struct blocks *b,
                   struct sink *s)
{
    if (profile_event(p) != EVENT_BLOCK)
        return;
    sink_list(s, "blocks");
    for (size_t i = 0; i < b->count; i++)
        row(p, &b->rows[i], s);
    sink_end(s);
    cause(p, b, s);
}
