#include "engine/alloc_windows.h"

#include <math.h>

#include "base/clock.h"
#include "base/random.h"

enum {
    CYCLE_NS = 10 * 1000 * 1000, /* a mean window and pause */
    WINDOW_NS = 300 * 1000,      /* the shortest mean window */
    WINDOW_HITS = 60,            /* or that with so many collections */
    TURN_NS = 20 * 1000 * 1000,  /* how often a share of 1 is looked at */
    FIRST_NS = 10 * 1000 * 1000, /* the longest first pause */
    LONGEST_S = 5,
    LEAST_PARTS = 5, /* from which an error can be estimated */
    MAKING_GOOD = 8, /* windows in which what is lacking is made good */
    TRUSTED = 2,  /* windows that are taken to have found what the VM counted,
                     so that the first ones do not decide much */
    CHANCES = 10, /* the same for long collections, in standard errors */
};

/* By which a window counts more, or less, at most. If more were needed, the
 * VM's count would be of other collections. */
static const double most_factor = 4;

/* A breakpoint may always cost this share of a CPU. The bound alone would leave
 * nothing to sample on a node that uses very little CPU time. */
static const double least_of_cpu = 0.001;
/* What was seen in a span counts less from span to span. */
static const double memory = 0.97;
/* From this share on, opening and closing windows is not worth it. */
static const double nearly_all = 0.9;
static const double least_share = 1e-4;

/* A random factor with the mean 1: between a half and one and a half. */
static double around(struct alloc_windows *w)
{
    return 0.5 + random_unit(&w->random);
}

void alloc_windows_begin(struct alloc_windows *w, double bound,
                         double most_per_s, uint64_t now_ns)
{
    *w = (struct alloc_windows){.bound = bound,
                                .most_per_s = most_per_s,
                                .span_ns = now_ns,
                                .factor = 1,
                                .random = now_ns | 1};
    w->share = (double)WINDOW_NS / CYCLE_NS;
    w->edge_ns = now_ns + (uint64_t)((around(w) - 0.5) * FIRST_NS);
}

static double shortest_ns(const struct alloc_windows *w)
{
    if (w->recent_open_ns <= 0)
        return WINDOW_NS;
    return fmin(WINDOW_NS,
                WINDOW_HITS * w->recent_open_ns / (w->recent_hits + 1));
}

static double window_ns(const struct alloc_windows *w)
{
    return fmax(w->share * CYCLE_NS, shortest_ns(w));
}

void alloc_windows_opened(struct alloc_windows *w, uint64_t from_ns)
{
    double length = window_ns(w) * around(w);
    w->open = true;
    w->opened_ns = from_ns;
    w->edge_ns =
        from_ns + (w->share >= 1 ? (uint64_t)TURN_NS : (uint64_t)length);
}

/* A thread can collect every 0.6 us, and a hit costs it 13 us or more. A burst
 * can have several times as many collections as recent windows had. */
uint64_t alloc_windows_longer_ns(const struct alloc_windows *w)
{
    enum { MOST_TIMES = 24, BURST = 4 };
    double times = MOST_TIMES;
    if (w->recent_open_ns > 0)
        times = BURST * w->hit_ns * (w->recent_hits + 1) / w->recent_open_ns;
    times = fmax(1, fmin(times, MOST_TIMES));
    return (uint64_t)(times * (double)(w->edge_ns - w->opened_ns));
}

void alloc_windows_closed(struct alloc_windows *w, uint64_t to_ns)
{
    if (to_ns < w->opened_ns) /* it was stopped before it began */
        to_ns = w->opened_ns;
    uint64_t span = to_ns - w->span_ns, open = to_ns - w->opened_ns;
    w->length_ns = span;
    w->whole = open == 0 || open == span;
    w->weight = w->whole ? 1 : (double)span / (double)open * w->factor;
    w->all_ns += span;
    w->open_ns += open;
    w->windows++;
    w->open = false;
    w->span_ns = to_ns;
}

static void remember(struct alloc_windows *w, const struct alloc_load *load)
{
    w->recent_ns = memory * w->recent_ns + (double)load->ns;
    w->recent_open_ns = memory * w->recent_open_ns + (double)load->open_ns;
    w->recent_hits = memory * w->recent_hits + (double)load->hits;
    w->recent_cpu_ns = memory * w->recent_cpu_ns + (double)load->cpu_ns;
}

/* One hit more than were seen, because none seen does not mean that there are
 * none. */
static double share_for(const struct alloc_windows *w, double hit_ns)
{
    double per_ns = (w->recent_hits + 1) / w->recent_open_ns;
    double allowed = w->bound * w->recent_cpu_ns / w->recent_ns;
    if (allowed < least_of_cpu)
        allowed = least_of_cpu;
    double by_cost = allowed / (per_ns * hit_ns);
    double by_rate = w->most_per_s / NS_PER_S / per_ns;
    double share = by_cost < by_rate ? by_cost : by_rate;
    if (share > nearly_all)
        return 1;
    return share < least_share ? least_share : share;
}

/* Notes what was seen and what the VM counted, older spans less. */
static void remember_count(struct alloc_windows *w,
                           const struct alloc_seen *seen)
{
    double weight = w->weight / w->factor; /* by the window alone */
    w->lacking += seen->counted - seen->collections * w->weight;
    w->recent_counted = memory * w->recent_counted + seen->counted;
    w->recent_found = memory * w->recent_found + seen->collections * weight;
    w->recent_spans = memory * w->recent_spans + 1;
    w->recent_chance =
        memory * w->recent_chance + 2 * seen->dirty * weight * weight;
}

/* 1 if the node still collects about as often as usual. Less if not: then what
 * windows have lacked is of other work than what the next one will show, and
 * must not be made good by collections that may be a thousand times as large.
 */
static double as_usual(double counted, double usual)
{
    enum { VARIES = 2 };
    return usual > 0 ? fmin(1, VARIES * counted / usual) : 0;
}

/* Sets by how much the next window counts more: as much as recent ones have
 * lacked, and a part of what is lacking still. */
static void make_good(struct alloc_windows *w, const struct alloc_seen *seen)
{
    remember_count(w, seen);
    double usual = w->recent_counted / w->recent_spans;
    double trusted = TRUSTED * usual + CHANCES * sqrt(w->recent_chance);
    w->factor = 1;
    if (trusted <= 0 || w->recent_found + trusted <= 0)
        return;
    double more =
        (w->recent_counted - w->recent_found) / (w->recent_found + trusted);
    more += w->lacking * TRUSTED / (MAKING_GOOD * trusted);
    double factor = 1 + more * as_usual(seen->counted, usual);
    w->factor = fmax(1 / most_factor, fmin(factor, most_factor));
}

static void add_part(struct alloc_parts *p, double bytes, double size)
{
    double more_bytes = bytes - p->last_bytes, more_size = size - p->last_size;
    if (p->count++) {
        p->bytes_squared += more_bytes * more_bytes;
        p->bytes_by_size += more_bytes * more_size;
        p->size_squared += more_size * more_size;
    }
    p->last_bytes = bytes;
    p->last_size = size;
    p->bytes += bytes;
    p->size += size;
}

/* Each long collection of the span is in the window or not, as if by itself.
 * Its bytes are at least those that it frees, and all are taken to be equal. */
static void remember_long(struct alloc_windows *w,
                          const struct alloc_seen *seen)
{
    double left_out = w->weight / w->factor - 1; /* per one in the window */
    if (seen->dirty_counted > 0 && !w->whole)
        w->long_squared += seen->dirty_freed * seen->dirty_freed /
                           seen->dirty_counted * left_out;
}

void alloc_windows_add(struct alloc_windows *w, const struct alloc_seen *seen)
{
    double bytes = seen->bytes * w->weight;
    remember_long(w, seen);
    if (w->whole) {
        w->bytes_whole += bytes;
    } else if (seen->counted < 0) {
        add_part(&w->timed, bytes, (double)w->length_ns);
    } else {
        add_part(&w->counted, bytes, seen->collections * w->weight);
        add_part(&w->counted_by_time, bytes, (double)w->length_ns);
        make_good(w, seen);
    }
}

void alloc_windows_saw(struct alloc_windows *w, const struct alloc_load *load)
{
    remember(w, load);
    w->hit_ns = load->hit_ns;
    if (w->recent_open_ns > 0 && w->recent_ns > 0 && load->hit_ns > 0)
        w->share = share_for(w, load->hit_ns);
    /* A pause does not depend on how long the last window was: that would bind
     * it to what was seen there. */
    double pause = window_ns(w) * (1 - w->share) / w->share * around(w);
    if (pause > (double)LONGEST_S * NS_PER_S)
        pause = (double)LONGEST_S * NS_PER_S;
    w->edge_ns = w->span_ns + (uint64_t)pause;
}

/* --- the error ------------------------------------------------------------ */

static bool is_estimable(const struct alloc_parts *p)
{
    return p->count >= LEAST_PARTS && p->bytes > 0 && p->size > 0;
}

/* In bytes. Where nothing can be estimated, all of them are uncertain. */
static double error_of(const struct alloc_parts *p)
{
    if (!is_estimable(p))
        return p->bytes;
    double rate = p->bytes / p->size, n = (double)p->count;
    double squares = p->bytes_squared - 2 * rate * p->bytes_by_size +
                     rate * rate * p->size_squared;
    return squares > 0 ? sqrt(squares / 2 * n / (n - 1)) : 0;
}

static double all_bytes(const struct alloc_windows *w)
{
    return w->timed.bytes + w->counted.bytes + w->bytes_whole;
}

/* What is still lacking at the end, in bytes. */
static double lacking_bytes(const struct alloc_windows *w)
{
    const struct alloc_parts *p = &w->counted;
    return is_estimable(p) ? w->lacking * p->bytes / p->size : 0;
}

/* Where collections are long, their spans' time may say more of the bytes than
 * what the VM counts. */
static double error_of_counted(const struct alloc_windows *w)
{
    double by_number = hypot(error_of(&w->counted), lacking_bytes(w));
    return w->recent_chance > 0 ? fmin(by_number, error_of(&w->counted_by_time))
                                : by_number;
}

/* Together the spans are all of the time, so slow changes of the work do no
 * harm. What counts is how much the bytes of each span differ from those of the
 * one before, beside what their sizes explain (von Neumann's estimator); and
 * the collections that are still lacking at the end. */
double alloc_windows_error(const struct alloc_windows *w)
{
    if (w->timed.count + w->counted.count == 0)
        return 0;
    if (!is_estimable(&w->timed) && !is_estimable(&w->counted_by_time))
        return -1;
    return fmax(hypot(error_of(&w->timed), error_of_counted(w)) / all_bytes(w),
                alloc_windows_long_error(w));
}

double alloc_windows_long_error(const struct alloc_windows *w)
{
    double bytes = all_bytes(w);
    return bytes > 0 ? sqrt(w->long_squared) / bytes : 0;
}

bool alloc_windows_counted(const struct alloc_windows *w)
{
    return w->counted.count > 0 && w->timed.count < LEAST_PARTS;
}
