%% Groups the waiting processes by where they wait. With the NIF, the walk groups
%% all of them by program counter and initial call, and up to eight processes of
%% each group, chosen at random, are asked for their stacks. With BIFs, a sample of the processes is
%% asked.
-module(cprof_waiting).

-export([representatives/2, groups/3]).

-export_type([group/0]).

-type group() :: #{
    count := pos_integer(),
    %% as proc_lib notes it, where all that were asked have the same
    initial_call := mfa() | undefined,
    %% where they wait; undefined where none of them could be asked
    function := mfa() | undefined,
    file := binary() | undefined,
    line := non_neg_integer() | undefined,
    %% innermost first, as texts
    stack := [binary()],
    %% some of them
    pids := [pid()],
    %% asked, and of these how many wait just there
    asked := non_neg_integer(),
    agree := non_neg_integer()
}.

-define(PIDS, 3).

%% Who is to be asked for a stack.
-spec representatives(cprof_walk:walk(), pos_integer()) -> [pid()].
representatives(#{sample := Sample}, _) ->
    Sample;
representatives(#{groups := Groups}, Top) ->
    {Most, Others} = lists:split(min(Top, length(Groups)), Groups),
    lists:append([Sample || {_, _, _, Sample} <- Most]) ++
        [hd(Sample) || {_, _, _, Sample} <- Others, Sample =/= []].

%% The Top largest groups; others: waiting processes in none of them.
-spec groups(cprof_walk:walk(), #{cprof_ask:key() => term()}, pos_integer()) ->
    #{examined := non_neg_integer(), others := non_neg_integer(), groups := [group()]}.
groups(Walk, Answers, Top) ->
    {Examined, Found} = found(Walk, Answers),
    Merged = maps:values(lists:foldl(fun merge/2, #{}, Found)),
    Sorted = lists:sort(fun(#{count := A}, #{count := B}) -> A >= B end, Merged),
    Groups = lists:sublist(Sorted, Top),
    Shown = lists:sum([Count || #{count := Count} <- Groups]),
    #{examined => Examined, others => max(0, Examined - Shown), groups => Groups}.

found(#{sample := Sample}, Answers) ->
    Waiting = [{Pid, Detail} || Pid <- Sample, Detail <- waiting(Pid, Answers)],
    {length(Waiting), [group([One], 1, 1) || One <- Waiting]};
found(#{groups := Groups, groups_missed := Missed}, Answers) ->
    Examined = lists:sum([Count || {_, _, Count, _} <- Groups]) + Missed,
    {Examined, [of_walk(Group, Answers) || Group <- Groups]}.

waiting(Pid, Answers) ->
    case Answers of
        #{{process, Pid} := #{status := waiting, stack := _} = Detail} -> [Detail];
        #{} -> []
    end.

%% Of those that still wait the ones count that are most in one place: the
%% others were woken since the walk, and wait elsewhere now.
of_walk({_, Initial, Count, Sample}, Answers) ->
    case [{Pid, Detail} || Pid <- Sample, Detail <- waiting(Pid, Answers)] of
        [] -> unknown(Initial, Count, Sample);
        Asked -> group(most_alike(Asked), Count, length(Asked))
    end.

most_alike(Asked) ->
    Places = maps:groups_from_list(fun({_, Detail}) -> place(Detail) end, Asked),
    [Most | _] = lists:sort(fun(A, B) -> length(A) >= length(B) end, maps:values(Places)),
    Most.

unknown(Initial, Count, Sample) ->
    #{
        count => Count,
        initial_call => Initial,
        function => undefined,
        file => undefined,
        line => undefined,
        stack => [],
        pids => lists:sublist(Sample, ?PIDS),
        asked => 0,
        agree => 0
    }.

group([{_, First} | _] = Alike, Count, Asked) ->
    {Function, File, Line} = place(First),
    #{
        count => Count,
        initial_call => in_common([Call || {_, #{initial_call := Call}} <- Alike]),
        function => Function,
        file => File,
        line => Line,
        stack => [cprof_words:frame(Frame) || Frame <- maps:get(stack, First)],
        pids => lists:sublist([Pid || {Pid, _} <- Alike], ?PIDS),
        asked => Asked,
        agree => length(Alike)
    }.

in_common(Calls) ->
    case lists:usort(Calls) of
        [Call] -> Call;
        _ -> undefined
    end.

%% A process that hibernates has no stack.
place(#{stack := [{Module, Function, Arity, Where} | _]}) when is_integer(Arity) ->
    {{Module, Function, Arity}, file(Where), proplists:get_value(line, Where)};
place(#{current_function := Function}) ->
    {Function, undefined, undefined}.

file(Where) ->
    case proplists:get_value(file, Where) of
        undefined -> undefined;
        File -> unicode:characters_to_binary(File)
    end.

%% The same place reached by the same way is one group, also where the walk
%% had two.
merge(Group, All) ->
    Place = maps:with([initial_call, function, line, stack], Group),
    maps:update_with(Place, fun(Was) -> together(Was, Group) end, Group, All).

together(A, B) ->
    Sum = fun(Key) -> maps:get(Key, A) + maps:get(Key, B) end,
    A#{
        count := Sum(count),
        asked := Sum(asked),
        agree := Sum(agree),
        pids := lists:sublist(maps:get(pids, A) ++ maps:get(pids, B), ?PIDS)
    }.
