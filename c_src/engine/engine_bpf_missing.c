/* Stands in for engine_bpf.c where the build had no clang or no libbpf. */
#include "engine/engine.h"

static int probe(pid_t pid)
{
    (void)pid;
    return -E_BPF_MISSING;
}

const struct engine_ops engine_bpf = {.name = "bpf", .probe = probe};
