/**
 * @file spans_nif.h
 * The NIFs of spans, for lib/telemetry/cprof_spans_handler.erl, and of queries,
 * for cprof_n_plus_one.erl. What they write: base/span_ring.h.
 *
 * All but spans_page run on normal schedulers. A mark takes well below a
 * microsecond. query_id and query_text take up to 0.1 ms for a query of
 * QUERY_READ_MAX bytes; query_id takes some microseconds if it has met the
 * query before. The page is allocated by spans_page, which runs on a dirty
 * scheduler, because it takes milliseconds. The others that need the page
 * return `{error, no_page}` while there is none. If the library was unloaded,
 * the first mark after that moves to a dirty scheduler, allocates a page, and
 * returns `{error, no_page}` as well. All raise badarg for wrong arguments.
 */
#ifndef CPROF_NIF_SPANS_NIF_H
#define CPROF_NIF_SPANS_NIF_H

#include <erl_nif.h>

struct nif_state;

/**
 * span_mark(What, Event, More, Context) -> ok | new: marks the calling process.
 * What: enum span_what. Event: a binary, the event's name. More: the chosen
 * part of its metadata, a binary or a list of binaries, which are joined by
 * spaces; it may be empty. Context: any term that is the same at the start and
 * the end of one span and differs between spans, or `undefined`.
 *
 * `new`: nothing was marked. The process must first say for whom it works
 * (span_child), and then mark again with SPAN_NIF_ASKED added to What. Only a
 * start without SPAN_NIF_ASKED returns `new`.
 */
ERL_NIF_TERM spans_nif_mark(ErlNifEnv *env, int argc,
                            const ERL_NIF_TERM argv[]);
/** span_begin(What, Event, More, Context) -> Token | new: marks as span_mark
 *  does. The token is for span_end: a small integer, which holds the kind and
 *  the number of the span. */
ERL_NIF_TERM spans_nif_begin(ErlNifEnv *env, int argc,
                             const ERL_NIF_TERM argv[]);
/** span_end(What, Token) -> ok: marks the end of the span whose start gave this
 *  token: SPAN_STOP or SPAN_EXCEPTION. */
ERL_NIF_TERM spans_nif_end(ErlNifEnv *env, int argc, const ERL_NIF_TERM argv[]);
/**
 * span_past(What, Event, More, Context, Ns) -> ok | new: marks a span that
 * began Ns nanoseconds ago and ends now, by two marks. What is SPAN_STOP or
 * SPAN_EXCEPTION; without SPAN_NIF_ASKED it may return `new`, as span_mark.
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
/** spans_page() -> the address of struct span_page, which it makes if needed;
 *  {error, no_memory} */
ERL_NIF_TERM spans_nif_page(ErlNifEnv *env, int argc,
                            const ERL_NIF_TERM argv[]);
/** spans_figures() -> {Marks, Kinds, Refused}: marks so far, kinds in use, and
 *  marks whose kind found no room. */
ERL_NIF_TERM spans_nif_figures(ErlNifEnv *env, int argc,
                               const ERL_NIF_TERM argv[]);
/** query_text(Query) -> Binary: query_text.h */
ERL_NIF_TERM spans_nif_query_text(ErlNifEnv *env, int argc,
                                  const ERL_NIF_TERM argv[]);
/** query_id(Query) -> a small integer: query_text_id of query_text.h */
ERL_NIF_TERM spans_nif_query_id(ErlNifEnv *env, int argc,
                                const ERL_NIF_TERM argv[]);

/** Added to What: the process has called span_child before. */
enum { SPAN_NIF_ASKED = 0x100 };

/** To be called when the library is loaded, or takes over the state of an older
 *  one. */
void spans_nif_load(ErlNifEnv *env, struct nif_state *state);

#endif
