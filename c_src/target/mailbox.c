#include "target/mailbox.h"

#include <errno.h>
#include <stddef.h>

#include "target/erlproc.h"
#include "target/heap_fragment.h"

enum {
    COMBINED = 1,     /* ERTS_MSG_COMBINED_HFRAG: the fragment is in it */
    FRAGMENTS = 1000, /* of one message: a longer list is no list */
    SIGNALS = 100000, /* in one queue, that are no messages */
    TAG_BITS = 3,     /* a term has some of them */
    WORD_BITS = 40,   /* a fragment is smaller than 2^40 words */
};

struct fragment {
    uint64_t word[HEAP_FRAGMENT_WORDS];
};

struct message {
    uint64_t next, data, term, token, from;
    struct fragment own; /* if it is combined */
};

/* --- reading -------------------------------------------------------------- */

/* What cannot be read was given back meanwhile. */
static int copy(const struct memory *m, uint64_t at, void *to, size_t len)
{
    int err = at % sizeof(at) == 0 ? memory_read(m, at, to, len) : -E_TORN;
    return err == -EFAULT ? -E_TORN : err;
}

/* One without a fragment is shorter, and may be the last in mapped memory. */
static int copy_message(const struct memory *m, uint64_t at, struct message *to)
{
    int err = copy(m, at, to, sizeof(*to));
    if (err == -E_TORN) {
        err = copy(m, at, to, offsetof(struct message, own));
        if (!err && to->data == COMBINED)
            err = -E_TORN;
    }
    return err;
}

/* --- one message ---------------------------------------------------------- */

static int add_fragment(const struct fragment *f, struct mailbox *out)
{
    uint64_t alloc_size = f->word[HEAP_FRAGMENT_ALLOC_SIZE];
    uint64_t used_size = f->word[HEAP_FRAGMENT_USED_SIZE];
    if (used_size > alloc_size || alloc_size >> WORD_BITS)
        return -E_TORN;
    out->data_words += used_size;
    return 0;
}

static int add_fragments(const struct memory *m, uint64_t at,
                         struct mailbox *out)
{
    struct fragment f;
    int err = 0;
    for (int i = 0; at && !err; i++) {
        err = i < FRAGMENTS ? copy(m, at, &f, sizeof(f)) : -E_TORN;
        if (!err)
            err = add_fragment(&f, out);
        at = err ? 0 : f.word[HEAP_FRAGMENT_NEXT];
    }
    return err;
}

/* The size of what came from another node is known when it is decoded. */
static int add_data(const struct memory *m, const struct message *message,
                    struct mailbox *out)
{
    if (message->term == 0) { /* THE_NON_VALUE */
        out->at_least = true;
        return 0;
    }
    if (message->data != COMBINED)
        return add_fragments(m, message->data, out);
    int err = add_fragment(&message->own, out);
    return err ? err
               : add_fragments(m, message->own.word[HEAP_FRAGMENT_NEXT], out);
}

/* --- a queue -------------------------------------------------------------- */

static bool is_message(const struct message *m)
{
    return (m->term & TAG_BITS) != 0 || m->term == 0;
}

int mailbox_add(const struct memory *m, const struct mailbox_queue *q,
                uint64_t most, struct mailbox *out)
{
    uint64_t signals = 0;
    for (uint64_t at = q->first; at;) {
        struct message message;
        if (out->messages >= most || signals >= SIGNALS) {
            out->at_least = true;
            return 1;
        }
        int err = copy_message(m, at, &message);
        bool counts = !err && is_message(&message);
        if (counts)
            err = add_data(m, &message, out);
        if (err)
            return err;
        out->messages += counts;
        signals += !counts;
        if (at == q->last)
            return 0;
        at = message.next;
    }
    return q->first ? -E_TORN : 0; /* it ended before its last message */
}

/* --- all of them ---------------------------------------------------------- */

struct queues {
    struct mailbox_queue list[PROCFIGURES_QUEUES];
};

/* The ends of the queues are copied together: messages move from one to the
 * next. */
static int copy_queues(const struct memory *m,
                       const struct procfigures_places *at, uint64_t process,
                       struct queues *out)
{
    struct memory_span spans[PROCFIGURES_QUEUES];
    for (int i = 0; i < PROCFIGURES_QUEUES; i++)
        spans[i] = (struct memory_span){.addr = process + at->queues[i],
                                        .to = &out->list[i],
                                        .len = sizeof(out->list[i])};
    int done = memory_read_many(m, spans, PROCFIGURES_QUEUES);
    if (done < 0)
        return done;
    return done == PROCFIGURES_QUEUES ? 0 : -E_TORN;
}

static uint64_t oldest(const struct queues *q)
{
    int i = 0;
    while (i + 1 < PROCFIGURES_QUEUES && !q->list[i].first)
        i++;
    return q->list[i].first;
}

static int add_queues(const struct memory *m,
                      const struct procfigures_places *at, uint64_t process,
                      uint64_t most, struct mailbox *out)
{
    struct queues queues, later;
    int err = copy_queues(m, at, process, &queues);
    *out = (struct mailbox){.messages = 0};
    for (int i = 0; i < PROCFIGURES_QUEUES && !err; i++)
        err = mailbox_add(m, &queues.list[i], most, out);
    if (err <= 0)
        return err;
    err = copy_queues(m, at, process, &later);
    return err || oldest(&later) == oldest(&queues) ? err : -E_TORN;
}

int mailbox_read(const struct layout *l, const struct memory *m,
                 const struct procfigures_places *at, uint64_t pid,
                 uint64_t most, struct mailbox *out)
{
    enum { TRIES = 3 };
    struct erlproc p;
    int err = at->known[PROCFIGURE_QUEUE] ? -E_TORN : -E_LAYOUT;
    for (int i = 0; i < TRIES && err == -E_TORN; i++) {
        err = erlproc_find(l, m, pid, &p);
        if (!err)
            err = add_queues(m, at, p.address, most, out);
    }
    return err;
}

uint64_t mailbox_bytes(const struct mailbox *b, uint64_t length)
{
    uint64_t messages =
        b->at_least && length > b->messages ? length : b->messages;
    return MAILBOX_MESSAGE_BYTES * messages + sizeof(uint64_t) * b->data_words;
}
