%% What runs in the process that executes an event, so it does next to nothing:
%% it looks at one atomic, and sends a message of a few words only when it
%% opens the gate of a recording or ends that recording. It never raises, as
%% telemetry would detach it.
%%
%% The gate is 0 while nothing is recorded, else a number made of the span that
%% is. Whoever changes it from 0 has triggered; all others are refused. Most
%% ends of spans are told from that of the recorded one by the number alone;
%% the recorder compares exactly.
-module(cprof_telemetry_handler).

-export([gate/0, open_gate/1, refused/1, filter_failures/1]).
-export([config/4, recorder/1, handle/4]).

-opaque gate() :: atomics:atomics_ref().
-opaque config() :: {pid(), gate(), Trigger :: [atom()], none | fun()}.
-export_type([gate/0, config/0]).

-define(SPAN, 1).
-define(REFUSED, 2).
-define(FILTER_FAILURES, 3).

-spec gate() -> gate().
gate() -> atomics:new(3, [{signed, false}]).

%% The recording is over: the next trigger is taken.
-spec open_gate(gate()) -> ok.
open_gate(Gate) -> atomics:put(Gate, ?SPAN, 0).

-spec refused(gate()) -> non_neg_integer().
refused(Gate) -> atomics:get(Gate, ?REFUSED).

-spec filter_failures(gate()) -> non_neg_integer().
filter_failures(Gate) -> atomics:get(Gate, ?FILTER_FAILURES).

%% Copied out of telemetry's table for every event, so it is small.
-spec config(pid(), gate(), [atom()], none | fun()) -> config().
config(Recorder, Gate, Trigger, Filter) -> {Recorder, Gate, Trigger, Filter}.

-spec recorder(config()) -> pid().
recorder({Recorder, _, _, _}) -> Recorder.

-spec handle([atom()], map(), map(), config()) -> ok.
handle(Trigger, Measurements, Metadata, {Recorder, Gate, Trigger, Filter}) ->
    case wanted(Filter, Trigger, Measurements, Metadata, Gate) of
        true -> trigger(span(Metadata), Recorder, Gate);
        false -> ok
    end;
handle(Event, _, Metadata, {Recorder, Gate, _, _}) ->
    Span = span(Metadata),
    case atomics:get(Gate, ?SPAN) =:= number(Span) of
        true -> cprof_telemetry_recorder:ended(Recorder, Span, lists:last(Event));
        false -> ok
    end.

trigger(Span, Recorder, Gate) ->
    case atomics:compare_exchange(Gate, ?SPAN, 0, number(Span)) of
        ok -> cprof_telemetry_recorder:trigger(Recorder, Span);
        _ -> atomics:add(Gate, ?REFUSED, 1)
    end.

%% Spans that were not made by telemetry:span (Plug.Telemetry's) have no
%% context; they begin and end in one process.
span(#{telemetry_span_context := Context}) -> Context;
span(_) -> self().

number(Span) -> 1 + erlang:phash2(Span).

wanted(none, _, _, _, _) ->
    true;
wanted(Filter, Event, Measurements, Metadata, Gate) ->
    try
        Filter(Event, Measurements, Metadata) =:= true
    catch
        _:_ ->
            atomics:add(Gate, ?FILTER_FAILURES, 1),
            false
    end.
