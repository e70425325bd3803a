%% Processes that block their schedulers, and measure how long: a NIF that sleeps
%% (nif; tail: it is called in tail position), and one that does so for longer
%% than any test (long), files (fifo), a lock of an ETS table (table), a port
%% (port), and for comparison a process that only computes (spin).
%%
%% "truth FROM TO" on stdin prints for how many nanoseconds schedulers were
%% blocked, and how often, between two times (nanoseconds since 1970); "begin"
%% begins what is long.
-module(blocked).
-export([start/1, sleeper/1, tail_sleeper/1, reader/2, searcher/1, inserter/0, spinner/1, port_owner/1]).

start([Dir, Mode]) ->
    busy_nif:load(Dir),
    Counted = counters:new(2, []),
    Work = begin_work(list_to_atom(Mode), Dir, Counted),
    Log = spawn_opt(fun() -> log(Counted, []) end, [{priority, high}]),
    io:format("ready ~s~n", [os:getpid()]),
    commands(Work, Log).

commands(Work, Log) ->
    Line = io:get_line(""),
    Line =:= eof andalso halt(),
    case string:lexemes(Line, " \n") of
        ["begin"] ->
            Work ! begins;
        ["truth", From, To] ->
            Log ! {truth, list_to_integer(From), list_to_integer(To), self()},
            receive {Ns, Times} -> io:format("~b ~b~n", [round(Ns), round(Times)]) end
    end,
    commands(Work, Log).

%% What was counted until when, the newest first.
log(Counted, Log) ->
    receive
        {truth, From, To, Who} ->
            {Ns, Times} = at(To, Log),
            {NsBefore, TimesBefore} = at(From, Log),
            Who ! {Ns - NsBefore, Times - TimesBefore},
            log(Counted, Log)
    after 10 ->
        log(Counted, [{erlang:system_time(nanosecond), counters:get(Counted, 1), counters:get(Counted, 2)} | Log])
    end.

at(Time, [{T2, Ns2, N2}, {T1, Ns1, N1} | _]) when T1 =< Time ->
    Part = min((Time - T1) / (T2 - T1), 1),
    {Ns1 + (Ns2 - Ns1) * Part, N1 + (N2 - N1) * Part};
at(Time, [_ | Rest]) ->
    at(Time, Rest).

begin_work(nif, _, Counted) ->
    spawn(?MODULE, sleeper, [Counted]);
begin_work(tail, _, Counted) ->
    spawn(?MODULE, tail_sleeper, [Counted]);
begin_work(long, _, _) ->
    %% Not before all is loaded: loading code waits for every scheduler.
    spawn(fun() -> receive begins -> long_nap() end end);
begin_work(fifo, Dir, Counted) ->
    Fifo = filename:join(Dir, "fifo"),
    _ = os:cmd("mkfifo " ++ Fifo),
    %% Writes a byte every 50 ms, until the reader has closed the other end.
    _ = open_port({spawn, "sh -c 'while printf x; do sleep 0.05; done > " ++ Fifo ++ "'"}, []),
    spawn(?MODULE, reader, [Fifo, Counted]);
begin_work(table, _, Counted) ->
    _ = ets:new(shared, [named_table, public]),
    ets:insert(shared, {small, 1}),
    _ = spawn_opt(?MODULE, inserter, [], [{scheduler, 2}]),
    spawn_opt(?MODULE, searcher, [Counted], [{scheduler, 1}]);
begin_work(port, Dir, Counted) ->
    ok = erl_ddll:load_driver(Dir, slow_driver),
    spawn(?MODULE, port_owner, [Counted]);
begin_work(spin, _, Counted) ->
    spawn_opt(?MODULE, spinner, [Counted], [{scheduler, 1}]).

count(Counted, Ns) ->
    counters:add(Counted, 1, Ns),
    counters:add(Counted, 2, 1).

sleeper(Counted) ->
    From = erlang:monotonic_time(nanosecond),
    nap(),
    count(Counted, erlang:monotonic_time(nanosecond) - From),
    %% Others may run in between.
    receive after 5 -> sleeper(Counted) end.

%% The NIF is called in tail position, so its caller is not on the stack.
tail_sleeper(Counted) ->
    From = erlang:monotonic_time(nanosecond),
    ok = last_nap(),
    count(Counted, erlang:monotonic_time(nanosecond) - From),
    receive after 5 -> tail_sleeper(Counted) end.

last_nap() ->
    busy_nif:wait_by_jump(10000).

long_nap() ->
    ok = busy_nif:wait_here(1000000000),
    ok.

nap() ->
    ok = busy_nif:wait_here(10000),
    ok.

reader(Fifo, Counted) ->
    {ok, File} = file:open(Fifo, [read, raw, binary, device]),
    read_all(File, Counted).

read_all(File, Counted) ->
    From = erlang:monotonic_time(nanosecond),
    take(File),
    count(Counted, erlang:monotonic_time(nanosecond) - From),
    read_all(File, Counted).

take(File) ->
    {ok, <<"x">>} = file:read(File, 1),
    ok.

%% Holds the lock of the table while it copies the term: for about 20 ms.
inserter() ->
    inserter(lists:seq(1, 1000000)).

inserter(List) ->
    ets:insert(shared, {big, List}),
    receive after 5 -> inserter(List) end.

%% Finds the table locked, and then spins for a while before it waits.
searcher(Counted) ->
    busy(fun search/0, Counted, erlang:monotonic_time(nanosecond), busy_nif:thread_ns()).

spinner(Counted) ->
    busy(fun spin/0, Counted, erlang:monotonic_time(nanosecond), busy_nif:thread_ns()).

%% The only work of its scheduler: what it does not use of the CPU time, the
%% scheduler is blocked. Less than 50 us are mostly the two clocks.
busy(Fun, Counted, Time, Cpu) ->
    ok = Fun(),
    Now = erlang:monotonic_time(nanosecond),
    CpuNow = busy_nif:thread_ns(),
    Blocked = (Now - Time) - (CpuNow - Cpu),
    Blocked > 50000 andalso count(Counted, Blocked),
    busy(Fun, Counted, Now, CpuNow).

search() ->
    1 = ets:lookup_element(shared, small, 2),
    ok.

port_owner(Counted) ->
    Port = open_port({spawn_driver, "slow_driver"}, [binary]),
    port_owner(Port, Counted).

port_owner(Port, Counted) ->
    true = port_command(Port, <<"t">>),
    receive {Port, {data, Ns}} -> counters:put(Counted, 1, binary_to_integer(Ns)) end,
    receive after 10 -> port_owner(Port, Counted) end.

spin() ->
    _ = spin(20000, 1),
    ok.

spin(0, N) -> N;
spin(Left, N) -> spin(Left - 1, (N * 31 + 7) rem 65521).
