%% @doc Spans in profiles: which request, query or job the application was in when a
%% sample was taken, as its telemetry events say; and queries that are repeated in a
%% loop (N+1). Events, options and costs: docs/spans.md.
%%
%% ```
%% ok = cprof_spans:attach([phoenix, router_dispatch], #{metadata => [route],
%%                                                       events => [[my_app, repo, query]]}).
%% {ok, Found} = cprof_spans:n_plus_one(<<"cprof-spans">>).
%% io:put_chars(cprof_spans:format(Found)).
%% ok = cprof_spans:detach(<<"cprof-spans">>).
%% '''
%%
%% It needs the library telemetry and the NIF. Without them `{error, {no_telemetry,
%% Text}}' and `{error, {no_nif, Text}}' say so.
-module(cprof_spans).

-export([attach/1, attach/2, detach/0, detach/1, attached/0, stats/0, stats/1]).
-export([n_plus_one/0, n_plus_one/1, format/1]).

-type failure() :: cprof_protocol:failure().
-type handler_id() :: term().
-type stats() :: #{
    %% that ended since it was attached
    spans := non_neg_integer(),
    %% events that were not marked, and functions of users that raised
    failures := non_neg_integer(),
    %% of this node: different spans, and marks of spans that found no room there
    kinds := non_neg_integer(),
    kinds_refused := non_neg_integer()
}.
%% What is attached: under which id, the events, as cprof_spans_options:name/1 writes
%% them, and its figures.
-type attached() :: #{
    id := handler_id(),
    events := [binary(), ...],
    spans := non_neg_integer(),
    failures := non_neg_integer(),
    kinds := non_neg_integer(),
    kinds_refused := non_neg_integer()
}.
-export_type([stats/0, attached/0]).

%% One for each attachment. A process that is in a span at `detach' keeps what it noted
%% under the key, until the next attachment with this key replaces it.
-define(KEYS, [
    '$cprof_spans_1', '$cprof_spans_2', '$cprof_spans_3', '$cprof_spans_4',
    '$cprof_spans_5', '$cprof_spans_6', '$cprof_spans_7', '$cprof_spans_8'
]).

%% @doc From now on, until {@link detach/1}, processes mark when they are in a span of
%% these prefixes, for recordings of this node. Give one prefix, a list of them, or none
%% (`[]') with option `events'.
%%
%% Options, as a map or a proplist: `metadata', keys, or a function of the prefix and
%% the metadata, for a text that is part of the span's name, such as its route;
%% `events', single events that have a `duration' or `total_time', as Ecto's: a span
%% that ends with the event; `n_plus_one', whether they are counted (`true'), or
%% options of that: `threshold' and `key'; `id' (`<<"cprof-spans">>').
%%
%% Errors have the code `invalid_option', `no_telemetry', `no_nif' (the library
%% cprof_nif.so is missing, or there is no memory for the marks), `already_attached',
%% `too_many' (8 are attached) or `system_limit' (too few process slots are free).
-spec attach([atom()] | [[atom(), ...]]) -> ok | {error, failure()}.
attach(Prefixes) -> attach(Prefixes, #{}).

-spec attach([atom()] | [[atom(), ...]], cprof_spans_options:options() | [{atom(), term()}]) ->
    ok | {error, failure()}.
attach(Prefixes, Options) ->
    case cprof_telemetry_library:available() of
        ok -> attach_checked(cprof_spans_options:check(Prefixes, cprof_proplist:to_map(Options)));
        {error, Failure} -> {error, Failure}
    end.

attach_checked({error, Failure}) ->
    {error, Failure};
attach_checked({ok, Checked}) ->
    case has_page() of
        ok -> alone(fun() -> attach_as(free_key(?KEYS), Checked) end);
        {error, Failure} -> {error, Failure}
    end.

has_page() ->
    case cprof_native:spans_page() of
        {error, not_loaded} ->
            {error, {no_nif, <<"the library cprof_nif.so could not be loaded; build cprof again (make)">>}};
        {error, no_memory} ->
            {error, {no_nif, <<"there is no memory for the marks of spans">>}};
        _ ->
            ok
    end.

%% Only one process of this node attaches or detaches at a time.
alone(Fun) -> global:trans({?MODULE, self()}, Fun, [node()]).

free_key([Key | Rest]) ->
    case persistent_term:get(Key, none) of
        none -> Key;
        Attachment -> free_key(Key, Rest, is_attached(Attachment), Attachment)
    end;
free_key([]) ->
    none.

free_key(_, Rest, true, _) ->
    free_key(Rest);
%% Somebody has detached it by telemetry's own function.
free_key(Key, _, false, Attachment) ->
    forget(Key, Attachment),
    Key.

attach_as(none, _) ->
    {error, {too_many, text("no more than ~b handlers of spans can be attached at the same time; detach one first", length(?KEYS))}};
attach_as(Key, #{id := Id, steps := Steps, n_plus_one := Counted} = Checked) ->
    Handler = fun cprof_spans_handler:handle/4,
    case cprof_n_plus_one:start(Counted) of
        {ok, Watch} ->
            Attachment = cprof_spans_handler:attachment(Checked#{watch => Watch}),
            persistent_term:put(Key, Attachment),
            case cprof_telemetry_library:attach(Id, maps:keys(Steps), Handler, Key) of
                ok ->
                    ok;
                {error, already_exists} ->
                    forget(Key, Attachment),
                    {error, {already_attached, text("a handler with the id ~0tp is attached; detach it first, or give another id", Id)}}
            end;
        {error, Failure} ->
            {error, Failure}
    end.

%% @doc Removes what {@link attach/2} attached. What its spans are called stays known in
%% the node; the list of repeated queries is dropped. If nothing has this id, the error
%% is `not_attached'.
-spec detach() -> ok | {error, failure()}.
detach() -> detach(cprof_spans_options:default_id()).

-spec detach(handler_id()) -> ok | {error, failure()}.
detach(Id) ->
    alone(fun() ->
        case known(Id) of
            {ok, Key, Attachment} ->
                _ = cprof_telemetry_library:detach(Id),
                forget(Key, Attachment);
            {error, Failure} ->
                {error, Failure}
        end
    end).

forget(Key, Attachment) ->
    _ = persistent_term:erase(Key),
    cprof_n_plus_one:stop(cprof_spans_handler:watch(Attachment)).

%% @doc What is attached now, each with the figures of {@link stats/1}.
-spec attached() -> {ok, [attached()]} | {error, failure()}.
attached() ->
    case cprof_telemetry_library:available() of
        ok -> {ok, [described(A) || {_, A} <- attachments(), is_attached(A)]};
        {error, Failure} -> {error, Failure}
    end.

described(Attachment) ->
    (figures(Attachment))#{
        id => cprof_spans_handler:id(Attachment),
        events => cprof_spans_handler:events(Attachment)
    }.

%% @doc How many spans ended since {@link attach/2}, and what failed. If nothing has this
%% id, the error is `not_attached'.
-spec stats() -> {ok, stats()} | {error, failure()}.
stats() -> stats(cprof_spans_options:default_id()).

-spec stats(handler_id()) -> {ok, stats()} | {error, failure()}.
stats(Id) ->
    case known(Id) of
        {ok, _, Attachment} -> {ok, figures(Attachment)};
        {error, Failure} -> {error, Failure}
    end.

figures(Attachment) ->
    maps:merge(cprof_spans_handler:figures(Attachment), kinds(cprof_native:spans_figures())).

%% One kind is for all that find no room. If the library was unloaded, there are none yet.
kinds({_, Kinds, Refused}) -> #{kinds => Kinds - 1, kinds_refused => Refused};
kinds({error, _}) -> #{kinds => 0, kinds_refused => 0}.

%% @doc The queries (events of option `events') that were repeated in a span, those that
%% cost most first. docs/spans.md documents the map. Errors have the code `not_attached'
%% or `not_counted' (`attach' had no option `events', or `n_plus_one' was false).
-spec n_plus_one() -> {ok, cprof_n_plus_one:found()} | {error, failure()}.
n_plus_one() -> n_plus_one(cprof_spans_options:default_id()).

-spec n_plus_one(handler_id()) -> {ok, cprof_n_plus_one:found()} | {error, failure()}.
n_plus_one(Id) ->
    case known(Id) of
        {ok, _, Attachment} -> found(Id, cprof_spans_handler:watch(Attachment));
        {error, Failure} -> {error, Failure}
    end.

found(Id, none) ->
    {error, {not_counted, text("~0tp was attached without the option events, or with n_plus_one false", Id)}};
found(_, Watch) ->
    cprof_n_plus_one:found(Watch).

%% @doc The same as text.
-spec format(cprof_n_plus_one:found()) -> unicode:chardata().
format(Found) -> cprof_n_plus_one_text:format(Found).

known(Id) ->
    case cprof_telemetry_library:available() of
        ok -> known(Id, attachments());
        {error, Failure} -> {error, Failure}
    end.

attachments() ->
    [{Key, A} || Key <- ?KEYS, A <- [persistent_term:get(Key, none)], A =/= none].

known(Id, Attachments) ->
    case [{Key, A} || {Key, A} <- Attachments, cprof_spans_handler:id(A) =:= Id, is_attached(A)] of
        [{Key, Attachment} | _] -> {ok, Key, Attachment};
        [] -> {error, {not_attached, text("no spans are attached with the id ~0tp", Id)}}
    end.

%% Only telemetry knows.
is_attached(Attachment) ->
    Id = cprof_spans_handler:id(Attachment),
    Ours = fun cprof_spans_handler:handle/4,
    lists:any(
        fun(#{id := Of, function := Function}) -> Of =:= Id andalso Function =:= Ours end,
        cprof_telemetry_library:handlers()
    ).

text(Format, Value) -> cprof_words:text(Format, [Value]).
