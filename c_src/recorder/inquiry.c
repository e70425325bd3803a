#include "recorder/inquiry.h"

#include "base/clock.h"
#include "recorder/initial_call.h"

struct inquiry inquiry_of(struct profile *p)
{
    return (struct inquiry){.profile = p};
}

/* A row without a pid is a crowd (profile/crowd.h). */
static bool can_be_asked(const struct profile *p, uint32_t id)
{
    return profile_process_at(p, id)->pid != 0 && !profile_is_described(p, id);
}

static unsigned may_ask(struct inquiry *q, uint64_t now_ns)
{
    if (q->unanswered >= INQUIRY_UNANSWERED)
        return 0;
    if (q->ending)
        return INQUIRY_BATCH;
    if (now_ns - q->window_ns >= INQUIRY_WINDOW_MS * NS_PER_MS) {
        q->window_ns = now_ns;
        q->in_window = 0;
    }
    return INQUIRY_BATCH - q->in_window;
}

unsigned inquiry_ask(struct inquiry *q, uint64_t now_ns,
                     const char *pids[static INQUIRY_BATCH])
{
    unsigned count = 0, most = q->profile ? may_ask(q, now_ns) : 0;
    if (most == 0)
        return 0;
    uint32_t end = (uint32_t)profile_process_count(q->profile);
    for (; q->next < end && count < most; q->next++)
        if (can_be_asked(q->profile, q->next))
            pids[count++] = profile_text(
                q->profile, profile_process_at(q->profile, q->next)->pid);
    if (count == 0)
        return 0;
    q->in_window += count;
    q->unanswered++;
    return count;
}

void inquiry_answered(struct inquiry *q)
{
    q->unanswered -= q->unanswered > 0;
}

int inquiry_learn(struct inquiry *q, const struct process_texts *texts)
{
    if (!q->profile)
        return 0;
    char initial_call[INITIAL_CALL_TEXT];
    struct process_texts spelled = *texts;
    initial_call_spell(texts->initial_call, initial_call);
    spelled.initial_call = initial_call;
    int err = profile_describe_process(q->profile, &spelled);
    /* The answer may be to a question of an earlier recording. */
    return err == -E_NOT_FOUND ? 0 : err;
}

void inquiry_end(struct inquiry *q)
{
    q->ending = true;
    if (!q->profile)
        return;
    q->next = (uint32_t)profile_process_count(q->profile);
    for (unsigned n = 0; q->next > 0 && n < INQUIRY_AT_END; q->next--)
        n += can_be_asked(q->profile, q->next - 1);
}

bool inquiry_is_done(const struct inquiry *q)
{
    return !q->profile ||
           (q->unanswered == 0 &&
            q->next >= (uint32_t)profile_process_count(q->profile));
}

void inquiry_count(const struct inquiry *q)
{
    if (!q->profile)
        return;
    for (uint32_t i = 0; i < profile_process_count(q->profile); i++)
        profile_counters_edit(q->profile)->undescribed +=
            can_be_asked(q->profile, i);
}
