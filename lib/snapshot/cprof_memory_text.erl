%% Shows where the memory of the node is, as text of at most 100 columns for a shell.
%% Pure.
-module(cprof_memory_text).

-export([format/1, what/1, missing_name/1]).

%% Names are cut so that a row has room in a line.
-define(NAME, 44).
%% Of a table and of its owner.
-define(HALF, 22).

-spec format(cprof_memory:memory()) -> unicode:chardata().
format(#{sentence := Sentence} = Memory) ->
    [
        [Sentence, "\n"],
        head(Memory),
        parts(Memory),
        heaps(Memory),
        groups(Memory),
        processes(Memory),
        binaries(Memory),
        tables(Memory),
        atoms(Memory),
        allocators(Memory)
    ].

head(#{source := Source, took_us := Took, elapsed_us := Elapsed} = Memory) ->
    Way =
        case Memory of
            #{reason := Reason} when is_binary(Reason) -> [", by BIFs: ", Reason];
            #{} -> [", by the ", atom_to_list(Source)]
        end,
    Since = [io_lib:format("; growth is that of ~.1f s", [Elapsed / 1.0e6]) || Elapsed =/= undefined],
    [io_lib:format("read in ~.1f ms", [Took / 1000]), Way, Since, "\n", quality(Memory)].

%% Only what is incomplete.
quality(#{quality := #{process_table_nearly_full := NearlyFull} = Quality}) ->
    Counters = [
        {details_missing, "answers did not arrive in time"},
        {unanswered, "processes did not answer"},
        {unread, "heaps were being moved"}
    ],
    Gaps = [
        [cprof_words:count(Count), " ", Words]
     || {Key, Words} <- Counters, Count <- [maps:get(Key, Quality)], Count > 0
    ],
    [
        ["  the process table is nearly full: its last slots were left to the node\n" || NearlyFull],
        [["  incomplete: ", lists:join(", ", Gaps), "\n"] || Gaps =/= []],
        [missing(Why, Quality) || Why <- [silent, uncounted, unsupported]]
    ].

missing(Why, #{missing := Missing, reasons := Reasons}) ->
    Keys = [Key || Key <- Missing, maps:get(Key, Reasons) =:= Why],
    [["  ", why(Why), ":\n    ", lists:join(", ", [missing_name(Key) || Key <- Keys]), "\n"] || Keys =/= []].

why(silent) -> "not known, because a scheduler did not answer in time (option wait_ms waits longer)";
why(uncounted) -> "not known, because this VM does not count sizes (+Mea min)";
why(unsupported) -> "not known, because this system does not say it".

%% What is not known, in words.
-spec missing_name(cprof_memory:missing()) -> string().
missing_name(memory) -> "sizes by kind";
missing_name(allocators) -> "allocators";
missing_name(cached) -> "room for new carriers";
missing_name(native_code) -> "code of the JIT";
missing_name(resident) -> "what is in RAM";
missing_name(tables) -> "ETS tables".

%% --- where it is -----------------------------------------------------------------

parts(#{parts := []} = Memory) ->
    resident(Memory);
parts(#{parts := Parts} = Memory) ->
    [
        "\nWhere the memory is:\n",
        cprof_table:format(
            [
                bytes("bytes", bytes),
                {"%", right, fun(#{share := Share}) -> cprof_words:percent(Share) end}
            ] ++ growth(Memory) ++ [{"what", left, fun(Part) -> what(Part) end}],
            Parts
        ),
        resident(Memory)
    ].

resident(#{resident := undefined}) ->
    [];
resident(#{resident := #{rss := Rss} = Resident, parts := Parts}) ->
    IsSum = [Part || #{part := rest} = Part <- Parts] =/= [],
    [
        ["  the sum of these is" || IsSum],
        ["  not all parts are known;" || not IsSum],
        [" in RAM: ", cprof_words:bytes(Rss)],
        [["; at most so far ", cprof_words:bytes(Peak)] || #{peak := Peak} <- [Resident]],
        [["; swapped out ", cprof_words:bytes(Out)] || #{swapped := Out} <- [Resident], Out > 0],
        "\n"
    ].

%% A part in words.
-spec what(cprof_memory_parts:part()) -> string().
what(#{part := rest, bytes := Bytes}) when Bytes < 0 ->
    "not in RAM: counted above, but untouched, given back or swapped out";
what(#{part := Name}) ->
    case Name of
        heaps_used -> "heaps: terms, with garbage that was not collected yet";
        heaps_unused -> "heaps: unused room";
        stacks -> "stacks";
        fragments -> "heap fragments: messages that were received, terms of NIFs";
        structs -> "process structs";
        processes_rest -> "messages that wait, links, monitors, timers, the process table";
        processes -> "processes";
        binaries -> "binaries off the heaps";
        ets -> "ETS tables";
        atoms -> "atoms";
        code -> "code";
        persistent_terms -> "persistent terms";
        other -> "other of the VM: ports, literals, tables, drivers";
        carriers -> "unused in the carriers of the allocators";
        cached -> "kept for new carriers: freed, but not given back to the system yet";
        program -> "pages of the program and its libraries";
        rest -> "not explained: C libraries, memory of NIFs, stacks of threads"
    end.

%% A column, if there were two readings.
growth(#{elapsed_us := undefined}) -> [];
growth(_) -> [{"grew", right, fun(#{grew := Grew}) -> signed(Grew) end}].

signed(Grew) when is_integer(Grew), Grew > 0 -> ["+", cprof_words:bytes(Grew)];
signed(Grew) -> cprof_words:bytes(Grew).

bytes(Head, Key) -> {Head, right, fun(Row) -> cprof_words:bytes(maps:get(Key, Row)) end}.

%% --- heaps and processes ---------------------------------------------------------

heaps(#{heaps := #{examined := 0}}) ->
    "\nHeaps: it is not known how much of them is used\n";
heaps(#{heaps := Heaps, processes := #{count := Count}}) ->
    #{examined := Examined, used := Used, unused := Unused, live := Live, stacks := Stacks} = Heaps,
    #{fill := Fill, unused_top := Emptiest} = Heaps,
    All = Used + Unused + Stacks,
    [
        ["\nHeaps: ", cprof_words:bytes(All), " of ", cprof_words:count(Examined), " processes"],
        [[" (there are ", cprof_words:count(Count), ")"] || Examined < 0.9 * Count],
        [", ", cprof_words:percent((All - Unused) / max(1, All)), " % used"],
        ["; the last collections left ", cprof_words:bytes(Live), "\n"],
        cprof_table:format(
            [
                {"used %", right, fun(#{from := From, to := To}) -> io_lib:format("~b-~b", [From, To]) end},
                {"heaps", right, fun(#{heaps := Number}) -> cprof_words:count(Number) end},
                bytes("bytes", bytes)
            ],
            Fill
        ),
        ["  the most unused room:\n" || Emptiest =/= []],
        process_table([bytes("unused", bytes), bytes("of", all)], Emptiest)
    ].

groups(#{processes := #{groups := Groups, other_groups := Others}}) ->
    IsEstimate = lists:any(fun(#{error_bytes := Error}) -> Error > 0 end, Groups),
    [
        ["\nHeaps by initial call", [", estimated from a sample" || IsEstimate], ":\n"],
        cprof_table:format(
            [bytes("bytes", bytes)] ++
                [bytes("+-", error_bytes) || IsEstimate] ++
                [
                    {"processes", right, fun(#{processes := Number}) -> cprof_words:count(Number) end},
                    {"began in", left, fun(#{initial_call := Call}) -> began_in(Call) end}
                ],
            Groups
        ),
        [["  ... and ", cprof_words:count(Others), " more\n"] || Others > 0]
    ].

began_in(undefined) -> "(not known)";
began_in(Call) -> cut(cprof_words:function(Call)).

processes(#{processes := #{count := Count, messages := Messages, top := Top} = Processes} = Memory) ->
    [
        ["\nProcesses: ", cprof_words:count(Count), ", ", cprof_words:count(Messages), " messages wait"],
        [
            [", ", cprof_words:count(OffHeap), " of them in mailboxes off the heap"]
         || #{off_heap_messages := OffHeap} <- [Processes], is_integer(OffHeap), OffHeap > 0
        ],
        "\n",
        process_table([bytes("heap", bytes)] ++ growth(Memory), Top)
    ].

process_table(Columns, Rows) ->
    cprof_table:format(
        Columns ++
            [
                {"pid", left, fun(#{pid := Pid}) -> cprof_words:pid(Pid) end},
                {"name or first function", left, fun(Row) -> cut(cprof_words:who(Row)) end}
            ],
        Rows
    ).

cut(Text) -> cut(Text, ?NAME).

cut(Text, Columns) ->
    case string:length(Text) > Columns of
        true -> [string:slice(Text, 0, Columns - 3), "..."];
        false -> Text
    end.

%% --- binaries, tables, and so on -------------------------------------------------

binaries(#{binaries := #{total := Total, held := Held, old := Old, top := Top, pinned := Pinned} = Binaries}) ->
    #{unaccounted := Rest, sharing := Factor} = Binaries,
    [
        ["\nBinaries: ", cprof_words:bytes(Total), ", held by processes ", cprof_words:bytes(Held)],
        [[", in ETS and elsewhere ", cprof_words:bytes(Rest)] || is_integer(Rest)],
        [io_lib:format(", sharing factor ~.1f", [Factor]) || is_float(Factor)],
        "\n",
        process_table([bytes("held", bytes), bytes("alone", own)], Top),
        [
            ["  only old terms refer to ", cprof_words:bytes(Old)],
            " of what is held: it stays until a full collection of the holder\n"
        ],
        process_table([bytes("by old terms", bytes), bytes("of", all)], Pinned)
    ].

tables(#{ets := #{count := undefined}}) ->
    "\nETS: the tables did not answer in time\n";
tables(#{ets := #{count := Count, examined := Examined, examined_bytes := Bytes, total := Total} = Ets} = Memory) ->
    #{top := Top, growing := Growing} = Ets,
    [
        ["\nETS: ", cprof_words:count(Count), " tables with ", cprof_words:bytes(Total)],
        [
            ["; ", cprof_words:count(Examined), " of them were asked and have ", cprof_words:bytes(Bytes)]
         || Examined < Count
        ],
        "\n",
        table_of_tables(Memory, Top),
        ["  those that grew most:\n" || Growing =/= []],
        table_of_tables(Memory, Growing)
    ].

table_of_tables(Memory, Rows) ->
    cprof_table:format(
        [
            bytes("bytes", bytes),
            {"objects", right, fun(#{objects := Objects}) -> cprof_words:count(Objects) end}
        ] ++ growth(Memory) ++
            [
                {"table", left, fun(#{name := Name}) -> cut(who(Name, undefined), ?HALF) end},
                {"", left, fun(#{type := Type, protection := Access}) ->
                    [atom_to_list(Type), " ", atom_to_list(Access)]
                end},
                {"owner", left, fun owner/1}
            ],
        Rows
    ).

owner(#{owner := Pid, owner_name := Name, owner_initial_call := Call}) ->
    case who(Name, Call) of
        <<>> -> cprof_words:pid(Pid);
        Who -> cut(Who, ?HALF)
    end.

who(Name, Call) -> cprof_words:who(#{name => Name, initial_call => Call}).

atoms(#{atoms := #{count := Count, limit := Limit, bytes := Bytes, used_bytes := Used}} = Memory) ->
    #{persistent_terms := #{count := Terms, bytes := TermBytes}} = Memory,
    [
        ["\nAtoms: ", cprof_words:count(Count), " of ", cprof_words:count(Limit)],
        [" (", cprof_words:percent(Count / Limit), " %), ", cprof_words:bytes(Bytes)],
        [", used ", cprof_words:bytes(Used), "\n"],
        ["Persistent terms: ", cprof_words:count(Terms), ", ", cprof_words:bytes(TermBytes), "\n"]
    ].

allocators(#{allocators := Allocators} = Memory) ->
    [
        ["\nAllocators:\n" || Allocators =/= []],
        cprof_table:format(
            [
                bytes("unused", unused),
                bytes("of carriers", carriers),
                {"used %", right, fun(#{utilization := Used}) -> cprof_words:percent(Used) end}
            ] ++ growth(Memory) ++ [{"allocator", left, fun(#{name := Name}) -> atom_to_list(Name) end}],
            Allocators
        )
    ].
