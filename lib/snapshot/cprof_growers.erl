%% Follows the sizes of many things over a series of readings, and tells which of
%% them only grow: the least size of each interval is more than that of the interval
%% before. (What is freed from time to time is larger before than after; only the
%% least says what stays.) Pure.
-module(cprof_growers).

-export([new/0, add/4, growing/2]).

-export_type([growers/0]).

%% By thing: the least since the last mark, and the trend of the least at marks; or that
%% it did not grow in an interval, and whether it was seen since the last mark.
-opaque growers() :: #{
    term() =>
        {non_neg_integer() | infinity, cprof_trend:trend() | undefined} | {out, seen | unseen}
}.

%% Something that appeared later must have grown in half of the intervals, and in this many.
-define(INTERVALS, 3).

-spec new() -> growers().
new() -> #{}.

%% Adds a reading at a time in ms. A mark ends an interval. What was in no reading of
%% an interval is forgotten; in some of them anything may be missing.
-spec add(#{term() => non_neg_integer()}, integer(), IsMark :: boolean(), growers()) -> growers().
add(Sizes, At, IsMark, Growers) ->
    Seen = maps:map(
        fun(Thing, Size) -> smaller(Size, maps:get(Thing, Growers, {infinity, undefined})) end,
        Sizes
    ),
    All = maps:merge(Growers, Seen),
    case IsMark of
        true -> maps:filtermap(fun(_, Grower) -> end_interval(At, Grower) end, All);
        false -> All
    end.

smaller(_, {out, _}) -> {out, seen};
smaller(Size, {Least, Trend}) -> {min(Size, Least), Trend}.

end_interval(_, {out, unseen}) ->
    false;
end_interval(_, {infinity, _}) ->
    false;
end_interval(_, {out, seen}) ->
    {true, {out, unseen}};
end_interval(At, {Least, undefined}) ->
    {true, {infinity, cprof_trend:new(At, Least)}};
end_interval(At, {Least, Trend}) ->
    Next = cprof_trend:add(At, Least, true, Trend),
    case cprof_trend:grows(Next) of
        true -> {true, {infinity, Next}};
        false -> {true, {out, unseen}}
    end.

%% The trends of those that grew in every interval of a watch over Snapshots of them.
-spec growing(pos_integer(), growers()) -> [{term(), cprof_trend:trend()}].
growing(Snapshots, Growers) ->
    Intervals = min(Snapshots, max(?INTERVALS, Snapshots div 2)),
    [
        {Thing, Trend}
     || {Thing, {Least, Trend}} <- maps:to_list(Growers),
        Least =/= out,
        Trend =/= undefined,
        cprof_trend:count(Trend) > Intervals
    ].
