%% Shows what changed between two snapshots, and what watch found, as tables. Pure.
-module(cprof_findings_text).

-export([format/1]).

-spec format(cprof_snapshot_diff:diff() | cprof_watch:result()) -> unicode:chardata().
format(#{findings := Findings} = Result) ->
    #{seconds := Seconds, readings := Readings, looks := Looks, examined := Examined} = Result,
    #{mailboxes := Mailboxes, binaries := Binaries, heaps := Heaps} = Examined,
    [
        io_lib:format(
            "watched for ~.1f s: ~ts mailboxes and the binaries of ~ts processes in ~b readings, "
            "and ~ts looks for short-lived processes\n  also the ~ts largest heaps~ts\n",
            [
                Seconds,
                cprof_words:count(Mailboxes),
                cprof_words:count(Binaries),
                Readings,
                cprof_words:count(Looks),
                cprof_words:count(Heaps),
                tables(Examined)
            ]
        ),
        findings(Findings)
    ];
format(#{seconds := Seconds, mailboxes := Mailboxes, binaries := Binaries} = Diff) ->
    #{memory := Memory, processes := Processes, schedulers := Schedulers} = Diff,
    Count = fun cprof_words:count/1,
    Bytes = fun cprof_words:bytes/1,
    [
        io_lib:format("in ~.1f s\n", [Seconds]),
        ["\nProcesses: ", change(count, Processes, Count), "\n"],
        schedulers(Schedulers),
        ["\nMailboxes: ", change(total, Mailboxes, Count), " messages\n"],
        grew(Mailboxes, Count),
        ["\nBinaries: ", change(total, Binaries, Bytes), "\n"],
        grew(Binaries, Bytes),
        ["\nMemory: ", change(total, Memory, Bytes), "\n"],
        grew(Memory, Bytes)
    ].

tables(#{tables := undefined}) ->
    ", but no ETS table: they did not answer in time";
tables(#{tables := Count, all_tables := Count}) ->
    [" and all ", cprof_words:count(Count), " ETS tables"];
tables(#{tables := Count, all_tables := All}) ->
    [" and ", cprof_words:count(Count), " of ", cprof_words:count(All), " ETS tables"].

findings([]) ->
    "no leak was found in this time\n";
findings(Findings) ->
    cprof_table:format(
        [
            {"what", left, fun(#{kind := Kind}) -> kind(Kind) end},
            {"per s", right, fun slope/1},
            {"pid", left, fun(#{pid := Pid}) -> cprof_words:pid(Pid) end},
            {"name or first function", left, fun cprof_words:who/1},
            {"why", left, fun(#{why := Why}) -> Why end}
        ],
        Findings
    ).

kind(growing_mailbox) -> "growing mailbox";
kind(binary_hoarder) -> "binary hoarder";
kind(growing_heap) -> "growing heap";
kind(growing_table) -> "growing ETS table";
kind(churning) -> "churning".

slope(#{kind := Kind, slope_per_s := Slope}) when Kind =:= growing_mailbox; Kind =:= churning ->
    cprof_words:rate(Slope);
slope(#{slope_per_s := Slope}) ->
    cprof_words:bytes(round(Slope)).

change(Key, Part, Words) ->
    case Part of
        #{Key := #{before := Before, now := Now, change := Change}} ->
            [Words(Before), " -> ", Words(Now), " (", signed(Change, Words), ")"];
        #{} ->
            "not known"
    end.

signed(Change, Words) when Change > 0 -> ["+", Words(Change)];
signed(Change, Words) -> Words(Change).

%% Those whose share of work changed by a tenth and more.
schedulers(Rows) ->
    Changed = [
        Row
     || #{utilization := #{change := Change}} = Row <- Rows, abs(Change) >= 0.1
    ],
    [
        ["\nSchedulers whose work changed:\n" || Changed =/= []],
        cprof_table:format(
            [
                {"id", right, fun(#{id := Id}) -> integer_to_list(Id) end},
                {"work % before", right, fun(Row) -> work(before, Row) end},
                {"now", right, fun(Row) -> work(now, Row) end}
            ],
            Changed
        )
    ].

work(When, #{utilization := Change}) -> cprof_words:percent(maps:get(When, Change)).

grew(#{grew := Rows}, Words) ->
    cprof_table:format(
        [
            {"grew by", right, fun
                (#{before := undefined, growth := Growth}) -> [">= ", Words(Growth)];
                (#{growth := Growth}) -> Words(Growth)
            end},
            {"to", right, fun(#{now := Now}) -> Words(Now) end},
            {"pid", left, fun(#{pid := Pid}) -> cprof_words:pid(Pid) end},
            {"name or first function", left, fun cprof_words:who/1},
            {"now in", left, fun(#{current_function := Call}) -> cprof_words:function(Call) end}
        ],
        Rows
    ).
