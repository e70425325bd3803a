%% Processes that each do one kind of thing, under names that say which, and
%% count what they did: a burner burns PIECE_US of CPU at a time in a NIF.
%%
%% Commands on stdin: "reset" begins to count anew; "truth" prints "NAME COUNT"
%% lines and "end"; "short lives" runs processes of about a millisecond, one
%% after another, and prints "ok".
-module(kinds).
-export([start/1, burner/2, collector/1, sleeper/0, blocked/0, short_life/1]).

-define(PIECE_US, 1000).
-define(BURNERS, [{on_normal, burn}, {on_dirty_cpu, burn_dirty_cpu},
                  {on_dirty_io, burn_dirty_io}]).
-define(SHORT_LIVES, 2000).

start([Dir, What]) ->
    busy_nif:load(Dir),
    Counts = counters:new(length(?BURNERS), []),
    What =:= "kinds" andalso start_kinds(Counts),
    io:format("ready ~s~n", [os:getpid()]),
    commands(Counts).

start_kinds(Counts) ->
    Burners = lists:enumerate(?BURNERS),
    [register(Name, spawn(?MODULE, burner, [Burn, fun() -> counters:add(Counts, N, 1) end])) ||
        {N, {Name, Burn}} <- Burners],
    register(collects, spawn(?MODULE, collector, [lists:seq(1, 200000)])),
    register(sleeps, spawn(?MODULE, sleeper, [])),
    register(blocked_in_nif, spawn(?MODULE, blocked, [])).

commands(Counts) ->
    case io:get_line("") of
        "reset\n" ->
            [counters:put(Counts, N, 0) || {N, _} <- lists:enumerate(?BURNERS)],
            io:format("ok~n");
        "truth\n" ->
            [io:format("~s ~b~n", [Name, counters:get(Counts, N)]) ||
                {N, {Name, _}} <- lists:enumerate(?BURNERS)],
            io:format("end~n");
        "short lives\n" ->
            short_lives(?SHORT_LIVES),
            io:format("ok~n");
        eof ->
            halt()
    end,
    commands(Counts).

burner(Burn, Count) ->
    busy_nif:Burn(?PIECE_US),
    Count(),
    burner(Burn, Count).

collector(Alive) ->
    erlang:garbage_collect(),
    collector(Alive).

sleeper() ->
    timer:sleep(20),
    sleeper().

blocked() ->
    busy_nif:wait_io(100000),
    blocked().

short_lives(0) ->
    ok;
short_lives(N) ->
    {_, Monitor} = spawn_monitor(?MODULE, short_life, [400000]),
    receive {'DOWN', Monitor, _, _, _} -> ok end,
    short_lives(N - 1).

short_life(0) ->
    ok;
short_life(N) ->
    short_life(N - 1).
