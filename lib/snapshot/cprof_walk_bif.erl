%% The figures of cprof_walk_nif through BIFs, as far as BIFs can give them cheaply.
%% All processes are asked for status, queue length and reductions, which need no
%% signal to a process at rest. Only a few are asked for facts that lock a process,
%% or that take time in proportion to its mailbox.
%%
%% A few walkers at once ask the processes in chunks. A walker that is stuck behind
%% one process is ended, and its chunk is asked again without that process. If no
%% walker may be started, the calling process asks the processes at rest.
-module(cprof_walk_bif).

-export([read/3]).

-export_type([memory/0, config/0, walk/0]).

%% At most how many processes are looked at for binaries and memory, remembered
%% for the next walk, and returned as a sample of the waiting ones.
-type config() :: #{
    examine => pos_integer(),
    remember => pos_integer(),
    sample => pos_integer(),
    %% also what the heaps hold of those that are looked at
    heaps => boolean(),
    %% fixed: always the same processes are looked at, not others each time
    phase => non_neg_integer(),
    wait_ms => non_neg_integer()
}.
%% What is needed of the walk before.
-type memory() :: #{
    at := integer(),
    phase := non_neg_integer(),
    rows := #{pid() => {non_neg_integer(), non_neg_integer()}},
    binaries := #{pid() => {non_neg_integer(), integer()}}
}.
%% As that of cprof_walk_nif, with `undefined' for what BIFs do not tell, and
%% a sample of the waiting processes in place of groups.
-type walk() :: #{
    took_us := non_neg_integer(),
    longest_hold_us := undefined,
    elapsed_us := non_neg_integer() | undefined,
    slots := pos_integer(),
    count := non_neg_integer(),
    embryos := 0,
    implausible := 0,
    %% numbers of processes
    examined := non_neg_integer(),
    unanswered := non_neg_integer(),
    remembered := non_neg_integer(),
    lower_bounds := non_neg_integer(),
    created := undefined,
    states := cprof_walk_nif:states(),
    mailboxes := cprof_walk_nif:mailboxes(),
    reductions := [{pid(), pos_integer()}],
    binaries := cprof_walk_nif:binaries(),
    memory := [{pid(), Bytes :: pos_integer()}],
    live := [{pid(), Bytes :: non_neg_integer()}],
    heaps => cprof_walk_nif:heaps(),
    groups := [],
    groups_missed := 0,
    sample := [pid()]
}.

-define(EXAMINE, 10000).
-define(REMEMBER, 20000).
-define(SAMPLE, 300).
-define(CHUNK, 500).
-define(WALKERS, 8).
%% How often the walkers are looked at, and for how long one may not advance
%% before it counts as stuck.
-define(TICK_MS, 1).
-define(STUCK_MS, 2).
%% A process that did fewer stood still: our own questions cost it a few.
-define(STILL_REDUCTIONS, 500).

-spec read(pos_integer(), memory() | undefined, config()) -> {walk(), memory()}.
read(Top, Memory, Config) ->
    Began = erlang:monotonic_time(microsecond),
    Count = erlang:system_info(process_count),
    Heaps = maps:get(heaps, Config, false),
    Job = #{
        top => Top,
        examine => step(Count, maps:get(examine, Config, ?EXAMINE)),
        remember => step(Count, maps:get(remember, Config, ?REMEMBER)),
        sample => step(Count, maps:get(sample, Config, ?SAMPLE)),
        heaps => Heaps,
        phase => maps:get(phase, Config, phase(Memory)),
        stuck_ms => max(?STUCK_MS, maps:get(wait_ms, Config, 0)),
        progress => atomics:new(?WALKERS, []),
        left_out => [self(), whereis(cprof_canary)]
    },
    Sum = drive(cprof_processes:all(), #{}, cprof_walk_sum:new(Top, Heaps), Job),
    Now = erlang:monotonic_time(microsecond),
    finish(Top, Sum, Memory, Began, Now).

step(Count, Max) -> Count div (Max + 1) + 1.

phase(#{phase := Phase}) -> Phase + 1;
phase(undefined) -> 0.

%% --- the walkers -----------------------------------------------------------

drive(Source, Running, Sum, Job) when map_size(Running) < ?WALKERS ->
    case cprof_processes:take(?CHUNK, Source) of
        {[], _} ->
            drive_on(Source, Running, Sum, Job);
        {Pids, Rest} ->
            {More, Added} = add(Pids, {Running, Sum}, Job),
            drive(Rest, More, Added, Job)
    end;
drive(Source, Running, Sum, Job) ->
    drive_on(Source, Running, Sum, Job).

drive_on(_, Running, Sum, _) when map_size(Running) =:= 0 ->
    Sum;
drive_on(Source, Running, Sum, Job) ->
    case cprof_aside:next(Running, ?TICK_MS) of
        {Monitor, Answer} ->
            {#{pids := Pids}, Left} = maps:take(Monitor, Running),
            drive(Source, Left, added(Answer, Pids, Sum), Job);
        none ->
            {Looked, Added} = look_after(Running, Sum, Job),
            drive(Source, Looked, Added, Job)
    end.

added({ok, Part}, _, Sum) -> cprof_walk_sum:merge(Sum, Part);
added(failed, Pids, Sum) -> cprof_walk_sum:unanswered(length(Pids), Sum).

add(Pids, {Running, Sum}, #{progress := Progress} = Job) ->
    [Slot | _] = lists:seq(1, ?WALKERS) -- [Slot || #{slot := Slot} <- maps:values(Running)],
    atomics:put(Progress, Slot, 0),
    case cprof_aside:help(fun() -> ask_all(Pids, Slot, Job) end) of
        full ->
            {Running, lists:foldl(fun(Pid, To) -> ask_here(Pid, Job, To) end, Sum, Pids)};
        {_, Monitor} = Task ->
            Now = erlang:monotonic_time(millisecond),
            Walker = #{slot => Slot, pids => Pids, task => Task, at => 0, since => Now},
            {Running#{Monitor => Walker}, Sum}
    end.

ask_here(Pid, Job, Sum) ->
    case cprof_ask:at_rest(Pid) of
        true -> ask(Pid, Job, Sum);
        false -> cprof_walk_sum:unanswered(1, Sum)
    end.

%% Ends the walkers that are stuck, each behind one process, and begins their
%% chunks anew without it.
look_after(Running, Sum, Job) ->
    Now = erlang:monotonic_time(millisecond),
    Looks = [{Monitor, look(Walker, Now, Job)} || {Monitor, Walker} <- maps:to_list(Running)],
    Kept = maps:from_list([{Monitor, Walker} || {Monitor, {keep, Walker}} <- Looks]),
    Stuck = [{At, maps:get(Monitor, Running)} || {Monitor, {stuck, At}} <- Looks],
    lists:foldl(fun(Walker, To) -> begin_anew(Walker, To, Job) end, {Kept, Sum}, Stuck).

begin_anew({At, #{pids := Pids, task := Task}}, {Running, Sum}, Job) ->
    cprof_aside:give_up(Task),
    {Before, [_ | After]} = lists:split(At - 1, Pids),
    add(Before ++ After, {Running, cprof_walk_sum:unanswered(1, Sum)}, Job).

look(#{slot := Slot, at := Was, since := Since, task := {Helper, _}} = Walker, Now, Job) ->
    #{progress := Progress, stuck_ms := StuckMs} = Job,
    case atomics:get(Progress, Slot) of
        Was when Was > 0, Now - Since >= StuckMs ->
            case cprof_ask:stuck([Helper], Now - Since) of
                true -> {stuck, Was};
                false -> {keep, Walker}
            end;
        Was ->
            {keep, Walker};
        At ->
            {keep, Walker#{at => At, since => Now}}
    end.

%% --- one chunk, in a walker --------------------------------------------------

ask_all(Pids, Slot, #{top := Top, heaps := Heaps} = Job) ->
    ask_all(Pids, 1, Slot, Job, cprof_walk_sum:new(Top, Heaps)).

ask_all([], _, _, _, Sum) ->
    Sum;
ask_all([Pid | Rest], At, Slot, #{progress := Progress} = Job, Sum) ->
    atomics:put(Progress, Slot, At),
    ask_all(Rest, At + 1, Slot, Job, ask(Pid, Job, Sum)).

%% Without the process that collects, which has messages only because it does,
%% and without the walk's canary.
ask(Pid, #{left_out := Own} = Job, Sum) ->
    case lists:member(Pid, Own) of
        true -> Sum;
        false -> ask_other(Pid, Job, Sum)
    end.

ask_other(Pid, Job, Sum) ->
    case erlang:process_info(Pid, [status, message_queue_len, reductions]) of
        [{status, Status}, {message_queue_len, Length}, {reductions, Reductions}] ->
            #{remember := Remember, sample := Sample} = Job,
            Flags = #{
                remember => chosen(Pid, Remember, 0),
                sample => Status =:= waiting andalso chosen(Pid, Sample, 0)
            },
            Counted = cprof_walk_sum:add(Pid, Status, Length, Reductions, Flags, Sum),
            examine(Pid, Length, Job, Counted);
        undefined ->
            Sum
    end.

examine(Pid, Length, #{examine := Step, phase := Phase}, Sum) ->
    case chosen(Pid, Step, Phase) of
        true -> cprof_walk_sum:examine(Pid, Length, Sum);
        false -> Sum
    end.

%% One in Step, always the same ones in the same phase.
chosen(_, 1, _) -> true;
chosen(Pid, Step, Phase) -> erlang:phash2(Pid, Step) =:= Phase rem Step.

%% --- against the walk before -------------------------------------------------

finish(Top, Sum, Memory, Began, Now) ->
    Totals = cprof_walk_sum:totals(Sum),
    #{mailboxes := #{top := Longest} = Mailboxes, rows := Rows, binaries := Binaries} = Totals,
    Before = maps:get(rows, known(Memory), #{}),
    Held = maps:get(binaries, known(Memory), #{}),
    {TopBinaries, Since1} = still(maps:get(top, Binaries), Rows, Before, Held, Now),
    {Leaks, Since2} = still(maps:get(leaks, Binaries), Rows, Before, Held, Now),
    Walk = maps:without([rows], Totals#{
        took_us => erlang:monotonic_time(microsecond) - Began,
        elapsed_us => elapsed(Memory, Now),
        mailboxes => Mailboxes#{
            top => [{Pid, Length, length_of(Pid, Before)} || {Pid, Length} <- Longest]
        },
        reductions => reductions(Top, Rows, Before),
        remembered => map_size(Rows),
        binaries => Binaries#{top => TopBinaries, leaks => Leaks}
    }),
    Kept = lists:foldl(fun keep_length/2, Rows, Longest),
    Phase = phase(Memory),
    {Walk, #{at => Now, phase => Phase, rows => Kept, binaries => maps:merge(Since1, Since2)}}.

known(undefined) -> #{};
known(Memory) -> Memory.

elapsed(#{at := At}, Now) -> Now - At;
elapsed(undefined, _) -> undefined.

%% The longest are always remembered, without their reductions.
keep_length({Pid, Length}, Rows) ->
    case Rows of
        #{Pid := _} -> Rows;
        #{} -> Rows#{Pid => {Length, undefined}}
    end.

length_of(Pid, Before) ->
    case Before of
        #{Pid := {Length, _}} -> Length;
        #{} -> undefined
    end.

reductions(Top, Rows, Before) ->
    Ranking = maps:fold(
        fun(Pid, {_, Now}, Ranking) ->
            case Before of
                #{Pid := {_, Was}} when is_integer(Was) ->
                    cprof_ranking:add(Now - Was, Pid, Ranking);
                #{} ->
                    Ranking
            end
        end,
        cprof_ranking:new(Top),
        Rows
    ),
    [{Pid, Delta} || {Delta, Pid} <- cprof_ranking:to_list(Ranking)].

%% How long the listed ones are known to have held just these bytes and done
%% next to nothing, in us.
still(Listed, Rows, Before, Held, Now) ->
    Known = [
        {Pid, Bytes, Heap, since(Pid, Bytes, Rows, Before, Held, Now)}
     || {Pid, Bytes, Heap} <- Listed
    ],
    {
        [{Pid, Bytes, Heap, still_us(Since, Now)} || {Pid, Bytes, Heap, Since} <- Known],
        maps:from_list([{Pid, {Bytes, Since}} || {Pid, Bytes, _, Since} <- Known])
    }.

since(Pid, Bytes, Rows, Before, Held, Now) ->
    case {Held, Rows, Before} of
        {#{Pid := {Bytes, Since}}, #{Pid := {_, Is}}, #{Pid := {_, Was}}} when
            is_integer(Was), Is - Was < ?STILL_REDUCTIONS
        ->
            Since;
        _ ->
            Now
    end.

still_us(Now, Now) -> undefined;
still_us(Since, Now) -> Now - Since.
