%% Very many tiny functions, made here: who counts or traces calls sees them
%% many times heavier than they are.
-module(known_tiny).
-export([build/1, pieces/0]).

-define(CODE, known_tiny_code).
-define(FUNCTIONS, 300).

pieces() ->
    [{thin, fun thin_piece/0}, {nested, fun nested_piece/0},
     {fat, fun fat_piece/0}, {branch, fun branch_piece/0},
     {list, fun list_piece/0}].

%% Each kind is a chain NAME1 -> NAME2 -> ... of FUNCTIONS functions.
build(Dir) ->
    Text = [chain(K, Body, End) || {K, Body, End} <- kinds()],
    known_code:build(Dir, ?CODE, Text).

kinds() ->
    [{"thin", "~s(X + ~b)", "X"},
     {"nested", "1 + ~s(X bxor ~b)", "X"},
     {"fat", "~s((((X * 31 + ~b) rem 65521) * 17 + X * 3) rem 32749)", "X"},
     {"branch", "case X band 3 of 0 -> ~s(X + ~b); 1 -> 7; 2 -> 9; 3 -> 11 end", "X"},
     {"list", "[X | ~s(X + ~b)]", "[]"}].

chain(Kind, Body, End) ->
    [function(Kind, N, io_lib:format(Body, [name(Kind, N + 1), step(Kind, N)])) ||
        N <- lists:seq(1, ?FUNCTIONS)] ++ [function(Kind, ?FUNCTIONS + 1, End)].

%% Branches go on with a multiple of four.
step("branch", N) -> N * 4;
step(_, N) -> N.

function(Kind, N, Body) ->
    [name(Kind, N), "(X) -> ", Body, ".\n"].

name(Kind, N) ->
    Kind ++ integer_to_list(N).

thin_piece() -> _ = thin(1200), ok.
nested_piece() -> _ = nested(700), ok.
fat_piece() -> _ = fat(250), ok.
branch_piece() -> _ = branch(1000), ok.
list_piece() -> _ = list(500), ok.

thin(0) -> 0;
thin(N) -> _ = ?CODE:thin1(N), thin(N - 1).

nested(0) -> 0;
nested(N) -> _ = ?CODE:nested1(N), nested(N - 1).

fat(0) -> 0;
fat(N) -> _ = ?CODE:fat1(N), fat(N - 1).

branch(0) -> 0;
branch(N) -> _ = ?CODE:branch1(N * 4), branch(N - 1).

list(0) -> 0;
list(N) -> _ = ?CODE:list1(N), list(N - 1).
