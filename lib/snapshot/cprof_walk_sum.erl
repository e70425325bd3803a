%% The sums of a walk through BIFs, over a chunk of the processes or over all.
-module(cprof_walk_sum).

-export([new/2, add/6, examine/3, unanswered/2, merge/2, totals/1]).

-export_type([sum/0]).

-record(sum, {
    count = 0,
    unanswered = 0,
    states = #{},
    messages = 0,
    histogram = #{},
    longest,
    rows = [],
    sample = [],
    examined = 0,
    held = 0,
    holders,
    leaks,
    largest,
    %% only where they are asked for
    heaps = none
}).

-opaque sum() :: #sum{}.

%% Collecting figures of binaries is slow behind a long mailbox.
-define(MAX_MAILBOX, 10000).
%% Who holds less is no suspect, however small its heap.
-define(LEAK_BYTES, 65536).

-spec new(pos_integer(), Heaps :: boolean()) -> sum().
new(Top, Heaps) ->
    Ranking = cprof_ranking:new(Top),
    Sum = #sum{longest = Ranking, holders = Ranking, leaks = Ranking, largest = Ranking},
    case Heaps of
        true -> Sum#sum{heaps = cprof_heap_sum:new(Top)};
        false -> Sum
    end.

-spec add(pid(), atom(), non_neg_integer(), non_neg_integer(), Flags, sum()) -> sum() when
    Flags :: #{remember := boolean(), sample := boolean()}.
add(Pid, Status, Length, Reductions, #{remember := Remember, sample := Sample}, Sum) ->
    #sum{states = States, rows = Rows, sample = Sampled} = Sum,
    Sum#sum{
        count = Sum#sum.count + 1,
        states = more(Status, 1, States),
        messages = Sum#sum.messages + Length,
        histogram = length_counted(Length, Sum#sum.histogram),
        longest = cprof_ranking:add(Length, Pid, Sum#sum.longest),
        rows = [{Pid, {Length, Reductions}} || Remember] ++ Rows,
        sample = [Pid || Sample] ++ Sampled
    }.

more(Key, Count, Counts) -> maps:update_with(Key, fun(Was) -> Was + Count end, Count, Counts).

length_counted(0, Histogram) -> Histogram;
length_counted(Length, Histogram) -> more(power(Length, 1), 1, Histogram).

%% The largest power of two that is not above.
power(Length, Power) when Length < 2 * Power -> Power;
power(Length, Power) -> power(Length, 2 * Power).

%% Adds the binaries and the memory of a process. Binaries: its virtual binary
%% heap, what those weigh that it refers to; one that several processes hold is
%% counted in each.
-spec examine(pid(), non_neg_integer(), sum()) -> sum().
examine(Pid, Length, Sum) when Length =< ?MAX_MAILBOX ->
    case erlang:process_info(Pid, garbage_collection_info) of
        {garbage_collection_info, Info} -> examined(Pid, maps:from_list(Info), Sum);
        undefined -> Sum
    end;
examine(_, _, Sum) ->
    Sum.

examined(Pid, Info, #sum{leaks = Leaks} = Sum) ->
    Word = erlang:system_info(wordsize),
    {Binaries, Words, Fragments} = sizes(Info),
    {Bytes, Heap} = {Binaries * Word, Words * Word},
    Live = cprof_heap_sum:live(Info) * Word,
    Row = {Pid, Bytes, Heap},
    Sum#sum{
        examined = Sum#sum.examined + 1,
        held = Sum#sum.held + Bytes,
        holders = cprof_ranking:add(Bytes, Row, Sum#sum.holders),
        leaks = leak(Bytes, Heap, Row, Leaks),
        largest = cprof_ranking:add(Heap + Fragments * Word, {Pid, Live}, Sum#sum.largest),
        heaps = with_heap(Pid, Info, Binaries, Sum#sum.heaps)
    }.

with_heap(_, _, _, none) -> none;
with_heap(Pid, Info, Binaries, Heaps) -> cprof_heap_sum:add(Pid, Info, Binaries, Heaps).

leak(Bytes, Heap, Row, Leaks) when Bytes >= ?LEAK_BYTES ->
    cprof_ranking:add(Bytes / max(1, Heap), Row, Leaks);
leak(_, _, _, Leaks) ->
    Leaks.

%% Words of binaries, of the heap, and of its fragments.
sizes(Info) ->
    #{
        bin_vheap_size := Young,
        bin_old_vheap_size := Old,
        heap_block_size := Block,
        old_heap_block_size := OldBlock,
        mbuf_size := Fragments
    } = Info,
    {Young + Old, Block + OldBlock, Fragments}.

-spec unanswered(non_neg_integer(), sum()) -> sum().
unanswered(Count, Sum) -> Sum#sum{unanswered = Sum#sum.unanswered + Count}.

-spec merge(sum(), sum()) -> sum().
merge(A, B) ->
    #sum{
        count = A#sum.count + B#sum.count,
        unanswered = A#sum.unanswered + B#sum.unanswered,
        states = maps:fold(fun more/3, A#sum.states, B#sum.states),
        messages = A#sum.messages + B#sum.messages,
        histogram = maps:fold(fun more/3, A#sum.histogram, B#sum.histogram),
        longest = cprof_ranking:merge(A#sum.longest, B#sum.longest),
        rows = B#sum.rows ++ A#sum.rows,
        sample = B#sum.sample ++ A#sum.sample,
        examined = A#sum.examined + B#sum.examined,
        held = A#sum.held + B#sum.held,
        holders = cprof_ranking:merge(A#sum.holders, B#sum.holders),
        leaks = cprof_ranking:merge(A#sum.leaks, B#sum.leaks),
        largest = cprof_ranking:merge(A#sum.largest, B#sum.largest),
        heaps = merge_heaps(A#sum.heaps, B#sum.heaps)
    }.

merge_heaps(none, none) -> none;
merge_heaps(A, B) -> cprof_heap_sum:merge(A, B).

%% In the form of a walk.
-spec totals(sum()) -> map().
totals(Sum) ->
    Longest = [{Pid, Length} || {Length, Pid} <- cprof_ranking:to_list(Sum#sum.longest)],
    Largest = cprof_ranking:to_list(Sum#sum.largest),
    (heaps(Sum#sum.heaps))#{
        longest_hold_us => undefined,
        slots => erlang:system_info(process_limit),
        count => Sum#sum.count,
        embryos => 0,
        implausible => 0,
        lower_bounds => Sum#sum.unanswered,
        created => undefined,
        states => states(Sum#sum.states),
        mailboxes => #{
            total => Sum#sum.messages,
            max => lists:max([0 | [Length || {_, Length} <- Longest]]),
            exact => Sum#sum.unanswered =:= 0,
            histogram => lists:sort(maps:to_list(Sum#sum.histogram)),
            top => Longest
        },
        binaries => #{
            held => Sum#sum.held,
            top => [Row || {_, Row} <- cprof_ranking:to_list(Sum#sum.holders)],
            leaks => [Row || {_, Row} <- cprof_ranking:to_list(Sum#sum.leaks)]
        },
        memory => [{Pid, Bytes} || {Bytes, {Pid, _}} <- Largest],
        live => [{Pid, Live} || {_, {Pid, Live}} <- Largest],
        groups => [],
        groups_missed => 0,
        rows => maps:from_list(Sum#sum.rows),
        sample => Sum#sum.sample,
        examined => Sum#sum.examined,
        unanswered => Sum#sum.unanswered
    }.

heaps(none) -> #{};
heaps(Heaps) -> #{heaps => cprof_heap_sum:totals(Heaps)}.

states(Counts) ->
    #{
        running => maps:get(running, Counts, 0),
        runnable => maps:get(runnable, Counts, 0),
        waiting => maps:get(waiting, Counts, 0),
        gc => maps:get(garbage_collecting, Counts, 0),
        suspended => maps:get(suspended, Counts, 0),
        exiting => maps:get(exiting, Counts, 0)
    }.
