%% How much of its memory from the operating system each allocator of the VM has
%% handed out; the rest is reserve or fragmentation.
-module(cprof_allocators).

-export([read/0, sum/1]).

-export_type([row/0]).

-type row() :: #{
    name := atom(),
    %% bytes in use
    blocks := non_neg_integer(),
    %% bytes that the operating system gave
    carriers := non_neg_integer(),
    %% blocks / carriers
    utilization := float() | undefined
}.

%% Needs a word from every scheduler: use it through cprof_ask.
-spec read() -> [row()].
read() ->
    Names = erlang:system_info(alloc_util_allocators),
    Read = [{Name, erlang:system_info({allocator_sizes, Name})} || Name <- Names],
    Rows = [row(Name, sum(Instances)) || {Name, Instances} <- Read, is_list(Instances)],
    lists:sort(fun(#{carriers := A}, #{carriers := B}) -> A >= B end, Rows).

row(Name, {Blocks, Carriers}) ->
    Utilization =
        case Carriers of
            0 -> undefined;
            _ -> Blocks / Carriers
        end,
    #{name => Name, blocks => Blocks, carriers => Carriers, utilization => Utilization}.

%% Over the instances of an allocator, in single-block carriers, multi-block
%% carriers, and those of these that lie in the pool for other instances.
-spec sum([{instance, non_neg_integer(), list()}]) -> {non_neg_integer(), non_neg_integer()}.
sum(Instances) ->
    Parts = [
        Part
     || {instance, _, Kinds} <- Instances,
        {Kind, Part} <- Kinds,
        lists:member(Kind, [mbcs, mbcs_pool, sbcs])
    ],
    {lists:sum([blocks(Part) || Part <- Parts]), lists:sum([carriers(Part) || Part <- Parts])}.

%% By the types of allocators whose blocks lie in these carriers.
blocks(Part) ->
    lists:sum([
        element(2, Size)
     || {_, Sizes} <- proplists:get_value(blocks, Part, []),
        Size <- Sizes,
        element(1, Size) =:= size
    ]).

%% Now, and, but for the pool, the largest ever.
carriers(Part) ->
    lists:sum([element(2, Size) || Size <- Part, element(1, Size) =:= carriers_size]).
