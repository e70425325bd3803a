%% Processes of which it is known what they allocate and keep. Each round
%% makes a list of 200 numbers:
%%
%% garbage_churner drops it; garbage_keeper keeps the newest ?KEPT of them;
%% garbage_grower keeps all.
%%
%% The command "sizes" on stdin prints a line "NAME ROUNDS HEAP_BYTES SURVIVED
%% COLLECTIONS" for each, and "end". SURVIVED is what the VM's own trace says: at
%% the start of a collection, the bytes that the one before has left in the young
%% heap (recent_size), if it was a minor one.
-module(garbage_work).
-export([start/0, tracer/2, churner/1, keeper/1, grower/2]).

-define(LENGTH, 200).
-define(KEPT, 300).
%% Words of the young heap from the start: a round is small compared with it.
-define(ROOM, 20000).

start() ->
    Rounds = counters:new(3, []),
    Collected = counters:new(6, []),
    Options = [{min_heap_size, ?ROOM}],
    Pids = [spawn_opt(?MODULE, Name, Arguments, Options)
            || {Name, Arguments} <- [{churner, [Rounds]}, {keeper, [Rounds]}, {grower, [Rounds, []]}]],
    Names = [garbage_churner, garbage_keeper, garbage_grower],
    [register(Name, Pid) || {Name, Pid} <- lists:zip(Names, Pids)],
    spawn(?MODULE, tracer, [Pids, Collected]),
    io:format("ready ~s~n", [os:getpid()]),
    commands(lists:zip(lists:seq(1, 3), Names), Rounds, Collected).

commands(Names, Rounds, Collected) ->
    io:get_line("") =:= eof andalso halt(),
    [begin
         {total_heap_size, Words} = process_info(whereis(Name), total_heap_size),
         io:format("~s ~b ~b ~b ~b~n",
                   [Name, counters:get(Rounds, I), 8 * Words,
                    8 * counters:get(Collected, I), counters:get(Collected, 3 + I)])
     end || {I, Name} <- Names],
    io:format("end~n"),
    commands(Names, Rounds, Collected).

tracer(Pids, Collected) ->
    [1 = erlang:trace(Pid, true, [garbage_collection]) || Pid <- Pids],
    count(maps:from_list(lists:zip(Pids, lists:seq(1, 3))), Collected).

count(Indexes, Collected) ->
    receive
        {trace, Pid, Tag, Info} when Tag =:= gc_minor_start; Tag =:= gc_major_start ->
            #{recent_size := Recent, old_heap_block_size := Old} = maps:from_list(Info),
            I = maps:get(Pid, Indexes),
            Old > 0 andalso counters:add(Collected, I, Recent),
            counters:add(Collected, 3 + I, 1);
        {trace, _, _, _} ->
            ok
    end,
    count(Indexes, Collected).

churner(Rounds) ->
    ?LENGTH = length(lists:seq(1, ?LENGTH)),
    done(Rounds, 1),
    churner(Rounds).

keeper(Rounds) ->
    put(counters:get(Rounds, 2) rem ?KEPT, lists:seq(1, ?LENGTH)),
    done(Rounds, 2),
    keeper(Rounds).

grower(Rounds, Kept) ->
    More = [lists:seq(1, ?LENGTH) | Kept],
    done(Rounds, 3),
    grower(Rounds, More).

%% A short sleep lets the others have their turn.
done(Rounds, I) ->
    counters:add(Rounds, I, 1),
    timer:sleep(1).
