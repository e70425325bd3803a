%% Where the memory of the node is: parts that add up to what is in RAM. The last part is
%% what no other part explains. A sentence names the largest ones. Pure.
-module(cprof_memory_parts).

-export([parts/1, compare/2, sentence/3]).

-export_type([facts/0, part/0, name/0, culprits/0]).

-type facts() :: #{
    %% erlang:memory(); without keys if it is not known
    memory := #{atom() => non_neg_integer()},
    allocators := [cprof_allocators:row()],
    resident := cprof_resident:resident() | undefined,
    persistent_terms := non_neg_integer(),
    %% of the code, what lies outside of the allocators
    native_code := non_neg_integer() | undefined,
    %% segments that were carriers
    cached := non_neg_integer() | undefined,
    %% of all processes; 0 if it is not known
    structs := non_neg_integer(),
    %% of all processes, or none
    heaps := cprof_walk_nif:heaps() | undefined
}.
-type name() ::
    heaps_used
    | heaps_unused
    | stacks
    | fragments
    | structs
    | processes_rest
    | processes
    | binaries
    | ets
    | atoms
    | code
    | persistent_terms
    | other
    | carriers
    | cached
    | program
    | rest.
-type part() :: #{
    part := name(),
    %% only that of `rest' can be negative
    bytes := integer(),
    %% of what is in RAM or, if that is more, of all parts but the rest
    share := float(),
    grew := integer() | undefined
}.
%% By part, who has most of it, in words.
-type culprits() :: #{name() => unicode:chardata()}.

-define(COLUMNS, 100).
%% The sentence names parts that have at least this share.
-define(LEAST, 0.05).
-define(MOST_NAMED, 4).
%% If the parts are so many times what is in RAM, the sentence says both.
-define(MUCH_MORE, 1.1).

%% The largest first, and what is not explained last. A part that is not known is
%% missing; one that is 0 is not.
-spec parts(facts()) -> [part()].
parts(#{resident := Resident} = Facts) ->
    Known = of_processes(Facts) ++ of_system(Facts) ++ of_allocators(Facts) ++ of_program(Resident),
    Sum = lists:sum([Bytes || {_, Bytes} <- Known]),
    Whole = max(1, max(Sum, maps:get(rss, known(Resident), 0))),
    Sorted = lists:reverse(lists:keysort(2, Known)),
    [
        #{part => Name, bytes => Bytes, share => Bytes / Whole, grew => undefined}
     || {Name, Bytes} <- Sorted ++ rest(Facts, Sum)
    ].

known(undefined) -> #{};
known(Resident) -> Resident.

%% Nothing can be said of it if a large part is not known.
rest(#{resident := #{rss := Rss}, memory := #{total := _}, allocators := [_ | _]} = Facts, Sum) ->
    #{native_code := Native, cached := Cached} = Facts,
    [{rest, Rss - Sum} || is_integer(Native), is_integer(Cached)];
rest(_, _) ->
    [].

of_processes(#{memory := #{processes := All}, heaps := #{young := Young, old := Old} = Heaps} = Facts) ->
    #{stack := Stacks, young_free := Free, old_free := OldFree, fragments := Fragments} = Heaps,
    Parts = [
        {heaps_used, Young + Old},
        {heaps_unused, Free + OldFree},
        {stacks, Stacks},
        {fragments, Fragments}
        | [{structs, Structs} || #{structs := Structs} <- [Facts], Structs > 0]
    ],
    [{processes_rest, max(0, All - lists:sum([Bytes || {_, Bytes} <- Parts]))} | Parts];
of_processes(#{memory := #{processes := All}}) ->
    [{processes, All}];
of_processes(#{}) ->
    [].

of_system(#{memory := #{system := System} = Memory} = Facts) ->
    #{persistent_terms := Persistent, native_code := Native} = Facts,
    #{binary := Binaries, ets := Ets, atom := Atoms, code := Code} = Memory,
    InAllocators = [
        {binaries, Binaries}, {ets, Ets}, {atoms, Atoms}, {persistent_terms, Persistent}
    ],
    Other = [
        {other, max(0, System - lists:sum([Bytes || {_, Bytes} <- InAllocators]) - max(0, Code - Native))}
     || is_integer(Native)
    ],
    [{code, Code} | Other ++ InAllocators];
of_system(#{}) ->
    [].

of_allocators(#{allocators := Rows, cached := Cached}) ->
    Unused = lists:sum([Carriers - Blocks || #{carriers := Carriers, blocks := Blocks} <- Rows]),
    [{carriers, Unused} || Rows =/= []] ++ [{cached, Cached} || is_integer(Cached)].

of_program(#{files := Files}) -> [{program, Files}];
of_program(_) -> [].

%% The parts that are listed, with how much each grew since an earlier reading, if there
%% was one, and the part was known then.
-spec compare([part()] | none, [part()]) -> [part()].
compare(none, Now) ->
    listed(Now);
compare(Before, Now) ->
    Was = maps:from_list([{Name, Bytes} || #{part := Name, bytes := Bytes} <- Before]),
    listed([
        Part#{grew := grew(Bytes, maps:get(Name, Was, undefined))}
     || #{part := Name, bytes := Bytes} = Part <- Now
    ]).

grew(_, undefined) -> undefined;
grew(Now, Was) -> Now - Was.

listed(Parts) ->
    [
        Part
     || #{part := Name, bytes := Bytes, grew := Grew} = Part <- Parts,
        Bytes =/= 0 orelse Name =:= rest orelse (is_integer(Grew) andalso Grew =/= 0)
    ].

%% --- the sentence ----------------------------------------------------------------

%% Why is it big? As much of the answer as a line has room for. If large parts are not
%% known, shares of the others would mislead.
-spec sentence([part()], cprof_resident:resident() | undefined, culprits()) -> binary().
sentence(Parts, Resident, Culprits) ->
    case {[Name || #{part := Name} <- Parts, Name =:= binaries orelse Name =:= carriers], Resident} of
        {[_, _], _} -> sentence_of(Parts, Resident, Culprits);
        {_, #{rss := _}} -> line(Resident, Parts, ["the node did not say where"]);
        {_, undefined} -> <<"the node did not say where its memory is">>
    end.

sentence_of(Parts, Resident, Culprits) ->
    Large = [
        Part
     || #{part := Name, share := Share} = Part <- Parts, Share >= ?LEAST, Name =/= rest orelse Share > 0
    ],
    Sorted = lists:sort(fun(#{share := A}, #{share := B}) -> A >= B end, Large),
    first_that_fits([
        line(Resident, Parts, [phrase(Part, With) || Part <- lists:sublist(Sorted, Count)])
     || Names <- [[Culprits, of_first(Sorted, Culprits)], [#{}]],
        Count <- lists:seq(?MOST_NAMED, 1, -1),
        With <- Names
    ]).

of_first([#{part := Name} | _], Culprits) -> maps:with([Name], Culprits);
of_first([], _) -> #{}.

first_that_fits([Line]) ->
    Line;
first_that_fits([Line | Others]) ->
    case string:length(Line) =< ?COLUMNS of
        true -> Line;
        false -> first_that_fits(Others)
    end.

line(Resident, Parts, Phrases) ->
    Known = lists:sum([Bytes || #{part := Name, bytes := Bytes} <- Parts, Name =/= rest]),
    cprof_words:shown([whole(Resident, Known), [": " || Phrases =/= []], lists:join(", ", Phrases)]).

%% What the shares are of comes first.
whole(#{rss := Rss}, Known) when Known > ?MUCH_MORE * Rss ->
    [cprof_words:bytes(Known), ", of which ", cprof_words:bytes(Rss), " in RAM"];
whole(#{rss := Rss}, _) ->
    [cprof_words:bytes(Rss), " in RAM"];
whole(undefined, Known) ->
    cprof_words:bytes(Known).

phrase(#{part := Name, share := Share}, Culprits) ->
    [
        io_lib:format("~b % ~ts", [round(100 * Share), short(Name)]),
        [[" (", Culprit, ")"] || #{Name := Culprit} <- [Culprits]]
    ].

short(heaps_used) -> "heaps in use";
short(heaps_unused) -> "unused room in heaps";
short(stacks) -> "stacks";
short(fragments) -> "heap fragments";
short(structs) -> "process structs";
short(processes_rest) -> "waiting messages and links";
short(processes) -> "processes";
short(binaries) -> "binaries";
short(ets) -> "ETS tables";
short(atoms) -> "atoms";
short(code) -> "code";
short(persistent_terms) -> "persistent terms";
short(other) -> "other of the VM";
short(carriers) -> "unused in the allocators";
short(cached) -> "kept for new carriers";
short(program) -> "the program";
short(rest) -> "not explained".
