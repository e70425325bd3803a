%% Workloads whose allocation is known: workers do the pieces of a set in turn.
%% What a piece allocates is counted in advance, by the VM, in a process that is
%% large enough to do it many times without a collection. Every piece has a
%% function of its own, NAME_piece, that stays on the stack while it runs. Which
%% functions below it allocate, and how many words, is known by construction: see
%% parts/1.
%%
%% Sets: mixed (one worker, many kinds of pieces), crowd (100 workers), swift (one
%% worker whose heap is small: collections follow each other as fast as possible),
%% brief (processes that end after some collections), small (they end after a few),
%% big (a worker with a large heap, which dirty schedulers collect), repeat and
%% turns (one worker that does always the same, in the same order), passing (10
%% clients and their servers), rare (swift, and beside it a process that fills a heap of
%% 48 MB every second, which is not counted as a piece), kept (one of two pieces collects
%% while it keeps a list), idle, and one worker each with pieces of one kind: data,
%% bignums, text, binaries, bifs, deep.
%%
%% Commands on stdin: "reset" begins to count anew; "truth" prints lines
%% "NAME HEAP_BYTES BINARY_BYTES", a line "collected COLLECTIONS BYTES" of what
%% the VM says that it has reclaimed since, and "end"; "parts" prints lines
%% "NAME FUNCTION MILLIONTHS" (of what the piece allocates) and "end"; "rounds"
%% prints how many pieces were done since the start; "tprof" lets OTP's profiler
%% watch until "tprof stop", which prints lines "WORDS FUNCTION" and "end".
-module(alloc_work).
-export([start/1, worker/2, client/2, server/0, repeater/3, brief/3]).

start([Set]) ->
    persistent_term:put(?MODULE, [I * 7919 rem 200 || I <- lists:seq(1, 200)]),
    persistent_term:put({?MODULE, tuple}, list_to_tuple(lists:seq(1, 30))),
    persistent_term:put({?MODULE, map}, maps:from_list([{I, I} || I <- lists:seq(1, 60)])),
    persistent_term:put({?MODULE, binary}, binary:copy(<<"text">>, 500)),
    Pieces = pieces(list_to_atom(Set)),
    Costs = [{Name, alloc_cost:count(Fun, fun ?MODULE:server/0)} || {Name, Fun} <- Pieces],
    Counters = counters:new(max(length(Pieces), 1), [write_concurrency]),
    Workers = start_workers(list_to_atom(Set), list_to_tuple([Fun || {_, Fun} <- Pieces]), Counters),
    io:format("ready ~s~n", [os:getpid()]),
    commands({Costs, Counters, Workers}, sums(Counters, Costs), statistics(garbage_collection)).

start_workers(idle, _, _) -> [];
start_workers(crowd, Funs, Counters) ->
    [spawn(?MODULE, worker, [Funs, Counters]) || _ <- lists:seq(1, 100)];
start_workers(brief, Funs, Counters) ->
    [spawn(?MODULE, brief, [200, Funs, Counters]) || _ <- lists:seq(1, 4)];
start_workers(small, Funs, Counters) ->
    [spawn(?MODULE, brief, [40, Funs, Counters]) || _ <- lists:seq(1, 20)];
start_workers(passing, Funs, Counters) ->
    [spawn(?MODULE, client, [Funs, Counters]) || _ <- lists:seq(1, 10)];
start_workers(rare, Funs, Counters) ->
    [spawn(?MODULE, worker, [Funs, Counters]), spawn(fun rare/0)];
start_workers(big, Funs, Counters) ->
    [spawn(fun() -> hold(lists:seq(1, 300000), Funs, Counters) end)];
start_workers(Set, Funs, Counters) when Set =:= repeat; Set =:= turns ->
    [spawn(?MODULE, repeater, [1, Funs, Counters])];
start_workers(_, Funs, Counters) ->
    [spawn(?MODULE, worker, [Funs, Counters])].

hold(List, Funs, Counters) ->
    round(Funs, Counters),
    hold(List, Funs, Counters).

rare() ->
    ok = count(lists:seq(1, 3000000)),
    garbage_collect(),
    timer:sleep(1000),
    rare().

worker(Funs, Counters) ->
    round(Funs, Counters),
    worker(Funs, Counters).

repeater(I, Funs, Counters) when I > tuple_size(Funs) ->
    repeater(1, Funs, Counters);
repeater(I, Funs, Counters) ->
    ok = (element(I, Funs))(),
    counters:add(Counters, I, 1),
    repeater(I + 1, Funs, Counters).

%% One process after another.
brief(Rounds, Funs, Counters) ->
    {_, Ref} = spawn_monitor(fun() -> [round(Funs, Counters) || _ <- lists:seq(1, Rounds)] end),
    receive {'DOWN', Ref, process, _, _} -> ok end,
    brief(Rounds, Funs, Counters).

client(Funs, Counters) ->
    put(server, spawn_link(?MODULE, server, [])),
    worker(Funs, Counters).

%% In random order: a process that always does the same could meet the end of
%% its heap always at the same place.
round(Funs, Counters) ->
    I = rand:uniform(tuple_size(Funs)),
    ok = (element(I, Funs))(),
    counters:add(Counters, I, 1).

%% --- commands ----------------------------------------------------------------

commands({Costs, Counters, Workers} = Work, Sums, Collected) ->
    Line = io:get_line(""),
    Line =:= eof andalso halt(),
    case string:lexemes(Line, " \n") of
        ["reset"] ->
            io:format("ok~n"),
            commands(Work, sums(Counters, Costs), statistics(garbage_collection));
        ["truth"] ->
            Now = sums(Counters, Costs),
            {Times, Words, _} = statistics(garbage_collection),
            {Times0, Words0, _} = Collected,
            [io:format("~s ~b ~b~n", [Name, 8 * (N - N0) * Heap div 1000, (N - N0) * Binary]) ||
                {{Name, {Heap, Binary}}, N, N0} <- lists:zip3(Costs, Now, Sums)],
            io:format("collected ~b ~b~nend~n", [Times - Times0, 8 * (Words - Words0)]);
        ["parts"] ->
            [io:format("~s ~s ~b~n", [Name, Function, Share]) ||
                {Name, {Heap, _}} <- Costs, {Function, Share} <- shares(parts(Name), Heap)],
            io:format("end~n");
        ["rounds"] ->
            io:format("~b~n", [lists:sum(sums(Counters, Costs))]);
        ["tprof"] ->
            {ok, _} = tprof:start(#{type => call_memory}),
            _ = tprof:set_pattern('_', '_', '_'),
            _ = tprof:enable_trace(Workers),
            io:format("ok~n");
        ["tprof", "stop"] ->
            _ = tprof:disable_trace(Workers),
            [io:format("~b ~s~n", [Words, Function]) || {Function, Words} <- traced(tprof:collect())],
            ok = tprof:stop(),
            io:format("end~n")
    end,
    commands(Work, Sums, Collected).

traced({call_memory, Functions}) ->
    [{io_lib:format("~w:~w/~b", [M, F, A]), lists:sum([Words || {_, _, Words} <- Processes])} ||
        {M, F, A, Processes} <- Functions].

sums(Counters, Costs) ->
    [counters:get(Counters, I) || I <- lists:seq(1, length(Costs))].

%% --- what a piece allocates --------------------------------------------------

%% The functions that allocate in a piece, with their words; the last one has the
%% rest of what the VM counted. A BIF's words are its own. [] if it is not known in
%% which functions of OTP, or in which process, all of it is.
parts(seq) -> [{"lists:seq_loop/3", rest}];
parts(reverse) -> [{"lists:reverse/2", rest}];
parts(lists) -> [{"alloc_work:numbers/1", rest}];
parts(tuples) -> [{"alloc_work:tuples/2", rest}];
parts(kept) -> [{"alloc_work:numbers/1", rest}];
parts(maps) -> [{"alloc_work:forms/2", rest}];
parts(closures) -> [{"alloc_work:funs/1", rest}];
parts(floats) -> [{"alloc_work:halves/2", rest}];
parts(updated) -> [{"alloc_work:updates/2", rest}];
parts(bignums) -> [{"alloc_work:powers/2", rest}];
parts(strings) -> [{"alloc_work:texts/1", 4 * 2}, {"erlang:integer_to_list/1", rest}];
parts(digits) -> [{"alloc_work:digits/2", rest}];
parts(appended) -> [{"erlang:'++'/2", rest}];
parts(small) -> [{"alloc_work:smalls/1", rest}];
parts(large) -> [{"alloc_work:larges/1", 3 * (2 + 3)}, {"binary:copy/2", rest}];
parts(grown) -> [{"alloc_work:grown/2", rest}];
parts(cut) -> [{"alloc_work:cuts/1", rest}];
parts(converted) -> [{"erlang:tuple_to_list/1", 2 * 30}, {"erlang:list_to_tuple/1", rest}];
parts(put) -> [{"maps:put/3", rest}];
parts(keys) -> [{"maps:keys/1", rest}];
parts(messages) -> [{"alloc_work:messages_piece/0", rest}];
parts(climb) -> [{"alloc_work:numbers/1", rest}];
parts(tree) -> [{"alloc_work:tree/1", rest}];
parts(folded) -> [{"alloc_work:'-folded_piece/0-fun-0-'/2", rest}];
parts(_) -> [].

%% The same in millionths of the piece, whose heap is in thousandths of words.
shares(_, 0) -> [];
shares([], _) -> [];
shares([{Function, rest}], _) -> [{Function, 1000000}];
shares([{Function, Words}, {Other, rest}], Heap) ->
    Share = 1000000000 * Words div Heap,
    true = Share < 1000000,
    [{Function, Share}, {Other, 1000000 - Share}].

%% --- pieces ------------------------------------------------------------------

pieces(idle) -> [];
pieces(Set) when Set =:= swift; Set =:= rare -> [{tuples, fun tuples_piece/0}, {lists, fun lists_piece/0}];
pieces(repeat) ->
    [{seq, fun seq_piece/0}, {reverse, fun reverse_piece/0}, {sort, fun sort_piece/0}];
pieces(data) ->
    [{lists, fun lists_piece/0}, {tuples, fun tuples_piece/0}, {maps, fun maps_piece/0},
     {closures, fun closures_piece/0}, {floats, fun floats_piece/0}, {updated, fun updated_piece/0}];
pieces(kept) ->
    [{tuples, fun tuples_piece/0}, {kept, fun kept_piece/0}];
pieces(bignums) ->
    [{bignums, fun bignums_piece/0}, {lists, fun lists_piece/0}];
pieces(text) ->
    [{strings, fun strings_piece/0}, {digits, fun digits_piece/0}, {appended, fun appended_piece/0},
     {formatted, fun formatted_piece/0}];
pieces(binaries) ->
    [{small, fun small_piece/0}, {large, fun large_piece/0}, {grown, fun grown_piece/0}, {cut, fun cut_piece/0}];
pieces(bifs) ->
    [{reverse, fun reverse_piece/0}, {strings, fun strings_piece/0}, {converted, fun converted_piece/0},
     {put, fun put_piece/0}, {keys, fun keys_piece/0}, {appended, fun appended_piece/0}];
pieces(passing) ->
    [{short, fun short_piece/0}, {long, fun long_piece/0}, {answered, fun answered_piece/0}];
pieces(deep) ->
    [{climb, fun climb_piece/0}, {tree, fun tree_piece/0}, {folded, fun folded_piece/0}, {deep, fun deep_piece/0}];
pieces(_) ->
    [{lists, fun lists_piece/0}, {tuples, fun tuples_piece/0}, {maps, fun maps_piece/0},
     {closures, fun closures_piece/0}, {strings, fun strings_piece/0}, {floats, fun floats_piece/0},
     {small, fun small_piece/0}, {large, fun large_piece/0}, {messages, fun messages_piece/0},
     {deep, fun deep_piece/0}].

seq_piece() ->
    ok = count(lists:seq(1, 200)).

reverse_piece() ->
    ok = count(lists:reverse(persistent_term:get(?MODULE))).

sort_piece() ->
    ok = count(lists:sort(persistent_term:get(?MODULE))).

lists_piece() ->
    ok = count(numbers(90)).

numbers(0) -> [];
numbers(N) -> [N | numbers(N - 1)].

count([]) -> ok;
count([_ | Rest]) -> count(Rest).

tuples_piece() ->
    ok = check(tuple_size(tuples(25, none))).

tuples(0, Last) -> Last;
tuples(N, Last) -> tuples(N - 1, {N, tuple, Last, 1, 2, 3}).

maps_piece() ->
    ok = check(map_size(forms(15, none))).

forms(0, Map) -> Map;
forms(N, Last) -> forms(N - 1, #{name => N, value => N, more => none, last => Last}).

check(N) when is_integer(N) -> ok.

closures_piece() ->
    ok = count(funs(30)).

funs(0) -> [];
funs(N) -> [fun(X) -> X + N end | funs(N - 1)].

strings_piece() ->
    ok = count(texts(4)).

texts(0) -> [];
texts(N) -> [integer_to_list(123456789012345 + N) | texts(N - 1)].

floats_piece() ->
    ok = check(trunc(halves(40, 1.0e9))).

halves(0, X) -> X;
halves(N, X) -> halves(N - 1, element(1, {X / 2})).

small_piece() ->
    ok = count(smalls(20)).

smalls(0) -> [];
smalls(N) -> [<<N:64, N:64, N:64, N:64>> | smalls(N - 1)].

large_piece() ->
    ok = count(larges(3)).

larges(0) -> [];
larges(N) -> [binary:copy(<<N>>, 4000) | larges(N - 1)].

%% The words of the message are those that it has when it is received.
messages_piece() ->
    N = erlang:unique_integer(),
    self() ! {mail, [{N, 2, 3, 4}, {5, N, 7, 8}, {9, 10, N, 12}]},
    self() ! {mail, [N, $a, $t, $e, $x, $t, N]},
    ok = receive {mail, _} -> ok end,
    ok = receive {mail, _} -> ok end.

%% A stack that is deeper than most heaps are large.
deep_piece() ->
    ok = check(deep(400)).

deep(0) -> 0;
deep(N) -> 1 + deep(N - 1).

%% A list that is there when the heap is collected; but not while it is counted what
%% a piece allocates.
kept_piece() ->
    List = numbers(90),
    _ = get(server) =:= undefined andalso garbage_collect(),
    ok = count(List).

updated_piece() ->
    ok = check(map_size(updates(20, #{name => 0, value => 0, more => none}))).

updates(0, Map) -> Map;
updates(N, Map) -> updates(N - 1, Map#{value := N}).

bignums_piece() ->
    true = powers(12, 1 bsl 60) > 0,
    ok.

powers(0, X) -> X;
powers(N, X) -> powers(N - 1, X bsl 60).

digits_piece() ->
    ok = count(digits(60, [])).

digits(0, Text) -> Text;
digits(N, Text) -> digits(N - 1, [$0 + N rem 10 | Text]).

appended_piece() ->
    ok = count(persistent_term:get(?MODULE) ++ id([last])).

formatted_piece() ->
    ok = check(length(io_lib:format("~p of ~b", [name, 12345]))).

grown_piece() ->
    ok = check(byte_size(grown(30, <<>>))).

grown(0, Binary) -> Binary;
grown(N, Binary) -> grown(N - 1, <<Binary/binary, N:64>>).

cut_piece() ->
    ok = count(cuts(persistent_term:get({?MODULE, binary}))).

cuts(<<Part:100/binary, Rest/binary>>) -> [Part | cuts(Rest)];
cuts(_) -> [].

converted_piece() ->
    ok = check(tuple_size(list_to_tuple(tuple_to_list(persistent_term:get({?MODULE, tuple}))))).

%% The compiler may make an instruction of a call that it knows.
put_piece() ->
    ok = check(map_size(puts(4, id(maps), persistent_term:get({?MODULE, map})))).

puts(0, _, Map) -> Map;
puts(N, Maps, Map) -> puts(N - 1, Maps, Maps:put(-N, N, Map)).

keys_piece() ->
    ok = count(maps:keys(persistent_term:get({?MODULE, map}))).

id(X) -> X.

climb_piece() ->
    ok = count(numbers(3000)).

tree_piece() ->
    ok = check(tuple_size(tree(9))).

tree(0) -> {none};
tree(N) -> {N, tree(N - 1), tree(N - 1)}.

folded_piece() ->
    ok = count(lists:foldr(fun(X, List) -> [{X, X} | List] end, [], persistent_term:get(?MODULE))).

%% --- pieces of two processes: a server has a part in them ---------------------

server() ->
    receive
        {short, From, N} -> short_piece(From, N);
        {long, From, List} -> long_piece(From, List);
        {answered, From} -> answered_piece(From)
    end,
    server().

short_piece() ->
    get(server) ! {short, self(), 1},
    receive {short, _} -> ok end.

short_piece(From, N) ->
    From ! {short, N},
    ok.

long_piece() ->
    get(server) ! {long, self(), numbers(50)},
    receive {long, _} -> ok end.

long_piece(From, List) ->
    From ! {long, length(List)},
    ok.

answered_piece() ->
    get(server) ! {answered, self()},
    receive {answered, List} -> count(List) end.

answered_piece(From) ->
    From ! {answered, numbers(50)},
    ok.
