%% One gen_server, the bottleneck of 1,000 clients. A piece is shorter than a
%% process's turn and begins with a new one (the server yields, a client was
%% just woken), so none is preempted and its thread's clock is its own.
-module(known_messages).
-behaviour(gen_server).
-export([pieces/0, start/2, client/2, init/1, handle_call/3, handle_cast/2]).

-define(CLIENTS, 1000).
-define(SERVER, known_server).

pieces() ->
    [hash, lookup, client].

start(Timing, Rounds) ->
    {ok, Server} = gen_server:start({local, ?SERVER}, ?MODULE, {Timing, Rounds}, []),
    [Server | [spawn(?MODULE, client, [Timing, N]) || N <- lists:seq(1, ?CLIENTS)]].

client(Timing, N) ->
    Value = gen_server:call(?SERVER, {look, N}, infinity),
    known_clock:timed(3, fun() -> client_piece(Value) end, Timing),
    client(Timing, N).

init({Timing, Rounds}) ->
    known_table = ets:new(known_table, [named_table]),
    [ets:insert(known_table, {N, N}) || N <- lists:seq(1, ?CLIENTS)],
    {ok, {Timing, Rounds}}.

handle_call({look, N}, _, {Timing, Rounds} = State) ->
    erlang:yield(),
    known_clock:timed(1, fun() -> hash_piece(N) end, Timing),
    known_clock:timed(2, fun() -> lookup_piece(N) end, Timing),
    counters:add(Rounds, 1, 1),
    {reply, N, State}.

handle_cast(_, State) ->
    {noreply, State}.

hash_piece(N) ->
    _ = hash(500, N),
    ok.

hash(0, Hash) ->
    Hash;
hash(N, Hash) ->
    hash(N - 1, erlang:phash2({N, Hash})).

lookup_piece(N) ->
    _ = lookup(150, N),
    ok.

lookup(0, N) ->
    N;
lookup(Left, N) ->
    [{_, M}] = ets:lookup(known_table, N),
    lookup(Left - 1, M rem ?CLIENTS + 1).

client_piece(Value) ->
    _ = total(list(700, Value), 0),
    ok.

list(0, _) ->
    [];
list(N, X) ->
    [X + N | list(N - 1, X)].

total([], Total) ->
    Total;
total([X | Rest], Total) ->
    total(Rest, Total + X).
