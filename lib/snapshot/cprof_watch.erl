%% Finds leaks by reading the figures of all processes again and again: a baseline,
%% then a number of snapshots, and readings between them. No reading is kept, no
%% garbage collection is forced, and nothing is traced. Processes whose figures grow
%% in every interval and never shrink are named, with the slope. cprof_suspects
%% decides which processes are named, and why.
-module(cprof_watch).

-export([watch/1]).

-export_type([result/0, finding/0, options/0]).

-type options() :: #{
    %% looks after the baseline; at most 1,000,000
    snapshots => pos_integer(),
    %% between them; at most a day, and 31 days together with all others
    interval_ms => pos_integer(),
    %% named at most, of each kind; at most 1,000
    top => pos_integer(),
    source => auto | bif
}.
-type finding() :: #{
    kind := growing_mailbox | binary_hoarder | churning,
    pid := pid(),
    name := atom(),
    initial_call := mfa() | undefined,
    current_function := mfa() | undefined,
    %% messages; bytes of binaries; processes begun that ended soon
    first := non_neg_integer(),
    last := non_neg_integer(),
    %% of these per second, by least squares
    slope_per_s := float(),
    %% one sentence
    why := binary()
}.
-type result() :: #{
    %% each kind's worst first
    findings := [finding()],
    seconds := float(),
    snapshots := pos_integer(),
    readings := pos_integer(),
    %% for processes that live short
    looks := non_neg_integer(),
    %% processes that the last reading looked at, for mailboxes and for binaries
    examined := #{mailboxes := non_neg_integer(), binaries := non_neg_integer()},
    source := nif | bif,
    reason := binary() | undefined
}.

-define(DEFAULTS, #{snapshots => 3, interval_ms => 1000, top => 10, source => auto}).
%% Readings in an interval: a mailbox that only looks longer each second is
%% seen to have been shorter in between.
-define(READINGS, 4).
%% A longer watch is assumed to be a mistake.
-define(LIMITS, #{snapshots => 1000000, interval_ms => 86400000, top => 1000}).
-define(LONGEST_MS, 31 * 86400000).
%% How many of the longest mailboxes, and of the largest holders of binaries, are
%% followed.
-define(FOLLOWED, 1000).
-define(EXAMINE, 200000).
-define(DETAILS_MS, 200).

-spec watch(options()) -> result().
watch(Options) ->
    Checked = in_time(maps:fold(fun check/3, ?DEFAULTS, Options)),
    Series = fun() -> series(Checked) end,
    cprof_aside:run(cprof_watch, Series, Series).

check(source, Source, Checked) when Source =:= auto; Source =:= bif -> Checked#{source := Source};
check(Key, Value, Checked) when
    is_map_key(Key, ?LIMITS), is_integer(Value), Value > 0, Value =< map_get(Key, ?LIMITS)
->
    Checked#{Key := Value};
check(Key, Value, _) ->
    erlang:error({badarg, {Key, Value}}).

in_time(#{snapshots := Snapshots, interval_ms := Interval}) when
    Snapshots * Interval > ?LONGEST_MS
->
    erlang:error({badarg, {'snapshots * interval_ms', Snapshots * Interval}});
in_time(Options) ->
    Options.

%% One reading at the start, then one in each part of every interval.
series(#{snapshots := Snapshots} = Options) ->
    Began = erlang:monotonic_time(millisecond),
    {First, Memory} = read(true, Options, undefined),
    Sum = add(First, #{suspects => cprof_suspects:new(), readings => 0}),
    {Whole, Newborn} = go_on(
        1, Snapshots * ?READINGS, Began, Options, Memory, Sum, cprof_newborn:new()
    ),
    result(Whole, cprof_newborn:seen(Newborn), Began, Options).

%% What is kept of the readings: of each process that is followed what it came
%% to, and the last one with binaries.
add(Reading, #{suspects := Suspects, readings := Readings} = Sum) ->
    Added = Sum#{
        suspects := cprof_suspects:add(Reading, Suspects),
        readings := Readings + 1,
        took_ms => maps:get(took_ms, Reading)
    },
    case Reading of
        #{binaries := true} -> Added#{full => examined(Reading)};
        #{binaries := false} -> Added
    end.

examined(#{walk := #{count := Count, examined := Examined}} = Reading) ->
    (maps:with([source, reason], Reading))#{examined => #{mailboxes => Count, binaries => Examined}}.

result(#{suspects := Suspects, readings := Readings, full := Full}, Seen, Began, Options) ->
    #{snapshots := Snapshots, top := Top} = Options,
    Full#{
        findings => named(cprof_suspects:findings(Seen, Snapshots, Top, Suspects)),
        seconds => (erlang:monotonic_time(millisecond) - Began) / 1000,
        snapshots => Snapshots,
        readings => Readings,
        looks => maps:get(looks, Seen)
    }.

%% One reading in each part of an interval, the last of them with binaries; in
%% between, newborn processes are looked for. Where readings take long, those
%% whose time has passed are left out, except the ones with binaries.
go_on(Part, Parts, _, _, _, Sum, Newborn) when Part > Parts ->
    {Sum, Newborn};
go_on(Part, Parts, Began, #{interval_ms := Interval} = Options, Memory, Sum, Newborn) ->
    #{took_ms := Took} = Sum,
    Full = Part rem ?READINGS =:= 0,
    Left = Began + Part * Interval div ?READINGS - erlang:monotonic_time(millisecond),
    case Full orelse Left >= Took of
        true ->
            Looked = cprof_newborn:look_for(max(Took, Left), Newborn),
            {Reading, Next} = read(Full, Options, Memory),
            go_on(Part + 1, Parts, Began, Options, Next, add(Reading, Sum), Looked);
        false ->
            go_on(Part + 1, Parts, Began, Options, Memory, Sum, Newborn)
    end.

%% Through BIFs, binaries cost far more than the rest.
read(Full, #{source := Source}, Memory) ->
    Began = erlang:monotonic_time(millisecond),
    Examine =
        case Full of
            true -> ?EXAMINE;
            false -> 1
        end,
    Config = #{examine => Examine, remember => 1, sample => 1, phase => 0},
    {#{source := By} = Walked, Next} = cprof_walk:read(Source, ?FOLLOWED, Config, Memory),
    Reading = Walked#{
        at_ms => Began,
        took_ms => erlang:monotonic_time(millisecond) - Began,
        mark => Full,
        binaries => Full orelse By =:= nif
    },
    {Reading, Next}.

%% --- those that are named ----------------------------------------------------

%% Without those that ended since, and without holders of binaries that others
%% hold, too: those would stay without them.
named(Suspects) ->
    Pids = [Pid || #{pid := Pid} <- Suspects],
    Hoarders = [Pid || #{kind := binary_hoarder, pid := Pid} <- Suspects],
    Questions = cprof_details:of_processes(Pids, Hoarders),
    {Answers, _} = cprof_ask:collect(cprof_ask:start(Questions), ?DETAILS_MS),
    [
        maps:merge(Suspect, Row)
     || #{pid := Pid, kind := Kind} = Suspect <- Suspects,
        Row <- cprof_details:row(Pid, Answers),
        Kind =/= binary_hoarder orelse own(maps:get({own, Pid}, Answers, unknown))
    ].

own({Own, All}) -> 2 * Own >= All;
own(unknown) -> true.
