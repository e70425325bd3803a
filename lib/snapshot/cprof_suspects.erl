%% Decides which processes and ETS tables of a series of readings are named as
%% suspects, and why. Pure. They are named for how their figures changed in every reading, not
%% for how large they are. Readings are added one by one; the memory kept for them is
%% bounded, however many there are.
-module(cprof_suspects).

-export([new/0, add/2, findings/4]).

-export_type([suspects/0, suspect/0, reading/0]).

%% A reading of cprof_watch. `binaries' says whether binaries were examined. `mark'
%% says that the reading ends one of the intervals in which a figure has to grow;
%% so does the last reading. `tables' has the bytes of ETS tables, where they were read.
-type reading() :: #{
    at_ms := integer(),
    walk := cprof_walk:walk(),
    binaries := boolean(),
    mark := boolean(),
    tables => #{cprof_tables:table() => non_neg_integer()},
    _ => _
}.
-type suspect() :: #{
    kind := growing_mailbox | binary_hoarder | growing_heap | growing_table | churning,
    pid => pid(),
    %% of a growing_table, instead of a pid
    table => cprof_tables:table(),
    first := non_neg_integer(),
    last := non_neg_integer(),
    slope_per_s := float(),
    why := binary()
}.

-record(suspects, {
    %% times of the first and the last reading
    began = undefined,
    at = undefined,
    %% the mailboxes that were listed and have grown so far
    mailboxes = #{},
    %% those that have not
    shrank = #{},
    %% the trend of a mailbox that has been empty so far, and so is not listed
    empty = undefined,
    %% readings with binaries; the last one's holders; trends of theirs, or `out'
    readings = 0,
    held = #{},
    hoards = #{},
    %% what is left of heaps after a collection; tables
    heaps = cprof_growers:new(),
    tables = cprof_growers:new()
}).

-opaque suspects() :: #suspects{}.

%% How many processes are remembered that can no longer be named, or are not
%% listed at the moment. When there are more, all of them are forgotten; a process
%% that comes back is followed from then on.
-define(REMEMBERED, 5000).
%% A list shorter than this contains all mailboxes that are not empty.
-define(SHORT_LIST, 100).
%% A mailbox must have grown by at least this, however slowly.
-define(MESSAGES, 5).
%% A process with less binary memory than this (in bytes) is not named.
-define(HOARD_BYTES, 4000000).
%% A growing hoard is at least this many times the size of its owner's heap. One
%% that stands still, in a process that does nothing, must be larger still.
-define(GROWING_RATIO, 4).
-define(IDLE_RATIO, 64).
%% A heap with less than this (in bytes) after a collection is not named, nor is a
%% table with less; and by how much either must have grown, in bytes and as a ratio.
-define(HEAP_BYTES, 4000000).
-define(HEAP_GREW, {1000000, 1.1}).
-define(TABLE_BYTES, 65536).
-define(TABLE_GREW, {4096, 1.0}).
%% The least share of one parent in all short-lived processes that were seen, the
%% least number of its short-lived children, and the least number of looks that
%% saw any of them.
-define(CHURN_SHARE, 0.5).
-define(CHURN_SEEN, 10).
-define(CHURN_LOOKS, 3).
%% Started processes per second, where the rate is known.
-define(CHURN_PER_S, 200).

-spec new() -> suspects().
new() -> #suspects{}.

-spec add(reading(), suspects()) -> suspects().
add(#{at_ms := At, walk := Walk, mark := Mark} = Reading, #suspects{began = Began} = Suspects) ->
    #{mailboxes := #{top := Longest}} = Walk,
    Lengths = maps:from_list([{Pid, Length} || {Pid, Length, _} <- Longest]),
    Followed = add_mailboxes(Lengths, At, Mark, Suspects#suspects{
        began = first_known(Began, At), at = At
    }),
    add_tables(Reading, add_memory(Reading, Followed)).

%% Of what was read with the binaries.
add_memory(#{binaries := true, at_ms := At, walk := #{live := Live} = Walk, mark := Mark}, Suspects) ->
    #suspects{heaps = Heaps} = Suspects,
    add_hoards(held(Walk), At, Mark, Suspects#suspects{
        heaps = cprof_growers:add(maps:from_list(Live), At, Mark, Heaps)
    });
add_memory(#{binaries := false}, Suspects) ->
    Suspects.

add_tables(#{tables := Read, at_ms := At, mark := Mark}, #suspects{tables = Tables} = Suspects) ->
    Suspects#suspects{tables = cprof_growers:add(Read, At, Mark, Tables)};
add_tables(#{}, Suspects) ->
    Suspects.

first_known(undefined, At) -> At;
first_known(Began, _) -> Began.

%% The suspects of a watch over Snapshots intervals: of each kind the worst first,
%% and at most Top.
-spec findings(cprof_newborn:seen(), pos_integer(), pos_integer(), suspects()) -> [suspect()].
findings(Seen, Snapshots, Top, Suspects) ->
    Kinds = [
        growing_mailboxes(Suspects, Snapshots),
        binary_hoarders(Suspects, Snapshots),
        growing_heaps(Suspects, Snapshots),
        growing_tables(Suspects, Snapshots),
        churning(Suspects, Seen)
    ],
    lists:append([lists:sublist(worst_first(Kind), Top) || Kind <- Kinds]).

worst_first(Suspects) ->
    Rated = lists:keysort(1, [{badness(Suspect), Suspect} || Suspect <- Suspects]),
    [Suspect || {_, Suspect} <- lists:reverse(Rated)].

badness(#{kind := binary_hoarder, last := Bytes}) -> Bytes;
badness(#{slope_per_s := Slope}) -> Slope.

%% --- mailboxes ---------------------------------------------------------------

add_mailboxes(Lengths, At, Mark, Suspects) ->
    #suspects{mailboxes = Before, shrank = Shrank, empty = Empty} = Suspects,
    Trends = maps:map(
        fun(Pid, Length) -> next(At, Length, Mark, maps:get(Pid, Before, Empty)) end,
        maps:without(maps:keys(Shrank), Lengths)
    ),
    Growing = maps:filter(fun(_, Trend) -> cprof_trend:grows(Trend) end, Trends),
    Suspects#suspects{
        mailboxes = Growing,
        shrank = bounded(maps:merge(Shrank, maps:without(maps:keys(Growing), Before))),
        empty = still_empty(map_size(Lengths), At, Mark, Empty)
    }.

next(At, Value, _, undefined) -> cprof_trend:new(At, Value);
next(At, Value, Mark, Trend) -> cprof_trend:add(At, Value, Mark, Trend).

%% A mailbox that is not listed is shorter than those that are; it is empty unless
%% the list is long.
still_empty(Listed, At, Mark, Empty) when Listed < ?SHORT_LIST -> next(At, 0, Mark, Empty);
still_empty(_, _, _, Empty) -> Empty.

bounded(Known) when map_size(Known) > ?REMEMBERED -> #{};
bounded(Known) -> Known.

growing_mailboxes(#suspects{mailboxes = Mailboxes}, Snapshots) ->
    [
        suspect(growing_mailbox, Pid, Trend, "messages waiting, more in every reading")
     || {Pid, Trend} <- maps:to_list(Mailboxes),
        cprof_trend:count(Trend) > Snapshots,
        cprof_trend:last(Trend) - cprof_trend:first(Trend) >= ?MESSAGES
    ].

%% --- binaries ----------------------------------------------------------------

held(#{binaries := #{top := Top, leaks := Leaks}}) ->
    maps:from_list([{Pid, {Bytes, Heap}} || {Pid, Bytes, Heap, _} <- Top ++ Leaks]).

%% A holder that is on no list at the moment may come back; until then nothing is
%% known about it.
add_hoards(Held, At, Mark, #suspects{readings = Before, hoards = Hoards} = Suspects) ->
    Readings = Before + 1,
    Trends = maps:map(
        fun(Pid, {Bytes, _}) ->
            hoard(Readings, next_hoard(At, Bytes, Mark, maps:get(Pid, Hoards, undefined)))
        end,
        Held
    ),
    All = maps:merge(bounded(maps:without(maps:keys(Held), Hoards)), Trends),
    Suspects#suspects{readings = Readings, held = Held, hoards = All}.

next_hoard(_, _, _, out) -> out;
next_hoard(At, Bytes, Mark, Trend) -> next(At, Bytes, Mark, Trend).

hoard(_, out) ->
    out;
hoard(Readings, Trend) ->
    case cprof_trend:grows(Trend) orelse stands_still(Readings, Trend) of
        true -> Trend;
        false -> out
    end.

stands_still(Readings, Trend) ->
    cprof_trend:count(Trend) =:= Readings andalso cprof_trend:stands_still(Trend).

binary_hoarders(#suspects{held = Held, hoards = Hoards, readings = Readings}, Snapshots) ->
    [
        suspect(binary_hoarder, Pid, Trend, What)
     || {Pid, {Bytes, Heap}} <- maps:to_list(Held),
        Bytes >= ?HOARD_BYTES,
        Trend <- [maps:get(Pid, Hoards)],
        Trend =/= out,
        What <- hoards(Trend, Bytes / max(1, Heap), Readings, Snapshots)
    ].

hoards(Trend, Ratio, Readings, Snapshots) ->
    Grows = cprof_trend:grows(Trend) andalso cprof_trend:count(Trend) > Snapshots,
    Still = stands_still(Readings, Trend),
    if
        Grows, Ratio >= ?GROWING_RATIO ->
            ["of binaries held by a small heap, more in every reading"];
        Still, Ratio >= ?IDLE_RATIO ->
            ["of binaries held by a small heap, which does not change"];
        true ->
            []
    end.

%% --- heaps and tables ----------------------------------------------------------

growing_heaps(#suspects{heaps = Heaps}, Snapshots) ->
    [
        suspect(growing_heap, Pid, Trend, "of its heap in use after a collection, more in every interval")
     || {Pid, Trend} <- cprof_growers:growing(Snapshots, Heaps),
        cprof_trend:last(Trend) >= ?HEAP_BYTES,
        grew(Trend, ?HEAP_GREW)
    ].

growing_tables(#suspects{tables = Tables}, Snapshots) ->
    [
        (named_for(growing_table, Trend, "in the table, more in every interval"))#{table => Table}
     || {Table, Trend} <- cprof_growers:growing(Snapshots, Tables),
        cprof_trend:last(Trend) >= ?TABLE_BYTES,
        grew(Trend, ?TABLE_GREW)
    ].

grew(Trend, {Bytes, Ratio}) ->
    {First, Last} = {cprof_trend:first(Trend), cprof_trend:last(Trend)},
    Last - First >= Bytes andalso Last >= Ratio * First.

%% --- short-lived processes ----------------------------------------------------

churning(Suspects, #{parents := Parents, others := Others} = Newborn) ->
    #{looks := Looks, created_per_s := Rate} = Newborn,
    All = Others + lists:sum([Seen || {Seen, _} <- maps:values(Parents)]),
    Seconds = seconds(Suspects),
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
        "started ~b of the ~b short-lived processes seen in ~b looks; ~ts~ts started per second",
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

seconds(#suspects{began = Began, at = At}) -> max(1, At - Began) / 1000.

%% --- all kinds ---------------------------------------------------------------

suspect(Kind, Pid, Trend, What) -> (named_for(Kind, Trend, What))#{pid => Pid}.

named_for(Kind, Trend, What) ->
    Last = cprof_trend:last(Trend),
    Shown =
        case Kind of
            growing_mailbox -> cprof_words:count(Last);
            _ -> cprof_words:bytes(Last)
        end,
    #{
        kind => Kind,
        first => cprof_trend:first(Trend),
        last => Last,
        slope_per_s => cprof_trend:slope_per_s(Trend),
        why => iolist_to_binary([Shown, " ", What])
    }.
