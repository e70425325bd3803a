#include "recorder/own_pids.h"

#include <errno.h>
#include <string.h>

#include "target/erlproc.h"

int own_pids_set(struct own_pids *o, const char *const *texts, size_t count)
{
    *o = (struct own_pids){.count = 0};
    if (count > OWN_PIDS)
        return -EINVAL;
    for (size_t i = 0; i < count; i++) {
        size_t len = strlen(texts[i]);
        if (len >= OWN_PIDS_TEXT)
            return -EINVAL;
        memcpy(o->texts[i], texts[i], len + 1);
    }
    o->count = count;
    return 0;
}

/* A term is made into a text only until all of them were met once. */
bool own_pids_has(struct own_pids *o, const struct layout *l, uint64_t pid)
{
    size_t met = 0;
    char text[ERLPROC_TEXT];
    if (!pid)
        return false;
    for (size_t i = 0; i < o->count; i++) {
        if (o->terms[i] == pid)
            return true;
        met += o->terms[i] != 0;
    }
    if (met == o->count)
        return false;
    erlproc_pid_text(pid, l->release, l->table_size, text);
    for (size_t i = 0; i < o->count; i++)
        if (strcmp(o->texts[i], text) == 0) {
            o->terms[i] = pid;
            return true;
        }
    return false;
}
