%% Threads that do what is known, of a node with four schedulers: `spinner' computes below a chain of DEPTH calls,
%% `burner' in a NIF, `dirty_burner' in one on a dirty CPU scheduler; `reader' reads a pipe that nobody writes to, on a
%% dirty IO scheduler; `talker' has a port to a program that says something all the time. The other schedulers are idle.
%% On stdin: `talk' begins to talk.
-module(threaded).
-export([start/1, spinner/1, burner/0, dirty_burner/0, reader/1, talker/0]).

start([Dir, Fifo, Depth]) ->
    ok = busy_nif:load(Dir),
    register(spinner, spawn(?MODULE, spinner, [list_to_integer(Depth)])),
    register(burner, spawn(?MODULE, burner, [])),
    register(dirty_burner, spawn(?MODULE, dirty_burner, [])),
    register(reader, spawn(?MODULE, reader, [Fifo])),
    register(talker, spawn(?MODULE, talker, [])),
    until(fun() -> is_in(reader, prim_file, read_nif) andalso is_in(dirty_burner, busy_nif, burn_dirty_cpu) end),
    io:format("ready ~s~n", [os:getpid()]),
    listen().

listen() ->
    case io:get_line("") of
        "talk\n" -> talker ! talk;
        eof -> halt()
    end,
    listen().

until(Fun) -> Fun() orelse begin timer:sleep(10), until(Fun) end.

is_in(Name, Module, Function) ->
    case process_info(whereis(Name), current_function) of
        {current_function, {Module, Function, _}} -> true;
        _ -> false
    end.

spinner(0) -> spin(1, persistent_term:get(last, none));
spinner(N) -> 1 + spinner(N - 1).

%% The compiler must believe that it may return, or the calls above become tail calls.
spin(Last, Last) -> 0;
spin(N, Last) -> spin((N bxor (N bsl 1)) band 16#ffffff, Last).

%% A millisecond each.
burner() ->
    busy_nif:burn(1000),
    burner().

%% Ten minutes.
dirty_burner() ->
    busy_nif:burn_dirty_cpu(600000000),
    dirty_burner().

%% It is open for writing, too, so that it never ends.
reader(Fifo) ->
    {ok, File} = file:open(Fifo, [read, write, raw]),
    Read = file:read(File, 1),
    exit(Read).

talker() ->
    receive talk -> ok end,
    Port = open_port({spawn, "yes"}, [binary]),
    hear(Port).

hear(Port) ->
    receive {Port, {data, _}} -> hear(Port) end.
