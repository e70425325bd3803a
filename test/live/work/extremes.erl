%% Nodes of unusual size. What is busy is always in busy/1.
%%
%%   deep   one process, 100,000 frames deep
%%   many   100,000 processes that wake now and then, and a busy one
%%   spin   four busy processes
-module(extremes).
-export([start/1, deep/1, waker/0, busy/0]).

start([What]) ->
    begin_work(What),
    io:format("ready ~s~n", [os:getpid()]),
    io:get_line(""),
    halt().

begin_work("deep") ->
    spawn(?MODULE, deep, [100000]);
begin_work("many") ->
    [spawn(?MODULE, waker, []) || _ <- lists:seq(1, 100000)],
    spawn(?MODULE, busy, []);
begin_work("spin") ->
    [spawn(?MODULE, busy, []) || _ <- lists:seq(1, 4)].

deep(0) ->
    busy();
deep(N) ->
    1 + deep(N - 1).

%% It could end, for all that the compiler knows.
busy() ->
    busy(1000000),
    case get(enough) of
        undefined -> busy();
        Result -> Result
    end.

busy(0) -> 0;
busy(N) -> busy(N - 1).

waker() ->
    receive after 10000 -> waker() end.
