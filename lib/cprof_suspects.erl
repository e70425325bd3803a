%% Which processes of a series of readings are named, and why: pure. A kind is
%% named by what its figures did in every reading, not by how large they are.
-module(cprof_suspects).

-export([findings/4]).

-export_type([suspect/0, reading/0]).

%% Of cprof_watch; the newest first. Binaries: whether they were looked at.
-type reading() :: #{at_ms := integer(), walk := map(), binaries := boolean(), _ => _}.
-type suspect() :: #{
    kind := growing_mailbox | binary_hoarder | churning,
    pid := pid(),
    first := non_neg_integer(),
    last := non_neg_integer(),
    slope_per_s := float(),
    why := binary()
}.

%% A mailbox must have grown by that, however slowly.
-define(MESSAGES, 5).
%% Who holds less binary memory costs nobody sleep.
-define(HOARD_BYTES, 4000000).
%% A hoard that grows is that many times the own heap, one that stands still,
%% in a process that does nothing, more.
-define(GROWING_RATIO, 4).
-define(IDLE_RATIO, 64).
%% Of all short lives that were seen, the share of one parent, and the number.
-define(CHURN_SHARE, 0.5).
-define(CHURN_SEEN, 10).
-define(CHURN_LOOKS, 3).
%% Processes per second, where that is known.
-define(CHURN_PER_S, 200).

%% The worst of each kind first, at most Top of a kind.
-spec findings([reading()], cprof_newborn:seen(), pos_integer(), pos_integer()) -> [suspect()].
findings(Readings, Seen, Snapshots, Top) ->
    Series = lists:reverse(Readings),
    Kinds = [
        growing_mailboxes(Series, Snapshots),
        binary_hoarders(Series, Snapshots),
        churning(Series, Seen)
    ],
    lists:append([lists:sublist(worst_first(Kind), Top) || Kind <- Kinds]).

worst_first(Suspects) ->
    Rated = lists:keysort(1, [{badness(Suspect), Suspect} || Suspect <- Suspects]),
    [Suspect || {_, Suspect} <- lists:reverse(Rated)].

badness(#{kind := binary_hoarder, last := Bytes}) -> Bytes;
badness(#{slope_per_s := Slope}) -> Slope.

%% --- mailboxes ---------------------------------------------------------------

growing_mailboxes(Series, Snapshots) ->
    Lists = [
        {At, maps:from_list([{Pid, Length} || {Pid, Length, _} <- Top])}
     || #{at_ms := At, walk := #{mailboxes := #{top := Top}}} <- Series
    ],
    [
        suspect(growing_mailbox, Pid, Points, "messages wait, more in every reading")
     || Pid <- listed(Lists),
        Points <- [points(Pid, Lists)],
        grew(Points) >= ?MESSAGES,
        grows(Points, Snapshots)
    ].

listed(Lists) ->
    {_, Last} = lists:last(Lists),
    maps:keys(Last).

%% From the first time that it is listed. One that is not has less than those
%% that are: none, unless the list is long.
points(Pid, Lists) ->
    case lists:dropwhile(fun({_, List}) -> not is_map_key(Pid, List) end, Lists) of
        [{First, _} | _] = Listed ->
            Before = [{At, 0} || {At, List} <- Lists, At < First, map_size(List) < 100],
            Before ++ [{At, maps:get(Pid, List, 0)} || {At, List} <- Listed];
        [] ->
            []
    end.

grew([]) -> 0;
grew([{_, First} | _] = Points) -> element(2, lists:last(Points)) - First.

%% In each of as many intervals as there were snapshots, and never less.
grows(Points, Snapshots) when length(Points) > Snapshots ->
    Values = [Value || {_, Value} <- Points],
    Marks = marks(Values, Snapshots),
    Values =:= lists:sort(Values) andalso Marks =:= lists:usort(Marks);
grows(_, _) ->
    false.

%% The first, the last, and those at equal distances between.
marks(Values, Snapshots) ->
    Last = length(Values) - 1,
    [lists:nth(1 + round(N * Last / Snapshots), Values) || N <- lists:seq(0, Snapshots)].

%% --- binaries ----------------------------------------------------------------

binary_hoarders(Series, Snapshots) ->
    Lists = [
        {At, held(Binaries)}
     || #{at_ms := At, walk := #{binaries := Binaries}, binaries := true} <- Series
    ],
    [
        Suspect
     || Pid <- listed(Lists), Suspect <- hoarder(Pid, held_points(Pid, Lists), Lists, Snapshots)
    ].

held(#{top := Top, leaks := Leaks}) ->
    maps:from_list([{Pid, {Bytes, Heap}} || {Pid, Bytes, Heap, _} <- Top ++ Leaks]).

held_points(Pid, Lists) -> [{At, Bytes} || {At, #{Pid := {Bytes, _}}} <- Lists].

hoarder(Pid, Points, Lists, Snapshots) ->
    {_, #{Pid := {Bytes, Heap}}} = lists:last(Lists),
    Ratio = Bytes / max(1, Heap),
    Still = length(Points) =:= length(Lists) andalso length(lists:ukeysort(2, Points)) =:= 1,
    Grows = grows(Points, Snapshots),
    if
        Bytes < ?HOARD_BYTES ->
            [];
        Grows, Ratio >= ?GROWING_RATIO ->
            What = "of binaries held by a small heap, more in every reading",
            [suspect(binary_hoarder, Pid, Points, What)];
        Still, Ratio >= ?IDLE_RATIO ->
            What = "of binaries held by a small heap, which does not change",
            [suspect(binary_hoarder, Pid, Points, What)];
        true ->
            []
    end.

%% --- short lives -------------------------------------------------------------

churning(Series, #{parents := Parents, looks := Looks, created_per_s := Rate}) ->
    All = lists:sum([Seen || {Seen, _} <- maps:values(Parents)]),
    Seconds = seconds(Series),
    [
        churner(Pid, Seen, All, Looks, Rate, Seconds)
     || {Pid, {Seen, In}} <- maps:to_list(Parents),
        Seen >= ?CHURN_SEEN,
        In >= ?CHURN_LOOKS,
        Seen >= ?CHURN_SHARE * All,
        Rate =:= undefined orelse Rate * Seen / All >= ?CHURN_PER_S
    ].

churner(Pid, Seen, All, Looks, Rate, Seconds) ->
    {Slope, Least} =
        case Rate of
            undefined -> {Seen / Seconds, "at least "};
            _ -> {Rate * Seen / All, "about "}
        end,
    Why = io_lib:format(
        "began ~b of the ~b short lives seen in ~b looks; ~ts~ts begun per second",
        [Seen, All, Looks, Least, cprof_words:rate(Slope)]
    ),
    #{
        kind => churning,
        pid => Pid,
        first => 0,
        last => Seen,
        slope_per_s => Slope,
        why => iolist_to_binary(Why)
    }.

seconds(Series) ->
    max(1, maps:get(at_ms, lists:last(Series)) - maps:get(at_ms, hd(Series))) / 1000.

%% --- all kinds ---------------------------------------------------------------

suspect(Kind, Pid, [{_, First} | _] = Points, What) ->
    {_, Last} = lists:last(Points),
    Shown =
        case Kind of
            growing_mailbox -> cprof_words:count(Last);
            binary_hoarder -> cprof_words:bytes(Last)
        end,
    #{
        kind => Kind,
        pid => Pid,
        first => First,
        last => Last,
        slope_per_s => slope(Points),
        why => iolist_to_binary([Shown, " ", What])
    }.

%% Least squares, per second.
slope(Points) ->
    Count = length(Points),
    MeanT = lists:sum([At || {At, _} <- Points]) / Count,
    MeanV = lists:sum([Value || {_, Value} <- Points]) / Count,
    Over = lists:sum([(At - MeanT) * (Value - MeanV) || {At, Value} <- Points]),
    Under = lists:sum([(At - MeanT) * (At - MeanT) || {At, _} <- Points]),
    case Under > 0 of
        true -> 1000 * Over / Under;
        false -> 0.0
    end.
