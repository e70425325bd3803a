%% Estimates who is waited for, for a snapshot. A process that waits for an answer
%% (the same calls are known as in c_src/recorder/asks.h) monitors the process that
%% is to answer. So of the waiting processes whose stacks are asked for anyway, those
%% in a call are also asked for their monitors. Where such a process monitors only
%% one process of this node, that is the one; where there are several, it is not
%% known which. What a few processes of a group say stands for the whole group.
-module(cprof_callees).

-export([look/2, estimate/2, pids/1, rows/3]).

-export_type([whom/0, estimate/0, callees/0, row/0]).

%% For whose answer a process waits.
-type whom() :: {waits_for, pid()} | unknown | nobody.
-type row() :: #{
    pid := pid(),
    name := atom(),
    initial_call := mfa() | undefined,
    current_function := mfa() | undefined,
    %% processes that wait for it, estimated
    about := pos_integer(),
    %% asked in groups that wait for it, and of these how many do
    asked := pos_integer(),
    agree := pos_integer(),
    %% for whose answer it waits itself
    waits_for := pid() | undefined
}.
-type callees() :: #{
    %% processes that wait for an answer, estimated; of them, it is not known whose
    in_calls := non_neg_integer(),
    unknown := non_neg_integer(),
    %% processes in calls that were asked
    asked := non_neg_integer(),
    %% callees that are not in top
    others := non_neg_integer(),
    %% the most waited for first
    top := [row()]
}.
%% About is not rounded yet.
-type estimate() :: #{
    in_calls := number(), unknown := number(), asked := non_neg_integer(), callees := [callee()]
}.
-type callee() :: {pid(), About :: number(), Agree :: pos_integer(), Asked :: pos_integer()}.

%% Asks a process that is in a call whom it waits for; its stack is that of the same
%% moment. Any other process is not asked again.
-spec look(pid(), Detail) -> Detail when Detail :: #{stack := list(), status := atom(), _ => _}.
look(Pid, #{stack := Stack} = Detail) ->
    case is_call(Stack) of
        true -> in_call(erlang:process_info(Pid, [status, current_stacktrace, monitors]), Detail);
        false -> Detail#{whom => nobody}
    end.

in_call([{status, Status}, {current_stacktrace, Stack}, {monitors, Monitors}], Detail) ->
    Now = Detail#{status := Status, stack := Stack},
    case is_call(Stack) of
        true -> Now#{whom => whom(Monitors)};
        false -> Now#{whom => nobody}
    end;
in_call(undefined, Detail) ->
    Detail#{status := exiting, whom => nobody}.

is_call([{gen, do_call, 4, _} | _]) -> true;
is_call([{'Elixir.Task', await, 2, _} | _]) -> true;
is_call([{'Elixir.Task', await_receive, 3, _} | _]) -> true;
is_call(_) -> false.

whom(Monitors) ->
    case lists:usort([Monitored || {process, Monitored} <- Monitors]) of
        [Pid] when is_pid(Pid), node(Pid) =:= node() -> {waits_for, Pid};
        _ -> unknown
    end.

%% --- the groups ----------------------------------------------------------------

-spec estimate(cprof_walk:walk(), #{cprof_ask:key() => term()}) -> estimate().
estimate(#{sample := Sample}, Answers) ->
    sum([{1, [Pid]} || Pid <- Sample], Answers);
estimate(#{groups := Groups}, Answers) ->
    sum([{Count, Sample} || {_, _, Count, Sample} <- Groups], Answers).

sum(Groups, Answers) ->
    {Totals, Callees} = lists:foldl(
        fun({Count, Sample}, Sums) -> add(Count, whoms(Sample, Answers), Sums) end,
        {{0, 0, 0}, #{}},
        Groups
    ),
    {InCalls, Unknown, Asked} = Totals,
    Rows = [{Pid, About, Agree, Of} || {Pid, {About, Agree, Of}} <- maps:to_list(Callees)],
    #{
        in_calls => InCalls,
        unknown => Unknown,
        asked => Asked,
        callees => lists:reverse(lists:keysort(2, Rows))
    }.

%% Those that were woken since the walk say nothing about the group.
whoms(Sample, Answers) ->
    [
        Whom
     || Pid <- Sample,
        #{status := waiting, whom := Whom} <- [maps:get({process, Pid}, Answers, gone)]
    ].

add(Count, Whoms, {{InCalls, Unknown, Asked}, Callees}) ->
    Of = length(Whoms),
    Known = [Pid || {waits_for, Pid} <- Whoms],
    Unsure = length([unknown || unknown <- Whoms]),
    In = length(Known) + Unsure,
    Each = Count / max(1, Of),
    {
        {InCalls + In * Each, Unknown + Unsure * Each, Asked + In},
        lists:foldl(
            fun({Pid, Agree}, All) -> add_callee(Pid, {Agree * Each, Agree, Of}, All) end,
            Callees,
            counted(Known)
        )
    }.

counted(Pids) ->
    [{Pid, length([Same || Same <- Pids, Same =:= Pid])} || Pid <- lists:usort(Pids)].

add_callee(Pid, {About, Agree, Of} = New, All) ->
    maps:update_with(Pid, fun({A, B, C}) -> {A + About, B + Agree, C + Of} end, New, All).

%% --- the result ----------------------------------------------------------------

%% The most waited for first.
-spec pids(estimate()) -> [pid()].
pids(#{callees := Callees}) -> [Pid || {Pid, _, _, _} <- Callees].

%% The Top most waited for, with what they answered when they were asked, too;
%% without those that have ended.
-spec rows(estimate(), #{cprof_ask:key() => term()}, pos_integer()) -> callees().
rows(#{in_calls := InCalls, unknown := Unknown, asked := Asked, callees := Callees}, Answers, Top) ->
    {Shown, Others} = lists:split(min(Top, length(Callees)), Callees),
    #{
        in_calls => round(InCalls),
        unknown => round(Unknown),
        asked => Asked,
        others => length(Others),
        top => [
            Row#{about => max(1, round(About)), asked => Of, agree => Agree}
         || {Pid, About, Agree, Of} <- Shown, Row <- row(Pid, Answers)
        ]
    }.

row(Pid, Answers) ->
    case Answers of
        #{{process, Pid} := gone} ->
            [];
        #{{process, Pid} := Detail} ->
            Known = maps:with([name, initial_call, current_function], Detail),
            [Known#{pid => Pid, waits_for => waits_for(Detail)}];
        #{} ->
            [
                #{
                    pid => Pid,
                    name => name_of(Pid),
                    initial_call => undefined,
                    current_function => undefined,
                    waits_for => undefined
                }
            ]
    end.

waits_for(#{whom := {waits_for, Pid}}) -> Pid;
waits_for(_) -> undefined.

%% A process in long C code does not say its name, and may be just the one that
%% everybody waits for.
name_of(Pid) ->
    case [Name || Name <- registered(), whereis(Name) =:= Pid] of
        [Name | _] -> Name;
        [] -> undefined
    end.
