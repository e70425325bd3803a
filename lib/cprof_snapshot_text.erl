%% A snapshot as tables for a shell; diffs and what watch found in
%% cprof_snapshot_diff_text. Pure.
-module(cprof_snapshot_text).

-export([format/1]).

%% Idle schedulers of a kind that has more than so many are left out.
-define(FEW, 4).
-define(GROUPS, 10).
-define(ALLOCATORS, 4).

-spec format(map()) -> unicode:chardata().
format(#{schedulers := _, waiting := _} = Snapshot) ->
    [
        head(Snapshot),
        schedulers(Snapshot),
        processes(Snapshot),
        mailboxes(Snapshot),
        binaries(Snapshot),
        memory(Snapshot),
        waiting(Snapshot)
    ];
format(Other) ->
    cprof_findings_text:format(Other).

head(#{source := Source, took_us := Took, elapsed_us := Elapsed} = Snapshot) ->
    Since =
        case Elapsed of
            undefined -> "; rates from the next snapshot on";
            _ -> io_lib:format("; rates are of the last ~.1f s", [Elapsed / 1.0e6])
        end,
    Way =
        case Snapshot of
            #{reason := Reason} when is_binary(Reason) -> [", by BIFs: ", Reason];
            #{} -> [", by the ", atom_to_list(Source)]
        end,
    [io_lib:format("snapshot in ~.1f ms", [Took / 1000]), Way, Since, "\n", quality(Snapshot)].

%% Only what is not as it should be.
quality(#{quality := Quality}) ->
    Counters = [
        {details_missing, "answers did not come in time"},
        {unanswered, "processes gave no figures"},
        {groups_missed, "waiting processes are in no group"}
    ],
    Gaps = [
        [cprof_words:count(Count), " ", Words]
     || {Key, Words} <- Counters, Count <- [maps:get(Key, Quality)], Count > 0
    ],
    Missing = [["no ", atom_to_list(Key)] || Key <- maps:get(missing, Quality)],
    case Gaps ++ Missing of
        [] -> [];
        Found -> ["  incomplete: ", lists:join(", ", Found), "\n"]
    end.

schedulers(#{schedulers := Rows, imbalance := Imbalance, run_queue := Queue}) ->
    {Shown, Idle} = lists:partition(fun(Row) -> shown(Row, Rows) end, Rows),
    [
        io_lib:format("\nSchedulers: run queues ~ts", [cprof_words:count(Queue)]),
        [[", imbalance ", cprof_words:percent(Imbalance), " %"] || Imbalance =/= undefined],
        [io_lib:format("; ~b idle dirty ones not shown", [length(Idle)]) || Idle =/= []],
        "\n",
        cprof_table:format(
            [
                {"id", right, fun(#{id := Id}) -> integer_to_list(Id) end},
                {"kind", left, fun(#{type := Type}) -> kind(Type) end},
                share("work %", utilization),
                share("cpu %", cpu),
                share("busy-wait %", busy_wait),
                share("waits for cpu %", waiting_for_cpu),
                {"queue", right, fun(#{run_queue := Length}) -> cprof_words:count(Length) end}
            ],
            Shown
        )
    ].

share(Head, Key) -> {Head, right, fun(Row) -> cprof_words:percent(maps:get(Key, Row)) end}.

kind(normal) -> "normal";
kind(dirty_cpu) -> "dirty CPU";
kind(dirty_io) -> "dirty IO".

shown(#{type := normal}, _) ->
    true;
shown(#{type := Type, utilization := Work, cpu := Cpu}, Rows) ->
    length([Row || #{type := Of} = Row <- Rows, Of =:= Type]) =< ?FEW orelse
        lists:any(fun(Share) -> is_float(Share) andalso Share >= 0.01 end, [Work, Cpu]).

processes(#{processes := #{count := Count, limit := Limit, top := Top} = Processes}) ->
    States = [running, runnable, waiting, gc, suspended, exiting],
    [
        io_lib:format("\nProcesses: ~ts of ~ts", [cprof_words:count(Count), cprof_words:count(Limit)]),
        [[", ", cprof_words:count(N), " ", atom_to_list(State)] || State <- States, N <- [maps:get(State, Processes)], N > 0],
        [[", ", cprof_words:rate(Rate), " created per s"] || #{created_per_s := Rate} <- [Processes], Rate =/= undefined],
        "\n",
        table([{"reductions/s", right, fun(#{reductions_per_s := Rate}) -> cprof_words:rate(Rate) end}], Top)
    ].

mailboxes(#{mailboxes := #{total := Total, max := Max, exact := Exact, top := Top} = Mailboxes}) ->
    #{histogram := Histogram} = Mailboxes,
    [
        io_lib:format("\nMailboxes: ~ts messages, longest ~ts", [cprof_words:count(Total), cprof_words:count(Max)]),
        [" (at least)" || not Exact],
        "\n",
        [["  mailboxes by length: ", lists:join(", ", [bucket(Row) || Row <- Histogram]), "\n"] || Histogram =/= []],
        table(
            [
                {"length", right, fun(#{length := Length}) -> cprof_words:count(Length) end},
                {"growth/s", right, fun(#{growth_per_s := Rate}) -> cprof_words:rate(Rate) end}
            ],
            Top
        )
    ].

bucket({1, Count}) -> ["1: ", cprof_words:count(Count)];
bucket({From, Count}) -> io_lib:format("~b-~b: ~ts", [From, 2 * From - 1, cprof_words:count(Count)]).

binaries(#{binaries := Binaries, processes := #{count := Count}}) ->
    #{total := Total, held := Held, examined := Examined, top := Top, leaks := Leaks} = Binaries,
    Suspects = [Row || #{ratio := Ratio} = Row <- Leaks, Ratio >= 8],
    [
        io_lib:format("\nBinaries: ~ts, held by processes ~ts", [cprof_words:bytes(Total), cprof_words:bytes(Held)]),
        [[", in mailboxes, ETS and elsewhere ", cprof_words:bytes(Rest)] || #{unaccounted := Rest} <- [Binaries], Rest =/= undefined],
        [io_lib:format(", sharing factor ~.1f", [Factor]) || #{sharing := Factor} <- [Binaries], Factor =/= undefined],
        [io_lib:format(" (~ts processes looked at)", [cprof_words:count(Examined)]) || Examined < 0.9 * Count],
        "\n",
        table(binary_columns(), Top),
        [["  suspects, much held by a small heap:\n", table(binary_columns(), Suspects)] || Suspects =/= []]
    ].

binary_columns() ->
    [
        bytes("held", bytes),
        bytes("each once", distinct_bytes),
        bytes("own heap", heap_bytes),
        {"still for", right, fun(#{still_ms := Ms}) -> seconds(Ms) end}
    ].

seconds(undefined) -> "-";
seconds(Ms) -> io_lib:format("~.1f s", [Ms / 1000]).

memory(#{memory := #{top := Top} = Memory, allocators := Allocators}) ->
    Kinds = [total, processes, binary, ets, code, atom, system],
    [
        "\nMemory: ",
        lists:join(", ", [[atom_to_list(Kind), " ", cprof_words:bytes(Bytes)] || Kind <- Kinds, #{Kind := Bytes} <- [Memory]]),
        "\n",
        [["  in use of what the allocators have: ", lists:join(", ", [allocator(Row) || Row <- lists:sublist(Allocators, ?ALLOCATORS)]), "\n"] || Allocators =/= []],
        table([bytes("heap", bytes)], Top)
    ].

allocator(#{name := Name, utilization := Used, carriers := Carriers}) ->
    io_lib:format("~ts ~ts % of ~ts", [Name, cprof_words:percent(Used), cprof_words:bytes(Carriers)]).

waiting(#{waiting := #{examined := Examined, others := Others, groups := Groups}}) ->
    [
        io_lib:format("\nWaiting: ~ts processes looked at, by where they wait", [cprof_words:count(Examined)]),
        [[", ", cprof_words:count(Others), " elsewhere"] || Others > 0],
        "\n",
        cprof_table:format(
            [
                {"count", right, fun(#{count := Count}) -> cprof_words:count(Count) end},
                {"waits in", left, fun place/1},
                {"began in", left, fun(#{initial_call := Call}) -> cprof_words:function(Call) end}
            ],
            lists:sublist(Groups, ?GROUPS)
        )
    ].

place(#{function := undefined}) -> "(could not be asked)";
place(#{stack := [Innermost | _]}) -> Innermost;
place(#{function := Function}) -> cprof_words:function(Function).

bytes(Head, Key) -> {Head, right, fun(Row) -> cprof_words:bytes(maps:get(Key, Row)) end}.

%% Figures first, then who it is.
table(Columns, Rows) ->
    cprof_table:format(
        Columns ++
            [
                {"pid", left, fun(#{pid := Pid}) -> cprof_words:pid(Pid) end},
                {"name or first function", left, fun cprof_words:who/1},
                {"now in", left, fun(#{current_function := Call}) -> cprof_words:function(Call) end}
            ],
        Rows
    ).
