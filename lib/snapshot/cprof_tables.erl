%% The ETS tables of the node by their memory. The list of all tables needs an answer
%% from every scheduler, and the size of a table whose counters are spread over the
%% schedulers does, too; so helpers ask (cprof_ask), some tables at a time, and not
%% for long. Where there are more tables than can be asked in that time, it is known
%% how many were, and what these have.
-module(cprof_tables).

-export([read/1, largest/2, rows/2, owners/1]).

-export_type([reading/0, table/0, row/0]).

-type table() :: atom() | reference().
-type reading() :: #{
    %% tables that exist, and that were asked; bytes of these
    count := non_neg_integer(),
    examined := non_neg_integer(),
    examined_bytes := non_neg_integer(),
    bytes := #{table() => non_neg_integer()}
}.
-type row() :: #{
    %% what ETS calls it by: its name, or a reference
    table := table(),
    name := atom(),
    named := boolean(),
    type := set | ordered_set | bag | duplicate_bag,
    protection := public | protected | private,
    objects := non_neg_integer(),
    bytes := non_neg_integer(),
    owner := pid(),
    owner_name := atom(),
    owner_initial_call := mfa() | undefined,
    grew := integer() | undefined
}.

%% How long the list of all tables may take (10 ms for 100,000, if nothing else runs);
%% at most how many tables are asked, for how long, and how many at a time.
-define(LIST_MS, 250).
-define(TABLES, 20000).
-define(BUDGET_MS, 100).
-define(CHUNK, 500).

%% Takes as long as WaitMs, or as is usual. `unknown': not even their list was to be
%% had in that time.
-spec read(non_neg_integer()) -> reading() | unknown.
read(WaitMs) ->
    case asked(fun ets:all/0, from_now(max(WaitMs, ?LIST_MS))) of
        {ok, Tables} ->
            Count = length(Tables),
            {Asked, Bytes} = sizes(chosen(Tables, Count), from_now(max(WaitMs, ?BUDGET_MS)), 0, []),
            #{
                count => Count,
                examined => Asked,
                examined_bytes => lists:sum([Size || {_, Size} <- Bytes]),
                bytes => maps:from_list(Bytes)
            };
        unknown ->
            unknown
    end.

from_now(Ms) -> erlang:monotonic_time(millisecond) + Ms.

%% A helper that waits for the schedulers looks stuck, so it is given all the time.
asked(Question, Until) ->
    Left = max(0, Until - erlang:monotonic_time(millisecond)),
    case cprof_ask:collect(cprof_ask:start([{tables, Question}]), Left) of
        {#{tables := Answer}, _} -> {ok, Answer};
        {_, _} -> unknown
    end.

%% The named ones first, which are few and seldom small; of the others, where there
%% are too many, always the same ones.
chosen(Tables, Count) ->
    {Named, Others} = lists:partition(fun is_atom/1, Tables),
    Step = Count div (?TABLES + 1) + 1,
    lists:sublist(Named ++ [Table || Table <- Others, is_chosen(Table, Step)], ?TABLES).

is_chosen(_, 1) -> true;
is_chosen(Table, Step) -> erlang:phash2(Table, Step) =:= 0.

%% A chunk that does not answer is left out.
sizes([], _, Asked, Bytes) ->
    {Asked, Bytes};
sizes(Tables, Until, Asked, Bytes) ->
    {Chunk, Rest} = lists:split(min(?CHUNK, length(Tables)), Tables),
    IsEarly = erlang:monotonic_time(millisecond) < Until,
    case IsEarly andalso asked(fun() -> ask(Chunk, Until) end, Until) of
        {ok, {Some, Sizes}} -> sizes(Rest, Until, Asked + Some, Sizes ++ Bytes);
        unknown -> sizes(Rest, Until, Asked, Bytes);
        false -> {Asked, Bytes}
    end.

%% ETS counts in words. A table that was deleted meanwhile counts as asked.
ask(Tables, Until) -> ask(Tables, Until, erlang:system_info(wordsize), 0, []).

ask([Table | Rest], Until, Word, Asked, Sizes) ->
    case erlang:monotonic_time(millisecond) < Until andalso ets:info(Table, memory) of
        false -> {Asked, Sizes};
        undefined -> ask(Rest, Until, Word, Asked + 1, Sizes);
        Words -> ask(Rest, Until, Word, Asked + 1, [{Table, Word * Words} | Sizes])
    end;
ask([], _, _, Asked, Sizes) ->
    {Asked, Sizes}.

%% The largest ones, but none of 0.
-spec largest(pos_integer(), #{table() => integer()}) -> [{table(), pos_integer()}].
largest(Top, Sizes) ->
    Ranking = maps:fold(
        fun(Table, Size, To) -> cprof_ranking:add(Size, Table, To) end, cprof_ranking:new(Top), Sizes
    ),
    [{Table, Size} || {Size, Table} <- cprof_ranking:to_list(Ranking)].

%% What else there is to know of some tables, in their order; without those that were
%% deleted since, or do not answer in time.
-spec rows([{table(), Grew :: integer() | undefined}], non_neg_integer()) -> [row()].
rows(Tables, WaitMs) ->
    Questions = [{{table, Table}, fun() -> ets:info(Table) end} || {Table, _} <- Tables],
    {Answers, _} = cprof_ask:collect(cprof_ask:start(Questions), WaitMs),
    [
        row(Table, maps:from_list(Info), Grew)
     || {Table, Grew} <- Tables,
        #{{table, Table} := Info} <- [Answers],
        is_list(Info)
    ].

row(Table, Info, Grew) ->
    #{name := Name, named_table := Named, type := Type, protection := Protection} = Info,
    #{size := Objects, memory := Words, owner := Owner} = Info,
    #{
        table => Table,
        name => Name,
        named => Named,
        type => Type,
        protection => Protection,
        objects => Objects,
        bytes => Words * erlang:system_info(wordsize),
        owner => Owner,
        owner_name => undefined,
        owner_initial_call => undefined,
        grew => Grew
    }.

-spec owners([row()]) -> [pid()].
owners(Rows) -> lists:usort([Owner || #{owner := Owner} <- Rows]).
