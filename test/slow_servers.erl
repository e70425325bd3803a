%% Servers that are slow, and processes that wait for them, for tests of what waits
%% for whom. (Functions of modules called cprof_* count as those of the profiler.)
-module(slow_servers).
-behaviour(gen_server).

-export([server/2, callers/2, ended/1]).
-export([init/1, handle_call/3, handle_cast/2, caller/3, work/1]).

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

%% Callers of a server, and a function for how many nanoseconds they have waited for it until now, all together.
callers(Server, Count) ->
    Clock = atomics:new(2 * Count, []),
    Pids = [spawn(?MODULE, caller, [Server, Clock, 2 * N - 1]) || N <- lists:seq(1, Count)],
    {fun() -> lists:sum([waited(Clock, 2 * N - 1) || N <- lists:seq(1, Count)]) end, Pids}.

%% A caller has two numbers: of the calls that have ended, and when the call began that has not (0: there is none).
%% On a busy machine a call can take a large part of the time that a test looks at.
waited(Clock, At) ->
    case atomics:get(Clock, At + 1) of
        0 -> atomics:get(Clock, At);
        From -> atomics:get(Clock, At) + erlang:monotonic_time(nanosecond) - From
    end.

caller(Server, Clock, At) ->
    From = erlang:monotonic_time(nanosecond),
    atomics:put(Clock, At + 1, From),
    ok = gen_server:call(Server, work, infinity),
    atomics:put(Clock, At + 1, 0),
    atomics:add(Clock, At, erlang:monotonic_time(nanosecond) - From),
    work(10),
    caller(Server, Clock, At).

ended(Pids) ->
    Monitors = [erlang:monitor(process, Pid) || Pid <- Pids],
    [exit(Pid, kill) || Pid <- Pids],
    [
        receive
            {'DOWN', Monitor, process, _, _} -> ok
        end
     || Monitor <- Monitors
    ].
