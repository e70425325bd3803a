#include "recorder/thread_doing.h"

static void find_thread(const struct target_state *t, const struct sample *s,
                        struct thread *out)
{
    const struct thread *known = threads_find(&t->threads, s->tid);
    if (known)
        *out = *known;
    else
        threads_newcomer(&t->threads, s->tid, s->comm, out);
}

/* For a sample that is not exact, a part of the stack may have to be read from
 * the node. That must happen soon, so it comes before reading the code list. An
 * exact sample needs only the code list. */
int thread_doing_of(const struct thread_parts *p, const struct sample *s,
                    struct unwound *u, struct thread_doing *out)
{
    struct sample of_its_code = *s;
    find_thread(p->target, s, &out->thread);
    if (s->exact)
        of_its_code.time_ns = target_state_code_at(p->target, s);
    unwinder_unwind(p->unwinder, &of_its_code, out->thread.kind, u);
    if (!s->exact)
        target_state_code_at(p->target, s);
    return naming_stack(&p->naming, u, out->thread.kind, &of_its_code,
                        &out->named);
}
