%% Processes with a root function each: a sample's process tells its root, and
%% its root tells its process. They take turns often, in Erlang code, in C code
%% and in collections.
-module(known_roots).
-export([start/2, work/1]).

-define(CODE, known_roots_code).
-define(ROOTS, 64).

%% [{Pid, Root}]
start(Dir, Rounds) ->
    persistent_term:put(?MODULE, Rounds),
    known_code:build(Dir, ?CODE, [root(N) || N <- lists:seq(1, ?ROOTS)]),
    [{spawn(?CODE, name(N), []), ?CODE, name(N)} || N <- lists:seq(1, ?ROOTS)].

name(N) ->
    list_to_atom("root" ++ integer_to_list(N)).

root(N) ->
    io_lib:format("root~b() -> ~s:work(~b), root~b().~n", [N, ?MODULE, N, N]).

work(N) ->
    _ = deep(N),
    _ = sort(20, [N * K rem 101 || K <- lists:seq(1, 50)]),
    _ = term_to_binary(lists:seq(1, 100 + N)),
    N rem 2 =:= 0 andalso erlang:garbage_collect(),
    counters:add(persistent_term:get(?MODULE), 1, 1),
    N rem 3 =:= 0 andalso erlang:yield(),
    ok.

deep(0) -> 0;
deep(N) -> 1 + deep(N - 1).

sort(0, List) -> List;
sort(N, List) -> sort(N - 1, lists:reverse(lists:sort(List))).
