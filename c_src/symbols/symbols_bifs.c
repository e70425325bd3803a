#include "symbols/symbols_bifs.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/deadline.h"
#include "symbols/bifs.h"
#include "symbols/bifs_code.h"
#include "symbols/bifs_tails.h"
#include "symbols/names.h"
#include "symbols/stack_code.h"
#include "symbols/symbols_erlang.h"
#include "symbols/symbols_export.h"
#include "target/atoms.h"

/* How long a function is taken to have no stub before the stubs are read again,
 * and how much of the time that may take. With thousands of modules it takes
 * long. */
static const struct pace stubs_pace = {
    .pause_ns = NS_PER_S, .burst_ns = NS_PER_S / 10, .share = 19};
/* New modules are read at once, as long as they are few. */
static const struct pace update_pace = {.burst_ns = NS_PER_S / 2, .share = 2};

struct symbols_bifs {
    const struct symbols_config *config;
    struct symbols_native *native;
    struct texts *pool;
    struct bifs *bifs;
    struct bifs_tails tails;
    const struct maps *maps;
    struct atoms *atoms; /* opened when first needed; NULL: not yet */
    struct pace stubs_pace, update_pace;
};

int symbols_bifs_open(const struct symbols_config *config,
                      struct symbols_native *native, struct texts *pool,
                      struct symbols_bifs **out)
{
    struct symbols_bifs *b = calloc(1, sizeof(*b));
    if (!b)
        return -ENOMEM;
    b->config = config;
    b->native = native;
    b->pool = pool;
    bifs_tails_init(&b->tails);
    b->stubs_pace = stubs_pace;
    b->update_pace = update_pace;
    int err = bifs_open(config->jit, config->memory, &b->bifs);
    if (err) {
        free(b);
        return err;
    }
    *out = b;
    return 0;
}

void symbols_bifs_close(struct symbols_bifs *b)
{
    if (!b)
        return;
    atoms_close(b->atoms);
    bifs_tails_deinit(&b->tails);
    bifs_close(b->bifs);
    free(b);
}

void symbols_bifs_set_maps(struct symbols_bifs *b, const struct maps *maps)
{
    if (!b->maps) /* before the first sample there is time to read all */
        bifs_update(b->bifs);
    atoms_close(b->atoms); /* it has the old mappings */
    b->atoms = NULL;
    b->maps = maps;
    pace_hurry(&b->stubs_pace); /* a NIF's library may have been loaded */
    bifs_tails_deinit(&b->tails);
    bifs_tails_init(&b->tails);
}

void symbols_bifs_update(struct symbols_bifs *b)
{
    if (!bifs_behind(b->bifs) || !pace_begin(&b->update_pace))
        return;
    bifs_update(b->bifs);
    pace_end(&b->update_pace);
}

uint64_t symbols_bifs_collector(const struct symbols_bifs *b)
{
    return bifs_collector(b->bifs);
}

/* --- by the C function ---------------------------------------------------- */

/* The name of a struct Export's function, in the pool, or NULL. */
static const char *export_name(struct symbols_bifs *b, uint64_t export)
{
    char name[NAMES_MAX];
    if (!export || !b->maps)
        return NULL;
    if (!b->atoms && atoms_open(b->config->process, b->maps, b->config->memory,
                                b->config->jit, &b->atoms))
        return NULL;
    if (symbols_export_name(b->config->memory, b->atoms, export, name,
                            sizeof(name)))
        return NULL;
    return texts_keep(b->pool, name);
}

/* A BIF of a module that is not loaded: its callers have its name. */
static struct bifs_entry *find_export(struct symbols_bifs *b,
                                      const struct native_function *f)
{
    const char *name = export_name(b, bifs_export(b->bifs, f->start));
    if (!name || bifs_add(b->bifs, f->start, name, false))
        return NULL;
    return bifs_find(b->bifs, f->start);
}

/* The stub of a NIF may be written after its module was read. So if a function
 * of a library has no name, the stubs are read again, but not too often. */
static bool reread_stubs(struct symbols_bifs *b)
{
    if (bifs_behind(b->bifs) || !pace_begin(&b->stubs_pace))
        return false;
    bifs_rescan(b->bifs);
    pace_end(&b->stubs_pace);
    return true;
}

static struct bifs_entry *find_function(struct symbols_bifs *b,
                                        const struct native_function *f,
                                        enum symbol_seam seam)
{
    struct bifs_entry *entry = bifs_find(b->bifs, f->start);
    if (!entry)
        entry = find_export(b, f);
    if (!entry && seam == SYMBOL_SEAM_CALLED)
        entry = bifs_tails_find(&b->tails, b->bifs, b->native, f->start);
    return entry;
}

static bool spell_entry(struct symbols_bifs *b, struct bifs_entry *entry,
                        enum frame_kind kind)
{
    struct symbol_frames named;
    if (!entry->frame.name) {
        symbols_erlang_spell(b->pool, entry->name, &named);
        if (named.count != 1)
            return false;
        entry->frame = named.list[0];
        entry->frame.kind = kind;
    }
    return true;
}

void symbols_bifs_of_function(struct symbols_bifs *b,
                              const struct native_function *f,
                              enum symbol_seam seam, struct symbol_frames *out)
{
    if (!f->start)
        return;
    struct bifs_entry *entry = find_function(b, f, seam);
    if (!entry && !f->executable && reread_stubs(b))
        entry = find_function(b, f, seam);
    out->for_now |= !entry && (!f->executable || bifs_behind(b->bifs));
    if (entry && spell_entry(b, entry, f->executable ? FRAME_BIF : FRAME_NIF))
        out->list[out->count++] = entry->frame;
}

/* --- by the call --------------------------------------------------------- */

/* The function around an address, if its code was there at the query's time and
 * still is, so that it can be read. */
static const struct jit_function *function_of(const struct symbols_bifs *b,
                                              const struct symbol_query *q)
{
    const struct jit *jit = b->config->jit;
    const struct jit_module *then, *now;
    if (jit_find(jit, q->at, q->time_ns, &then) || then->emulator ||
        jit_find(jit, q->at, jit_read_at(jit), &now) || now != then)
        return NULL;
    return jit_function_at(then, q->at);
}

static bool read_stub(const struct symbols_bifs *b,
                      const struct jit_function *f, struct bifs_code *stub)
{
    uint8_t code[BIFS_CODE_BYTES];
    size_t len = f->end - f->start;
    if (len > sizeof(code))
        len = sizeof(code);
    return memory_read(b->config->memory, f->start, code, len) == 0 &&
           bifs_code_decode(code, len, f->start, stub);
}

/* Process.i may be an old value (instr_bif.cpp: export_trampoline passes on
 * what was there). It is right only if it is the entry of the stub. */
static bool is_stub_entry(const struct symbols_bifs *b, uint64_t at,
                          const struct jit_function *f)
{
    struct bifs_code stub;
    return read_stub(b, f, &stub) && stub.entry == at;
}

/* In ErtsCodeInfo (code_ix.h). */
enum { INFO_MFA = 16 };

/* beam_jit_call_nif, and the loop of dirty schedulers, set Process.current
 * before they call the NIF. */
static bool is_stub_mfa(const struct symbols_bifs *b, uint64_t at,
                        const struct jit_function *f)
{
    struct bifs_code stub;
    return f->info && at == f->info + INFO_MFA && read_stub(b, f, &stub);
}

/* The code of an Erlang function up to the end of a call. */
struct call {
    uint8_t code[BIFS_CODE_SITE];
    size_t len;
    uint64_t ret; /* the return address of the call */
};

static bool read_call(const struct symbols_bifs *b,
                      const struct jit_function *f, uint64_t at,
                      struct call *call)
{
    call->ret = at + 1;
    call->len = call->ret - f->start;
    if (call->len > sizeof(call->code))
        call->len = sizeof(call->code);
    return memory_read(b->config->memory, call->ret - call->len, call->code,
                       call->len) == 0;
}

/* Does the function's ErtsCodeInfo have this MFA? */
static bool is_of(const struct symbols_bifs *b, const struct jit_function *f,
                  const uint64_t mfa[3])
{
    uint64_t own[3];
    return f->info &&
           memory_read(b->config->memory, f->info + INFO_MFA, own,
                       sizeof(own)) == 0 &&
           memcmp(own, mfa, sizeof(own)) == 0;
}

/* The function that a call through a struct Export calls. */
static const struct jit_function *exported(const struct symbols_bifs *b,
                                           uint64_t export,
                                           struct symbol_query *callee)
{
    struct symbols_export e;
    if (symbols_export_read(b->config->memory, export, &e))
        return NULL;
    for (size_t i = 0; i < SYMBOLS_EXPORT_ADDRESSES; i++) {
        callee->at = e.addresses[i];
        const struct jit_function *f = function_of(b, callee);
        if (f && is_of(b, f, e.mfa))
            return f;
    }
    return NULL;
}

/* The function that is called, in the caller's module or another; sets
 * callee->at to its first instruction. */
static const struct jit_function *called_function(const struct symbols_bifs *b,
                                                  const struct call *call,
                                                  struct symbol_query *callee)
{
    enum { CALL_REL32 = 5 };
    uint64_t export = bifs_code_export_before(call->code, call->len);
    if (export)
        return exported(b, export, callee);
    if (call->len < CALL_REL32 ||
        !bifs_code_calls(call->code + call->len - CALL_REL32, CALL_REL32,
                         call->ret - CALL_REL32, &callee->at, 1))
        return NULL;
    return function_of(b, callee);
}

/* The BIF or NIF whose stub is called. */
static const char *called_stub(const struct symbols_bifs *b,
                               const struct symbol_query *q,
                               const struct call *call)
{
    struct bifs_code stub;
    struct symbol_query callee = *q;
    const struct jit_function *f = called_function(b, call, &callee);
    return f && read_stub(b, f, &stub) ? f->name : NULL;
}

/* A call goes to the first instruction behind the ErtsCodeInfo. */
static bool is_entry(const struct jit_function *f, uint64_t at)
{
    enum { CODE_INFO_MAX = 64 }; /* with padding */
    return at - f->start <= CODE_INFO_MAX;
}

uint64_t symbols_bifs_callee(const struct symbols_bifs *b,
                             const struct symbol_query *q)
{
    struct symbol_query callee = *q;
    struct bifs_code stub;
    struct call call;
    const struct jit_function *f = function_of(b, q);
    if (!f || !read_call(b, f, q->at, &call))
        return 0;
    f = called_function(b, &call, &callee);
    if (!f || !is_entry(f, callee.at) || read_stub(b, f, &stub))
        return 0;
    return callee.at;
}

void symbols_bifs_room(const struct symbols_bifs *b,
                       const struct symbol_query *q, struct symbol_frames *out)
{
    enum { MOST = 1 << 16 };
    const struct jit_function *f = function_of(b, q);
    size_t len = f ? f->end - f->start : 0;
    uint8_t *code = len && len <= MOST ? malloc(len) : NULL;
    *out = (struct symbol_frames){.result = SYMBOL_NAMED, .allocates = true};
    if (code && memory_read(b->config->memory, f->start, code, len) == 0) {
        out->stack_only = stack_code_only(code, len, q->at + 1 - f->start);
        out->allocates = stack_code_allocates(code, len);
    }
    free(code);
}

/* The BIF that is called: by the call of a light BIF, which contains its
 * Export, or by the stub that is called. q->at is in the call instruction, or
 * is the first instruction of a light BIF's call. */
static const char *called_name(struct symbols_bifs *b,
                               const struct symbol_query *q,
                               const struct jit_function *f)
{
    struct call call;
    struct bifs_code_site site;
    uint8_t code[BIFS_CODE_SITE];
    if (read_call(b, f, q->at, &call)) {
        if (bifs_code_site_before(call.code, call.len, &site))
            return export_name(b, site.export);
        const char *name = called_stub(b, q, &call);
        if (name)
            return name;
    }
    if (memory_read(b->config->memory, q->at, code, sizeof(code)) == 0 &&
        bifs_code_site(code, sizeof(code), &site))
        return export_name(b, site.export);
    return NULL;
}

void symbols_bifs_called(struct symbols_bifs *b, const struct symbol_query *q,
                         struct symbol_frames *out)
{
    const struct jit_function *f = function_of(b, q);
    const char *name = NULL;
    *out = (struct symbol_frames){.result = SYMBOL_NAMED};
    if (f && q->space == SYMBOL_CALLED)
        name = called_name(b, q, f);
    else if (f && (q->space == SYMBOL_ENTRY ? is_stub_entry(b, q->at, f)
                                            : is_stub_mfa(b, q->at, f)))
        name = f->name;
    if (!name)
        return;
    symbols_erlang_spell(b->pool, name, out);
    if (out->count)
        out->list[0].kind = FRAME_BIF;
}
