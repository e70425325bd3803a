%% A workload whose CPU shares are known: one process does its pieces in turn
%% and times each with the monotonic clock, so the truth is of the same run and
%% the same code. Commands on stdin: "reset" begins to count anew, "truth"
%% prints "PIECE NANOSECONDS" lines and "end".
-module(known_work).
-export([start/0, init/0]).

start() ->
    Worker = spawn(?MODULE, init, []),
    register(known_worker, Worker),
    io:format("ready ~s~n", [os:getpid()]),
    commands(Worker).

commands(Worker) ->
    case io:get_line("") of
        "reset\n" ->
            Worker ! reset,
            io:format("ok~n"),
            commands(Worker);
        "truth\n" ->
            Worker ! {truth, self()},
            receive
                {truth, Truth} ->
                    [io:format("~s ~b~n", [P, Ns]) || {P, Ns} <- Truth]
            end,
            io:format("end~n"),
            commands(Worker);
        eof ->
            halt()
    end.

init() ->
    rounds(#{}).

rounds(Truth) ->
    receive
        reset ->
            rounds(#{});
        {truth, From} ->
            From ! {truth, lists:sort(maps:to_list(Truth))},
            rounds(Truth)
    after 0 ->
        rounds(pieces(Truth))
    end.

pieces(T0) ->
    T1 = timed(deep, fun() -> repeat_deep(3000) end, T0),
    T2 = timed(add, fun() -> add(2000000, 0) end, T1),
    T3 = timed(mul, fun() -> mul(900000, 1) end, T2),
    T4 = timed(list_work, fun() -> list_work(60) end, T3),
    timed(map_work, fun() -> map_work(20000, #{}) end, T4).

timed(Piece, Fun, Truth) ->
    Start = erlang:monotonic_time(nanosecond),
    Fun(),
    Took = erlang:monotonic_time(nanosecond) - Start,
    maps:update_with(Piece, fun(Old) -> Old + Took end, Took, Truth).

repeat_deep(0) ->
    ok;
repeat_deep(N) ->
    deep(200),
    repeat_deep(N - 1).

%% Body-recursive, 200 frames deep.
deep(0) ->
    0;
deep(N) ->
    1 + deep(N - 1).

%% Two tail-recursive leaves.
add(0, Sum) ->
    Sum;
add(N, Sum) ->
    add(N - 1, (Sum + N) band 16#ffff).

mul(0, Product) ->
    Product;
mul(N, Product) ->
    mul(N - 1, (Product * 31 + N) rem 65521).

%% Lists: built, mapped, summed; allocates, so it collects garbage too.
list_work(0) ->
    ok;
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
map_work(0, Map) ->
    Map;
map_work(N, Map) ->
    Key = N band 1023,
    map_work(N - 1, Map#{Key => maps:get(Key, Map, 0) + 1}).
