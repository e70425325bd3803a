%% Servers that are slow, and processes that wait for them, for tests of what waits
%% for whom. (Functions of modules called cprof_* count as those of the profiler.)
-module(slow_servers).
-behaviour(gen_server).

-export([server/2, callers/2, ended/1]).
-export([init/1, handle_call/3, handle_cast/2, caller/2, work/1]).

%% How: the milliseconds that it takes for each call, or the server that it calls.
server(Name, How) ->
    {ok, Pid} = gen_server:start({local, Name}, ?MODULE, How, []),
    Pid.

init(How) -> {ok, How}.

handle_call(_, _, Ms) when is_integer(Ms) -> {reply, work(Ms), Ms};
handle_call(_, _, Next) -> {reply, gen_server:call(Next, work, infinity), Next}.

handle_cast(_, State) -> {noreply, State}.

%% The work of a server is to wait for something else.
work(Ms) ->
    receive
        never -> ok
    after Ms -> ok
    end.

%% They count the nanoseconds that they waited for the server.
callers(Server, Count) ->
    Sum = counters:new(1, []),
    {Sum, [spawn(?MODULE, caller, [Server, Sum]) || _ <- lists:seq(1, Count)]}.

caller(Server, Sum) ->
    From = erlang:monotonic_time(nanosecond),
    ok = gen_server:call(Server, work, infinity),
    counters:add(Sum, 1, erlang:monotonic_time(nanosecond) - From),
    work(10),
    caller(Server, Sum).

ended(Pids) ->
    Monitors = [erlang:monitor(process, Pid) || Pid <- Pids],
    [exit(Pid, kill) || Pid <- Pids],
    [
        receive
            {'DOWN', Monitor, process, _, _} -> ok
        end
     || Monitor <- Monitors
    ].
