%% Converts a snapshot to telemetry events. Pure. A figure that a snapshot does not
%% know (the first has no utilization) is missing from the measurements; no value is
%% made up. docs/telemetry.md says what each measurement means.
-module(cprof_telemetry_events).

-export([from/1, names/0]).

-type event() :: {Name :: [atom()], Measurements :: #{atom() => number()}, Metadata :: map()}.
-export_type([event/0]).

-define(SCHEDULER, [utilization, cpu, busy_wait, waiting_for_cpu, run_queue]).
-define(MAILBOXES, [total, max]).
-define(BINARIES, [total, held, unaccounted, sharing, examined]).
-define(GAPS, [embryos, implausible, groups_missed, details_missing, gone, unanswered]).
-define(PROCESSES, [
    count, limit, created_per_s, running, runnable, waiting, gc, suspended, exiting
]).

%% The events that from/1 can give.
-spec names() -> [[atom()]].
names() ->
    Parts = [schedulers, scheduler, mailboxes, binaries, processes, snapshot],
    [[cprof, Last] || Last <- Parts].

-spec from(map()) -> [event()].
from(Snapshot) ->
    Source = maps:with([source], Snapshot),
    Rows = maps:get(schedulers, Snapshot, []),
    Types = [Type || Type <- [normal, dirty_cpu, dirty_io], of_type(Type, Rows) =/= []],
    lists:append([
        [schedulers(Type, of_type(Type, Rows), Snapshot, Source) || Type <- Types],
        [scheduler(Row, Source) || Row <- Rows],
        part(mailboxes, ?MAILBOXES, [top, exact], Snapshot, Source),
        part(binaries, ?BINARIES, [top, leaks], Snapshot, Source),
        part(processes, ?PROCESSES, [top], Snapshot, Source),
        cost(Snapshot, maps:merge(Source, reason(Snapshot)))
    ]).

of_type(Type, Rows) -> [Row || #{type := Of} = Row <- Rows, Of =:= Type].

%% One event a type, so that a metric with the tag `type' has three series.
schedulers(Type, Rows, Snapshot, Source) ->
    Figures = maps:from_list(
        [{count, length(Rows)}, {run_queue, run_queue(Type, Rows)}] ++
            [{Key, mean(Key, Rows)} || Key <- [utilization, cpu, busy_wait, waiting_for_cpu]] ++
            [{utilization_max, largest(known(utilization, Rows))}] ++
            [{imbalance, maps:get(imbalance, Snapshot, undefined)} || Type =:= normal]
    ),
    {[cprof, schedulers], numbers(Figures), Source#{type => Type}}.

%% Each normal scheduler has a queue; the dirty ones of a type share one.
run_queue(normal, Rows) -> lists:sum(known(run_queue, Rows));
run_queue(_, Rows) -> largest(known(run_queue, Rows)).

%% Only if all schedulers have it: the mean of some would be taken for that of all.
mean(Key, Rows) ->
    case known(Key, Rows) of
        Values when length(Values) =:= length(Rows) -> lists:sum(Values) / length(Rows);
        _ -> undefined
    end.

largest([]) -> undefined;
largest(Values) -> lists:max(Values).

known(Key, Rows) -> [Value || #{Key := Value} <- Rows, is_number(Value)].

scheduler(#{id := Id, type := Type} = Row, Source) ->
    {[cprof, scheduler], measurements(?SCHEDULER, Row), Source#{id => Id, type => Type}}.

%% The rows of single processes are metadata, for handlers that log; they are
%% no tags.
part(Name, Keys, Rows, Snapshot, Source) ->
    case Snapshot of
        #{Name := #{} = Part} ->
            Metadata = maps:merge(Source, maps:with(Rows, Part)),
            [{[cprof, Name], measurements(Keys, Part), Metadata}];
        #{} ->
            []
    end.

reason(#{reason := Reason}) when is_binary(Reason) -> #{reason => Reason};
reason(#{}) -> #{}.

%% What the figures cost, and what they lack.
cost(#{took_us := Us} = Snapshot, Metadata) ->
    Gaps = measurements(?GAPS, maps:get(quality, Snapshot, #{})),
    Duration = erlang:convert_time_unit(Us, microsecond, native),
    [{[cprof, snapshot], Gaps#{duration => Duration}, Metadata}];
cost(#{}, _) ->
    [].

measurements(Keys, Map) -> numbers(maps:with(Keys, Map)).

numbers(Map) -> maps:filter(fun(_, Value) -> is_number(Value) end, Map).
