/*
 * Assembles the VM's layout when a node is opened, from the code, the scheduler
 * arrays and the process and port tables. What is missing then is left to
 * layout_learn.
 */
#include "target/layout.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/term.h"
#include "target/layout_parts.h"

static const char *const names[LAYOUT_FIELD_COUNT] = {
    [LAYOUT_XOFF] = "runtime stack",
    [LAYOUT_STOP] = "stop",
    [LAYOUT_HTOP] = "htop",
    [LAYOUT_HEND] = "hend",
    [LAYOUT_ID] = "id",
    [LAYOUT_REG] = "registered name",
    [LAYOUT_INITIAL] = "initial call",
    [LAYOUT_CONTINUATION] = "continuation",
    [LAYOUT_DICTIONARY] = "process dictionary",
    [LAYOUT_STATE] = "process state",
    [LAYOUT_SCHEDULER_DATA] = "scheduler data",
    [LAYOUT_CURRENT_PROCESS] = "current process",
    [LAYOUT_SLEEP_INFO] = "sleep info",
    [LAYOUT_CURRENT_PORT] = "current port",
    [LAYOUT_PORT_OWNER] = "port owner",
    [LAYOUT_PORT_DRIVER] = "port driver",
    [LAYOUT_DRIVER_NAME] = "driver name",
};

void layout_set(struct layout *l, enum layout_field field, uint32_t offset)
{
    l->offset[field] = offset;
    l->known[field] = true;
    if (field == LAYOUT_XOFF || field >= LAYOUT_CURRENT_PROCESS)
        return; /* not a field of Process */
    uint32_t last = field == LAYOUT_INITIAL ? LAYOUT_CURRENT_AFTER_INITIAL : 0;
    uint32_t end = offset + last + 8;
    if (end > l->process_bytes)
        l->process_bytes = end;
}

/* The number of fields of a row that agree with the code and the processes. */
static unsigned score(const struct layout *l, const struct layout_hint *hint)
{
    unsigned fits = 0;
    for (int f = 0; f < LAYOUT_FIELD_COUNT; f++)
        fits += l->known[f] ? l->offset[f] == hint->offset[f]
                            : layout_fields_allow(&l->state->tallies.of[f],
                                                  hint->offset[f], 1);
    return fits;
}

/* The row of the node's release; if the release is not known from the
   emulator's path, the row that fits best. */
static const struct layout_hint *
choose(const struct layout *l, const struct layout_hint *hints, size_t count)
{
    const struct layout_hint *best = NULL;
    unsigned best_score = 0;
    for (size_t i = 0; i < count; i++) {
        unsigned fits = score(l, &hints[i]);
        if (hints[i].release == l->release)
            fits += LAYOUT_FIELD_COUNT;
        if (fits > best_score) {
            best = &hints[i];
            best_score = fits;
        }
    }
    return best;
}

static bool fits_hint(const struct layout_tally *t, enum layout_field field,
                      uint32_t offset, unsigned need)
{
    return layout_fields_allow(t, offset, need) ||
           (field == LAYOUT_CONTINUATION && layout_fields_is_code(t, offset));
}

void layout_take(struct layout *l, bool sampled)
{
    static const enum layout_field fields[] = {
        LAYOUT_ID,    LAYOUT_INITIAL,       LAYOUT_HEND,
        LAYOUT_REG,   LAYOUT_CONTINUATION,  LAYOUT_DICTIONARY,
        LAYOUT_STATE, LAYOUT_SCHEDULER_DATA};
    const struct layout_hint *hint = l->state->hint;
    for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
        enum layout_field f = fields[i];
        const struct layout_tally *t = &l->state->tallies.of[f];
        uint32_t offset;
        if (l->known[f])
            continue;
        /* scheduler_data is 0 in every process of an idle node. */
        unsigned need = sampled || f != LAYOUT_SCHEDULER_DATA;
        if (layout_fields_pick(t, &offset))
            layout_set(l, f, offset);
        else if (hint && t->pieces && fits_hint(t, f, hint->offset[f], need))
            layout_set(l, f, hint->offset[f]);
    }
}

/* Checks a hint when the names of the threads did not decide: the word of every
   scheduler must be 0, or point to something that begins with a pid term. */
static bool current_allowed(const struct layout *l, const struct memory *m,
                            uint32_t offset)
{
    unsigned processes = 0;
    for (size_t i = 0; i < l->scheduler_count; i++) {
        uint64_t process, id;
        if (memory_read_u64(m, l->schedulers[i].esdp + offset, &process) < 0)
            return false;
        if (process == 0)
            continue;
        if (process % 8 || memory_read_u64(m, process, &id) < 0 ||
            !term_is_pid(id))
            return false;
        processes++;
    }
    return processes > 0;
}

static void find_current(struct layout *l, const struct memory *m,
                         const struct threads *threads)
{
    const struct layout_hint *hint = l->state->hint;
    uint32_t offset;
    if (layout_schedulers_current(l, m, threads, &offset))
        layout_set(l, LAYOUT_CURRENT_PROCESS, offset);
    else if (hint &&
             current_allowed(l, m, hint->offset[LAYOUT_CURRENT_PROCESS]))
        layout_set(l, LAYOUT_CURRENT_PROCESS,
                   hint->offset[LAYOUT_CURRENT_PROCESS]);
}

static int find_schedulers(const struct process *p, const struct exedata *d,
                           const struct maps *maps, const struct memory *m,
                           const struct threads *threads, struct layout *l)
{
    struct layout_thread *list;
    size_t count;
    int status = layout_schedulers_threads(p, threads, &list, &count);
    if (status < 0)
        return status;
    status = layout_schedulers_scan(d, maps, m, list, count, l);
    free(list);
    return status;
}

static int ask_processes(const struct exedata *d, const struct maps *maps,
                         const struct memory *m, struct layout *l)
{
    struct layout_pieces pieces;
    int status = layout_table_read(d, maps, m, LAYOUT_PROCESSES, &pieces);
    if (status < 0)
        return status;
    l->table = pieces.table;
    l->table_place = pieces.place;
    l->table_size = pieces.table_size;
    l->state->old_ids = pieces.old_ids;
    struct layout_facts facts = {.l = l,
                                 .jit = l->state->jit,
                                 .normal_exit = l->state->normal_exit,
                                 .old_ids = pieces.old_ids,
                                 .table_size = pieces.table_size};
    for (size_t i = 0; i < pieces.count; i++)
        layout_fields_add(&l->state->tallies, m, &pieces.list[i], &facts);
    free(pieces.list);
    return 0;
}

static int discover(const struct process *p, const struct maps *maps,
                    const struct memory *m, const struct jit *jit,
                    const struct threads *threads, struct layout *l)
{
    int status = layout_code_discover(m, jit, l);
    if (status < 0)
        return status;
    struct exedata d;
    status = exedata_read(p->exe, maps, m, &d);
    if (status == -E_NOT_FOUND)
        return 0;
    if (status < 0)
        return status;
    status = find_schedulers(p, &d, maps, m, threads, l);
    if (status == 0)
        status = ask_processes(&d, maps, m, l);
    if (status == 0)
        status = layout_ports_discover(&d, maps, m, l);
    exedata_deinit(&d);
    return status;
}

int layout_discover_hinted(const struct process *p, const struct maps *maps,
                           const struct memory *m, const struct jit *jit,
                           const struct threads *threads,
                           const struct layout_hint *hints, size_t hint_count,
                           struct layout *out)
{
    struct layout l = {.release = layout_hints_release(p->exe)};
    l.state = calloc(1, sizeof(*l.state));
    if (!l.state)
        return -ENOMEM;
    l.state->jit = jit;
    l.state->normal_exit = jit_normal_exit(jit);
    int status = discover(p, maps, m, jit, threads, &l);
    if (status < 0) {
        layout_deinit(&l);
        return status;
    }
    l.state->hint = choose(&l, hints, hint_count);
    layout_take(&l, false);
    find_current(&l, m, threads);
    layout_ports_sleep(m, &l);
    if (!l.release && l.state->hint)
        l.release = l.state->hint->release;
    if (!l.release && l.table_size)
        l.release = l.state->old_ids ? 25 : 26;
    *out = l;
    return 0;
}

int layout_discover(const struct process *p, const struct maps *maps,
                    const struct memory *m, const struct jit *jit,
                    const struct threads *threads, struct layout *out)
{
    size_t count;
    const struct layout_hint *hints = layout_hints(&count);
    return layout_discover_hinted(p, maps, m, jit, threads, hints, count, out);
}

bool layout_has_gaps(const struct layout *l)
{
    for (int f = 0; f < LAYOUT_FIELD_COUNT; f++)
        if (!l->known[f])
            return true;
    return false;
}

static void take_what_is_new(struct layout *l, struct layout *later)
{
    for (int f = 0; f < LAYOUT_FIELD_COUNT; f++) {
        if (l->known[f] || !later->known[f])
            continue;
        l->known[f] = true;
        l->offset[f] = later->offset[f];
    }
    if (later->scheduler_count > l->scheduler_count) {
        struct layout_scheduler *schedulers = l->schedulers;
        l->schedulers = later->schedulers;
        later->schedulers = schedulers;
        l->scheduler_count = later->scheduler_count;
        l->scheduler_cap = later->scheduler_cap;
    }
    if (later->process_bytes > l->process_bytes)
        l->process_bytes = later->process_bytes;
    l->release = l->release ? l->release : later->release;
    if (!l->table_size) {
        l->table = later->table;
        l->table_place = later->table_place;
        l->table_size = later->table_size;
    }
    l->ports = l->ports ? l->ports : later->ports;
    l->port_slots = l->port_slots ? l->port_slots : later->port_slots;
}

int layout_complete(struct layout *l, const struct process *p,
                    const struct maps *maps, const struct memory *m,
                    const struct threads *threads)
{
    struct layout later;
    int err = layout_discover(p, maps, m, l->state->jit, threads, &later);
    if (err)
        return err;
    take_what_is_new(l, &later);
    layout_deinit(&later);
    return 0;
}

void layout_deinit(struct layout *l)
{
    free(l->schedulers);
    free(l->state);
    *l = (struct layout){0};
}

static int by_tid(const void *key, const void *item)
{
    pid_t tid = *(const pid_t *)key;
    pid_t other = ((const struct layout_scheduler *)item)->tid;
    return (tid > other) - (tid < other);
}

const struct layout_scheduler *layout_scheduler(const struct layout *l,
                                                pid_t tid)
{
    if (l->scheduler_count == 0)
        return NULL;
    return bsearch(&tid, l->schedulers, l->scheduler_count,
                   sizeof(*l->schedulers), by_tid);
}

void layout_missing(const struct layout *l, char *text, size_t size)
{
    size_t used = 0;
    if (size)
        text[0] = '\0';
    for (int f = 0; f < LAYOUT_FIELD_COUNT; f++) {
        if (l->known[f] || used >= size)
            continue;
        int n = snprintf(text + used, size - used, "%s%s", used ? ", " : "",
                         names[f]);
        used += n > 0 ? (size_t)n : 0;
    }
}
