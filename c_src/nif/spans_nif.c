#include "nif/spans_nif.h"

#include <string.h>

#include "nif/nif_state.h"
#include "nif/query_text.h"
#include "nif/spans.h"
#include "nif/walk_clock.h"

enum {
    WHAT_BITS = 8,
    NUMBER_BITS = 24,
    KIND_BITS = 12,
    GENERATION_BITS = 16,
    TOKEN_BITS = KIND_BITS + NUMBER_BITS + GENERATION_BITS,
};
_Static_assert(1 << KIND_BITS == SPAN_KINDS, "a token has no room for a kind");

/* Readers outside find the page by this symbol: SPAN_PAGE_SYMBOL. Every loaded
 * instance of the library has one, with the same value. */
extern struct span_page *cprof_span_page;
__attribute__((visibility("default"))) struct span_page *cprof_span_page;

/* To look up an atom takes longer than to write a mark. */
static struct {
    ERL_NIF_TERM ok, new, undefined;
} atom;

static void publish(struct spans *s)
{
    __atomic_store_n(&cprof_span_page, &s->page, __ATOMIC_RELEASE);
}

void spans_nif_load(ErlNifEnv *env, struct nif_state *state)
{
    atom.ok = enif_make_atom(env, "ok");
    atom.new = enif_make_atom(env, "new");
    atom.undefined = enif_make_atom(env, "undefined");
    struct spans *s = atomic_load(&state->spans);
    if (s)
        publish(s);
}

/* If two threads come here at the same time, one of them allocates in vain. */
static struct spans *create(struct nif_state *state)
{
    struct spans *ours = spans_create(), *there = NULL;
    if (!ours)
        return NULL;
    ours->generation = (uint32_t)(walk_clock_ns() >> 12);
    if (atomic_compare_exchange_strong(&state->spans, &there, ours))
        return ours;
    spans_destroy(ours);
    return there;
}

static uint64_t generation_of(const struct spans *s)
{
    return s->generation & ((1u << GENERATION_BITS) - 1);
}

/* NULL: there are none. After an upgrade another instance of the library may
 * have created them. */
static struct spans *spans_of(ErlNifEnv *env)
{
    struct nif_state *state = enif_priv_data(env);
    struct spans *s = atomic_load_explicit(&state->spans, memory_order_acquire);
    if (s && __atomic_load_n(&cprof_span_page, __ATOMIC_RELAXED) != &s->page)
        publish(s);
    return s;
}

static ERL_NIF_TERM error(ErlNifEnv *env, const char *reason)
{
    return enif_make_tuple2(env, enif_make_atom(env, "error"),
                            enif_make_atom(env, reason));
}

static ERL_NIF_TERM make_spans(ErlNifEnv *env, int argc,
                               const ERL_NIF_TERM argv[])
{
    (void)argc;
    (void)argv;
    struct nif_state *state = enif_priv_data(env);
    if (!atomic_load(&state->spans))
        create(state);
    return error(env, "no_page");
}

/* Whoever attaches spans has made the page. If the library was unloaded since
 * then, the page is gone, and the first mark after that makes another one, on a
 * dirty scheduler, because that takes milliseconds. It is lost itself, and so
 * are the marks of all others until the page is there: nobody waits for it. */
static ERL_NIF_TERM without_spans(ErlNifEnv *env)
{
    struct nif_state *state = enif_priv_data(env);
    return atomic_exchange(&state->spans_wanted, true)
               ? error(env, "no_page")
               : enif_schedule_nif(env, "spans_page",
                                   ERL_NIF_DIRTY_JOB_CPU_BOUND, make_spans, 0,
                                   NULL);
}

/* --- arguments ------------------------------------------------------------ */

static bool get_text(ErlNifEnv *env, ERL_NIF_TERM term, struct spans_text *t)
{
    ErlNifBinary binary;
    if (!enif_inspect_binary(env, term, &binary))
        return false;
    *t = (struct spans_text){(const char *)binary.data, binary.size};
    return true;
}

/* Parts of the metadata, joined by spaces. A kind has no room for more. */
struct joined {
    size_t length;
    char text[SPAN_KIND_TEXT];
};

static void join(struct joined *j, struct spans_text part)
{
    size_t room = sizeof(j->text) - j->length;
    if (j->length > 0 && room > 0) {
        j->text[j->length++] = ' ';
        room--;
    }
    if (part.length > room)
        part.length = room;
    memcpy(j->text + j->length, part.text, part.length);
    j->length += part.length;
}

/* A binary, or a list of binaries, which are put into *room. */
static bool get_more(ErlNifEnv *env, ERL_NIF_TERM term, struct joined *room,
                     struct spans_text *t)
{
    ERL_NIF_TERM head;
    struct spans_text part;
    if (get_text(env, term, t))
        return true;
    room->length = 0;
    while (enif_get_list_cell(env, term, &head, &term)) {
        if (!get_text(env, head, &part))
            return false;
        join(room, part);
    }
    *t = (struct spans_text){room->text, room->length};
    return enif_is_empty_list(env, term);
}

/* What start and stop of a span have in common; not 0. */
static uint32_t number_of(ERL_NIF_TERM context)
{
    if (context == atom.undefined)
        return 0;
    ErlNifUInt64 hash = enif_hash(ERL_NIF_INTERNAL_HASH, context, 0);
    uint32_t number = (uint32_t)hash & ((1u << NUMBER_BITS) - 1);
    return number > 0 ? number : 1;
}

/* A number that other spans of this time do not have; not 0. */
static uint32_t own_number(const struct spans *s)
{
    uint64_t marks = __atomic_load_n(&s->page.next, __ATOMIC_RELAXED);
    return 1 + (uint32_t)(marks % ((1u << NUMBER_BITS) - 1));
}

/* The calling process and the page, which is NULL if there is none. The memory
 * for a mark arrives while the arguments are read. */
static bool get_place(ErlNifEnv *env, ErlNifPid *self, struct spans **s)
{
    if (!enif_self(env, self))
        return false;
    *s = spans_of(env);
    if (*s)
        spans_expect_mark(*s, self->pid);
    return true;
}

/* What span_mark or span_past is to do. */
struct request {
    struct spans *spans;
    int what;
    bool asked;
    ErlNifPid self;
    struct spans_text event, more;
    struct joined room;
    ERL_NIF_TERM context;
};

/* argv: {What, Event, More, Context} */
static bool get_request(ErlNifEnv *env, const ERL_NIF_TERM argv[],
                        struct request *r)
{
    if (!get_place(env, &r->self, &r->spans) ||
        !enif_get_int(env, argv[0], &r->what) ||
        !get_text(env, argv[1], &r->event) ||
        !get_more(env, argv[2], &r->room, &r->more))
        return false;
    r->asked = r->what & SPAN_NIF_ASKED;
    r->what &= ~SPAN_NIF_ASKED;
    r->context = argv[3];
    return r->what >= SPAN_START && r->what <= SPAN_EXCEPTION;
}

static struct span_mark mark_of(const struct request *r)
{
    return (struct span_mark){
        .process = r->self.pid,
        .kind = spans_kind(r->spans, r->event, r->more),
        .what = (uint32_t)r->what | number_of(r->context) << WHAT_BITS,
    };
}

/* --- marks ---------------------------------------------------------------- */

/* argv: {What, Event, More, Context}. If it returns ok, a mark was written, and
 * *mark is a copy of it. */
static ERL_NIF_TERM mark_now(ErlNifEnv *env, const ERL_NIF_TERM argv[],
                             struct span_mark *mark)
{
    struct request r;
    if (!get_request(env, argv, &r))
        return enif_make_badarg(env);
    if (!r.spans)
        return without_spans(env);
    if (r.what == SPAN_START && !r.asked && !spans_knows(r.spans, r.self.pid))
        return atom.new;
    *mark = mark_of(&r);
    mark->time_ns = walk_clock_ns();
    spans_mark(r.spans, mark);
    return atom.ok;
}

ERL_NIF_TERM spans_nif_mark(ErlNifEnv *env, int argc, const ERL_NIF_TERM argv[])
{
    (void)argc;
    struct span_mark mark;
    return mark_now(env, argv, &mark);
}

/* A token is the kind, above it the number of the span, and above that the page
 * in which it began. */
ERL_NIF_TERM spans_nif_begin(ErlNifEnv *env, int argc,
                             const ERL_NIF_TERM argv[])
{
    (void)argc;
    struct span_mark mark;
    ERL_NIF_TERM result = mark_now(env, argv, &mark);
    if (result != atom.ok)
        return result;
    uint64_t page = generation_of(spans_of(env));
    uint64_t number = mark.what >> WHAT_BITS;
    return enif_make_uint64(env, page << (NUMBER_BITS + KIND_BITS) |
                                     number << KIND_BITS | mark.kind);
}

/* If the library was unloaded meanwhile, the token is of a former page, and the
 * kind may be another one in this page. */
ERL_NIF_TERM spans_nif_end(ErlNifEnv *env, int argc, const ERL_NIF_TERM argv[])
{
    (void)argc;
    unsigned what;
    ErlNifUInt64 token;
    ErlNifPid self;
    struct spans *s;
    if (!get_place(env, &self, &s) || !enif_get_uint(env, argv[0], &what) ||
        (what != SPAN_STOP && what != SPAN_EXCEPTION) ||
        !enif_get_uint64(env, argv[1], &token) || token >> TOKEN_BITS != 0)
        return enif_make_badarg(env);
    if (!s)
        return without_spans(env);
    if (token >> (KIND_BITS + NUMBER_BITS) != generation_of(s))
        return error(env, "no_page");
    struct span_mark mark = {.time_ns = walk_clock_ns(),
                             .process = self.pid,
                             .kind = token & (SPAN_KINDS - 1),
                             .what = what | (uint32_t)(token >> KIND_BITS)
                                                << WHAT_BITS};
    spans_mark(s, &mark);
    return atom.ok;
}

ERL_NIF_TERM spans_nif_past(ErlNifEnv *env, int argc, const ERL_NIF_TERM argv[])
{
    (void)argc;
    struct request r;
    ErlNifUInt64 ns;
    if (!get_request(env, argv, &r) || r.what == SPAN_START ||
        !enif_get_uint64(env, argv[4], &ns))
        return enif_make_badarg(env);
    struct spans *s = r.spans;
    if (!s)
        return without_spans(env);
    if (!r.asked && !spans_knows(s, r.self.pid))
        return atom.new;
    struct span_mark end = mark_of(&r);
    end.time_ns = walk_clock_ns();
    /* Such spans of one process may overlap. */
    if (end.what >> WHAT_BITS == 0)
        end.what |= own_number(s) << WHAT_BITS;
    struct span_mark start = end;
    start.what = (end.what >> WHAT_BITS << WHAT_BITS) | SPAN_START;
    start.time_ns = ns < end.time_ns ? end.time_ns - ns : 0;
    spans_mark(s, &start);
    spans_mark(s, &end);
    return atom.ok;
}

ERL_NIF_TERM spans_nif_child(ErlNifEnv *env, int argc,
                             const ERL_NIF_TERM argv[])
{
    (void)argc;
    ErlNifPid self, parent;
    if (!enif_self(env, &self))
        return enif_make_badarg(env);
    struct spans *s = spans_of(env);
    if (!s)
        return without_spans(env);
    spans_know(s, self.pid);
    if (enif_get_local_pid(env, argv[0], &parent)) {
        struct span_mark mark = {.time_ns = walk_clock_ns(),
                                 .process = self.pid,
                                 .other = parent.pid,
                                 .what = SPAN_CHILD};
        spans_mark(s, &mark);
    }
    return atom.ok;
}

/* --- figures -------------------------------------------------------------- */

ERL_NIF_TERM spans_nif_kind(ErlNifEnv *env, int argc, const ERL_NIF_TERM argv[])
{
    (void)argc;
    struct spans_text event, more;
    struct joined room;
    if (!get_text(env, argv[0], &event) ||
        !get_more(env, argv[1], &room, &more))
        return enif_make_badarg(env);
    struct spans *s = spans_of(env);
    return s ? enif_make_uint(env, spans_kind(s, event, more))
             : error(env, "no_page");
}

ERL_NIF_TERM spans_nif_page(ErlNifEnv *env, int argc, const ERL_NIF_TERM argv[])
{
    (void)argc;
    (void)argv;
    struct spans *s = spans_of(env);
    if (!s && create(enif_priv_data(env)))
        s = spans_of(env);
    return s ? enif_make_uint64(env, (uintptr_t)&s->page)
             : error(env, "no_memory");
}

ERL_NIF_TERM spans_nif_figures(ErlNifEnv *env, int argc,
                               const ERL_NIF_TERM argv[])
{
    (void)argc;
    (void)argv;
    struct spans *s = spans_of(env);
    if (!s)
        return error(env, "no_page");
    const struct span_page *p = &s->page;
    return enif_make_tuple3(
        env, enif_make_uint64(env, __atomic_load_n(&p->next, __ATOMIC_RELAXED)),
        enif_make_uint(env, __atomic_load_n(&p->kinds_used, __ATOMIC_RELAXED)),
        enif_make_uint64(env,
                         __atomic_load_n(&p->kinds_refused, __ATOMIC_RELAXED)));
}

/* --- queries -------------------------------------------------------------- */

ERL_NIF_TERM spans_nif_query_text(ErlNifEnv *env, int argc,
                                  const ERL_NIF_TERM argv[])
{
    (void)argc;
    struct spans_text sql;
    struct query_text q;
    if (!get_text(env, argv[0], &sql))
        return enif_make_badarg(env);
    query_text_make(&q, sql.text, sql.length);
    ERL_NIF_TERM binary;
    memcpy(enif_make_new_binary(env, q.length, &binary), q.text, q.length);
    return binary;
}

ERL_NIF_TERM spans_nif_query_id(ErlNifEnv *env, int argc,
                                const ERL_NIF_TERM argv[])
{
    (void)argc;
    struct spans_text sql;
    if (!get_text(env, argv[0], &sql))
        return enif_make_badarg(env);
    return enif_make_uint64(env, query_text_id(sql.text, sql.length));
}
