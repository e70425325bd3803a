%% Takes the node's figures at one moment and puts them together. cprof_walk walks
%% the processes. The state that rates need from the previous snapshot is kept in the
%% caller's process dictionary. A separate process does the work, so that the caller
%% gets neither its garbage nor its messages. If few process slots are free, the
%% caller does the work itself and asks only processes at rest.
-module(cprof_snapshot).

-export([take/1, take_with_rates/1, top_option/0]).

-export_type([snapshot/0, given/0]).

%% docs/snapshot.md says what each figure means. A figure that is not known is
%% `undefined': rates need an earlier snapshot, and some figures need the NIF.
-type snapshot() :: #{
    %% system time, us
    at := integer(),
    took_us := non_neg_integer(),
    %% since the caller's snapshot before
    elapsed_us := non_neg_integer() | undefined,
    %% rows that each top list can have
    top := pos_integer(),
    source := nif | bif,
    %% why not by the NIF
    reason := binary() | undefined,
    quality := quality(),
    schedulers := [cprof_schedulers:row()],
    imbalance := float() | undefined,
    run_queue := non_neg_integer(),
    processes := #{
        count := non_neg_integer(),
        limit := pos_integer(),
        created_per_s := float() | undefined,
        running := non_neg_integer(),
        runnable := non_neg_integer(),
        waiting := non_neg_integer(),
        gc := non_neg_integer(),
        suspended := non_neg_integer(),
        exiting := non_neg_integer(),
        %% by reductions_per_s
        top := [cprof_details:process_row()]
    },
    mailboxes := #{
        total := non_neg_integer(),
        max := non_neg_integer(),
        %% how many mailboxes are that long up to twice that, from 1 on
        histogram := [{pos_integer(), pos_integer()}],
        %% false: the lengths are lower bounds
        exact := boolean(),
        top := [cprof_details:mailbox()]
    },
    binaries := #{
        %% bytes of all off-heap binaries of the node
        total := non_neg_integer() | undefined,
        %% sum over processes; shared ones are counted in each
        held := non_neg_integer(),
        unaccounted := non_neg_integer() | undefined,
        %% held / total
        sharing := float() | undefined,
        %% the listed processes' together, each binary once
        distinct := non_neg_integer() | undefined,
        %% processes looked at
        examined := non_neg_integer(),
        top := [cprof_details:binary_row()],
        %% by ratio
        leaks := [cprof_details:binary_row()]
    },
    memory := #{top := [cprof_details:process_row()], atom() => non_neg_integer()},
    allocators := [cprof_allocators:row()],
    waiting := #{
        examined := non_neg_integer(),
        others := non_neg_integer(),
        groups := [cprof_waiting:group()],
        %% who is waited for
        callees := cprof_callees:callees()
    }
}.
-type quality() :: #{
    embryos := non_neg_integer(),
    implausible := non_neg_integer(),
    lower_bounds := non_neg_integer(),
    groups_missed := non_neg_integer(),
    details_missing := non_neg_integer(),
    gone := non_neg_integer(),
    unanswered := non_neg_integer(),
    missing := [utilization | cpu | memory | allocators],
    %% so few free process slots that not all could be asked at once, or at all
    process_table_nearly_full := boolean(),
    longest_hold_us := non_neg_integer() | undefined
}.
-type options() :: #{
    %% rows of each list
    top => pos_integer(),
    %% bif: the NIF is not used
    source => auto | bif,
    %% wait so long for what is not answered, even when it looks stuck
    wait_ms => non_neg_integer()
}.
-type given() :: options() | [{atom(), term()}].

-define(KEY, '$cprof_snapshot').
-define(FIRST_LOOK_MS, 1000).
-define(TOP, {top, 10, {whole, "rows", 1, 1000}}).
-define(OPTIONS, [
    ?TOP,
    {source, auto, {one_of, [auto, bif]}},
    {wait_ms, 0, {whole, "milliseconds", 0, 86400000}}
]).
%% What needs an answer from every scheduler, or from the kernel.
-define(SLOW, [wall, threads, memory, allocators]).

%% A wrong option raises {badarg, Sentence}.
-spec take(given()) -> snapshot().
take(Options) ->
    Checked = cprof_proplist:checked(Options, ?OPTIONS),
    Before = before(get(?KEY)),
    Owner = self(),
    Take = fun() -> snapshot(Checked, Before, Owner) end,
    {Snapshot, Now} = cprof_aside:run(kind(Checked), Take, Take),
    _ = put(?KEY, Now),
    Snapshot.

%% Rates are since the caller's snapshot before; its first takes another before it.
-spec take_with_rates(given()) -> snapshot().
take_with_rates(Options) ->
    case get(?KEY) of
        undefined ->
            _ = take(Options),
            timer:sleep(?FIRST_LOOK_MS);
        _ ->
            ok
    end,
    take(Options).

%% For those that take snapshots for others, and have this option, too.
-spec top_option() -> cprof_proplist:rule().
top_option() -> ?TOP.

%% Callers without wait_ms do not queue behind those with it.
kind(#{wait_ms := 0}) -> cprof_snapshot;
kind(#{}) -> cprof_patient_snapshot.

before(undefined) -> #{};
before(Before) -> Before.

%% --- taking it ---------------------------------------------------------------

%% The walk first: our own helpers and their answers are no part of it. Then
%% everything that may be stuck at once, so that it is waited for once; only who is
%% waited for is known after that.
snapshot(#{top := Top, source := Source, wait_ms := WaitMs}, Before, Owner) ->
    Began = erlang:monotonic_time(microsecond),
    At = erlang:system_time(microsecond),
    NearlyFull = cprof_aside:is_nearly_full(),
    {#{walk := Walk} = Walked, Memory} =
        cprof_walk:read(Source, Top, #{wait_ms => WaitMs}, maps:get(walk, Before, undefined)),
    Questions = slow(Before, Owner) ++ maps:to_list(cprof_details:questions(Walk, Top)),
    {Answers, Missing} = cprof_ask:collect(cprof_ask:start(Questions), WaitMs),
    {Callees, Silent} = callees(Walk, Answers, Top, left_ms(WaitMs, Began)),
    Now = readings(Answers),
    Quality = quality(Walk, Answers, Silent ++ Missing, NearlyFull),
    Figures = figures(Walk, Answers, Callees, Quality, Top),
    Snapshot = (maps:merge(Figures, maps:with([source, reason], Walked)))#{
        at => At,
        top => Top,
        elapsed_us => maps:get(elapsed_us, Walk),
        schedulers => cprof_schedulers:rows(Now, comparable(Before, Now)),
        run_queue => lists:sum(cprof_schedulers:run_queues())
    },
    Whole = Snapshot#{imbalance => cprof_schedulers:imbalance(maps:get(schedulers, Snapshot))},
    Took = erlang:monotonic_time(microsecond) - Began,
    Kept = maps:merge(maps:with([threads], Before), Now),
    {Whole#{took_us => Took}, Kept#{walk => Memory}}.

%% The processes that are waited for are asked, too; on most nodes there are none.
callees(Walk, Answers, Top, WaitMs) ->
    Estimate = cprof_callees:estimate(Walk, Answers),
    Pids = lists:sublist(cprof_callees:pids(Estimate), Top),
    {Own, Missing} = cprof_ask:collect(cprof_ask:start(cprof_details:stacks(Pids)), WaitMs),
    {cprof_callees:rows(Estimate, Own, Top), Missing}.

left_ms(WaitMs, Began) ->
    max(0, WaitMs - (erlang:monotonic_time(microsecond) - Began) div 1000).

%% These take many turns: each scheduler has a file, which is read in three, and the sizes
%% of each allocator need an answer from every scheduler.
slow(Before, Owner) ->
    Folders = folders(Before),
    [
        {wall, {prompt, fun(_) -> cprof_scheduler_times:wall(Owner) end}},
        {threads, {prompt, fun(Advance) -> cprof_scheduler_times:threads(Folders, Advance) end}},
        {memory, {prompt, fun(_) -> cprof_allocators:memory() end}},
        {allocators, {prompt, fun cprof_allocators:read/1}}
    ].

readings(#{wall := {Keeper, Wall}} = Answers) ->
    (maps:with([threads], Answers))#{wall => Wall, keeper => Keeper};
readings(Answers) ->
    maps:with([threads], Answers).

comparable(#{keeper := Keeper} = Before, #{keeper := Keeper}) -> maps:with([wall, threads], Before);
comparable(Before, _) -> maps:with([threads], Before).

folders(#{threads := #{folders := Folders}}) -> Folders;
folders(#{}) -> [].

%% --- putting it together -----------------------------------------------------

figures(Walk, Answers, Callees, Quality, Top) ->
    #{states := States, mailboxes := Mailboxes} = Walk,
    #{
        quality => Quality,
        processes => States#{
            count => erlang:system_info(process_count),
            limit => erlang:system_info(process_limit),
            created_per_s => per_s(maps:get(created, Walk), Walk),
            top => cprof_details:busiest(Walk, Answers)
        },
        mailboxes => Mailboxes#{
            histogram => [Row || {_, Count} = Row <- maps:get(histogram, Mailboxes), Count > 0],
            top => cprof_details:mailboxes(Walk, Answers)
        },
        binaries => binaries(Walk, Answers),
        memory => (maps:get(memory, Answers, #{}))#{top => cprof_details:largest(Walk, Answers)},
        allocators => maps:get(allocators, Answers, []),
        waiting => (cprof_waiting:groups(Walk, Answers, Top))#{callees => Callees}
    }.

per_s(Count, #{elapsed_us := Us}) when is_integer(Count), is_integer(Us), Us > 0 ->
    Count * 1.0e6 / Us;
per_s(_, _) ->
    undefined.

quality(Walk, Answers, Missing, NearlyFull) ->
    Details = [Key || Key <- Missing, not lists:member(Key, ?SLOW)],
    #{
        embryos => maps:get(embryos, Walk),
        implausible => maps:get(implausible, Walk),
        lower_bounds => maps:get(lower_bounds, Walk),
        groups_missed => maps:get(groups_missed, Walk),
        details_missing => length(Details),
        gone => length([gone || {{process, _}, gone} <- maps:to_list(Answers)]),
        unanswered => maps:get(unanswered, Walk),
        missing => [missing(Key) || Key <- ?SLOW, not is_map_key(Key, Answers)],
        process_table_nearly_full => NearlyFull,
        longest_hold_us => maps:get(longest_hold_us, Walk)
    }.

missing(wall) -> utilization;
missing(threads) -> cpu;
missing(Key) -> Key.

%% Of some of the processes only, nothing can be said of the rest.
binaries(#{binaries := #{held := Held}, count := Count, examined := Examined} = Walk, Answers) ->
    Total = maps:get(binary, maps:get(memory, Answers, #{}), undefined),
    Complete = is_integer(Total) andalso Examined >= Count,
    {Top, Leaks, Distinct} = cprof_details:binaries(Walk, Answers),
    #{
        total => Total,
        held => Held,
        unaccounted => if_known(Complete, fun() -> max(0, Total - Held) end),
        sharing => if_known(Complete andalso Total > 0, fun() -> Held / Total end),
        distinct => Distinct,
        examined => Examined,
        top => Top,
        leaks => Leaks
    }.

if_known(true, Fun) -> Fun();
if_known(false, _) -> undefined.
