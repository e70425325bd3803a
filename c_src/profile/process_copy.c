#include "profile/process_copy.h"

int64_t process_copy(const struct profile *from, uint32_t process,
                     struct profile *to)
{
    const struct profile_process *row = profile_process_at(from, process);
    const struct process_texts texts = {
        .pid = profile_text(from, row->pid),
        .name = profile_text(from, row->name),
        .initial_call = profile_text(from, row->initial_call),
        .label = profile_text(from, row->label),
        .application = profile_text(from, row->application),
        .parent = profile_text(from, row->parent),
        .child = profile_text(from, row->child),
    };
    int64_t id = profile_process_of(to, &texts);
    uint64_t members = profile_members(from, process);
    if (id < 0 || members <= profile_members(to, (uint32_t)id))
        return id;
    int err = profile_set_members(to, (uint32_t)id, members);
    return err ? err : id;
}
