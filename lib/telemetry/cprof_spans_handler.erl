%% Runs in the process that executes an event, and marks in the page of
%% c_src/base/span_ring.h when this process entered and left a span. It sends no
%% message, waits for nobody, and never raises, because telemetry would then detach
%% it.
%%
%% The spans that a process is in (cprof_n_plus_one:span()) are also in its dictionary,
%% from the first start to the last stop: {Stamp, Depth, Spans, Counts}, and then late
%% spans if there are any. So a stop has the same text as its start, whatever its own
%% metadata is, and repeated queries can be counted (cprof_n_plus_one).
-module(cprof_spans_handler).

-export([attachment/1, id/1, events/1, watch/1, figures/1, handle/4]).

-export_type([attachment/0, key/0, label/0]).

%% What is made of an event: the start, stop (2) or exception (3) of a span, or a span
%% that has ended now. The name is for people, the list for functions of users.
-type step() :: {start, name(), [atom()]} | {2 | 3, name(), [atom()]} | {past, name(), [atom()]}.
-type name() :: binary().
-type label() :: none | [atom()] | fun(([atom()], map()) -> unicode:chardata() | nil | undefined).

%% The steps by the atoms of their events, one after the other, and then []. A map whose keys
%% are events would compare lists, which takes several times as long.
-type steps() :: #{atom() | [] => steps() | step()}.

-record(attachment, {
    id :: term(),
    events :: [name(), ...],
    steps :: steps(),
    label :: label(),
    watch :: none | cprof_n_plus_one:watch(),
    counters :: counters:counters_ref(),
    %% tells it from an earlier one with the same key
    stamp :: integer(),
    %% native units of time
    per_second :: pos_integer()
}).
-opaque attachment() :: #attachment{}.
%% Of the attachment among the persistent terms, and of what a process notes of it. A
%% single atom is found soonest.
-type key() :: atom().

%% Values of enum span_what. ?ASKED is added when the process has said for whom it works.
-define(START, 1).
-define(STOP, 2).
-define(ASKED, 16#100).
%% Spans within so many others are marked, but not noted in the dictionary.
-define(DEPTH, 32).
%% Integers below this are texts. To write a large one takes milliseconds.
-define(INTEGERS, 1 bsl 64).

-define(SPANS, 1).
-define(FAILURES, 2).

-spec attachment(#{
    id := term(),
    steps := #{[atom()] => step()},
    label := label(),
    watch := none | cprof_n_plus_one:watch(),
    _ => _
}) -> attachment().
attachment(#{id := Id, steps := Steps, label := Label, watch := Watch}) ->
    #attachment{
        id = Id,
        events = lists:usort([Name || {_, Name, _} <- maps:values(Steps)]),
        steps = maps:fold(fun with_step/3, #{}, Steps),
        label = Label,
        watch = Watch,
        counters = counters:new(2, [write_concurrency]),
        stamp = erlang:unique_integer(),
        per_second = erlang:convert_time_unit(1, second, native)
    }.

with_step([Atom | Rest], Step, Steps) -> Steps#{Atom => with_step(Rest, Step, maps:get(Atom, Steps, #{}))};
with_step([], Step, Steps) -> Steps#{[] => Step}.

-spec id(attachment()) -> term().
id(#attachment{id = Id}) -> Id.

%% Prefixes of spans, and single events.
-spec events(attachment()) -> [name(), ...].
events(#attachment{events = Events}) -> Events.

-spec watch(attachment()) -> none | cprof_n_plus_one:watch().
watch(#attachment{watch = Watch}) -> Watch.

-spec figures(attachment()) -> #{spans := non_neg_integer(), failures := non_neg_integer()}.
figures(#attachment{counters = Counters}) ->
    #{spans => counters:get(Counters, ?SPANS), failures => counters:get(Counters, ?FAILURES)}.

-spec handle([atom()], map(), map(), key()) -> ok.
handle(Event, Measurements, Metadata, Key) ->
    try
        A = persistent_term:get(Key),
        handle(step(Event, A#attachment.steps), Measurements, Metadata, Key, A)
    catch
        _:_ -> failed(persistent_term:get(Key, none))
    end.

step([Atom | Rest], Steps) ->
    #{Atom := Further} = Steps,
    step(Rest, Further);
step([], #{[] := Step}) ->
    Step.

%% After it was detached, an event may still be on its way here; and after an upgrade,
%% the attachment may be one of another version.
failed(#attachment{counters = Counters}) -> counters:add(Counters, ?FAILURES, 1);
failed(_) -> ok.

handle({start, Name, Event}, _, Metadata, Key, A) ->
    Context = context(Metadata),
    Text = text(Event, Metadata, A),
    Noted = without_unfinished(get(Key), Name, Context, Key, A),
    opened(Noted, {Name, Context, begin_mark(?START, Name, Text, Context), Text}, Key, A);
handle({past, Name, Event}, Measurements, Metadata, Key, A) ->
    Ns = ns(Measurements, A),
    Text = text(Event, Metadata, A),
    ok = past_marks(?STOP, Name, Text, context(Metadata), Ns),
    count(A),
    counted(get(Key), {Name, Text, Event}, Ns, Metadata, Key, A);
handle({What, Name, Event}, _, Metadata, Key, A) ->
    closed(get(Key), What, Name, Event, context(Metadata), Metadata, Key, A).

%% --- spans ---------------------------------------------------------------------

%% Plug.Telemetry executes no stop when a request fails, and the same process may
%% serve the next one. Its spans have no context, and are not inside of each other.
without_unfinished(undefined, _, _, _, _) ->
    undefined;
without_unfinished({Stamp, _, Spans, Counts} = Noted, Name, undefined, Key, #attachment{stamp = Stamp} = A) ->
    unfinished(innermost(Name, undefined, Spans), Noted, [], Counts, Key, A);
without_unfinished({Stamp, _, Spans, Counts, Late} = Noted, Name, undefined, Key, #attachment{stamp = Stamp} = A) ->
    unfinished(innermost(Name, undefined, Spans), Noted, Late, Counts, Key, A);
without_unfinished({Stamp, _, _, _} = Noted, _, _, _, #attachment{stamp = Stamp}) ->
    Noted;
without_unfinished({Stamp, _, _, _, _} = Noted, _, _, _, #attachment{stamp = Stamp}) ->
    Noted;
without_unfinished(Noted, _, _, _, _) ->
    _ = [cprof_native:span_end(?STOP, Token) || {_, _, Token, _} <- former(Noted)],
    undefined.

%% The spans in which the process was when a former attachment was detached. It may have
%% left them since then, which nobody marked. So they end when the process starts the
%% next span, or at their own end.
former({_, _, Spans, _}) -> Spans;
former({_, _, Spans, _, Late}) -> Late ++ Spans;
former(_) -> [].

unfinished({Span, _, Rest}, _, Late, Counts, Key, A) ->
    left(?STOP, Span, Rest, Late, Counts, Key, A),
    get(Key);
unfinished(none, Noted, _, _, _, _) ->
    Noted.

opened({Stamp, Depth, Spans, Counts}, Span, Key, #attachment{stamp = Stamp}) ->
    case Depth < ?DEPTH of
        true -> put(Key, {Stamp, Depth + 1, [Span | Spans], Counts});
        false -> too_deep
    end,
    ok;
opened({Stamp, Depth, Spans, Counts, Late}, Span, Key, #attachment{stamp = Stamp, watch = Watch} = A) ->
    Open = [Span || Depth < ?DEPTH] ++ Spans,
    remain(Open, still_late(Span, Late), Counts, Key, A),
    _ = [begun(Watch) || Spans =:= []],
    ok;
opened(_, Span, Key, #attachment{stamp = Stamp, watch = Watch}) ->
    _ = put(Key, {Stamp, 1, [Span], #{}}),
    begun(Watch).

%% Likewise, the router's span has no end if a plug halts the request.
still_late({Name, undefined, _, _}, Late) -> [Span || {N, C, _, _} = Span <- Late, N =/= Name orelse C =/= undefined];
still_late(_, Late) -> Late.

closed({Stamp, _, Spans, Counts}, What, Name, Event, Context, Metadata, Key, #attachment{stamp = Stamp} = A) ->
    case innermost(Name, Context, Spans) of
        {Span, Inner, Rest} -> left(What, Span, Rest, Inner, Counts, Key, A);
        none -> closed(none, What, Name, Event, Context, Metadata, Key, A)
    end;
closed({Stamp, _, Spans, Counts, Late}, What, Name, Event, Context, Metadata, Key, #attachment{stamp = Stamp} = A) ->
    case {innermost(Name, Context, Late), innermost(Name, Context, Spans)} of
        {{{_, _, Token, _}, Inner, Rest}, _} ->
            marked(cprof_native:span_end(What, Token), A),
            count(A),
            remain(Spans, Inner ++ Rest, Counts, Key, A);
        {none, {Span, Inner, Rest}} ->
            left(What, Span, Rest, Inner ++ Late, Counts, Key, A);
        {none, none} ->
            closed(none, What, Name, Event, Context, Metadata, Key, A)
    end;
closed(Noted, What, Name, Event, Context, Metadata, Key, A) ->
    case innermost(Name, Context, former(Noted)) of
        {{_, _, Token, _}, _, Rest} ->
            marked(cprof_native:span_end(What, Token), A),
            count(A),
            remain_former(Rest, Noted, Key);
        none ->
            ok = cprof_native:span_mark(What, Name, text(Event, Metadata, A), Context)
    end.

remain_former([], _, Key) ->
    _ = erase(Key),
    ok;
remain_former(Spans, Noted, Key) ->
    _ = put(Key, {element(1, Noted), 0, Spans, #{}}),
    ok.

%% That span, those that began within it, and those around it.
innermost(Name, Context, [{Name, Context, _, _} = Span | Rest]) ->
    {Span, [], Rest};
innermost(Name, Context, Spans) ->
    case lists:splitwith(fun({N, C, _, _}) -> N =/= Name orelse C =/= Context end, Spans) of
        {Inner, [Span | Rest]} -> {Span, Inner, Rest};
        {_, []} -> none
    end.

left(What, {_, _, Token, _} = Span, Rest, Inner, Counts, Key, A) ->
    marked(cprof_native:span_end(What, Token), A),
    count(A),
    remain(Rest, Inner, Counts, Key, A),
    case Rest of
        [] -> ended(Span, Counts, A#attachment.watch);
        _ -> ok
    end.

%% Spans that began in one that has ended are late: Phoenix executes the stop of
%% [phoenix, endpoint] when it sends the response, and that of the
%% [phoenix, router_dispatch] in it only then.
remain([], [], _, Key, _) ->
    _ = erase(Key),
    ok;
remain([], Late, _, Key, #attachment{stamp = Stamp}) ->
    _ = put(Key, {Stamp, 0, [], #{}, lists:sublist(Late, ?DEPTH)}),
    ok;
remain(Spans, [], Counts, Key, #attachment{stamp = Stamp}) ->
    _ = put(Key, {Stamp, length(Spans), Spans, Counts}),
    ok;
remain(Spans, Late, Counts, Key, #attachment{stamp = Stamp}) ->
    _ = put(Key, {Stamp, length(Spans), Spans, Counts, lists:sublist(Late, ?DEPTH)}),
    ok.

%% --- repeated queries ----------------------------------------------------------

begun(none) -> ok;
begun(Watch) -> cprof_n_plus_one:begun(Watch).

counted(_, _, _, _, _, #attachment{watch = none}) ->
    ok;
counted({Stamp, Depth, Spans, Counts}, Query, Ns, Metadata, Key, #attachment{stamp = Stamp} = A) ->
    Now = cprof_n_plus_one:count(Query, Ns, Metadata, Spans, Counts, A#attachment.watch),
    _ = put(Key, {Stamp, Depth, Spans, Now}),
    ok;
counted({Stamp, _, [_ | _] = Spans, Counts, Late}, Query, Ns, Metadata, Key, #attachment{stamp = Stamp} = A) ->
    remain(Spans, Late, cprof_n_plus_one:count(Query, Ns, Metadata, Spans, Counts, A#attachment.watch), Key, A);
counted(_, Query, Ns, Metadata, _, #attachment{watch = Watch}) ->
    case get('$callers') of
        [Caller | _] -> cprof_n_plus_one:count_for(Caller, Query, Ns, Metadata, Watch);
        _ -> ok
    end.

ended(_, _, none) -> ok;
ended(Span, Counts, Watch) -> cprof_n_plus_one:ended(Span, Counts, Watch).

%% --- marks ---------------------------------------------------------------------

%% Counts a span that has ended.
count(#attachment{counters = Counters}) -> counters:add(Counters, ?SPANS, 1).

begin_mark(What, Name, Text, Context) ->
    case cprof_native:span_begin(What, Name, Text, Context) of
        Token when is_integer(Token) ->
            Token;
        new ->
            ok = cprof_native:span_child(works_for()),
            begin_mark(What bor ?ASKED, Name, Text, Context)
    end.

past_marks(What, Name, Text, Context, Ns) ->
    case cprof_native:span_past(What, Name, Text, Context, Ns) of
        ok ->
            ok;
        new ->
            ok = cprof_native:span_child(works_for()),
            past_marks(What bor ?ASKED, Name, Text, Context, Ns)
    end.

%% A span ends here, whether that could be marked or not.
marked(ok, _) -> ok;
marked({error, _}, A) -> failed(A).

%% For the NIF, whatever is not a local pid stands for nobody.
works_for() ->
    case get('$callers') of
        [Caller | _] -> Caller;
        _ -> parent(get('$ancestors'))
    end.

parent([Parent | _]) -> Parent;
parent(_) -> none.

%% --- what an event says ----------------------------------------------------------

%% Spans that were not made by telemetry:span (Plug.Telemetry's) have no context.
context(#{telemetry_span_context := Context}) -> Context;
context(_) -> undefined.

ns(#{duration := Time}, A) -> ns_of(Time, A);
ns(#{total_time := Time}, A) -> ns_of(Time, A).

ns_of(Time, #attachment{per_second = 1000000000}) when is_integer(Time) -> max(Time, 0);
ns_of(Time, #attachment{per_second = Per}) -> max(Time, 0) * 1000000000 div Per.

%% The text of a kind after the event's name: cprof_n_plus_one:text().
text(_, _, #attachment{label = none}) ->
    <<>>;
text(_, Metadata, #attachment{label = [Key]}) ->
    value(Metadata, Key);
text(_, Metadata, #attachment{label = Keys}) when is_list(Keys) ->
    values(Keys, Metadata);
text(Event, Metadata, #attachment{label = Label} = A) ->
    try
        returned(Label(Event, Metadata))
    catch
        _:_ ->
            failed(A),
            <<>>
    end.

%% The NIF joins them in less time than it takes to make one binary here.
values([Key | Rest], Metadata) ->
    case value(Metadata, Key) of
        <<>> -> values(Rest, Metadata);
        Value -> [Value | values(Rest, Metadata)]
    end;
values([], _) ->
    [].

value(Metadata, Key) ->
    case Metadata of
        #{Key := Value} when is_binary(Value) -> Value;
        #{Key := Value} when is_atom(Value) -> atom(Value);
        #{Key := Value} when is_integer(Value), abs(Value) < ?INTEGERS -> integer_to_binary(Value);
        #{} -> <<>>
    end.

atom(Atom) when Atom =:= nil; Atom =:= undefined -> <<>>;
atom(Atom) ->
    {_, Name} = cprof_words:name(Atom),
    Name.

returned(Text) when is_binary(Text) -> Text;
returned(Atom) when is_atom(Atom) -> atom(Atom);
returned(Chars) ->
    Text = unicode:characters_to_binary(Chars),
    true = is_binary(Text),
    Text.
