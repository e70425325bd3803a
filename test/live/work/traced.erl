%% Calls functions that a trace pattern was left on, though nobody is traced.
-module(traced).
-export([start/0, sum/1]).

start() ->
    erlang:trace_pattern({?MODULE, sum, 1}, true, [local]),
    spawn(fun loop/0),
    io:format("ready ~s~n", [os:getpid()]),
    io:get_line(""),
    halt().

loop() ->
    sum(20),
    loop().

sum(0) -> 0;
sum(N) -> N + sum(N - 1).
