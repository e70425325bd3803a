%% A node whose processes mark spans, as the handlers of cprof_spans do, and burn in
%% each of them a function of its own: so the stack of a sample says in which span
%% it has to be. Says what it measured itself.
%%
%%   ready PID
%%   begin          -> begun: the processes start to work
%%   truth          -> a line for each kind: NAME SPANS NANOSECONDS, and then "end"
%%   forget N       -> forgotten: so many spans without an end, and as many that are too deep
%%   flood MS RATE  -> flooded SPANS: marked in that time, at most RATE per second, by
%%                     a process per scheduler
-module(spans_work).

-export([start/1, run/2]).
-export([burn_tiny/1, burn_short/1, burn_medium/1, burn_long/1, burn_outer/1, burn_inner/1, burn_worker/1]).

%% As enum span_what.
-define(START, 1).
-define(STOP, 2).
-define(ASKED, 16#100).

start([Processes]) ->
    Loops = loops_per_us(),
    true = is_integer(cprof_native:spans_page()),
    span(<<"[:work, :start]">>, <<>>, fun() -> ok end, #{}),
    io:format("ready ~s~n", [os:getpid()]),
    commands(list_to_integer(Processes), Loops, []).

commands(Processes, Loops, Pids) ->
    case io:get_line("") of
        "begin\n" ->
            New = [spawn(?MODULE, run, [kind(I), Loops]) || I <- lists:seq(1, Processes)],
            io:format("begun~n"),
            commands(Processes, Loops, New);
        "truth\n" ->
            [Pid ! {truth, self()} || Pid <- Pids],
            print(lists:foldl(fun(_, Sum) -> receive {measured, M} -> add(M, Sum) end end, #{}, Pids)),
            commands(Processes, Loops, Pids);
        "forget " ++ N ->
            ok = forget(list_to_integer(string:trim(N))),
            io:format("forgotten~n"),
            commands(Processes, Loops, Pids);
        "flood " ++ How ->
            [Ms, Rate] = [list_to_integer(N) || N <- string:tokens(string:trim(How), " ")],
            io:format("flooded ~b~n", [flood(Ms, Rate)]),
            commands(Processes, Loops, Pids);
        _ ->
            halt(0)
    end.

print(Measured) ->
    maps:foreach(fun(Name, {N, Ns}) -> io:format("~s ~b ~b~n", [Name, N, Ns]) end, Measured),
    io:format("end~n").

add(One, Sum) ->
    maps:fold(
        fun(Name, {N, Ns}, All) -> maps:update_with(Name, fun({M, Ms}) -> {M + N, Ms + Ns} end, {N, Ns}, All) end,
        Sum,
        One
    ).

kind(I) -> element(1 + I rem 6, {tiny, short, medium, long, nested, worker}).

%% A process works until it is asked for the truth, and says then how many spans ended.
run(Kind, Loops) -> run(Kind, Loops, #{}).

run(Kind, Loops, Measured) ->
    receive
        {truth, From} -> From ! {measured, Measured}
    after 0 ->
        run(Kind, Loops, work(Kind, Loops, Measured))
    end.

work(tiny, Loops, M) -> many(20, <<"[:work, :tiny]">>, fun() -> burn_tiny(Loops) end, M);
work(short, Loops, M) -> span(<<"[:work, :short]">>, <<>>, fun() -> burn_short(100 * Loops) end, M);
work(medium, Loops, M) -> span(<<"[:work, :medium]">>, <<"ten ms">>, fun() -> burn_medium(10000 * Loops) end, M);
work(long, Loops, M) -> span(<<"[:work, :long]">>, <<>>, fun() -> burn_long(1000000 * Loops) end, M);
work(nested, Loops, M) ->
    Inner = fun() -> burn_inner(2000 * Loops) end,
    {M1, M2} = {M, #{}},
    Self = self(),
    Done = span(
        <<"[:work, :outer]">>,
        <<"a">>,
        fun() ->
            burn_outer(1000 * Loops),
            Self ! {inner, span(<<"[:work, :inner]">>, <<>>, Inner, M2)},
            burn_outer(1000 * Loops)
        end,
        M1
    ),
    receive
        {inner, I} -> add(I, Done)
    end;
work(worker, Loops, M) ->
    span(<<"[:work, :parent]">>, <<>>, fun() -> wait_for(worker(Loops)) end, M).

%% As Task does it. It marks nothing, so it is found from outside, while it lives.
worker(Loops) ->
    Callers = [self()],
    spawn_monitor(fun() ->
        put('$callers', Callers),
        burn_worker(50000 * Loops)
    end).

wait_for({Pid, Ref}) ->
    receive
        {'DOWN', Ref, process, Pid, normal} -> ok
    end.

many(0, _, _, M) -> M;
many(N, Name, Fun, M) -> many(N - 1, Name, Fun, span(Name, <<>>, Fun, M)).

%% The clock is read inside of the marks, so what is measured is shorter.
span(Name, Text, Fun, M) ->
    Context = make_ref(),
    ok = mark(?START, Name, Text, Context),
    From = erlang:monotonic_time(nanosecond),
    Fun(),
    Ns = erlang:monotonic_time(nanosecond) - From,
    ok = mark(?STOP, Name, Text, Context),
    Key =
        case Text of
            <<>> -> Name;
            _ -> <<Name/binary, " ", Text/binary>>
        end,
    maps:update_with(Key, fun({N, Sum}) -> {N + 1, Sum + Ns} end, {1, Ns}, M).

mark(What, Name, Text, Context) ->
    case cprof_native:span_mark(What, Name, Text, Context) of
        new ->
            ok = cprof_native:span_child(none),
            cprof_native:span_mark(What bor ?ASKED, Name, Text, Context);
        ok ->
            ok
    end.

%% A span without a context that starts again had no end.
forget(N) ->
    Deep = [{<<"[:work, :deep]">>, make_ref()} || _ <- lists:seq(1, 32 + N)],
    Marked = fun() ->
        [ok = mark(?START, <<"[:work, :forgotten]">>, <<>>, undefined) || _ <- lists:seq(0, N)],
        ok = mark(?STOP, <<"[:work, :forgotten]">>, <<>>, undefined),
        [ok = mark(?START, Name, <<>>, Context) || {Name, Context} <- Deep],
        [ok = mark(?STOP, Name, <<>>, Context) || {Name, Context} <- lists:reverse(Deep)]
    end,
    {Pid, Ref} = spawn_monitor(Marked),
    receive
        {'DOWN', Ref, process, Pid, normal} -> ok
    end.

burn_tiny(0) -> ok;
burn_tiny(N) -> burn_tiny(N - 1).
burn_short(0) -> ok;
burn_short(N) -> burn_short(N - 1).
burn_medium(0) -> ok;
burn_medium(N) -> burn_medium(N - 1).
burn_long(0) -> ok;
burn_long(N) -> burn_long(N - 1).
burn_outer(0) -> ok;
burn_outer(N) -> burn_outer(N - 1).
burn_inner(0) -> ok;
burn_inner(N) -> burn_inner(N - 1).
burn_worker(0) -> ok;
burn_worker(N) -> burn_worker(N - 1).

loops_per_us() ->
    Loops = 20000000,
    From = erlang:monotonic_time(microsecond),
    burn_tiny(Loops),
    max(1, Loops div max(1, erlang:monotonic_time(microsecond) - From)).

%% --- as many as possible -----------------------------------------------------------

flood(Ms, Rate) ->
    N = erlang:system_info(schedulers_online),
    From = erlang:monotonic_time(microsecond),
    Flood = fun() -> exit({marked, flood(From, From + Ms * 1000, Rate div N, 0)}) end,
    Refs = [element(2, spawn_monitor(Flood)) || _ <- lists:seq(1, N)],
    lists:sum([receive {'DOWN', Ref, _, _, {marked, Spans}} -> Spans end || Ref <- Refs]).

flood(From, Until, Rate, Spans) ->
    Now = erlang:monotonic_time(microsecond),
    if
        Now >= Until -> Spans;
        Spans > (Now - From) * Rate div 1000000 -> flood(From, Until, Rate, Spans);
        true -> flood(From, Until, Rate, Spans + flood_some(100))
    end.

flood_some(N) ->
    [
        begin
            ok = mark(?START, <<"[:work, :flood]">>, <<>>, undefined),
            ok = mark(?STOP, <<"[:work, :flood]">>, <<>>, undefined)
        end
     || _ <- lists:seq(1, N)
    ],
    N.
