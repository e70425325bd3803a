#include "symbols/symbols.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/deadline.h"
#include "base/texts.h"
#include "symbols/names.h"
#include "symbols/perfmap_file.h"
#include "symbols/symbols_bifs.h"
#include "symbols/symbols_erlang.h"
#include "symbols/symbols_kernel.h"
#include "symbols/symbols_native.h"

/* How long an address is taken as missing before the perf map is read again.
 * That may take a twentieth of the time, because the file can be large. */
static const struct pace perfmap_pace = {.pause_ns = 100 * NS_PER_MS,
                                         .share = 19};

struct symbols {
    struct symbols_config config;
    struct texts pool;
    struct symbols_erlang *erlang;
    struct symbols_native *native;
    struct symbols_kernel kernel;
    struct symbols_bifs *bifs;
    struct perfmap_file perfmap;
    struct pace perfmap_pace;
    uint64_t mapped_at;    /* when the mappings were set */
    uint64_t collector[2]; /* functions of the garbage collector, found without
                              symbols: its entry for JIT code, and the
                              function that this calls; 0: not known */
    bool collector_known;
};

int symbols_open(const struct symbols_config *config, struct symbols **out)
{
    struct symbols *s = calloc(1, sizeof(*s));
    if (!s)
        return -ENOMEM;
    s->config = *config;
    texts_init(&s->pool);
    symbols_kernel_init(&s->kernel);
    int err = symbols_erlang_open(config->jit, &s->pool, &s->erlang);
    if (!err)
        err = symbols_native_open(config->process, config->memory, &s->pool,
                                  &s->native);
    if (!err)
        err = symbols_bifs_open(&s->config, s->native, &s->pool, &s->bifs);
    if (err) {
        symbols_close(s);
        return err;
    }
    perfmap_file_init(&s->perfmap, config->process);
    s->perfmap_pace = perfmap_pace;
    *out = s;
    return 0;
}

void symbols_close(struct symbols *s)
{
    if (!s)
        return;
    perfmap_file_deinit(&s->perfmap);
    symbols_bifs_close(s->bifs);
    symbols_native_close(s->native);
    symbols_erlang_close(s->erlang);
    symbols_kernel_deinit(&s->kernel);
    texts_deinit(&s->pool);
    free(s);
}

int symbols_set_maps(struct symbols *s, const struct maps *maps)
{
    symbols_native_set_maps(s->native, maps);
    symbols_bifs_set_maps(s->bifs, maps);
    s->collector_known = false;
    s->mapped_at = clock_now_ns();
    return 0;
}

void symbols_prepare(struct symbols *s, bool kernel)
{
    enum { ANY_ADDRESS = 1 };
    if (kernel)
        (void)symbols_kernel_name(&s->kernel, ANY_ADDRESS);
    symbols_native_prepare(s->native);
    symbols_bifs_update(s->bifs);
}

uint64_t symbols_since(const struct symbols *s)
{
    uint64_t code = jit_since(s->config.jit);
    return code > s->mapped_at ? code : s->mapped_at;
}

static void unknown(struct symbol_frames *out)
{
    symbols_erlang_bracket("[unknown]", FRAME_RUNTIME, SYMBOL_UNRESOLVED, out);
    out->for_now = true;
}

/* --- the perf map, when nothing else knows -------------------------------- */

static const char *find_in_perfmap(struct symbols *s, uint64_t at)
{
    const struct perfmap_range *range = perfmap_find(&s->perfmap.map, at);
    if (!range && pace_begin(&s->perfmap_pace)) {
        if (perfmap_file_refresh(&s->perfmap, s->config.process) > 0)
            range = perfmap_find(&s->perfmap.map, at);
        pace_end(&s->perfmap_pace);
    }
    return range ? range->name : NULL;
}

static void native_frame(const char *name, const char *object,
                         struct symbol_frames *out)
{
    *out = (struct symbol_frames){
        .list = {{.kind = FRAME_NATIVE,
                  .name = name,
                  .module = object,
                  .function = name,
                  .arity = FRAME_NO_ARITY,
                  .file = ""}},
        .count = 1,
        .result = SYMBOL_NAMED,
    };
}

/* The names that the VM writes begin with '$'; others are those of a JIT
 * compiler in some library. */
static void by_perfmap(struct symbols *s, uint64_t at,
                       struct symbol_frames *out)
{
    static const char prologue[] = "-CodeInfoPrologue";
    char name[NAMES_MAX];
    const char *found = find_in_perfmap(s, at);
    if (!found) {
        unknown(out);
        return;
    }
    if (found[0] != '$') {
        native_frame(texts_keep(&s->pool, found), "", out);
        return;
    }
    snprintf(name, sizeof(name), "%s", found + 1);
    char *suffix = strstr(name, prologue);
    if (suffix && !suffix[sizeof(prologue) - 1])
        *suffix = '\0';
    symbols_erlang_spell(&s->pool, name, out);
}

/* --- C code --------------------------------------------------------------- */

static void learn_collector(struct symbols *s)
{
    enum { SAME_FILE = 1 << 16 }; /* most bytes between functions of one file */
    uint64_t entry = symbols_bifs_collector(s->bifs), inner;
    s->collector_known = true;
    s->collector[0] = entry;
    s->collector[1] = 0;
    /* erl_gc.c: erts_garbage_collect_nobump() only calls garbage_collect(),
     * which every other entry into the collector also calls. */
    if (entry && symbols_native_callees(s->native, entry, &inner, 1) == 1 &&
        (inner < entry ? entry - inner : inner - entry) < SAME_FILE)
        s->collector[1] = inner;
}

static bool is_collector(struct symbols *s, const struct native_function *f)
{
    if (f->collector)
        return true;
    if (!s->collector_known)
        learn_collector(s);
    return f->start &&
           (f->start == s->collector[0] || f->start == s->collector[1]);
}

static void name_native(struct symbols *s, const struct symbol_query *q,
                        struct symbol_frames *out)
{
    struct native_function f = *symbols_native_at(s->native, q->at);
    if (!f.name[0]) {
        by_perfmap(s, q->at, out);
        return;
    }
    symbols_bifs_update(s->bifs);
    native_frame(f.name, f.object, out);
    if (!f.named)
        out->result = SYMBOL_OBJECT_ONLY;
    out->gc = is_collector(s, &f);
    if (q->seam != SYMBOL_NO_SEAM)
        symbols_bifs_of_function(s->bifs, &f, q->seam, out);
}

static void name_callee(struct symbols *s, const struct symbol_query *q,
                        struct symbol_frames *out)
{
    uint64_t at = symbols_bifs_callee(s->bifs, q);
    if (!at || !symbols_erlang_name(s->erlang, at, q->time_ns, out))
        *out = (struct symbol_frames){.result = SYMBOL_NAMED};
}

void symbols_name(struct symbols *s, const struct symbol_query *q,
                  struct symbol_frames *out)
{
    switch (q->space) {
    case SYMBOL_KERNEL:
        *out = (struct symbol_frames){
            .list = {symbols_kernel_name(&s->kernel, q->at)},
            .count = 1,
            .result = SYMBOL_NAMED,
        };
        return;
    case SYMBOL_NATIVE:
        name_native(s, q, out);
        return;
    case SYMBOL_CALLED:
    case SYMBOL_ENTRY:
    case SYMBOL_MFA:
        symbols_bifs_called(s->bifs, q, out);
        return;
    case SYMBOL_CALLEE:
        name_callee(s, q, out);
        return;
    case SYMBOL_ROOM:
        symbols_bifs_room(s->bifs, q, out);
        return;
    case SYMBOL_ERLANG:
        if (!symbols_erlang_name(s->erlang, q->at, q->time_ns, out))
            by_perfmap(s, q->at, out);
        return;
    }
    unknown(out);
}
