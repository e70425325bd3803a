%% Counts in each outermost span how often the same query was made, and keeps those that
%% were made in a loop: one query for a list, and then one for each row of it (N+1). A
%% query is any event of the option `events' of cprof_spans:attach/2.
%%
%% All but check/1, start/1, stop/1 and found/1 run in the process that executes an
%% event. What a process has counted is in its dictionary while it is in a span; what was
%% found is in cprof_n_plus_one_table. Both are bounded, and what finds no room is
%% counted.
-module(cprof_n_plus_one).

-export([check/1, start/1, stop/1, found/1]).
-export([begun/1, count/6, count_for/5, ended/3]).

-export_type([options/0, checked/0, watch/0, span/0, query/0, counts/0, found/0, row/0]).

-type key_function() :: fun(([atom()], map()) -> term()).
-type options() :: #{threshold => pos_integer(), key => key_function()}.
-type checked() :: #{threshold := pos_integer(), key := query | key_function()}.

-record(watch, {
    table :: cprof_n_plus_one_table:table(),
    threshold :: pos_integer(),
    key :: query | key_function()
}).
-opaque watch() :: #watch{}.

-type found() :: #{
    threshold := pos_integer(),
    %% outermost spans that ended since it was attached
    spans := non_neg_integer(),
    rows := [row()],
    %% what found no room: rows of this list, different queries of one span, and
    %% queries of processes that worked for another one
    refused := #{rows := non_neg_integer(), queries := non_neg_integer(), children := non_neg_integer()}
}.
-type row() :: #{
    %% the spans that the query was in, the outermost first, with their metadata
    path := [binary(), ...],
    event := binary(),
    source := binary() | undefined,
    %% without values, or what the key function returned
    query := binary(),
    %% how many spans repeated it, and how often each did. Counts above 64 are
    %% rounded down, by less than 6 %
    spans := pos_integer(),
    counts := #{min := pos_integer(), median := pos_integer(), p95 := pos_integer(), max := pos_integer()},
    queries := pos_integer(),
    %% what the queries took, without the first one of each span
    lost_us := non_neg_integer(),
    %% the application's function that made it, with file and line
    caller := binary() | undefined
}.

%% A span that a process is in: its name, what its start and stop have in common, the
%% mark's token, and the text of its metadata, which may be empty.
-type span() :: {Name :: binary(), Context :: term(), cprof_native:span_token(), text()}.
%% A single event: its name, the text of its metadata, and the event.
-type query() :: {Name :: binary(), text(), [atom()]}.
%% Words are shown with spaces between them.
-type text() :: binary() | [binary()].

%% By query: how many, the time of the first and of all in ns, and its row in the table.
-type counts() :: #{term() => {pos_integer(), integer(), integer(), none | counters:counters_ref()}}.

%% Two equal queries in a span are usual: a plug and a controller load the same user. Three
%% or more are mostly a loop.
-define(THRESHOLD, 3).
%% Different queries that are counted in one span.
-define(QUERIES, 256).
%% The most bytes of a span's text, as in its marks (SPAN_KIND_TEXT), and of a query, as
%% the NIF returns it (QUERY_TEXT_MAX).
-define(SPAN_BYTES, 248).
-define(QUERY_BYTES, 2000).

-spec check(map()) -> {ok, checked()} | {error, iolist()}.
check(Options) ->
    Checked = maps:merge(#{threshold => ?THRESHOLD, key => query}, Options),
    case [Wrong || {Key, Value} <- maps:to_list(Checked), Wrong <- wrong(Key, Value)] of
        [] -> {ok, Checked};
        [First | _] -> {error, First}
    end.

wrong(threshold, Threshold) when is_integer(Threshold), Threshold >= 2 -> [];
wrong(threshold, Threshold) ->
    [io_lib:format("threshold of n_plus_one must be 2 or more, not ~0tp", [Threshold])];
wrong(key, Key) when Key =:= query; is_function(Key, 2) -> [];
wrong(key, Key) ->
    [io_lib:format("key of n_plus_one must be a function of the event and its metadata, not ~0tp", [Key])];
wrong(Key, _) ->
    [io_lib:format("unknown option ~0tp of n_plus_one; there are threshold and key", [Key])].

-spec start(none | checked()) -> {ok, none | watch()} | {error, cprof_protocol:failure()}.
start(none) ->
    {ok, none};
start(#{threshold := Threshold, key := Key}) ->
    ok = cprof_n_plus_one_caller:prepare(),
    case cprof_n_plus_one_table:start() of
        {ok, Table} -> {ok, #watch{table = Table, threshold = Threshold, key = Key}};
        {error, Failure} -> {error, Failure}
    end.

-spec stop(none | watch()) -> ok.
stop(none) -> ok;
stop(#watch{table = Table}) -> cprof_n_plus_one_table:stop(Table).

-spec found(watch()) -> {ok, found()} | {error, cprof_protocol:failure()}.
found(#watch{table = Table, threshold = Threshold}) ->
    case cprof_n_plus_one_table:found(Table) of
        {ok, Found} -> {ok, Found#{threshold => Threshold}};
        {error, Failure} -> {error, Failure}
    end.

%% --- counting ------------------------------------------------------------------

%% The calling process is in its outermost span now.
-spec begun(watch()) -> ok.
begun(#watch{table = Table}) -> cprof_n_plus_one_table:forget(self(), Table).

%% A query of a process that is in these spans, the innermost first.
-spec count(query(), integer(), map(), [span()], counts(), watch()) -> counts().
count(Query, Ns, Metadata, Spans, Counts, #watch{threshold = Threshold, table = Table} = Watch) ->
    case key(Query, Metadata, Watch) of
        none ->
            Counts;
        Key ->
            case Counts of
                #{Key := {N, First, All, none}} when N + 1 =:= Threshold ->
                    Row = row(path(Spans), Query, Metadata, Key, Table),
                    Counts#{Key := {Threshold, First, All + Ns, Row}};
                #{Key := {N, First, All, Row}} ->
                    Counts#{Key := {N + 1, First, All + Ns, Row}};
                #{} when map_size(Counts) < ?QUERIES ->
                    Counts#{Key => {1, Ns, Ns, none}};
                #{} ->
                    cprof_n_plus_one_table:refused_query(Table),
                    Counts
            end
    end.

%% The stack is only read if the row is new.
row(Path, Query, Metadata, Key, Table) ->
    cprof_n_plus_one_table:row({Path, Key}, fun() -> info(Query, Metadata, Key) end, Table).

%% A query of a process that is in no span, but works for another one, which may be in
%% one. What is known of the query is kept in a row without spans, whose path is [].
-spec count_for(term(), query(), integer(), map(), watch()) -> ok.
count_for(Caller, Query, Ns, Metadata, #watch{threshold = Threshold, table = Table} = Watch) when
    is_pid(Caller), node(Caller) =:= node()
->
    case key(Query, Metadata, Watch) of
        none ->
            ok;
        Key ->
            Reached = cprof_n_plus_one_table:add_child({Caller, Key}, Ns, Table) =:= Threshold,
            _ = [row([], Query, Metadata, Key, Table) || Reached],
            ok
    end;
count_for(_, _, _, _, _) ->
    ok.

%% The calling process has left its outermost span.
-spec ended(span(), counts(), watch()) -> ok.
ended(Span, Counts, #watch{table = Table} = Watch) ->
    cprof_n_plus_one_table:ended(Table),
    Children = cprof_n_plus_one_table:take_children(self(), Table),
    All = lists:foldl(fun(Child, Sums) -> with_child(Child, Span, Sums, Watch) end, Counts, Children),
    repeated(maps:next(maps:iterator(All))).

with_child({Key, N, First, All}, Span, Counts, Watch) ->
    case Counts of
        #{Key := {OwnN, OwnFirst, OwnAll, none}} ->
            Counts#{Key := {OwnN + N, OwnFirst, OwnAll + All, row_of_child(Span, Key, N, Watch)}};
        #{Key := {OwnN, OwnFirst, OwnAll, Row}} ->
            Counts#{Key := {OwnN + N, OwnFirst, OwnAll + All, Row}};
        #{} ->
            Counts#{Key => {N, First, All, row_of_child(Span, Key, N, Watch)}}
    end.

%% The child that reached the threshold may not have made its row yet, or have found no
%% room for it.
row_of_child(Span, Key, N, #watch{threshold = Threshold, table = Table}) when N >= Threshold ->
    case cprof_n_plus_one_table:info({[], Key}, Table) of
        none -> none;
        Info -> cprof_n_plus_one_table:row({path([Span]), Key}, fun() -> Info end, Table)
    end;
row_of_child(_, _, _, _) ->
    none.

repeated({_, {_, _, _, none}, Next}) ->
    repeated(maps:next(Next));
repeated({_, {N, First, All, Row}, Next}) ->
    cprof_n_plus_one_table:add(N, All - First, Row),
    repeated(maps:next(Next));
repeated(none) ->
    ok.

%% --- what a query is called ------------------------------------------------------

%% Numbers of queries are small integers, so that looking for one is quick.
key({Name, _, Event}, Metadata, #watch{key = Function}) when is_function(Function) ->
    case Function(Event, Metadata) of
        Nothing when Nothing =:= nil; Nothing =:= undefined -> none;
        Key -> {Name, {key, Key}}
    end;
key({Name, _, _}, #{query := Query} = Metadata, _) when is_binary(Query) ->
    {Name, cprof_native:query_id(Query), source(Metadata)};
key({Name, Text, _}, _, _) ->
    {Name, Text}.

source(#{source := Source}) when is_binary(Source) -> Source;
source(_) -> undefined.

%% What a row shows of it. Asked once for each row.
info({Name, _, _}, Metadata, Key) ->
    #{
        event => Name,
        source => source(Metadata),
        query => query_text(Key, Metadata),
        caller => cprof_n_plus_one_caller:of_query(Metadata)
    }.

query_text({_, _, _}, #{query := Query}) -> cprof_words:shown(cprof_native:query_text(Query));
query_text({_, {key, Key}}, _) when is_binary(Key) -> cprof_words:shown(cut(Key, ?QUERY_BYTES));
query_text({_, {key, Key}}, _) -> cut(cprof_words:text("~0tp", [Key]), ?QUERY_BYTES);
query_text({_, Text}, _) -> cprof_words:shown(cut(joined(Text), ?QUERY_BYTES)).

path(Spans) -> [whole(Span) || Span <- lists:reverse(Spans)].

whole({Name, _, _, Empty}) when Empty =:= <<>>; Empty =:= [] -> Name;
whole({Name, _, _, Text}) -> cprof_words:shown(cut(<<Name/binary, $\s, (joined(Text))/binary>>, ?SPAN_BYTES)).

joined(Text) when is_binary(Text) -> Text;
joined(Words) -> iolist_to_binary(lists:join($\s, Words)).

%% At most so many bytes, without a part of a character at the end.
cut(Text, Most) when byte_size(Text) =< Most -> Text;
cut(Text, Most) ->
    First = binary:part(Text, 0, Most),
    case unicode:characters_to_binary(First) of
        {incomplete, Whole, _} -> Whole;
        _ -> First
    end.
