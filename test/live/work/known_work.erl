%% Workloads whose CPU shares are known: one process does the pieces of a set
%% in turn, known_clock times each, so the truth is of the same node and the
%% same code. Every piece has a function of its own, NAME_piece, that stays on
%% the stack while the piece runs: what it calls never returns `ok', else the
%% compiler would make the call a tail call. Sets: erlang, bif, gc, dirty, tiny
%% (known_tiny), messages (known_messages: many processes), roots (known_roots:
%% no pieces), spin (one piece only), paths (two processes on many stacks).
%%
%% Commands on stdin: "reset" begins to count anew; "truth" prints
%% "PIECE NANOSECONDS" lines and "end"; "rounds" prints how many rounds of all
%% pieces were done since the start; "roots" prints "PID FUNCTION" lines and
%% "end"; "peer NAME MS" lets a profiler of OTP's watch for so long and prints
%% "MODULE FUNCTION ARITY WEIGHT" lines and "end", in "peer start NAME" and
%% "peer stop NAME" it stays for as long as wanted.
-module(known_work).
-export([start/1, init/2]).

-define(FILE_BYTES, (4 bsl 20)).

start([Dir, Set]) ->
    busy_nif:load(Dir),
    start_set(list_to_atom(Set), Dir).

start_set(Set, Dir) ->
    Rounds = counters:new(1, []),
    {Work, Timing} = start_work(Set, Dir, Rounds),
    io:format("ready ~s~n", [os:getpid()]),
    commands(Work, Timing, Rounds, Dir).

start_work(messages, _, Rounds) ->
    Timing = known_clock:new(known_messages:pieces(), thread_ns),
    {known_messages:start(Timing, Rounds), Timing};
start_work(roots, Dir, Rounds) ->
    {known_roots:start(Dir, Rounds), none};
start_work(paths, _, Rounds) ->
    Timing = known_clock:new([Name || {Name, _} <- pieces(paths)], node_ns),
    {[spawn(?MODULE, init, [paths, {Timing, Rounds}]) || _ <- [1, 2]], Timing};
start_work(Set, Dir, Rounds) ->
    Set =:= tiny andalso known_tiny:build(Dir),
    Timing = known_clock:new([Name || {Name, _} <- pieces(Set)], node_ns, turn(Set)),
    Worker = spawn_opt(?MODULE, init, [Set, {Timing, Rounds}], [{scheduler, 1}]),
    register(known_worker, Worker),
    {[Worker], Timing}.

turn(dirty) -> fun() -> busy_nif:burn_dirty_io(0) end;
turn(_) -> fun() -> erlang:bump_reductions(4000) end.

commands(Work, Timing, Rounds, Dir) ->
    Line = io:get_line(""),
    Line =:= eof andalso halt(),
    case string:lexemes(Line, " \n") of
        ["reset"] ->
            at_edge(Work, fun() -> known_clock:reset(Timing) end),
            io:format("ok~n");
        ["truth"] ->
            Truth = at_edge(Work, fun() -> known_clock:truth(Timing) end),
            [io:format("~s ~b~n", [P, Ns]) || {P, Ns} <- Truth],
            io:format("end~n");
        ["rounds"] ->
            io:format("~b~n", [counters:get(Rounds, 1)]);
        ["roots"] ->
            [io:format("~p ~s:~s/0~n", [Pid, M, F]) || {Pid, M, F} <- Work],
            io:format("end~n");
        ["peer", "start", Peer] ->
            known_peers:start(list_to_atom(Peer), Work, Dir),
            io:format("ok~n");
        ["peer", "stop", Peer] ->
            _ = known_peers:stop(list_to_atom(Peer)),
            io:format("ok~n");
        ["peer", Peer, Ms] ->
            print(known_peers:run(list_to_atom(Peer), list_to_integer(Ms), Work, Dir))
    end,
    commands(Work, Timing, Rounds, Dir).

%% Between two rounds; many processes are always between some.
at_edge([Worker], Fun) ->
    Worker ! {edge, self(), Fun},
    receive {edge, Result} -> Result end;
at_edge(_, Fun) ->
    Fun().

print(Functions) ->
    [io:format("~s ~s ~b ~w~n", [M, F, A, Weight]) || {{M, F, A}, Weight} <- Functions],
    io:format("end~n").

%% What the pieces need but is none of their work is made once.
init(Set, {Timing, Rounds}) ->
    {ok, _} = application:ensure_all_started(crypto),
    ets:whereis(known_table) =:= undefined andalso ets:new(known_table, [named_table, public]),
    [ets:insert(known_table, {N, N}) || N <- lists:seq(1, 1000)],
    put(text, binary:copy(<<"abcdefgh">>, 5000)),
    put(pairs, binary:copy(<<"key=value;">>, 200)),
    put(zeros, binary:copy(<<0>>, 30000)),
    put(hashes, [erlang:phash2(N) || N <- lists:seq(1, 2000)]),
    put(thousand, maps:from_list([{N, N} || N <- lists:seq(1, 1000)])),
    put(negative, maps:from_list([{N, -N} || N <- lists:seq(501, 1500)])),
    put(big, term_to_binary([{N, N} || N <- lists:seq(1, 100000)])),
    put(file, zeros()),
    rounds(lists:enumerate([Fun || {_, Fun} <- pieces(Set)]), Timing, Rounds).

zeros() ->
    File = filename:join(filename:dirname(code:which(?MODULE)), "zeros"),
    ok = prim_file:write_file(File, binary:copy(<<0>>, ?FILE_BYTES)),
    {ok, Read} = prim_file:open(File, [read, raw, binary]),
    Read.

rounds(Pieces, Timing, Rounds) ->
    receive {edge, From, Fun} -> From ! {edge, Fun()} after 0 -> ok end,
    pieces(Pieces, Timing),
    counters:add(Rounds, 1, 1),
    rounds(Pieces, Timing, Rounds).

%% In any order, so that no piece keeps step with a clock.
pieces(Pieces, Timing) ->
    shuffled(lists:sort([{rand:uniform(), Piece} || Piece <- Pieces]), Timing).

shuffled([], _) ->
    ok;
shuffled([{_, {N, Fun}} | Rest], Timing) ->
    known_clock:timed(N, Fun, Timing),
    shuffled(Rest, Timing).

pieces(erlang) ->
    [{deep, fun deep_piece/0}, {add, fun add_piece/0}, {mul, fun mul_piece/0},
     {list_work, fun list_work_piece/0}, {map_work, fun map_work_piece/0}];
pieces(bif) ->
    [{ets, fun ets_piece/0}, {maps, fun maps_piece/0},
     {to_binary, fun to_binary_piece/0}, {sort, fun sort_piece/0},
     {match, fun match_piece/0}, {regex, fun regex_piece/0},
     {phash, fun phash_piece/0}, {crypto, fun crypto_piece/0}];
pieces(gc) ->
    [{grow, fun grow_piece/0}, {churn, fun churn_piece/0},
     {collect, fun collect_piece/0}, {big, fun big_piece/0},
     {add, fun add_piece/0}];
pieces(dirty) ->
    [{normal, fun normal_piece/0}, {dirty_cpu, fun dirty_cpu_piece/0},
     {dirty_io, fun dirty_io_piece/0}, {derive, fun derive_piece/0},
     {read_file, fun read_file_piece/0}];
pieces(tiny) ->
    known_tiny:pieces();
pieces(spin) ->
    [{add, fun add_piece/0}];
pieces(paths) ->
    [{paths, fun paths_piece/0}].

%% --- pure Erlang ---------------------------------------------------------

deep_piece() ->
    _ = repeat_deep(300),
    ok.

repeat_deep(0) ->
    0;
repeat_deep(N) ->
    deep(200),
    repeat_deep(N - 1).

%% Body-recursive, 200 frames deep.
deep(0) ->
    0;
deep(N) ->
    1 + deep(N - 1).

%% Two tail-recursive leaves.
add_piece() ->
    _ = add(200000, 0),
    ok.

add(0, Sum) ->
    Sum;
add(N, Sum) ->
    add(N - 1, (Sum + N) band 16#ffff).

mul_piece() ->
    _ = mul(90000, 1),
    ok.

mul(0, Product) ->
    Product;
mul(N, Product) ->
    mul(N - 1, (Product * 31 + N) rem 65521).

%% 16,384 stacks in turn, in no order: each bit of Path is a frame, but the last
%% that calls no more.
paths_piece() ->
    Path = (case get(path) of undefined -> 0; Last -> Last end * 4093 + 12345) band 16#7fff,
    put(path, Path),
    _ = left(15, Path),
    ok.

left(0, _) -> add(20000, 0);
left(N, Path) when Path band 1 =:= 0 -> 1 + left(N - 1, Path bsr 1);
left(N, Path) -> 1 + right(N - 1, Path bsr 1).

right(0, _) -> add(20000, 0);
right(N, Path) when Path band 1 =:= 0 -> 1 + left(N - 1, Path bsr 1);
right(N, Path) -> 1 + right(N - 1, Path bsr 1).

%% Lists: built, mapped, summed; allocates, so it collects garbage too.
list_work_piece() ->
    _ = list_work(20),
    ok.

list_work(0) ->
    0;
list_work(N) ->
    List = count_up(1, 2000),
    _ = sum(double(List), 0),
    list_work(N - 1).

count_up(Max, Max) ->
    [Max];
count_up(N, Max) ->
    [N | count_up(N + 1, Max)].

double([]) ->
    [];
double([X | Rest]) ->
    [X * 2 | double(Rest)].

sum([], Sum) ->
    Sum;
sum([X | Rest], Sum) ->
    sum(Rest, Sum + X).

%% Maps: C code called from Erlang.
map_work_piece() ->
    _ = map_work(3000, #{}),
    ok.

map_work(0, Map) ->
    Map;
map_work(N, Map) ->
    Key = N band 1023,
    map_work(N - 1, Map#{Key => maps:get(Key, Map, 0) + 1}).

%% --- C code of the VM ----------------------------------------------------

ets_piece() ->
    _ = ets_work(8000),
    ok.

ets_work(0) ->
    0;
ets_work(N) ->
    Key = N rem 1000 + 1,
    [{Key, Value}] = ets:lookup(known_table, Key),
    ets:insert(known_table, {Key, Value + 1}),
    ets_work(N - 1).

maps_piece() ->
    true = merge(80, get(thousand), get(negative), 0) > 0,
    ok.

merge(0, _, _, Size) ->
    Size;
merge(N, A, B, Size) ->
    merge(N - 1, B, A, Size + map_size(maps:merge(A, B))).

to_binary_piece() ->
    true = to_binary(100, get(hashes), 0) > 0,
    ok.

%% The compiler leaves out a call whose result nobody uses.
to_binary(0, _, Size) ->
    Size;
to_binary(N, Term, Size) ->
    to_binary(N - 1, Term, Size + byte_size(term_to_binary({N, Term}))).

sort_piece() ->
    _ = sort(5, get(hashes)),
    ok.

sort(0, List) ->
    List;
sort(N, List) ->
    _ = lists:sort(List),
    sort(N - 1, List).

match_piece() ->
    _ = match(60, get(text)),
    ok.

match(0, _) ->
    0;
match(N, Text) ->
    nomatch = binary:match(Text, <<"hg">>),
    match(N - 1, Text).

regex_piece() ->
    _ = regex(100, get(pairs)),
    ok.

regex(0, _) ->
    0;
regex(N, Text) ->
    nomatch = re:run(Text, "([a-z]+)=(v[a-z]+)x"),
    regex(N - 1, Text).

%% (md5 would take as much of the scheduler as of itself: its price in
%% reductions is high.)
phash_piece() ->
    _ = phash(250, {get(zeros), lists:seq(1, 40), #{a => 1.5, b => <<"text">>}}),
    ok.

phash(0, _) ->
    0;
phash(N, Term) ->
    _ = erlang:phash2(Term),
    phash(N - 1, Term).

crypto_piece() ->
    _ = crypto(60, get(zeros)),
    ok.

crypto(0, _) ->
    0;
crypto(N, Data) ->
    _ = crypto:hash(sha256, Data),
    crypto(N - 1, Data).

%% --- the collector -------------------------------------------------------

%% Heaps above 128 k words are collected on dirty schedulers; all but the big
%% one stay below.

%% A heap that grows: every collection copies what is alive.
grow_piece() ->
    _ = repeat_grow(200),
    ok.

repeat_grow(0) ->
    0;
repeat_grow(N) ->
    _ = length(grow(2000, [])),
    repeat_grow(N - 1).

grow(0, List) ->
    List;
grow(N, List) ->
    grow(N - 1, [{N, N, N} | List]).

%% Garbage that dies at once.
churn_piece() ->
    _ = churn(400000, []),
    ok.

churn(0, Last) ->
    Last;
churn(N, _) ->
    churn(N - 1, {N, [N, N], <<N:64>>}).

%% Full sweeps, of a small heap and of a big one.
collect_piece() ->
    _ = collect(600, get(hashes)),
    ok.

big_piece() ->
    true = length(collect(5, binary_to_term(get(big)))) > 0,
    erlang:garbage_collect(),
    ok.

collect(0, Alive) ->
    Alive;
collect(N, Alive) ->
    erlang:garbage_collect(),
    collect(N - 1, Alive).

%% --- dirty schedulers ------------------------------------------------------

normal_piece() ->
    _ = busy_nif:burn(6000),
    ok.

dirty_cpu_piece() ->
    _ = busy_nif:burn_dirty_cpu(18000),
    ok.

dirty_io_piece() ->
    _ = busy_nif:burn_dirty_io(12000),
    ok.

%% OTP's own: of many iterations a dirty CPU job, of a file a dirty I/O job.
derive_piece() ->
    _ = crypto:pbkdf2_hmac(sha256, <<"secret">>, <<"salt">>, 50000, 32),
    ok.

read_file_piece() ->
    _ = read_file(8, get(file)),
    ok.

read_file(0, _) ->
    0;
read_file(N, File) ->
    {ok, _} = prim_file:pread(File, 0, ?FILE_BYTES),
    read_file(N - 1, File).
