%% The NIF's walk against BIFs, on processes whose figures are known; and what
%% it does when its layout is wrong, and while everything moves.
-module(cprof_walk_tests).

-include_lib("eunit/include/eunit.hrl").

-import(cprof_test_support, [eventually/1, at_once/1, aside/1]).

-export([wait_full/3, hold/2, spin/0, collect/1]).

-define(KEY, {cprof_walk_nif, layout}).
-define(TOP, 200).

%% --- right: 1,000 processes in known states ---------------------------------

%% Nobody else moves for long, so what is compared is compared until it is
%% equal (eventually/1); a figure that is wrong never is.
known_processes_test_() ->
    {setup, fun start_known/0, fun stop_known/1, fun(Known) ->
        [{Title, {timeout, 600, Test}} || {Title, Test} <- [
            {"the queues", fun() -> queues(Known) end},
            {"the lengths by power of two", fun() -> histogram() end},
            {"the binaries", fun() -> binaries(Known) end},
            {"the memory", fun() -> memory(Known) end},
            {"the states", fun() -> states(Known) end},
            {"who collects", fun() -> collecting(Known) end},
            {"where they wait", fun() -> groups(Known) end},
            {"what moved since", fun() -> since(Known) end},
            {"as many rows as are asked for", fun() -> bounds() end},
            {"the canary is on no list", fun() -> no_canary(Known) end}
        ]]
    end}.

%% In the order of the walk's lists: longest queue, most binaries first.
start_known() ->
    ?assertMatch({ok, #{offsets := _}}, cprof_walk_nif:status()),
    Full = [full(N, on_heap) || N <- lists:seq(1, 200)] ++
        [full(N, off_heap) || N <- lists:seq(201, 400)],
    Paused = [pause(full(N, off_heap)) || N <- lists:seq(401, 450)],
    Shared = binary:copy(<<1>>, 3000000),
    Sharers = [holder({shared, N}, Shared) || N <- lists:seq(1, 50)],
    Holders = [holder(own, 100000 + 8000 * N) || N <- lists:seq(1, 300)],
    Idle = [holder(own, 0) || _ <- lists:seq(1, 195)],
    Spinners = [erlang:spawn_opt(?MODULE, spin, [], [{priority, low}]) || _ <- lists:seq(1, 3)],
    Filler = lists:duplicate(100000, 0),
    Collectors = [spawn(?MODULE, collect, [Filler]) || _ <- lists:seq(1, 2)],
    #{
        queues => lists:reverse(Full ++ Paused),
        paused => [Pid || {Pid, _} <- Paused],
        holders => Holders,
        sharers => Sharers,
        idle => Idle,
        spinners => Spinners,
        collectors => Collectors
    }.

stop_known(#{queues := Queues} = Known) ->
    Others = maps:values(maps:with([holders, sharers, idle, spinners, collectors], Known)),
    Pids = [Pid || {Pid, _} <- Queues] ++ lists:append(Others),
    Monitors = [monitor(process, Pid) || Pid <- Pids],
    [exit(Pid, kill) || Pid <- Pids],
    [receive {'DOWN', Monitor, process, _, _} -> ok end || Monitor <- Monitors].

full(N, Data) ->
    Ready = make_ref(),
    Options = [{message_queue_data, Data}],
    Pid = erlang:spawn_opt(?MODULE, wait_full, [self(), Ready, N], Options),
    [Pid ! {unread, I} || I <- lists:seq(1, N)],
    receive
        Ready -> ok
    end,
    {Pid, N}.

wait_full(Owner, Ready, N) ->
    receive
        {unread, N} -> self() ! {unread, again}
    end,
    Owner ! Ready,
    receive
        never -> ok
    end.

%% Half of its messages come while it is suspended: it has not fetched them.
pause({Pid, N}) ->
    true = erlang:suspend_process(Pid),
    [Pid ! {late, I} || I <- lists:seq(1, N)],
    {Pid, 2 * N}.

holder(What, Of) ->
    Ready = make_ref(),
    Owner = self(),
    Pid = spawn(fun() ->
        Held = make(What, Of),
        Owner ! Ready,
        hold(Held, old(Held))
    end),
    receive
        Ready -> Pid
    end.

make(own, Size) -> binary:copy(<<0>>, Size);
%% every other one a part of it only, which keeps the whole
make({shared, N}, Whole) when N rem 2 =:= 0 -> binary:part(Whole, N, 100);
make({shared, _}, Whole) -> Whole.

%% Some of it on the old heap.
old(Held) ->
    byte_size(Held) rem 16000 < 8000 andalso
        [erlang:garbage_collect(self(), [{type, minor}]) || _ <- [1, 2, 3]].

hold(Held, Old) ->
    receive
        {never, Held, Old} -> ok
    end.

spin() -> spin().

collect(Held) ->
    erlang:garbage_collect(),
    collect([0 | Held]).

%% A walk by somebody who has no queue and no binaries.
walk() -> walk(?TOP).

walk(Top) -> aside(fun() -> walk_here(Top) end).

walk_here(Top) ->
    case cprof_walk_nif:read(Top) of
        {ok, Walk} -> Walk;
        {refused, Reason} -> error({refused, Reason})
    end.

others() -> processes() -- [self(), whereis(cprof_canary)].

sum(Item) ->
    Answers = [process_info(Pid, Item) || Pid <- others()],
    lists:sum([N || {_, N} <- Answers]).

ours(Key, Known) ->
    case maps:get(Key, Known) of
        [{_, _} | _] = Rows -> [Pid || {Pid, _} <- Rows];
        Pids -> Pids
    end.

queues(#{queues := Queues} = Known) ->
    Longest = lists:sublist(lists:reverse(lists:keysort(2, Queues)), ?TOP),
    #{mailboxes := #{exact := true, top := Top, max := Max}} = walk(),
    ?assertEqual(Longest, [{Pid, Length} || {Pid, Length, _} <- Top]),
    ?assertEqual(900, Max),
    ?assertEqual(450, length(lists:usort(ours(queues, Known)))),
    eventually(fun() ->
        aside(fun() ->
            Before = sum(message_queue_len),
            #{mailboxes := #{total := Total}} = walk_here(1),
            ?assert(Total >= lists:sum([N || {_, N} <- Queues])),
            {Total, Before}
        end)
    end).

histogram() ->
    eventually(fun() ->
        aside(fun() ->
            Lengths = [N || Pid <- others(), {_, N} <- [process_info(Pid, message_queue_len)]],
            #{mailboxes := #{histogram := Histogram}} = walk_here(1),
            Classes = [1 bsl K || K <- lists:seq(0, 20)],
            Counts = [{From, length([N || N <- Lengths, N >= From, N < 2 * From])} || From <- Classes],
            {Histogram, [Row || {_, Count} = Row <- Counts, Count > 0]}
        end)
    end).

gc_info(Pid) ->
    case process_info(Pid, garbage_collection_info) of
        {_, Info} -> maps:from_list(Info);
        undefined -> #{bin_vheap_size => 0, bin_old_vheap_size => 0}
    end.

vheap(Pid) ->
    #{bin_vheap_size := Young, bin_old_vheap_size := Old} = gc_info(Pid),
    8 * (Young + Old).

binaries(#{holders := Holders, sharers := Sharers}) ->
    #{binaries := #{top := Top, leaks := Leaks}} = walk(),
    Bytes = maps:from_list([{Pid, {Held, Heap}} || {Pid, Held, Heap, _} <- Top]),
    %% the parts count as the whole
    [?assertMatch(#{Pid := {3000000, _}}, Bytes) || Pid <- Sharers],
    Sizes = [{Pid, 100000 + 8000 * N} || {N, Pid} <- lists:zip(lists:seq(1, 300), Holders)],
    Largest = lists:sublist(lists:reverse(Sizes), ?TOP - length(Sharers) - 2),
    [?assertMatch(#{Pid := {Size, _}}, Bytes) || {Pid, Size} <- Largest],
    %% and they are what BIFs say, in order
    [?assertEqual({Pid, vheap(Pid)}, {Pid, Held}) || {Pid, Held, _, _} <- Top, is_ours(Pid, Holders)],
    [?assertEqual({Pid, heap(Pid)}, {Pid, Heap}) || {Pid, _, Heap, _} <- Top, is_ours(Pid, Holders)],
    ?assertEqual(lists:reverse(lists:keysort(2, Top)), stable(Top)),
    %% whoever has most for its heap
    ?assertEqual(?TOP, length(Leaks)),
    ?assertEqual([], [Pid || Pid <- lists:sublist(Sharers, 50), not lists:keymember(Pid, 1, Leaks)]),
    Ratios = [Held / (Heap / 8 + 1) || {_, Held, Heap, _} <- Leaks],
    ?assert(is_falling(Ratios, 8 / 256)),
    eventually(fun() ->
        aside(fun() ->
            Held = lists:sum([vheap(Pid) || Pid <- [self() | others()]]),
            #{binaries := #{held := Is}} = walk_here(1),
            %% what the walk itself is kept in is a few words
            {Is - Held >= 0 andalso Is - Held =< 64, true}
        end)
    end).

is_ours(Pid, Pids) -> lists:member(Pid, Pids).

%% Equal ones are in any order.
stable(Rows) -> lists:reverse(lists:keysort(2, Rows)).

is_falling([A, B | Rest], Within) -> A >= B - Within andalso is_falling([B | Rest], Within);
is_falling(_, _) -> true.

heap(Pid) ->
    #{heap_block_size := Heap, old_heap_block_size := Old, mbuf_size := Fragments} = gc_info(Pid),
    8 * (Heap + Old + Fragments).

memory(#{holders := Holders, idle := Idle, collectors := Collectors}) ->
    #{memory := Top} = walk(),
    ?assertEqual(?TOP, length(Top)),
    ?assert(is_falling([Bytes || {_, Bytes} <- Top], 0)),
    [?assert(lists:keymember(Pid, 1, Top)) || Pid <- Collectors],
    Large = [erlang:spawn_opt(?MODULE, hold, [N, no], [{min_heap_size, 1000000 + N}]) || N <- [1, 300000]],
    try
        #{memory := [_ | _] = More} = walk(),
        [?assertEqual({Pid, heap(Pid)}, lists:keyfind(Pid, 1, More)) || Pid <- Large],
        [
            ?assertEqual(heap(Pid), Bytes)
         || {Pid, Bytes} <- More, is_ours(Pid, Holders) orelse is_ours(Pid, Idle)
        ]
    after
        [exit(Pid, kill) || Pid <- Large]
    end.

states(#{paused := Paused, spinners := Spinners}) ->
    eventually(fun() ->
        aside(fun() ->
            Found = [Status || Pid <- processes(), {_, Status} <- [process_info(Pid, status)]],
            #{states := States, count := Count} = walk_here(1),
            ?assert(maps:get(suspended, States) >= length(Paused)),
            Moving = [running, runnable, garbage_collecting],
            Is = {
                Count,
                maps:get(suspended, States),
                maps:get(waiting, States),
                lists:sum(maps:values(maps:with([running, runnable, gc], States)))
            },
            ?assert(element(4, Is) >= length(Spinners)),
            Of = fun(Names) -> length([S || S <- Found, lists:member(S, Names)]) end,
            {Is, {length(Found), Of([suspended]), Of([waiting]), Of(Moving)}}
        end)
    end).

%% Whoever collects is seen at it, now and then.
collecting(#{collectors := Collectors}) ->
    eventually(fun() ->
        #{states := #{gc := Gc}} = walk(1),
        {Gc > 0, length(Collectors) =:= 2}
    end).

groups(#{queues := Queues, paused := Paused}) ->
    #{groups := Groups, groups_missed := 0, states := #{waiting := Waiting}} = walk(),
    Waits = [{Count, Some} || {_, {?MODULE, wait_full, 3}, Count, Some} <- Groups],
    %% the suspended ones wait for nothing
    Expected = length(Queues) - length(Paused),
    ?assertMatch([{Expected, [_, _, _, _, _, _, _, _]}], Waits),
    [{_, Some}] = Waits,
    [?assert(lists:keymember(Pid, 1, Queues)) || Pid <- Some],
    Counts = [Count || {_, _, Count, _} <- Groups],
    ?assert(is_falling(Counts, 0)),
    ?assert(lists:sum(Counts) >= Waiting - 1 - 5).

since(#{queues := [{Last, Length} | _], holders := [Still | _], spinners := Spinners}) ->
    #{elapsed_us := Elapsed} = walk(),
    ?assert(is_integer(Elapsed)),
    [Last ! {later, I} || I <- lists:seq(1, 7)],
    timer:sleep(30),
    #{
        mailboxes := #{top := [{Last, Longer, Before} | _]},
        reductions := Reductions,
        binaries := #{top := Binaries},
        elapsed_us := Since,
        created := Created
    } = walk(),
    ?assertEqual({Length + 7, Length}, {Longer, Before}),
    ?assert(Since >= 30000),
    ?assert(Created >= 1),
    %% those that spin did most of what was done, but for the suite itself
    ?assert(lists:any(fun(Pid) -> lists:keymember(Pid, 1, Reductions) end, Spinners)),
    [?assert(StillUs >= 29000) || {Pid, _, _, StillUs} <- Binaries, Pid =:= Still],
    Made = [spawn(fun() -> ok end) || _ <- lists:seq(1, 500)],
    #{created := More} = walk(),
    ?assert(More >= length(Made)).

bounds() ->
    lists:foreach(
        fun(Top) ->
            #{mailboxes := #{top := Queues}, binaries := #{top := Binaries}, memory := Memory} =
                walk(Top),
            Rows = min(Top, 200),
            ?assertEqual({Rows, Rows, Rows}, {length(Queues), length(Binaries), length(Memory)})
        end,
        [1, 2, 199, 200, 201, 1000]
    ),
    {ok, #{offsets := Offsets}} = cprof_walk_nif:status(),
    {Canary, _} = cprof_calibrate:canary(),
    Walk = fun(Top) -> cprof_native:walk(Offsets, Top, false, Canary, 100000) end,
    [?assertError(badarg, Walk(Top)) || Top <- [0, 201, -1, 1 bsl 40, many]],
    [
        ?assertError(badarg, cprof_native:walk(Wrong, 1, false, Canary, 100000))
     || Wrong <- [#{}, {}, Offsets#{state := a}, Offsets#{unheard_of => 8}, maps:remove(pc, Offsets)]
    ],
    ?assertError(badarg, cprof_native:walk(Offsets, 1, yes, Canary, 100000)),
    ?assertError(badarg, cprof_native:walk(Offsets, 1, false, canary, 100000)).

%% It has a queue and a binary, and more than most for its heap.
no_canary(_) ->
    Canary = whereis(cprof_canary),
    #{mailboxes := #{top := A}, binaries := #{top := B, leaks := C}, memory := D, reductions := E, groups := G} =
        walk(),
    [?assertNot(lists:keymember(Canary, 1, List)) || List <- [A, B, C, D, E]],
    ?assertEqual([], [Some || {_, _, _, Some} <- G, lists:member(Canary, Some)]).

%% --- a layout that is wrong --------------------------------------------------

fields() ->
    {ok, #{offsets := Offsets}} = cprof_walk_nif:status(),
    maps:keys(Offsets).

%% Those of which the canary tells.
checked() -> [queue, heap_size, old_hend, old_heap, fragments, vheap, vheap_old].

moved(Field, Offset) ->
    {ok, #{offsets := Offsets} = Layout} = cprof_walk_nif:status(),
    Layout#{offsets := maps:update_with(Field, Offset, Offsets)}.

offset(Field) ->
    {ok, #{offsets := #{Field := Offset}}} = cprof_walk_nif:status(),
    Offset.

a_moved_field_is_refused_test_() ->
    [
        {lists:concat([Field, " moved by ", By]), fun() ->
            Layout = moved(Field, fun(Offset) -> Offset + By end),
            case aside(fun() -> cprof_walk_nif:read_with(Layout, 20) end) of
                {wrong, Reason} ->
                    ?assertEqual(<<"a process of known figures was read wrongly">>, Reason);
                {refused, Reason} ->
                    ?assert(is_binary(Reason));
                {ok, #{count := Count, states := States}} ->
                    ?assertNot(lists:member(Field, checked())),
                    ?assert(Count =< erlang:system_info(process_limit)),
                    ?assertEqual(Count, lists:sum(maps:values(States)))
            end
        end}
     || Field <- fields(), By <- [8, -8, 16, 4], offset(Field) + By >= 0
    ].

outside_of_a_process_is_refused_test_() -> {timeout, 120, fun outside_of_a_process_is_refused/0}.

outside_of_a_process_is_refused() ->
    {ok, #{size := Size}} = cprof_walk_nif:status(),
    Refused = {refused, <<"the walk was refused (layout_outside_struct)">>},
    [
        ?assertEqual(Refused, cprof_walk_nif:read_with(moved(Field, fun(_) -> Offset end), 1))
     || Field <- fields() -- [created], Offset <- [Size, Size - 3, Size + 8, 16#fffffff8, 1]
    ],
    ?assertEqual(Refused, cprof_walk_nif:read_with(moved(created, fun(_) -> 640 + 128 end), 1)),
    ?assertEqual(Refused, cprof_walk_nif:read_with(moved(initial, fun(_) -> Size - 16 end), 1)).

%% Once read wrongly, never again; all of it is then by BIFs.
a_layout_that_proved_wrong_is_not_used_again_test_() -> {timeout, 120, fun a_layout_that_proved_wrong_is_not_used_again/0}.

a_layout_that_proved_wrong_is_not_used_again() ->
    {ok, Right} = cprof_walk_nif:status(),
    persistent_term:put(?KEY, {ok, moved(queue, fun(Offset) -> Offset + 8 end)}),
    try
        Reason = <<"a process of known figures was read wrongly">>,
        ?assertEqual({refused, Reason}, cprof_walk_nif:read(3)),
        ?assertEqual({refused, Reason}, cprof_walk_nif:status()),
        #{source := Source, reason := Said} = cprof_nif:snapshot(#{top => 3}),
        ?assertEqual({bif, Reason}, {Source, Said})
    after
        persistent_term:put(?KEY, {ok, Right})
    end.

turned_off_test_() -> {timeout, 120, fun turned_off/0}.

turned_off() ->
    os:putenv("CPROF_NIF", "off"),
    try
        Reason = <<"CPROF_NIF=off in the node's environment">>,
        ?assertEqual({refused, Reason}, cprof_walk_nif:read(3)),
        ?assertMatch(#{source := bif, reason := Reason}, cprof_nif:snapshot(#{top => 3}))
    after
        os:unsetenv("CPROF_NIF")
    end,
    ?assertMatch({ok, #{}}, cprof_walk_nif:read(3)).

%% --- several, interrupted, behind a stuck process ------------------------------

two_at_once_test_() ->
    {timeout, 600, fun() ->
        Walk = fun() -> [walk_here(5) || _ <- lists:seq(1, 40)] end,
        [
            begin
                ?assertEqual(40, length(Walks)),
                [?assert(Count > 10) || #{count := Count} <- Walks]
            end
         || Walks <- at_once([Walk, Walk, Walk])
        ]
    end}.

%% What the node remembers of the walk before is given back.
a_killed_caller_test_() ->
    {timeout, 600, fun() ->
        lists:foreach(
            fun(N) ->
                {Pid, Monitor} = spawn_monitor(fun Again() ->
                    walk_here(5),
                    Again()
                end),
                Us = 137 * (N rem 11),
                wait_us(Us),
                exit(Pid, kill),
                receive
                    {'DOWN', Monitor, process, Pid, killed} -> ok
                end,
                nothing_since_or_all(walk(5))
            end,
            lists:seq(1, 60)
        ),
        eventually(fun() ->
            #{elapsed_us := Elapsed} = walk(1),
            {is_integer(Elapsed), true}
        end)
    end}.

%% One that was given up changes nothing: it is since the whole one before.
nothing_since_or_all(#{elapsed_us := undefined} = Walk) ->
    #{created := undefined, reductions := [], mailboxes := #{top := Top}} = Walk,
    ?assertEqual([], [Row || {_, _, Before} = Row <- Top, Before =/= undefined]);
nothing_since_or_all(#{created := Created}) ->
    ?assert(is_integer(Created)).

wait_us(Us) -> wait_until(erlang:monotonic_time(microsecond) + Us).

wait_until(Then) ->
    erlang:monotonic_time(microsecond) >= Then orelse wait_until(Then).

%% Whoever asked it by a BIF would wait for it, since a message is on its way.
a_stuck_process_test_() ->
    {timeout, 600, fun() ->
        Dir = build_nif(),
        ok = busy_nif:load(Dir),
        Walks = counters:new(1, []),
        Walkers = [
            spawn_link(fun Again() ->
                walk_here(5),
                counters:add(Walks, 1, 1),
                Again()
            end)
         || _ <- lists:seq(1, 2 * erlang:system_info(schedulers_online))
        ],
        %% all schedulers are awake
        eventually(fun() -> {counters:get(Walks, 1) > 100, true} end),
        Count = walks_beside_a_burner(Walks, 20),
        [begin unlink(Pid), exit(Pid, kill) end || Pid <- Walkers],
        file:del_dir_r(Dir),
        %% with one scheduler nothing else runs meanwhile
        Enough = erlang:system_info(schedulers_online) =:= 1 orelse Count >= 5,
        ?assertEqual({true, Count}, {Enough, Count})
    end}.

%% How many walks there were meanwhile. On a busy machine the walkers may have
%% had no CPU in all that time: once more then.
walks_beside_a_burner(Walks, Tries) ->
    {Burner, Monitor} = spawn_monitor(fun() ->
        Before = counters:get(Walks, 1),
        busy_nif:burn(200000),
        exit({walked, counters:get(Walks, 1) - Before})
    end),
    Burner ! unread,
    receive
        {'DOWN', Monitor, process, Burner, {walked, Few}} when Few < 5, Tries > 1 ->
            walks_beside_a_burner(Walks, Tries - 1);
        {'DOWN', Monitor, process, Burner, {walked, Count}} ->
            Count
    end.

build_nif() ->
    Work = filename:join([filename:dirname(filename:absname(?FILE)), "live", "work"]),
    Dir = filename:join("/tmp", "cprof-walk-" ++ os:getpid()),
    ok = filelib:ensure_dir(filename:join(Dir, "x")),
    {ok, busy_nif, Code} = compile:file(filename:join(Work, "busy_nif.erl"), [binary]),
    {module, busy_nif} = code:load_binary(busy_nif, "busy_nif.erl", Code),
    Include = filename:join([code:root_dir(), "erts-" ++ erlang:system_info(version), "include"]),
    Command = io_lib:format("cc -O2 -shared -fPIC -I'~ts' -o '~ts/busy_nif.so' '~ts/busy_nif.c'", [
        Include, Dir, Work
    ]),
    ?assertEqual("", os:cmd(Command)),
    Dir.

%% --- while everything moves --------------------------------------------------------

churn_test_() ->
    {timeout, 600, fun() ->
        Seen = cprof_churn:run(2000, upgrade),
        ?assertMatch(#{wrong := [], walks := Walks} when Walks > 0, Seen),
        ?assertMatch(#{made := Made} when Made > 0, Seen)
    end}.

%% --- calibration ----------------------------------------------------------------

calibrated_anew_while_others_come_and_go_test_() ->
    {timeout, 600, fun() ->
        {ok, First} = cprof_walk_nif:status(),
        Coming = spawn_link(fun come/0),
        try
            Found = [
                begin
                    persistent_term:erase(?KEY),
                    cprof_walk_nif:status()
                end
             || _ <- lists:seq(1, 5)
            ],
            %% Two counters may move alike by chance; then it is refused, and tried again later. It is never wrong.
            {Same, Others} = lists:partition(fun(Status) -> Status =:= {ok, First} end, Found),
            ?assertEqual([], [Status || Status <- Others, element(1, Status) =/= refused]),
            ?assert(length(Same) >= 3)
        after
            unlink(Coming),
            exit(Coming, kill),
            persistent_term:put(?KEY, {ok, First})
        end
    end}.

come() ->
    [spawn(fun() -> Pid = spawn(fun() -> ok end), Pid ! late end) || _ <- lists:seq(1, 20)],
    timer:sleep(2),
    come().

%% Several who need it at once wait for one.
calibrated_by_several_test_() ->
    {timeout, 600, fun() ->
        {ok, Layout} = cprof_walk_nif:status(),
        persistent_term:erase(?KEY),
        Answers = at_once(lists:duplicate(8, fun cprof_walk_nif:status/0)),
        ?assertEqual(lists:duplicate(8, {ok, Layout}), Answers)
    end}.

%% A new one comes in its place, and is checked.
a_killed_canary_test_() -> {timeout, 120, fun a_killed_canary/0}.

a_killed_canary() ->
    {Canary, _} = cprof_calibrate:canary(),
    Monitor = monitor(process, Canary),
    exit(Canary, kill),
    receive
        {'DOWN', Monitor, process, Canary, killed} -> ok
    end,
    ?assertMatch(#{count := _}, walk(1)),
    ?assertNotEqual(Canary, whereis(cprof_canary)).

%% A walk that meets none is not believed, but nothing is broken by it.
canaries_killed_all_the_time_test_() ->
    {timeout, 600, fun() ->
        Killer = spawn(fun kill_canaries/0),
        Answers = [element(1, cprof_walk_nif:read(5)) || _ <- lists:seq(1, 30)],
        exit(Killer, kill),
        ?assertEqual([], lists:usort(Answers) -- [ok, refused]),
        eventually(fun() -> {element(1, cprof_walk_nif:read(5)), ok} end)
    end}.

kill_canaries() ->
    case whereis(cprof_canary) of
        undefined -> ok;
        Pid -> exit(Pid, kill)
    end,
    receive
    after 1 -> kill_canaries()
    end.

%% Deleted and loaded again, not upgraded: what the library knew is gone.
loaded_afresh_test_() -> {timeout, 120, fun loaded_afresh/0}.

loaded_afresh() ->
    true = code:delete(cprof_native),
    code:purge(cprof_native),
    {module, cprof_native} = code:ensure_loaded(cprof_native),
    ?assertMatch(#{elapsed_us := undefined}, walk(1)),
    ?assertMatch(#{elapsed_us := Us} when is_integer(Us), walk(1)).

%% What is refused because the library was being exchanged is not refused for good.
the_library_goes_while_it_calibrates_test_() ->
    {timeout, 120, fun() ->
        {ok, First} = cprof_walk_nif:status(),
        Reloader = spawn_link(fun exchange/0),
        Kept = [calibrated_anew() || _ <- lists:seq(1, 40)],
        unlink(Reloader),
        exit(Reloader, kill),
        ?assertEqual([], [Found || Found <- Kept, Found =/= none, Found =/= {ok, First}]),
        eventually(fun() -> {cprof_walk_nif:status(), {ok, First}} end),
        ?assertMatch(#{count := _}, walk(1))
    end}.

calibrated_anew() ->
    _ = persistent_term:erase(?KEY),
    _ = cprof_walk_nif:status(),
    persistent_term:get(?KEY, none).

exchange() ->
    timer:sleep(rand:uniform(20)),
    _ = code:purge(cprof_native),
    _ = code:delete(cprof_native),
    _ = code:purge(cprof_native),
    {module, cprof_native} = code:ensure_loaded(cprof_native),
    exchange().

%% Nobody loads the library before it is needed; then one of them does.
needed_by_many_at_once_test_() ->
    {timeout, 120, fun() -> [needed_by_many() || _ <- lists:seq(1, 20)] end}.

needed_by_many() ->
    Version = cprof_native:version(),
    ?assert(is_binary(Version)),
    %% who exchanged it before may have been killed between two steps
    code:purge(cprof_native),
    true = code:delete(cprof_native),
    code:purge(cprof_native),
    {module, cprof_native} = code:ensure_loaded(cprof_native),
    Answers = at_once(lists:duplicate(100, fun cprof_native:version/0)),
    ?assertEqual([Version], lists:usort(Answers)).
