%% How much of its memory from the operating system each allocator of the VM has
%% handed out; the rest is reserve or fragmentation.
-module(cprof_allocators).

-export([read/1, sum/1, memory/0, cached/0, cached/2]).

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

%% Needs a word from every scheduler, for each allocator: use it through cprof_ask.
-spec read(cprof_ask:advance()) -> [row()].
read(Advance) ->
    Names = erlang:system_info(alloc_util_allocators),
    Read = [{Name, sizes(Name, Advance)} || Name <- Names],
    Rows = [row(Name, sum(Instances)) || {Name, Instances} <- Read, is_list(Instances)],
    lists:sort(fun(#{carriers := A}, #{carriers := B}) -> A >= B end, Rows).

sizes(Name, Advance) ->
    Sizes = erlang:system_info({allocator_sizes, Name}),
    ok = Advance(),
    Sizes.

row(Name, {Blocks, Carriers}) ->
    Utilization =
        case Carriers of
            0 -> undefined;
            _ -> Blocks / Carriers
        end,
    #{name => Name, blocks => Blocks, carriers => Carriers, utilization => Utilization}.

%% Bytes of segments that were carriers, and that the VM keeps mapped for new ones. They
%% are in no figure of an allocator. Needs a word from every scheduler, too.
-spec cached() -> non_neg_integer().
cached() ->
    cached(erlang:system_info({allocator, erts_mmap}), erlang:system_info({allocator, mseg_alloc})).

%% What mseg_alloc has mapped, but for its segments in use; 0 where the VM has none.
-spec cached(term(), term()) -> non_neg_integer().
cached([_ | _] = Mmap, [_ | _] = Mseg) ->
    Mapped = [
        Bytes
     || {default_mmap, Info} <- Mmap,
        {_, Kind} <- Info,
        {sizes, Sizes} <- Kind,
        {used, Bytes} <- Sizes
    ],
    InUse = [
        element(2, Size)
     || {instance, _, Info} <- Mseg,
        {memkind, Kind} <- Info,
        {status, Status} <- Kind,
        Size <- Status,
        element(1, Size) =:= segments_size
    ],
    max(0, lists:sum(Mapped) - lists:sum(InUse));
cached(_, _) ->
    0.

%% erlang:memory(), in bytes. With `+Mea min' the allocators do not count, and the
%% sizes are unknown. Needs a word from every scheduler, too.
-spec memory() -> #{atom() => non_neg_integer()}.
memory() ->
    try
        maps:from_list(erlang:memory())
    catch
        error:notsup -> #{}
    end.

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
