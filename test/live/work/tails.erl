%% Functions that end in a call of another one, and so have no stack frame
%% while that runs.
-module(tails).
-export([start/0, by_export/1, sorted/1]).

start() ->
    spawn(fun() -> loop(lists:seq(1, 200)) end),
    io:format("ready ~s~n", [os:getpid()]),
    io:get_line(""),
    halt().

loop(List) ->
    1 = local(List) rem 2,
    1 = by_two(List) rem 2,
    1 = ?MODULE:by_export(List) rem 2,
    1 = by_fun(fun sum/1, List) rem 2,
    200 = length(?MODULE:sorted(List)),
    loop(List).

local(List) -> sum(List).
by_two(List) -> second(List).
second(List) -> sum(List).
by_export(List) -> sum(List).
by_fun(Fun, List) -> Fun(List).
sorted(List) -> lists:reverse(List, []).

%% An odd sum of what comes in.
sum(List) -> sum(List, 1).

sum([_ | Tail], Sum) -> keep(Tail, Sum);
sum([], Sum) -> Sum.

keep(Tail, Sum) ->
    Kept = kept(Sum, 2),
    sum(Tail, Kept).

kept(0, 2) -> 0;
kept(Sum, More) -> Sum + More.
