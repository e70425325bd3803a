%% A node to watch:
%%
%%   burner   runs topped:burn/1 all the time
%%   hoarder  gets a message every 10 ms and receives none
%%   db       a gen_server that does not answer; CALLERS ask it
%%   keeper   refers to a binary of 20 MB
%%   MANY     idle processes
%%
%% On stdin: `queue' prints the number of messages of hoarder, `processes' that of processes, `db' the pid of db.
-module(topped).
-behaviour(gen_server).
-export([start/1, init/1, handle_call/3, handle_cast/2]).
-export([burner/0, burn/1, hoarder/0, keeper/1, caller/0, idler/0]).

start([Callers, Many]) ->
    {ok, _} = gen_server:start({local, db}, ?MODULE, [], []),
    register(burner, spawn(?MODULE, burner, [])),
    register(hoarder, spawn(?MODULE, hoarder, [])),
    register(keeper, spawn(?MODULE, keeper, [20 bsl 20])),
    [spawn(?MODULE, caller, []) || _ <- lists:seq(1, list_to_integer(Callers))],
    [spawn(?MODULE, idler, []) || _ <- lists:seq(1, list_to_integer(Many))],
    {ok, _} = timer:send_interval(10, whereis(hoarder), message),
    io:format("ready ~s~n", [os:getpid()]),
    talk().

talk() ->
    case io:get_line("") of
        "queue\n" ->
            {message_queue_len, N} = process_info(whereis(hoarder), message_queue_len),
            io:format("~w~n", [N]);
        "db\n" ->
            io:format("~w~n", [whereis(db)]);
        "processes\n" ->
            io:format("~w~n", [erlang:system_info(process_count)]);
        eof ->
            halt()
    end,
    talk().

burner() -> burn(0), burner().

burn(1000000) -> ok;
burn(N) -> burn(N + 1).

hoarder() -> receive never -> hoarder() end.

keeper(Bytes) ->
    Binary = binary:copy(<<"x">>, Bytes),
    receive
        get -> Binary
    end.

caller() -> gen_server:call(db, ask, infinity).

idler() -> receive stop -> ok end.

init([]) -> {ok, []}.

handle_call(ask, _, State) -> {noreply, State}.

handle_cast(_, State) -> {noreply, State}.
