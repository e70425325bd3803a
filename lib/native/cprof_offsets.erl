%% Finds the place of a figure in a process's struct: the place that has the right
%% value in all samples. Pure, except that it asks which memory is code.
-module(cprof_offsets).

-export([find/3, heap_ends/0, known/2, risen/3]).

-export_type([sample/0, facts/0, offsets/0]).

-type facts() :: #{atom() => term()}.
%% A struct, and what is known of the process that it is of: `state' by its
%% `priority' and `suspended'; `pc' by the `place' it waits at; `initial' as
%% the three words of its initial call; the others as the word itself.
-type sample() :: {binary(), facts()}.
%% Bytes from the start of a struct, by field.
-type offsets() :: #{atom() => non_neg_integer()}.

%% The one offset of each field, and those of heap_ends/0 if each of them is found.
%% `Running': structs that processes copied of themselves; the processes in the
%% samples are at rest.
-spec find([sample()], [sample()], [binary()]) ->
    {ok, offsets()} | {error, atom(), [term()]}.
find(First, Second, Running) ->
    Samples = First ++ Second,
    Found = [{Field, places_of(Field, Samples)} || Field <- fields()],
    Resting = [Struct || {Struct, _} <- Samples],
    case unique([{locks, places_of_locks(Resting, Running)} | Found], #{}) of
        {ok, Offsets} -> {ok, maps:merge(Offsets, places_of_ends(Samples, Offsets))};
        Error -> Error
    end.

%% Where the parts of a heap begin and end. A walk can do without: it does not tell
%% then how much of the heaps is used.
-spec heap_ends() -> [atom()].
heap_ends() -> [heap, high_water, htop, stop, hend, old_htop].

fields() ->
    [state, queue, queue_outer, heap_size, old_heap, fragments, vheap, vheap_old, reductions, pc, initial].

unique([], Offsets) -> {ok, Offsets};
unique([{old_heap, [{End, Start}]} | Rest], Offsets) -> unique(Rest, Offsets#{old_hend => End, old_heap => Start});
unique([{Field, [Offset]} | Rest], Offsets) -> unique(Rest, Offsets#{Field => Offset});
unique([{Field, Found} | _], _) -> {error, Field, Found}.

places_of(state, Samples) ->
    [At || At <- places(Samples, 4), all(Samples, fun(S, F) -> is_state(u32(S, At), F) end)];
places_of(old_heap, Samples) ->
    pairs(old_size, Samples);
places_of(pc, Samples) ->
    [At || At <- places(Samples, 8), is_pc([{Place, u64(S, At)} || {S, #{place := Place}} <- Samples])];
places_of(initial, Samples) ->
    [
        At
     || At <- places(Samples, 24),
        all(Samples, fun(S, #{initial := MFA}) -> {u64(S, At), u64(S, At + 8), u64(S, At + 16)} =:= MFA end)
    ];
places_of(Field, Samples) ->
    Known = [{S, Value} || {S, #{Field := Value}} <- Samples],
    Values = lists:usort([Value || {_, Value} <- Known]),
    [
        At
     || At <- places(Samples, 8),
        length(Values) >= 3,
        lists:all(fun({S, Value}) -> u64(S, At) =:= Value end, Known)
    ].

%% Of two words the end and the start of what is that many words long.
pairs(Field, [{First, Facts} | _] = Samples) ->
    Places = places(Samples, 8),
    [
        {End, Start}
     || End <- Places,
        Start <- Places,
        u64(First, End) - u64(First, Start) =:= 8 * maps:get(Field, Facts),
        all(Samples, fun(S, #{Field := Is}) -> u64(S, End) - u64(S, Start) =:= 8 * Is end)
    ].

places_of_ends([{_, #{heap_used := _}} | _] = Samples, #{old_heap := Old}) ->
    case pairs(heap_size, Samples) of
        [{Hend, Heap}] ->
            Found = [
                {heap, [Heap]},
                {hend, [Hend]},
                {stop, begins_of(Hend, stack, Samples)},
                {htop, ends_of(Heap, heap_used, Samples)},
                {high_water, ends_of(Heap, recent, Samples)},
                {old_htop, ends_of(Old, old_used, Samples)}
            ],
            maps:from_list([Place || length(ones(Found)) =:= length(Found), Place <- ones(Found)]);
        _ ->
            #{}
    end;
places_of_ends(_, _) ->
    #{}.

ones(Found) -> [{Field, At} || {Field, [At]} <- Found].

%% What is that many words after, or before, the word at an offset.
ends_of(Start, Field, Samples) ->
    [
        At
     || At <- places(Samples, 8),
        all(Samples, fun(S, #{Field := Is}) -> u64(S, At) - u64(S, Start) =:= 8 * Is end)
    ].

begins_of(End, Field, Samples) ->
    [
        At
     || At <- places(Samples, 8),
        all(Samples, fun(S, #{Field := Is}) -> u64(S, End) - u64(S, At) =:= 8 * Is end)
    ].

all(Samples, Fits) -> lists:all(fun({Struct, Facts}) -> Fits(Struct, Facts) end, Samples).

places([{Struct, _} | _], Bytes) ->
    Step = min(Bytes, 8),
    lists:seq(0, byte_size(Struct) - Bytes, Step).

%% Flags: actual and user's priority, suspended (erl_process.h, ERTS_PSFLG_*).
is_state(Word, #{priority := Priority, suspended := Suspended}) ->
    Level = maps:get(Priority, #{high => 1, normal => 2, low => 3}),
    Word band 16#f =:= Level bor (Level bsl 2) andalso
        (Word bsr 16) band 1 =:= maps:get(Suspended, #{true => 1, false => 0}).

%% Flags and what fills them up to a word, then five queues of threads that wait
%% for a lock: none here (erl_process_lock.h, erts_proc_lock_t). One that runs holds
%% its main lock.
places_of_locks([Struct | _] = Resting, [_ | _] = Running) ->
    [
        At
     || At <- lists:seq(0, byte_size(Struct) - 48, 8),
        lists:all(fun(Other) -> are_locks(0, Other, At) end, Resting),
        lists:all(fun(Other) -> are_locks(1, Other, At) end, Running)
    ].

are_locks(Held, Struct, At) ->
    <<_:At/binary, Flags:32/native, _:32, Queues:320, _/binary>> = Struct,
    {Flags, Queues} =:= {Held, 0}.

%% The same wherever the same is waited for, and code.
is_pc(Words) ->
    case {lists:usort([W || {0, W} <- Words]), lists:usort([W || {1, W} <- Words])} of
        {[A], [B]} when A =/= B -> is_code(A) andalso is_code(B);
        _ -> false
    end.

is_code(Address) when Address < 4096 ->
    false;
is_code(Address) ->
    lists:any(fun({From, To}) -> Address >= From andalso Address < To end, executable()).

executable() ->
    {ok, Maps} = file:read_file("/proc/self/maps"),
    {match, Lines} = re:run(Maps, "^([0-9a-f]+)-([0-9a-f]+) r.x", [
        global, multiline, {capture, all_but_first, binary}
    ]),
    [{binary_to_integer(From, 16), binary_to_integer(To, 16)} || [From, To] <- Lines].

u32(Struct, At) ->
    <<_:At/binary, Word:32/native, _/binary>> = Struct,
    Word.

u64(Struct, At) ->
    <<_:At/binary, Word:64/native, _/binary>> = Struct,
    Word.

%% Which 32-bit words of a table rose by that least to most from one copy to the
%% other.
-spec risen(pos_integer(), pos_integer(), {binary(), binary()}) -> [non_neg_integer()].
risen(Least, Most, {Before, After}) ->
    [
        At
     || At <- lists:seq(0, byte_size(Before) - 4, 4),
        Rise <- [(u32(After, At) - u32(Before, At)) band 16#ffffffff],
        Rise >= Least,
        Rise =< Most
    ].

%% Debian's builds. Only to doubt what was found, and for `queue_middle', which holds
%% messages for moments only: a release whose other fields are as known has it
%% there, too (OTP 25 counts them with the outer ones: 0).
-spec known(string(), pos_integer()) -> offsets().
known("25", 776) ->
    #{
        state => 640, locks => 712, queue => 392, queue_outer => 672, queue_middle => 0, heap_size => 152,
        old_hend => 504, old_heap => 520, fragments => 584, vheap => 544, vheap_old => 616,
        reductions => 280, pc => 256, initial => 448
    };
known("27", 760) ->
    known_27();
known("29", 768) ->
    known_27();
known(_, _) ->
    #{}.

known_27() ->
    #{
        state => 624, locks => 696, queue => 336, queue_outer => 656, queue_middle => 376, heap_size => 216,
        old_hend => 496, old_heap => 512, fragments => 568, vheap => 528, vheap_old => 600,
        reductions => 272, pc => 248, initial => 440
    }.
