/* Stands in for engine_bpf.c, engine_block.c and engine_alloc.c where the build
 * had no clang or no libbpf. */
#include "engine/engine.h"

static int probe(pid_t pid)
{
    (void)pid;
    return -E_BPF_MISSING;
}

static int open_none(const struct engine_config *config, struct engine **out)
{
    (void)config;
    (void)out;
    return -E_BPF_MISSING;
}

const struct engine_ops engine_bpf = {.name = "bpf", .probe = probe};
const struct engine_ops engine_block = {
    .name = "bpf", .probe = probe, .open = open_none};
const struct engine_ops engine_alloc = {
    .name = "bpf", .probe = probe, .open = open_none};
