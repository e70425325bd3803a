#include "profile/processes.h"

struct row {
    struct profile_process seen, now;
    uint32_t same_pid; /* the next row with that pid, or PROFILE_NONE */
    bool described;
};

struct pid {
    uint32_t text; /* string */
    uint32_t first;
};

void processes_init(struct processes *t)
{
    intern_init(&t->rows, sizeof(struct row), sizeof(struct profile_process));
    intern_init(&t->pids, sizeof(struct pid), sizeof(uint32_t));
}

void processes_deinit(struct processes *t)
{
    intern_deinit(&t->rows);
    intern_deinit(&t->pids);
}

static struct row *row_at(const struct processes *t, uint32_t id)
{
    return (struct row *)t->rows.rows + id;
}

static uint32_t first_with(const struct processes *t, uint32_t pid)
{
    uint32_t place = intern_find(&t->pids, &pid);
    return place == INDEX_NONE ? PROFILE_NONE
                               : ((struct pid *)t->pids.rows)[place].first;
}

/* Links a new row behind the first row with its pid. */
static int chain(struct processes *t, uint32_t id)
{
    struct row *row = row_at(t, id);
    const struct pid pid = {row->seen.pid, id};
    if (pid.text == 0)
        return 0;
    uint32_t first = first_with(t, pid.text);
    if (first == PROFILE_NONE) {
        int64_t place = intern_row(&t->pids, &pid);
        return place < 0 ? (int)place : 0;
    }
    row->same_pid = row_at(t, first)->same_pid;
    row_at(t, first)->same_pid = id;
    return 0;
}

int64_t processes_add(struct processes *t, const struct profile_process *seen)
{
    const struct row row = {
        .seen = *seen, .now = *seen, .same_pid = PROFILE_NONE};
    uint32_t before = t->rows.len;
    int64_t id = intern_row(&t->rows, &row);
    int err = id == before ? chain(t, before) : 0;
    return err ? err : id;
}

static void replace(uint32_t *known, uint32_t news)
{
    if (news)
        *known = news;
}

int processes_describe(struct processes *t, const struct profile_process *news,
                       bool described)
{
    uint32_t id = first_with(t, news->pid);
    if (id == PROFILE_NONE)
        return -E_NOT_FOUND;
    for (; id != PROFILE_NONE; id = row_at(t, id)->same_pid) {
        struct row *row = row_at(t, id);
        replace(&row->now.name, news->name);
        replace(&row->now.initial_call, news->initial_call);
        replace(&row->now.label, news->label);
        replace(&row->now.application, news->application);
        replace(&row->now.parent, news->parent);
        replace(&row->now.child, news->child);
        row->described |= described;
    }
    return 0;
}

const struct profile_process *processes_at(const struct processes *t,
                                           uint32_t id)
{
    return &row_at(t, id)->now;
}

bool processes_is_described(const struct processes *t, uint32_t id)
{
    return row_at(t, id)->described;
}
