#include "report/report.h"

/* Shares and growth. */
enum { DECIMALS = 6 };

static void real(struct sink *s, const char *key, double value)
{
    sink_real(s, key, value, DECIMALS);
}

static void side(const char *key, const struct diff_side *of, struct sink *s)
{
    sink_object(s, key);
    sink_natural(s, "recordings", of->recordings);
    sink_natural(s, "samples", of->samples);
    sink_natural(s, "counted", of->counted);
    sink_natural(s, "duration_ns", of->duration_ns);
    sink_natural(s, "cpu_ns", of->cpu_ns);
    sink_natural(s, "rate_asked", of->rate_asked);
    sink_text(s, "node", of->node);
    sink_text(s, "command", of->command);
    sink_text(s, "host", of->host);
    sink_text(s, "otp", of->otp);
    sink_text(s, "engine", of->engine);
    sink_text(s, "event", of->event);
    sink_text(s, "started", of->started);
    sink_end(s);
}

/* What was not there has no growth. */
static void share(const char *key, const struct diff_share *of, struct sink *s)
{
    sink_object(s, key);
    sink_natural(s, "base", of->base);
    sink_natural(s, "now", of->now);
    real(s, "base_pct", of->base_pct);
    real(s, "now_pct", of->now_pct);
    real(s, "change", of->change);
    real(s, "change_low", of->change_low);
    real(s, "change_high", of->change_high);
    real(s, "growth", of->growth);
    real(s, "growth_low", of->growth_low);
    real(s, "growth_high", of->growth_high);
    sink_word(s, "verdict", diff_verdict_name(of->verdict));
    sink_end(s);
}

static void function(const char *key, const struct diff *d,
                     const struct diff_function *f, struct sink *s)
{
    sink_object(s, key);
    report_function(diff_profile(d), f->function, f->line, s);
    share("self", &f->self, s);
    share("own", &f->own, s);
    share("total", &f->total, s);
    sink_end(s);
}

void report_walk_diff(const struct diff *d, const char *sentence,
                      struct sink *s)
{
    const struct diff_function *culprit = diff_culprit(d);
    sink_object(s, NULL);
    sink_natural(s, "version", REPORT_VERSION);
    side("base", diff_base(d), s);
    side("now", diff_now(d), s);
    sink_lines(s, "warnings", diff_warnings(d));
    sink_text(s, "sentence", sentence);
    if (culprit)
        function("culprit", d, culprit, s);
    else
        sink_null(s, "culprit");
    sink_list(s, "functions");
    for (size_t i = 0; i < diff_function_count(d); i++)
        function(NULL, d, diff_function_at(d, i), s);
    sink_end(s);
    sink_end(s);
}
