%% One process that does early/1 until it is told "switch", then late/1. Says when by the system's clock:
%% "switched NS", between the last of the one and the first of the other.
-module(phases).
-export([start/0, work/1, early/1, late/1]).

start() ->
    process_flag(priority, high),
    Worker = spawn(?MODULE, work, [self()]),
    io:format("ready ~s~n", [os:getpid()]),
    commands(Worker).

commands(Worker) ->
    case io:get_line("") of
        "switch\n" ->
            Worker ! switch,
            receive
                {switched, At} -> io:format("switched ~w~n", [At])
            end,
            commands(Worker);
        eof ->
            halt()
    end.

work(Parent) ->
    early(20000),
    receive
        switch ->
            Parent ! {switched, os:system_time(nanosecond)},
            late_for_ever()
    after 0 -> work(Parent)
    end.

late_for_ever() ->
    late(20000),
    late_for_ever().

early(0) -> ok;
early(N) -> early(N - 1).

late(0) -> ok;
late(N) -> late(N - 1).
