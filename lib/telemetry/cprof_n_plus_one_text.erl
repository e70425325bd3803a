%% Shows the queries that were repeated in a span as text for a shell. Pure.
-module(cprof_n_plus_one_text).

-export([format/1]).

-define(TOP, 20).

-spec format(cprof_n_plus_one:found()) -> unicode:chardata().
format(#{rows := [], spans := Spans} = Found) ->
    Times = integer_to_list(maps:get(threshold, Found)),
    [head(Spans), "No query was repeated ", Times, " times or more in one span.\n", refused(Found)];
format(#{rows := Rows, spans := Spans} = Found) ->
    {Shown, Others} = lists:split(min(?TOP, length(Rows)), Rows),
    [
        head(Spans),
        lists:join("\n", [row(Row) || Row <- Shown]),
        [["... and ", cprof_words:count(length(Others)), " more\n"] || Others =/= []],
        refused(Found)
    ].

head(Spans) -> ["queries repeated in one span (N+1), of ", spans(Spans), "\n"].

spans(1) -> "1 span";
spans(Count) -> [cprof_words:count(Count), " spans"].

row(#{path := Path, query := Query, source := Source, event := Event} = Row) ->
    [
        lists:join(" > ", Path),
        "\n  ",
        Query,
        "\n  ",
        [["source ", cprof_words:shown(Source), ", "] || Source =/= undefined],
        "event ",
        Event,
        caller(Row),
        "\n  ",
        figures(Row),
        "\n"
    ].

caller(#{caller := undefined}) -> [];
caller(#{caller := Caller}) -> ["\n  called by ", Caller].

figures(#{spans := 1, queries := Queries, lost_us := Lost}) ->
    ["1 span with ", cprof_words:count(Queries), " of them; lost ", lost(Lost)];
figures(#{spans := Spans, counts := Counts, lost_us := Lost}) ->
    #{min := Min, median := Median, p95 := P95, max := Max} = Counts,
    io_lib:format("~ts, each with ~b to ~b of them (median ~b, p95 ~b); lost ~ts, ~ts in each", [
        spans(Spans), Min, Max, Median, P95, lost(Lost), lost(Lost / Spans)
    ]).

lost(Us) -> cprof_words:duration(Us * 1000).

refused(#{refused := Refused}) ->
    Words = [
        {rows, "repeated queries found no room in this list"},
        {queries, "queries were not counted, because their span had made too many different ones"},
        {children, "queries of other processes were not counted, because there was no room"}
    ],
    [[cprof_words:count(Count), " ", Text, "\n"] || {Key, Text} <- Words, Count <- [maps:get(Key, Refused)], Count > 0].
