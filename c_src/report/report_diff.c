#include "report/report.h"

#include "report/report_keys.h"

/* Of shares and growth. */
enum { DECIMALS = 6 };

static void real(struct sink *s, const char *key, double value)
{
    sink_real(s, key, value, DECIMALS);
}

static void side(const char *key, const struct diff_side *of, struct sink *s)
{
    sink_object(s, key);
    sink_natural(s, "recordings", of->recordings);
    sink_natural(s, KEY_SAMPLES, of->samples);
    sink_natural(s, KEY_COUNTED, of->counted);
    sink_natural(s, profile_meta_keys.duration_ns, of->duration_ns);
    sink_natural(s, KEY_CPU_NS, of->cpu_ns);
    sink_natural(s, profile_meta_keys.rate_asked, of->rate_asked);
#define X(field) sink_text(s, profile_meta_keys.field, of->field);
    DIFF_SIDE_TEXTS(X)
#undef X
    sink_text(s, "started", of->started);
    sink_end(s);
}

/* The growth of a new function is infinite, which sink_real writes as null. */
static void share(const char *key, const struct diff_share *of, struct sink *s)
{
    sink_object(s, key);
    sink_natural(s, KEY_BASE, of->base);
    sink_natural(s, KEY_NOW, of->now);
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

/* f may be NULL: there is no function. */
static void function(const char *key, const struct diff *d,
                     const struct diff_function *f, struct sink *s)
{
    if (!f) {
        sink_null(s, key);
        return;
    }
    sink_object(s, key);
    report_function(diff_profile(d), f->function, f->line, s);
    share(KEY_SELF, &f->self, s);
    share(KEY_OWN, &f->own, s);
    share(KEY_TOTAL, &f->total, s);
    sink_end(s);
}

void report_walk_diff(const struct diff *d, const char *sentence,
                      struct sink *s)
{
    sink_object(s, NULL);
    sink_natural(s, KEY_VERSION, REPORT_VERSION);
    side(KEY_BASE, diff_base(d), s);
    side(KEY_NOW, diff_now(d), s);
    sink_lines(s, "warnings", diff_warnings(d));
    sink_text(s, KEY_SENTENCE, sentence);
    function("culprit", d, diff_culprit(d), s);
    sink_list(s, KEY_FUNCTIONS);
    for (size_t i = 0; i < diff_function_count(d); i++)
        function(NULL, d, diff_function_at(d, i), s);
    sink_end(s);
    sink_end(s);
}
