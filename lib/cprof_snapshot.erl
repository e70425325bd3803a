%% The node's figures through BIFs. What costs a signal to a process, or time
%% in proportion to its mailbox, is asked of few: the figures of all processes
%% are those that can be read without disturbing them.
-module(cprof_snapshot).

-export([take/1]).

-export_type([snapshot/0]).

-type scheduler() :: #{
    id := pos_integer(),
    type := normal | dirty_cpu | dirty_io,
    %% 0.0 to 1.0, busy-wait not counted
    utilization := float() | undefined,
    %% of one core, busy-wait counted
    cpu := float() | undefined,
    %% the dirty schedulers of a type share one queue
    run_queue := non_neg_integer()
}.
-type snapshot() :: #{
    at := integer(),
    took_us := non_neg_integer(),
    source := bif,
    reason := binary(),
    schedulers := [scheduler()],
    run_queue := non_neg_integer(),
    processes := #{atom() => non_neg_integer() | undefined},
    mailboxes := #{total := non_neg_integer(), max := non_neg_integer(), top := [map()]},
    binaries := #{
        total := non_neg_integer(),
        held := non_neg_integer(),
        unaccounted := non_neg_integer(),
        examined := non_neg_integer(),
        top := [map()]
    },
    memory := #{atom() => non_neg_integer()}
}.

-define(TOP, 10).
%% Binary figures lock a process and are slow behind a long mailbox.
-define(MAX_EXAMINED, 10000).
-define(MAX_MAILBOX_EXAMINED, 10000).
%% A process inside a long NIF answers late or never.
-define(DETAILS_MS, 200).

-spec take(map()) -> snapshot().
take(Options) ->
    Top = top(Options),
    Began = erlang:monotonic_time(microsecond),
    Schedulers = cprof_schedulers:read(),
    All = erlang:processes(),
    {States, Mailboxes} = walk(All, Top),
    Binaries = binaries(All, Top),
    #{
        at => erlang:system_time(microsecond),
        source => bif,
        reason => <<"this version reads all figures through BIFs">>,
        schedulers => Schedulers,
        run_queue => erlang:statistics(total_run_queue_lengths_all),
        processes => processes(States),
        mailboxes => Mailboxes,
        binaries => Binaries,
        memory => maps:from_list(erlang:memory()),
        took_us => erlang:monotonic_time(microsecond) - Began
    }.

top(#{top := Top}) when is_integer(Top), Top > 0 -> Top;
top(#{top := Top}) -> erlang:error({badarg, {top, Top}});
top(#{}) -> ?TOP.

processes(States) ->
    #{
        count => erlang:system_info(process_count),
        limit => erlang:system_info(process_limit),
        %% no BIF tells how many were created
        created_per_s => undefined,
        running => maps:get(running, States, 0),
        runnable => maps:get(runnable, States, 0),
        waiting => maps:get(waiting, States, 0),
        gc => maps:get(garbage_collecting, States, 0),
        suspended => maps:get(suspended, States, 0),
        exiting => maps:get(exiting, States, 0)
    }.

%% One pass over all: neither item needs a signal to a process at rest.
walk(All, Top) ->
    {States, Total, Ranked} = lists:foldl(
        fun(Pid, {States, Total, Ranked}) ->
            case erlang:process_info(Pid, [status, message_queue_len]) of
                [{status, Status}, {message_queue_len, Length}] ->
                    Count = maps:get(Status, States, 0),
                    {States#{Status => Count + 1}, Total + Length, rank(Length, Pid, Ranked)};
                undefined ->
                    {States, Total, Ranked}
            end
        end,
        {#{}, 0, ranking(Top)},
        All
    ),
    Longest = ranked(Ranked),
    Max = lists:max([0 | [Length || {Length, _} <- Longest]]),
    {States, #{total => Total, max => Max, top => mailbox_rows(Longest)}}.

mailbox_rows(Longest) ->
    Details = details([Pid || {_, Pid} <- Longest]),
    [
        maps:merge(#{pid => Pid, length => Length}, maps:get(Pid, Details))
     || {Length, Pid} <- Longest
    ].

%% The virtual binary heap: what the binaries that a process refers to weigh.
%% One that several processes hold is counted in each.
binaries(All, Top) ->
    {Examined, Held, Ranked} = lists:foldl(
        fun(Pid, {Examined, Held, Ranked}) ->
            case vheap(Pid) of
                {Bytes, Heap} ->
                    {Examined + 1, Held + Bytes, rank(Bytes, {Pid, Heap}, Ranked)};
                skipped ->
                    {Examined, Held, Ranked}
            end
        end,
        {0, 0, ranking(Top)},
        share(All, ?MAX_EXAMINED)
    ),
    Total = erlang:memory(binary),
    #{
        total => Total,
        held => Held,
        unaccounted => max(0, Total - Held),
        examined => Examined,
        top => [
            #{pid => Pid, name => name(Pid), bytes => Bytes, heap_bytes => Heap}
         || {Bytes, {Pid, Heap}} <- ranked(Ranked)
        ]
    }.

%% At most Max of them, evenly spread, others each time.
share(All, Max) ->
    case length(All) of
        Count when Count =< Max -> All;
        Count -> every(Count div Max + 1, rand:uniform(Count div Max + 1), All)
    end.

every(_, _, []) -> [];
every(Step, 1, [Pid | Rest]) -> [Pid | every(Step, Step, Rest)];
every(Step, Left, [_ | Rest]) -> every(Step, Left - 1, Rest).

vheap(Pid) ->
    case erlang:process_info(Pid, message_queue_len) of
        {message_queue_len, Length} when Length =< ?MAX_MAILBOX_EXAMINED ->
            case erlang:process_info(Pid, garbage_collection_info) of
                {garbage_collection_info, Info} -> vheap_bytes(maps:from_list(Info));
                undefined -> skipped
            end;
        _ ->
            skipped
    end.

vheap_bytes(Info) ->
    Word = erlang:system_info(wordsize),
    #{
        bin_vheap_size := Young,
        bin_old_vheap_size := Old,
        heap_block_size := Heap,
        old_heap_block_size := OldHeap
    } = Info,
    {(Young + Old) * Word, (Heap + OldHeap) * Word}.

%% The Top largest of many, as a set ordered by size: its smallest gives way.
ranking(Top) -> {Top, gb_sets:empty()}.

rank(0, _, Ranking) ->
    Ranking;
rank(Size, Thing, {Room, Set}) when Room > 0 ->
    {Room - 1, gb_sets:add({Size, Thing}, Set)};
rank(Size, Thing, {0, Set} = Ranking) ->
    case gb_sets:smallest(Set) of
        {Least, _} when Least >= Size -> Ranking;
        Smallest -> {0, gb_sets:add({Size, Thing}, gb_sets:delete(Smallest, Set))}
    end.

ranked({_, Set}) -> lists:reverse(gb_sets:to_list(Set)).

name(Pid) ->
    case erlang:process_info(Pid, registered_name) of
        {registered_name, Name} -> Name;
        _ -> undefined
    end.

details(Pids) ->
    Details = cprof_ask:each(Pids, fun detail/1, ?DETAILS_MS),
    maps:from_list([{Pid, maps:get(Pid, Details, no_detail())} || Pid <- Pids]).

no_detail() ->
    #{name => undefined, initial_call => undefined, current_function => undefined}.

detail(Pid) ->
    Items = [registered_name, initial_call, current_function, dictionary],
    case erlang:process_info(Pid, Items) of
        undefined ->
            undefined;
        Info ->
            #{
                name => registered(proplists:get_value(registered_name, Info)),
                initial_call => cprof_ask:initial_call(Info),
                current_function => proplists:get_value(current_function, Info)
            }
    end.

registered([]) -> undefined;
registered(Name) -> Name.
