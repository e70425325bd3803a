#include "report/waits_sentence.h"

#include <string.h>

#include "base/utf8.h"
#include "profile/filter.h"
#include "profile/summary.h"

enum {
    SURE = 30, /* samples; with fewer, their number is shown */
    NAMED = 5, /* processes of a chain */
};

double waits_average(const struct profile *p, uint64_t ns)
{
    uint64_t duration_ns = profile_meta(p)->duration_ns;
    return duration_ns ? (double)ns / (double)duration_ns : 0;
}

double waits_usual_pct(const struct waits_row *row)
{
    return summary_pct(row->own_by_state[row->usual], row->own_ns);
}

static const char *function_name(const struct profile *p, uint32_t function)
{
    return profile_text(p, profile_function_at(p, function)->name);
}

const char *waits_usual_place(const struct profile *p,
                              const struct waits_row *row)
{
    if (row->usual_function == PROFILE_NONE ||
        profile_function_at(p, row->usual_function)->kind == FRAME_RUNTIME)
        return "";
    return function_name(p, row->usual_function);
}

/* --- the parts of the sentence -------------------------------------------- */

static void shown_add(struct buffer *out, const char *text)
{
    utf8_show(out, text, strlen(text));
}

static void site_add(struct buffer *out, const struct profile *p,
                     const struct waits_row *row)
{
    if (row->site_count == 0)
        return;
    buffer_text(out, row->sites[0].ns > row->ns / 2 ? ", mostly in "
                                                    : ", for example in ");
    shown_add(out, function_name(p, row->sites[0].function));
}

static void first_add(struct buffer *out, const struct profile *p,
                      const struct waits_row *first)
{
    buffer_printf(out, "on average %.1f processes wait for ",
                  waits_average(p, first->ns));
    shown_add(out, first->name);
    site_add(out, p, first);
    if (first->samples < SURE)
        buffer_printf(out, " (seen only %llu times)",
                      (unsigned long long)first->samples);
}

/* "; a waits for b, b for c"; of a port there is nothing more to say. */
static void chain_add(struct buffer *out, const struct waits *w,
                      const struct waits_cause *cause)
{
    unsigned steps = cause->length - 1 + (cause->circle > 0);
    uint32_t at = cause->first;
    for (unsigned i = 0; i < steps && i < NAMED; i++) {
        buffer_text(out, i == 0 ? "; " : ", ");
        shown_add(out, w->rows[at].name);
        buffer_text(out, i == 0 ? " waits for " : " for ");
        at = w->rows[at].waits_for;
        shown_add(out, w->rows[at].name);
    }
    if (steps > NAMED) {
        buffer_printf(out, ", and so on: %u processes in a row, up to ",
                      cause->length);
        shown_add(out, w->rows[cause->row].name);
    }
}

static void last_add(struct buffer *out, const struct profile *p,
                     const struct waits_row *last)
{
    const char *place = waits_usual_place(p, last);
    if (last->port)
        return;
    buffer_text(out, "; ");
    shown_add(out, last->name);
    if (last->own_ns)
        buffer_printf(out, " itself is %s %.0f %% of its time%s",
                      state_name(last->usual), waits_usual_pct(last),
                      last->usual == STATE_IDLE
                          ? ", so it answers later, after others"
                          : "");
    else
        buffer_text(out, " itself is not seen here");
    if (*place && last->usual != STATE_IDLE) {
        buffer_text(out, ", mostly in ");
        shown_add(out, place);
    }
}

void waits_sentence_add(struct buffer *out, const struct profile *p,
                        const struct waits *w, const struct waits_cause *cause,
                        uint64_t blocked_ns)
{
    if (filter_is_part(p))
        buffer_text(out, "in this part of the recording, ");
    if (cause->row == PROFILE_NONE) {
        double blocked = waits_average(p, blocked_ns);
        buffer_printf(out, "%s (on average %.2f processes are blocked)",
                      w->count && blocked >= 0.5
                          ? "none of those that are waited for stands out, or "
                            "there are too few readings"
                          : "no process is waited for by others for long",
                      blocked);
        if (filter_is_part(p))
            buffer_text(out, "; the filter may leave out those that wait, so "
                             "look at the whole recording");
        return;
    }
    first_add(out, p, &w->rows[cause->first]);
    chain_add(out, w, cause);
    if (cause->circle)
        buffer_text(out, cause->deadlock
                             ? ": a circle, in which nothing goes on"
                             : ": a circle, for more than half of their time");
    else
        last_add(out, p, &w->rows[cause->row]);
}

void waits_unknown_add(struct buffer *out, const struct profile *p,
                       const struct waits *w)
{
    const struct waits_row *row = w->rows, *end = row + w->count;
    while (row < end && !row->unknown)
        row++;
    if (row == end || row->ns < profile_meta(p)->duration_ns / 2)
        return;
    buffer_printf(out,
                  "on average %.1f processes wait for an answer, and it is not "
                  "known whose",
                  waits_average(p, row->ns));
    if (row->site_count) {
        buffer_text(out, ", for example in ");
        shown_add(out, function_name(p, row->sites[0].function));
    }
}
