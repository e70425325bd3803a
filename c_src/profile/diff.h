/**
 * @file diff.h
 * Compares two groups of recordings: which functions (and stacks) now take a
 * larger or smaller part of the CPU, by how much, and how certain that is.
 *
 * Counts of different recordings cannot be compared directly, and the share of
 * a function changes when any other function changes: one function that became
 * slower makes the shares of all others smaller. So each function has both its
 * shares and its *growth*: the ratio of its samples to those of the work that
 * did not change, now divided by before, minus one. A function that became 20 %
 * slower grows by 0.20, whatever its share was, and the functions whose shares
 * shrank because of it grow by 0.
 *
 * The work that did not change is what is left when the changed functions are
 * taken out: the function whose share moved with the most certainty is set
 * aside, and the others are compared again without it, until no function is
 * left that moved (diff_apart.c). With only two functions, nobody can tell
 * whether one grew or the other shrank: then the one that grew is taken.
 *
 * Each function is measured three ways:
 *   self    samples in it; of C functions, those that executed them
 *   own     samples charged to it (breakdown.h): of an Erlang function, BIF
 *           or NIF its self and that of the C and kernel code it called. Each
 *           sample is some function's own, so this says who changed.
 *   total   samples with it anywhere on the stack
 *
 * How sure: a side's counts vary by chance as drawn samples do, times a
 * dispersion (bursts: a sample is not independent of the next), see
 * DIFF_DISPERSION. With several recordings a side, how far these differ from
 * each other is in it, too. The intervals of all rows' own hold together in
 * 97 % of comparisons, those of all totals in 98 %; a function with many
 * samples gets more of that chance of error than one with few. `grew` and
 * `shrank` are intervals that do not hold 0, and a growth of min_effect or
 * more. So the same code twice has such a row in at most 5 % of comparisons;
 * self and stacks are only judged when an own or a total is; totals of C,
 * kernel and the VM's own code are not.
 */
#ifndef CPROF_PROFILE_DIFF_H
#define CPROF_PROFILE_DIFF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "profile/profile.h"

#define DIFF_MIN_EFFECT_PCT 5
#define DIFF_MIN_EFFECT     (DIFF_MIN_EFFECT_PCT / 100.0)

struct diff_options {
    double min_effect; /**< growth below this is never called grown or
                            shrunk; 0: the default, DIFF_MIN_EFFECT */
};

/** NEW, GONE: no sample on the other side, and more than chance on this. */
enum diff_verdict { DIFF_SAME, DIFF_GREW, DIFF_SHRANK, DIFF_NEW, DIFF_GONE };

/** A share before and after, in percent of the counted samples. */
struct diff_share {
    uint64_t base, now;       /**< samples */
    double base_pct, now_pct; /**< 0 to 100 */
    double change;            /**< points: now_pct - base_pct */
    double change_low, change_high;
    double growth; /**< 0.2: 20 % more; INFINITY when it was not there */
    double growth_low, growth_high;
    enum diff_verdict verdict;
};

struct diff_function {
    uint32_t function; /**< of diff_profile() */
    uint32_t line;     /**< the one with most self samples; 0: not known */
    struct diff_share self, own, total;
};

/** A whole stack, root to leaf. */
struct diff_stack {
    uint32_t stack; /**< of diff_profile() */
    struct diff_share self;
};

/** Texts of struct profile_meta that a side has, too. */
#define DIFF_SIDE_TEXTS(X) X(node) X(command) X(host) X(otp) X(engine) X(event)

/** What the recordings of a side have in common. Texts that differ among them
 *  are joined by ", "; numbers are sums, rate_asked the first's. */
struct diff_side {
    size_t recordings;
    uint64_t samples, counted; /**< all, and those that count */
    uint64_t untold; /**< of schedulers, where work is not told from idling */
    uint64_t duration_ns, cpu_ns;
    uint32_t rate_asked;
#define X(field) const char *field;
    DIFF_SIDE_TEXTS(X)
#undef X
    const char *started; /**< when the first was made */
};

struct diff;

/**
 * Compares base_count recordings with now_count others, each at least 1. They
 * are only read and may be destroyed afterwards. -E_EMPTY when a side has
 * no counted sample; -E_VALUES when their rows count different things;
 * -ENOMEM; -E_LIMIT.
 */
MUST_USE int diff_create(const struct profile *const *base, size_t base_count,
                         const struct profile *const *now, size_t now_count,
                         const struct diff_options *options, struct diff **out);
void diff_destroy(struct diff *d);

/**
 * Both sides in one, so that one id means the same in both: the functions,
 * stacks, processes and rows of all recordings. A function is known by name,
 * module, arity and kind; it has one frame, whatever its lines were. Threads
 * have no tid and rows no bucket: those of different recordings are nothing
 * to each other. Meta is now's; its notes also say what differs between the
 * sides (engine, rate, OTP, ...) and makes them hard to compare.
 */
const struct profile *diff_profile(const struct diff *d);
/** Of row i of diff_profile(): how many of its samples are of the base; the
 *  others are of now. */
uint64_t diff_base_of_row(const struct diff *d, size_t i);
const struct diff_side *diff_base(const struct diff *d);
const struct diff_side *diff_now(const struct diff *d);
/** The smallest growth that is called one. */
double diff_min_effect(const struct diff *d);
/** Counted samples of a side. */
uint64_t diff_base_counted(const struct diff *d);
uint64_t diff_now_counted(const struct diff *d);
/** What of the sides differs and makes them hard to compare: lines, "" when
 *  nothing does. */
const char *diff_warnings(const struct diff *d);
/** Rows by the size of their own change in points, then self's, the largest
 *  first. */
size_t diff_function_count(const struct diff *d);
const struct diff_function *diff_function_at(const struct diff *d, size_t i);
/** Rows by the size of their change in points, the largest first. */
size_t diff_stack_count(const struct diff *d);
const struct diff_stack *diff_stack_at(const struct diff *d, size_t i);
/** The one function to name: of those whose own grew (or is new) the one with
 *  most points; if none grew, of those that shrank; NULL: nothing changed. The
 *  kernel and the VM's own work are only named when nothing else changed. */
const struct diff_function *diff_culprit(const struct diff *d);
/** Does any function's own or total have verdict grew with a growth above
 *  percent, or verdict new and more than that of what did not change? */
bool diff_grew_above(const struct diff *d, double percent);
/** The function that diff_grew_above is about: of those whose own is above the
 *  one with most points, else of the totals; or NULL. Never the kernel or what
 *  the VM does by itself. */
const struct diff_function *diff_above(const struct diff *d, double percent);

/** "same", "grew", "shrank", "new", "gone". */
const char *diff_verdict_name(enum diff_verdict verdict);

#endif
