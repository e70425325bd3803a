%% What the pieces of known work are timed with: CPU clocks, which other
%% programs on the machine do not move.
-module(known_clock).
-export([new/2, new/3, timed/3, reset/1, truth/1]).

%% Clock: `node_ns' for one process, whose work may move to dirty schedulers;
%% `thread_ns' for pieces of many processes that are never preempted.
new(Pieces, Clock) ->
    new(Pieces, Clock, fun() -> erlang:bump_reductions(4000) end).

%% Turn: does nothing but go through the scheduler, as the pieces do.
new(Pieces, Clock, Turn) ->
    Switch = switch_cost(Clock, Turn),
    Timing = {Clock, own_cost(Clock), Switch, counters:new(length(Pieces) + 2, []), Pieces},
    reset(Timing),
    Timing.

%% What two readings have between them when nothing is. The median: a reading
%% is interrupted now and then.
own_cost(Clock) ->
    median([begin A = busy_nif:Clock(), busy_nif:Clock() - A end || _ <- lists:seq(1, 1001)]).

%% A process that has used up its turn, or moves to a dirty scheduler and back,
%% goes through the scheduler, which is none of the piece's work: the CPU time
%% of that, when nobody else waits.
switch_cost(thread_ns, _) ->
    0;
switch_cost(Clock, Turn) ->
    median([turns(100, Turn, Clock) || _ <- lists:seq(1, 101)]).

turns(N, Turn, Clock) ->
    Switches = switches(),
    Start = busy_nif:Clock(),
    [Turn() || _ <- lists:seq(1, N)],
    Took = busy_nif:Clock() - Start,
    Took div max(switches() - Switches, 1).

switches() ->
    {Switches, 0} = statistics(context_switches),
    Switches.

median(List) ->
    lists:nth(length(List) div 2 + 1, lists:sort(List)).

timed(N, Fun, {thread_ns, Cost, _, Counters, _}) ->
    Start = busy_nif:thread_ns(),
    Fun(),
    counters:add(Counters, N, busy_nif:thread_ns() - Start - Cost);
timed(N, Fun, {node_ns, Cost, SwitchCost, Counters, Pieces}) ->
    Switches = switches(),
    Start = busy_nif:node_ns(),
    Fun(),
    Took = busy_nif:node_ns() - Start - Cost,
    Scheduling = SwitchCost * (switches() - Switches),
    counters:add(Counters, N, Took - Scheduling),
    counters:add(Counters, length(Pieces) + 2, Scheduling).

reset({_, _, _, Counters, Pieces}) ->
    [counters:put(Counters, N, 0) || N <- lists:seq(1, length(Pieces) + 2)],
    counters:put(Counters, length(Pieces) + 1, busy_nif:node_ns()).

%% [{Piece, Ns}], and `rest': what the node did besides. What the scheduler did
%% while pieces waited for their next turn is in neither, where it is known.
truth({_, _, _, Counters, Pieces}) ->
    All = busy_nif:node_ns() - counters:get(Counters, length(Pieces) + 1),
    Scheduling = counters:get(Counters, length(Pieces) + 2),
    Times = [{P, counters:get(Counters, N)} || {N, P} <- lists:enumerate(Pieces)],
    Times ++ [{rest, All - Scheduling - lists:sum([Ns || {_, Ns} <- Times])}].
