/* Who waits for whom, by the frames that say it (waits.h). More may be known by
 * now of the process that is waited for than when the frame was made, so only
 * its name, or else its pid, is compared. */
#include "profile/moment.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "profile/waits.h"

/* A name or a pid, without its end. */
struct whom {
    const char *text;
    size_t len;
    uint64_t count;
};

static int by_text(const void *a, const void *b)
{
    const struct whom *x = a, *y = b;
    size_t len = x->len < y->len ? x->len : y->len;
    int order = memcmp(x->text, y->text, len);
    return order ? order : (x->len > y->len) - (x->len < y->len);
}

/* Out of "[waits for db]" or "[waits for <0.90.0> (shop:init/1)]". */
static struct whom in_frame(const char *frame)
{
    const char *text = frame + strlen(WAITS_FOR);
    size_t len = strlen(text);
    len -= len > 0; /* the bracket */
    size_t pid = strcspn(text, " ");
    return (struct whom){text, *text == '<' && pid < len ? pid : len, 1};
}

/* For whom does it wait? */
static bool said(const struct moment *m, const struct moment_process *p,
                 struct whom *out)
{
    const char *leaf = moment_leaf(m, p);
    if (p->state != STATE_BLOCKED ||
        strncmp(leaf, WAITS_FOR, strlen(WAITS_FOR)) != 0)
        return false;
    *out = in_frame(leaf);
    return true;
}

/* What the frames of those that wait for it say. */
static struct whom called(const struct moment *m,
                          const struct moment_process *p, char text[WAITS_TEXT])
{
    const struct profile_process *row =
        profile_process_at(m->profile, p->process);
    waits_text(profile_text(m->profile, row->name), moment_pid(m, p), "", text);
    return in_frame(text);
}

bool moment_waits_for(const struct moment *m, const struct moment_process *one,
                      const struct moment_process *other)
{
    char text[WAITS_TEXT];
    struct whom whom, own;
    if (!said(m, one, &whom))
        return false;
    own = called(m, other, text);
    return by_text(&whom, &own) == 0;
}

/* Makes equal ones, which are neighbours, one. Returns how many are left. */
static size_t merge(struct whom *list, size_t count)
{
    size_t kept = 0;
    for (size_t i = 0; i < count; i++)
        if (kept && by_text(&list[kept - 1], &list[i]) == 0)
            list[kept - 1].count++;
        else
            list[kept++] = list[i];
    return kept;
}

int moment_count_waiting(struct moment *m)
{
    char text[WAITS_TEXT];
    struct whom *list = malloc((m->process_count + 1) * sizeof(*list));
    size_t count = 0;
    if (!list)
        return -ENOMEM;
    for (size_t i = 0; i < m->process_count; i++)
        count += said(m, &m->processes[i], &list[count]);
    qsort(list, count, sizeof(*list), by_text);
    count = merge(list, count);
    for (size_t i = 0; i < m->process_count; i++) {
        const struct whom own = called(m, &m->processes[i], text);
        const struct whom *found =
            bsearch(&own, list, count, sizeof(*list), by_text);
        m->processes[i].waiting = found ? found->count : 0;
    }
    free(list);
    return 0;
}
