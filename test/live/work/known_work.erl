%% Workloads whose CPU shares are known: one process does the pieces of a set
%% in turn and times each, so the truth is of the same run and the same code.
%% The clock is the CPU time of the scheduler's thread, to which the process is
%% bound: what else the machine does, does not count. Every piece has a
%% function of its own, NAME_piece, that stays on the stack while it runs.
%%
%% Commands on stdin: "reset" begins to count anew; "truth" prints
%% "PIECE NANOSECONDS" lines ("rest" is what the process did besides) and
%% "end"; "rounds" prints how many rounds of all pieces were done since the
%% start.
-module(known_work).
-export([start/1, init/2]).

start([Dir, Set]) ->
    busy_nif:load(Dir),
    Rounds = counters:new(1, []),
    Pieces = pieces(list_to_atom(Set)),
    Worker = spawn_opt(?MODULE, init, [Pieces, Rounds], [{scheduler, 1}]),
    register(known_worker, Worker),
    io:format("ready ~s~n", [os:getpid()]),
    commands(Worker, Rounds).

commands(Worker, Rounds) ->
    case io:get_line("") of
        "reset\n" ->
            Worker ! {reset, self()},
            receive reset -> io:format("ok~n") end;
        "truth\n" ->
            Worker ! {truth, self()},
            receive
                {truth, Truth} ->
                    [io:format("~s ~b~n", [P, Ns]) || {P, Ns} <- Truth]
            end,
            io:format("end~n");
        "rounds\n" ->
            io:format("~b~n", [counters:get(Rounds, 1)]);
        eof ->
            halt()
    end,
    commands(Worker, Rounds).

init(Pieces, Rounds) ->
    {ok, _} = application:ensure_all_started(crypto),
    ets:new(known_table, [named_table]),
    [ets:insert(known_table, {N, N}) || N <- lists:seq(1, 1000)],
    rounds(Pieces, #{}, busy_nif:thread_ns(), Rounds).

rounds(Pieces, Truth, Began, Rounds) ->
    receive
        {reset, From} ->
            From ! reset,
            rounds(Pieces, #{}, busy_nif:thread_ns(), Rounds);
        {truth, From} ->
            All = busy_nif:thread_ns() - Began,
            Rest = All - lists:sum(maps:values(Truth)),
            From ! {truth, [{rest, Rest} | lists:sort(maps:to_list(Truth))]},
            rounds(Pieces, Truth, Began, Rounds)
    after 0 ->
        Next = lists:foldl(fun timed/2, Truth, Pieces),
        counters:add(Rounds, 1, 1),
        rounds(Pieces, Next, Began, Rounds)
    end.

timed({Piece, Fun}, Truth) ->
    Start = busy_nif:thread_ns(),
    Fun(),
    Took = busy_nif:thread_ns() - Start,
    maps:update_with(Piece, fun(Old) -> Old + Took end, Took, Truth).

pieces(erlang) ->
    [{deep, fun deep_piece/0}, {add, fun add_piece/0}, {mul, fun mul_piece/0},
     {list_work, fun list_work_piece/0}, {map_work, fun map_work_piece/0}];
pieces(bif) ->
    [{ets, fun ets_piece/0}, {to_binary, fun to_binary_piece/0},
     {sort, fun sort_piece/0}, {match, fun match_piece/0},
     {regex, fun regex_piece/0}, {hash, fun hash_piece/0}];
pieces(gc) ->
    [{grow, fun grow_piece/0}, {churn, fun churn_piece/0},
     {add, fun add_piece/0}];
pieces(tiny) ->
    tiny_work:pieces().

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

to_binary_piece() ->
    Term = lists:seq(1, 400),
    Bytes = [byte_size(term_to_binary({N, Term})) || N <- lists:seq(1, 300)],
    true = sum(Bytes, 0) > 0,
    ok.

sort_piece() ->
    List = [erlang:phash2(N) || N <- lists:seq(1, 2000)],
    _ = [lists:sort(List) || _ <- lists:seq(1, 5)],
    ok.

match_piece() ->
    Text = binary:copy(<<"abcdefgh">>, 250),
    _ = [binary:match(Text, <<"hg">>) || _ <- lists:seq(1, 400)],
    ok.

regex_piece() ->
    Text = binary:copy(<<"key=value;">>, 20),
    _ = [re:run(Text, "([a-z]+)=(v[a-z]+)x") || _ <- lists:seq(1, 800)],
    ok.

hash_piece() ->
    %% Small ones: who hashes much at once yields often, and that is the
    %% scheduler's time.
    Data = binary:copy(<<0>>, 100),
    _ = [crypto:hash(sha256, Data) || _ <- lists:seq(1, 3000)],
    ok.

%% --- the collector -------------------------------------------------------

%% A heap that grows: every collection copies what is alive. (Of more than
%% 128k words they would move to a dirty scheduler.)
grow_piece() ->
    _ = length(grow(8000, [])),
    _ = length(grow(8000, [])),
    ok.

grow(0, List) ->
    List;
grow(N, List) ->
    grow(N - 1, [{N, N, N} | List]).

%% Garbage that dies at once.
churn_piece() ->
    _ = churn(60000, []),
    ok.

churn(0, Last) ->
    Last;
churn(N, _) ->
    churn(N - 1, {N, [N, N], <<N:64>>}).
