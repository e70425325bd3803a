%% Where a figure is, in structs that were made up.
-module(cprof_offsets_tests).

-include_lib("eunit/include/eunit.hrl").

-define(SIZE, 512).

%% Field and offset; `state' is a half word.
places() ->
    #{
        state => 64, locks => 288, queue => 80, queue_outer => 96, heap_size => 112, old_hend => 128, old_heap => 144,
        fragments => 160, vheap => 176, vheap_old => 192, reductions => 208, pc => 224, initial => 240
    }.

facts(N) ->
    #{
        queue => 10 + N, queue_outer => 300 + N, heap_size => 1000 + N, old_size => 50 + N,
        fragments => 2000 + N, vheap => 3000 + N, vheap_old => 4000 + N, reductions => 50000 + N,
        priority => lists:nth(N rem 3 + 1, [low, normal, high]),
        suspended => N rem 4 < 2,
        place => N rem 2,
        initial => {16#10b, 16#20b, 3}
    }.

sample(N) ->
    Facts = facts(N),
    {build(lists:append([words(Field, At, N, Facts) || {Field, At} <- maps:to_list(places())])), Facts}.

words(state, At, _, #{priority := Priority, suspended := Suspended}) ->
    Level = maps:get(Priority, #{high => 1, normal => 2, low => 3}),
    Flag = maps:get(Suspended, #{true => 1 bsl 16, false => 0}),
    [{At, Level bor (Level bsl 2) bor Flag}];
%% Nobody holds them.
words(locks, _, _, _) ->
    [];
words(old_hend, At, N, #{old_size := Size}) ->
    [{At, old_heap(N) + 8 * Size}];
words(old_heap, At, N, _) ->
    [{At, old_heap(N)}];
words(pc, At, _, #{place := Place}) ->
    [{At, code() + 64 * Place}];
words(initial, At, _, #{initial := {M, F, A}}) ->
    [{At, M}, {At + 8, F}, {At + 16, A}];
words(Field, At, _, Facts) ->
    [{At, maps:get(Field, Facts)}].

old_heap(N) -> 16#7f0000000000 + 4096 * N.

%% Somewhere that is code indeed.
code() ->
    {ok, Maps} = file:read_file("/proc/self/maps"),
    {match, [From]} = re:run(Maps, "^([0-9a-f]+)-[0-9a-f]+ r.x", [
        multiline, {capture, all_but_first, binary}
    ]),
    binary_to_integer(From, 16).

build(Words) ->
    ByPlace = maps:from_list(Words),
    <<<<(maps:get(At, ByPlace, 0)):64/native>> || At <- lists:seq(0, ?SIZE - 8, 8)>>.

put_word(At, Word, {Struct, Facts}) ->
    <<Before:At/binary, _:64, After/binary>> = Struct,
    {<<Before/binary, Word:64/native, After/binary>>, Facts}.

find(First, Second) -> cprof_offsets:find(First, Second, [running()]).

running() ->
    {Struct, _} = put_word(288, 1, sample(1)),
    Struct.

rounds() -> {[sample(N) || N <- lists:seq(1, 8)], [sample(N) || N <- lists:seq(20, 27)]}.

finds_each_test_() -> {timeout, 120, fun finds_each/0}.

finds_each() ->
    {First, Second} = rounds(),
    ?assertEqual({ok, places()}, find(First, Second)).

%% The same figure twice: nobody knows which.
two_places_are_refused_test_() ->
    {First, Second} = rounds(),
    [
        {atom_to_list(Field), fun() ->
            Twice = fun({_, Facts} = Sample) -> put_word(400, maps:get(Field, Facts), Sample) end,
            At = maps:get(Field, places()),
            ?assertEqual(
                {error, Field, [At, 400]},
                find(lists:map(Twice, First), lists:map(Twice, Second))
            )
        end}
     || Field <- [queue, queue_outer, heap_size, fragments, vheap, vheap_old, reductions]
    ].

%% One that holds in one round only is none.
one_round_is_not_enough_test_() -> {timeout, 120, fun one_round_is_not_enough/0}.

one_round_is_not_enough() ->
    {First, Second} = rounds(),
    Twice = [put_word(400, maps:get(queue, Facts), Sample) || {_, Facts} = Sample <- First],
    ?assertEqual({ok, places()}, find(Twice, Second)).

no_place_is_refused_test_() ->
    {First, Second} = rounds(),
    [
        {atom_to_list(Field), fun() ->
            [Odd | Rest] = Second,
            Wrong = put_word(At, 16#ffffffffffff, Odd),
            ?assertEqual({error, Field, []}, find(First, [Wrong | Rest]))
        end}
     || {Field, At} <- maps:to_list(maps:remove(old_hend, places())), Field =/= initial
    ].

%% Values that hardly differ tell nothing.
too_few_values_are_refused_test_() -> {timeout, 120, fun too_few_values_are_refused/0}.

too_few_values_are_refused() ->
    Same = [sample(5) || _ <- lists:seq(1, 8)],
    ?assertMatch({error, _, _}, find(Same, Same)).

%% Where a process goes on must be code.
no_code_is_refused_test_() -> {timeout, 120, fun no_code_is_refused/0}.

no_code_is_refused() ->
    Wrong = fun({_, #{place := Place}} = Sample) -> put_word(224, 4096 + 64 * Place, Sample) end,
    {First, Second} = rounds(),
    ?assertEqual({error, pc, []}, find(lists:map(Wrong, First), lists:map(Wrong, Second))).

%% Neither with another lock held, nor with somebody who waits for one.
locks_of_one_that_runs_are_its_main_one_test_() -> {timeout, 120, fun locks_of_one_that_runs_are_its_main_one/0}.

locks_of_one_that_runs_are_its_main_one() ->
    {First, Second} = rounds(),
    {Another, _} = put_word(288, 3, sample(1)),
    ?assertEqual({error, locks, []}, cprof_offsets:find(First, Second, [running(), Another])),
    {Waited, _} = put_word(304, 16#7f0000001000, {running(), #{}}),
    ?assertEqual({error, locks, []}, cprof_offsets:find(First, Second, [Waited])).

risen_test_() -> {timeout, 120, fun risen/0}.

risen() ->
    Table = fun(Words) -> <<<<Word:32/native>> || Word <- Words>> end,
    Before = Table([5, 16#ffffffff, 9, 0]),
    After = Table([8, 2, 8, 3]),
    ?assertEqual([0, 4, 12], cprof_offsets:risen(3, 3, {Before, After})),
    ?assertEqual([], cprof_offsets:risen(4, 9, {Before, After})),
    ?assertEqual([0, 4, 12], cprof_offsets:risen(1, 1 bsl 30, {Before, After})).
