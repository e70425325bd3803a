/**
 * @file alloc_windows.h
 * Decides when collections are sampled, and how much those of a window count.
 * Pure: times and loads are passed in.
 *
 * Each collection that runs into the breakpoint costs the node 5 us or more,
 * and a busy node collects 100,000 times a second. So the breakpoint is there
 * only during windows, at random moments and of random lengths. Their share of
 * the time is such that the cost stays below a bound, and that there are no
 * more samples than asked for.
 *
 *        pause     window      pause      window
 *   |------------|========|------------|==========|
 *   '------- span 1 ------'------- span 2 --------'
 *
 * A sample counts as often as its window fits into its span, which is the time
 * from the end of the window before to the end of its own. This is unbiased:
 * the lengths of pause and window are drawn before anything is seen in them, so
 * on average a window has the part of its span's collections that it has of its
 * time. Both are measured, so it does not matter that we are woken up late.
 *
 * A process that is sampled takes longer for the same work. So a window does
 * not end at the same time for all threads, but later for each by what the
 * breakpoint has cost it in that window (bpf/alloc.bpf.h). That can be 20 times
 * the length of the window, so windows are shorter where they have many
 * collections.
 *
 * The VM counts its collections (alloc_counter.h). If that can be read, windows
 * are weighted so that the samples stand for as many collections as there were:
 * each window counts more by what those before it lacked. A weight must not
 * depend on what its own window has, so that it stays unbiased.
 *
 * That count is only of normal schedulers. There a long collection is put off,
 * and sampled as one collection; then a dirty scheduler does it, and it is
 * sampled as one less. Both are rarely in the same window. So where many
 * collections are long, what windows lack is mostly chance, and less of it is
 * made good.
 *
 * A share of 1 means that nothing is left out: every collection counts once.
 *
 * What a process allocated before the window, but after its last collection, is
 * counted with its first collection in the window; what it allocates at the end
 * of the window is not counted. That is no error, because collections are what
 * is sampled, and each word belongs to exactly one.
 */
#ifndef CPROF_ENGINE_ALLOC_WINDOWS_H
#define CPROF_ENGINE_ALLOC_WINDOWS_H

#include <stdbool.h>
#include <stdint.h>

/** What happened since the end of the window before. */
struct alloc_load {
    uint64_t ns;      /**< length of the span */
    uint64_t open_ns; /**< of the window */
    uint64_t hits;    /**< collections in it */
    uint64_t cpu_ns;  /**< CPU time of the node */
    double hit_ns;    /**< cost of a collection that runs into the breakpoint */
};

/** The samples of a window, each counted once, and the VM's own count. */
struct alloc_seen {
    double bytes;
    double collections;   /**< those that the VM counts, too */
    double dirty;         /**< those on dirty schedulers */
    double dirty_counted; /**< the same by the VM, 0 if it is not known, */
    double dirty_freed;   /**< and what these have freed, in bytes */
    double counted;       /**< by the VM, since the end of the window before;
                               below 0: not known */
};

/** Windows that are a part of their spans, and what is known exactly of these
 *  spans, their size: how long they are, or how many collections they have. */
struct alloc_parts {
    uint64_t count;
    double bytes, size;           /**< sums, of samples with their weights */
    double last_bytes, last_size; /**< of the last one */
    /** Sums of the squares and products of the differences from one to the next
     *  of both. */
    double bytes_squared, bytes_by_size, size_squared;
};

struct alloc_windows {
    double bound;       /**< share of the node's CPU time */
    double most_per_s;  /**< samples per second */
    double share;       /**< of the time that is sampled, at present */
    bool open;          /**< is it a window now? */
    uint64_t edge_ns;   /**< when that is to change */
    uint64_t span_ns;   /**< when the present span began */
    uint64_t opened_ns; /**< when the present window began */
    uint64_t length_ns; /**< of the last span */
    double weight;      /**< how often the samples of the last window count */
    bool whole;         /**< it was all of its span, or nothing */
    double factor;      /**< by which the next window counts more */
    double lacking;     /**< collections for which no sample stands */
    /** Of recent spans, older ones less: the VM's count, what windows alone
     *  would have found, and the number of spans. */
    double recent_counted, recent_found, recent_spans;
    double recent_chance; /**< variance of recent_found by long collections */
    double long_squared;  /**< variance of all bytes by these (long_error) */
    uint64_t random;
    /** Of recent spans, older ones less. */
    double recent_ns, recent_open_ns, recent_hits, recent_cpu_ns;
    double hit_ns; /**< the last load's */
    /** Sums. */
    uint64_t all_ns, open_ns, windows;
    struct alloc_parts timed;   /**< their size is a time, in ns */
    struct alloc_parts counted; /**< is a number of collections, because the
                                     VM's count is known */
    struct alloc_parts counted_by_time; /**< the same, with their times */
    double bytes_whole;                 /**< of all other windows */
};

/** @param most_per_s  samples per second of time */
void alloc_windows_begin(struct alloc_windows *w, double bound,
                         double most_per_s, uint64_t now_ns);
/** Sampling begins, soon or now. A window that begins when the one before ended
 *  is all of its span: its samples count once. */
void alloc_windows_opened(struct alloc_windows *w, uint64_t from_ns);
/** How much longer than its planned length the open window may last for a
 *  thread, because of what it costs that thread; by recent windows. */
uint64_t alloc_windows_longer_ns(const struct alloc_windows *w);
/** Sampling has ended at to_ns: sets the weight of what was sampled. A window
 *  that had not begun yet ends when it was to begin, with nothing in it. */
void alloc_windows_closed(struct alloc_windows *w, uint64_t to_ns);
/** Sets the share and the time of the next window by what was seen. To be
 *  called after each window. */
void alloc_windows_saw(struct alloc_windows *w, const struct alloc_load *load);
/** Notes what was seen in the last window, for the weight of the next one and
 *  for alloc_windows_error. */
void alloc_windows_add(struct alloc_windows *w, const struct alloc_seen *seen);
/** The standard error of the sum of all bytes because only windows were
 *  sampled, as a share of the sum; 0 if nothing was left out; below 0: it is
 *  not known, because too little was seen in windows. */
double alloc_windows_error(const struct alloc_windows *w);
/** The part of it for which long collections are responsible, as a share of the
 *  sum. They may be so few that none is sampled, and so large that they are
 *  most of all bytes. So it is not estimated by those that were sampled. */
double alloc_windows_long_error(const struct alloc_windows *w);
/** Is the VM's count known of the spans of which only a part was sampled, and
 *  are there any? There may be a few others, as when the node ends: their bytes
 *  are all in the error. */
bool alloc_windows_counted(const struct alloc_windows *w);

#endif
