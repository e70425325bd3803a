#include "recorder/probe_notes.h"

#include <stdio.h>

#include "base/err.h"

/* How much was charged to functions because they ran when a collection began.
 */
static int note_unseen(struct profile *p, const struct engine_probe *probe)
{
    char line[480];
    if (probe->unseen < 0.01)
        return 0;
    snprintf(line, sizeof(line),
             "%.0f %% of the heap's bytes are charged to the function that "
             "reached the end of the heap: no word could be watched for them, "
             "or no function wrote it in time (%llu of %llu words were "
             "written); for a process that repeats itself, that may always be "
             "the same function",
             100 * probe->unseen, (unsigned long long)probe->found,
             (unsigned long long)probe->words);
    return profile_note(p, line);
}

/* Other programs may have taken the breakpoints of CPUs to which the node came
 * during the recording. */
static int note_skipped(struct profile *p, const struct engine_probe *probe)
{
    char line[400];
    if (probe->words_skipped == 0)
        return 0;
    snprintf(line, sizeof(line),
             "words of heaps could not be watched on %zu of the %zu CPUs that "
             "the node may run on, for a part of the time or all of it: %s. "
             "Functions that ran there are charged too little",
             probe->words_skipped, probe->words_cpus,
             err_text(probe->words_why));
    return profile_note(p, line);
}

static int note_missed(struct profile *p, uint64_t missed)
{
    char line[160];
    if (missed == 0)
        return 0;
    snprintf(line, sizeof(line),
             "%llu more collections could not be sampled, because their "
             "threads had just begun",
             (unsigned long long)missed);
    return profile_note(p, line);
}

static int note_many(struct profile *p, uint64_t many)
{
    char line[200];
    if (many == 0)
        return 0;
    snprintf(line, sizeof(line),
             "at %llu collections there were more than 512 new binaries, funs "
             "and references; binaries before the newest 512 of these are not "
             "counted",
             (unsigned long long)many);
    return profile_note(p, line);
}

/* The rest of a busy moment passes before a late window begins. */
static int note_late(struct profile *p, const struct engine_probe *probe)
{
    char line[300];
    double share = (double)probe->late / (double)probe->windows;
    if (share < 0.05)
        return 0;
    snprintf(
        line, sizeof(line),
        "%.0f %% of the windows in which collections are sampled began "
        "more than 1 ms late, because no CPU was free: what is allocated "
        "in short moments in which all CPUs are busy is counted too little",
        100 * share);
    return profile_note(p, line);
}

/* What an interval by windows alone cannot contain. */
static void add_more_uncertainty(char *to, size_t size,
                                 const struct engine_probe *probe)
{
    int n = snprintf(to, size,
                     ", and by more because the VM's own count of collections "
                     "is not known for all of it: a node that collects very "
                     "often does so less often while it is sampled");
    if (probe->waited > 0.05 && n < (int)size)
        snprintf(to + n, size - (size_t)n,
                 ", and one that had no CPU for %.0f %% of the time that it "
                 "could run may have had one less or more often",
                 100 * probe->waited);
}

/* How much is open because collections were sampled in a part of the time only.
 * The first milliseconds of a recording do not matter. */
static void add_uncertainty(char *to, size_t size,
                            const struct engine_probe *probe)
{
    static const double nearly_all = 0.999;
    if (probe->open_share >= nearly_all)
        return;
    if (probe->error < 0) {
        snprintf(to, size,
                 "; how uncertain the sum of all bytes is, because %.1f %% of "
                 "the time was not sampled, is not known: collections were "
                 "sampled in too few windows of time for that",
                 100 * (1 - probe->open_share));
        return;
    }
    int n = snprintf(to, size,
                     "; samples also stand for the rest of the time%s, so the "
                     "sum of all bytes is uncertain by +-%.1f %% (95 %% "
                     "interval)",
                     probe->counted ? ", in which the VM has counted its "
                                      "collections"
                                    : "",
                     196 * probe->error);
    if (n < (int)size && !probe->counted)
        add_more_uncertainty(to + n, size - (size_t)n, probe);
}

/* What the breakpoints did, what they cost, and how much that leaves open. */
int probe_notes_add(struct profile *p, const struct engine_probe *probe)
{
    char line[1000];
    if (probe->windows == 0)
        return 0;
    int n = snprintf(
        line, sizeof(line),
        "%llu collections of garbage were sampled, in %.1f %% of the time, and "
        "%llu words of heaps were watched, by breakpoints of the CPUs; they "
        "cost the node %.2f %% of its CPU time (%.1f us for each collection, "
        "measured on this machine)",
        (unsigned long long)probe->sampled, 100 * probe->open_share,
        (unsigned long long)probe->words, 100 * probe->cost,
        probe->hit_ns / 1e3);
    if (n < (int)sizeof(line))
        add_uncertainty(line + n, sizeof(line) - (size_t)n, probe);
    int err = profile_note(p, line);
    err = err ? err : note_missed(p, probe->missed);
    err = err ? err : note_late(p, probe);
    err = err ? err : note_unseen(p, probe);
    err = err ? err : note_skipped(p, probe);
    return err ? err : note_many(p, probe->many);
}
