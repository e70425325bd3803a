/**
 * @file diff.h
 * Compares two groups of recordings, the base and now: which functions (and
 * stacks) now take a larger or smaller part of the CPU, by how much, and how
 * certain that is.
 *
 * Counts of different recordings cannot be compared directly, and the share of
 * a function changes when any other function changes: one function that became
 * slower makes the shares of all others smaller. So each function has both its
 * shares and its *growth*. Take the ratio of its samples to those of the work
 * that did not change; growth is this ratio now, divided by the ratio before,
 * minus one. A function that became 20 % slower grows by 0.20, whatever its
 * share was, and the functions whose shares shrank because of it grow by 0.
 *
 * The work that did not change is what is left when the changed functions are
 * taken out: the function whose share moved with the most certainty is set
 * aside, and the others are compared again without it, until no function is
 * left that moved (diff_apart.c). With only two functions, nobody can tell
 * whether one grew or the other shrank, so it is assumed that one grew.
 *
 * Each function is measured in three ways:
 *   self    samples in which it was executing
 *   own     samples charged to it (breakdown.h): for an Erlang function, BIF or
 *           NIF, its self and that of the C and kernel code that it called.
 *           Each sample is the own of exactly one function, so own tells which
 *           function changed.
 *   total   samples with it anywhere on the stack
 *
 * Certainty: the counts of a side vary by chance like those of independent
 * samples, times a dispersion, because work comes in bursts and a sample is not
 * independent of the next one (DIFF_DISPERSION). If a side has several
 * recordings, their differences count too. In 97 % of comparisons the intervals
 * of all own measures are right at the same time, and in 98 % those of all
 * totals; a function with many samples gets more of this chance of error than
 * one with few. The verdict is `grew` or `shrank` if the interval does not
 * contain 0 and the growth is at least min_effect. So when a comparison has the
 * same code on both sides, it has such a row in at most 5 % of cases. Self
 * measures and stacks get a verdict only if some own or total has one. Totals
 * of C code, kernel code and the VM's own work never get one.
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

/** NEW, GONE: no sample on the other side, and more than chance explains on
 * this side. */
enum diff_verdict { DIFF_SAME, DIFF_GREW, DIFF_SHRANK, DIFF_NEW, DIFF_GONE };

/** A share before and after, in percent of the counted samples. */
struct diff_share {
    uint64_t base, now;       /**< samples */
    double base_pct, now_pct; /**< 0 to 100 */
    double change;            /**< points: now_pct - base_pct */
    double change_low, change_high;
    double growth; /**< 0.2: 20 % more; INFINITY if the base has no sample */
    double growth_low, growth_high;
    enum diff_verdict verdict;
};

struct diff_function {
    uint32_t function; /**< of diff_profile() */
    uint32_t line;     /**< the line with the most self samples; 0: not known */
    struct diff_share self, own, total;
};

/** A whole stack, root to leaf. */
struct diff_stack {
    uint32_t stack; /**< of diff_profile() */
    struct diff_share self;
};

/** Texts of struct profile_meta that a side has as well. */
#define DIFF_SIDE_TEXTS(X) X(node) X(command) X(host) X(otp) X(engine) X(event)

/** What the recordings of a side have in common. Texts that differ among them
 *  are joined by ", ". Numbers are sums, but rate_asked is that of the first
 *  recording. */
struct diff_side {
    size_t recordings;
    uint64_t samples, counted; /**< all, and those in states that count */
    uint64_t untold; /**< samples of schedulers that may be work or idling */
    uint64_t duration_ns, cpu_ns;
    uint32_t rate_asked;
#define X(field) const char *field;
    DIFF_SIDE_TEXTS(X)
#undef X
    const char *started; /**< when the first recording was made */
};

struct diff;

/**
 * Compares base_count recordings with now_count others. They are only read and
 * may be destroyed afterwards. Returns 0; -E_EMPTY if a side has no recording
 * or no counted sample; -E_VALUES if their rows count different things;
 * -E_WALL if they are of process time or blocked time;
 * -ENOMEM; -E_LIMIT.
 */
MUST_USE int diff_create(const struct profile *const *base, size_t base_count,
                         const struct profile *const *now, size_t now_count,
                         const struct diff_options *options, struct diff **out);
void diff_destroy(struct diff *d);

/**
 * A profile of both sides, so that an id means the same in both: the functions,
 * stacks, processes and rows of all recordings. A function is identified by
 * name, module, arity and kind; it has one frame, whatever its lines were.
 * Threads have no tid and rows have no bucket, because those of different
 * recordings have nothing to do with each other. Its meta is that of now, and
 * its notes also contain the lines of diff_warnings.
 */
const struct profile *diff_profile(const struct diff *d);
/** How many samples of row i of diff_profile() are from the base; the others
 *  are from now. */
uint64_t diff_base_of_row(const struct diff *d, size_t i);
const struct diff_side *diff_base(const struct diff *d);
const struct diff_side *diff_now(const struct diff *d);
/** The smallest growth that gets a verdict. */
double diff_min_effect(const struct diff *d);
/** Counted samples of a side. */
uint64_t diff_base_counted(const struct diff *d);
uint64_t diff_now_counted(const struct diff *d);
/** Lines about differences that make the two sides hard to compare (engine,
 *  rate, OTP, ...); "" if there are none. */
const char *diff_warnings(const struct diff *d);
/** Rows, sorted by the size of the change of own in points, then of self, the
 *  largest first. */
size_t diff_function_count(const struct diff *d);
const struct diff_function *diff_function_at(const struct diff *d, size_t i);
/** Rows, sorted by the size of their change in points, the largest first. */
size_t diff_stack_count(const struct diff *d);
const struct diff_stack *diff_stack_at(const struct diff *d, size_t i);
/** The function that explains the difference best: among those whose own grew
 *  or is new, the one that changed by the most points; if none grew, among
 *  those that shrank. NULL: nothing changed. The kernel and the VM's own work
 *  are named only if nothing else changed. */
const struct diff_function *diff_culprit(const struct diff *d);
/** Is there a function whose own or total grew by more than percent, or is new
 *  and adds more than percent to all other work? See diff_above. */
bool diff_grew_above(const struct diff *d, double percent);
/** The function for which diff_grew_above is true: among those whose own is
 *  above the limit, the one that changed by the most points; otherwise the same
 *  among totals; or NULL. Never the kernel or the VM's own work. */
const struct diff_function *diff_above(const struct diff *d, double percent);

/** "same", "grew", "shrank", "new", "gone". */
const char *diff_verdict_name(enum diff_verdict verdict);

#endif
