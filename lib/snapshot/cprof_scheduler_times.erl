%% The times of the schedulers, as totals from the VM and the kernel.
-module(cprof_scheduler_times).

-export([wall/1, threads/2]).

-export_type([wall/0, threads/0]).

-type scheduler() :: {normal | dirty_cpu | dirty_io, pos_integer()}.
%% By the VM's number of the scheduler: time active and time in all.
-type wall() :: #{pos_integer() => {non_neg_integer(), non_neg_integer()}}.
-type threads() :: #{
    %% The folders of the threads: they are the same for the VM's life.
    folders := [{scheduler(), file:filename()}],
    %% When it was read, time on a CPU, time waiting for one; in ns.
    times := #{scheduler() => {integer(), non_neg_integer(), non_neg_integer()}}
}.

-define(TASKS, "/proc/self/task").
-define(LINE_BYTES, 128).
-define(KEEPER, cprof_wall_time).

%% The times, and the process for which the VM counts them: for another one they
%% would count from another start. They are counted for as long as Owner lives.
%% Waits until every scheduler has answered.
-spec wall(pid()) -> {pid(), wall()}.
wall(Owner) ->
    Keeper = keeper(Owner),
    Tag = erlang:monitor(process, Keeper),
    Keeper ! {keep_for, Owner, self(), Tag},
    receive
        {Tag, kept} ->
            erlang:demonitor(Tag, [flush]),
            Times = erlang:statistics(scheduler_wall_time_all),
            {Keeper, maps:from_list([{Id, {Active, Total}} || {Id, Active, Total} <- Times])};
        %% It had no owner left, or another was registered first.
        {'DOWN', Tag, process, _, _} ->
            wall(Owner)
    end.

keeper(Owner) ->
    case whereis(?KEEPER) of
        undefined ->
            true = cprof_aside:has_room(1),
            spawn(fun() -> keep_for(Owner) end);
        Keeper ->
            Keeper
    end.

%% The flag scheduler_wall_time belongs to the process that set it and ends
%% with it. One process has it for all. A caller itself could be held up by it:
%% setting it needs an answer from every scheduler.
keep_for(Owner) ->
    try register(?KEEPER, self()) of
        true ->
            %% It does nothing but answer, so on a busy node it need not wait.
            _ = process_flag(priority, high),
            _ = erlang:system_flag(scheduler_wall_time, true),
            keep(with(Owner, #{}))
    catch
        error:badarg -> ok
    end.

%% Without owners it ends, but for those who have asked already.
keep(Owners) ->
    receive
        {keep_for, Owner, Asker, Tag} ->
            Asker ! {Tag, kept},
            keep(with(Owner, Owners));
        {'DOWN', _, process, Owner, _} ->
            keep(maps:remove(Owner, Owners));
        _ ->
            keep(Owners)
    after patience(Owners) -> ok
    end.

with(Owner, Owners) when is_map_key(Owner, Owners) -> Owners;
with(Owner, Owners) -> Owners#{Owner => erlang:monitor(process, Owner)}.

patience(Owners) when map_size(Owners) =:= 0 -> 0;
patience(_) -> infinity.

%% The times of the scheduler threads, from the kernel; [] where the folders
%% are not known yet. Advance is called after each file.
-spec threads([{scheduler(), file:filename()}], cprof_ask:advance()) -> threads().
threads([], Advance) ->
    case folders(Advance) of
        [] -> #{folders => [], times => #{}};
        Folders -> threads(Folders, Advance)
    end;
threads(Folders, Advance) ->
    Times = [{Scheduler, Time} || {Scheduler, Folder} <- Folders, Time <- time(Folder, Advance)],
    #{folders => Folders, times => maps:from_list(Times)}.

%% A thread is known by its name, which OTP 26 changed.
folders(Advance) ->
    case file:list_dir(?TASKS) of
        {ok, Threads} ->
            [
                {Scheduler, filename:join(?TASKS, Thread)}
             || Thread <- Threads,
                Scheduler <- scheduler_of(read_line(filename:join([?TASKS, Thread, "comm"]), Advance))
            ];
        {error, _} ->
            []
    end.

%% schedstat: ns on a CPU, ns runnable but waiting for one, time slices.
time(Folder, Advance) ->
    Line = read_line(filename:join(Folder, "schedstat"), Advance),
    At = erlang:monotonic_time(nanosecond),
    case string:lexemes(Line, " ") of
        [Ran, Waited | _] -> [{At, list_to_integer(Ran), list_to_integer(Waited)}];
        _ -> []
    end.

%% Not by the file server, which may have other things to do.
read_line(Name, Advance) ->
    case file:open(Name, [raw, read, binary]) of
        {ok, File} ->
            Read = file:read(File, ?LINE_BYTES),
            ok = file:close(File),
            ok = Advance(),
            line(Read);
        {error, _} ->
            ""
    end.

line({ok, Bytes}) -> string:trim(binary_to_list(Bytes), trailing, "\n");
line(_) -> "".

%% OTP 26 and later: erts_sched_1, erts_dcpus_1, erts_dios_1; before:
%% 1_scheduler, 1_dirty_cpu_sch, 1_dirty_io_sche (15 characters are kept).
scheduler_of("erts_sched_" ++ Number) ->
    numbered(normal, Number);
scheduler_of("erts_dcpus_" ++ Number) ->
    numbered(dirty_cpu, Number);
scheduler_of("erts_dios_" ++ Number) ->
    numbered(dirty_io, Number);
scheduler_of(Name) ->
    case string:to_integer(Name) of
        {Number, "_scheduler"} -> [{normal, Number}];
        {Number, "_dirty_cpu" ++ _} -> [{dirty_cpu, Number}];
        {Number, "_dirty_io" ++ _} -> [{dirty_io, Number}];
        _ -> []
    end.

numbered(Type, Text) ->
    case string:to_integer(Text) of
        {Number, ""} when is_integer(Number) -> [{Type, Number}];
        _ -> []
    end.
