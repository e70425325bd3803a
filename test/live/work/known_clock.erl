%% What the pieces of known work are timed with: CPU clocks, which other
%% programs on the machine do not move.
-module(known_clock).
-export([new/2, timed/3, reset/1, truth/1]).

%% Clock: `node_ns' for one process whose work may move to dirty schedulers,
%% `thread_ns' for pieces of many processes that are never preempted.
new(Pieces, Clock) ->
    Timing = {Clock, own_cost(Clock), counters:new(length(Pieces) + 1, []), Pieces},
    reset(Timing),
    Timing.

%% What two readings have between them when nothing is. The median: a reading
%% is interrupted now and then.
own_cost(Clock) ->
    Costs = [begin A = busy_nif:Clock(), busy_nif:Clock() - A end || _ <- lists:seq(1, 1001)],
    lists:nth(501, lists:sort(Costs)).

timed(N, Fun, {Clock, Cost, Counters, _}) ->
    Start = busy_nif:Clock(),
    Fun(),
    Took = busy_nif:Clock() - Start - Cost,
    counters:add(Counters, N, Took).

reset({_, _, Counters, Pieces}) ->
    [counters:put(Counters, N, 0) || N <- lists:seq(1, length(Pieces))],
    counters:put(Counters, length(Pieces) + 1, busy_nif:node_ns()).

%% [{Piece, Ns}], and `rest': what the node did besides.
truth({_, _, Counters, Pieces}) ->
    All = busy_nif:node_ns() - counters:get(Counters, length(Pieces) + 1),
    Times = [{P, counters:get(Counters, N)} || {N, P} <- lists:enumerate(Pieces)],
    Times ++ [{rest, All - lists:sum([Ns || {_, Ns} <- Times])}].
