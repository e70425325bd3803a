%% What is kept of a series of readings against the same computed from all of
%% them, on random series; and what it takes.
-module(cprof_suspects_tests).

-include_lib("eunit/include/eunit.hrl").

-define(RUNS, 400).
-define(PARTS, 4).
-define(MB, 1000000).

%% --- from all readings -----------------------------------------------------------

mailboxes(Readings, Snapshots) ->
    Lists = [
        {At, Mark, maps:from_list([{Pid, Length} || {Pid, Length, _} <- Top])}
     || #{at_ms := At, mark := Mark, walk := #{mailboxes := #{top := Top}}} <- Readings
    ],
    {_, _, Last} = lists:last(Lists),
    [
        row(growing_mailbox, Pid, Points)
     || Pid <- maps:keys(Last),
        Points <- [lengths(Pid, Lists)],
        value(lists:last(Points)) - value(hd(Points)) >= 5,
        length(Points) > Snapshots,
        grows(Points)
    ].

%% From the first time that it is listed, and before it where lists have room.
lengths(Pid, Lists) ->
    {Before, Listed} = lists:splitwith(fun({_, _, List}) -> not is_map_key(Pid, List) end, Lists),
    [{At, Mark, 0} || {At, Mark, List} <- Before, map_size(List) < 100] ++
        [{At, Mark, maps:get(Pid, List, 0)} || {At, Mark, List} <- Listed].

hoards(Readings, Snapshots) ->
    Lists = [
        {At, Mark, maps:from_list([{Pid, {Bytes, Heap}} || {Pid, Bytes, Heap, _} <- Top ++ Leaks])}
     || #{binaries := true, at_ms := At, mark := Mark, walk := #{binaries := #{top := Top, leaks := Leaks}}} <-
            Readings
    ],
    {_, _, Last} = lists:last(Lists),
    [
        row(binary_hoarder, Pid, Points)
     || {Pid, {Bytes, Heap}} <- maps:to_list(Last),
        Bytes >= 4 * ?MB,
        Points <- [[{At, Mark, Held} || {At, Mark, #{Pid := {Held, _}}} <- Lists]],
        Same <- [lists:usort([Held || {_, _, Held} <- Points])],
        (length(Points) > Snapshots andalso grows(Points) andalso Bytes / max(1, Heap) >= 4) orelse
            (length(Points) =:= length(Lists) andalso length(Same) =:= 1 andalso Bytes / max(1, Heap) >= 64)
    ].

%% Never less, and more from the first to the first mark after it, and so on.
grows([First | Rest] = Points) ->
    Values = [Value || {_, _, Value} <- Points],
    Marks = [value(First) | [Value || {_, true, Value} <- Rest]],
    Values =:= lists:sort(Values) andalso Marks =:= lists:usort(Marks).

%% As it was before, when all readings were kept: marks at equal distances.
grows_at_equal_distances(Points, Snapshots) ->
    Values = [Value || {_, _, Value} <- Points],
    Last = length(Values) - 1,
    Marks = [lists:nth(1 + round(N * Last / Snapshots), Values) || N <- lists:seq(0, Snapshots)],
    Values =:= lists:sort(Values) andalso Marks =:= lists:usort(Marks).

value({_, _, Value}) -> Value.

row(Kind, Pid, [{_, _, First} | _] = Points) ->
    {Kind, Pid, First, value(lists:last(Points)), slope(Points)}.

slope(Points) ->
    Count = length(Points),
    MeanT = lists:sum([At || {At, _, _} <- Points]) / Count,
    MeanV = lists:sum([Value || {_, _, Value} <- Points]) / Count,
    Over = lists:sum([(At - MeanT) * (Value - MeanV) || {At, _, Value} <- Points]),
    case lists:sum([(At - MeanT) * (At - MeanT) || {At, _, _} <- Points]) of
        Under when Under > 0 -> 1000 * Over / Under;
        _ -> 0.0
    end.

%% --- random series ---------------------------------------------------------------

%% Processes of many kinds, in lists that have room for all or not; some readings
%% are left out, some have no binaries, times are uneven.
series(Snapshots) ->
    Long = rand:uniform(2) =:= 1,
    Full = [{filler, N} || Long, N <- lists:seq(1, 120)],
    Kinds = [{N, kind()} || N <- lists:seq(1, 30)],
    Parts = [
        Part
     || Part <- lists:seq(0, Snapshots * ?PARTS), Part rem ?PARTS =:= 0 orelse rand:uniform(5) > 1
    ],
    Binaries = rand:uniform(2) =:= 1,
    [reading(Part, Kinds, Full, Binaries) || Part <- Parts].

reading(Part, Kinds, Full, Binaries) ->
    Rows = [{Pid, figure(Kind, Part)} || {Pid, Kind} <- Kinds],
    Mark = Part rem ?PARTS =:= 0,
    Some = [{Pid, N} || {Pid, N} <- Rows, N > 0],
    {Top, Leaks} = lists:split(length(Some) div 2, [{Pid, N * ?MB, heap(Pid), undefined} || {Pid, N} <- Some]),
    #{
        at_ms => -576460000000 + 250 * Part + rand:uniform(100),
        mark => Mark,
        binaries => Binaries orelse Mark,
        walk => #{
            mailboxes => #{top => [{Pid, N, undefined} || {Pid, N} <- Some] ++ [{Pid, 1, undefined} || Pid <- Full]},
            binaries => #{top => Top, leaks => Leaks},
            live => []
        }
    }.

heap(Pid) -> element(1 + Pid rem 3, {1000, 400000, 30 * ?MB}).

%% What it starts with, what it grows by, when it begins, and how often it is not
%% listed, or shrinks, or stays.
kind() ->
    #{
        from => rand:uniform(20) - 1,
        by => rand:uniform(4) - 1,
        after_part => rand:uniform(3) * (rand:uniform(6) - 1),
        missing => one_in(),
        shrinks => one_in(),
        stays => one_in(),
        seed => rand:uniform(1000000)
    }.

one_in() -> element(rand:uniform(4), {never, never, 30, 5}).

figure(#{after_part := After} = Kind, Part) when Part >= After ->
    #{from := From, by := By, missing := Missing, shrinks := Shrinks, stays := Stays} = Kind,
    Steps = length([P || P <- lists:seq(1, Part - After), not happens(Stays, Kind, stay, P div 4)]),
    case {happens(Missing, Kind, miss, Part), happens(Shrinks, Kind, shrink, Part)} of
        {true, _} -> 0;
        {_, true} -> max(0, From + By * Steps - 3);
        _ -> From + By * Steps
    end;
figure(_, _) ->
    0.

happens(never, _, _, _) -> false;
happens(OneIn, #{seed := Seed}, What, Part) -> erlang:phash2({Seed, What, Part}, OneIn) =:= 0.

the_same_as_from_all_readings_test_() ->
    {timeout, 120, fun() ->
        _ = rand:seed(exsss, 20),
        Named = [one_run(1 + Run rem 6) || Run <- lists:seq(1, ?RUNS)],
        %% of both kinds there were many
        [?assert(length([K || {K, _, _, _, _} <- lists:append(Named), K =:= Kind]) > ?RUNS)
         || Kind <- [growing_mailbox, binary_hoarder]]
    end}.

one_run(Snapshots) ->
    Readings = series(Snapshots),
    Expected = lists:sort(mailboxes(Readings, Snapshots) ++ hoards(Readings, Snapshots)),
    Found = lists:sort(found(Readings, Snapshots)),
    ?assertEqual([without_slope(Row) || Row <- Expected], [without_slope(Row) || Row <- Found]),
    [
        ?assert(abs(Is - Should) =< 1.0e-3 * max(1.0, abs(Should)))
     || {{_, _, _, _, Should}, {_, _, _, _, Is}} <- lists:zip(Expected, Found)
    ],
    Expected.

without_slope({Kind, Pid, First, Last, _}) -> {Kind, Pid, First, Last}.

found(Readings, Snapshots) ->
    Suspects = lists:foldl(fun cprof_suspects:add/2, cprof_suspects:new(), Readings),
    Seen = #{looks => 0, parents => #{}, others => 0, created_per_s => undefined},
    [
        {Kind, Pid, First, Last, Slope}
     || #{kind := Kind, pid := Pid, first := First, last := Last, slope_per_s := Slope} <-
            cprof_suspects:findings(Seen, Snapshots, 1000, Suspects)
    ].

%% Where no reading was left out, intervals are what they were.
intervals_are_equal_distances_test_() -> {timeout, 120, fun intervals_are_equal_distances/0}.

intervals_are_equal_distances() ->
    _ = rand:seed(exsss, 21),
    Verdicts = [
        begin
            Snapshots = 1 + Run rem 6,
            Values = walk(Snapshots * ?PARTS, [0]),
            Points = [
                {250 * Part, Part rem ?PARTS =:= 0, Value}
             || {Part, Value} <- lists:zip(lists:seq(0, Snapshots * ?PARTS), Values)
            ],
            ?assertEqual(grows_at_equal_distances(Points, Snapshots), grows(Points)),
            grows(Points)
        end
     || Run <- lists:seq(1, 2000)
    ],
    ?assertEqual([false, true], lists:usort(Verdicts)).

walk(0, Values) -> lists:reverse(Values);
walk(Left, [Last | _] = Values) -> walk(Left - 1, [max(0, Last + element(rand:uniform(8), {-1, 0, 0, 0, 1, 1, 2, 3})) | Values]).

%% --- what it takes ---------------------------------------------------------------

%% As much after 100 readings of ever other processes as after 1,000, and after
%% any number of the same.
bounded_test_() ->
    {timeout, 120, fun() ->
        Sizes = [sizes(fun(N, I) -> {pid, N * Other, I} end) || Other <- [0, 1]],
        [?assert(Most =< 1500000) || {_, Most} <- Sizes],
        [{Early, Late}, _] = Sizes,
        ?assert(Late =< 1.1 * Early)
    end}.

%% In words, after 100 readings and the most of 1,000.
sizes(Pid) ->
    Add = fun(N, {Suspects, Sizes}) ->
        Rows = [{Pid(N, I), 5000000 + N * 1000 + I, 1000, undefined} || I <- lists:seq(1, 200)],
        Next = cprof_suspects:add(
            #{
                at_ms => 250 * N,
                mark => N rem ?PARTS =:= 0,
                binaries => true,
                walk => #{
                    mailboxes => #{top => [{P, Bytes, undefined} || {P, Bytes, _, _} <- Rows]},
                    binaries => #{top => Rows, leaks => []},
                    live => [{P, Bytes} || {P, Bytes, _, _} <- Rows]
                }
            },
            Suspects
        ),
        {Next, [erts_debug:flat_size(Next) || N rem 20 =:= 0] ++ Sizes}
    end,
    {_, Sizes} = lists:foldl(Add, {cprof_suspects:new(), []}, lists:seq(1, 1000)),
    {lists:nth(5, lists:reverse(Sizes)), lists:max(Sizes)}.

%% Whoever begins most of the short lives is among those that are remembered, and
%% none of them is lost.
parents_are_bounded_test_() -> {timeout, 120, fun parents_are_bounded/0}.

parents_are_bounded() ->
    Newborn = lists:foldl(
        fun(N, Sum) -> cprof_newborn:ended(#{{parent, N} => 1, churner => 2}, Sum) end,
        cprof_newborn:new(),
        lists:seq(1, 5000)
    ),
    #{parents := Parents, others := Others} = cprof_newborn:seen(Newborn),
    ?assert(map_size(Parents) =< 1000),
    ?assertMatch(#{churner := {10000, 5000}}, Parents),
    ?assertEqual(15000, Others + lists:sum([Seen || {Seen, _} <- maps:values(Parents)])).

%% --- what cannot be meant --------------------------------------------------------

absurd_watches_are_refused_test_() -> {timeout, 120, fun absurd_watches_are_refused/0}.

absurd_watches_are_refused() ->
    Week = 7 * 86400000,
    [
        ?assertError({badarg, <<_/binary>>}, cprof_nif:watch(#{Key => Value}))
     || {Key, Values} <- [
            {snapshots, [0, -1, 1000001, 1000000000, 1 bsl 70, 1.0, many]},
            {interval_ms, [0, 86400001, 1 bsl 40, infinity]},
            {top, [0, 1001, all]},
            {source, [nif, 1]},
            {nothing, [1]}
        ],
        Value <- Values
    ],
    Options = #{snapshots => 1000, interval_ms => Week},
    Most = <<"option interval_ms must be a whole number of milliseconds, 1 to 86400000, not 604800000">>,
    ?assertError({badarg, Most}, cprof_nif:watch(Options)),
    Long = #{snapshots => 1000000, interval_ms => 60000},
    Together = <<
        "options snapshots and interval_ms must make at most 31 days together, "
        "not 1000000 times 60000 milliseconds"
    >>,
    ?assertError({badarg, Together}, cprof_nif:watch(Long)).

%% One over a week, each minute, begins and does not make a list of its times.
a_week_test_() ->
    {timeout, 60, fun() ->
        {Pid, Monitor} = spawn_monitor(fun() ->
            cprof_nif:watch(#{snapshots => 1000000, interval_ms => 604, top => 1000})
        end),
        Series = begun_by(Pid, erlang:monotonic_time(millisecond) + 20000),
        [?assert(memory(Begun) < 5000000) || Begun <- Series],
        [exit(Begun, kill) || Begun <- Series],
        receive
            {'DOWN', Monitor, process, Pid, _} -> ok
        end
    end}.

begun_by(Pid, Deadline) ->
    case [Begun || Begun <- processes(), {parent, Pid} =:= process_info(Begun, parent)] of
        [] ->
            ?assert(erlang:monotonic_time(millisecond) < Deadline),
            timer:sleep(10),
            begun_by(Pid, Deadline);
        Begun ->
            Begun
    end.

memory(Pid) ->
    {memory, Bytes} = process_info(Pid, memory),
    Bytes.
