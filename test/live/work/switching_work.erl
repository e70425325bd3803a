%% Work that goes from thread to thread, for the bench of what sampling costs there.
%%
%%   reads FILE     a file, read over the dirty IO schedulers
%%   port           a port program that echoes
%%   pingpong PORT  a byte to the echo server there, and back
%%   echo           a server on loopback that sends back what it gets
%%
%% Commands on stdin: "rounds" prints how many were done since the start, "port" where the server listens.
-module(switching_work).

-export([start/1]).

start([Kind | Args]) ->
    Rounds = counters:new(1, []),
    Port = start_work(list_to_atom(Kind), Args, Rounds),
    io:format("ready ~s~n", [os:getpid()]),
    commands(Rounds, Port).

commands(Rounds, Port) ->
    case io:get_line("") of
        "rounds\n" -> io:format("~b~n", [counters:get(Rounds, 1)]);
        "port\n" -> io:format("~b~n", [Port]);
        eof -> halt()
    end,
    commands(Rounds, Port).

start_work(reads, [File], Rounds) ->
    spawn_link(fun() ->
        {ok, Fd} = file:open(File, [read, raw, binary]),
        forever(Rounds, fun() -> {ok, _} = file:pread(Fd, 0, 4096) end)
    end),
    0;
start_work(port, [], Rounds) ->
    spawn_link(fun() ->
        Port = open_port({spawn_executable, os:find_executable("cat")}, [binary]),
        forever(Rounds, fun() ->
            port_command(Port, <<"x">>),
            receive {Port, {data, _}} -> ok end
        end)
    end),
    0;
start_work(pingpong, [To], Rounds) ->
    spawn_link(fun() ->
        {ok, Socket} = gen_tcp:connect({127, 0, 0, 1}, list_to_integer(To), options()),
        forever(Rounds, fun() ->
            ok = gen_tcp:send(Socket, <<"x">>),
            receive {tcp, Socket, _} -> ok end
        end)
    end),
    0;
start_work(echo, [], Rounds) ->
    {ok, Listen} = gen_tcp:listen(0, [{ip, {127, 0, 0, 1}}, {backlog, 512} | options()]),
    spawn_link(fun() -> accept(Listen, Rounds) end),
    {ok, Port} = inet:port(Listen),
    Port.

options() -> [binary, {active, true}, {nodelay, true}].

accept(Listen, Rounds) ->
    {ok, Socket} = gen_tcp:accept(Listen),
    Server = spawn(fun() -> receive go -> echo(Socket, Rounds) end end),
    ok = gen_tcp:controlling_process(Socket, Server),
    Server ! go,
    accept(Listen, Rounds).

echo(Socket, Rounds) ->
    receive
        {tcp, Socket, Data} ->
            _ = gen_tcp:send(Socket, Data),
            counters:add(Rounds, 1, 1),
            echo(Socket, Rounds);
        {tcp_closed, Socket} ->
            ok
    end.

forever(Rounds, Fun) ->
    Fun(),
    counters:add(Rounds, 1, 1),
    forever(Rounds, Fun).
