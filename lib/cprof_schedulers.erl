%% What each scheduler did since the calling process asked before. The earlier
%% readings are kept in that process's dictionary, because the flag
%% scheduler_wall_time belongs to the process that set it and ends with it.
-module(cprof_schedulers).

-export([read/0]).

-define(KEY, '$cprof_schedulers').

-spec read() -> [map()].
read() ->
    Now = #{at => erlang:monotonic_time(nanosecond), wall => wall_times(), cpu => cpu_times()},
    Before = put(?KEY, Now),
    Queues = run_queues(),
    [row(Scheduler, Queues, Now, Before) || Scheduler <- schedulers()].

schedulers() ->
    Normal = erlang:system_info(schedulers),
    DirtyCpu = erlang:system_info(dirty_cpu_schedulers),
    DirtyIo = erlang:system_info(dirty_io_schedulers),
    [{Id, normal, Id} || Id <- lists:seq(1, Normal)] ++
        [{Normal + N, dirty_cpu, N} || N <- lists:seq(1, DirtyCpu)] ++
        [{Normal + DirtyCpu + N, dirty_io, N} || N <- lists:seq(1, DirtyIo)].

row({Id, Type, Number}, Queues, Now, Before) ->
    #{
        id => Id,
        type => Type,
        utilization => utilization(Id, Now, Before),
        cpu => cpu({Type, Number}, Now, Before),
        run_queue => run_queue(Type, Id, Queues)
    }.

%% One queue for each normal scheduler, then one for all dirty CPU schedulers
%% and one for all dirty IO schedulers.
run_queues() ->
    list_to_tuple(erlang:statistics(run_queue_lengths_all)).

run_queue(normal, Id, Queues) -> element(Id, Queues);
run_queue(dirty_cpu, _, Queues) -> element(tuple_size(Queues) - 1, Queues);
run_queue(dirty_io, _, Queues) -> element(tuple_size(Queues), Queues).

%% The flag first: the times of another process's flag start anew when that
%% process ends before ours is set.
wall_times() ->
    keep_counting(get(?KEY)),
    wall_times(erlang:statistics(scheduler_wall_time_all)).

wall_times(undefined) -> #{};
wall_times(Times) -> maps:from_list([{Id, {Active, Total}} || {Id, Active, Total} <- Times]).

keep_counting(undefined) -> erlang:system_flag(scheduler_wall_time, true);
keep_counting(_) -> true.

utilization(Id, #{wall := Now}, #{wall := Before}) ->
    case {Now, Before} of
        {#{Id := {Active1, Total1}}, #{Id := {Active0, Total0}}} when
            Total1 > Total0, Active1 >= Active0
        ->
            min(1.0, (Active1 - Active0) / (Total1 - Total0));
        _ ->
            undefined
    end;
utilization(_, _, undefined) ->
    undefined.

cpu(Scheduler, #{at := At1, cpu := Now}, #{at := At0, cpu := Before}) ->
    case {Now, Before} of
        {#{Scheduler := Ran1}, #{Scheduler := Ran0}} when At1 > At0, Ran1 >= Ran0 ->
            (Ran1 - Ran0) / (At1 - At0);
        _ ->
            undefined
    end;
cpu(_, _, undefined) ->
    undefined.

%% CPU time of the scheduler threads in ns, from the kernel. A thread is
%% known by its name, which OTP 27 changed.
cpu_times() ->
    Tasks = "/proc/self/task",
    case file:list_dir(Tasks) of
        {ok, Threads} ->
            maps:from_list(
                lists:append([cpu_time(filename:join(Tasks, Thread)) || Thread <- Threads])
            );
        {error, _} ->
            #{}
    end.

cpu_time(Task) ->
    case scheduler_of(read_line(Task, "comm")) of
        none ->
            [];
        Scheduler ->
            case string:to_integer(read_line(Task, "schedstat")) of
                {Ran, _} when is_integer(Ran) -> [{Scheduler, Ran}];
                {error, _} -> []
            end
    end.

read_line(Task, Name) ->
    case file:read_file(filename:join(Task, Name)) of
        {ok, Bytes} -> string:trim(binary_to_list(Bytes), trailing, "\n");
        {error, _} -> ""
    end.

%% OTP 27 and later: erts_sched_1, erts_dcpus_1, erts_dios_1; before:
%% 1_scheduler, 1_dirty_cpu_sch, 1_dirty_io_sche (15 characters are kept).
scheduler_of("erts_sched_" ++ Number) -> numbered(normal, Number);
scheduler_of("erts_dcpus_" ++ Number) -> numbered(dirty_cpu, Number);
scheduler_of("erts_dios_" ++ Number) -> numbered(dirty_io, Number);
scheduler_of(Name) ->
    case string:to_integer(Name) of
        {Number, "_scheduler"} -> {normal, Number};
        {Number, "_dirty_cpu" ++ _} -> {dirty_cpu, Number};
        {Number, "_dirty_io" ++ _} -> {dirty_io, Number};
        _ -> none
    end.

numbered(Type, Text) ->
    case string:to_integer(Text) of
        {Number, ""} when is_integer(Number) -> {Type, Number};
        _ -> none
    end.
