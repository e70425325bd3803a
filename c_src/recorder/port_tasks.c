#include "recorder/port_tasks.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/index.h"
#include "base/term.h"
#include "profile/crowd.h"
#include "target/erlport.h"
#include "target/erlproc.h"

/* What identifies a port here. A port that gets another owner counts as another
 * port. */
struct identity {
    uint64_t id, owner, driver;
};

struct known {
    struct identity identity;
    struct port_task task;
};

struct port_tasks {
    struct target_state *target;
    struct census *census;
    struct profile *profile;
    struct known *list;
    size_t count, cap;
    struct index by_identity;
    struct crowd *crowd;
};

int port_tasks_open(struct target_state *target, struct census *census,
                    struct profile *profile, struct port_tasks **out)
{
    struct port_tasks *t = calloc(1, sizeof(*t));
    if (!t)
        return -ENOMEM;
    *t = (struct port_tasks){
        .target = target, .census = census, .profile = profile};
    index_init(&t->by_identity);
    int err = crowd_open(&t->crowd);
    if (err) {
        port_tasks_close(t);
        return err;
    }
    *out = t;
    return 0;
}

void port_tasks_close(struct port_tasks *t)
{
    if (!t)
        return;
    index_deinit(&t->by_identity);
    crowd_close(t->crowd);
    free(t->list);
    free(t);
}

/* --- texts ---------------------------------------------------------------- */

static int64_t frame(struct port_tasks *t, const char *name)
{
    return profile_frame(t->profile, &(struct frame){.kind = FRAME_RUNTIME,
                                                     .name = name,
                                                     .module = "",
                                                     .function = name,
                                                     .arity = FRAME_NO_ARITY,
                                                     .file = ""});
}

/* The owner's registered name, or otherwise its pid. */
static void owner_text(const struct port_tasks *t, uint64_t owner, uint32_t row,
                       char text[ERLPROC_TEXT])
{
    const struct target_state *n = t->target;
    const char *name = "";
    if (row != PROFILE_NONE)
        name =
            profile_text(t->profile, profile_process_at(t->profile, row)->name);
    if (*name)
        snprintf(text, ERLPROC_TEXT, "%s", name);
    else
        erlproc_pid_text(owner, n->layout.release,
                         n->layout.table_size ? n->layout.table_size
                                              : n->process.process_table_size,
                         text);
}

static int64_t port_frame(struct port_tasks *t,
                          const struct sample_scheduler *s, const char *driver,
                          uint32_t owner)
{
    const struct layout *l = &t->target->layout;
    char port[ERLPROC_TEXT], of[ERLPROC_TEXT] = "";
    char program[ERLPORT_TEXT] = "", text[2 * ERLPROC_TEXT + ERLPORT_TEXT + 16];
    erlproc_port_text(s->port_id, l->release, l->port_slots, port);
    if (term_is_pid(s->port_owner))
        owner_text(t, s->port_owner, owner, of);
    if (strcmp(driver, "spawn") == 0)
        erlport_program(l, &t->target->memory, s->port, s->port_id, program);
    snprintf(text, sizeof(text), "%s%s%s%s%s", port, *program ? " " : "",
             program, *of ? " of " : "", of);
    return frame(t, text);
}

/* --- remembering ---------------------------------------------------------- */

static uint64_t hash_of(const struct identity *i)
{
    return hash_u64(hash_u64(hash_u64(0, i->id), i->owner), i->driver);
}

static bool same(const void *things, uint32_t at, const void *key)
{
    return memcmp(&((const struct known *)things)[at].identity, key,
                  sizeof(struct identity)) == 0;
}

static int remember(struct port_tasks *t, const struct identity *i,
                    const struct port_task *task)
{
    int err = ARRAY_RESERVE(t->list, t->cap, t->count + 1);
    if (err)
        return err;
    t->list[t->count] = (struct known){*i, *task};
    return index_add(&t->by_identity, hash_of(i), (uint32_t)t->count++);
}

static int find_owner(struct port_tasks *t, uint64_t owner, uint32_t *row)
{
    *row = PROFILE_NONE;
    if (!term_is_pid(owner))
        return 0;
    int64_t id = census_owner(t->census, EVENT_CPU, owner);
    if (id >= 0)
        *row = (uint32_t)id;
    return id < 0 && id != -E_NOT_FOUND ? (int)id : 0;
}

static int learn(struct port_tasks *t, const struct sample_scheduler *s,
                 const struct identity *identity, struct port_task *out)
{
    const struct crowd_kind kind = {{identity->driver, 0, 0}};
    char driver[ERLPORT_TEXT], text[ERLPORT_TEXT + 16];
    struct port_task task = {.port = PROFILE_NONE};
    int err = find_owner(t, s->port_owner, &task.owner);
    if (err)
        return err;
    erlport_driver_name(&t->target->layout, &t->target->memory, s->port_driver,
                        driver);
    snprintf(text, sizeof(text), *driver ? "[port %s]" : "[port]", driver);
    int64_t id = frame(t, text);
    task.driver = (uint32_t)id;
    int place = id < 0 ? (int)id : crowd_place(t->crowd, &kind, identity->id);
    bool alone = place == CROWD_ITS_OWN;
    if (alone && term_is_port(s->port_id)) {
        id = port_frame(t, s, driver, task.owner);
        task.port = (uint32_t)id;
    }
    err = place < 0 ? place : id < 0 ? (int)id : 0;
    if (!err && alone)
        err = remember(t, identity, &task);
    if (!err)
        *out = task;
    return err;
}

int port_tasks_find(struct port_tasks *t, const struct sample_scheduler *s,
                    struct port_task *out)
{
    const struct identity identity = {s->port_id, s->port_owner,
                                      s->port_driver};
    uint32_t at = index_find(&t->by_identity, hash_of(&identity), same, t->list,
                             &identity);
    if (at == INDEX_NONE)
        return learn(t, s, &identity, out);
    *out = t->list[at].task;
    return 0;
}
