%% A node in which something goes wrong when it is told so. On stdin:
%%
%%   flood N          sends that many messages at once to a process that receives
%%                    none, and then 10 per ms for some seconds
%%   crowd N          N processes that burn for 4 s
%%   hoard MB         a process that keeps binaries of that many MB
%%   born N           N processes that only wait
%%   varied SECONDS   a healthy load: work of many kinds, in which nothing piles up
%%   healthy SECONDS  another one, with phases: bursts, half idle, mailboxes that fill and
%%                    drain, much garbage, many short processes, silence
%%   memory           prints the resident memory in MB
%%   utilization      prints that of the schedulers in percent, by the VM's own
%%                    account, since it was last asked for
%%
%% Each answers `ok' when it has happened, or has begun.
-module(watched).
-export([start/0, start/1, sink/0, flood/1, burn/1, hoard/3, idle/0, worker/0, varied/1]).
-export([healthy/2, clerk/0, half/2, garbage/2]).

start() -> start([]).

start(_) ->
    register(sink, spawn(?MODULE, sink, [])),
    _ = erlang:system_flag(scheduler_wall_time, true),
    io:format("ready ~s~n", [os:getpid()]),
    talk().

talk() ->
    case io:get_line("") of
        eof -> halt();
        Line -> told(string:lexemes(Line, " \n")), talk()
    end.

told(["memory"]) ->
    {ok, Text} = file:read_file("/proc/self/statm"),
    [_, Pages | _] = binary:split(Text, <<" ">>, [global]),
    io:format("~b~n", [binary_to_integer(Pages) * 4096 bsr 20]);
told(["utilization"]) ->
    Now = lists:sort(erlang:statistics(scheduler_wall_time)),
    Before = case put(wall_time, Now) of undefined -> [{N, 0, 0} || {N, _, _} <- Now]; Last -> Last end,
    {Active, Total} = lists:foldl(
        fun({{_, A, T}, {_, A0, T0}}, {As, Ts}) -> {As + A - A0, Ts + T - T0} end,
        {0, 0},
        lists:zip(Now, Before)
    ),
    io:format("~b~n", [100 * Active div max(1, Total)]);
told([What | Args]) ->
    act(What, [list_to_integer(Arg) || Arg <- Args]),
    io:format("ok~n").

act("flood", [N]) ->
    [sink ! message || _ <- lists:seq(1, N)],
    spawn(?MODULE, flood, [25000]);
act("crowd", [N]) ->
    Until = erlang:monotonic_time(millisecond) + 4000,
    [spawn(?MODULE, burn, [Until]) || _ <- lists:seq(1, N)];
act("hoard", [Mb]) ->
    Pid = spawn(?MODULE, hoard, [self(), Mb, []]),
    receive {hoarded, Pid} -> ok end;
act("born", [N]) -> [spawn(?MODULE, idle, []) || _ <- lists:seq(1, N)];
act("varied", [Seconds]) ->
    Until = erlang:monotonic_time(millisecond) + Seconds * 1000,
    [spawn(?MODULE, varied, [Until]) || _ <- lists:seq(1, 6)];
act("healthy", [Seconds]) ->
    Until = erlang:monotonic_time(millisecond) + Seconds * 1000,
    spawn(?MODULE, healthy, [Until, 0]).

sink() -> receive never -> ok end.

%% Between the messages it burns, so that it is seen.
flood(N) when N =< 0 -> ok;
flood(N) ->
    From = erlang:monotonic_time(microsecond),
    [sink ! message || _ <- lists:seq(1, 10)],
    spin_until(From + 1000),
    flood(N - 10).

spin_until(Us) ->
    case erlang:monotonic_time(microsecond) < Us of
        true -> spin_until(Us);
        false -> ok
    end.

burn(Until) ->
    count(100000),
    case erlang:monotonic_time(millisecond) < Until of
        true -> burn(Until);
        false -> ok
    end.

count(0) -> ok;
count(N) -> count(N - 1).

hoard(Asker, Mb, Kept) when Mb > 0 ->
    hoard(Asker, Mb - 1, [binary:copy(<<Mb:32>>, 256 * 1024) | Kept]);
hoard(Asker, _, Kept) ->
    Asker ! {hoarded, self()},
    burn(erlang:monotonic_time(millisecond) + 2000),
    receive
        free -> length(Kept)
    end.

idle() -> receive stop -> ok end.

%% Requests of a worker, short bursts of CPU time, garbage, small binaries, pauses.
varied(Until) ->
    {Pid, Monitor} = spawn_monitor(?MODULE, worker, []),
    receive {'DOWN', Monitor, process, Pid, _} -> ok end,
    timer:sleep(5 + rand:uniform(40)),
    case erlang:monotonic_time(millisecond) < Until of
        true -> varied(Until);
        false -> ok
    end.

worker() ->
    case rand:uniform(4) of
        1 -> count(50000);
        2 -> lists:sort([rand:uniform(1000) || _ <- lists:seq(1, 2000)]);
        3 -> [binary:copy(<<N>>, 1000) || N <- lists:seq(1, 100)];
        4 -> [self() ! N || N <- lists:seq(1, 50)]
    end.

%% A phase of 5 s after the other, until it is time.
healthy(Until, N) ->
    End = erlang:monotonic_time(millisecond) + 5000,
    phase(element(1 + N rem 6, {bursts, half_idle, mailboxes, garbage, short, silence}), End),
    case End < Until of
        true -> healthy(Until, N + 1);
        false -> ok
    end.

phase(Phase, End) ->
    case End - erlang:monotonic_time(millisecond) of
        Left when Left > 0 ->
            step(Phase, End, Left),
            phase(Phase, End);
        _ ->
            ok
    end.

%% Eight at once, each for some milliseconds of CPU time.
step(bursts, _, _) ->
    await([spawn_monitor(fun() -> count(3000000) end) || _ <- lists:seq(1, 8)]),
    timer:sleep(300);
step(half_idle, End, _) ->
    await([spawn_monitor(?MODULE, half, [End, 20]) || _ <- schedulers()]);
%% 3000 orders at once, which are soon worked off.
step(mailboxes, _, _) ->
    {Clerk, Monitor} = spawn_monitor(?MODULE, clerk, []),
    [Clerk ! order || _ <- lists:seq(1, 3000)],
    Clerk ! done,
    await([{Clerk, Monitor}]),
    timer:sleep(200);
%% A heap that grows to some MB, is collected, and is given back.
step(garbage, End, _) ->
    await([spawn_monitor(?MODULE, garbage, [End, []])]);
step(short, _, _) ->
    await([spawn_monitor(?MODULE, worker, []) || _ <- lists:seq(1, 200)]),
    timer:sleep(100);
step(silence, _, Left) ->
    timer:sleep(Left).

await(Monitors) ->
    [receive {'DOWN', Monitor, process, Pid, _} -> ok end || {Pid, Monitor} <- Monitors].

schedulers() -> lists:seq(1, erlang:system_info(schedulers_online)).

half(End, Ms) ->
    spin_until(erlang:monotonic_time(microsecond) + Ms * 1000),
    timer:sleep(Ms),
    case erlang:monotonic_time(millisecond) < End of
        true -> half(End, Ms);
        false -> ok
    end.

clerk() ->
    receive
        order -> count(2000), clerk();
        done -> ok
    end.

garbage(End, Kept) ->
    List = lists:seq(1, 20000),
    Fresh = case length(Kept) of 20 -> []; _ -> [List | Kept] end,
    timer:sleep(10),
    case erlang:monotonic_time(millisecond) < End of
        true -> garbage(End, Fresh);
        false -> length(Fresh)
    end.
