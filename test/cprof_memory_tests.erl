%% Where the memory is: the parts on figures that are made up; and the whole against
%% processes, binaries and tables whose sizes are known.
-module(cprof_memory_tests).

-include_lib("eunit/include/eunit.hrl").

-import(cprof_test_support, [until/1, forever/0]).

-export([parked/1, growing_heap/2]).

-define(MB, 1048576).

%% --- parts -----------------------------------------------------------------------

facts() ->
    #{
        memory => #{
            total => 600, processes => 300, system => 300, binary => 100, ets => 50, atom => 20, code => 90
        },
        allocators => [
            #{name => eheap_alloc, blocks => 300, carriers => 400, utilization => 0.75},
            #{name => binary_alloc, blocks => 300, carriers => 310, utilization => 0.97}
        ],
        resident => #{rss => 1000, files => 60},
        persistent_terms => 10,
        native_code => 70,
        cached => 25,
        structs => 30,
        heaps => #{young => 80, old => 40, stack => 5, young_free => 50, old_free => 30, fragments => 15}
    }.

by_name(Parts) -> maps:from_list([{Name, Bytes} || #{part := Name, bytes := Bytes} <- Parts]).

parts_add_up_test() ->
    Parts = cprof_memory_parts:parts(facts()),
    ?assertEqual(1000, lists:sum([Bytes || #{bytes := Bytes} <- Parts])),
    %% Of 300 bytes of processes, 50 are neither heaps nor fragments nor structs. Of 300 of the system, 100 are in no other part;
    %% of 90 of code 70 lie outside.
    ?assertEqual(
        #{
            heaps_used => 120,
            heaps_unused => 80,
            stacks => 5,
            fragments => 15,
            structs => 30,
            processes_rest => 50,
            binaries => 100,
            ets => 50,
            atoms => 20,
            code => 90,
            persistent_terms => 10,
            other => 100,
            carriers => 110,
            cached => 25,
            program => 60,
            rest => 135
        },
        by_name(Parts)
    ),
    ?assertMatch([#{part := heaps_used, share := 0.12} | _], Parts),
    ?assertMatch(#{part := rest}, lists:last(Parts)).

%% Then the rest is negative: what was counted, but is not in RAM.
parts_of_more_than_is_in_ram_test() ->
    #{resident := Resident} = Facts = facts(),
    Parts = cprof_memory_parts:parts(Facts#{resident := Resident#{rss := 500}}),
    ?assertEqual(500, lists:sum([Bytes || #{bytes := Bytes} <- Parts])),
    ?assertMatch(#{rest := -365}, by_name(Parts)),
    ?assertEqual(1.0, round_to(lists:sum([Share || #{share := Share, part := Name} <- Parts, Name =/= rest]))).

round_to(Share) -> round(1000 * Share) / 1000.

what_is_not_known_is_left_out_test() ->
    Facts = facts(),
    Some = by_name(cprof_memory_parts:parts(Facts#{heaps := undefined})),
    ?assertEqual([300, none], [maps:get(Key, Some, none) || Key <- [processes, heaps_used]]),
    None = by_name(cprof_memory_parts:parts(Facts#{memory := #{}})),
    ?assertEqual([none, none, none], [maps:get(Key, None, none) || Key <- [ets, processes, rest]]),
    Elsewhere = by_name(cprof_memory_parts:parts(Facts#{resident := undefined})),
    ?assertEqual([50, none], [maps:get(Key, Elsewhere, none) || Key <- [ets, rest]]),
    Slow = by_name(cprof_memory_parts:parts(Facts#{allocators := []})),
    ?assertEqual(none, maps:get(rest, Slow, none)),
    %% It is not 0, because then its bytes would be part of the rest.
    Kept = by_name(cprof_memory_parts:parts(Facts#{cached := undefined})),
    ?assertEqual([none, none, 100], [maps:get(Key, Kept, none) || Key <- [cached, rest, other]]),
    Code = by_name(cprof_memory_parts:parts(Facts#{native_code := undefined})),
    ?assertEqual([none, none, 90], [maps:get(Key, Code, none) || Key <- [other, rest, code]]).

parts_grow_test() ->
    #{memory := Memory} = Facts = facts(),
    Before = cprof_memory_parts:parts(Facts),
    Now = cprof_memory_parts:parts(Facts#{memory := Memory#{ets := 75}}),
    Grew = maps:from_list([{Name, By} || #{part := Name, grew := By} <- cprof_memory_parts:compare(Before, Now)]),
    ?assertMatch(#{ets := 25, other := -25, binaries := 0, rest := 0}, Grew).

%% What was not known at the first reading has not grown from 0.
parts_grow_from_what_was_known_test() ->
    Facts = facts(),
    Grew = fun(Before, Now) ->
        Parts = cprof_memory_parts:compare(cprof_memory_parts:parts(Before), cprof_memory_parts:parts(Now)),
        maps:from_list([{Name, By} || #{part := Name, grew := By} <- Parts])
    end,
    ?assertMatch(#{carriers := undefined, cached := 0, rest := undefined}, Grew(Facts#{allocators := []}, Facts)),
    ?assertMatch(#{cached := undefined, rest := undefined, carriers := 0}, Grew(Facts#{cached := undefined}, Facts)),
    ?assertMatch(#{heaps_used := undefined, structs := undefined}, Grew(Facts#{heaps := undefined}, Facts)),
    ?assertMatch(#{structs := undefined}, Grew(Facts#{structs := 0}, Facts)),
    ?assertMatch(#{cached := 25, rest := -25}, Grew(Facts#{cached := 0}, Facts)),
    ?assertMatch(#{cached := -25, rest := 25}, Grew(Facts, Facts#{cached := 0})),
    ?assertNot(is_map_key(cached, Grew(Facts#{cached := 0}, Facts#{cached := 0}))).

sentence_with_rss(Rss) ->
    #{resident := Resident} = Facts = facts(),
    Read = Resident#{rss := Rss},
    cprof_memory_parts:sentence(cprof_memory_parts:parts(Facts#{resident := Read}), Read, #{}).

the_sentence_names_the_largest_parts_in_one_line_test() ->
    Parts = cprof_memory_parts:parts(facts()),
    Resident = #{rss => 1000},
    Long = lists:duplicate(70, $x),
    Sentence = fun(Culprits) -> cprof_memory_parts:sentence(Parts, Resident, Culprits) end,
    ?assertEqual(
        <<"0.98 KB in RAM: 14 % not explained (C), 12 % heaps in use (one), 11 % unused in the allocators">>,
        Sentence(#{heaps_used => "one", rest => "C"})
    ),
    ?assertEqual(
        <<"0.98 KB in RAM: 14 % not explained, 12 % heaps in use, 11 % unused in the allocators, 10 % binaries">>,
        Sentence(#{heaps_used => Long})
    ),
    [
        ?assert(string:length(Sentence(Culprits)) =< 100)
     || Culprits <- [#{}, #{heaps_used => Long}, #{heaps_used => Long, rest => Long}, #{rest => Long}]
    ],
    %% What is not in RAM has shares, too.
    ?assertEqual(
        <<"865 B, of which 500 B in RAM: 14 % heaps in use, 13 % unused in the allocators, 12 % binaries">>,
        sentence_with_rss(500)
    ),
    ?assertMatch({0, _}, binary:match(sentence_with_rss(800), <<"800 B in RAM: 14 %">>)),
    %% If only some parts are known, there are no shares.
    #{memory := Memory} = Facts = facts(),
    [
        ?assertEqual(
            <<"0.98 KB in RAM: the node did not say where">>,
            cprof_memory_parts:sentence(cprof_memory_parts:parts(Some), Resident, #{})
        )
     || Some <- [Facts#{memory := #{}}, Facts#{allocators := []}]
    ],
    ?assertEqual(
        <<"the node did not say where its memory is">>, cprof_memory_parts:sentence([], undefined, #{})
    ),
    ?assertMatch(
        <<"805 B: 15 % heaps in use", _/binary>>,
        cprof_memory_parts:sentence(
            cprof_memory_parts:parts(Facts#{resident := undefined, memory := Memory}), undefined, #{}
        )
    ).

what_linux_says_test() ->
    Status = <<"Name:\tbeam\nVmHWM:\t  200 kB\nVmRSS:\t  100 kB\nRssFile:\t 7 kB\nVmSwap:\t 0 kB\nThreads:\t9\n">>,
    ?assertEqual(
        #{rss => 102400, peak => 204800, files => 7168, swapped => 0}, cprof_resident:parse(Status)
    ),
    ?assertEqual(undefined, cprof_resident:parse(<<"Name:\tbeam\n">>)).

%% As OTP 25 says it, without a super carrier and with one.
what_is_kept_for_carriers_test() ->
    Mmap = fun(Info) ->
        [
            {default_mmap, [{options, [{scs, 0}]}, {os, [{sizes, [{used, 5000}]}]} | Info]},
            {literal_mmap, [{supercarrier, [{sizes, [{total, 99999}, {used, 777}]}]}]}
        ]
    end,
    Mseg = [
        {instance, N, [
            {version, "0.9"},
            {memkind, [
                {name, "all memory"},
                {status, [{cached_segments, 1}, {segments, 7, 12, 12}, {segments_size, 1000 * N, 9999, 9999}]},
                {calls, [{mseg_alloc, 0, 134}]}
            ]}
        ]}
     || N <- [0, 1, 2]
    ],
    ?assertEqual(2000, cprof_allocators:cached(Mmap([]), Mseg)),
    Super = Mmap([{supercarrier, [{sizes, [{total, 9000}, {used, 400}, {used_sa, 300}]}, {free_segs, [{used, 5}]}]}]),
    ?assertEqual(2400, cprof_allocators:cached(Super, Mseg)),
    ?assertEqual(0, cprof_allocators:cached(false, undefined)).

%% Carriers for single blocks come and go with large heaps; for a while they are kept.
what_is_freed_is_explained_test_() ->
    {timeout, 120, fun() ->
        [ended([holder(fun() -> nothing end, [{min_heap_size, 4000000}])]) || _ <- [1, 2, 3]],
        Kept = cprof_allocators:cached(),
        #{parts := Parts} = cprof_nif:memory(#{wait_ms => 20000}),
        ?assert(Kept > 0),
        ?assert(maps:get(cached, by_name(Parts)) > 0)
    end}.

%% --- what is missing ----------------------------------------------------------------

%% A NIF or a busy machine can keep a scheduler from answering; here nobody is asked.
what_is_missing_is_named_with_its_reason_test() ->
    #{quality := Quality} = Memory = cprof_nif:memory(#{wait_ms => 20000}),
    ?assertMatch(#{missing := [], reasons := Reasons} when Reasons =:= #{}, Quality),
    Known = text(Memory),
    [?assertEqual(nomatch, string:find(Known, Word)) || Word <- ["not known, because", "incomplete"]],
    Missing = text(Memory#{
        quality := Quality#{
            missing := [memory, cached, resident, tables],
            reasons := #{memory => uncounted, cached => silent, resident => unsupported, tables => silent}
        }
    }),
    [
        ?assertNotEqual(nomatch, string:find(Missing, Line))
     || Line <- [
            "  not known, because a scheduler did not answer in time (option wait_ms waits longer):\n"
            "    room for new carriers, ETS tables\n",
            "  not known, because this VM does not count sizes (+Mea min):\n    sizes by kind\n",
            "  not known, because this system does not say it:\n    what is in RAM\n"
        ]
    ].

without_parts_there_is_no_table_of_them_test() ->
    Text = text((cprof_nif:memory(#{wait_ms => 20000}))#{parts := []}),
    ?assertEqual(nomatch, string:find(Text, "Where the memory is")),
    ?assertNotEqual(nomatch, string:find(Text, "  not all parts are known; in RAM: ")).

text(Memory) -> unicode:characters_to_list(cprof_nif:format(Memory)).

%% --- growth --------------------------------------------------------------------------

%% Until the second reading, the sizes of 20,000 tables are kept.
the_first_reading_itself_is_no_growth_test_() ->
    {timeout, 300, fun() ->
        Tables = [ets:new(table, []) || _ <- lists:seq(1, 20000)],
        #{parts := Parts} = cprof_nif:memory(#{ms => 500, wait_ms => 20000}),
        [true = ets:delete(Table) || Table <- Tables],
        Of = [heaps_used, heaps_unused],
        Grew = lists:sum([By || #{part := Part, grew := By} <- Parts, lists:member(Part, Of)]),
        ?assert(Grew < ?MB, {Grew, Parts})
    end}.

%% --- by initial call ---------------------------------------------------------------

%% 20,000 small heaps of one kind, 500 larger ones of another, and a huge one: what the
%% sample says is within its own error, but for a few of many times.
an_estimate_is_within_its_error_test_() -> {timeout, 120, fun an_estimate_is_within_its_error/0}.

an_estimate_is_within_its_error() ->
    _ = rand:seed(exsss, 7),
    Heaps = [{{small, N}, 200 + N rem 100} || N <- lists:seq(1, 20000)] ++
        [{{large, N}, 10000} || N <- lists:seq(1, 500)] ++ [{{huge, 1}, 10000000}],
    Truth = maps:map(
        fun(_, Words) -> 8 * lists:sum(Words) end,
        maps:groups_from_list(fun({{Kind, _}, _}) -> {Kind, init, 1} end, fun({_, Words}) -> Words end, Heaps)
    ),
    Wrong = lists:append([wrong(Heaps, Truth) || _ <- lists:seq(1, 20)]),
    %% Of 40 estimates, 2 are expected outside.
    ?assert(length(Wrong) =< 6).

wrong(Heaps, Truth) ->
    Sum = lists:foldl(
        fun({Pid, Words}, To) -> cprof_heap_sum:add(Pid, info(Words), 0, To) end,
        cprof_heap_sum:new(10),
        Heaps
    ),
    #{sample := Sample} = cprof_heap_sum:totals(Sum),
    Calls = maps:from_list([{Pid, {Kind, init, 1}} || {{Kind, _} = Pid, _, _} <- Sample]),
    Groups = cprof_memory_groups:estimate(Sample, Calls, 1.0),
    ?assertMatch([#{initial_call := {huge, init, 1}, error_bytes := 0, processes := 1} | _], Groups),
    [
        Group
     || #{initial_call := Call, bytes := Bytes, error_bytes := Error} = Group <- Groups,
        abs(Bytes - maps:get(Call, Truth)) > Error
    ].

%% BIFs look at a part of 20,000 processes.
a_part_of_the_processes_stands_for_all_test_() ->
    {timeout, 120, fun() ->
        Pids = [proc_lib:spawn_opt(?MODULE, parked, [N], [{min_heap_size, 1000}]) || N <- lists:seq(1, 20000)],
        until(fun() -> process_info(lists:last(Pids), status) =:= {status, waiting} end),
        #{processes := #{groups := Groups}} = cprof_nif:memory(#{source => bif}),
        Truth = lists:sum([8 * Words || Pid <- Pids, {_, Words} <- [process_info(Pid, total_heap_size)]]),
        ended(Pids),
        [#{bytes := Bytes, error_bytes := Error, processes := Number}] =
            [Group || #{initial_call := {?MODULE, parked, 1}} = Group <- Groups],
        ?assert(abs(Bytes - Truth) < 2 * Error, {Bytes, Error, Truth}),
        ?assert(Error < Truth / 10),
        ?assert(abs(Number - 20000) < 2000, Number)
    end}.

%% A heap that is half full.
info(Words) ->
    #{
        heap_size => Words div 2,
        heap_block_size => Words,
        stack_size => 0,
        recent_size => 0,
        old_heap_size => 0,
        old_heap_block_size => 0,
        mbuf_size => 0,
        bin_old_vheap_size => 0
    }.

sums_over_few_processes_are_exact_test() ->
    Groups = cprof_memory_groups:estimate([{a, 100, 0}, {b, 50, 0}, {c, 70, 0}], #{a => x, b => y, c => y}, 1.0),
    ?assertMatch(
        [
            #{initial_call := y, bytes := 120, processes := 2, error_bytes := 0},
            #{initial_call := x, bytes := 100, processes := 1, error_bytes := 0}
        ],
        Groups
    ).

merged_sums_are_the_whole_sum_test() ->
    Add = fun({Pid, Info}, Sum) -> cprof_heap_sum:add(Pid, Info, 30, Sum) end,
    Heaps = [{N, (info(100 * N))#{old_heap_size => N, old_heap_block_size => 3 * N, bin_old_vheap_size => N}} || N <- lists:seq(1, 50)],
    {A, B} = lists:split(20, Heaps),
    [All, PartA, PartB] = [lists:foldl(Add, cprof_heap_sum:new(5), Some) || Some <- [Heaps, A, B]],
    Whole = cprof_heap_sum:totals(All),
    Merged = cprof_heap_sum:totals(cprof_heap_sum:merge(PartA, PartB)),
    ?assertEqual(maps:remove(sample, Whole), maps:remove(sample, Merged)),
    ?assertMatch(#{count := 50, young := 510000, young_free := 510000, old := 10200, old_free := 20400}, Whole),
    ?assertMatch(#{unused := [{50, 20800, 41200} | _], pinned := [{50, 400, 240} | _]}, Whole),
    ?assertEqual([{50, 8 * 103 * 1275}], [Fill || {Count, _} = Fill <- maps:get(fills, Whole), Count > 0]).

%% --- what only grows -----------------------------------------------------------------

%% Readings at each quarter of a second; a mark at each second.
growing(Size, Snapshots) ->
    Readings = [{250 * N, N rem 4 =:= 0, Size(N)} || N <- lists:seq(0, 4 * Snapshots)],
    Growers = lists:foldl(
        fun({At, Mark, Value}, To) -> cprof_growers:add(sizes(Value), At, Mark, To) end,
        cprof_growers:new(),
        Readings
    ),
    [{cprof_trend:first(Trend), cprof_trend:last(Trend)} || {thing, Trend} <- cprof_growers:growing(Snapshots, Growers)].

sizes(gone) -> #{};
sizes(Size) -> #{thing => Size}.

what_rises_in_every_interval_grows_test() ->
    ?assertEqual([{100, 109}], growing(fun(N) -> 100 + N end, 3)),
    ?assertEqual([], growing(fun(_) -> 100 end, 3)),
    ?assertEqual([], growing(fun(N) -> 100 - N end, 3)),
    %% It stood still in one of the intervals.
    ?assertEqual([], growing(fun(N) -> 100 + max(N, 4) end, 3)),
    %% A wave around the same; and one that rises, of which the least counts.
    Wave = fun(N) -> 40 * (N rem 4) end,
    ?assertEqual([], growing(Wave, 5)),
    ?assertEqual([{0, 20}], growing(fun(N) -> Wave(N) + N end, 5)),
    ?assertEqual([], growing(fun(9) -> 0; (N) -> 100 + N end, 3)).

%% Long enough, but not from the beginning on.
what_came_later_grows_test() ->
    From = fun(First) -> fun(N) when N >= First -> N; (_) -> gone end end,
    ?assertEqual([], growing(From(4), 3)),
    ?assertMatch([_], growing(From(4), 8)),
    ?assertMatch([_], growing(From(16), 8)),
    ?assertEqual([], growing(From(17), 8)),
    %% Seen only now and then, but in each interval; and not in one of them.
    ?assertMatch([_], growing(fun(N) when N rem 4 =:= 3; N =:= 0 -> N; (_) -> gone end, 8)),
    ?assertEqual([], growing(fun(N) when N > 16, N =< 20 -> gone; (N) -> N end, 8)).

%% As much after 1,000 readings as after 12, whatever things there were.
what_is_remembered_is_bounded_test() ->
    Readings = fun(Count) ->
        lists:foldl(
            fun(N, To) ->
                cprof_growers:add(maps:from_list([{{N, I}, N * I} || I <- lists:seq(1, 100)]), 250 * N, N rem 4 =:= 0, To)
            end,
            cprof_growers:new(),
            lists:seq(1, Count)
        )
    end,
    ?assert(erts_debug:flat_size(Readings(1000)) =< 1.1 * erts_debug:flat_size(Readings(12))).

%% --- a node of which everything is known ----------------------------------------------

both(Fun) ->
    {timeout, 300, fun() -> [Fun(#{source => Source, wait_ms => 20000}) || Source <- [auto, bif]] end}.

parked(_) -> forever().

%% Waits, and holds what Fun makes.
holder(Fun, Options) ->
    Test = self(),
    Pid = erlang:spawn_opt(
        fun() ->
            Held = Fun(),
            Test ! {self(), holds},
            receive
                {never, Held} -> ok
            end
        end,
        Options
    ),
    receive
        {Pid, holds} -> Pid
    end.

ended(Pids) ->
    Monitors = [monitor(process, Pid) || Pid <- Pids, exit(Pid, kill)],
    [receive {'DOWN', Monitor, process, _, _} -> ok end || Monitor <- Monitors].

gc_info(Pid) ->
    {_, Info} = process_info(Pid, garbage_collection_info),
    maps:from_list(Info).

row_of(Pid, Rows) ->
    case [Row || #{pid := Found} = Row <- Rows, Found =:= Pid] of
        [Row] -> Row;
        [] -> error({not_there, Pid, Rows})
    end.

the_sum_is_what_is_in_ram_test_() ->
    both(fun(Options) ->
        #{parts := Parts, resident := #{rss := Rss}, quality := Quality, elapsed_us := undefined} =
            cprof_nif:memory(Options),
        ?assertMatch(#{missing := []}, Quality),
        ?assertEqual(Rss, lists:sum([Bytes || #{bytes := Bytes} <- Parts])),
        Names = by_name(Parts),
        Memory = maps:from_list(erlang:memory()),
        [
            ?assert(abs(maps:get(Part, Names) / maps:get(Key, Memory) - 1) < 0.1)
         || {Part, Key} <- [{ets, ets}, {atoms, atom}, {code, code}]
        ],
        Processes = [heaps_used, heaps_unused, stacks, fragments, structs, processes_rest],
        Sum = lists:sum(maps:values(maps:with(Processes, Names))),
        ?assert(abs(Sum / maps:get(processes, Memory) - 1) < 0.3),
        ?assert(maps:get(carriers, Names) > 0),
        ?assert(maps:get(program, Names) > 0)
    end).

the_emptiest_heap_is_named_test_() ->
    both(fun(Options) ->
        Pid = holder(fun() -> nothing end, [{min_heap_size, 3000000}]),
        #{heaps := Heaps, processes := #{top := Largest}} = cprof_nif:memory(Options),
        #{heap_size := Used, heap_block_size := Block, stack_size := Stack} = gc_info(Pid),
        #{unused_top := [First | _], unused := Unused, fill := Fill} = Heaps,
        ?assertEqual({Pid, 8 * (Block - Used - Stack), 8 * Block}, {maps:get(pid, First), maps:get(bytes, First), maps:get(all, First)}),
        ?assertMatch(#{bytes := Bytes} when Bytes =:= 8 * Block, row_of(Pid, Largest)),
        ?assert(Unused >= 8 * (Block - Used - Stack)),
        [#{from := 0, to := 10, heaps := Count, bytes := InClass} | _] = Fill,
        ?assert(Count >= 1 andalso InClass >= 8 * Block),
        ended([Pid])
    end).

%% By a list whose size is known: what it takes, what the collection left of it.
a_heap_is_as_full_as_its_terms_are_large_test_() ->
    both(fun(Options) ->
        #{heaps := #{used := Was, live := Left}} = cprof_nif:memory(Options),
        Pid = holder(
            fun() ->
                Numbers = lists:seq(1, 1000000),
                erlang:garbage_collect(),
                Numbers
            end,
            []
        ),
        #{heaps := #{used := Used, live := Live, examined := Examined}} = cprof_nif:memory(Options),
        ended([Pid]),
        ?assert(abs((Used - Was) / 16.0e6 - 1) < 0.2),
        ?assert(abs((Live - Left) / 16.0e6 - 1) < 0.2),
        ?assert(Examined > 10)
    end).

the_holder_of_binaries_is_named_test_() ->
    both(fun(Options) ->
        Young = holder(fun() -> [binary:copy(<<N>>, ?MB) || N <- lists:seq(1, 50)] end, [{min_bin_vheap_size, 20000000}]),
        Old = holder(
            fun() ->
                Held = [binary:copy(<<N>>, ?MB) || N <- lists:seq(1, 30)],
                [erlang:garbage_collect(self(), [{type, minor}]) || _ <- [1, 2, 3]],
                Held
            end,
            []
        ),
        Shared = binary:copy(<<1>>, 10 * ?MB),
        Sharers = [holder(fun() -> Shared end, []) || _ <- [1, 2]],
        #{binaries := #{top := Top, pinned := Pinned, total := Total, held := Held, old := OldBytes}, parts := Parts} =
            cprof_nif:memory(Options),
        ?assertMatch([#{pid := Young}, #{pid := Old} | _], Top),
        [?assertEqual(N * ?MB, maps:get(own, row_of(Pid, Top))) || {Pid, N} <- [{Young, 50}, {Old, 30}]],
        [?assertEqual(0, maps:get(own, row_of(Pid, Top))) || Pid <- Sharers],
        #{bin_old_vheap_size := Words} = gc_info(Old),
        ?assert(8 * Words >= 30 * ?MB),
        ?assertMatch(#{bytes := Bytes, all := Bytes} when Bytes =:= 8 * Words, row_of(Old, Pinned)),
        [
            ?assertEqual(Bytes, 8 * maps:get(bin_old_vheap_size, gc_info(Pid)))
         || #{pid := Pid, bytes := Bytes} <- Pinned, lists:member(Pid, [Young | Sharers])
        ],
        ?assert(OldBytes >= 8 * Words),
        ?assert(Total >= 90 * ?MB andalso Held >= 100 * ?MB),
        ?assertMatch(#{binaries := Total}, by_name(Parts)),
        ended([Young, Old | Sharers]),
        ?assertEqual(10 * ?MB, byte_size(Shared))
    end).

%% The walk counts whole words of each binary, and what is asked is in bytes.
nobody_holds_more_alone_than_in_all_test_() ->
    both(fun(Options) ->
        Holder = holder(fun() -> [binary:copy(<<N>>, 10007) || N <- lists:seq(1, 5000)] end, []),
        #{binaries := #{top := Top}} = cprof_nif:memory(Options),
        #{bytes := Held, own := Own} = row_of(Holder, Top),
        ?assert(Held < 5000 * 10007),
        ?assertEqual(Held, Own),
        ended([Holder])
    end).

%% Before OTP 27 the VM does not list them; and what the process got from another one is
%% not its own.
binaries_that_are_built_by_appending_are_their_owners_test_() ->
    both(fun(Options) ->
        Shared = binary:copy(<<1>>, ?MB),
        Pid = holder(fun() -> [Shared | lists:foldl(fun appended/2, <<>>, lists:seq(1, 10000))] end, []),
        #{binaries := #{top := Top}} = cprof_nif:memory(Options),
        #{bytes := Bytes, own := Own} = row_of(Pid, Top),
        #{binaries := #{top := Seen}} = cprof_nif:snapshot(Options),
        #{distinct_bytes := Distinct} = row_of(Pid, Seen),
        ended([Pid]),
        ?assert(byte_size(Shared) =:= ?MB andalso Own >= 10000000),
        ?assert(abs(Bytes - ?MB - Own) < 10000),
        ?assert(abs(Bytes - Distinct) < 10000)
    end).

appended(_, Binary) -> <<Binary/binary, 0:8000>>.

heaps_are_grouped_by_initial_call_test_() ->
    both(fun(Options) ->
        Pids = [
            proc_lib:spawn_opt(?MODULE, parked, [N], [{min_heap_size, 10000 + N}])
         || N <- lists:seq(1, 100)
        ] ++ [erlang:spawn_opt(?MODULE, parked, [N], [{min_heap_size, 20000}]) || N <- lists:seq(1, 50)],
        until(fun() ->
            lists:all(fun(Pid) -> process_info(Pid, current_function) =:= {current_function, {cprof_test_support, forever, 0}} end, Pids)
        end),
        #{processes := #{groups := [First | _] = Groups}} = cprof_nif:memory(Options),
        Bytes = lists:sum([
            8 * (Block + Old + Fragments)
         || Pid <- Pids,
            #{heap_block_size := Block, old_heap_block_size := Old, mbuf_size := Fragments} <- [gc_info(Pid)]
        ]),
        ended(Pids),
        Row = hd([Group || #{initial_call := {?MODULE, parked, 1}} = Group <- Groups]),
        ?assertMatch(#{processes := 150, bytes := Bytes, error_bytes := 0}, Row),
        ?assert(maps:get(bytes, First) >= Bytes)
    end).

%% --- tables --------------------------------------------------------------------------

filled(Name, Options, Objects) ->
    Table = ets:new(Name, [public | Options]),
    ets:insert(Table, [{N, lists:seq(1, 50)} || N <- lists:seq(1, Objects)]),
    Table.

table_row(Table, Rows) ->
    case [Row || #{table := Found} = Row <- Rows, Found =:= Table] of
        [Row] -> Row;
        [] -> error({not_there, Table, Rows})
    end.

tables_are_named_with_their_owners_test_() ->
    both(fun(Options) ->
        Test = self(),
        Owner = spawn(fun() ->
            register(cprof_memory_owner, self()),
            Test ! [
                filled(cprof_memory_named, [named_table, ordered_set], 20000),
                filled(cprof_memory_unnamed, [private, set], 10000)
            ],
            forever()
        end),
        [Named, Unnamed] = receive Tables -> Tables end,
        #{ets := #{top := Top, count := Count, examined := Count, total := Total, growing := []}} = cprof_nif:memory(Options),
        ?assertMatch(
            #{
                name := cprof_memory_named,
                named := true,
                type := ordered_set,
                protection := public,
                objects := 20000,
                owner := Owner,
                owner_name := cprof_memory_owner,
                grew := undefined
            },
            table_row(Named, Top)
        ),
        ?assertMatch(#{name := cprof_memory_unnamed, named := false, type := set, objects := 10000}, table_row(Unnamed, Top)),
        [?assertEqual(8 * ets:info(Table, memory), maps:get(bytes, table_row(Table, Top))) || Table <- [Named, Unnamed]],
        ?assert(Total >= 8 * (ets:info(Named, memory) + ets:info(Unnamed, memory))),
        ?assertEqual(Count, length(ets:all())),
        ended([Owner])
    end).

what_grew_between_two_readings_test_() ->
    {timeout, 300, fun() ->
        Grows = filled(cprof_memory_grows, [], 1000),
        Stays = filled(cprof_memory_stays, [], 5000),
        Feeder = spawn(fun() -> feed(Grows, Stays, 5000) end),
        #{ets := #{growing := [First | _] = Growing, top := Top}, elapsed_us := Us, parts := Parts} =
            cprof_nif:memory(#{ms => 500, wait_ms => 20000}),
        ended([Feeder]),
        ?assertMatch(#{table := Grows, grew := Grew} when Grew > 0, First),
        ?assertEqual([], [Row || #{table := Table} = Row <- Growing, Table =:= Stays]),
        ?assertMatch(#{grew := 0}, table_row(Stays, Top)),
        ?assert(Us >= 500000),
        [#{grew := EtsGrew}] = [Part || #{part := ets} = Part <- Parts],
        %% (Both are read at other moments than the tables.)
        ?assert(EtsGrew > 0),
        [ets:delete(Table) || Table <- [Grows, Stays]]
    end}.

%% New objects in one table, as large ones in the place of others in the other.
feed(Grows, Stays, Next) ->
    ets:insert(Grows, [{N, lists:seq(1, 50)} || N <- lists:seq(Next, Next + 50)]),
    ets:insert(Stays, [{N, lists:seq(1, 50)} || N <- lists:seq(1, 50)]),
    timer:sleep(5),
    feed(Grows, Stays, Next + 51).

%% Not all are asked; the named ones are.
very_many_tables_test_() ->
    {timeout, 300, fun() ->
        Test = self(),
        Owner = spawn(fun() ->
            [ets:new(cprof_memory_small, []) || _ <- lists:seq(1, 45000)],
            filled(cprof_memory_among_many, [named_table], 20000),
            Test ! ready,
            forever()
        end),
        receive ready -> ok end,
        #{ets := #{count := Count, examined := Examined, examined_bytes := Bytes, total := Total, top := [First | _]}} =
            Memory = cprof_nif:memory(#{wait_ms => 20000}),
        ?assert(Count > 45000),
        ?assert(Examined =< 20000 andalso Examined > 1000),
        ?assert(Bytes < Total),
        ?assertMatch(#{table := cprof_memory_among_many, objects := 20000}, First),
        ?assertMatch({match, _}, re:run(cprof_nif:format(Memory), "ETS: [0-9,]+ tables with .* of them were asked and have")),
        ended([Owner])
    end}.

%% --- watch ---------------------------------------------------------------------------

watch(Source) ->
    #{findings := Findings} = Result = cprof_nif:watch(#{source => Source, interval_ms => 500, snapshots => 3}),
    {[Found || #{kind := Kind} = Found <- Findings, Kind =:= growing_heap orelse Kind =:= growing_table], Result}.

watch_names_tables_and_heaps_that_only_grow_test_() ->
    {timeout, 600, fun() -> [named(Source, 5) || Source <- [auto, bif]] end}.

%% On a loaded machine those that grow may not have had their turn in an interval.
named(Source, Tries) ->
    Tables = [Grows, Stays] = [filled(Name, [], 5000) || Name <- [cprof_memory_leak, cprof_memory_steady]],
    Feeder = spawn(fun() -> feed(Grows, Stays, 5000) end),
    [Heap, Steady] = [spawn(?MODULE, growing_heap, [lists:seq(1, 400000), By]) || By <- [1000, 0]],
    {Findings, #{examined := Examined} = Result} = watch(Source),
    Text = cprof_nif:format(Result),
    ended([Feeder, Heap, Steady]),
    Objects = ets:info(Grows, size),
    [ets:delete(Table) || Table <- Tables],
    case [{Kind, Pid} || #{kind := Kind, pid := Pid} <- Findings] of
        [{growing_heap, Heap}, {growing_table, Owner}] when Owner =:= self() ->
            [#{why := Why, last := Last, slope_per_s := Slope}, #{table := Grows, table_name := Name, objects := Known}] = Findings,
            ?assert(Last > 6400000 andalso Slope > 0),
            ?assertMatch({match, _}, re:run(Why, "MB of its heap in use after a collection, more in every interval")),
            ?assertEqual(cprof_memory_leak, Name),
            ?assert(Known > 5000 andalso Known =< Objects),
            ?assertMatch(#{tables := All, all_tables := All, heaps := Heaps} when Heaps > 1, Examined),
            ?assertMatch({match, _}, re:run(Text, "growing ETS table .*objects of table cprof_memory_leak, more in every interval")),
            ?assertMatch({match, _}, re:run(Text, "growing heap"));
        _ when Tries > 1 ->
            named(Source, Tries - 1);
        Other ->
            ?assertEqual([{growing_heap, Heap}, {growing_table, self()}], Other)
    end.

%% Keeps some more each time, and makes garbage, so that it collects often.
growing_heap(Kept, By) ->
    _ = lists:sum(lists:seq(1, 20000)),
    timer:sleep(2),
    growing_heap(lists:seq(1, By) ++ Kept, By).

%% --- how it is asked for -----------------------------------------------------------------

wrong_options_are_refused_test() ->
    [
        ?assertError({badarg, Text}, cprof_nif:memory(Options))
     || {Options, Text} <- [
            {#{top => 201}, <<"option top must be a whole number of rows, 1 to 200, not 201">>},
            {[{source, nif}], <<"option source must be auto or bif, not nif">>},
            {#{ms => 86400001}, <<"option ms must be a whole number of milliseconds, 0 to 86400000, not 86400001">>},
            {#{wait_ms => -1}, <<"option wait_ms must be a whole number of milliseconds, 0 to 86400000, not -1">>},
            {#{nothing => 1}, <<"unknown option nothing; the options are ms, top, source, wait_ms">>}
        ]
    ].

%% Even with the longest names.
text_has_100_columns_test_() ->
    {timeout, 120, fun() ->
        Name = list_to_atom(lists:duplicate(250, $n)),
        Table = filled(Name, [named_table], 30000),
        Pid = holder(fun() -> register(list_to_atom(lists:duplicate(250, $p)), self()) end, [{min_heap_size, 4000000}]),
        Text = cprof_nif:format(cprof_nif:memory([{ms, 50}, {wait_ms, 20000}])),
        ended([Pid]),
        ets:delete(Table),
        Lines = binary:split(Text, <<"
">>, [global]),
        ?assertEqual([], [Line || Line <- Lines, string:length(Line) > 100]),
        ?assertMatch(<<_, _/binary>>, hd(Lines)),
        ?assertMatch({match, _}, re:run(hd(Lines), "^[0-9.]+ [MG]B(, of which [0-9.]+ [MG]B)? in RAM: [0-9]+ % ")),
        Parts = ["Where the memory is:", "Heaps: ", "by initial call", "Processes: ", "Binaries: ", "ETS: ", "Atoms: ", "Allocators:", "growth is that of 0\.[0-9] s"],
        [?assertMatch({match, _}, re:run(Text, Part)) || Part <- Parts],
        ?assert(length(Lines) < 150)
    end}.

for_json_test() ->
    Unnamed = filled(cprof_memory_json, [], 20000),
    Map = cprof_nif:to_json_map(cprof_nif:memory(#{wait_ms => 20000})),
    #{<<"ets">> := #{<<"top">> := Rows}, <<"parts">> := [#{<<"part">> := Part, <<"bytes">> := _} | _]} = Map,
    ?assert(is_binary(Part)),
    Texts = [Text || #{<<"table">> := Text} <- Rows],
    ?assert(lists:member(list_to_binary(ref_to_list(Unnamed)), Texts)),
    ets:delete(Unnamed).

%% The calling process is asked nothing, and gets no messages.
the_caller_is_left_alone_test_() ->
    {timeout, 120, fun() ->
        self() ! mine,
        _ = cprof_nif:memory(),
        _ = cprof_nif:memory(#{ms => 20}),
        ?assertEqual({messages, [mine]}, process_info(self(), messages)),
        receive mine -> ok end
    end}.

own_processes_are_in_no_list_test_() ->
    both(fun(Options) ->
        _ = cprof_nif:snapshot(),
        #{heaps := #{unused_top := Unused}, processes := #{top := Top}, binaries := #{pinned := Pinned}} =
            cprof_nif:memory(Options#{top => 200}),
        Own = [whereis(cprof_canary), whereis(cprof_wall_time)],
        ?assertEqual([], [Row || #{pid := Pid} = Row <- Unused ++ Top ++ Pinned, lists:member(Pid, Own)])
    end).

it_ends_with_its_caller_test_() ->
    {timeout, 120, fun() ->
        Caller = spawn(fun() -> cprof_nif:memory(#{ms => 60000}) end),
        until(fun() -> is_pid(whereis(cprof_growing_memory)) end),
        %% One reading does not wait for it.
        ?assertMatch(#{parts := [_ | _]}, cprof_nif:memory()),
        ended([Caller]),
        until(fun() -> whereis(cprof_growing_memory) =:= undefined end)
    end}.
