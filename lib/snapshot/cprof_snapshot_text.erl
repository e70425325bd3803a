%% Shows a snapshot as tables for a shell; cprof_findings_text shows diffs and what
%% watch found. Pure.
-module(cprof_snapshot_text).

-export([format/1]).

%% Where a kind has more schedulers than this, its idle ones are left out.
-define(FEW, 4).
-define(GROUPS, 10).
-define(ALLOCATORS, 4).
%% A process with a lower ratio of binaries to heap is not a suspect.
-define(SUSPECT_RATIO, 8).

-spec format(map()) -> unicode:chardata().
format(#{schedulers := _, waiting := _} = Snapshot) ->
    [
        head(Snapshot),
        schedulers(Snapshot),
        processes(Snapshot),
        mailboxes(Snapshot),
        binaries(Snapshot),
        memory(Snapshot),
        waiting(Snapshot),
        waited_for(Snapshot)
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

%% Shows only the counters that are not as they should be.
quality(#{quality := Quality}) ->
    Counters = [
        {details_missing, "answers did not arrive in time"},
        {unanswered, "processes did not answer"},
        {groups_missed, "waiting processes are in no group"}
    ],
    Gaps = [
        [cprof_words:count(Count), " ", Words]
     || {Key, Words} <- Counters, Count <- [maps:get(Key, Quality)], Count > 0
    ],
    Missing = [["no ", atom_to_list(Key)] || Key <- maps:get(missing, Quality)],
    [nearly_full(Quality), incomplete(Gaps ++ Missing)].

nearly_full(#{process_table_nearly_full := true}) ->
    "  the process table is nearly full: its last slots were left to the node\n";
nearly_full(#{}) ->
    [].

incomplete([]) -> [];
incomplete(Found) -> ["  incomplete: ", lists:join(", ", Found), "\n"].

schedulers(#{schedulers := Rows, imbalance := Imbalance, run_queue := Queue}) ->
    {Shown, Idle} = lists:partition(fun(Row) -> shown(Row, Rows) end, Rows),
    [
        io_lib:format("\nSchedulers: run queues ~ts", [cprof_words:count(Queue)]),
        [[", imbalance ", cprof_words:percent(Imbalance), " %"] || Imbalance =/= undefined],
        [io_lib:format("; ~b idle dirty schedulers not shown", [length(Idle)]) || Idle =/= []],
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
    States = [
        {State, Number}
     || State <- [running, runnable, waiting, gc, suspended, exiting],
        Number <- [maps:get(State, Processes)],
        Number > 0
    ],
    #{created_per_s := Created} = Processes,
    [
        ["\nProcesses: ", cprof_words:count(Count), " of ", cprof_words:count(Limit)],
        [[", ", cprof_words:count(Number), " ", atom_to_list(State)] || {State, Number} <- States],
        [[", ", cprof_words:rate(Created), " created per s"] || Created =/= undefined],
        "\n",
        table([{"reductions/s", right, fun reductions/1}], Top)
    ].

reductions(#{reductions_per_s := Rate}) -> cprof_words:rate(Rate).

mailboxes(#{mailboxes := #{total := Total, max := Max, exact := Exact} = Mailboxes}) ->
    #{histogram := Histogram, top := Top} = Mailboxes,
    Buckets = lists:join(", ", [bucket(Row) || Row <- Histogram]),
    [
        ["\nMailboxes: ", cprof_words:count(Total), " messages, longest ", cprof_words:count(Max)],
        [" (at least)" || not Exact],
        "\n",
        [["  mailboxes by length: ", Buckets, "\n"] || Histogram =/= []],
        table(
            [
                {"length", right, fun(#{length := Length}) -> cprof_words:count(Length) end},
                {"growth/s", right, fun(#{growth_per_s := Rate}) -> cprof_words:rate(Rate) end}
            ],
            Top
        )
    ].

bucket({1, Count}) -> ["1: ", cprof_words:count(Count)];
bucket({From, Count}) ->
    io_lib:format("~b-~b: ~ts", [From, 2 * From - 1, cprof_words:count(Count)]).

binaries(#{binaries := Binaries, processes := #{count := Count}}) ->
    #{total := Total, held := Held, examined := Examined, top := Top, leaks := Leaks} = Binaries,
    #{unaccounted := Rest, sharing := Factor} = Binaries,
    Suspects = [Row || #{ratio := Ratio} = Row <- Leaks, Ratio >= ?SUSPECT_RATIO],
    [
        ["\nBinaries: ", cprof_words:bytes(Total), ", held by processes ", cprof_words:bytes(Held)],
        [[", in mailboxes, ETS and elsewhere ", cprof_words:bytes(Rest)] || Rest =/= undefined],
        [io_lib:format(", sharing factor ~.1f", [Factor]) || Factor =/= undefined],
        [[" (", cprof_words:count(Examined), " processes examined)"] || Examined < 0.9 * Count],
        "\n",
        table(binary_columns(), Top),
        ["  suspects (small heaps that hold much binary memory):\n" || Suspects =/= []],
        table(binary_columns(), Suspects)
    ].

binary_columns() ->
    [
        bytes("held", bytes),
        bytes("each once", distinct_bytes),
        bytes("own heap", heap_bytes),
        {"unchanged for", right, fun(#{still_ms := Ms}) -> seconds(Ms) end}
    ].

seconds(undefined) -> "-";
seconds(Ms) -> io_lib:format("~.1f s", [Ms / 1000]).

memory(#{memory := #{top := Top} = Memory, allocators := Allocators}) ->
    Kinds = [
        [atom_to_list(Kind), " ", cprof_words:bytes(Bytes)]
     || Kind <- [total, processes, binary, ets, code, atom, system], #{Kind := Bytes} <- [Memory]
    ],
    Used = [allocator(Row) || Row <- lists:sublist(Allocators, ?ALLOCATORS)],
    [
        ["\nMemory: ", lists:join(", ", Kinds), "\n"],
        [["  in use of each allocator's memory: ", lists:join(", ", Used), "\n"] || Used =/= []],
        table([bytes("heap", bytes)], Top)
    ].

allocator(#{name := Name, utilization := Used, carriers := Carriers}) ->
    [atom_to_list(Name), " ", cprof_words:percent(Used), " % of ", cprof_words:bytes(Carriers)].

waiting(#{waiting := #{examined := Examined, others := Others, groups := Groups}}) ->
    [
        ["\nWaiting: ", cprof_words:count(Examined), " processes examined, by where they wait"],
        [[", ", cprof_words:count(Others), " elsewhere"] || Others > 0],
        "\n",
        cprof_table:format(
            [
                {"count", right, fun(#{count := Count}) -> cprof_words:count(Count) end},
                {"waits in", left, fun place/1},
                {"began in", left, fun began_in/1}
            ],
            lists:sublist(Groups, ?GROUPS)
        )
    ].

%% Nothing on a node where nobody waits for an answer.
waited_for(#{waiting := #{callees := #{in_calls := 0}}}) ->
    [];
waited_for(#{source := Source, waiting := #{examined := Examined, callees := Callees}}) ->
    #{in_calls := InCalls, unknown := Unknown, asked := Asked, top := Top, others := Others} =
        Callees,
    Among = [[" of ", cprof_words:count(Examined), " examined"] || Source =:= bif],
    [
        ["\nWaited for: about ", cprof_words:count(InCalls), " processes", Among],
        [" wait for an answer (estimated from ", cprof_words:count(Asked), " of them)"],
        [["; for about ", cprof_words:count(Unknown), " it is not known whose"] || Unknown > 0],
        "\n",
        table(
            [
                {"about", right, fun(#{about := About}) -> cprof_words:count(About) end},
                {"of those asked", right, fun(#{asked := Of, agree := Agree}) ->
                    io_lib:format("~b of ~b", [Agree, Of])
                end}
            ],
            Top
        ),
        [["  ... and ", cprof_words:count(Others), " more\n"] || Others > 0]
    ].

began_in(#{initial_call := Call}) -> cprof_words:function(Call).

place(#{function := undefined}) -> "(could not be asked)";
place(#{stack := [Innermost | _]}) -> Innermost;
place(#{function := Function}) -> cprof_words:function(Function).

bytes(Head, Key) -> {Head, right, fun(Row) -> cprof_words:bytes(maps:get(Key, Row)) end}.

%% Figures first, then the process that they belong to.
table(Columns, Rows) ->
    cprof_table:format(
        Columns ++
            [
                {"pid", left, fun(#{pid := Pid}) -> cprof_words:pid(Pid) end},
                {"name or first function", left, fun cprof_words:who/1},
                {"now in", left, fun now_in/1}
            ],
        Rows
    ).

now_in(#{waits_for := Pid, current_function := Call}) when is_pid(Pid) ->
    [cprof_words:function(Call), ", waits for ", cprof_words:pid(Pid)];
now_in(#{current_function := Call}) ->
    cprof_words:function(Call).
