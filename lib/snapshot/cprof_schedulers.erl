%% What each scheduler did between two readings of the totals that
%% cprof_scheduler_times gives: pure, but for the run queues.
-module(cprof_schedulers).

-export([rows/2, imbalance/1, run_queues/0]).

-export_type([row/0, reading/0]).

-type row() :: #{
    id := pos_integer(),
    type := normal | dirty_cpu | dirty_io,
    %% share of the time in which it did work; busy-wait does not count as work
    utilization := float() | undefined,
    %% share of one CPU that its thread had, busy-wait included
    cpu := float() | undefined,
    %% share of the time in which it had a CPU but did no work
    busy_wait := float() | undefined,
    %% share of the time in which its thread could run but had no CPU
    waiting_for_cpu := float() | undefined,
    %% the dirty schedulers of a type share one queue
    run_queue := non_neg_integer()
}.
-type reading() :: #{
    wall => cprof_scheduler_times:wall(), threads => cprof_scheduler_times:threads()
}.

%% Before is the reading of the snapshot before, #{} for the first.
-spec rows(reading(), reading()) -> [row()].
rows(Now, Before) ->
    Queues = list_to_tuple(run_queues()),
    [row(Scheduler, Queues, Now, Before) || Scheduler <- schedulers()].

schedulers() ->
    Normal = erlang:system_info(schedulers),
    DirtyCpu = erlang:system_info(dirty_cpu_schedulers),
    DirtyIo = erlang:system_info(dirty_io_schedulers),
    [{Id, normal, Id} || Id <- lists:seq(1, Normal)] ++
        [{Normal + N, dirty_cpu, N} || N <- lists:seq(1, DirtyCpu)] ++
        [{Normal + DirtyCpu + N, dirty_io, N} || N <- lists:seq(1, DirtyIo)].

row({Id, Type, Number}, Queues, Now, Before) ->
    Utilization = utilization(Id, Now, Before),
    {Cpu, Waiting} = shares({Type, Number}, Now, Before),
    #{
        id => Id,
        type => Type,
        utilization => Utilization,
        cpu => Cpu,
        busy_wait => busy_wait(Cpu, Utilization),
        waiting_for_cpu => Waiting,
        run_queue => run_queue(Type, Id, Queues)
    }.

%% One queue for each normal scheduler, then one for all dirty CPU schedulers
%% and one for all dirty IO schedulers.
-spec run_queues() -> [non_neg_integer()].
run_queues() -> erlang:statistics(run_queue_lengths_all).

run_queue(normal, Id, Queues) -> element(Id, Queues);
run_queue(dirty_cpu, _, Queues) -> element(tuple_size(Queues) - 1, Queues);
run_queue(dirty_io, _, Queues) -> element(tuple_size(Queues), Queues).

utilization(Id, #{wall := Now}, #{wall := Before}) ->
    case {Now, Before} of
        {#{Id := {Active1, Total1}}, #{Id := {Active0, Total0}}} when
            Total1 > Total0, Active1 >= Active0
        ->
            min(1.0, (Active1 - Active0) / (Total1 - Total0));
        _ ->
            undefined
    end;
utilization(_, _, _) ->
    undefined.

shares(Scheduler, #{threads := #{times := Now}}, #{threads := #{times := Before}}) ->
    case {Now, Before} of
        {#{Scheduler := {At1, Ran1, Waited1}}, #{Scheduler := {At0, Ran0, Waited0}}} when
            At1 > At0, Ran1 >= Ran0, Waited1 >= Waited0
        ->
            {min(1.0, (Ran1 - Ran0) / (At1 - At0)), min(1.0, (Waited1 - Waited0) / (At1 - At0))};
        _ ->
            {undefined, undefined}
    end;
shares(_, _, _) ->
    {undefined, undefined}.

busy_wait(Cpu, Utilization) when is_float(Cpu), is_float(Utilization) ->
    max(0.0, Cpu - Utilization);
busy_wait(_, _) ->
    undefined.

%% How far the busiest of the normal schedulers that are online is above their
%% mean: 0.0 when all do the same; with N of them at most 1 - 1/N.
-spec imbalance([row()]) -> float() | undefined.
imbalance(Rows) ->
    Online = erlang:system_info(schedulers_online),
    Shares = [Share || #{type := normal, id := Id, utilization := Share} <- Rows, Id =< Online],
    case lists:member(undefined, Shares) of
        true -> undefined;
        false -> lists:max(Shares) - lists:sum(Shares) / length(Shares)
    end.
