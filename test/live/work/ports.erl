%% Processes that wait for ports and sockets, and measure for how long:
%%
%%   program    CLIENTS owners of a program, sh, which answers after 50 ms
%%   tcp        CLIENTS that ask a server over TCP, which answers after 30 ms (with `socket': through the module socket)
%%   busy       `sender', which sends to a program that does not read
%%   quiet      acceptors, servers of connections on which nobody asks, readers of UDP, the owner of a program: nobody
%%              waits for an answer
%%
%% Clients pause between their questions. On stdin: `begin' forgets what was measured, `truth' prints it: nanoseconds
%% of all clients in questions and in pauses. The first line has the server's port, or 0.
-module(ports).
-export([start/1, client/2, ask/1, acceptor/2, connection/1, reader/1, owner/1, sender/1]).

start(["program", Clients]) ->
    Sums = sums(),
    [spawn(fun() -> client(Sums, {program, late_program()}) end) || _ <- clients(Clients)],
    ready(Sums);
start(["tcp", Clients | Backend]) ->
    Sums = sums(),
    Options = [binary, {active, false}, {packet, 2}],
    {ok, Listener} = gen_tcp:listen(0, backend(Backend) ++ [{backlog, 100} | Options]),
    {ok, Port} = inet:port(Listener),
    spawn(?MODULE, acceptor, [Listener, 30]),
    [spawn(fun() -> client(Sums, connected(Port, backend(Backend) ++ Options)) end) || _ <- clients(Clients)],
    ready(Sums);
start(["busy"]) ->
    Sender = spawn(fun() -> sender(deaf_program()) end),
    suspended(Sender),
    ready(sums());
start(["quiet"]) ->
    {ok, Listener} = gen_tcp:listen(0, [binary, {active, false}, {packet, 2}, {backlog, 100}]),
    {ok, Port} = inet:port(Listener),
    [spawn(?MODULE, acceptor, [Listener, 30]) || _ <- lists:seq(1, 5)],
    spawn(fun() ->
        Sockets = [connected(Port, [binary, {active, false}, {packet, 2}]) || _ <- lists:seq(1, 20)],
        receive
            never -> Sockets
        end
    end),
    [spawn(?MODULE, reader, [udp]) || _ <- lists:seq(1, 3)],
    spawn(?MODULE, owner, [program]),
    ready(sums()).

sums() -> counters:new(2, [write_concurrency]).

clients(Text) -> lists:seq(1, list_to_integer(Text)).

backend([]) -> [];
backend(["socket"]) -> [{inet_backend, socket}].

ready(Sums) ->
    timer:sleep(300),
    io:format("ready ~s~n", [os:getpid()]),
    talk(Sums).

talk(Sums) ->
    case io:get_line("") of
        "begin\n" -> [counters:put(Sums, I, 0) || I <- [1, 2]];
        "truth\n" -> io:format("~b ~b~n", [counters:get(Sums, I) || I <- [1, 2]]);
        eof -> halt()
    end,
    talk(Sums).

%% --- those who ask -------------------------------------------------------------

client(Sums, How) ->
    timed(Sums, 1, fun() -> ask(How) end),
    timed(Sums, 2, fun() -> timer:sleep(rand:uniform(60)) end),
    client(Sums, How).

timed(Sums, I, Fun) ->
    From = erlang:monotonic_time(nanosecond),
    Fun(),
    counters:add(Sums, I, erlang:monotonic_time(nanosecond) - From).

ask({program, Port}) ->
    true = port_command(Port, "question\n"),
    receive
        {Port, {data, {eol, "answer"}}} -> ok
    end;
ask(Socket) ->
    ok = gen_tcp:send(Socket, <<"question">>),
    {ok, <<"answer">>} = gen_tcp:recv(Socket, 0),
    ok.

%% --- those who answer ----------------------------------------------------------

late_program() ->
    open_port({spawn, "sh -c 'exec 2>/dev/null; while read x; do sleep 0.05; echo answer; done'"}, [{line, 100}]).

%% It does not read, so it would not notice the end of the node by that.
deaf_program() ->
    Loop = "while kill -0 " ++ os:getpid() ++ " 2>/dev/null; do sleep 1; done",
    open_port({spawn_executable, "/bin/sh"}, [{args, ["-c", Loop]}]).

connected(Port, Options) ->
    {ok, Socket} = gen_tcp:connect({127, 0, 0, 1}, Port, Options),
    Socket.

acceptor(Listener, Ms) ->
    {ok, Socket} = gen_tcp:accept(Listener),
    Pid = spawn(fun() ->
        receive
            go -> connection({Socket, Ms})
        end
    end),
    ok = gen_tcp:controlling_process(Socket, Pid),
    Pid ! go,
    acceptor(Listener, Ms).

connection({Socket, Ms}) ->
    {ok, <<"question">>} = gen_tcp:recv(Socket, 0),
    timer:sleep(Ms),
    ok = gen_tcp:send(Socket, <<"answer">>),
    connection({Socket, Ms}).

%% --- the others ----------------------------------------------------------------

reader(udp) ->
    {ok, Socket} = gen_udp:open(0, [{active, false}]),
    reader(Socket);
reader(Socket) ->
    {ok, _} = gen_udp:recv(Socket, 0),
    reader(Socket).

owner(program) ->
    owner(late_program());
owner(Port) ->
    receive
        {Port, Message} -> error(Message)
    end.

sender(Port) ->
    true = port_command(Port, binary:copy(<<"x">>, 65536)),
    sender(Port).

suspended(Pid) ->
    case process_info(Pid, status) of
        {status, suspended} ->
            ok;
        _ ->
            timer:sleep(10),
            suspended(Pid)
    end.
