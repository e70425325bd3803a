%% Very many tiny functions: a module made at the start, with PIECES loops that
%% each call four functions of their own, which do next to nothing.
-module(tiny_work).
-export([pieces/0]).

-define(PIECES, 50).

pieces() ->
    {ok, tiny_made, Code} = compile:forms(forms(), [debug_info, {inline, []}]),
    {module, tiny_made} = code:load_binary(tiny_made, "tiny_made.erl", Code),
    [{name(N, ""), fun() -> tiny_made:(name(N, "_piece"))(rounds(N)) end} ||
        N <- lists:seq(1, ?PIECES)].

%% Shares from small to large.
rounds(N) -> 4000 + 1000 * N.

name(N, What) -> list_to_atom("tiny" ++ integer_to_list(N) ++ What).

forms() ->
    Loops = [loop(N) || N <- lists:seq(1, ?PIECES)],
    Leaves = [leaf(N, Which) || N <- lists:seq(1, ?PIECES), Which <- "abcd"],
    Exports = lists:join(",", [atom_to_list(name(N, "_piece")) ++ "/1" || N <- lists:seq(1, ?PIECES)]),
    [form(Text) || Text <- ["-module(tiny_made).", ["-export([", Exports, "])."] | Loops ++ Leaves]].

form(Text) ->
    {ok, Tokens, _} = erl_scan:string(lists:flatten(Text)),
    {ok, Form} = erl_parse:parse_form(Tokens),
    Form.

loop(N) ->
    Calls = lists:join(" + ", [[leaf_name(N, Which), "(N)"] || Which <- "abcd"]),
    [atom_to_list(name(N, "_piece")), "(0) -> ok; ", atom_to_list(name(N, "_piece")),
     "(N) -> _ = ", Calls, ", ", atom_to_list(name(N, "_piece")), "(N - 1)."].

leaf(N, Which) ->
    Step = integer_to_list(N + Which),
    [leaf_name(N, Which), "(N) when N band 1 =:= 0 -> N + ", Step, "; ",
     leaf_name(N, Which), "(N) -> N - ", Step, "."].

leaf_name(N, Which) -> ["tiny", integer_to_list(N), Which].
