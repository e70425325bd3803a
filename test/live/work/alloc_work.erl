%% Workloads whose allocation is known: workers do the pieces of a set in turn.
%% What a piece allocates is counted in advance, by the VM, in a process that is
%% large enough to do it many times without a collection. Every piece has a
%% function of its own, NAME_piece, that stays on the stack while it runs.
%%
%% Sets: mixed (one worker, all pieces), crowd (100 workers), swift (one worker
%% whose heap is small: collections follow each other as fast as possible),
%% brief (processes that end after a few collections), big (a worker with a large
%% heap, which dirty schedulers collect), repeat and turns (one worker that does
%% always the same, in the same order), idle.
%%
%% Commands on stdin: "reset" begins to count anew; "truth" prints lines
%% "NAME HEAP_BYTES BINARY_BYTES", a line "collected COLLECTIONS BYTES" of what
%% the VM says that it has reclaimed since, and "end".
-module(alloc_work).
-export([start/1, worker/2, repeater/3, brief/2]).

-define(TIMES, 50).
-define(ROOM, 4000000).

start([Set]) ->
    persistent_term:put(?MODULE, [I * 7919 rem 200 || I <- lists:seq(1, 200)]),
    Pieces = pieces(list_to_atom(Set)),
    Costs = [{Name, cost(Fun)} || {Name, Fun} <- Pieces],
    Counters = counters:new(max(length(Pieces), 1), [write_concurrency]),
    start_workers(list_to_atom(Set), list_to_tuple([Fun || {_, Fun} <- Pieces]), Counters),
    io:format("ready ~s~n", [os:getpid()]),
    commands(Costs, Counters, sums(Counters, Costs), statistics(garbage_collection)).

start_workers(idle, _, _) -> ok;
start_workers(crowd, Funs, Counters) ->
    [spawn(?MODULE, worker, [Funs, Counters]) || _ <- lists:seq(1, 100)];
start_workers(brief, Funs, Counters) ->
    [spawn(?MODULE, brief, [Funs, Counters]) || _ <- lists:seq(1, 4)];
start_workers(big, Funs, Counters) ->
    spawn(fun() -> hold(lists:seq(1, 300000), Funs, Counters) end);
start_workers(Set, Funs, Counters) when Set =:= repeat; Set =:= turns ->
    spawn(?MODULE, repeater, [1, Funs, Counters]);
start_workers(_, Funs, Counters) ->
    spawn(?MODULE, worker, [Funs, Counters]).

hold(List, Funs, Counters) ->
    round(Funs, Counters),
    hold(List, Funs, Counters).

worker(Funs, Counters) ->
    round(Funs, Counters),
    worker(Funs, Counters).

repeater(I, Funs, Counters) when I > tuple_size(Funs) ->
    repeater(1, Funs, Counters);
repeater(I, Funs, Counters) ->
    ok = (element(I, Funs))(),
    counters:add(Counters, I, 1),
    repeater(I + 1, Funs, Counters).

%% One process after another.
brief(Funs, Counters) ->
    {_, Ref} = spawn_monitor(fun() -> [round(Funs, Counters) || _ <- lists:seq(1, 200)] end),
    receive {'DOWN', Ref, process, _, _} -> ok end,
    brief(Funs, Counters).

%% In random order: a process that always does the same could meet the end of
%% its heap always at the same place.
round(Funs, Counters) ->
    I = rand:uniform(tuple_size(Funs)),
    ok = (element(I, Funs))(),
    counters:add(Counters, I, 1).

%% --- commands ----------------------------------------------------------------

commands(Costs, Counters, Sums, Collected) ->
    Line = io:get_line(""),
    Line =:= eof andalso halt(),
    case string:lexemes(Line, " \n") of
        ["reset"] ->
            io:format("ok~n"),
            commands(Costs, Counters, sums(Counters, Costs), statistics(garbage_collection));
        ["truth"] ->
            Now = sums(Counters, Costs),
            {Times, Words, _} = statistics(garbage_collection),
            {Times0, Words0, _} = Collected,
            [io:format("~s ~b ~b~n", [Name, 8 * (N - N0) * Heap div 1000, (N - N0) * Binary]) ||
                {{Name, {Heap, Binary}}, N, N0} <- lists:zip3(Costs, Now, Sums)],
            io:format("collected ~b ~b~nend~n", [Times - Times0, 8 * (Words - Words0)]),
            commands(Costs, Counters, Sums, Collected)
    end.

sums(Counters, Costs) ->
    [counters:get(Counters, I) || I <- lists:seq(1, length(Costs))].

%% --- what a piece allocates --------------------------------------------------

%% Thousandths of words on the heap, and bytes of binaries outside of it. The VM
%% knows the heap of a process that waits, and not that of one that asks.
cost(Fun) ->
    {Pid, Ref} = spawn_opt(fun() -> serve(Fun) end,
                           [monitor, {min_heap_size, ?ROOM}, {min_bin_vheap_size, ?ROOM}]),
    [Start, Nothing, Once, Often] = [used(Pid, Times) || Times <- [2, 0, 0, ?TIMES]],
    {minor_gcs, 0} = lists:keyfind(minor_gcs, 1, element(2, process_info(Pid, garbage_collection))),
    exit(Pid, kill),
    receive {'DOWN', Ref, process, Pid, _} -> ok end,
    true = Nothing =/= Start,
    {{Heap0, _}, {Heap1, Binary1}, {Heap2, Binary2}} = {Nothing, Once, Often},
    {1000 * (Heap2 - Heap1 - (Heap1 - Heap0)) div ?TIMES, 8 * (Binary2 - Binary1) div ?TIMES}.

serve(Fun) ->
    receive {From, Times} -> times(Fun, Times), From ! done end,
    serve(Fun).

times(_, 0) -> ok;
times(Fun, N) ->
    ok = Fun(),
    times(Fun, N - 1).

used(Pid, Times) ->
    Pid ! {self(), Times},
    receive done -> ok end,
    at_rest(Pid),
    {garbage_collection_info, Info} = process_info(Pid, garbage_collection_info),
    [Heap, Fragments, Binary] = [element(2, lists:keyfind(Key, 1, Info)) || Key <- [heap_size, mbuf_size, bin_vheap_size]],
    {Heap + Fragments, Binary}.

at_rest(Pid) ->
    case process_info(Pid, status) of
        {status, waiting} -> ok;
        _ -> at_rest(Pid)
    end.

%% --- pieces ------------------------------------------------------------------

pieces(idle) -> [];
pieces(swift) -> [{tuples, fun tuples_piece/0}, {lists, fun lists_piece/0}];
pieces(repeat) ->
    [{seq, fun seq_piece/0}, {reverse, fun reverse_piece/0}, {sort, fun sort_piece/0}];
pieces(_) ->
    [{lists, fun lists_piece/0}, {tuples, fun tuples_piece/0}, {maps, fun maps_piece/0},
     {closures, fun closures_piece/0}, {strings, fun strings_piece/0}, {floats, fun floats_piece/0},
     {small, fun small_piece/0}, {large, fun large_piece/0}, {messages, fun messages_piece/0},
     {deep, fun deep_piece/0}].

seq_piece() ->
    ok = count(lists:seq(1, 200)).

reverse_piece() ->
    ok = count(lists:reverse(persistent_term:get(?MODULE))).

sort_piece() ->
    ok = count(lists:sort(persistent_term:get(?MODULE))).

lists_piece() ->
    ok = count(numbers(90)).

numbers(0) -> [];
numbers(N) -> [N | numbers(N - 1)].

count([]) -> ok;
count([_ | Rest]) -> count(Rest).

tuples_piece() ->
    ok = check(tuple_size(tuples(25, none))).

tuples(0, Last) -> Last;
tuples(N, Last) -> tuples(N - 1, {N, tuple, Last, 1, 2, 3}).

maps_piece() ->
    ok = check(map_size(forms(15, none))).

forms(0, Map) -> Map;
forms(N, Last) -> forms(N - 1, #{name => N, value => N, more => none, last => Last}).

check(N) when is_integer(N) -> ok.

closures_piece() ->
    ok = count(funs(30)).

funs(0) -> [];
funs(N) -> [fun(X) -> X + N end | funs(N - 1)].

strings_piece() ->
    ok = count(texts(4)).

texts(0) -> [];
texts(N) -> [integer_to_list(123456789012345) | texts(N - 1)].

floats_piece() ->
    ok = check(trunc(halves(40, 1.0e9))).

halves(0, X) -> X;
halves(N, X) -> halves(N - 1, element(1, {X / 2})).

small_piece() ->
    ok = count(smalls(20)).

smalls(0) -> [];
smalls(N) -> [<<N:64, N:64, N:64, N:64>> | smalls(N - 1)].

large_piece() ->
    ok = count(larges(3)).

larges(0) -> [];
larges(N) -> [binary:copy(<<N>>, 4000) | larges(N - 1)].

%% The words of the message are those that it has when it is received.
messages_piece() ->
    N = erlang:unique_integer(),
    self() ! {mail, [{N, 2, 3, 4}, {5, N, 7, 8}, {9, 10, N, 12}]},
    self() ! {mail, [N, $a, $t, $e, $x, $t, N]},
    ok = receive {mail, _} -> ok end,
    ok = receive {mail, _} -> ok end.

%% A stack that is deeper than most heaps are large.
deep_piece() ->
    ok = check(deep(400)).

deep(0) -> 0;
deep(N) -> 1 + deep(N - 1).
