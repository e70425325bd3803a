%% @doc The figures of all processes by the NIF's walk over the process table.
%%
%% If anything does not check out, the walk is refused with a sentence that says
%% why, and BIFs are used instead. `CPROF_NIF=off' in the node's environment also
%% makes it refuse.
-module(cprof_walk_nif).

-export([read/1, read/2, status/0]).
-export([read_with/2]).

-export_type([walk/0, states/0, mailboxes/0, binaries/0, holder/0, heaps/0]).

-type walk() :: #{
    took_us := non_neg_integer(),
    %% the longest that a scheduler was held at a time, by wall and CPU time
    longest_hold_us := non_neg_integer(),
    longest_hold_cpu_us := non_neg_integer(),
    chunks := pos_integer(),
    %% since the node's walk before; undefined at the first
    elapsed_us := non_neg_integer() | undefined,
    %% of the table; processes; slots with a process that is being created;
    %% processes with a figure that cannot be, in no sum
    slots := pos_integer(),
    count := non_neg_integer(),
    embryos := non_neg_integer(),
    implausible := non_neg_integer(),
    %% processes whose binaries and memory were looked at, and that did not answer
    examined := non_neg_integer(),
    unanswered := 0,
    %% processes whose mailbox may be longer: they have not handled a signal
    %% that came after messages
    lower_bounds := non_neg_integer(),
    %% processes created since the walk before
    created := non_neg_integer() | undefined,
    states := states(),
    mailboxes := mailboxes(),
    %% most since the walk before
    reductions := [{pid(), pos_integer()}],
    binaries := binaries(),
    memory := [{pid(), Bytes :: pos_integer()}],
    %% of these, what their last collection left, where it is known
    live := [{pid(), Bytes :: non_neg_integer()}],
    %% where they were asked for
    heaps => heaps(),
    %% waiting processes by the code address and initial call, most first
    groups := [{Pc :: non_neg_integer(), mfa(), Count :: pos_integer(), Some :: [pid()]}],
    %% waiting processes that found no room in the table of groups
    groups_missed := non_neg_integer()
}.
-type states() :: #{
    running | runnable | waiting | gc | suspended | exiting := non_neg_integer()
}.
-type mailboxes() :: #{
    total := non_neg_integer(),
    max := non_neg_integer(),
    %% are all messages counted, of all processes?
    exact := boolean(),
    %% processes with at least this many messages, and fewer than twice as many
    histogram := [{pos_integer(), pos_integer()}],
    top := [{pid(), Length :: pos_integer(), Before :: non_neg_integer() | undefined}]
}.
-type binaries() :: #{
    held := non_neg_integer(),
    top := [holder()],
    %% by their ratio, of those that hold 64 kB or more
    leaks := [holder()]
}.
%% StillUs: for how long, as far as walks saw, this has not changed and the
%% process has hardly run.
-type holder() :: {
    pid(), Bytes :: pos_integer(), HeapBytes :: non_neg_integer(), StillUs :: non_neg_integer() | undefined
}.

%% Heaps, in bytes. A process has a block for new terms, which ends with its
%% stack, and one for those that survived collections.
-type heaps() :: #{
    %% heaps that were read; and processes of which the parts did not fit each other,
    %% as they were being moved
    count := non_neg_integer(),
    unread := non_neg_integer(),
    young | stack | young_free | old | old_free := non_neg_integer(),
    %% what the last collections left in them
    live := non_neg_integer(),
    %% of all processes, outside of these blocks
    fragments := non_neg_integer(),
    %% of all binaries that processes refer to, those that only old terms refer to
    binaries_old := non_neg_integer(),
    %% messages in mailboxes whose data are kept off the heap
    off_heap_messages := non_neg_integer() | undefined,
    %% of one process, without what it holds
    struct_bytes := pos_integer() | undefined,
    %% heaps, and the bytes of theirs, by how full they are: below 10 %, ..., 90 % and more
    fills := [{Count :: non_neg_integer(), Bytes :: non_neg_integer()}],
    unused := [{pid(), Unused :: pos_integer(), Bytes :: pos_integer()}],
    pinned := [{pid(), Old :: pos_integer(), All :: pos_integer()}],
    sample := [sampled()]
}.
%% A process that was chosen by its memory: in a sum over processes it stands for
%% the larger of the two. 0: for certain.
-type sampled() :: {pid(), Bytes :: pos_integer(), Threshold :: number()}.

%% What the NIF answers (c_src/nif/walk_terms.c). Sizes are words.
-type figures() :: #{
    count := non_neg_integer(),
    embryos := non_neg_integer(),
    implausible := non_neg_integer(),
    slots := pos_integer(),
    %% since the walk before; 0 at the first
    elapsed_ns := non_neg_integer(),
    created := non_neg_integer(),
    messages := non_neg_integer(),
    longest_mailbox := non_neg_integer(),
    binaries_held := non_neg_integer(),
    groups_missed := non_neg_integer(),
    lower_bounds := non_neg_integer(),
    chunks := pos_integer(),
    longest_ns := non_neg_integer(),
    longest_cpu_ns := non_neg_integer(),
    states := states(),
    %% mailboxes: empty, with one message, two or three, four to seven, ...
    classes := tuple(),
    %% of the process whose figures are known; false: the walk did not meet it
    canary := #{queue | binaries | heap := non_neg_integer(), used | live => non_neg_integer()} | false,
    %% the third is one more than the figure, 0 where it is not known
    mailboxes := [{pid(), Length :: pos_integer(), Before :: non_neg_integer()}],
    binaries := [known_holder()],
    leaks := [known_holder()],
    %% the third is one more than what the last collection left, 0: not known
    memory := [{pid(), pos_integer(), non_neg_integer()}],
    reductions := [{pid(), pos_integer()}],
    groups := [{Pc :: non_neg_integer(), mfa(), Count :: pos_integer(), Some :: [pid()]}],
    %% c_src/nif/walk_heaps.h
    heaps => #{atom() => term()}
}.
-type known_holder() :: {
    pid(), Key :: integer(), Binaries :: pos_integer(), Heap :: non_neg_integer(), StillMs :: non_neg_integer()
}.

-define(KEY, {?MODULE, layout}).
-define(NOT_FOUND, <<"the walk was refused (not_found)">>).
%% The lists are made in one call of the NIF.
-define(MAX_TOP, 200).
-define(CANARY_TRIES, 5).
%% Processes that a calibration begins at once, at most.
-define(CALIBRATION_ROOM, 320).

%% @doc One walk. Lists have at most Top rows (at most 200), groups four times
%% as many. Changes are those since the node's last walk, whoever took it; of two
%% walks at the same time, one does not know them.
-spec read(pos_integer()) -> {ok, walk()} | {refused, binary()}.
read(Top) -> read(Top, false).

%% @doc The same; with `true' also what the heaps hold.
-spec read(pos_integer(), boolean()) -> {ok, walk()} | {refused, binary()}.
read(Top, Heaps) -> read_anew(Top, Heaps, 1).

read_anew(Top, Heaps, Again) ->
    case layout() of
        {ok, Layout} -> settle(read_with(Layout, Top, Heaps), Top, Heaps, Again);
        {refused, Reason} -> {refused, Reason}
    end.

%% A layout that proved wrong is not used again. One that was found through a
%% library that was unloaded since is to be found anew.
settle({ok, Walk}, _, _, _) ->
    {ok, Walk};
settle({wrong, Reason}, _, _, _) ->
    keep({refused, Reason}),
    {refused, Reason};
settle({refused, ?NOT_FOUND}, Top, Heaps, Again) when Again > 0 ->
    _ = persistent_term:erase(?KEY),
    read_anew(Top, Heaps, Again - 1);
settle({refused, Reason}, _, _, _) ->
    {refused, Reason}.

%% @doc Where things were found, or why the walk is refused.
-spec status() -> {ok, cprof_calibrate:layout()} | {refused, binary()}.
status() -> layout().

%% --- the layout, found once ----------------------------------------------

layout() ->
    case os:getenv("CPROF_NIF") of
        "off" -> {refused, <<"CPROF_NIF=off in the node's environment">>};
        _ -> kept(persistent_term:get(?KEY, none))
    end.

kept(none) -> calibrated();
kept(Result) -> Result.

keep(Result) -> persistent_term:put(?KEY, Result).

%% By one process at a time. A refusal for a passing reason, such as a library
%% that is being unloaded, is not kept: the next walk tries again.
calibrated() ->
    try
        case cprof_aside:has_room(?CALIBRATION_ROOM) of
            true -> cprof_aside:run(cprof_calibration, fun calibrate/0, fun no_room/0);
            false -> no_room()
        end
    catch
        _:Reason ->
            {refused, cprof_words:text("the calibration failed: ~tP", [Reason, 20])}
    end.

no_room() ->
    {refused, <<"too few process slots are free to find out where the figures are">>}.

calibrate() ->
    case persistent_term:get(?KEY, none) of
        none -> settled(cprof_calibrate:run());
        Found -> Found
    end.

settled({refused_now, Reason}) ->
    {refused, Reason};
settled(Result) ->
    keep(Result),
    Result.

%% --- one walk -------------------------------------------------------------

%% @private Also for tests, with a layout of their own.
-spec read_with(cprof_calibrate:layout(), pos_integer()) ->
    {ok, walk()} | {wrong, binary()} | {refused, binary()}.
read_with(Layout, Top) -> read_with(Layout, Top, false).

read_with(Layout, Top, Heaps) ->
    Began = erlang:monotonic_time(microsecond),
    read_with(Layout, min(Top, ?MAX_TOP), Heaps, Began, ?CANARY_TRIES).

read_with(_, _, _, _, 0) ->
    {refused, <<"the figures of the process with known figures kept changing">>};
read_with(Layout, Top, Heaps, Began, Tries) ->
    case walk_past(cprof_calibrate:canary(), Layout, Top, Heaps) of
        {ok, Figures} -> {ok, walk(Figures, Layout, Began)};
        again -> read_with(Layout, Top, Heaps, Began, Tries - 1);
        Failed -> Failed
    end.

%% `again': the canary was killed or something happened to it meanwhile.
walk_past(gone, _, _, _) ->
    again;
walk_past({Canary, Facts}, #{offsets := Offsets}, Top, Heaps) ->
    case cprof_native:walk(Offsets, Top, Heaps, Canary, erlang:system_info(atom_count)) of
        {error, Reason} ->
            {refused, cprof_words:text("the walk was refused (~p)", [Reason])};
        #{canary := Read} = Figures ->
            case {cprof_calibrate:canary(), is_canary_right(Read, Facts, Offsets)} of
                {{Canary, Facts}, true} -> {ok, Figures};
                {{Canary, Facts}, false} -> {wrong, <<"a process of known figures was read wrongly">>};
                {_, _} -> again
            end
    end.

is_canary_right(false, _, _) ->
    false;
is_canary_right(#{queue := Read, binaries := Binaries, heap := Words} = Canary, Facts, Offsets) ->
    #{
        queue := Queue,
        vheap := Young,
        vheap_old := Old,
        heap_size := Heap,
        old_size := OldHeap,
        fragments := Fragments
    } = Facts,
    {Read, Binaries, Words} =:= {Queue, Young + Old, Heap + OldHeap + Fragments} andalso
        is_heap_right(Canary, Facts, Offsets).

is_heap_right(_, _, #{heap := 0}) ->
    true;
is_heap_right(#{used := Used, live := Live}, Facts, _) ->
    #{heap_used := Young, stack := Stack, recent := Recent, old_used := Old} = Facts,
    {Used, Live} =:= {Young + Stack + Old, Recent + Old};
is_heap_right(_, _, _) ->
    false.

-spec walk(figures(), cprof_calibrate:layout(), integer()) -> walk().
walk(#{count := Count, elapsed_ns := ElapsedNs} = Figures, Layout, Began) ->
    Same = [embryos, implausible, slots, lower_bounds, chunks, states, reductions, groups, groups_missed],
    Memory = maps:get(memory, Figures),
    (maps:merge(heaps(Figures), maps:with(Same, Figures)))#{
        took_us => erlang:monotonic_time(microsecond) - Began,
        longest_hold_us => maps:get(longest_ns, Figures) div 1000,
        longest_hold_cpu_us => maps:get(longest_cpu_ns, Figures) div 1000,
        elapsed_us => since(ElapsedNs, ElapsedNs div 1000),
        count => Count,
        examined => Count,
        unanswered => 0,
        created => since(ElapsedNs, maps:get(created, Figures) band 16#ffffffff),
        mailboxes => mailboxes(Figures, Layout),
        binaries => binaries(Figures),
        memory => [{Pid, 8 * Words} || {Pid, Words, _} <- Memory],
        live => [{Pid, 8 * (Live - 1)} || {Pid, _, Live} <- Memory, Live > 0]
    }.

heaps(#{heaps := #{unit := Unit, room := Room} = Heaps}) ->
    Sizes = [young, stack, young_free, old, old_free, live, fragments, binaries_old],
    Bytes = maps:map(fun(_, Words) -> 8 * Words end, maps:with(Sizes, Heaps)),
    Same = [count, unread, off_heap_messages, struct_bytes],
    #{fills := Fills, unused := Unused, pinned := Pinned, samples := Samples} = Heaps,
    #{
        heaps => (maps:merge(Bytes, maps:with(Same, Heaps)))#{
            fills => [{Count, 8 * Words} || {Count, Words} <- Fills],
            unused => [{Pid, 8 * Words, 8 * All} || {Pid, Words, All} <- Unused],
            pinned => [{Pid, 8 * Words, 8 * All} || {Pid, Words, All} <- Pinned],
            sample => lists:append([sample(Rows, Unit, Room) || Rows <- Samples])
        }
    };
heaps(#{}) ->
    #{}.

%% If a sample is full, the last one is only there for its priority.
sample(Rows, Unit, Room) when length(Rows) =:= Room ->
    {Sampled, [{_, Least, _}]} = lists:split(Room - 1, Rows),
    [{Pid, 8 * Words, 8 * Least / Unit} || {Pid, _, Words} <- Sampled];
sample(Rows, _, _) ->
    [{Pid, 8 * Words, 0} || {Pid, _, Words} <- Rows].

mailboxes(#{messages := Messages, longest_mailbox := Longest, mailboxes := Rows} = Figures, #{middle := Middle}) ->
    #{lower_bounds := LowerBounds, classes := Classes} = Figures,
    #{
        total => Messages,
        max => Longest,
        exact => Middle andalso LowerBounds =:= 0,
        histogram => histogram(Classes),
        top => [{Pid, Length, one_less(Before)} || {Pid, Length, Before} <- Rows]
    }.

binaries(#{binaries_held := Held, binaries := Rows, leaks := Leaks}) ->
    #{
        held => 8 * Held,
        top => [holder(Row) || Row <- Rows],
        leaks => [holder(Row) || Row <- Leaks]
    }.

since(0, _) -> undefined;
since(_, Figure) -> Figure.

%% 0 stands for what is not known, so all others are one more.
one_less(0) -> undefined;
one_less(N) -> N - 1.

holder({Pid, _, Words, HeapWords, Still}) ->
    {Pid, 8 * Words, 8 * HeapWords, still_us(one_less(Still))}.

still_us(undefined) -> undefined;
still_us(Ms) -> 1000 * Ms.

histogram(Classes) ->
    [_Empty | Rest] = tuple_to_list(Classes),
    Froms = [1 bsl N || N <- lists:seq(0, length(Rest) - 1)],
    [{From, Count} || {From, Count} <- lists:zip(Froms, Rest), Count > 0].
