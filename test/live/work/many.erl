%% N processes at rest, one that always works, and what else is asked for: `births' starts processes that end at
%% once, as fast as it can; `roots' is 64 processes that work and have a root function each (known_roots).
%% On stdin: "rounds" prints how many rounds of work were done, "roots" prints "PID FUNCTION" lines and "end".
-module(many).

-export([start/1, rest/1, work/1, births/0]).

start([N | More]) ->
    Rounds = counters:new(2, []),
    [spawn(?MODULE, rest, [I]) || I <- lists:seq(1, list_to_integer(N))],
    lists:member("births", More) andalso spawn(?MODULE, births, []),
    Roots = roots(lists:member("roots", More), Rounds),
    Roots =:= [] andalso spawn(?MODULE, work, [Rounds]),
    io:format("ready ~s~n", [os:getpid()]),
    talk(Rounds, Roots).

roots(true, Rounds) ->
    Dir = filename:dirname(code:which(?MODULE)),
    known_roots:start(Dir, Rounds);
roots(false, _) ->
    [].

talk(Rounds, Roots) ->
    case io:get_line("") of
        "rounds\n" ->
            io:format("~b~n", [counters:get(Rounds, 1)]);
        "roots\n" ->
            [io:format("~p ~s:~s/0~n", [Pid, M, F]) || {Pid, M, F} <- Roots],
            io:format("end~n");
        eof ->
            halt()
    end,
    talk(Rounds, Roots).

%% In three places.
rest(N) when N rem 3 =:= 0 ->
    receive
        {never, N} -> ok
    end;
rest(N) when N rem 3 =:= 1 ->
    gen_server:enter_loop(?MODULE, [], N);
rest(N) ->
    receive
        never -> rest(N)
    after 3600000 -> rest(N)
    end.

work(Rounds) ->
    _ = lists:foldl(fun(N, Hash) -> erlang:phash2({N, Hash}) end, 0, lists:seq(1, 100)),
    counters:add(Rounds, 1, 1),
    work(Rounds).

births() ->
    [spawn(fun() -> ok end) || _ <- lists:seq(1, 100)],
    receive
    after 1 -> births()
    end.
