#include "recorder/frames.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/index.h"

enum { SLOTS = 32768 };

struct slot {
    uint64_t at;
    uint64_t since; /* symbols_since at the time it was filled; 0: empty */
    enum symbol_space space;
    enum symbol_seam seam;
    struct frames_named named;
};

struct frames {
    struct symbols *symbols;
    struct profile *profile;
    struct frames_named once; /* for a time before symbols_since: not cached */
    struct slot slots[SLOTS];
};

int frames_open(struct symbols *symbols, struct profile *profile,
                struct frames **out)
{
    struct frames *f = calloc(1, sizeof(*f));
    if (!f)
        return -ENOMEM;
    f->symbols = symbols;
    f->profile = profile;
    *out = f;
    return 0;
}

void frames_close(struct frames *f)
{
    free(f);
}

static int ask(struct frames *f, const struct symbol_query *q,
               struct frames_named *out)
{
    struct symbol_frames said;
    symbols_name(f->symbols, q, &said);
    *out = (struct frames_named){.count = (uint8_t)said.count,
                                 .gc = said.gc,
                                 .scheduler = said.scheduler,
                                 .stack_only = said.stack_only,
                                 .allocates = said.allocates,
                                 .for_now = said.for_now,
                                 .callee = said.callee,
                                 .result = said.result};
    for (size_t i = 0; i < said.count; i++) {
        int64_t id = profile_frame(f->profile, &said.list[i]);
        if (id < 0)
            return (int)id;
        out->ids[i] = (uint32_t)id;
    }
    return 0;
}

static bool holds(const struct slot *slot, const struct symbol_query *q,
                  uint64_t since)
{
    return slot->since == since && slot->at == q->at &&
           slot->space == q->space && slot->seam == q->seam;
}

int frames_name(struct frames *f, const struct symbol_query *q,
                const struct frames_named **out)
{
    uint64_t since = symbols_since(f->symbols);
    if (q->time_ns < since) {
        *out = &f->once;
        return ask(f, q, &f->once);
    }
    struct slot *slot = &f->slots[hash_u64(q->space, q->at) % SLOTS];
    *out = &slot->named;
    if (holds(slot, q, since))
        return 0;
    slot->since = 0;
    int err = ask(f, q, &slot->named);
    if (!err && !slot->named.for_now) {
        slot->at = q->at;
        slot->space = q->space;
        slot->seam = q->seam;
        slot->since = since;
    }
    return err;
}
