#include "recorder/dump_read.h"

#include <errno.h>
#include <stdlib.h>

#include "base/clock.h"
#include "recorder/attached.h"
#include "recorder/dump_gather.h"
#include "recorder/dump_name.h"
#include "recorder/session_meta.h"

enum { READ_MS = 60000 };

struct reading {
    struct attached node;
    struct dump_gather gather;
};

static int read_table(struct reading *r)
{
    struct attached *n = &r->node;
    struct proctable_counts c = {0};
    struct profile_meta *m = profile_meta_edit(n->dump->profile);
    int err = dump_gather_init(&r->gather, n->readers.unwinder, n->target.jit,
                               attached_code_now(n));
    session_meta_started(n->dump->profile);
    uint64_t began_ns = clock_now_ns();
    if (err)
        return err;
    err = proctable_read(n->table, dump_gather_see, &r->gather, &c);
    m->duration_ns = clock_now_ns() - began_ns;
    n->dump->counts = dump_gather_counts(&c);
    return err;
}

static int read_all(struct reading *r, pid_t pid, const struct dump_how *how)
{
    struct attached *n = &r->node;
    int err = attached_open(pid, n);
    attached_limit(n, READ_MS);
    if (!err)
        err = dump_threads_read(n, how);
    if (!err)
        err = read_table(r);
    if (!err) {
        n->dump->stopped = process_is_stopped(&n->target.process);
        err = dump_name_all(
            &(struct dump_naming){n, &r->gather, attached_code_now(n)});
    }
    return attached_explain(n, pid, err);
}

int dump_read(pid_t pid, const struct dump_how *how, struct dump **out)
{
    struct reading *r = calloc(1, sizeof(*r));
    if (!r)
        return -ENOMEM;
    int err = read_all(r, pid, how);
    dump_gather_deinit(&r->gather);
    attached_close(&r->node, err ? NULL : out);
    free(r);
    return err;
}
