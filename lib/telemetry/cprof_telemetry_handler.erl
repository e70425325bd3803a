%% Runs in the process that executes an event, so it does next to nothing: it looks
%% at one atomic, and sends a message of a few words only when it starts a recording
%% or ends it. It never raises, because telemetry would then detach it.
-module(cprof_telemetry_handler).

-export([config/4, recorder/1, handle/4]).

-opaque config() :: {pid(), cprof_telemetry_gate:gate(), Trigger :: [atom()], none | fun()}.
-export_type([config/0]).

%% Copied out of telemetry's table for every event, so it is small.
-spec config(pid(), cprof_telemetry_gate:gate(), [atom()], none | fun()) -> config().
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
    case cprof_telemetry_gate:holds(Span, Gate) of
        true -> cprof_telemetry_recorder:ended(Recorder, Span, lists:last(Event));
        false -> ok
    end.

trigger(Span, Recorder, Gate) ->
    case cprof_telemetry_gate:pass(Span, Gate) of
        true -> cprof_telemetry_recorder:trigger(Recorder, Span);
        false -> ok
    end.

%% Spans that were not made by telemetry:span (Plug.Telemetry's) have no
%% context; they begin and end in one process.
span(#{telemetry_span_context := Context}) -> Context;
span(_) -> self().

wanted(none, _, _, _, _) ->
    true;
wanted(Filter, Event, Measurements, Metadata, Gate) ->
    try
        Filter(Event, Measurements, Metadata) =:= true
    catch
        _:_ ->
            cprof_telemetry_gate:filter_failed(Gate),
            false
    end.
