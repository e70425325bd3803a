%% Telemetry events that take too long: a single one, or more than one in a hundred
%% of the last seconds (their p99 is above the limit). cprof_flight_handler measures
%% in the processes that execute them; here is what the watch does with that.
%%
%% A limit that has triggered does not trigger again before all has been calm for
%% some seconds, as a condition of the program.
-module(cprof_flight_spans).

-export([attach/1, detach/1, tick/1, over_text/3]).

-export_type([spans/0]).

-define(CALM_MS, 10000).
%% p99 is that of the last WINDOW ticks, and of at least LEAST events.
-define(WINDOW, 10).
-define(LEAST, 100).

-type rule() :: #{
    span := cprof_flight_options:span(),
    limits := cprof_flight_handler:limits(),
    %% counts at the last ticks, the newest first
    past := [{integer(), integer(), integer()}],
    fired := boolean(),
    calm_ticks := non_neg_integer()
}.
-opaque spans() :: #{rules := [rule()], attached := [term()]}.

%% Attaches a handler for each event; the caller gets the messages
%% {span_over, Event, Duration, Limit}, in native units. The handlers are removed by
%% detach/1, or when the caller ends without it because it is killed.
-spec attach([cprof_flight_options:span()]) -> {ok, spans()} | {error, cprof_protocol:failure()}.
attach([]) ->
    {ok, #{rules => [], attached => []}};
attach(Spans) ->
    case cprof_telemetry_library:available() of
        ok ->
            Rules = [rule(Span) || Span <- Spans],
            Attached = [attach_rule(N, Rule) || {N, Rule} <- numbered(Rules)],
            Caller = self(),
            _ = spawn(fun() -> detach_after(monitor(process, Caller), Attached) end),
            {ok, #{rules => Rules, attached => Attached}};
        {error, Failure} ->
            {error, Failure}
    end.

numbered(List) -> lists:zip(lists:seq(1, length(List)), List).

rule(#{measurement := Measurement, over := Over, p99 := P99} = Span) ->
    Limits = cprof_flight_handler:new(Measurement, native(Over), native(P99)),
    #{span => Span, limits => Limits, past => [], fired => false, calm_ticks => 0}.

native(infinity) -> infinity;
native(Ms) -> max(1, erlang:convert_time_unit(round(Ms * 1000), microsecond, native)).

attach_rule(N, #{span := #{event := Event}, limits := Limits}) ->
    HandlerId = {cprof_flight_span, self(), N},
    Config = cprof_flight_handler:config(self(), Limits),
    ok = cprof_telemetry_library:attach(
        HandlerId, [Event], fun cprof_flight_handler:handle/4, Config
    ),
    HandlerId.

%% After a proper end there is nothing left to detach.
detach_after(Monitor, Attached) ->
    receive
        {'DOWN', Monitor, _, _, _} -> lists:foreach(fun cprof_telemetry_library:detach/1, Attached)
    end.

-spec detach(spans()) -> ok.
detach(#{attached := Attached}) ->
    lists:foreach(fun cprof_telemetry_library:detach/1, Attached).

%% Once a second: what has triggered, as texts.
-spec tick(spans()) -> {[binary()], spans()}.
tick(#{rules := Rules} = Spans) ->
    Now = erlang:monotonic_time(),
    {Texts, Next} = lists:unzip([tick_rule(Rule, Now) || Rule <- Rules]),
    {lists:append(Texts), Spans#{rules := Next}}.

tick_rule(#{limits := Limits} = Rule, Now) ->
    ok = reopen_if_calm(Limits, Now),
    p99(Rule).

reopen_if_calm(Limits, Now) ->
    Calm = erlang:convert_time_unit(?CALM_MS, millisecond, native),
    case cprof_flight_handler:last_above(Limits) of
        open -> ok;
        Last when Now - Last > Calm -> cprof_flight_handler:reopen(Limits);
        _ -> ok
    end.

p99(#{span := #{p99 := infinity}} = Rule) ->
    {[], Rule};
p99(#{limits := Limits, past := Past} = Rule) ->
    Now = cprof_flight_handler:counts(Limits),
    Kept = lists:sublist([Now | Past], ?WINDOW + 1),
    judge(since(lists:last(Kept), Now), Rule#{past := Kept}).

since({All, Above, Nearly}, {All1, Above1, Nearly1}) ->
    {All1 - All, Above1 - Above, Nearly1 - Nearly}.

judge({All, Above, _}, #{fired := false} = Rule) when All >= ?LEAST, Above * 100 > All ->
    {[p99_text(All, Above, Rule)], Rule#{fired := true, calm_ticks := 0}};
judge({All, _, Nearly}, #{fired := true, calm_ticks := Ticks} = Rule) when Nearly * 100 =< All ->
    case (Ticks + 1) * 1000 >= ?CALM_MS of
        true -> {[], Rule#{fired := false}};
        false -> {[], Rule#{calm_ticks := Ticks + 1}}
    end;
judge(_, Rule) ->
    {[], Rule#{calm_ticks := 0}}.

p99_text(All, Above, #{span := #{event := Event, p99 := P99}}) ->
    cprof_words:text("p99 of ~tp above ~tp ms: ~b of the last ~b took longer", [
        Event, P99, Above, All
    ]).

%% "[my_app,repo,query] took 812.3 ms, more than 500 ms". Without floats, because any
%% integer may be given as a duration.
-spec over_text([atom()], integer(), pos_integer()) -> binary().
over_text(Event, Duration, Over) ->
    cprof_words:text("~tp took ~ts ms, more than ~ts ms", [Event, ms(Duration, 1), limit(ms(Over, 3))]).

%% Rounded down to so many decimals.
ms(Native, Decimals) ->
    One = trunc(math:pow(10, Decimals)),
    Parts = erlang:convert_time_unit(Native, native, 1000 * One),
    io_lib:format("~b.~*..0b", [Parts div One, Decimals, Parts rem One]).

%% As it was given: 500, or 0.5.
limit(Text) -> string:trim(string:trim(lists:flatten(Text), trailing, "0"), trailing, ".").
