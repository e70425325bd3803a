#include "engine/ptrace_owner.h"

#include "target/page.h"

enum {
    SEARCHED = 256, /* words below RS */
    BATCH = 16,
};

bool ptrace_owner_is_pseudo(const struct sample_process *p)
{
    return p->hend == 0 || p->id == COPY_NO_PID;
}

static bool may_be_process(const struct copy_thread *t, uint64_t pseudo,
                           uint64_t word)
{
    bool in_stack = word >= t->stack_low && word < t->stack_high;
    return word >= PAGE && word % 8 == 0 && !in_stack && word != pseudo;
}

/* The candidate whose scheduler_data is this scheduler; 0: none. */
static uint64_t choose(const struct memory *m,
                       const struct ptrace_copy_plan *what,
                       const uint64_t *candidates, size_t count)
{
    uint64_t esdp[BATCH];
    struct memory_span spans[BATCH];
    for (size_t i = 0; i < count; i++)
        spans[i] = (struct memory_span){.addr = candidates[i] +
                                                what->at.scheduler_data,
                                        .to = &esdp[i],
                                        .len = sizeof(esdp[i])};
    memory_read_many(m, spans, count);
    for (size_t i = 0; i < count; i++)
        if (spans[i].ok && esdp[i] == what->thread.esdp)
            return candidates[i];
    return 0;
}

uint64_t ptrace_owner_find(const struct memory *m,
                           const struct ptrace_copy_plan *what, uint64_t sp,
                           uint64_t pseudo)
{
    uint64_t words[SEARCHED], candidates[BATCH], found = 0;
    uint64_t rs = what->thread.runtime_stack;
    size_t n = rs < sp ? 0 : (rs - sp) / 8;
    n = n < SEARCHED ? n : SEARCHED;
    if (what->at.scheduler_data == COPY_UNKNOWN || n == 0 ||
        memory_read(m, rs - 8 * n, words, 8 * n) != 0)
        return 0;
    while (n > 0 && !found) {
        size_t count = 0;
        for (; n > 0 && count < BATCH; n--)
            if (may_be_process(&what->thread, pseudo, words[n - 1]))
                candidates[count++] = words[n - 1];
        found = choose(m, what, candidates, count);
    }
    return found;
}
