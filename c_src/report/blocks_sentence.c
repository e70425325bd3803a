#include "report/blocks_sentence.h"

#include <string.h>

#include "base/units.h"
#include "base/utf8.h"
#include "profile/filter.h"
#include "profile/summary.h"

/* Nobody is named for less blocked time than this share of the recording's
 * length, whatever the number of schedulers. */
#define NOTABLE_PCT 1.0

/* Milliseconds on normal schedulers matter more than seconds on dirty ones. */
#define NORMAL_PCT 0.1

static double pct_of_time(const struct profile *p, uint64_t ns)
{
    return summary_pct(ns, profile_meta(p)->duration_ns);
}

enum blocks_kind blocks_kind_of(const struct profile *p, const struct blocks *b)
{
    if (pct_of_time(p, b->normal_ns) >= NORMAL_PCT)
        return BLOCKS_NORMAL;
    return pct_of_time(p, b->ns) >= NOTABLE_PCT ? BLOCKS_DIRTY : BLOCKS_NONE;
}

const char *blocks_kind_name(enum blocks_kind kind)
{
    static const char *const names[] = {
        [BLOCKS_NONE] = "none",
        [BLOCKS_DIRTY] = "dirty",
        [BLOCKS_NORMAL] = "normal",
    };
    return names[kind];
}

static void name_add(struct buffer *out, const struct profile *p,
                     uint32_t function)
{
    const char *name = profile_text(p, profile_function_at(p, function)->name);
    utf8_show(out, name, strlen(name));
}

/* The row with the most time on normal schedulers, or else of all. */
static const struct blocks_row *most(const struct blocks *b, bool normal)
{
    const struct blocks_row *best = b->rows;
    for (size_t i = 1; normal && i < b->count; i++)
        if (b->rows[i].normal_ns > best->normal_ns)
            best = &b->rows[i];
    return best;
}

/* " in ets:insert/2, called by cache:put/2, reached from shop:buy/1 (lock:
 * [blocked in futex])" */
static void place_add(struct buffer *out, const struct profile *p,
                      const struct blocks_row *row)
{
    bool both = row->called != PROFILE_NONE;
    uint32_t site = blocks_reached_from(row);
    uint32_t function = both ? row->called : row->function;
    if (function != PROFILE_NONE) {
        buffer_text(out, " in ");
        name_add(out, p, function);
    }
    if (both) {
        buffer_text(out, ", called by ");
        name_add(out, p, row->function);
    }
    if (site != PROFILE_NONE) {
        buffer_text(out, ", reached from ");
        name_add(out, p, site);
    }
    buffer_printf(out, " (%s", state_name((enum sample_state)row->state));
    if (row->leaf != PROFILE_NONE) {
        buffer_text(out, ": ");
        name_add(out, p, row->leaf);
    }
    buffer_text(out, ")");
}

static void who_add(struct buffer *out, const struct profile *p,
                    const struct blocks *b, bool normal)
{
    uint64_t ns = normal ? b->normal_ns : b->ns;
    const struct blocks_row *row = most(b, normal);
    uint64_t part = normal ? row->normal_ns : row->ns;
    buffer_printf(out, "%s schedulers were blocked for ",
                  blocks_kind_name(normal ? BLOCKS_NORMAL : BLOCKS_DIRTY));
    units_duration(out, (double)ns);
    buffer_printf(out, " (%.2f of them on average), %.0f %% of it",
                  pct_of_time(p, ns) / 100, summary_pct(part, ns));
    place_add(out, p, row);
}

static void no_cpu_add(struct buffer *out, const struct profile *p,
                       const struct blocks *b)
{
    if (pct_of_time(p, b->no_cpu_ns) < NOTABLE_PCT)
        return;
    buffer_text(out, "; schedulers that could run had no CPU for ");
    units_duration(out, (double)b->no_cpu_ns);
}

void blocks_sentence_add(struct buffer *out, const struct profile *p,
                         const struct blocks *b)
{
    uint64_t longest = filter_is_part(p) ? 0 : profile_meta(p)->longest_ns;
    if (filter_is_part(p))
        buffer_text(out, "in this part of the recording, ");
    enum blocks_kind kind = blocks_kind_of(p, b);
    if (kind == BLOCKS_NONE) {
        buffer_text(out, "no scheduler was blocked for long while it ran a "
                         "process (");
        units_duration(out, (double)b->ns);
        buffer_text(out, " in all)");
        no_cpu_add(out, p, b);
        return;
    }
    who_add(out, p, b, kind == BLOCKS_NORMAL);
    if (kind == BLOCKS_NORMAL && b->ns > b->normal_ns) {
        buffer_text(out, "; dirty schedulers, which are meant for that, for ");
        units_duration(out, (double)(b->ns - b->normal_ns));
    }
    if (longest) {
        buffer_text(out, "; the longest wait was ");
        units_duration(out, (double)longest);
    }
    no_cpu_add(out, p, b);
}
