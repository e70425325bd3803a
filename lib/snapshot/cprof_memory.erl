%% Why is the node big? Reads where its memory is: heaps and how full they are,
%% binaries and who holds them, ETS tables, atoms, code, persistent terms, what the
%% allocators keep, and what the operating system says of the whole. As for a snapshot,
%% one process does the work, and helpers ask those that may not answer.
-module(cprof_memory).

-export([take/1]).

-export_type([memory/0, missing/0, reason/0, given/0]).

%% docs/memory.md says what each figure means. All sizes are bytes. A figure that is
%% not known is `undefined'.
-type memory() :: #{
    %% system time, us
    at := integer(),
    took_us := non_neg_integer(),
    %% between the two readings, or undefined if there was only one
    elapsed_us := non_neg_integer() | undefined,
    %% rows that each list can have
    rows := pos_integer(),
    source := nif | bif,
    reason := binary() | undefined,
    %% why it is big, in one line
    sentence := binary(),
    parts := [cprof_memory_parts:part()],
    resident := cprof_resident:resident() | undefined,
    heaps := cprof_memory_rows:heaps(),
    processes := cprof_memory_rows:processes(),
    binaries := cprof_memory_rows:binaries(),
    ets := cprof_memory_rows:tables(),
    atoms := #{
        count := non_neg_integer(),
        limit := pos_integer(),
        bytes := non_neg_integer() | undefined,
        used_bytes := non_neg_integer() | undefined
    },
    persistent_terms := #{count := non_neg_integer(), bytes := non_neg_integer()},
    allocators := [cprof_memory_rows:allocator()],
    quality := #{
        %% what is not known, and why
        missing := [missing()],
        reasons := #{missing() => reason()},
        details_missing := non_neg_integer(),
        unanswered := non_neg_integer(),
        unread := non_neg_integer(),
        process_table_nearly_full := boolean(),
        longest_hold_us := non_neg_integer() | undefined
    }
}.
%% What the whole node was asked for.
-type missing() :: memory | allocators | cached | native_code | resident | tables.
-type reason() ::
    %% no answer in time: a scheduler was busy, or held by C code
    silent
    %% the VM does not count it (`+Mea min')
    | uncounted
    %% the operating system does not tell
    | unsupported.
-type options() :: #{
    %% rows of each list
    top => pos_integer(),
    source => auto | bif,
    %% ms until a second reading, which shows what grew; 0: only one reading
    ms => non_neg_integer(),
    wait_ms => non_neg_integer()
}.
-type given() :: options() | [{atom(), term()}].

-define(OPTIONS, [
    {ms, 0, {whole, "milliseconds", 0, 86400000}},
    {top, 10, {whole, "rows", 1, 200}},
    {source, auto, {one_of, [auto, bif]}},
    {wait_ms, 0, {whole, "milliseconds", 0, 86400000}}
]).
%% A process with a larger heap is not asked for its binaries: their list may be long.
-define(MAX_HEAP_BYTES, 2000000).
%% So many heaps may be missing from a sum over all processes.
-define(FEW, 5).
%% In the order in which the text names what is missing.
-define(ASKED, [memory, allocators, cached, native_code, resident, tables]).
%% Rows in reserve for our own processes, which are left out of the lists.
-define(SPARE, 3).

%% A wrong option raises {badarg, Sentence}.
-spec take(given()) -> memory().
take(Options) ->
    #{ms := Ms} = Checked = cprof_proplist:checked(Options, ?OPTIONS),
    Take = fun() -> memory(Checked) end,
    cprof_aside:run(kind(Ms), Take, Take).

%% Callers that want one reading do not queue behind those that take their time.
kind(0) -> cprof_memory;
kind(_) -> cprof_growing_memory.

memory(#{ms := 0} = Options) ->
    Began = erlang:monotonic_time(microsecond),
    put_together(reading(Options), none, Began, Options);
memory(#{ms := Ms} = Options) ->
    Before = packed(reading(Options)),
    %% Until the second reading, this process has only what is packed: the list of
    %% 100,000 tables alone takes 5 MB, and would count as growth of the node.
    true = erlang:garbage_collect(),
    timer:sleep(Ms),
    Began = erlang:monotonic_time(microsecond),
    Now = reading(Options),
    put_together(Now, binary_to_term(Before), Began, Options).

packed(Reading) -> term_to_binary(Reading, [compressed]).

%% --- one reading -----------------------------------------------------------------

%% The walk first: our own helpers are no part of it.
reading(#{source := Source, top := Top, wait_ms := WaitMs}) ->
    Nearly = cprof_aside:is_nearly_full(),
    At = {erlang:system_time(microsecond), erlang:monotonic_time(microsecond)},
    {#{walk := Walk} = Walked, _} =
        cprof_walk:read(Source, Top + ?SPARE, #{heaps => true, wait_ms => WaitMs}, undefined),
    {Answers, Silent} = cprof_ask:collect(
        cprof_ask:start([
            {memory, {prompt, fun(_) -> cprof_allocators:memory() end}},
            {allocators, {prompt, fun cprof_allocators:read/1}},
            {cached, {prompt, fun(_) -> cprof_allocators:cached() end}},
            {native_code, {prompt, fun(_) -> native_code() end}},
            {resident, {prompt, fun(_) -> cprof_resident:read() end}}
        ]),
        WaitMs
    ),
    Reading = (maps:merge(Answers, maps:with([source, reason, walk], Walked)))#{
        at => At,
        tables => cprof_tables:read(WaitMs),
        persistent_terms => persistent_terms(),
        nearly_full => Nearly,
        silent => Silent
    },
    Reading#{parts => parts(Reading, Walk)}.

%% The code of the JIT lies outside of the allocators.
native_code() ->
    case erlang:system_info(emu_flavor) of
        jit -> proplists:get_value(loaded_code, erlang:system_info(allocated_areas), 0);
        _ -> 0
    end.

persistent_terms() ->
    #{count := Count, memory := Bytes} = persistent_term:info(),
    #{count => Count, bytes => Bytes}.

parts(#{persistent_terms := #{bytes := Persistent}} = Reading, Walk) ->
    cprof_memory_parts:parts(#{
        memory => maps:get(memory, Reading, #{}),
        allocators => maps:get(allocators, Reading, []),
        resident => maps:get(resident, Reading, undefined),
        persistent_terms => Persistent,
        native_code => maps:get(native_code, Reading, undefined),
        cached => maps:get(cached, Reading, undefined),
        heaps => of_all(Walk),
        structs => structs(Walk)
    }).

structs(#{count := Count, heaps := #{struct_bytes := Bytes}}) when is_integer(Bytes) -> Count * Bytes;
structs(_) -> 0.

%% If only some of the processes were read, nothing can be said of all. (A few are always
%% missing: the process that reads, and those whose heap is being moved.)
of_all(#{count := Count, heaps := #{count := Read} = Heaps}) when
    Count - Read =< ?FEW; Read >= 0.98 * Count
->
    Heaps;
of_all(_) ->
    undefined.

%% --- two readings put together ---------------------------------------------------

put_together(#{walk := Walk, at := {At, Monotonic}} = Now, Before, Began, Options) ->
    #{top := Top, wait_ms := WaitMs} = Options,
    Tables = cprof_memory_rows:tables(Now, Before, Options),
    {Answers, Silent} = details(Walk, Tables, WaitMs),
    Ets = cprof_memory_rows:with_owners(Tables, Answers),
    Resident = maps:get(resident, Now, undefined),
    Parts = compared(Now, Before),
    Memory = (maps:with([source, reason, persistent_terms], Now))#{
        at => At,
        elapsed_us => elapsed_us(Monotonic, Before),
        rows => Top,
        parts => Parts,
        resident => Resident,
        heaps => cprof_memory_rows:heaps(Walk, Answers, Top),
        processes => cprof_memory_rows:processes(Walk, Before, Answers, Top),
        binaries => cprof_memory_rows:binaries(Now, Answers, Top),
        ets => Ets,
        atoms => atoms(Now),
        allocators => cprof_memory_rows:allocators(Now, Before),
        quality => quality(Now, Silent)
    },
    Memory#{
        sentence => cprof_memory_parts:sentence(Parts, Resident, cprof_memory_rows:culprits(Memory)),
        took_us => erlang:monotonic_time(microsecond) - Began
    }.

elapsed_us(_, none) -> undefined;
elapsed_us(Now, #{at := {_, Was}}) -> Now - Was.

compared(#{parts := Parts}, none) -> cprof_memory_parts:compare(none, Parts);
compared(#{parts := Parts}, #{parts := Before}) -> cprof_memory_parts:compare(Before, Parts).

%% Names and so on, of the processes that are listed; initial calls of the sample.
details(#{memory := Largest, heaps := Heaps, binaries := #{top := Holders}}, Tables, WaitMs) ->
    #{unused := Unused, pinned := Pinned, sample := Sample} = Heaps,
    Listed = lists:append([
        [Pid || {Pid, _} <- Largest],
        [Pid || {Pid, _, _} <- Unused ++ Pinned],
        [Pid || {Pid, _, _, _} <- Holders],
        cprof_tables:owners(maps:get(top, Tables) ++ maps:get(growing, Tables))
    ]),
    Small = [Pid || {Pid, _, Heap, _} <- Holders, Heap =< ?MAX_HEAP_BYTES],
    Calls = [{{call, Pid}, fun() -> initial_call(Pid) end} || {Pid, _, _} <- Sample],
    Questions = maps:to_list(cprof_details:of_processes(lists:usort(Listed), Small)) ++ Calls,
    cprof_ask:collect(cprof_ask:start(Questions), WaitMs).

initial_call(Pid) ->
    case cprof_ask:info(Pid, [initial_call]) of
        undefined -> undefined;
        Info -> cprof_ask:initial_call(Info)
    end.

%% --- the rest ---------------------------------------------------------------------

atoms(Now) ->
    Memory = maps:get(memory, Now, #{}),
    #{
        count => erlang:system_info(atom_count),
        limit => erlang:system_info(atom_limit),
        bytes => maps:get(atom, Memory, undefined),
        used_bytes => maps:get(atom_used, Memory, undefined)
    }.

quality(#{walk := #{unanswered := Unanswered, heaps := #{unread := Unread}} = Walk} = Now, Silent) ->
    #{nearly_full := NearlyFull} = Now,
    Reasons = maps:from_list([{Key, Why} || Key <- ?ASKED, Why <- why_missing(Key, Now)]),
    #{
        missing => [Key || Key <- ?ASKED, is_map_key(Key, Reasons)],
        reasons => Reasons,
        details_missing => length(Silent),
        unanswered => Unanswered,
        unread => Unread,
        process_table_nearly_full => NearlyFull,
        longest_hold_us => maps:get(longest_hold_us, Walk)
    }.

%% With `+Mea min' the sizes and the allocators are empty.
why_missing(tables, #{tables := unknown}) ->
    [silent];
why_missing(Key, #{silent := Silent} = Now) ->
    case Now of
        #{Key := undefined} -> [unsupported];
        #{Key := Empty} when Empty =:= #{}; Empty =:= [] -> [uncounted];
        #{Key := _} -> [];
        #{} -> [silent || lists:member(Key, Silent)] ++ [unsupported || not lists:member(Key, Silent)]
    end.
