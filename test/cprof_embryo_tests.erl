%% A process that is being made and one at rest look alike in the process table: no
%% live process may be missed, and nothing may be counted of one whose
%% struct still holds what the process before it left there.
-module(cprof_embryo_tests).

-include_lib("eunit/include/eunit.hrl").

-import(cprof_test_support, [eventually/1]).

-export([live/3, rest/1, hold/1, wait/1]).

-define(TOP, 200).
-define(BYTES, 1000000).
-define(PRIORITIES, [max, high, normal, low]).
-define(DATA, [on_heap, off_heap]).

%% --- nobody is missed ----------------------------------------------------------

%% Every priority that a process can be begun with and change to, every way to
%% be at rest. What each holds and has in its mailbox is as BIFs say, in every
%% walk, whoever else comes and goes meanwhile.
all_kinds_test_() ->
    {timeout, 120, fun() ->
        ?assertMatch({ok, _}, cprof_walk_nif:status()),
        Kinds = [
            {First, Then, Data, How}
         || First <- ?PRIORITIES, Then <- ?PRIORITIES, Data <- ?DATA, How <- [waits, hibernates, suspended]
        ],
        Numbered = lists:zip(lists:seq(1, length(Kinds)), Kinds),
        Pids = [{start(Kind, 1000 + N), Kind, 1000 + N} || {N, Kind} <- Numbered],
        Crowd = spawn_link(fun crowd/0),
        try
            eventually(fun() -> {missed(Pids), []} end),
            [as_bifs_say(Pids) || _ <- lists:seq(1, 30)]
        after
            unlink(Crowd),
            exit(Crowd, kill),
            end_all([Pid || {Pid, _, _} <- Pids])
        end
    end}.

start({First, Then, Data, How}, Length) ->
    Options = [link, monitor, {priority, First}, {message_queue_data, Data}],
    {Pid, _} = spawn_opt(?MODULE, live, [self(), Then, How], Options),
    [Pid ! {unread, I} || I <- lists:seq(1, Length)],
    Pid ! go,
    receive
        {Pid, rests} -> ok
    end,
    How =:= suspended andalso erlang:suspend_process(Pid),
    Pid.

%% Its priority last: whoever has a turn with the new one does not look like one
%% that is being made. So nobody is asked anything before the walk met all.
live(Owner, Then, How) ->
    Held = binary:copy(<<1>>, ?BYTES),
    receive
        go -> ok
    end,
    process_flag(priority, Then),
    Owner ! {self(), rests},
    case How of
        hibernates -> erlang:hibernate(?MODULE, rest, [Held]);
        _ -> rest(Held)
    end.

rest(Never) ->
    receive
        {never, Never} -> ok
    end.

missed(Pids) ->
    {ok, #{mailboxes := #{top := Longest}}} = cprof_walk_nif:read(?TOP),
    [Kind || {Pid, Kind, Length} <- Pids, length_of(Pid, Longest) =/= Length].

as_bifs_say(Pids) ->
    {ok, Walk} = cprof_walk_nif:read(?TOP),
    #{mailboxes := #{top := Longest}, binaries := #{top := Holders}, memory := Largest} = Walk,
    Missed = [Kind || {Pid, Kind, Length} <- Pids, length_of(Pid, Longest) =/= Length],
    ?assertEqual([], Missed),
    ?assertEqual([], [Kind || {Pid, Kind, _} <- Pids, length_of(Pid, Holders) =/= held(Pid)]),
    ?assertEqual([], [Kind || {Pid, {_, _, off_heap, _} = Kind, _} <- Pids, heap_differs(Pid, Largest)]).

length_of(Pid, Rows) ->
    case lists:keyfind(Pid, 1, Rows) of
        false -> missed;
        Row -> element(2, Row)
    end.

held(Pid) ->
    #{bin_vheap_size := Young, bin_old_vheap_size := Old} = gc_info(Pid),
    8 * (Young + Old).

%% (For those with a small heap the list may have no room. The BIF counts messages
%% on the heap as part of it.)
heap_differs(Pid, Largest) ->
    #{heap_block_size := Heap, old_heap_block_size := Old, mbuf_size := Fragments} = gc_info(Pid),
    not lists:member(length_of(Pid, Largest), [missed, 8 * (Heap + Old + Fragments)]).

gc_info(Pid) ->
    {_, Info} = process_info(Pid, garbage_collection_info),
    maps:from_list(Info).

crowd() ->
    [
        exit(spawn_opt(?MODULE, rest, [N], [{priority, Priority}, {message_queue_data, Data}]), kill)
     || N <- lists:seq(1, 10), Priority <- ?PRIORITIES, Data <- ?DATA
    ],
    timer:sleep(1),
    crowd().

%% The numbers, too, once nobody moves.
counted_as_bifs_do_test_() ->
    {timeout, 60, fun() ->
        Pids = [start({First, normal, Data, waits}, 1) || First <- ?PRIORITIES, Data <- ?DATA, _ <- lists:seq(1, 25)],
        Dirty = [spawn(erts_debug, Type, [wait, 20000]) || Type <- [dirty_cpu, dirty_io]],
        try
            eventually(fun() -> {counted(), asked()} end)
        after
            [kill(Pid) || Pid <- Dirty],
            end_all(Pids)
        end
    end}.

%% Those that start/2 began, with the messages of their monitors.
end_all(Pids) ->
    [kill(Pid) || Pid <- Pids],
    [receive {'DOWN', _, process, Pid, _} -> ok end || Pid <- Pids].

kill(Pid) ->
    unlink(Pid),
    exit(Pid, kill).

counted() ->
    {ok, #{count := Count, embryos := Embryos, states := States}} = cprof_walk_nif:read(1),
    #{waiting := Waiting, running := Running} = States,
    {Count, Embryos, Waiting, Running}.

asked() ->
    Status = [Status || Pid <- processes(), {_, Status} <- [process_info(Pid, status)]],
    Of = fun(Wanted) -> length([S || S <- Status, S =:= Wanted]) end,
    {length(Status), 0, Of(waiting), Of(running)}.

%% --- nothing is counted of one that is being made --------------------------------

-define(GARBAGE, 10000000000).
-define(WALKS, 200).

%% A process that is begun with large arguments is in the table while those are
%% looked through, in memory that a process had before which held 10 GB by its
%% virtual heap.
while_it_is_made_test_() ->
    [
        {lists:flatten(io_lib:format("~p", [Options])), {timeout, 120, fun() -> made(Options) end}}
     || Priority <- ?PRIORITIES, Data <- ?DATA, Options <- [[{priority, Priority}, {message_queue_data, Data}]]
    ].

made(Options) ->
    {ok, _} = cprof_walk_nif:status(),
    Phase = atomics:new(2, []),
    Whole = binary:copy(<<1>>, ?GARBAGE div 1000),
    Argument = lists:seq(1, 500000),
    {_, Maker} = spawn_monitor(fun() -> remake(Options, Whole, Argument, Phase) end),
    Most = look(Phase, 0, 0, erlang:monotonic_time(millisecond) + 20000),
    atomics:put(Phase, 2, 1),
    receive
        {'DOWN', Maker, process, _, Reason} -> ?assertEqual(normal, Reason)
    end,
    ?assert(Most < ?GARBAGE div 2).

%% The phase is odd while nobody holds anything.
remake(Options, Whole, Argument, Phase) ->
    Holders = [hoarder(Whole) || _ <- [1, 2, 3, 4]],
    [end_of(Pid) || Pid <- Holders],
    atomics:add(Phase, 1, 1),
    Made = [spawn_opt(?MODULE, wait, [Argument], Options) || _ <- [1, 2, 3, 4]],
    atomics:add(Phase, 1, 1),
    [end_of(Pid) || Pid <- Made],
    atomics:get(Phase, 2) =:= 1 orelse remake(Options, Whole, Argument, Phase).

hoarder(Whole) ->
    Pid = spawn(?MODULE, hold, [self()]),
    [Pid ! {whole, Whole} || _ <- lists:seq(1, 1000)],
    receive
        {Pid, holds} -> Pid
    end.

hold(Owner) ->
    Held = [receive {whole, Whole} -> Whole end || _ <- lists:seq(1, 1000)],
    erlang:garbage_collect(),
    Owner ! {self(), holds},
    wait(Held).

wait(Held) ->
    receive
        {never, Held} -> ok
    end.

end_of(Pid) ->
    Monitor = monitor(process, Pid),
    exit(Pid, kill),
    receive
        {'DOWN', Monitor, process, Pid, _} -> ok
    end.

look(_, ?WALKS, Most, _) ->
    Most;
look(Phase, Seen, Most, Deadline) ->
    Before = atomics:get(Phase, 1),
    {ok, #{binaries := #{held := Held}}} = cprof_walk_nif:read(1),
    Meanwhile = Before rem 2 =:= 1 andalso atomics:get(Phase, 1) =:= Before,
    case erlang:monotonic_time(millisecond) < Deadline of
        true when Meanwhile -> look(Phase, Seen + 1, max(Most, Held), Deadline);
        true -> look(Phase, Seen, Most, Deadline);
        false -> ended(Seen, Most)
    end.

%% With one scheduler no walk can be at the same time.
ended(Seen, Most) ->
    ?assert(Seen > 0 orelse erlang:system_info(schedulers_online) =:= 1),
    Most.
