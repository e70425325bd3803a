%% Finds leaks by reading the figures of all processes again and again: a baseline,
%% then a number of snapshots, and readings between them. No reading is kept, no
%% garbage collection is forced, and nothing is traced. Processes and ETS tables whose
%% figures grow in every interval are named, with the slope. cprof_suspects decides
%% which ones are named, and why.
-module(cprof_watch).

-export([watch/1]).

-export_type([result/0, finding/0, given/0]).

-type options() :: #{
    %% looks after the baseline; at most 1,000,000
    snapshots => pos_integer(),
    %% between them; at most a day, and 31 days together with all others
    interval_ms => pos_integer(),
    %% named at most, of each kind; at most 1,000
    top => pos_integer(),
    source => auto | bif
}.
-type given() :: options() | [{atom(), term()}].
-type finding() :: #{
    kind := growing_mailbox | binary_hoarder | growing_heap | growing_table | churning,
    %% of a table its owner
    pid := pid(),
    name := atom(),
    initial_call := mfa() | undefined,
    current_function := mfa() | undefined,
    %% of a growing_table
    table => cprof_tables:table(),
    table_name => atom(),
    objects => non_neg_integer(),
    %% messages; bytes of binaries, of a heap, of a table; processes begun that
    %% ended soon
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
    %% processes that the last reading looked at for mailboxes and for binaries, heaps
    %% that were followed, and ETS tables that were asked for their size and all of them
    examined := #{
        mailboxes := non_neg_integer(),
        binaries := non_neg_integer(),
        heaps := non_neg_integer(),
        tables := non_neg_integer() | undefined,
        all_tables := non_neg_integer() | undefined
    },
    source := nif | bif,
    reason := binary() | undefined
}.

%% Readings in an interval: a mailbox that only looks longer each second is
%% seen to have been shorter in between.
-define(READINGS, 4).
%% A longer watch is assumed to be a mistake.
-define(OPTIONS, [
    {snapshots, 3, {whole, "snapshots", 1, 1000000}},
    {interval_ms, 1000, {whole, "milliseconds", 1, 86400000}},
    {top, 10, {whole, "rows", 1, 1000}},
    {source, auto, {one_of, [auto, bif]}}
]).
-define(LONGEST_MS, 31 * 86400000).
%% How many of the longest mailboxes, of the largest holders of binaries, of the largest
%% heaps and of the largest tables are followed.
-define(FOLLOWED, 1000).
-define(EXAMINE, 200000).
-define(DETAILS_MS, 200).

%% A wrong option raises {badarg, Sentence}.
-spec watch(given()) -> result().
watch(Options) ->
    Checked = in_time(cprof_proplist:checked(Options, ?OPTIONS)),
    Series = fun() -> series(Checked) end,
    cprof_aside:run(cprof_watch, Series, Series).

in_time(#{snapshots := Snapshots, interval_ms := Interval}) when
    Snapshots * Interval > ?LONGEST_MS
->
    Text = cprof_words:text(
        "options snapshots and interval_ms must make at most 31 days together, not ~b times ~b milliseconds",
        [Snapshots, Interval]
    ),
    error({badarg, Text});
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

examined(#{walk := #{count := Count, examined := Examined, live := Live}} = Reading) ->
    (maps:with([source, reason], Reading))#{
        examined => #{
            mailboxes => Count,
            binaries => Examined,
            heaps => length(Live),
            tables => maps:get(examined_tables, Reading, undefined),
            all_tables => maps:get(all_tables, Reading, undefined)
        }
    }.

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
    {#{source := By, walk := #{live := Live} = Walk} = Walked, Next} =
        cprof_walk:read(Source, ?FOLLOWED, Config, Memory),
    Reading = (maps:merge(Walked, tables(Full)))#{
        walk := Walk#{live := lists:keydelete(self(), 1, Live)},
        at_ms => Began,
        took_ms => erlang:monotonic_time(millisecond) - Began,
        mark => Full,
        binaries => Full orelse By =:= nif
    },
    {Reading, Next}.

%% Once an interval.
tables(false) ->
    #{};
tables(true) ->
    case cprof_tables:read(0) of
        #{count := Count, examined := Examined, bytes := Bytes} ->
            Largest = maps:from_list(cprof_tables:largest(?FOLLOWED, Bytes)),
            #{tables => Largest, examined_tables => Examined, all_tables => Count};
        unknown ->
            #{}
    end.

%% --- those that are named ----------------------------------------------------

%% Without those that ended since, and without holders of binaries that others
%% hold, too: those would stay without them.
named(Found) ->
    Suspects = lists:append([with_owner(Suspect) || Suspect <- Found]),
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

%% [] for a table that was deleted.
with_owner(#{kind := growing_table, table := Table, last := Last} = Suspect) ->
    [
        Suspect#{
            pid => Owner,
            table_name => Name,
            objects => Objects,
            why := cprof_words:text("~ts in the ~ts objects of table ~ts, more in every interval", [
                cprof_words:bytes(Last), cprof_words:count(Objects), cprof_words:shown(atom_to_binary(Name))
            ])
        }
     || #{owner := Owner, name := Name, objects := Objects} <- cprof_tables:rows(
            [{Table, undefined}], ?DETAILS_MS
        )
    ];
with_owner(Suspect) ->
    [Suspect].

own({Own, All}) -> 2 * Own >= All;
own(unknown) -> true.
