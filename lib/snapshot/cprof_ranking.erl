%% The N largest of many items; only these are kept in memory.
-module(cprof_ranking).

-export([new/1, add/3, to_list/1, merge/2]).

-export_type([ranking/0]).

%% How many more there is room for, and a set ordered by size.
-opaque ranking() :: {non_neg_integer(), gb_sets:set({number(), term()})}.

-spec new(pos_integer()) -> ranking().
new(Top) -> {Top, gb_sets:empty()}.

%% Things of size 0 are left out.
-spec add(number(), term(), ranking()) -> ranking().
add(Size, _, Ranking) when Size =< 0 ->
    Ranking;
add(Size, Thing, {Room, Set}) when Room > 0 ->
    {Room - 1, gb_sets:add_element({Size, Thing}, Set)};
add(Size, Thing, {0, Set} = Ranking) ->
    case gb_sets:smallest(Set) of
        {Least, _} when Least >= Size -> Ranking;
        Smallest -> {0, gb_sets:add_element({Size, Thing}, gb_sets:delete(Smallest, Set))}
    end.

-spec merge(ranking(), ranking()) -> ranking().
merge(Into, {_, Set}) ->
    gb_sets:fold(fun({Size, Thing}, Ranking) -> add(Size, Thing, Ranking) end, Into, Set).

%% The largest first.
-spec to_list(ranking()) -> [{number(), term()}].
to_list({_, Set}) -> lists:reverse(gb_sets:to_list(Set)).
