%% What is made of snapshots, on figures that are known; and the whole of it as
%% somebody without Elixir uses it.
-module(cprof_snapshot_tests).

-include_lib("eunit/include/eunit.hrl").

-import(cprof_test_support, [forever/0]).

%% --- parts -------------------------------------------------------------------

ranking_test_() -> {timeout, 120, fun ranking/0}.

ranking() ->
    Numbers = [(N * 7919) rem 1009 || N <- lists:seq(1, 1000)],
    Add = fun(N, Ranking) -> cprof_ranking:add(N, {thing, N}, Ranking) end,
    Ranking = lists:foldl(Add, cprof_ranking:new(10), Numbers),
    Largest = lists:sublist(lists:reverse(lists:sort(Numbers)), 10),
    ?assertEqual([{N, {thing, N}} || N <- Largest], cprof_ranking:to_list(Ranking)),
    {A, B} = lists:split(300, Numbers),
    [RankedA, RankedB] = [lists:foldl(Add, cprof_ranking:new(10), Half) || Half <- [A, B]],
    Merged = cprof_ranking:merge(RankedA, RankedB),
    ?assertEqual(cprof_ranking:to_list(Ranking), cprof_ranking:to_list(Merged)).

words_test_() -> {timeout, 120, fun words/0}.

words() ->
    ?assertEqual(<<"lists:seq/2">>, cprof_words:function({lists, seq, 2})),
    ?assertEqual(<<"Enum.map/2">>, cprof_words:function({'Elixir.Enum', map, 2})),
    ?assertEqual(<<"Elixir.enum:map/2">>, cprof_words:function({'Elixir.enum', map, 2})),
    ?assertEqual(<<"Elixir:map/2">>, cprof_words:function({'Elixir', map, 2})),
    Who = fun(Name) -> cprof_words:who(#{name => Name, initial_call => undefined}) end,
    ?assertEqual([<<"Shop.Cart">>, <<"shop">>, <<"Elixir.">>], [Who(Name) || Name <- ['Elixir.Shop.Cart', shop, 'Elixir.']]),
    ?assertEqual(
        <<"a:b/1 (a.erl:7)">>, cprof_words:frame({a, b, [x], [{file, "a.erl"}, {line, 7}]})
    ),
    ?assertEqual(<<"1,234,567">>, cprof_words:count(1234567)),
    ?assertEqual(<<"-12">>, cprof_words:count(-12)),
    ?assertEqual(
        [<<"0 B">>, <<"999 B">>, <<"0.98 KB">>, <<"1.50 KB">>, <<"10.0 MB">>, <<"120 GB">>],
        [cprof_words:bytes(B) || B <- [0, 999, 1000, 1536, 10 bsl 20, 120 bsl 30]]
    ),
    ?assertEqual(<<"-">>, cprof_words:percent(undefined)),
    ?assertEqual(<<"12.3">>, cprof_words:percent(0.1234)).

%% Blocks and carriers of all kinds and instances; nothing of the largest ever.
allocators_test_() -> {timeout, 120, fun allocators/0}.

allocators() ->
    Instances = [
        {instance, 0, [
            {mbcs, [
                {blocks, [{eheap_alloc, [{size, 100, 900, 900}]}]}, {carriers_size, 400, 9, 9}
            ]},
            {sbcs, [{blocks, []}, {carriers_size, 0, 0, 0}]}
        ]},
        {instance, 1, [
            {mbcs, [
                {blocks, [{eheap_alloc, [{size, 10, 9, 9}]}, {fix_alloc, [{size, 1, 9, 9}]}]},
                {carriers_size, 40, 9, 9}
            ]},
            {mbcs_pool, [{blocks, [{eheap_alloc, [{size, 5}]}]}, {carriers_size, 7}]},
            {sbcs, [{blocks, [{eheap_alloc, [{size, 20, 9, 9}]}]}, {carriers_size, 21, 9, 9}]}
        ]}
    ],
    ?assertEqual({136, 468}, cprof_allocators:sum(Instances)).

imbalance_test_() -> {timeout, 120, fun imbalance/0}.

imbalance() ->
    Row = fun(Id, Share) -> #{id => Id, type => normal, utilization => Share} end,
    ?assertEqual(undefined, cprof_schedulers:imbalance([Row(1, undefined)])),
    ?assertEqual(0.0, cprof_schedulers:imbalance([Row(1, 0.5)])),
    case erlang:system_info(schedulers_online) of
        1 -> ok;
        _ -> ?assertEqual(0.25, cprof_schedulers:imbalance([Row(1, 1.0), Row(2, 0.5)]))
    end.

%% What a scheduler did is the difference of two readings.
scheduler_rows_test_() -> {timeout, 120, fun scheduler_rows/0}.

scheduler_rows() ->
    Reading = fun(Active, Total, At, Ran, Waited) ->
        #{
            wall => #{1 => {Active, Total}},
            threads => #{folders => [], times => #{{normal, 1} => {At, Ran, Waited}}}
        }
    end,
    Before = Reading(1000, 5000, 0, 50, 7),
    [Row | Others] = cprof_schedulers:rows(Reading(1500, 7000, 1000, 650, 107), Before),
    ?assertMatch(
        #{utilization := 0.25, cpu := 0.6, busy_wait := 0.35, waiting_for_cpu := 0.1}, Row
    ),
    Unknown = fun(#{utilization := U, cpu := C}) -> {U, C} =:= {undefined, undefined} end,
    ?assert(lists:all(Unknown, Others)),
    [First | _] = cprof_schedulers:rows(Before, #{}),
    ?assertMatch(#{utilization := undefined, cpu := undefined, busy_wait := undefined}, First).

%% --- diff --------------------------------------------------------------------

snapshot(At, Mailboxes) ->
    Schedulers = [
        #{
            id => 1,
            type => normal,
            utilization => At / 10.0e6,
            cpu => undefined,
            busy_wait => undefined,
            waiting_for_cpu => undefined,
            run_queue => 0
        }
    ],
    #{
        at => At,
        top => 3,
        run_queue => 0,
        schedulers => Schedulers,
        processes => #{count => 10, limit => 100, created_per_s => undefined, top => []},
        mailboxes => #{
            total => lists:sum([Length || {_, Length} <- Mailboxes]),
            max => 0,
            top => [row(Pid, length, Length) || {Pid, Length} <- Mailboxes]
        },
        binaries => #{total => undefined, held => 5, top => []},
        memory => #{total => 100, top => []}
    }.

row(Pid, Key, Value) ->
    #{
        pid => Pid,
        name => undefined,
        initial_call => {m, f, 0},
        current_function => {m, g, 1},
        Key => Value
    }.

diff_test_() -> {timeout, 120, fun diff/0}.

diff() ->
    [A, B, C, D] = [spawn(fun() -> ok end) || _ <- lists:seq(1, 4)],
    Before = snapshot(1000000, [{A, 50}, {B, 40}, {C, 10}]),
    Now = snapshot(3000000, [{B, 90}, {D, 30}, {A, 20}]),
    #{seconds := 2.0, mailboxes := Mailboxes, schedulers := [Scheduler], binaries := Binaries} =
        Diff = cprof_nif:snapshot_diff(Before, Now),
    #{total := Total, grew := [First, Second]} = Mailboxes,
    ?assertEqual(#{before => 100, now => 140, change => 40}, Total),
    ?assertMatch(#{pid := B, before := 40, now := 90, growth := 50, growth_per_s := 25.0}, First),
    %% It had 10 at most: the list was full.
    ?assertMatch(#{pid := D, before := undefined, now := 30, growth := 20}, Second),
    ?assertMatch(#{id := 1, utilization := #{before := 0.1, now := 0.3}}, Scheduler),
    ?assertNot(is_map_key(total, Binaries)),
    Text = cprof_nif:format(Diff),
    Parts = [<<">= 20">>, <<"+40">>, <<"30.0">>],
    [?assertMatch({_, _}, binary:match(Text, Part)) || Part <- Parts].

a_process_that_was_in_no_full_list_had_nothing_test_() -> {timeout, 120, fun a_process_that_was_in_no_full_list_had_nothing/0}.

a_process_that_was_in_no_full_list_had_nothing() ->
    [A, B] = [spawn(fun() -> ok end) || _ <- lists:seq(1, 2)],
    Diff = cprof_snapshot_diff:diff(snapshot(1, [{A, 5}]), snapshot(2, [{A, 5}, {B, 4}])),
    #{mailboxes := #{grew := [Row]}} = Diff,
    ?assertMatch(#{pid := B, before := 0, now := 4, growth := 4}, Row).

%% --- suspects ----------------------------------------------------------------

%% Readings at each quarter of a second, of mailboxes and of hoards.
readings(Mailboxes, Hoards) ->
    Walk = fun(N) ->
        Held = [{Pid, At(N), Heap, undefined} || {Pid, At, Heap} <- Hoards],
        #{
            mailboxes => #{top => [{Pid, At(N), undefined} || {Pid, At} <- Mailboxes, At(N) > 0]},
            binaries => #{top => Held, leaks => []},
            live => []
        }
    end,
    [
        #{at_ms => 250 * N, walk => Walk(N), binaries => true, mark => N rem 4 =:= 0}
     || N <- lists:seq(0, 12)
    ].

findings(Mailboxes, Hoards, Seen) ->
    Readings = readings(Mailboxes, Hoards),
    Suspects = lists:foldl(fun cprof_suspects:add/2, cprof_suspects:new(), Readings),
    cprof_suspects:findings(Seen, 3, 10, Suspects).

nobody() -> #{looks => 100, parents => #{}, others => 0, created_per_s => 0.0}.

the_mailbox_that_grows_is_named_with_its_slope_test_() -> {timeout, 120, fun the_mailbox_that_grows_is_named_with_its_slope/0}.

the_mailbox_that_grows_is_named_with_its_slope() ->
    Healthy = [
        {a, fun(N) -> 40 + (N * 5) rem 7 end},
        {b, fun(_) -> 5000 end},
        {c, fun(N) -> 100 - N end},
        {d, fun(N) -> (N rem 4) * 100 + N end},
        {e, fun(N) -> min(3, N) end}
    ],
    ?assertEqual([], findings(Healthy, [], nobody())),
    Leak = {leak, fun(N) -> N * 10 div 4 end},
    [#{pid := leak, kind := growing_mailbox, first := 0, last := 30, slope_per_s := Slope}] =
        findings([Leak | Healthy], [], nobody()),
    ?assert(abs(Slope - 10) < 0.5).

the_hoard_is_named_growing_or_idle_test_() -> {timeout, 120, fun the_hoard_is_named_growing_or_idle/0}.

the_hoard_is_named_growing_or_idle() ->
    Healthy = [
        {large_heap, fun(_) -> 50000000 end, 20000000},
        {comes_and_goes, fun(N) -> 10000000 + (N rem 3) * 1000000 end, 1000},
        {small, fun(_) -> 500000 end, 1000}
    ],
    ?assertEqual([], findings([], Healthy, nobody())),
    Idle = {idle, fun(_) -> 50000000 end, 8000},
    Grows = {grows, fun(N) -> 60000000 + N * 250000 end, 1000000},
    [First, Second] = findings([], [Idle, Grows | Healthy], nobody()),
    ?assertMatch(#{kind := binary_hoarder, pid := grows, last := 63000000}, First),
    ?assert(abs(maps:get(slope_per_s, First) - 1000000) < 1),
    ?assertMatch(#{kind := binary_hoarder, pid := idle}, Second),
    ?assertEqual(0, round(maps:get(slope_per_s, Second))).

who_begins_most_of_the_short_lives_is_named_test_() -> {timeout, 120, fun who_begins_most_of_the_short_lives_is_named/0}.

who_begins_most_of_the_short_lives_is_named() ->
    Seen = fun(Parents, Rate) ->
        #{looks => 900, parents => Parents, others => 0, created_per_s => Rate}
    end,
    Among = #{churns => {80, 30}, other => {20, 15}},
    [#{kind := churning, pid := churns, last := 80, slope_per_s := 800.0}] =
        findings([], [], Seen(Among, 1000.0)),
    %% Few in all, by nobody in particular, in one burst.
    ?assertEqual([], findings([], [], Seen(Among, 20.0))),
    Equal = maps:from_list([{N, {20, 10}} || N <- [a, b, c]]),
    ?assertEqual([], findings([], [], Seen(Equal, 1000.0))),
    ?assertEqual([], findings([], [], Seen(#{burst => {80, 1}}, 1000.0))).

%% --- what everyone is waiting for ----------------------------------------------

%% Groups as the NIF walks them; who was woken since counts for nothing.
waiting_groups_test_() -> {timeout, 120, fun waiting_groups/0}.

waiting_groups() ->
    Pids = [A, B, C, D, E] = [spawn(fun() -> ok end) || _ <- lists:seq(1, 5)],
    Stack = fun(Line) -> [{m, wait, 1, [{file, "m.erl"}, {line, Line}]}] end,
    Detail = fun(Line, Status) ->
        #{
            name => undefined,
            initial_call => {m, init, 1},
            current_function => {m, wait, 1},
            status => Status,
            stack => Stack(Line)
        }
    end,
    Walk = #{
        groups => [
            {16#10, {proc_lib, init_p, 5}, 900, [A, B, C]},
            {16#20, {proc_lib, init_p, 5}, 100, [D]},
            {16#30, {erlang, apply, 2}, 7, [E]}
        ],
        groups_missed => 3
    },
    ?assertEqual(Pids, lists:sort(cprof_waiting:representatives(Walk, 10))),
    ?assertEqual([A, B, C, D, E], cprof_waiting:representatives(Walk, 1)),
    Answers = maps:from_list([
        {{process, A}, Detail(7, waiting)},
        {{process, B}, Detail(8, running)},
        {{process, C}, Detail(7, waiting)},
        {{process, D}, Detail(7, waiting)},
        {{process, E}, gone}
    ]),
    #{examined := 1010, others := 3, groups := [First, Second]} =
        cprof_waiting:groups(Walk, Answers, 10),
    ?assertMatch(#{count := 1000, function := {m, wait, 1}, asked := 3, agree := 3}, First),
    ?assertMatch(#{file := <<"m.erl">>, line := 7}, First),
    ?assertMatch(#{initial_call := {m, init, 1}, stack := [<<"m:wait/1 (m.erl:7)">>]}, First),
    ?assertMatch(#{count := 7, function := undefined, asked := 0}, Second).

%% --- the whole -----------------------------------------------------------------

for_json_test_() -> {timeout, 120, fun for_json/0}.

for_json() ->
    Map = cprof_nif:to_json_map(cprof_nif:snapshot(#{top => 3})),
    ?assertEqual(ok, json_term(Map)),
    #{<<"schedulers">> := [#{<<"id">> := 1} | _], <<"mailboxes">> := #{<<"total">> := _}} = Map.

%% Only what every encoder takes.
json_term(Map) when is_map(Map) ->
    [ok = json_term(Value) || {Key, Value} <- maps:to_list(Map), is_binary(Key)],
    true = lists:all(fun is_binary/1, maps:keys(Map)),
    ok;
json_term(List) when is_list(List) ->
    [ok = json_term(Value) || Value <- List],
    ok;
json_term(Value) when is_binary(Value); is_number(Value); is_boolean(Value) ->
    ok.

text_test_() -> {timeout, 120, fun text/0}.

text() ->
    Text = cprof_nif:format(cprof_nif:snapshot(#{wait_ms => 5000})),
    Parts = ["Schedulers:", "Processes:", "Mailboxes:", "Binaries:", "Memory: total", "Waiting:"],
    [?assertMatch({_, _}, binary:match(Text, list_to_binary(Part))) || Part <- Parts],
    ?assert(length(binary:split(Text, <<"\n">>, [global])) < 100).

%% Also the first time in a process.
%% On a busy machine a node may not answer in time how busy its schedulers were.
the_first_tables_have_rates_test_() ->
    {timeout, 120, fun() ->
        ?assertEqual(ok, first_tables_have_rates(20))
    end}.

first_tables_have_rates(0) ->
    missing;
first_tables_have_rates(Tries) ->
    Test = self(),
    Print = fun() ->
        group_leader(Test, self()),
        cprof_nif:print_snapshot()
    end,
    {_, Monitor} = spawn_monitor(Print),
    Text = iolist_to_binary(printed(Monitor)),
    ?assertMatch({match, _}, re:run(Text, "rates are of the last [0-9.]+ s")),
    case re:run(Text, "\n +1 +normal +[0-9.]+ +[0-9.]+") of
        {match, _} -> ok;
        nomatch -> first_tables_have_rates(Tries - 1)
    end.

printed(Monitor) ->
    receive
        {io_request, From, Ref, {put_chars, unicode, Text}} ->
            From ! {io_reply, Ref, ok},
            [Text | printed(Monitor)];
        {'DOWN', Monitor, process, _, normal} ->
            []
    end.

watch_names_what_leaks_and_nothing_else_test_() ->
    {timeout, 600, fun() ->
        Sources = [auto, bif],
        [
            ?assertEqual({Source, []}, {Source, until(Source, [], 3)})
         || Source <- Sources
        ],
        Mailbox = spawn(fun cprof_test_support:forever/0),
        Feeder = spawn(fun() -> feed(Mailbox) end),
        Hoarder = spawn(fun hoard/0),
        Churner = spawn(fun churn/0),
        Wanted = [{growing_mailbox, Mailbox}, {binary_hoarder, Hoarder}, {churning, Churner}],
        [?assertEqual({Source, Wanted}, {Source, until(Source, Wanted, 5)}) || Source <- Sources],
        [exit(Pid, kill) || Pid <- [Feeder, Mailbox, Hoarder, Churner]]
    end}.

watch(Source) -> cprof_nif:watch(#{source => Source, interval_ms => 250, snapshots => 3}).

%% On a loaded machine a feeder may have stood still for an interval.
until(Source, Wanted, Times) ->
    Result = watch(Source),
    case [{Kind, Pid} || #{kind := Kind, pid := Pid} <- maps:get(findings, Result)] of
        Wanted -> Wanted;
        _ when Times > 1 -> until(Source, Wanted, Times - 1);
        Other -> Other
    end.

feed(Pid) ->
    Pid ! more,
    timer:sleep(20),
    feed(Pid).

%% Parts of binaries whose rest nobody needs.
hoard() ->
    Parts = [binary:part(binary:copy(<<N>>, 1000000), 10, 100) || N <- lists:seq(1, 20)],
    erlang:garbage_collect(),
    forever(),
    Parts.

%% Lives of a millisecond: far shorter ones are seen by chance only.
churn() ->
    [spawn(fun() -> timer:sleep(1) end) || _ <- lists:seq(1, 10)],
    timer:sleep(2),
    churn().
