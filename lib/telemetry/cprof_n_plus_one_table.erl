%% The tables of queries that were repeated in a span, and of what processes that work for
%% others have counted. All processes that execute events write to them. They do not wait
%% for the process here, which only owns the tables and removes what was counted for
%% processes that have ended.
-module(cprof_n_plus_one_table).

-behaviour(gen_server).

-export([start/0, stop/1, found/1]).
-export([row/3, info/2, add/3, ended/1, refused_query/1]).
-export([add_child/3, take_children/2, forget/2]).
-export([init/1, handle_call/3, handle_cast/2, handle_info/2, terminate/2]).

-export_type([table/0, info/0]).

-record(table, {
    owner :: pid(),
    %% {{Path, Key}, Figures, Info}
    rows :: ets:table(),
    %% {{Caller, Key}, Count, Ns of the first, Ns of all}, and for each caller {{Caller, 0},
    %% how many keys it has, since when}
    children :: ets:table(),
    counters :: counters:counters_ref()
}).
-opaque table() :: #table{}.
-type info() :: #{
    event := binary(), source := binary() | undefined, query := binary(), caller := binary() | undefined
}.
%% The spans that it was in, and the query.
-type row_key() :: {[binary()], term()}.
-type child_key() :: {pid(), term()}.

-define(ROWS, 500).
-define(CHILDREN, 10000).
%% Different queries of the children of one process: as many as it may have itself.
-define(OF_CALLER, 256).
-define(FORGET_MS, 10000).
-define(OLD_S, 60).

%% The counters of a table.
-define(SPANS, 1).
-define(REFUSED_ROWS, 2).
-define(REFUSED_QUERIES, 3).
-define(REFUSED_CHILDREN, 4).
-define(CHILDREN_NOW, 5).
%% Rows whose path is [].
-define(UNPLACED_ROWS, 6).

%% The counters of a row: spans, queries, ns lost, and how many spans had which count of
%% queries. Each count below ?EXACT has a counter of its own. Of larger ones, there are
%% ?PARTS counters for each power of two.
-define(ROW_SPANS, 1).
-define(ROW_QUERIES, 2).
-define(ROW_LOST, 3).
-define(ROW_FIRST, 4).
-define(EXACT, 64).
-define(EXACT_BITS, 6).
-define(PARTS, 16).
-define(PART_BITS, 4).
-define(LARGEST_BITS, 24).
-define(PLACES, (?EXACT + (?LARGEST_BITS - ?EXACT_BITS) * ?PARTS)).

-spec start() -> {ok, table()} | {error, cprof_protocol:failure()}.
start() ->
    case cprof_aside:has_room(1) of
        true ->
            {ok, Owner} = gen_server:start(?MODULE, [], []),
            {ok, gen_server:call(Owner, table, infinity)};
        false ->
            {error, cprof_aside:no_room()}
    end.

-spec stop(table()) -> ok.
stop(#table{owner = Owner}) ->
    try
        gen_server:stop(Owner)
    catch
        exit:_ -> ok
    end.

%% --- rows ------------------------------------------------------------------------

%% The figures of a row, which is made if it is not there; `none' if it finds no room.
%% Info is only called for a new row.
-spec row(row_key(), fun(() -> info()), table()) -> counters:counters_ref() | none.
row(Key, Info, #table{rows = Rows} = Table) ->
    %% Not ets:member/2 first: the table's owner may delete a row at any time.
    try
        ets:lookup_element(Rows, Key, 2)
    catch
        error:badarg -> new_row(Key, Info, Table)
    end.

new_row(Key, Info, #table{rows = Rows, counters = Counters} = Table) ->
    case has_room(Key, Table) of
        true ->
            New = counters:new(?ROW_FIRST + ?PLACES, []),
            Inserted = ets:insert_new(Rows, {Key, New, Info()}),
            _ = [counters:add(Counters, ?UNPLACED_ROWS, 1) || Inserted, element(1, Key) =:= []],
            row(Key, Info, Table);
        false ->
            counters:add(Counters, ?REFUSED_ROWS, 1),
            none
    end.

%% A process may name any other one as its caller, so the rows of queries of children are
%% limited apart from the others.
has_room({[], _}, #table{counters = Counters}) ->
    counters:get(Counters, ?UNPLACED_ROWS) < ?ROWS;
has_room(_, #table{rows = Rows, counters = Counters}) ->
    ets:info(Rows, size) - counters:get(Counters, ?UNPLACED_ROWS) < ?ROWS.

-spec info(row_key(), table()) -> info() | none.
info(Key, #table{rows = Rows}) ->
    case ets:lookup(Rows, Key) of
        [{_, _, Info}] -> Info;
        [] -> none
    end.

%% A span has ended in which the query of the row was made so many times.
-spec add(pos_integer(), integer(), counters:counters_ref()) -> ok.
add(Count, LostNs, Figures) ->
    counters:add(Figures, ?ROW_SPANS, 1),
    counters:add(Figures, ?ROW_QUERIES, Count),
    counters:add(Figures, ?ROW_LOST, LostNs),
    counters:add(Figures, ?ROW_FIRST + place(Count), 1).

-spec ended(table()) -> ok.
ended(#table{counters = Counters}) -> counters:add(Counters, ?SPANS, 1).

-spec refused_query(table()) -> ok.
refused_query(#table{counters = Counters}) -> counters:add(Counters, ?REFUSED_QUERIES, 1).

place(Count) when Count < ?EXACT -> Count;
place(Count) ->
    Bits = bits(Count, ?EXACT_BITS),
    Part = (Count bsr (Bits - ?PART_BITS)) band (?PARTS - 1),
    min(?EXACT + (Bits - ?EXACT_BITS) * ?PARTS + Part, ?PLACES - 1).

%% floor(log2(Count))
bits(Count, Bits) when Count bsr (Bits + 1) =:= 0 -> Bits;
bits(Count, Bits) -> bits(Count, Bits + 1).

%% The smallest count of a place.
count_of(Place) when Place < ?EXACT -> Place;
count_of(Place) ->
    Power = (Place - ?EXACT) div ?PARTS + ?EXACT_BITS,
    (?PARTS + (Place - ?EXACT) rem ?PARTS) bsl (Power - ?PART_BITS).

%% --- what was found --------------------------------------------------------------

-spec found(table()) -> {ok, map()} | {error, cprof_protocol:failure()}.
found(#table{rows = Rows, counters = Counters}) ->
    try ets:tab2list(Rows) of
        List ->
            Found = [Row || {{Path, _}, Figures, Info} <- List, Row <- figures(Path, Figures, Info)],
            {ok, #{
                spans => counters:get(Counters, ?SPANS),
                rows => lists:sort(fun is_before/2, Found),
                refused => #{
                    rows => counters:get(Counters, ?REFUSED_ROWS),
                    queries => counters:get(Counters, ?REFUSED_QUERIES),
                    children => counters:get(Counters, ?REFUSED_CHILDREN)
                }
            }}
    catch
        error:badarg -> {error, {not_attached, <<"the table of repeated queries is gone; attach again">>}}
    end.

is_before(#{lost_us := A, path := Path, query := Query}, #{lost_us := B, path := OtherPath, query := OtherQuery}) ->
    {-A, Path, Query} =< {-B, OtherPath, OtherQuery}.

%% A row has no figures while the first span that reached the threshold has not ended. A
%% row whose path is [] never has: it keeps what is known of a query of children.
figures(Path, Figures, Info) ->
    Places = [{count_of(P), N} || P <- lists:seq(0, ?PLACES - 1), N <- [counters:get(Figures, ?ROW_FIRST + P)], N > 0],
    case Places of
        [] ->
            [];
        [{Min, _} | _] ->
            Spans = lists:sum([N || {_, N} <- Places]),
            {Max, _} = lists:last(Places),
            [
                Info#{
                    path => Path,
                    spans => Spans,
                    queries => counters:get(Figures, ?ROW_QUERIES),
                    lost_us => counters:get(Figures, ?ROW_LOST) div 1000,
                    counts => #{
                        min => Min,
                        median => quantile(0.5, Spans, Places),
                        p95 => quantile(0.95, Spans, Places),
                        max => Max
                    }
                }
            ]
    end.

%% The smallest count that at least this share of the spans did not exceed.
quantile(Share, Spans, Places) -> quantile_at(ceil(Share * Spans), Places).

quantile_at(Rank, [{Count, N} | _]) when Rank =< N -> Count;
quantile_at(Rank, [{_, N} | Rest]) -> quantile_at(Rank - N, Rest).

%% --- processes that work for others ------------------------------------------------

%% How many queries of this key the caller's children have made; 0 if this one found no
%% room.
-spec add_child(child_key(), integer(), table()) -> non_neg_integer().
add_child(Key, Ns, #table{children = Children, counters = Counters} = Table) ->
    case ets:member(Children, Key) orelse has_place(Key, Table) of
        true ->
            [Count, _] = ets:update_counter(Children, Key, [{2, 1}, {4, Ns}], {Key, 0, Ns, 0}),
            _ = [counters:add(Counters, ?CHILDREN_NOW, 1) || Count =:= 1],
            Count;
        false ->
            counters:add(Counters, ?REFUSED_CHILDREN, 1),
            0
    end.

%% Another key finds a place if neither all children nor those of the caller have too many.
%% (Numbers are before all keys.)
has_place({Caller, _}, #table{children = Children, counters = Counters}) ->
    counters:get(Counters, ?CHILDREN_NOW) < ?CHILDREN andalso
        ets:update_counter(Children, {Caller, 0}, {2, 1}, {{Caller, 0}, 0, seconds()}) =< ?OF_CALLER.

seconds() -> erlang:monotonic_time(second).

%% What the children of a process have counted, which is then forgotten.
-spec take_children(pid(), table()) -> [{term(), pos_integer(), integer(), integer()}].
take_children(Caller, #table{counters = Counters} = Table) ->
    case counters:get(Counters, ?CHILDREN_NOW) of
        0 -> [];
        _ -> take(Caller, Table)
    end.

take(Caller, #table{children = Children} = Table) ->
    Taken = take_next(Caller, Table),
    _ = ets:delete(Children, {Caller, 0}),
    Taken.

take_next(Caller, #table{children = Children, counters = Counters} = Table) ->
    case ets:next(Children, {Caller, 0}) of
        {Caller, Key} = First ->
            case ets:take(Children, First) of
                [{_, Count, FirstNs, AllNs}] ->
                    counters:sub(Counters, ?CHILDREN_NOW, 1),
                    [{Key, Count, FirstNs, AllNs} | take_next(Caller, Table)];
                [] ->
                    take_next(Caller, Table)
            end;
        _ ->
            []
    end.

-spec forget(pid(), table()) -> ok.
forget(Caller, Table) ->
    _ = take_children(Caller, Table),
    ok.

%% --- the owner -------------------------------------------------------------------

init([]) ->
    Table = #table{
        owner = self(),
        rows = ets:new(cprof_n_plus_one_rows, [public, {read_concurrency, true}]),
        children = ets:new(cprof_n_plus_one_children, [ordered_set, public, {write_concurrency, true}]),
        counters = counters:new(?UNPLACED_ROWS, [])
    },
    _ = erlang:send_after(?FORGET_MS, self(), forget),
    {ok, Table}.

handle_call(table, _, Table) ->
    {reply, Table, Table}.

handle_cast(_, Table) ->
    {noreply, Table}.

handle_info(forget, #table{children = Children, counters = Counters} = Table) ->
    cprof_n_plus_one_caller:restore_depth(),
    IsFull = counters:get(Counters, ?CHILDREN_NOW) > ?CHILDREN div 2,
    forget_some(ets:first(Children), IsFull, Table),
    forget_unplaced(Table),
    _ = erlang:send_after(?FORGET_MS, self(), forget),
    {noreply, Table};
handle_info(_, Table) ->
    {noreply, Table}.

terminate(_, _) ->
    cprof_n_plus_one_caller:restore_depth().

%% What was counted for a process that has ended; and, if there is little room, what has
%% waited for long for a caller that may never be in a span.
%%
%% Behind all keys of a process is that of the next one: numbers are before atoms, atoms
%% before tuples, and these before lists.
forget_some({Caller, _}, IsFull, #table{children = Children} = Table) ->
    _ = forget_if(is_process_alive(Caller), IsFull, Caller, Table),
    forget_some(ets:next(Children, {Caller, []}), IsFull, Table);
forget_some('$end_of_table', _, _) ->
    ok.

forget_if(false, _, Caller, Table) ->
    take(Caller, Table);
forget_if(true, IsFull, Caller, #table{counters = Counters} = Table) ->
    Old = [Child || IsFull, is_old(Caller, Table), Child <- take(Caller, Table)],
    counters:add(Counters, ?REFUSED_CHILDREN, length(Old)).

is_old(Caller, #table{children = Children}) ->
    case ets:lookup(Children, {Caller, 0}) of
        [{_, _, Since}] -> seconds() - Since > ?OLD_S;
        [] -> false
    end.

%% They are made again when the next child repeats its query.
forget_unplaced(#table{rows = Rows, counters = Counters}) ->
    case counters:get(Counters, ?UNPLACED_ROWS) >= ?ROWS of
        true -> counters:sub(Counters, ?UNPLACED_ROWS, ets:select_delete(Rows, [{{{[], '_'}, '_', '_'}, [], [true]}]));
        false -> ok
    end.
