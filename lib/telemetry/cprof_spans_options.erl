%% The options of cprof_spans:attach/2, the values that they accept, and what the handler
%% is to do at each event. Pure.
-module(cprof_spans_options).

-export([check/2, default_id/0, name/1]).

-type options() :: #{
    id => term(),
    metadata => cprof_spans_handler:label(),
    events => [[atom(), ...]],
    n_plus_one => boolean() | cprof_n_plus_one:options() | [{atom(), term()}]
}.
-type checked() :: #{
    id := term(),
    label := cprof_spans_handler:label(),
    %% by the event
    steps := map(),
    n_plus_one := none | cprof_n_plus_one:checked()
}.
-export_type([options/0, checked/0]).

-define(LASTS, [{start, start}, {stop, 2}, {exception, 3}]).

-spec check(term(), term()) -> {ok, checked()} | {error, cprof_protocol:failure()}.
check(Prefixes, Options) when is_map(Options) ->
    try
        [option(Key, Value) || {Key, Value} <- maps:to_list(Options)],
        Events = maps:get(events, Options, []),
        {ok, #{
            id => maps:get(id, Options, default_id()),
            label => label(maps:get(metadata, Options, none)),
            steps => steps(prefixes(Prefixes), Events),
            n_plus_one => n_plus_one(maps:get(n_plus_one, Options, Events =/= []), Events)
        }}
    catch
        throw:{wrong, Text} -> {error, {invalid_option, cprof_words:shown(Text)}}
    end;
check(_, NoOptions) ->
    {error, {invalid_option, cprof_proplist:no_options(NoOptions)}}.

%% What a handler is called if no id is given.
-spec default_id() -> binary().
default_id() -> <<"cprof-spans">>.

option(id, _) ->
    ok;
option(metadata, Label) ->
    cprof_proplist:is_list_of(fun is_atom/1, Label) orelse
        is_function(Label, 2) orelse Label =:= none orelse
        wrong("option metadata must be a list of keys or a function of the event and its metadata, not ~0tp", Label);
option(events, Events) ->
    cprof_proplist:is_list_of(fun is_event/1, Events) orelse
        wrong("option events must be a list of events, such as [[my_app, repo, query]], not ~0tp", Events);
option(n_plus_one, Value) ->
    is_boolean(Value) orelse is_map(Value) orelse is_list(Value) orelse
        wrong("option n_plus_one must be true, false or options of its own, not ~0tp", Value);
option(Key, _) ->
    throw({wrong, cprof_proplist:unknown(Key, [id, metadata, events, n_plus_one])}).

-spec wrong(string(), term()) -> no_return().
wrong(Format, Value) -> throw({wrong, io_lib:format(Format, [Value])}).

is_event(Event) ->
    cprof_proplist:is_list_of(fun is_atom/1, Event) andalso Event =/= [].

label([]) -> none;
label(Label) -> Label.

%% One prefix, or a list of them.
prefixes(Prefixes) ->
    case is_event(Prefixes) of
        true ->
            [Prefixes];
        false ->
            cprof_proplist:is_list_of(fun is_event/1, Prefixes) orelse
                wrong("give a prefix of spans, such as [phoenix, endpoint], or a list of them, not ~0tp", Prefixes),
            Prefixes
    end.

steps(Prefixes, Events) ->
    Spans = [
        {Prefix ++ [Last], {What, name(Prefix), Prefix}}
     || Prefix <- lists:usort(Prefixes), {Last, What} <- ?LASTS
    ],
    All = Spans ++ [{Event, {past, name(Event), Event}} || Event <- lists:usort(Events)],
    Steps = maps:from_list(All),
    case {length(All), map_size(Steps)} of
        {0, 0} -> wrong("give a prefix of spans, or events in option events; both are ~0tp", []);
        {Same, Same} -> Steps;
        _ ->
            Twice = [E || {E, _} <- Spans, lists:member(E, Events)],
            wrong("option events has events that belong to a span of a given prefix: ~0tp", Twice)
    end.

%% Only single events are counted.
n_plus_one(false, _) -> none;
n_plus_one(Value, []) -> wrong("option n_plus_one (~0tp) counts the events of option events; give these, too", Value);
n_plus_one(true, _) -> n_plus_one(#{}, given);
n_plus_one(Options, _) ->
    Map = cprof_proplist:to_map(Options),
    is_map(Map) orelse wrong("option n_plus_one must be true, false or options of its own, not ~0tp", Options),
    case cprof_n_plus_one:check(Map) of
        {ok, Checked} -> Checked;
        {error, Text} -> throw({wrong, Text})
    end.

%% As Elixir writes it, whoever executes it: [:my_app, :repo, :query].
-spec name([atom()]) -> binary().
name(Event) ->
    cprof_words:shown(["[", lists:join(", ", [atom(cprof_words:name(Atom)) || Atom <- Event]), "]"]).

atom({elixir, Module}) -> Module;
atom({erlang, Text}) ->
    case re:run(Text, "^[a-z_][A-Za-z0-9_@]*[?!]?$", [{capture, none}]) of
        match -> [":", Text];
        nomatch -> [":\"", Text, "\""]
    end.
