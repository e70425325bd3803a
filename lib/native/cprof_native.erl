%% The NIFs. The first NIF that is called loads the library; loading the module
%% does not: for `-on_load' the code server starts a process, and if there is no
%% free slot for it, the code server ends, and the node with it.
%%
%% If the library could not be loaded, the NIFs return `{error, not_loaded}'. The
%% program is in the same folder: see priv_dir/0.
-module(cprof_native).

-export([allow_tracer/1, deny_tracer/0, version/0, wait_at_exit/1]).
-export([priv_dir/0]).
-export([span_mark/4, span_begin/4, span_end/2, span_past/5, span_child/1, span_kind/2]).
-export([spans_page/0, spans_figures/0]).
-export([query_text/1, query_id/1]).
-export([walk_self/0, walk_find/2, walk_struct/1, walk_table/0, walk_word/1, walk/5]).
-export_type([span_token/0]).

%% --- c_src/nif/cprof_nif.c; for everybody through cprof_nif -------------------

-spec allow_tracer(pos_integer()) ->
    ok | {error, not_needed | no_process | refused | not_loaded}.
allow_tracer(OsPid) -> loaded(fun() -> ?MODULE:allow_tracer(OsPid) end).

-spec deny_tracer() -> ok | {error, not_needed | refused | not_loaded}.
deny_tracer() -> loaded(fun ?MODULE:deny_tracer/0).

-spec version() -> binary() | {error, not_loaded}.
version() -> loaded(fun ?MODULE:version/0).

%% At its end this VM waits until that process has ended, too; 0: for nothing.
-spec wait_at_exit(non_neg_integer()) -> ok | {error, not_loaded}.
wait_at_exit(OsPid) -> loaded(fun() -> ?MODULE:wait_at_exit(OsPid) end).

%% --- c_src/nif/walk_nif.h; for cprof_walk_nif and cprof_calibrate -----------------

-spec walk_self() -> {ok, pos_integer()} | {error, atom()}.
walk_self() -> loaded(fun ?MODULE:walk_self/0).

-spec walk_find(pos_integer(), pos_integer()) -> ok | {error, atom()}.
walk_find(Address, ProcessLimit) -> loaded(fun() -> ?MODULE:walk_find(Address, ProcessLimit) end).

-spec walk_struct(pid()) -> binary() | {error, atom()}.
walk_struct(Pid) -> loaded(fun() -> ?MODULE:walk_struct(Pid) end).

-spec walk_table() -> binary() | {error, atom()}.
walk_table() -> loaded(fun ?MODULE:walk_table/0).

-spec walk_word(atom() | pid()) -> non_neg_integer() | {error, atom()}.
walk_word(Term) -> loaded(fun() -> ?MODULE:walk_word(Term) end).

-spec walk(#{atom() => non_neg_integer()}, pos_integer(), boolean(), pid(), pos_integer()) ->
    #{atom() => term()} | {error, atom()}.
walk(Offsets, Top, Heaps, Canary, AtomCount) ->
    loaded(fun() -> ?MODULE:walk(Offsets, Top, Heaps, Canary, AtomCount) end).

%% --- c_src/nif/spans_nif.h; for cprof_spans and its handler --------------------------

-type span_token() :: non_neg_integer().
%% no_page: spans_page/0 was not called, or the library was unloaded since then.
-type unmarked() :: {error, not_loaded | no_page}.

-spec span_mark(pos_integer(), binary(), binary() | [binary()], term()) -> ok | new | unmarked().
span_mark(What, Event, More, Context) ->
    loaded(fun() -> ?MODULE:span_mark(What, Event, More, Context) end).

-spec span_begin(pos_integer(), binary(), binary() | [binary()], term()) ->
    span_token() | new | unmarked().
span_begin(What, Event, More, Context) ->
    loaded(fun() -> ?MODULE:span_begin(What, Event, More, Context) end).

-spec span_end(pos_integer(), span_token()) -> ok | unmarked().
span_end(What, Token) -> loaded(fun() -> ?MODULE:span_end(What, Token) end).

-spec span_past(pos_integer(), binary(), binary() | [binary()], term(), non_neg_integer()) ->
    ok | new | unmarked().
span_past(What, Event, More, Context, Ns) ->
    loaded(fun() -> ?MODULE:span_past(What, Event, More, Context, Ns) end).

-spec span_child(term()) -> ok | unmarked().
span_child(Parent) -> loaded(fun() -> ?MODULE:span_child(Parent) end).

-spec span_kind(binary(), binary() | [binary()]) -> non_neg_integer() | unmarked().
span_kind(Event, More) -> loaded(fun() -> ?MODULE:span_kind(Event, More) end).

-spec spans_page() -> pos_integer() | {error, not_loaded | no_memory}.
spans_page() -> loaded(fun ?MODULE:spans_page/0).

-spec spans_figures() -> {non_neg_integer(), pos_integer(), non_neg_integer()} | unmarked().
spans_figures() -> loaded(fun ?MODULE:spans_figures/0).

-spec query_text(binary()) -> binary() | {error, not_loaded}.
query_text(Query) -> loaded(fun() -> ?MODULE:query_text(Query) end).

-spec query_id(binary()) -> non_neg_integer() | {error, not_loaded}.
query_id(Query) -> loaded(fun() -> ?MODULE:query_id(Query) end).

%% --- loading -------------------------------------------------------------------

%% Again calls a function of this module by its full name: this reaches the
%% library once that is loaded, and always the newest code.
loaded(Again) ->
    case erlang:load_nif(filename:join(priv_dir(), "cprof_nif"), 0) of
        ok -> Again();
        %% Another process was faster.
        {error, {reload, _}} -> Again();
        %% This code was replaced meanwhile.
        {error, {old_code, _}} -> Again();
        {error, _} -> {error, not_loaded}
    end.

%% The folder of priv/cprof and priv/cprof_nif.so, absolute. The environment
%% names it where the system cannot run what is beside the beam files, as in an
%% escript.
-spec priv_dir() -> file:filename().
priv_dir() ->
    case os:getenv("CPROF_PRIV", "") of
        "" -> priv_of_application();
        Dir -> filename:absname(Dir)
    end.

%% It is not known by name when ebin was only added to the path.
priv_of_application() ->
    case code:priv_dir(cprof) of
        Dir when is_list(Dir) -> filename:absname(Dir);
        {error, bad_name} -> priv_beside_ebin(code:which(?MODULE))
    end.

priv_beside_ebin(Beam) when is_list(Beam) ->
    Ebin = filename:dirname(filename:absname(Beam)),
    filename:join(filename:dirname(Ebin), "priv");
priv_beside_ebin(_) ->
    filename:absname("priv").
