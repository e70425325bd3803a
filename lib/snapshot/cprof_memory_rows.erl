%% What a reading of the node's memory (cprof_memory) says of heaps, processes, holders
%% of binaries, ETS tables and allocators, and what grew since the reading before.
-module(cprof_memory_rows).

-export([heaps/3, processes/4, binaries/3, tables/3, with_owners/2, allocators/2, culprits/1]).

-export_type([heaps/0, processes/0, binaries/0, tables/0, allocator/0, sized/0]).

-type heaps() :: #{
    %% processes whose heap was read
    examined := non_neg_integer(),
    used | unused | stacks | fragments | live := non_neg_integer(),
    %% by how full they are, in percent; empty classes are left out
    fill := [#{from | to := 0..100, heaps := pos_integer(), bytes := non_neg_integer()}],
    %% with the most unused room
    unused_top := [sized()]
}.
-type processes() :: #{
    count := non_neg_integer(),
    messages := non_neg_integer(),
    off_heap_messages := non_neg_integer() | undefined,
    top := [sized()],
    groups := [cprof_memory_groups:group()],
    other_groups := non_neg_integer()
}.
-type binaries() :: #{
    total := non_neg_integer() | undefined,
    held := non_neg_integer(),
    old := non_neg_integer(),
    unaccounted := non_neg_integer() | undefined,
    sharing := float() | undefined,
    top := [sized()],
    pinned := [sized()]
}.
%% A process. The list is sorted by `bytes'.
-type sized() :: #{
    pid := pid(),
    name := atom(),
    initial_call := mfa() | undefined,
    current_function := mfa() | undefined,
    bytes := non_neg_integer(),
    %% in unused_top: of its heap; in pinned: of all binaries that it holds
    all := non_neg_integer() | undefined,
    %% in the top of binaries: of those that nobody else holds
    own := non_neg_integer() | undefined,
    grew := integer() | undefined
}.
-type tables() :: #{
    count := non_neg_integer() | undefined,
    examined := non_neg_integer(),
    examined_bytes := non_neg_integer(),
    total := non_neg_integer() | undefined,
    top := [cprof_tables:row()],
    growing := [cprof_tables:row()]
}.
-type allocator() :: #{
    name := atom(),
    blocks := non_neg_integer(),
    carriers := non_neg_integer(),
    unused := non_neg_integer(),
    utilization := float() | undefined,
    grew := integer() | undefined
}.
%% A reading of cprof_memory.
-type reading() :: #{walk := cprof_walk:walk(), tables := cprof_tables:reading() | unknown, _ => _}.
-type answers() :: #{cprof_ask:key() => term()}.

%% Our own processes that stay, by their names; they are left out of the lists.
-define(OWN, [cprof_canary, cprof_wall_time]).
%% Only who has at least this share of a part is named as the reason for its size.
-define(CULPRIT, 0.1).
%% From so many waiting messages on, they are named.
-define(MANY_MESSAGES, 1000).
%% Characters of a name.
-define(NAME, 40).

%% --- heaps and processes ---------------------------------------------------------

-spec heaps(cprof_walk:walk(), answers(), pos_integer()) -> heaps().
heaps(#{heaps := Heaps}, Answers, Top) ->
    #{count := Count, young := Young, old := Old, young_free := Free, old_free := OldFree} = Heaps,
    #{stack := Stacks, fragments := Fragments, live := Live, fills := Fills, unused := Unused} = Heaps,
    #{
        examined => Count,
        used => Young + Old,
        unused => Free + OldFree,
        stacks => Stacks,
        fragments => Fragments,
        live => Live,
        fill => [
            #{from => 10 * Tenth, to => 10 * Tenth + 10, heaps => Number, bytes => Bytes}
         || {Tenth, {Number, Bytes}} <- lists:zip(lists:seq(0, 9), Fills), Number > 0
        ],
        unused_top => parts_of(Unused, Answers, Top)
    }.

-spec processes(cprof_walk:walk(), reading() | none, answers(), pos_integer()) -> processes().
processes(#{heaps := Heaps, memory := Largest, mailboxes := #{total := Messages}} = Walk, Before, Answers, Top) ->
    #{off_heap_messages := OffHeap} = Heaps,
    Was = largest(Before),
    {Groups, Others} = groups(Walk, Answers, Top),
    #{
        count => erlang:system_info(process_count),
        messages => Messages,
        off_heap_messages => OffHeap,
        top => lists:sublist(
            [
                Row#{grew := grew(Bytes, maps:get(Pid, Was, undefined))}
             || {Pid, Bytes} <- Largest, Row <- sized(Pid, Bytes, Answers)
            ],
            Top
        ),
        groups => Groups,
        other_groups => Others
    }.

groups(#{heaps := #{sample := Sample}, count := Count, examined := Examined}, Answers, Top) ->
    Own = own_pids(),
    Calls = maps:from_list([{Pid, Call} || {{call, Pid}, Call} <- maps:to_list(Answers)]),
    Others = [Row || {Pid, _, _} = Row <- Sample, not lists:member(Pid, Own)],
    Groups = cprof_memory_groups:estimate(Others, Calls, Count / max(1, Examined)),
    {lists:sublist(Groups, Top), max(0, length(Groups) - Top)}.

largest(none) -> #{};
largest(#{walk := #{memory := Largest}}) -> maps:from_list(Largest).

grew(_, undefined) -> undefined;
grew(Now, Was) -> Now - Was.

%% [] for one that has ended, and for our own.
sized(Pid, Bytes, Answers) ->
    [
        Row#{bytes => Bytes, all => undefined, own => undefined, grew => undefined}
     || not lists:member(Pid, own_pids()), Row <- cprof_details:row(Pid, Answers)
    ].

parts_of(Listed, Answers, Top) ->
    Rows = [Row#{all := All} || {Pid, Bytes, All} <- Listed, Row <- sized(Pid, Bytes, Answers)],
    lists:sublist(Rows, Top).

own_pids() ->
    [self() | [Pid || Name <- ?OWN, Pid <- [whereis(Name)], is_pid(Pid)]].

%% --- binaries --------------------------------------------------------------------

-spec binaries(reading(), answers(), pos_integer()) -> binaries().
binaries(#{walk := Walk} = Reading, Answers, Top) ->
    #{binaries := #{held := Held, top := Holders}, count := Count, examined := Examined} = Walk,
    #{heaps := #{binaries_old := Old, pinned := Pinned}} = Walk,
    Total = memory(binary, Reading),
    IsWhole = is_integer(Total) andalso Examined >= Count,
    #{
        total => Total,
        held => Held,
        old => Old,
        unaccounted => if_known(IsWhole, fun() -> max(0, Total - Held) end),
        sharing => if_known(IsWhole andalso Total > 0, fun() -> Held / Total end),
        top => lists:sublist(
            [
                Row#{own := own(Pid, Bytes, Answers)}
             || {Pid, Bytes, _, _} <- Holders, Row <- sized(Pid, Bytes, Answers)
            ],
            Top
        ),
        pinned => parts_of(Pinned, Answers, Top)
    }.

%% A figure of erlang:memory().
memory(Key, Reading) -> maps:get(Key, maps:get(memory, Reading, #{}), undefined).

%% A part of what the process held in the walk. It is asked later, when a process
%% that loads code, say, may hold more; and the walk counts whole words.
own(Pid, Held, Answers) ->
    case Answers of
        #{{own, Pid} := {Own, _}} -> min(Own, Held);
        #{} -> undefined
    end.

if_known(true, Fun) -> Fun();
if_known(false, _) -> undefined.

%% --- tables ----------------------------------------------------------------------

%% Rows without their owners' names.
-spec tables(reading(), reading() | none, #{top := pos_integer(), wait_ms := non_neg_integer(), _ => _}) ->
    tables().
tables(#{tables := unknown} = Reading, _, _) ->
    #{
        count => undefined,
        examined => 0,
        examined_bytes => 0,
        total => memory(ets, Reading),
        top => [],
        growing => []
    };
tables(#{tables := #{bytes := Bytes} = Read} = Reading, Before, #{top := Top, wait_ms := WaitMs}) ->
    Grew = grown(Bytes, Before),
    Rows = fun(Sizes) ->
        Largest = cprof_tables:largest(Top, Sizes),
        cprof_tables:rows([{Table, maps:get(Table, Grew, undefined)} || {Table, _} <- Largest], WaitMs)
    end,
    (maps:with([count, examined, examined_bytes], Read))#{
        total => memory(ets, Reading),
        top => Rows(Bytes),
        growing => Rows(Grew)
    }.

%% Of the tables of both readings.
grown(Bytes, #{tables := #{bytes := Was}}) ->
    maps:map(fun(Table, Size) -> Size - maps:get(Table, Was) end, maps:with(maps:keys(Was), Bytes));
grown(_, _) ->
    #{}.

-spec with_owners(tables(), answers()) -> tables().
with_owners(#{top := Top, growing := Growing} = Tables, Answers) ->
    Tables#{
        top := [with_owner(Row, Answers) || Row <- Top],
        growing := [with_owner(Row, Answers) || Row <- Growing]
    }.

with_owner(#{owner := Owner} = Row, Answers) ->
    case cprof_details:row(Owner, Answers) of
        [#{name := Name, initial_call := Call}] -> Row#{owner_name := Name, owner_initial_call := Call};
        [] -> Row
    end.

%% --- allocators ------------------------------------------------------------------

%% The most unused first.
-spec allocators(reading(), reading() | none) -> [allocator()].
allocators(#{allocators := Rows}, Before) ->
    Was = maps:from_list([{Name, Size} || #{name := Name, carriers := Size} <- rows_before(Before)]),
    Full = [
        Row#{unused => Carriers - Blocks, grew => grew(Carriers, maps:get(Name, Was, undefined))}
     || #{name := Name, blocks := Blocks, carriers := Carriers} = Row <- Rows, Carriers > 0
    ],
    lists:sort(fun(#{unused := A}, #{unused := B}) -> A >= B end, Full);
allocators(#{}, _) ->
    [].

rows_before(#{allocators := Rows}) -> Rows;
rows_before(_) -> [].

%% --- who has most of a part ------------------------------------------------------

%% In words, for the sentence. (`infinity' is an atom, and so is larger than any number.)
-spec culprits(#{parts := [cprof_memory_parts:part()], atom() => term()}) -> cprof_memory_parts:culprits().
culprits(#{parts := Parts} = Memory) ->
    maps:from_list([
        {Part, Who}
     || #{part := Part, bytes := Of} <- Parts, {Bytes, Who} <- largest_of(Part, Memory), Bytes >= ?CULPRIT * Of
    ]).

largest_of(ets, #{ets := #{top := [#{name := Name, bytes := Bytes} | _]}}) ->
    [{Bytes, [named(#{name => Name, initial_call => undefined}), " has ", cprof_words:bytes(Bytes)]}];
largest_of(binaries, #{binaries := #{top := [Row | _]}}) ->
    [holds(Row)];
largest_of(heaps_unused, #{heaps := #{unused_top := [Row | _]}}) ->
    [holds(Row)];
largest_of(heaps_used, #{processes := #{top := [#{bytes := Bytes} = Row | _], groups := Groups}}) ->
    case Groups of
        [#{initial_call := Call, bytes := All, processes := Count} | _] when Call =/= undefined, All > 2 * Bytes ->
            [{All, [cprof_words:count(Count), " processes of ", named(#{name => undefined, initial_call => Call})]}];
        _ ->
            [holds(Row)]
    end;
largest_of(processes_rest, #{processes := #{messages := Messages}}) when Messages >= ?MANY_MESSAGES ->
    [{infinity, [cprof_words:count(Messages), " messages wait"]}];
largest_of(carriers, #{allocators := [#{name := Name, unused := Unused, utilization := Used} | _]}) ->
    [{Unused, [atom_to_list(Name), " uses ", cprof_words:percent(Used), " %"]}];
largest_of(_, _) ->
    [].

holds(#{bytes := Bytes, pid := Pid} = Row) ->
    Who =
        case named(Row) of
            <<>> -> cprof_words:pid(Pid);
            Name -> Name
        end,
    {Bytes, [Who, " has ", cprof_words:bytes(Bytes)]}.

named(Row) -> string:slice(cprof_words:who(Row), 0, ?NAME).
