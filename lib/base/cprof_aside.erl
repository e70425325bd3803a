%% Runs a function in a process that ends with its caller, however the caller
%% ends, and that answers with its exit reason. All work of cprof that answers a
%% caller is started here. (erpc:call/3 answers in the same way, but its process
%% lives on when the caller is killed, and may take the node's last slot.)
%%
%% No process here is bound to a scheduler: a process that is bound to a scheduler
%% which goes offline never runs again, and code that has to ask every process
%% then waits for it.
%%
%% The last free process slots belong to the application: no process is started
%% while fewer slots than a reserve are free.
-module(cprof_aside).

-export([run/3, start/1, help/1, help/2, next/2, answer/1, give_up/1]).
-export([has_room/1, no_room/0, is_nearly_full/0]).

-export_type([task/0, kind/0]).

% They answer by what they exit with.
-dialyzer({nowarn_function, [start/1, help/2]}).

%% The process and its monitor. It answers with the monitor's 'DOWN' message:
%% next/2 receives it; where a process receives everything in one place, as a
%% gen_server does, the message's reason is for answer/1.
-type task() :: {pid(), reference()}.
%% What the process is registered as while it has the turn.
-type kind() :: atom().

%% Slots that are always left free, and how many more a snapshot needs at once.
-define(RESERVE, 128).
-define(AT_ONCE, 64).
%% A process that did not get to run for this long is given up: it may be in the
%% queue of a scheduler that is held by a process in C code.
-define(STARVED_MS, 100).
%% Waiting for another's turn takes more patience: its own caller is to act first.
-define(PATIENCE_MS, 1000).
%% In the dictionary of a process that survives its helpers' failures.
-define(OWNER, '$cprof_aside').
%% In the dictionary of a caller: it had the turn last.
-define(HAD_TURN(Kind), {'$cprof_aside', Kind}).

%% Runs Fun in a separate process, and returns or raises what Fun does. Only one
%% of each kind runs at a time; other callers wait for their turn. Where no process
%% may be started, the caller runs Full instead.
-spec run(kind(), fun(() -> Answer), fun(() -> Answer)) -> Answer.
run(Kind, Fun, Full) ->
    let_others_pass(erase(?HAD_TURN(Kind))),
    case whereis(Kind) of
        undefined ->
            first(Kind, Fun, Full);
        Holder ->
            case await({Holder, erlang:monitor(process, Holder)}, ?PATIENCE_MS) of
                starved -> out_of_turn(Fun, Full);
                {ended, _} -> run(Kind, Fun, Full)
            end
    end.

%% When a turn ends, its caller and those that wait for it become runnable
%% together. A caller that comes again at once could always be the first of them.
let_others_pass(true) ->
    _ = erlang:yield(),
    ok;
let_others_pass(undefined) ->
    ok.

%% It is registered here, so that all later callers see that one is before them.
first(Kind, Fun, Full) ->
    case start(fun() -> receive go -> Fun() end end) of
        full ->
            Full();
        {Pid, _} = Task ->
            case is_first(Kind, Pid) of
                true ->
                    Pid ! go,
                    finish(await(Task, ?STARVED_MS), Kind, Task, Fun, Full);
                false ->
                    give_up(Task),
                    run(Kind, Fun, Full)
            end
    end.

is_first(Kind, Pid) ->
    try
        register(Kind, Pid)
    catch
        %% Another was faster, or it has ended: it found no slot for its leash.
        error:badarg -> not is_process_alive(Pid)
    end.

finish({ended, Reason}, Kind, _, _, Full) ->
    _ = put(?HAD_TURN(Kind), true),
    result(Reason, Full);
finish(starved, Kind, {Pid, _} = Task, Fun, Full) ->
    %% It ends when it has its turn, which is not waited for.
    _ = [unregister(Kind) || whereis(Kind) =:= Pid],
    give_up(Task),
    out_of_turn(Fun, Full).

out_of_turn(Fun, Full) ->
    case start(Fun) of
        full ->
            Full();
        {Pid, Monitor} ->
            receive
                {'DOWN', Monitor, process, Pid, Reason} -> result(Reason, Full)
            end
    end.

result(full, Full) -> Full();
result({answer, Answer}, _) -> Answer;
result({raised, Class, Reason, Stack}, _) -> erlang:raise(Class, Reason, Stack);
result(Reason, _) -> erlang:error(Reason).

await(Task, StarvedMs) -> await(Task, StarvedMs, none).

await({Pid, Monitor} = Task, StarvedMs, Before) ->
    receive
        {'DOWN', Monitor, process, Pid, Reason} -> {ended, Reason}
    after StarvedMs ->
        case progress(Pid) of
            {runnable, _} = Before ->
                erlang:demonitor(Monitor, [flush]),
                starved;
            Now ->
                await(Task, StarvedMs, Now)
        end
    end.

%% The status is read without asking the process; one that only waits for its
%% turn holds no lock either.
progress(Pid) ->
    case erlang:process_info(Pid, status) of
        {status, runnable} -> {runnable, erlang:process_info(Pid, reductions)};
        _ -> none
    end.

%% --- processes -----------------------------------------------------------------

%% Starts a process that ends when its owner, the caller, ends. It may have its
%% own helpers.
-spec start(fun(() -> term())) -> task() | full.
start(Fun) ->
    Owner = self(),
    Run = fun() ->
        leash(Owner),
        exit(outcome(Fun))
    end,
    begin_process(2, Run, [monitor]).

%% A helper of a process that was begun here: it is linked, so that it needs no
%% other process to end with its owner. For any other process the same as start/1.
-spec help(fun(() -> term())) -> task() | full.
help(Fun) -> help(Fun, normal).

%% The same with a priority: `high' for little work in many turns.
-spec help(fun(() -> term()), normal | high) -> task() | full.
help(Fun, Priority) ->
    case get(?OWNER) of
        true ->
            Owner = self(),
            Run = fun() ->
                Outcome = outcome(Fun),
                unlink(Owner),
                exit(Outcome)
            end,
            begin_process(1, Run, [link, monitor, {priority, Priority}]);
        undefined ->
            start(Fun)
    end.

begin_process(Slots, Run, Options) ->
    try has_room(Slots) andalso erlang:spawn_opt(Run, Options) of
        false -> full;
        Task -> Task
    catch
        error:system_limit -> full
    end.

outcome(Fun) ->
    try
        {answer, Fun()}
    catch
        Class:Reason:Stack -> {raised, Class, Reason, Stack}
    end.

%% A link would end the owner, too, when this process is killed; a monitor only
%% sends a message. So another process waits for the owner's end. It is linked,
%% and ends with this one.
leash(Owner) ->
    _ = process_flag(trap_exit, true),
    _ = put(?OWNER, true),
    Own = self(),
    try
        spawn_link(fun() -> wait_for(Owner, Own) end)
    catch
        error:system_limit -> exit(full)
    end.

wait_for(Owner, Own) ->
    Monitor = erlang:monitor(process, Owner),
    receive
        {'DOWN', Monitor, process, _, _} -> exit(Own, kill)
    end.

%% The first of some tasks to end, here by their monitors, and its answer; `none'
%% after Ms milliseconds.
-spec next(#{reference() => term()}, timeout()) -> {reference(), {ok, term()} | failed} | none.
next(Tasks, Ms) ->
    receive
        {'DOWN', Monitor, process, _, Reason} when is_map_key(Monitor, Tasks) ->
            {Monitor, answer(Reason)}
    after Ms -> none
    end.

-spec answer(term()) -> {ok, term()} | failed.
answer({answer, Answer}) -> {ok, Answer};
answer(_) -> failed.

%% Ends it; no message comes from it afterwards.
-spec give_up(task()) -> ok.
give_up({Pid, Monitor}) ->
    unlink(Pid),
    exit(Pid, kill),
    erlang:demonitor(Monitor, [flush]),
    receive
        {'EXIT', Pid, _} -> ok
    after 0 -> ok
    end.

%% --- process slots -------------------------------------------------------------

%% Are there slots for Count more processes, beyond the reserve?
-spec has_room(pos_integer()) -> boolean().
has_room(Count) ->
    Free = erlang:system_info(process_limit) - erlang:system_info(process_count),
    Free >= ?RESERVE + Count.

%% Why something was not started if there is no room for its processes.
-spec no_room() -> {system_limit, binary()}.
no_room() ->
    {system_limit, <<"too few process slots of this node are free; start it with a larger +P">>}.

%% Too few slots for as many helpers as a snapshot has at once.
-spec is_nearly_full() -> boolean().
is_nearly_full() -> not has_room(?AT_ONCE).
