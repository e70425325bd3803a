%% Walks in a loop while everything moves: some 50,000 processes a second are
%% made, flooded and killed, modules come and go, the NIF's module too. All
%% that is said of a process must be of one that was made, and can be.
%% `make churn' runs it for CHURN_SECONDS in a node of its own, EUnit for some.
-module(cprof_churn).

-export([main/1, run/2]).
-export([victim/1, sleep/2]).

-define(RATE, 50000).
-define(MAKERS, 2).
-define(BATCH, 50).
-define(BATCHES, 20).
-define(FLOOD, 100).
-define(BINARY, 60000).
-define(HEAP, 4000000).
-define(PARTS, [young, stack, young_free, old, old_free, fragments]).
-define(GENERATIONS, 4).
%% Who is neither made here nor traced: the system's own.
-define(SLACK, 1000).

%% Positions in the counters.
-define(MADE, 1).
-define(SENT, 2).
-define(RELOADED, 3).
-define(UPGRADED, 4).

main([Seconds]) ->
    Result = run(1000 * list_to_integer(Seconds), unload),
    io:format("~p~n", [Result]),
    case Result of
        #{wrong := [], walks := Walks} when Walks > 0 -> halt(0);
        #{} -> halt(1)
    end.

%% What was seen; `wrong' is what could not be, `died' why walkers ended but by
%% a purge.
%% With `unload' the NIF's library goes altogether now and then, too.
-spec run(pos_integer(), unload | upgrade) -> map().
run(Ms, How) ->
    Variants = {small(), variants()},
    Pids = [new_generation() || _ <- lists:seq(1, ?GENERATIONS)],
    Kinds = [walk, walk, snapshot],
    Job = #{
        counters => counters:new(4, []),
        ours => ets:new(?MODULE, [public, {write_concurrency, true}]),
        pids => {list_to_tuple(Pids), atomics:new(1, [])},
        begun => atomics:new(length(Kinds), []),
        buried => atomics:new(?MAKERS, []),
        how => How,
        until => now_ms() + Ms
    },
    Makers = [start(fun() -> make(Job, N) end, Job) || N <- lists:seq(1, ?MAKERS)],
    Reloader = start(fun() -> reload(Job, Variants, 1) end, Job),
    Turner = start(fun() -> turn(Job) end, Job),
    Flipper = start(fun() -> flip(Job, erlang:system_info(schedulers_online)) end, Job),
    Walkers = [
        start(fun() -> look(Kind, Job#{own => N}) end, Job)
     || {N, Kind} <- lists:zip(lists:seq(1, length(Kinds)), Kinds)
    ],
    Owner = self(),
    Traced = [whereis(code_server), Reloader | Walkers],
    Tracer = start(fun() -> trace(Traced, Owner, Job) end, Job),
    Tracer ! go,
    receive
        {traces, Tracer} -> ok
    end,
    [Pid ! go || Pid <- [Reloader, Turner, Flipper | Makers ++ Walkers]],
    Results = [result(Walker) || Walker <- Walkers],
    [result(Pid) || Pid <- [Reloader, Turner, Flipper | Makers]],
    Tracer ! stop,
    result(Tracer),
    Sum = lists:foldl(fun add/2, #{}, Results),
    Sum#{
        made => counters:get(maps:get(counters, Job), ?MADE),
        sent => counters:get(maps:get(counters, Job), ?SENT),
        reloaded => counters:get(maps:get(counters, Job), ?RELOADED),
        upgraded => counters:get(maps:get(counters, Job), ?UPGRADED),
        per_s => counters:get(maps:get(counters, Job), ?MADE) * 1000 div Ms
    }.

now_ms() -> erlang:monotonic_time(millisecond).

is_over(#{until := Until}) -> now_ms() >= Until.

%% Nobody begins before it is known.
start(Fun, #{ours := Ours}) ->
    Owner = self(),
    Pid = spawn_link(fun() ->
        receive
            go -> Owner ! {self(), Fun()}
        end
    end),
    ets:insert(Ours, {Pid}),
    Pid.

result(Pid) ->
    receive
        {Pid, Result} -> Result
    end.

add(A, B) -> maps:fold(fun(Key, N, Sum) -> maps:update_with(Key, fun(M) -> join(M, N) end, N, Sum) end, B, A).

join(M, N) when is_integer(M) -> M + N;
join(M, N) when is_list(M) -> lists:sublist(M ++ N, 20).

%% --- the pids that were made ---------------------------------------------------

%% In tables by generation. The oldest is emptied when the next one begins, which
%% is not before a second has gone by and no look can still name anybody in it:
%% each look that goes on began in the present generation, and by its beginning
%% all of two generations before had ended.
new_generation() -> ets:new(?MODULE, [public, set, {write_concurrency, true}]).

generation(#{pids := {_, Now}}) -> atomics:get(Now, 1).

turn(#{pids := {Tables, Now}} = Job) ->
    timer:sleep(1000),
    case {is_over(Job), may_turn(Job)} of
        {true, _} ->
            done;
        {false, false} ->
            turn(Job);
        {false, true} ->
            Next = generation(Job) + 1,
            true = ets:delete_all_objects(element(Next rem ?GENERATIONS + 1, Tables)),
            atomics:put(Now, 1, Next),
            turn(Job)
    end.

may_turn(#{begun := Begun, buried := Buried} = Job) ->
    Now = generation(Job),
    all(Begun, fun(Of) -> Of >= Now end) andalso all(Buried, fun(Of) -> Of >= Now - 1 end).

all(Atomics, Check) ->
    #{size := Size} = atomics:info(Atomics),
    lists:all(fun(N) -> Check(atomics:get(Atomics, N)) end, lists:seq(1, Size)).

remember(Pid, #{pids := {Tables, _}} = Job) ->
    ets:insert(element(generation(Job) rem ?GENERATIONS + 1, Tables), {Pid}).

is_made(Pid, #{pids := {Tables, _}}) ->
    lists:any(fun(Table) -> ets:member(Table, Pid) end, tuple_to_list(Tables)).

%% (Whoever is met before it is remembered is so soon.)
is_known(Pid, Job) -> is_known(Pid, Job, 100).

is_known(_, _, 0) ->
    false;
is_known(Pid, #{ours := Ours} = Job, Tries) ->
    is_made(Pid, Job) orelse ets:member(Ours, Pid) orelse is_process_alive(Pid) orelse
        begin
            timer:sleep(2),
            is_known(Pid, Job, Tries - 1)
        end.

trace(Whom, Owner, Job) ->
    [erlang:trace(Pid, true, [procs, set_on_spawn]) || Pid <- Whom],
    Owner ! {traces, self()},
    traced(Job).

traced(#{ours := Ours} = Job) ->
    receive
        {trace, _, spawn, Pid, _} ->
            ets:insert(Ours, {Pid}),
            traced(Job);
        stop ->
            erlang:trace(all, false, [procs, set_on_spawn]);
        _ ->
            traced(Job)
    end.

%% --- making them -----------------------------------------------------------------

make(Job, N) ->
    _ = rand:seed(exsss, N),
    Maker = self(),
    Burier = start(fun() -> bury(Maker, N, Job) end, Job),
    Burier ! go,
    make(Job, Burier, now_ms(), 0, queue:new()).

make(Job, Burier, Began, Made, Batches) ->
    case is_over(Job) of
        true ->
            [Burier ! Batch || Batch <- queue:to_list(Batches)],
            Burier ! done,
            result(Burier);
        false ->
            Due = (now_ms() - Began) * ?RATE div 2000,
            Due > Made orelse timer:sleep(1),
            Generation = generation(Job),
            Batch = {Generation, [one(Job, rand:uniform(12)) || _ <- lists:seq(1, ?BATCH)]},
            make(Job, Burier, Began, Made + ?BATCH, older(queue:in(Batch, Batches), Burier))
    end.

older(Batches, Burier) ->
    case queue:len(Batches) > ?BATCHES of
        true ->
            {{value, Oldest}, Rest} = queue:out(Batches),
            receive
                {buried, Burier} -> Burier ! Oldest
            end,
            Rest;
        false ->
            Batches
    end.

%% Ends batches in the order in which they were made, and says of which generation
%% the last one was. The maker waits for it: on a busy machine processes would be
%% made faster than they are ended, and each purge looks at all of them.
bury(Maker, N, #{buried := Buried} = Job) ->
    Maker ! {buried, self()},
    receive
        done ->
            done;
        {Generation, Pids} ->
            Monitors = [monitor(process, Pid) || Pid <- Pids],
            [exit(Pid, kill) || Pid <- Pids],
            [receive {'DOWN', Monitor, process, _, _} -> ok end || Monitor <- Monitors],
            atomics:put(Buried, N, Generation),
            bury(Maker, N, Job)
    end.

one(#{counters := Counters} = Job, Kind) ->
    counters:add(Counters, ?MADE, 1),
    Data = element(Kind rem 2 + 1, {on_heap, off_heap}),
    Pid = erlang:spawn_opt(?MODULE, victim, [Kind], [{message_queue_data, Data}]),
    remember(Pid, Job),
    Kind =:= 5 andalso suspend(Pid),
    Count = flood(Kind),
    counters:add(Counters, ?SENT, Count),
    [Pid ! {unread, I} || I <- lists:seq(1, Count)],
    Kind =:= 6 andalso exit(Pid, kill),
    Pid.

suspend(Pid) ->
    try
        erlang:suspend_process(Pid, [asynchronous])
    catch
        error:badarg -> gone
    end.

flood(3) -> 7;
flood(6) -> 3;
flood(10) -> 50;
flood(11) -> ?FLOOD;
flood(_) -> 0.

victim(1) -> ok;
victim(2) -> exit(on_its_own);
victim(3) -> sleep(binary:copy(<<3>>, ?BINARY), []);
victim(4) -> sleep([], lists:seq(1, 2000));
victim(7) -> erlang:hibernate(?MODULE, sleep, [[], []]);
victim(8) -> lists:sum(lists:seq(1, 3000));
victim(9) ->
    Old = {binary:copy(<<9>>, 1000), lists:seq(1, 500)},
    _ = [erlang:garbage_collect() || _ <- [1, 2, 3]],
    sleep(Old, []);
victim(10) ->
    receive
        {unread, 50} -> ok
    end;
victim(N) -> sleep([], N).

sleep(A, B) ->
    receive
        {never, A, B} -> ok
    end.

%% --- schedulers that go offline and online ------------------------------------------

flip(Job, Online) ->
    case is_over(Job) of
        true ->
            _ = erlang:system_flag(schedulers_online, Online),
            done;
        false ->
            _ = erlang:system_flag(schedulers_online, rand:uniform(Online)),
            timer:sleep(rand:uniform(200)),
            flip(Job, Online)
    end.

%% --- modules that come and go -------------------------------------------------------

%% The NIF's module in two versions.
variants() ->
    {cprof_native, _, File} = code:get_object_code(cprof_native),
    {ok, {_, [{abstract_code, {_, Forms}}]}} =
        beam_lib:chunks(code:which(cprof_native), [abstract_code]),
    {Attributes, Rest} = lists:split(2, Forms),
    {File, [
        begin
            {ok, cprof_native, Code} = compile:forms(Attributes ++ [{attribute, 1, churn, N} | Rest], []),
            Code
        end
     || N <- [1, 2]
    ]}.

reload(#{counters := Counters} = Job, {[Small | Smalls], {File, [Code | Others]}}, N) ->
    case is_over(Job) of
        true ->
            _ = code:purge(cprof_native),
            {module, cprof_native} = code:load_file(cprof_native),
            _ = code:purge(cprof_native),
            done;
        false ->
            {module, _} = code:load_binary(cprof_churn_small, "small.erl", Small),
            _ = code:purge(cprof_churn_small),
            counters:add(Counters, ?RELOADED, 1),
            N rem 5 =:= 0 andalso upgrade(File, Code, N, Job),
            timer:sleep(20),
            reload(Job, {Smalls ++ [Small], {File, Others ++ [Code]}}, N + 1)
    end.

%% Another one, in as many.
small() -> [small(N) || N <- [1, 2, 3]].

small(N) ->
    Function = {function, 1, f, 0, [{clause, 1, [], [], [{integer, 1, N}]}]},
    Forms = [{attribute, 1, module, cprof_churn_small}, {attribute, 1, export, [{f, 0}]}, Function],
    {ok, _, Code} = compile:forms(Forms, []),
    Code.

%% Now and then all of it goes, and comes again as if it had not been there. (By
%% whoever calls it first: to be loaded twice at once OTP 25's code server takes
%% ill, it forgets to answer.)
upgrade(_, _, N, #{how := unload}) when N rem 50 =:= 0 ->
    _ = code:purge(cprof_native),
    true = code:delete(cprof_native),
    _ = code:purge(cprof_native),
    {module, cprof_native} = code:ensure_loaded(cprof_native);
upgrade(File, Code, N, #{counters := Counters}) ->
    _ = code:purge(cprof_native),
    {module, cprof_native} = code:load_binary(cprof_native, File, Code),
    counters:add(Counters, ?UPGRADED, 1),
    case N rem 10 of
        0 -> code:purge(cprof_native);
        _ -> code:soft_purge(cprof_native)
    end.

%% --- looking -------------------------------------------------------------------------

%% In a process of its own: a purge of the code that it is in ends it.
look(Kind, Job) -> look(Kind, Job, #{walks => 0, purged => 0, wrong => []}).

look(Kind, #{ours := Ours} = Job, Sum) ->
    case is_over(Job) of
        true ->
            Sum;
        false ->
            {Pid, Monitor} = spawn_monitor(fun() ->
                ets:insert(Ours, {self()}),
                exit({seen, seen(Kind, Job, 50, #{})})
            end),
            receive
                {'DOWN', Monitor, process, Pid, {seen, Seen}} -> look(Kind, Job, add(Seen, Sum));
                {'DOWN', Monitor, process, Pid, Reason} -> look(Kind, Job, add(ended(Reason), Sum))
            end
    end.

ended(killed) -> #{purged => 1};
ended({killed, _}) -> #{purged => 1};
ended(Reason) -> #{wrong => [{died, Reason}]}.

seen(_, _, 0, Sum) ->
    Sum;
seen(Kind, Job, Left, Sum) ->
    case is_over(Job) of
        true -> Sum;
        false -> seen(Kind, Job, Left - 1, add(one_look(Kind, Job), Sum))
    end.

one_look(Kind, #{begun := Begun, own := N} = Job) ->
    atomics:put(Begun, N, generation(Job)),
    seen_by(Kind, Job).

seen_by(walk, #{counters := Counters} = Job) ->
    Made = counters:get(Counters, ?MADE),
    Before = {erlang:system_info(process_count), Made},
    case cprof_walk_nif:read(200, true) of
        {ok, Walk} ->
            #{count := Count, embryos := Embryos, implausible := Implausible, took_us := Us} = Walk,
            #{
                walks => 1,
                rows => Count,
                embryos => Embryos,
                implausible => Implausible,
                us => Us,
                wrong => wrong(Walk, Before, Job)
            };
        {refused, Reason} ->
            #{refused => 1, refusals => [Reason]}
    end;
seen_by(snapshot, Job) ->
    #{source := Source, mailboxes := #{top := Rows}} = cprof_nif:snapshot(#{top => 20}),
    Unknown = [{unknown, snapshot, Pid} || #{pid := Pid} <- Rows, not is_known(Pid, Job)],
    #{snapshots => 1, Source => 1, wrong => Unknown}.

wrong(Walk, {Living, Made}, #{counters := Counters} = Job) ->
    #{count := Count, embryos := Embryos, states := States, mailboxes := Mailboxes} = Walk,
    #{binaries := #{held := Held}, groups := Groups, heaps := #{count := Heaps, unread := Moving} = Sums} = Walk,
    #{total := Total, histogram := Histogram} = Mailboxes,
    Most = Living + counters:get(Counters, ?MADE) - Made + ?SLACK,
    Checks = [
        {count, Count + Embryos =< Most, {Count, Embryos, Most}},
        {states, lists:sum(maps:values(States)) =:= Count, States},
        {histogram, lists:sum([N || {_, N} <- Histogram]) =< Count, Histogram},
        {total, Total =< Most * ?FLOOD + 100000, Total},
        {held, Held =< Most * ?BINARY + 500000000, Held},
        {heaps, Heaps + Moving =< Count, {Heaps, Moving, Count}},
        {in_heaps, lists:sum([maps:get(Key, Sums) || Key <- ?PARTS]) =< Most * ?HEAP + 500000000, Sums},
        {groups, lists:all(fun is_group/1, Groups), Groups}
    ],
    [{What, Found} || {What, false, Found} <- Checks] ++
        wrong_rows(Walk, Job) ++ [{group, Row} || Row <- Groups, is_group_wrong(Row, Job)].

is_group({Pc, {M, F, A}, Count, Some}) ->
    is_integer(Pc) andalso is_atom(M) andalso is_atom(F) andalso A < 256 andalso
        Count >= length(Some).

%% All that we make have one initial call, and nobody else has it.
is_group_wrong({_, {?MODULE, victim, 1}, _, Some}, Job) ->
    not lists:all(fun(Pid) -> is_made_soon(Pid, Job, 100) end, Some);
is_group_wrong({_, _, _, Some}, Job) ->
    not lists:all(fun(Pid) -> is_known(Pid, Job) end, Some).

is_made_soon(_, _, 0) ->
    false;
is_made_soon(Pid, Job, Tries) ->
    is_made(Pid, Job) orelse
        begin
            timer:sleep(1),
            is_made_soon(Pid, Job, Tries - 1)
        end.

%% What a process that we made can have at most.
wrong_rows(#{mailboxes := #{top := Queues}, binaries := Binaries, memory := Memory} = Walk, Job) ->
    #{top := Holders, leaks := Leaks} = Binaries,
    #{heaps := #{unused := Unused, pinned := Pinned, sample := Sample}} = Walk,
    Rows =
        [{queue, Pid, N, ?FLOOD} || {Pid, N, _} <- Queues] ++
            [{binaries, Pid, N, 8 * ?BINARY} || {Pid, N, _, _} <- Holders ++ Leaks] ++
            [{memory, Pid, N, ?HEAP} || {Pid, N} <- Memory] ++
            [{in_heap, Pid, N, ?HEAP} || {Pid, N, _} <- Unused ++ Sample] ++
            [{pinned, Pid, N, 8 * ?BINARY} || {Pid, N, _} <- Pinned] ++
            [{reductions, Pid, N, 1 bsl 31} || {Pid, N} <- maps:get(reductions, Walk)],
    [{unknown, What, Pid, N} || {What, Pid, N, _} <- Rows, not is_known(Pid, Job)] ++
        [Row || {_, Pid, N, Most} = Row <- Rows, N > Most, is_victim(Pid, Job)].

is_victim(Pid, Job) -> is_made(Pid, Job) andalso process_info(Pid, initial_call) =:= victim().

victim() -> {initial_call, {?MODULE, victim, 1}}.
