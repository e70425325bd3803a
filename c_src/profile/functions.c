#include "profile/functions.h"

#include <stddef.h>

void functions_init(struct intern *t)
{
    intern_init(t, sizeof(struct profile_function),
                offsetof(struct profile_function, file));
}

static bool is_of_vm(enum frame_kind kind)
{
    return kind == FRAME_ERLANG || kind == FRAME_ELIXIR || kind == FRAME_BIF ||
           kind == FRAME_NIF;
}

int64_t functions_add(struct intern *t, struct profile_function row)
{
    row.apart = is_of_vm(row.kind) ? 0 : row.file;
    int64_t id = intern_row(t, &row);
    if (id < 0)
        return id;
    struct profile_function *f = (struct profile_function *)t->rows + id;
    if (f->file == 0)
        f->file = row.file;
    if (f->most < row.most)
        f->most = row.most;
    return id;
}
