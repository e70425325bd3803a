%% Work of known iterations, of which one function does more: how much slower
%% it was made is known. Each of the workers does all of it. Most of the rest
%% is of the same kind as that function: what else a machine runs slows
%% different kinds of code differently. No two rounds are the same: samples of
%% a period would fall on the same places of a round of a fixed length.
-module(slowed).
-export([start/1, loop/3, hash/2, spread/2, mix/2, sum/2, table/3, sort/2, text/2]).

-define(WORKERS, 2).

%% Percent: what hash/2 does, of what it does by itself.
start([Percent]) ->
    Rounds = 7000 * list_to_integer(Percent) div 100,
    [spawn(fun() -> worker(Rounds) end) || _ <- lists:seq(1, ?WORKERS)],
    io:format("ready ~s~n", [os:getpid()]),
    _ = io:get_line(""),
    erlang:halt(0).

worker(Rounds) ->
    Table = ets:new(slowed, []),
    [ets:insert(Table, {N, N}) || N <- lists:seq(1, 1000)],
    loop(Rounds, Table, erlang:unique_integer([positive])).

loop(Rounds, Table, Seed0) ->
    {Hash, Seed1} = vary(Rounds, Seed0),
    {Spread, Seed2} = vary(3500, Seed1),
    {Mix, Seed3} = vary(3500, Seed2),
    {Sum, Seed4} = vary(2000, Seed3),
    _ = hash(Hash, 1),
    _ = spread(Spread, 1),
    _ = mix(Mix, 1),
    _ = sum(Sum, 0),
    _ = table(60, 1, Table),
    _ = sort(3, [N * 7919 rem 61 || N <- lists:seq(1, 60)]),
    _ = text(4, "a text that is split"),
    loop(Rounds, Table, Seed4).

%% Half to one and a half as many, as many on average.
vary(Iterations, Seed) ->
    Next = (Seed * 1103515245 + 12345) band 16#7fffffff,
    {Iterations * (500 + (Next bsr 12) rem 1001) div 1000, Next}.

%% Calls nothing: its time is its iterations.
hash(0, Hash) ->
    Hash;
hash(N, Hash) ->
    hash(N - 1, (Hash * 33 + N) band 16#ffffff).

spread(0, Hash) ->
    Hash;
spread(N, Hash) ->
    spread(N - 1, (Hash * 31 + N) band 16#ffffff).

mix(0, Hash) ->
    Hash;
mix(N, Hash) ->
    mix(N - 1, (Hash * 37 + N) band 16#ffffff).

sum(0, Sum) ->
    Sum;
sum(N, Sum) ->
    sum(N - 1, (Sum bxor N) band 16#ffff).

table(0, N, _) ->
    N;
table(Left, N, Table) ->
    [{_, M}] = ets:lookup(Table, N),
    table(Left - 1, M rem 1000 + 1, Table).

sort(0, List) ->
    List;
sort(N, List) ->
    _ = lists:sort(List),
    sort(N - 1, List).

text(0, Text) ->
    Text;
text(N, Text) ->
    _ = string:split(Text, " ", all),
    text(N - 1, Text).
