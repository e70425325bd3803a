%% Processes that wait for each other, and measure for how long:
%%
%%   CUSTOMERS customers -> till, which takes 3 ms for each; then they pause
%%   5 clerks -> front -> middle -> back, which takes 5 ms
%%
%% `deadlock': left -> right -> left. `turns': one, two and three ask the next one, in turn.
%% `crowded': 6 processes that always have work. `short': processes that live for 10 ms; `truth' has their time.
%% `quiet': servers that nobody asks. `sleep': one that sleeps in its first function, and two that are in their main
%% loop, with a time limit and for ever.
%% On stdin: `begin' forgets what was measured, `truth' prints it: nanoseconds of all customers in calls and in pauses.
-module(queues).
-behaviour(gen_server).
-export([start/1, init/1, handle_call/3, handle_cast/2, customer/1, clerk/0, poke/1, spin/1, births/1]).
-export([sleeper/0, listener/0, statue/0]).

start(["queues", Customers]) ->
    Sums = counters:new(2, [write_concurrency]),
    server(till, 3),
    server(back, 5),
    server(middle, back),
    server(front, middle),
    [spawn(?MODULE, customer, [Sums]) || _ <- lists:seq(1, list_to_integer(Customers))],
    [spawn(?MODULE, clerk, []) || _ <- lists:seq(1, 5)],
    ready(Sums);
start(["deadlock"]) ->
    server(left, right),
    server(right, left),
    [spawn(?MODULE, poke, [Name]) || Name <- [left, right]],
    ready(none);
start(["turns"]) ->
    [server(Name, Next) || {Name, Next} <- [{one, two}, {two, three}, {three, one}]],
    spawn(fun() -> turns([one, two, three]) end),
    ready(none);
start(["short"]) ->
    Sums = counters:new(2, [write_concurrency]),
    [spawn(?MODULE, births, [Sums]) || _ <- lists:seq(1, 5)],
    ready(Sums);
start(["crowded"]) ->
    [spawn(?MODULE, spin, [N]) || N <- lists:seq(1, 6)],
    ready(none);
start(["sleep"]) ->
    [spawn(?MODULE, Name, []) || Name <- [sleeper, listener, statue]],
    ready(none);
start(["quiet"]) ->
    [server(Name, 3) || Name <- [till, back]],
    ready(none).

ready(Sums) ->
    timer:sleep(200),
    io:format("ready ~s~n", [os:getpid()]),
    talk(Sums).

talk(Sums) ->
    case io:get_line("") of
        "begin\n" -> [counters:put(Sums, I, 0) || I <- [1, 2]];
        "truth\n" -> io:format("~b ~b~n", [counters:get(Sums, I) || I <- [1, 2]]);
        eof -> halt()
    end,
    talk(Sums).

server(Name, How) ->
    {ok, _} = gen_server:start({local, Name}, ?MODULE, How, []).

init(How) -> {ok, How}.

handle_call(_, _, Ms) when is_integer(Ms) -> work(Ms), {reply, ok, Ms};
handle_call(0, _, Next) -> work(20), {reply, ok, Next};
handle_call(N, _, Next) when is_integer(N) -> {reply, gen_server:call(Next, N - 1, infinity), Next};
handle_call(_, _, Next) -> {reply, gen_server:call(Next, work, infinity), Next}.

handle_cast(_, State) -> {noreply, State}.

%% The work of a server is to wait for something else.
work(Ms) ->
    receive
        never -> ok
    after Ms -> ok
    end.

customer(Sums) ->
    timed(Sums, 1, fun() -> pay() end),
    timed(Sums, 2, fun() -> pause(rand:uniform(100)) end),
    customer(Sums).

timed(Sums, I, Fun) ->
    From = erlang:monotonic_time(nanosecond),
    Fun(),
    counters:add(Sums, I, erlang:monotonic_time(nanosecond) - From).

pay() -> ok = gen_server:call(till, pay, infinity).

pause(Ms) ->
    receive
        never -> ok
    after Ms -> ok
    end.

clerk() ->
    ok = gen_server:call(front, work, infinity),
    clerk().

poke(Name) -> gen_server:call(Name, work, infinity).

%% Each begins a chain that ends two servers later.
turns([Name | Names]) ->
    ok = gen_server:call(Name, 2, infinity),
    turns(Names ++ [Name]).

sleeper() ->
    receive
    after 600000 -> sleeper()
    end.

listener() ->
    receive
        {ask, From} -> From ! listener()
    after 600000 -> listener()
    end.

statue() ->
    receive
    after infinity -> ok
    end.

births(Sums) ->
    spawn(fun() -> timed(Sums, 1, fun() -> pause(10) end) end),
    receive
        never -> ok
    after 2 -> births(Sums)
    end.

spin(N) -> spin((N * 7) band 16#ffff).
