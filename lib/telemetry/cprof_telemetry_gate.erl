%% Says whether an attachment is recording. The handler, in any process, and the
%% recorder share it. It uses only atomics and asks no process.
%%
%% The gate is 0 while nothing is recorded, and otherwise a number made from the
%% span that is recorded. The process that changes it from 0 has triggered a
%% recording; all others are refused.
-module(cprof_telemetry_gate).

-export([new/0, pass/2, holds/2, open/1, refused/1]).
-export([filter_failed/1, filter_failures/1]).

-export_type([gate/0]).

-opaque gate() :: atomics:atomics_ref().

-define(SPAN, 1).
-define(REFUSED, 2).
-define(FILTER_FAILURES, 3).

-spec new() -> gate().
new() -> atomics:new(3, [{signed, false}]).

%% Whether to record this span. A span that is refused is counted.
-spec pass(term(), gate()) -> boolean().
pass(Span, Gate) ->
    case atomics:compare_exchange(Gate, ?SPAN, 0, number(Span)) of
        ok ->
            true;
        _ ->
            atomics:add(Gate, ?REFUSED, 1),
            false
    end.

%% Whether this span may be the one that is recorded. The number alone rules out
%% most other spans.
-spec holds(term(), gate()) -> boolean().
holds(Span, Gate) -> atomics:get(Gate, ?SPAN) =:= number(Span).

number(Span) -> 1 + erlang:phash2(Span).

%% The recording is over: the next trigger is taken.
-spec open(gate()) -> ok.
open(Gate) -> atomics:put(Gate, ?SPAN, 0).

-spec refused(gate()) -> non_neg_integer().
refused(Gate) -> atomics:get(Gate, ?REFUSED).

-spec filter_failed(gate()) -> ok.
filter_failed(Gate) -> atomics:add(Gate, ?FILTER_FAILURES, 1).

-spec filter_failures(gate()) -> non_neg_integer().
filter_failures(Gate) -> atomics:get(Gate, ?FILTER_FAILURES).
