/* Tests that need a BPF program, which not everybody may load. */
#ifndef CPROF_BPF_GROUP_H
#define CPROF_BPF_GROUP_H

#include "test.h"

#include "engine/bpf_program.h"

static inline bool bpf_group_ignore(void *ctx, const void *record, size_t len)
{
    (void)ctx;
    (void)record;
    (void)len;
    return true;
}

/* Runs the tests while the program is loaded. What main is to return: 0 if that
 * is not possible here, by a user without the rights, or in a build without it.
 */
static inline int bpf_group_run(enum bpf_program_kind kind,
                                struct bpf_program_handle **program,
                                int (*run)(void))
{
    int why = bpf_program_open(kind, bpf_group_ignore, NULL, program);
    if (why) {
        print_message("BPF programs: %s\n", err_text(why));
        return why != -E_BPF_DENIED && why != -E_BPF_MISSING;
    }
    int status = run();
    bpf_program_close(*program);
    return status;
}

#endif
