%% Rows of texts as aligned columns. Pure.
-module(cprof_table).

-export([format/2]).

%% A column: its head, how it is aligned, and what a row has there.
-type column() :: {unicode:chardata(), left | right, fun((term()) -> unicode:chardata())}.

%% Nothing when there are no rows. The last column is not padded.
-spec format([column()], [term()]) -> unicode:chardata().
format(_, []) ->
    [];
format(Columns, Rows) ->
    Heads = [string:to_graphemes(Head) || {Head, _, _} <- Columns],
    Cells = [[string:to_graphemes(Cell(Row)) || {_, _, Cell} <- Columns] || Row <- Rows],
    Widths = widths([Heads | Cells]),
    Alignments = [Alignment || {_, Alignment, _} <- Columns],
    [line(Line, Alignments, Widths) || Line <- [Heads | Cells]].

widths([First | _] = Lines) -> lists:foldl(fun wider/2, [0 || _ <- First], Lines).

wider(Line, Widths) ->
    lists:zipwith(fun(Cell, Width) -> max(length(Cell), Width) end, Line, Widths).

line(Cells, Alignments, Widths) ->
    Columns = lists:zip3(Cells, Alignments, Widths),
    Padded = [pad(Cell, Side, Width) || {Cell, Side, Width} <- Columns],
    ["  ", string:trim(lists:join("  ", Padded), trailing), "\n"].

pad(Cell, right, Width) -> [lists:duplicate(Width - length(Cell), $\s), Cell];
pad(Cell, left, Width) -> [Cell, lists:duplicate(Width - length(Cell), $\s)].
