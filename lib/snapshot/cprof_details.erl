%% Asks the processes that a walk lists for details (names, initial and current
%% functions, and binaries, each counted once), and completes the lists with them.
-module(cprof_details).

-export([questions/2, stacks/1, mailboxes/2, busiest/2, largest/2, binaries/2]).
-export([of_processes/2, row/2]).

-export_type([detail/0, process_row/0, mailbox/0, binary_row/0]).

-type detail() :: #{
    name := atom(),
    initial_call := mfa() | undefined,
    current_function := mfa() | undefined,
    status := atom(),
    stack => [{module(), atom(), arity(), [{file | line, term()}]}],
    %% of one whose stack was asked for
    whom => cprof_callees:whom()
}.

%% A row of a top list; reductions_per_s or bytes are what the list is by.
-type process_row() :: #{
    pid := pid(),
    name := atom(),
    initial_call := mfa() | undefined,
    current_function := mfa() | undefined,
    reductions_per_s => float(),
    bytes => non_neg_integer()
}.
-type mailbox() :: #{
    pid := pid(),
    name := atom(),
    initial_call := mfa() | undefined,
    current_function := mfa() | undefined,
    length := pos_integer(),
    growth_per_s := float() | undefined
}.
-type binary_row() :: #{
    pid := pid(),
    name := atom(),
    initial_call := mfa() | undefined,
    current_function := mfa() | undefined,
    bytes := non_neg_integer(),
    heap_bytes := non_neg_integer(),
    ratio := float(),
    distinct_bytes := non_neg_integer() | undefined,
    still_ms := float() | undefined
}.

%% By the keys of questions/2 and of_processes/2.
-type answers() :: #{cprof_ask:key() => term()}.

%% A process is asked for its list of binaries only when its heap, and so the
%% list, is small.
-define(MAX_HEAP_BYTES, 2000000).
%% The virtual heap may have some kB more than the binaries that are on the list, also
%% if there are no others.
-define(LEAST_APPENDED, 65536).

%% Questions for cprof_ask: {process, Pid} is answered by a detail() or `gone',
%% {binaries, Pid} by the sizes of the binaries.
-spec questions(cprof_walk:walk(), pos_integer()) -> #{term() => fun(() -> term())}.
questions(Walk, Top) ->
    #{mailboxes := #{top := Longest}, reductions := Busiest, memory := Largest} = Walk,
    #{binaries := #{top := Holders, leaks := Leaks}} = Walk,
    Listed = lists:append([
        [Pid || {Pid, _, _} <- Longest],
        [Pid || {Pid, _} <- Busiest ++ Largest],
        [Pid || {Pid, _, _, _} <- Holders ++ Leaks]
    ]),
    Small = [Pid || {Pid, _, Heap, _} <- Holders ++ Leaks, Heap =< ?MAX_HEAP_BYTES],
    Representatives = cprof_waiting:representatives(Walk, Top),
    maps:from_list(
        [{{process, Pid}, fun() -> detail(Pid, []) end} || Pid <- Listed] ++
            maps:to_list(stacks(Representatives)) ++
            [{{binaries, Pid}, fun() -> sizes(Pid) end} || Pid <- Small]
    ).

%% Details with the stack, and for whose answer the process waits.
-spec stacks([pid()]) -> #{term() => fun(() -> term())}.
stacks(Pids) ->
    maps:from_list([{{process, Pid}, fun() -> stack(Pid) end} || Pid <- Pids]).

%% The same questions of some processes, and of some {own, Pid}: the bytes of the
%% binaries that nobody else holds, and of all.
-spec of_processes([pid()], [pid()]) -> #{term() => fun(() -> term())}.
of_processes(Pids, Holders) ->
    maps:from_list(
        [{{process, Pid}, fun() -> detail(Pid, []) end} || Pid <- Pids] ++
            [{{own, Pid}, fun() -> own(Pid) end} || Pid <- Holders]
    ).

own(Pid) ->
    case held(Pid) of
        {Binaries, Appended} ->
            Here = maps:map(
                fun(_, Same) -> length(Same) end,
                maps:groups_from_list(fun({Id, _, _}) -> Id end, Binaries)
            ),
            Distinct = lists:ukeysort(1, Binaries),
            Own = [Size || {Id, Size, Holders} <- Distinct, Holders =< maps:get(Id, Here)],
            {lists:sum(Own) + Appended, lists:sum([Size || {_, Size, _} <- Distinct]) + Appended};
        undefined ->
            unknown
    end.

%% The binaries that the VM lists, and the bytes of others. Before OTP 27 it does not
%% list those that the process itself built by appending; nobody else holds them.
held(Pid) ->
    case erlang:process_info(Pid, [binary, garbage_collection_info]) of
        [{binary, Binaries}, {garbage_collection_info, Info}] ->
            {Binaries, appended(virtual_heap(Info) - lists:sum([Size || {_, Size, _} <- Binaries]))};
        undefined ->
            undefined
    end.

appended(Bytes) when Bytes >= ?LEAST_APPENDED -> Bytes;
appended(_) -> 0.

%% The VM counts in words.
virtual_heap(Info) ->
    Words = lists:sum([Size || {Key, Size} <- Info, Key =:= bin_vheap_size orelse Key =:= bin_old_vheap_size]),
    Words * erlang:system_info(wordsize).

stack(Pid) ->
    case detail(Pid, [current_stacktrace]) of
        gone -> gone;
        Detail -> cprof_callees:look(Pid, Detail)
    end.

detail(Pid, More) ->
    Items = [registered_name, initial_call, current_function, status | More],
    case cprof_ask:info(Pid, Items) of
        undefined ->
            gone;
        Info ->
            Detail = #{
                name => registered(proplists:get_value(registered_name, Info)),
                initial_call => cprof_ask:initial_call(Info),
                current_function => proplists:get_value(current_function, Info),
                status => proplists:get_value(status, Info)
            },
            Stacks = [{stack, Stack} || {current_stacktrace, Stack} <- Info],
            maps:merge(Detail, maps:from_list(Stacks))
    end.

registered([]) -> undefined;
registered(Name) -> Name.

%% Each binary once, by its address.
sizes(Pid) ->
    case held(Pid) of
        {Binaries, Appended} -> maps:from_list([{{appended, Pid}, Appended} | [{Id, Size} || {Id, Size, _} <- Binaries]]);
        undefined -> gone
    end.

%% --- the lists; without the processes that have ended ------------------------

-spec mailboxes(cprof_walk:walk(), answers()) -> [mailbox()].
mailboxes(#{mailboxes := #{top := Longest}, elapsed_us := Us}, Answers) ->
    [
        Row#{length => Length, growth_per_s => growth_per_s(Length, Before, Us)}
     || {Pid, Length, Before} <- Longest, Row <- row(Pid, Answers)
    ].

growth_per_s(Length, Before, Us) when is_integer(Before), is_integer(Us), Us > 0 ->
    (Length - Before) * 1.0e6 / Us;
growth_per_s(_, _, _) ->
    undefined.

-spec busiest(cprof_walk:walk(), answers()) -> [process_row()].
busiest(#{reductions := Busiest, elapsed_us := Us}, Answers) ->
    [
        Row#{reductions_per_s => Delta * 1.0e6 / Us}
     || {Pid, Delta} <- Busiest, is_integer(Us), Us > 0, Row <- row(Pid, Answers)
    ].

-spec largest(cprof_walk:walk(), answers()) -> [process_row()].
largest(#{memory := Largest}, Answers) ->
    [Row#{bytes => Bytes} || {Pid, Bytes} <- Largest, Row <- row(Pid, Answers)].

%% By bytes, by ratio, and what the listed hold together, each binary once.
-spec binaries(cprof_walk:walk(), answers()) ->
    {[binary_row()], [binary_row()], non_neg_integer() | undefined}.
binaries(#{binaries := #{top := Holders, leaks := Leaks}}, Answers) ->
    Known = [maps:get({binaries, Pid}, Answers, unknown) || {Pid, _, _, _} <- Holders],
    Distinct =
        case lists:member(unknown, Known) of
            true -> undefined;
            false -> total(lists:foldl(fun maps:merge/2, #{}, [Ids || Ids <- Known, Ids =/= gone]))
        end,
    {binary_rows(Holders, Answers), binary_rows(Leaks, Answers), Distinct}.

binary_rows(Listed, Answers) ->
    [
        Row#{
            bytes => Bytes,
            heap_bytes => Heap,
            ratio => Bytes / max(1, Heap),
            distinct_bytes => distinct(maps:get({binaries, Pid}, Answers, unknown), Bytes),
            still_ms => still_ms(StillUs)
        }
     || {Pid, Bytes, Heap, StillUs} <- Listed, Row <- row(Pid, Answers)
    ].

%% A part of what the process held in the walk, as in cprof_memory_rows.
distinct(Ids, Held) when is_map(Ids) -> min(total(Ids), Held);
distinct(_, _) -> undefined.

total(Ids) -> lists:sum(maps:values(Ids)).

still_ms(undefined) -> undefined;
still_ms(Us) -> Us / 1000.

%% [] for one that has ended.
-spec row(pid(), answers()) -> [map()].
row(Pid, Answers) ->
    case Answers of
        #{{process, Pid} := gone} -> [];
        #{{process, Pid} := Detail} -> [maps:without([status, stack, whom], Detail#{pid => Pid})];
        #{} -> [maps:merge(#{pid => Pid}, nothing())]
    end.

nothing() -> #{name => undefined, initial_call => undefined, current_function => undefined}.
