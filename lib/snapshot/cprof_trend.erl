%% The trend of one figure over a series of readings, in memory that does not
%% depend on the number of readings. Pure.
%%
%% Some readings are marks: they end an interval, in which a figure that grows
%% must have grown.
-module(cprof_trend).

-export([new/2, add/4, count/1, first/1, last/1, grows/1, stands_still/1, slope_per_s/1]).

-export_type([trend/0]).

-record(trend, {
    first,
    last,
    %% at the last mark, or at first
    mark,
    %% never less than before, and more at each mark than at the one before
    grows = true,
    %% always the same
    still = true,
    %% sums of ms, of figures, of their product, and of the squares of ms
    count = 0,
    t = 0,
    v = 0,
    tv = 0,
    tt = 0
}).

-opaque trend() :: #trend{}.

%% Of a figure's first reading, at a time in ms since any moment. Intervals begin
%% with it.
-spec new(integer(), integer()) -> trend().
new(At, Value) -> counted(At, Value, #trend{first = Value, last = Value, mark = Value}).

-spec add(integer(), integer(), IsMark :: boolean(), trend()) -> trend().
add(At, Value, IsMark, #trend{last = Last, mark = Mark, grows = Grows, still = Still} = Trend) ->
    counted(At, Value, Trend#trend{
        last = Value,
        mark = marked(IsMark, Value, Mark),
        grows = Grows andalso Value >= Last andalso (not IsMark orelse Value > Mark),
        still = Still andalso Value =:= Last
    }).

marked(true, Value, _) -> Value;
marked(false, _, Mark) -> Mark.

counted(At, Value, #trend{count = Count, t = T, v = V, tv = TV, tt = TT} = Trend) ->
    Trend#trend{count = Count + 1, t = T + At, v = V + Value, tv = TV + At * Value, tt = TT + At * At}.

%% Readings.
-spec count(trend()) -> pos_integer().
count(#trend{count = Count}) -> Count.

-spec first(trend()) -> integer().
first(#trend{first = First}) -> First.

-spec last(trend()) -> integer().
last(#trend{last = Last}) -> Last.

-spec grows(trend()) -> boolean().
grows(#trend{grows = Grows}) -> Grows.

-spec stands_still(trend()) -> boolean().
stands_still(#trend{still = Still}) -> Still.

%% Least squares.
-spec slope_per_s(trend()) -> float().
slope_per_s(#trend{count = Count, t = T, v = V, tv = TV, tt = TT}) ->
    case Count * TT - T * T of
        0 -> 0.0;
        Under -> 1000 * (Count * TV - T * V) / Under
    end.
