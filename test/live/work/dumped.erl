%% Processes that do what is known. `planted': WAITERS that wait in one function, one of them with a name; SERVERS
%% gen_servers; one below a chain of DEPTH calls; one suspended; one hibernated; one that spins; one in a dirty NIF.
%% `many': COUNT that wait. `churn': processes that live for moments, whose calls are all even or all odd, as the
%% functions are that they began with. `exits': processes that take long to exit.
%% On stdin: `stacks' prints what the node itself says of the planted ones, `count' how many processes there are.
-module(dumped).
-behaviour(gen_server).
-export([start/1, init/1, handle_call/3, handle_cast/2]).
-export([waiter/0, chain/1, parked/0, sleeper/0, woken/0, spinner/0, in_nif/0, even/1, odd/1, owner/0]).

start([Dir, "planted", Waiters, Servers, Depth]) ->
    erlang:system_flag(backtrace_depth, 1000),
    ok = busy_nif:load(Dir),
    [First | _] = Waiting = [spawn(?MODULE, waiter, []) || _ <- lists:seq(1, number(Waiters))],
    register(the_waiter, lists:last(Waiting)),
    [{ok, Server} | _] = [gen_server:start(?MODULE, [], []) || _ <- lists:seq(1, number(Servers))],
    Chain = spawn(?MODULE, chain, [number(Depth)]),
    Parked = spawn(?MODULE, parked, []),
    Sleeper = spawn(?MODULE, sleeper, []),
    spawn(?MODULE, spinner, []),
    InNif = spawn(?MODULE, in_nif, []),
    at_rest([First, Chain, Parked, Sleeper]),
    until(fun() -> status(InNif) =:= running end),
    true = erlang:suspend_process(Parked),
    io:format("ready ~s~n", [os:getpid()]),
    talk([{waiter, First}, {server, Server}, {chain, Chain}, {parked, Parked}]);
start([_, "many", Count]) ->
    All = [spawn(?MODULE, waiter, []) || _ <- lists:seq(1, number(Count))],
    at_rest(All),
    io:format("ready ~s~n", [os:getpid()]),
    talk([]);
start([_, "exits"]) ->
    spawn(fun exits/0),
    io:format("ready ~s~n", [os:getpid()]),
    talk([]);
start([_, "churn"]) ->
    [spawn(fun() -> churn(N) end) || N <- lists:seq(1, 8)],
    io:format("ready ~s~n", [os:getpid()]),
    talk([]).

number(Text) -> list_to_integer(Text).

at_rest(Pids) -> until(fun() -> lists:all(fun(Pid) -> status(Pid) =:= waiting end, Pids) end).

until(Fun) -> Fun() orelse begin timer:sleep(10), until(Fun) end.

status(Pid) ->
    {status, Status} = process_info(Pid, status),
    Status.

talk(Planted) ->
    case io:get_line("") of
        "stacks\n" ->
            [say(Kind, process_info(Pid, current_stacktrace)) || {Kind, Pid} <- Planted],
            io:format("end~n");
        "count\n" ->
            io:format("~w~n", [erlang:system_info(process_count)]);
        "hibernated\n" ->
            io:format("~w~n", [length([P || P <- processes(), hibernates(P)])]);
        eof ->
            halt()
    end,
    talk(Planted).

hibernates(Pid) -> process_info(Pid, current_function) =:= {current_function, {erlang, hibernate, 3}}.

say(Kind, {current_stacktrace, Frames}) ->
    [
        io:format("~s ~s:~s/~w ~s ~w~n", [
            Kind, M, F, A, filename:basename(proplists:get_value(file, Where, "")), proplists:get_value(line, Where, 0)
        ])
     || {M, F, A, Where} <- Frames
    ].

%% --- planted ---

waiter() ->
    wait_here(),
    waiter().

wait_here() ->
    receive
        stop -> ok
    end.

init([]) -> {ok, []}.
handle_call(_, _, State) -> {reply, ok, State}.
handle_cast(_, State) -> {noreply, State}.

chain(0) ->
    wait_here(),
    0;
chain(N) ->
    1 + chain(N - 1).

parked() ->
    wait_here(),
    parked().

sleeper() -> erlang:hibernate(?MODULE, woken, []).
woken() -> ok.

spinner() ->
    lists:seq(1, 100),
    spinner().

%% Ten minutes.
in_nif() ->
    ok = busy_nif:wait_io(600000000),
    in_nif().

%% --- exits ---

%% A table of its is taken to pieces while the process exits.
owner() ->
    Table = ets:new(rows, []),
    true = ets:insert(Table, [{N} || N <- lists:seq(1, 200000)]).

exits() ->
    {_, Ref} = spawn_monitor(?MODULE, owner, []),
    receive {'DOWN', Ref, _, _, _} -> exits() end.

%% --- churn ---

churn(N) ->
    Function = case N rem 2 of 0 -> even; 1 -> odd end,
    Refs = [
        element(2, spawn_monitor(?MODULE, Function, [Depth]))
     || Depth <- lists:seq(1, 40)
    ],
    [receive {'DOWN', Ref, _, _, _} -> ok end || Ref <- Refs],
    churn(N + 2).

even(0) -> even_work();
even(N) -> [even(N - 1) | even_work()].

odd(0) -> odd_work();
odd(N) -> [odd(N - 1) | odd_work()].

even_work() ->
    even_pause(),
    [even].

odd_work() ->
    odd_pause(),
    [odd].

%% They wait, are woken up, make garbage and end.
even_pause() ->
    receive after 0 -> lists:seq(1, 50) end,
    erlang:yield().

odd_pause() ->
    receive after 1 -> lists:seq(1, 20) end,
    erlang:yield().
