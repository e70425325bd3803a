%% What the heaps of processes hold, summed up from the answers of BIFs, in the form
%% of the NIF's walk (cprof_walk_nif:heaps()). Pure, but for random numbers.
-module(cprof_heap_sum).

-export([new/1, add/4, live/1, merge/2, totals/1]).

-export_type([sum/0, info/0]).

%% What process_info(Pid, garbage_collection_info) answers, as a map. In words.
-type info() :: #{atom() => non_neg_integer()}.

-record(sum, {
    %% words, by the names of a walk's heaps
    sizes = #{},
    count = 0,
    %% by tenths: heaps, and their words
    fills = #{},
    unused,
    pinned,
    sample
}).

-opaque sum() :: #sum{}.

-define(FILLS, 10).
%% The estimate by such a sample is usually within 3 % of all memory, at most 6 %.
-define(SAMPLE, 1000).

-spec new(pos_integer()) -> sum().
new(Top) ->
    Ranking = cprof_ranking:new(Top),
    #sum{unused = Ranking, pinned = Ranking, sample = cprof_ranking:new(?SAMPLE)}.

%% Adds a process with the words of binaries that it refers to.
-spec add(pid(), info(), Binaries :: non_neg_integer(), sum()) -> sum().
add(Pid, Info, Binaries, Sum) ->
    #{
        heap_size := Young,
        stack_size := Stack,
        heap_block_size := Block,
        old_heap_size := Old,
        old_heap_block_size := OldBlock,
        mbuf_size := Fragments,
        bin_old_vheap_size := Pinned
    } = Info,
    Free = #{young_free => max(0, Block - Young - Stack), old_free => OldBlock - Old},
    Unused = lists:sum(maps:values(Free)),
    All = Block + OldBlock,
    Sizes = Free#{
        young => Young,
        stack => Stack,
        old => Old,
        live => live(Info),
        fragments => Fragments,
        binaries_old => Pinned
    },
    Sum#sum{
        sizes = more(Sizes, Sum#sum.sizes),
        count = Sum#sum.count + 1,
        fills = filled(fill(All - Unused, All), {1, All}, Sum#sum.fills),
        unused = cprof_ranking:add(Unused, {Pid, All}, Sum#sum.unused),
        pinned = cprof_ranking:add(Pinned, {Pid, Binaries}, Sum#sum.pinned),
        sample = sample(Pid, All + Fragments, Sum#sum.sample)
    }.

%% Words that the last collection left.
-spec live(info()) -> non_neg_integer().
live(#{recent_size := Young, old_heap_size := Old}) -> Young + Old.

more(Sizes, To) ->
    maps:fold(
        fun(Key, Words, Into) ->
            maps:update_with(Key, fun(Was) -> Was + Words end, Words, Into)
        end,
        To,
        Sizes
    ).

fill(_, 0) -> 0;
fill(Used, All) -> min(?FILLS - 1, ?FILLS * Used div All).

filled(Fill, {Count, Words}, Fills) ->
    {Heaps, All} = maps:get(Fill, Fills, {0, 0}),
    Fills#{Fill => {Heaps + Count, All + Words}}.

%% By priority: c_src/nif/walk_heaps.h says what this is for.
sample(Pid, Words, Sample) ->
    cprof_ranking:add(Words / (1.0 - rand:uniform()), {Pid, Words}, Sample).

-spec merge(sum(), sum()) -> sum().
merge(A, B) ->
    #sum{
        sizes = more(A#sum.sizes, B#sum.sizes),
        count = A#sum.count + B#sum.count,
        fills = maps:fold(fun filled/3, A#sum.fills, B#sum.fills),
        unused = cprof_ranking:merge(A#sum.unused, B#sum.unused),
        pinned = cprof_ranking:merge(A#sum.pinned, B#sum.pinned),
        sample = cprof_ranking:merge(A#sum.sample, B#sum.sample)
    }.

%% In bytes.
-spec totals(sum()) -> cprof_walk_nif:heaps().
totals(#sum{sizes = Sizes, count = Count, fills = Fills} = Sum) ->
    Word = erlang:system_info(wordsize),
    Nothing = maps:from_list([
        {Key, 0}
     || Key <- [young, stack, young_free, old, old_free, live, fragments, binaries_old]
    ]),
    Rows = fun(Ranking) ->
        [{Pid, Word * Size, Word * All} || {Size, {Pid, All}} <- cprof_ranking:to_list(Ranking)]
    end,
    (maps:map(fun(_, Words) -> Word * Words end, maps:merge(Nothing, Sizes)))#{
        count => Count,
        unread => 0,
        off_heap_messages => undefined,
        struct_bytes => undefined,
        fills => [
            {Heaps, Word * Words}
         || Fill <- lists:seq(0, ?FILLS - 1), {Heaps, Words} <- [maps:get(Fill, Fills, {0, 0})]
        ],
        unused => Rows(Sum#sum.unused),
        pinned => Rows(Sum#sum.pinned),
        sample => sampled(cprof_ranking:to_list(Sum#sum.sample), Word)
    }.

%% If it is full, the last one is only there for its priority.
sampled(Rows, Word) when length(Rows) =:= ?SAMPLE ->
    {Sampled, [{Threshold, _}]} = lists:split(?SAMPLE - 1, Rows),
    [{Pid, Word * Words, Word * Threshold} || {_, {Pid, Words}} <- Sampled];
sampled(Rows, Word) ->
    [{Pid, Word * Words, 0} || {_, {Pid, Words}} <- Rows].
