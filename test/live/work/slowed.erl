%% Work in rounds of known iterations, of which one function's are a factor
%% more: how much slower that was made is known.
-module(slowed).
-export([start/1, loop/1, hash/2, walk/2, sum/2, table/2, sort/2, text/2]).

%% Percent: what `hash' does, of what it does by itself.
start([Percent]) ->
    Rounds = 400 * list_to_integer(Percent) div 100,
    _ = ets:new(slowed, [named_table, public]),
    [ets:insert(slowed, {N, N}) || N <- lists:seq(1, 1000)],
    Worker = spawn(?MODULE, loop, [Rounds]),
    register(slowed_worker, Worker),
    io:format("ready ~s~n", [os:getpid()]),
    _ = io:get_line(""),
    erlang:halt(0).

loop(Rounds) ->
    _ = hash(Rounds, 1),
    _ = walk(60, lists:seq(1, 50)),
    _ = sum(1500, 0),
    _ = table(120, 1),
    _ = sort(6, [N * 7919 rem 61 || N <- lists:seq(1, 60)]),
    _ = text(8, "a text that is split"),
    loop(Rounds).

%% Erlang alone, no call: its time is its iterations.
hash(0, Hash) ->
    Hash;
hash(N, Hash) ->
    hash(N - 1, (Hash * 33 + N) band 16#ffffff).

walk(0, List) ->
    List;
walk(N, List) ->
    walk(N - 1, lists:reverse(List)).

sum(0, Sum) ->
    Sum;
sum(N, Sum) ->
    sum(N - 1, (Sum bxor N) band 16#ffff).

table(0, N) ->
    N;
table(Left, N) ->
    [{_, M}] = ets:lookup(slowed, N),
    table(Left - 1, M rem 1000 + 1).

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
