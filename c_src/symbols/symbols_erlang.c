#include "symbols/symbols_erlang.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/index.h"
#include "symbols/names.h"

enum { MAX_CACHED = 1 << 17 };

struct key {
    uint64_t at;
    uint32_t module;
};

struct cached {
    struct key key;
    struct symbol_frames frames;
};

struct symbols_erlang {
    const struct jit *jit;
    struct texts *pool;
    struct index index; /* by address and module, into cache */
    struct cached *cache;
    uint32_t cached, cache_cap;
};

int symbols_erlang_open(const struct jit *jit, struct texts *pool,
                        struct symbols_erlang **out)
{
    struct symbols_erlang *e = calloc(1, sizeof(*e));
    if (!e)
        return -ENOMEM;
    e->jit = jit;
    e->pool = pool;
    *out = e;
    return 0;
}

void symbols_erlang_close(struct symbols_erlang *e)
{
    if (!e)
        return;
    index_deinit(&e->index);
    free(e->cache);
    free(e);
}

/* --- names -------------------------------------------------------------- */

void symbols_erlang_bracket(const char *text, enum frame_kind kind,
                            enum symbol_result result,
                            struct symbol_frames *out)
{
    *out = (struct symbol_frames){
        .list = {{.kind = kind,
                  .name = text,
                  .module = "",
                  .function = text,
                  .arity = FRAME_NO_ARITY,
                  .file = ""}},
        .count = 1,
        .result = result,
    };
}

/* What a shared fragment calls. */
static enum symbol_callee callee_of(const char *name)
{
    static const struct {
        const char *fragment; /* instr_bif.cpp */
        enum symbol_callee callee;
    } known[] = {
        {"global::call_light_bif_shared", SYMBOL_LIGHT_BIF},
        {"global::call_bif_shared", SYMBOL_BIF},
        {"global::call_nif_shared", SYMBOL_NIF},
        {"global::i_bif_body_shared", SYMBOL_GUARD_BIF},
        {"global::i_bif_guard_shared", SYMBOL_GUARD_BIF},
    };
    for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++)
        if (strcmp(name, known[i].fragment) == 0)
            return known[i].callee;
    return SYMBOL_NO_CALLEE;
}

/* The VM's shared fragments (erts/emulator/beam/jit/x86/beam_asm_global.cpp)
 * are parts and helpers of Erlang functions, so their time belongs to the
 * function that jumped there. */
static void spell_fragment(const char *name, struct symbol_frames *out)
{
    if (strstr(name, "garbage_collect")) {
        symbols_erlang_bracket("[gc]", FRAME_GC, SYMBOL_NAMED, out);
        out->gc = true;
    } else if (strstr(name, "process_main")) {
        symbols_erlang_bracket("[scheduler]", FRAME_RUNTIME, SYMBOL_NAMED, out);
        out->scheduler = true;
    } else {
        *out = (struct symbol_frames){.result = SYMBOL_NAMED,
                                      .callee = callee_of(name)};
    }
}

static void spell_function(struct texts *pool, const char *vm_name,
                           struct symbol_frames *out)
{
    struct names names;
    int err = names_parse(vm_name, &names);
    *out = (struct symbol_frames){.count = 1, .result = SYMBOL_NAMED};
    out->list[0] = (struct frame){
        .kind = err ? FRAME_RUNTIME : names.kind,
        .name = texts_keep(pool, names.display),
        .module = texts_keep(pool, names.module),
        .function = texts_keep(pool, names.function),
        .arity = names.arity,
        .file = "",
    };
}

void symbols_erlang_spell(struct texts *pool, const char *vm_name,
                          struct symbol_frames *out)
{
    if (strncmp(vm_name, "global::", 8) == 0)
        spell_fragment(vm_name, out);
    else
        spell_function(pool, vm_name, out);
}

/* Behind a module's functions are its veneers: jumps to shared fragments, which
 * its functions use. Like the fragments, they give no frame. */
static bool is_veneer(const struct jit_module *module, uint64_t at)
{
    return module->function_count &&
           at >= module->functions[module->function_count - 1].end;
}

/* Before a module's first function is its trampoline for breakpoints
 * (jit/x86/beam_asm_module.cpp, genericBPTramp): calls of functions with a
 * trace pattern go through it. */
static bool is_trampoline(const struct jit_module *module, uint64_t at)
{
    return module->function_count && at < module->functions[0].start;
}

static void resolve(struct symbols_erlang *e, const struct jit_module *module,
                    uint64_t at, struct symbol_frames *out)
{
    const struct jit_function *f = jit_function_at(module, at);
    if (!f && (module->emulator || is_veneer(module, at))) {
        *out = (struct symbol_frames){.result = SYMBOL_NAMED};
        return;
    }
    if (!f && is_trampoline(module, at)) {
        symbols_erlang_bracket("[breakpoint]", FRAME_RUNTIME, SYMBOL_NAMED,
                               out);
        out->list[0].module = texts_keep(e->pool, module->name);
        return;
    }
    if (!f) {
        symbols_erlang_bracket("[unknown]", FRAME_RUNTIME, SYMBOL_UNRESOLVED,
                               out);
        return;
    }
    if (module->emulator) {
        spell_fragment(f->name, out);
        return;
    }
    symbols_erlang_spell(e->pool, f->name, out);
    const struct jit_line *line = jit_line_at(module, f, at);
    if (line && out->count) {
        out->list[0].file = texts_keep(e->pool, line->file);
        out->list[0].line = line->line;
    }
}

/* --- cache -------------------------------------------------------------- */

static bool same_key(const void *things, uint32_t id, const void *key)
{
    const struct key *a = &((const struct cached *)things)[id].key, *b = key;
    return a->at == b->at && a->module == b->module;
}

static bool has_room(struct symbols_erlang *e)
{
    if (e->cached == MAX_CACHED) {
        index_deinit(&e->index);
        e->cached = 0;
    }
    return ARRAY_RESERVE(e->cache, e->cache_cap, e->cached + 1) == 0;
}

static void name_in(struct symbols_erlang *e, const struct jit_module *module,
                    uint64_t at, struct symbol_frames *out)
{
    struct key key = {at, module->id};
    uint64_t hash = hash_u64(module->id, at);
    uint32_t id = index_find(&e->index, hash, same_key, e->cache, &key);
    if (id != INDEX_NONE) {
        *out = e->cache[id].frames;
        return;
    }
    resolve(e, module, at, out);
    if (has_room(e) && index_add(&e->index, hash, e->cached) == 0)
        e->cache[e->cached++] = (struct cached){key, *out};
}

bool symbols_erlang_name(struct symbols_erlang *e, uint64_t at,
                         uint64_t time_ns, struct symbol_frames *out)
{
    const struct jit_module *module;
    int err = jit_find(e->jit, at, time_ns, &module);
    if (err == -E_AMBIGUOUS) {
        symbols_erlang_bracket("[replaced code]", FRAME_RUNTIME, SYMBOL_STALE,
                               out);
        return true;
    }
    if (err)
        return false;
    name_in(e, module, at, out);
    return true;
}
