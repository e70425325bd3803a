%% What a function allocates, by the VM's own count: a process that is large enough
%% calls it many times without a collection. Another one, which it finds as
%% get(server), may have a part in it.
-module(alloc_cost).
-export([count/2]).

-define(TIMES, 50).
-define(ROOM, 4000000).

%% Thousandths of words on the heap, and bytes of binaries outside of it.
count(Fun, Serve) ->
    Room = [{min_heap_size, ?ROOM}, {min_bin_vheap_size, ?ROOM}],
    Server = spawn_opt(Serve, Room),
    {Pid, Ref} = spawn_opt(fun() -> put(server, Server), serve(Fun) end, [monitor | Room]),
    [Start, Nothing, Once, Often] = [used([Pid, Server], Times) || Times <- [2, 0, 0, ?TIMES]],
    [{minor_gcs, 0} = lists:keyfind(minor_gcs, 1, element(2, process_info(P, garbage_collection))) || P <- [Pid, Server]],
    [exit(P, kill) || P <- [Pid, Server]],
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

used([Pid | _] = Pids, Times) ->
    Pid ! {self(), Times},
    receive done -> ok end,
    {Heaps, Binaries} = lists:unzip([used(P) || P <- Pids]),
    {lists:sum(Heaps), lists:sum(Binaries)}.

%% The VM knows the heap of a process that waits, and not that of one that asks.
used(Pid) ->
    at_rest(Pid),
    {garbage_collection_info, Info} = process_info(Pid, garbage_collection_info),
    [Heap, Fragments, Binary] = [element(2, lists:keyfind(Key, 1, Info)) || Key <- [heap_size, mbuf_size, bin_vheap_size]],
    {Heap + Fragments, Binary}.

at_rest(Pid) ->
    case process_info(Pid, status) of
        {status, waiting} -> ok;
        _ -> at_rest(Pid)
    end.
