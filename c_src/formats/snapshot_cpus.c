#include "formats/snapshot_parts.h"

#include "formats/columns.h"
#include "formats/words.h"

/* Of more schedulers of a kind, idle ones are left out. */
enum { FEW = 4 };

static size_t of_kind(const struct snapshot *s, enum snapshot_kind kind)
{
    size_t n = 0;
    for (size_t i = 0; i < s->scheduler_count; i++)
        n += s->schedulers[i].kind == kind;
    return n;
}

static bool is_shown(const struct snapshot *s,
                     const struct snapshot_scheduler *one)
{
    return one->kind == SNAPSHOT_NORMAL || of_kind(s, one->kind) <= FEW ||
           (one->known && one->cpu >= 0.01);
}

static const char *kind_text(enum snapshot_kind kind)
{
    return kind == SNAPSHOT_NORMAL      ? "normal"
           : kind == SNAPSHOT_DIRTY_CPU ? "dirty CPU"
                                        : "dirty IO";
}

void snapshot_schedulers_write(const struct snapshot *s, struct buffer *out)
{
    static const struct column heads[] = {{"id", true},
                                          {"kind", false},
                                          {"cpu %", true},
                                          {"waits for cpu %", true}};
    struct columns c;
    size_t idle = 0;
    columns_init(&c, heads, sizeof(heads) / sizeof(heads[0]));
    for (size_t i = 0; i < s->scheduler_count; i++) {
        const struct snapshot_scheduler *one = &s->schedulers[i];
        if (!is_shown(s, one)) {
            idle++;
            continue;
        }
        columns_add_number(&c, one->id);
        columns_add(&c, kind_text(one->kind));
        columns_add_real(&c, one->known, one->cpu, words_percent);
        columns_add_real(&c, one->known, one->waiting_for_cpu, words_percent);
    }
    buffer_printf(out, "\nSchedulers: %zu", of_kind(s, SNAPSHOT_NORMAL));
    if (idle)
        buffer_printf(out, "; %zu idle dirty schedulers not shown", idle);
    buffer_text(out, "\n");
    columns_write(&c, out);
}
