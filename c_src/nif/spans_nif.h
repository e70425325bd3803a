/**
 * @file spans_nif.h
 * The NIFs of spans, for lib/telemetry/cprof_spans_handler.erl. Each takes well
 * below a microsecond, on any scheduler. What they write: base/span_ring.h. The
 * page is allocated by the first call, which takes milliseconds and so should
 * be spans_page: that is done on a dirty scheduler. They raise badarg for wrong
 * arguments, and return `{error, no_memory}` when there is none for the page.
 */
#ifndef CPROF_NIF_SPANS_NIF_H
#define CPROF_NIF_SPANS_NIF_H

#include <erl_nif.h>

struct nif_state;

/**
 * span_mark(What, Event, More, Context) -> ok | new: marks the calling process.
 * What: enum span_what. Event: a binary, the event's name. More: the chosen
 * part of its metadata, a binary or a list of them, which are joined by spaces;
 * it may be empty. Context: any term that is
 * the same at start and end of one span and differs between spans, or
 * `undefined`.
 *
 * `new`: nothing was marked; it is to be said first for whom the process works
 * (span_child). That is asked only at a start, and not if What has
 * SPAN_NIF_ASKED, which the caller sets after it has called span_child.
 */
ERL_NIF_TERM spans_nif_mark(ErlNifEnv *env, int argc,
                            const ERL_NIF_TERM argv[]);
/** span_begin(What, Event, More, Context) -> Token | new: the same. Token, a
 *  small integer, says all of the span: for span_end. */
ERL_NIF_TERM spans_nif_begin(ErlNifEnv *env, int argc,
                             const ERL_NIF_TERM argv[]);
/** span_end(What, Token) -> ok: marks the end of the span whose start gave this
 *  token: SPAN_STOP or SPAN_EXCEPTION. */
ERL_NIF_TERM spans_nif_end(ErlNifEnv *env, int argc, const ERL_NIF_TERM argv[]);
/**
 * span_past(What, Event, More, Context, Ns) -> ok | new: marks a span that
 * began so many nanoseconds ago and ends now, by two marks. What is SPAN_STOP
 * or SPAN_EXCEPTION, perhaps with SPAN_NIF_ASKED.
 */
ERL_NIF_TERM spans_nif_past(ErlNifEnv *env, int argc,
                            const ERL_NIF_TERM argv[]);
/** span_child(Parent) -> ok: the calling process works for that local process,
 *  or, if Parent is any other term, for nobody. */
ERL_NIF_TERM spans_nif_child(ErlNifEnv *env, int argc,
                             const ERL_NIF_TERM argv[]);
/** span_kind(Event, More) -> Index: of the kind, which is added if needed. */
ERL_NIF_TERM spans_nif_kind(ErlNifEnv *env, int argc,
                            const ERL_NIF_TERM argv[]);
/** spans_page() -> Address */
ERL_NIF_TERM spans_nif_page(ErlNifEnv *env, int argc,
                            const ERL_NIF_TERM argv[]);
/** spans_figures() -> {Marks, Kinds, Refused}: marks so far, kinds in use, and
 *  marks whose kind found no room. */
ERL_NIF_TERM spans_nif_figures(ErlNifEnv *env, int argc,
                               const ERL_NIF_TERM argv[]);
/** query_text(Query) -> Binary: query_text.h */
ERL_NIF_TERM spans_nif_query_text(ErlNifEnv *env, int argc,
                                  const ERL_NIF_TERM argv[]);
/** query_id(Query) -> integer, a small one: of query_text. */
ERL_NIF_TERM spans_nif_query_id(ErlNifEnv *env, int argc,
                                const ERL_NIF_TERM argv[]);

enum { SPAN_NIF_ASKED = 0x100 };

/** When the library is loaded, or takes over the state of an older one. */
void spans_nif_load(ErlNifEnv *env, struct nif_state *state);

#endif
