%% Finds out where the VM keeps the figures of a process, in two rounds, with
%% processes whose figures are known. The NIF copies their structs
%% (c_src/nif/walk_nif.h), and cprof_offsets compares them.
-module(cprof_calibrate).

-export([run/0, canary/0]).
-export([helper/3]).

-export_type([layout/0]).

-type layout() :: #{
    release := string(),
    size := pos_integer(),
    %% by the names of c_src/nif/walk_layout.h
    offsets := cprof_offsets:offsets(),
    %% are messages counted that are on their way between the queues?
    middle := boolean()
}.
-define(HELPERS, 8).
-define(PATIENCE_MS, 5000).
-define(LOOKS, 2000).
-define(LOOKS_AT_ONCE, 50).
%% Processes that exist at the same time, besides the helpers.
-define(AT_ONCE, 20).
-define(ATTEMPTS, 3).

%% `refused_now': for a reason that will pass.
-spec run() -> {ok, layout()} | {refused | refused_now, binary()}.
run() ->
    try
        supported(),
        found(cprof_native:walk_self()),
        {Created, Offsets} = {created(), rounds(?ATTEMPTS)},
        {ok, checked(Offsets, Created)}
    catch
        throw:{refused, Reason} -> {refused, unicode:characters_to_binary(Reason)};
        throw:{refused_now, Reason} -> {refused_now, Reason};
        error:system_limit -> {refused_now, <<"there was no process slot for a calibration">>}
    end.

-spec refuse(unicode:chardata()) -> no_return().
refuse(Reason) -> throw({refused, Reason}).

%% The machine was too busy to find anything out.
-spec refuse_now(binary()) -> no_return().
refuse_now(Reason) -> throw({refused_now, Reason}).

%% --- may it work here? ---------------------------------------------------

supported() ->
    Wanted = [
        {os:type(), {unix, linux}, "the operating system is not Linux"},
        {erlang:system_info(wordsize), 8, "the VM is not a 64-bit one"},
        {emulator(), {jit, opt}, "the emulator is not the usual one (JIT, optimized)"}
    ],
    [refuse(Reason) || {Is, Should, Reason} <- Wanted, Is =/= Should].

emulator() -> {erlang:system_info(emu_flavor), erlang:system_info(build_type)}.

found({ok, Address}) ->
    case cprof_native:walk_find(Address, erlang:system_info(process_limit)) of
        ok -> ok;
        {error, Reason} -> not_found(Reason)
    end;
found({error, not_loaded}) ->
    throw({refused_now, <<"the NIF library could not be loaded">>});
found({error, Reason}) ->
    not_found(Reason).

%% The table was found: this is another instance of the library.
-spec unloaded() -> no_return().
unloaded() -> throw({refused_now, <<"the NIF library was unloaded meanwhile">>}).

-spec not_found(atom()) -> no_return().
not_found(Reason) ->
    refuse(io_lib:format("the process table was not found (~p)", [Reason])).

%% --- processes of known figures ------------------------------------------

%% Tried again, from the beginning and as strictly: the refusal stays for as long
%% as the node runs, and what happens to the helpers passes.
rounds(1) ->
    rounds();
rounds(Left) ->
    try
        rounds()
    catch
        throw:{_, _} -> rounds(Left - 1)
    end.

rounds() ->
    First = one_round(1),
    Second = one_round(2),
    Running = [struct(self()) || _ <- lists:seq(1, ?HELPERS)],
    case cprof_offsets:find(First, Second, Running) of
        {ok, Offsets} -> Offsets;
        {error, Field, Found} -> refuse(ambiguous(Field, Found))
    end.

ambiguous(Field, []) -> io_lib:format("no place in a process holds its ~p", [Field]);
ambiguous(Field, _) -> io_lib:format("several places in a process could hold its ~p", [Field]).

one_round(Round) ->
    Helpers = [start_helper(Round, N) || N <- lists:seq(1, ?HELPERS)],
    try
        [sample(Pid, Expected) || {Pid, Expected} <- Helpers]
    after
        [end_helper(Pid) || {Pid, _} <- Helpers]
    end.

end_helper(Pid) ->
    unlink(Pid),
    exit(Pid, kill).

%% All the sizes of a helper differ from those of the others, and by round.
%% Heaps of all sizes, some as small as they may be, some not. It ends with the
%% caller.
start_helper(Round, N) -> start_helper(Round, N, [{min_heap_size, 300 + 400 * (N div 2)}]).

start_helper(Round, N, Heap) ->
    Seed = N * 7 + Round * 3,
    Priority = lists:nth(N rem 3 + 1, [low, normal, high]),
    Ready = make_ref(),
    Pid = erlang:spawn_opt(?MODULE, helper, [self(), Ready, {Seed, N rem 2, Priority}], [
        link, {message_queue_data, off_heap} | Heap
    ]),
    Pid ! {fragment, lists:seq(1, 40 + Seed)},
    receive
        Ready -> ok
    after ?PATIENCE_MS -> refuse_now(<<"a process for calibration did not start">>)
    end,
    [Pid ! {unread, I} || I <- lists:seq(1, 3 + 2 * Seed)],
    {Pid, #{
        queue => 3 + 2 * Seed,
        queue_outer => 5 + 3 * Seed,
        suspended => N > ?HELPERS div 2,
        priority => Priority,
        place => N rem 2,
        initial => {word(?MODULE), word(helper), 3}
    }}.

word(Atom) ->
    case cprof_native:walk_word(Atom) of
        {error, not_loaded} -> unloaded();
        Word -> Word
    end.

%% What it holds is old (twice collected), young, and in a fragment (a message
%% from outside the heap that was taken after the last collection).
-spec helper(pid(), reference(), {pos_integer(), 0 | 1, low | normal | high}) -> no_return().
helper(Owner, Ready, {Seed, Place, Priority}) ->
    process_flag(priority, Priority),
    Old = {lists:seq(1, 100 * Seed), binary(1000 + 800 * Seed)},
    [erlang:garbage_collect(self(), [{type, minor}]) || _ <- [1, 2, 3]],
    Young = {lists:seq(1, 150 * Seed), binary(900 + 500 * Seed)},
    spend(10000 * Seed),
    Fragment =
        receive
            {fragment, Numbers} -> Numbers
        end,
    %% no more the size of its heap, which stands beside it
    process_flag(min_heap_size, 250),
    Owner ! Ready,
    wait(Place, {Old, Young, Fragment}).

binary(Size) -> binary:copy(<<0>>, Size).

spend(0) -> ok;
spend(N) -> spend(N - 1).

%% Two places to wait at, for the code address that a process goes on at.
wait(0, Held) ->
    receive
        {end_of, Held} -> wait(1, Held)
    end;
wait(1, Held) ->
    receive
        {end_of, Held, Held} -> wait(0, Held)
    end.

%% The struct and the BIFs' answers about it, while nothing changed. Messages
%% to a suspended process stay where they arrive.
sample(Pid, #{queue := Queue, suspended := Suspended, queue_outer := Outer} = Expected) ->
    settled(Pid, Queue),
    Facts = steady(Pid, 50),
    case Suspended of
        false ->
            {Struct, Known} = Facts,
            {Struct, maps:merge(Known, Expected#{queue_outer := 0})};
        true ->
            true = erlang:suspend_process(Pid),
            [Pid ! {outer, I} || I <- lists:seq(1, Outer)],
            {_, Known} = Facts,
            {struct(Pid), maps:merge(maps:remove(reductions, Known), Expected)}
    end.

settled(Pid, Queue) -> settled(Pid, Queue, deadline()).

settled(Pid, Queue, Deadline) ->
    case process_info(Pid, [status, message_queue_len]) of
        [{status, waiting}, {message_queue_len, Queue}] ->
            ok;
        _ ->
            in_time(Deadline),
            receive
            after 1 -> settled(Pid, Queue, Deadline)
            end
    end.

deadline() -> erlang:monotonic_time(millisecond) + ?PATIENCE_MS.

in_time(Deadline) ->
    erlang:monotonic_time(millisecond) < Deadline orelse
        refuse_now(<<"a process for calibration did not come to rest">>).

steady(_, 0) ->
    refuse_now(<<"the figures of a process for calibration kept changing">>);
steady(Pid, Tries) ->
    Before = struct(Pid),
    Facts = facts(Pid),
    case struct(Pid) of
        Before ->
            {Before, Facts};
        _ ->
            receive
            after 1 -> steady(Pid, Tries - 1)
            end
    end.

struct(Pid) ->
    case cprof_native:walk_struct(Pid) of
        Struct when is_binary(Struct) -> Struct;
        {error, not_found} -> unloaded();
        {error, Reason} -> refuse(io_lib:format("a process could not be read (~p)", [Reason]))
    end.

facts(Pid) ->
    case process_info(Pid, [garbage_collection_info, reductions]) of
        [{garbage_collection_info, Info}, {reductions, Reductions}] ->
            #{
                heap_block_size := Heap,
                heap_size := Used,
                stack_size := Stack,
                recent_size := Recent,
                old_heap_block_size := Old,
                old_heap_size := OldUsed,
                mbuf_size := Fragments,
                bin_vheap_size := Young,
                bin_old_vheap_size := OldBinaries
            } = maps:from_list(Info),
            #{
                heap_size => Heap,
                heap_used => Used,
                stack => Stack,
                recent => Recent,
                old_size => Old,
                old_used => OldUsed,
                fragments => Fragments,
                vheap => Young,
                vheap_old => OldBinaries,
                reductions => Reductions
            };
        undefined ->
            refuse_now(<<"a process for calibration ended">>)
    end.

%% --- how many processes were ever created --------------------------------

%% A counter in the table rises by one with each, and stays when they end
%% (erl_ptab.h, aid_ix). Others create processes, too, on a busy node many: so
%% it is looked at for moments, until one place rose by just ours three times.
created() ->
    process_flag(priority, high),
    case [At || At <- risen_often(#{}, ?LOOKS), is_ever_rising(At)] of
        [One] -> One;
        [] -> refuse_now(<<"no counter of created processes was found">>);
        _ -> refuse("several counters could tell how many processes were created")
    end.

risen_often(_, 0) ->
    [];
risen_often(Seen, Looks) ->
    let_others_run(Looks rem ?LOOKS_AT_ONCE),
    Counted = lists:foldl(
        fun(At, Counts) -> maps:update_with(At, fun(N) -> N + 1 end, 1, Counts) end,
        Seen,
        rose(Looks rem 4 + 2)
    ),
    case [At || {At, N} <- maps:to_list(Counted), N >= 3] of
        [] -> risen_often(Counted, Looks - 1);
        Often -> Often
    end.

%% At high priority it would leave no turn to others on its scheduler.
let_others_run(0) ->
    receive
    after 1 -> ok
    end;
let_others_run(_) ->
    ok.

rose(By) ->
    Before = table(),
    Pids = [spawn_link(fun() -> receive go -> ok end end) || _ <- lists:seq(1, By)],
    After = table(),
    [Pid ! go || Pid <- Pids],
    cprof_offsets:risen(By, By, {Before, After}).

%% The number of those that live rises, too, but not by some that are gone.
is_ever_rising(At) -> lists:all(fun(Times) -> is_ever_rising(At, 100 * Times) end, [1, 2, 3]).

is_ever_rising(At, By) ->
    Before = table(),
    [come_and_go(?AT_ONCE) || _ <- lists:seq(1, By div ?AT_ONCE)],
    lists:member(At, cprof_offsets:risen(By, 1 bsl 30, {Before, table()})).

come_and_go(Count) ->
    Monitors = [element(2, spawn_monitor(fun() -> ok end)) || _ <- lists:seq(1, Count)],
    [receive {'DOWN', Monitor, _, _, _} -> ok end || Monitor <- Monitors].

table() ->
    case cprof_native:walk_table() of
        Bytes when is_binary(Bytes) -> Bytes;
        {error, not_found} -> unloaded();
        {error, Reason} -> not_found(Reason)
    end.

%% --- against what is known of releases -----------------------------------

checked(Offsets, Created) ->
    Release = erlang:system_info(otp_release),
    Size = byte_size(struct(self())),
    Known = cprof_offsets:known(Release, Size),
    _ = [
        refuse(io_lib:format("OTP ~s is known, but its ~p is elsewhere", [Release, Field]))
     || {Field, At} <- maps:to_list(maps:remove(queue_middle, Known)), maps:get(Field, Offsets) =/= At
    ],
    Middle = maps:get(queue_middle, Known, 0),
    Ends = maps:from_list([{End, 0} || End <- cprof_offsets:heap_ends()]),
    #{
        release => Release,
        size => Size,
        middle => is_map_key(queue_middle, Known),
        offsets => maps:merge(Ends, Offsets#{
            queue_middle => Middle, signals => signals(Middle, Offsets), created => Created
        })
    }.

%% The first signal that is no message, of struct ErtsSignalInQueue (erl_message.h),
%% beside its count of messages.
signals(0, _) -> 0;
signals(_, #{queue_outer := Outer}) -> Outer + 8.

%% --- the canary -----------------------------------------------------------

%% A process at rest that every walk meets: what the walk says of it must be
%% what BIFs say. One for the node; a new one when it was killed. `gone': it was
%% killed just now.
-spec canary() -> {pid(), map()} | gone.
canary() ->
    try
        Pid =
            case whereis(cprof_canary) of
                undefined -> start_canary();
                There -> There
            end,
        {Pid, canary_facts(Pid)}
    catch
        throw:{_, _} -> gone;
        error:system_limit -> gone
    end.

%% With room for all that it holds: it is not collected once more, and what is
%% old stays on the old heap. No figure of it is 0.
start_canary() ->
    {Pid, #{queue := Queue}} = start_helper(3, 1, [
        {min_heap_size, 12000}, {min_bin_vheap_size, 12000}
    ]),
    settled(Pid, Queue),
    try
        true = register(cprof_canary, Pid),
        unlink(Pid),
        Pid
    catch
        error:badarg ->
            end_helper(Pid),
            refuse_now(<<"another process started one first">>)
    end.

%% (Its reductions rise whenever a module is purged; no walk is judged by them.)
canary_facts(Pid) ->
    Facts = maps:remove(reductions, facts(Pid)),
    case process_info(Pid, message_queue_len) of
        {message_queue_len, Queue} -> Facts#{queue => Queue};
        undefined -> refuse_now(<<"a process for calibration ended">>)
    end.
