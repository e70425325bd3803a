%% Facts that a process tells of itself, asked so that nobody has to wait long:
%% a process that is busy in C code does not answer before it is done.
-module(cprof_ask).

-export([each/3, initial_call/1]).

%% Its helpers answer by what they exit with.
-dialyzer({nowarn_function, each/3}).

%% What Fun gives for each pid, asked all at once by helpers. Without those
%% that were not there within Ms milliseconds, failed, or are undefined.
-spec each([pid()], fun((pid()) -> Answer | undefined), non_neg_integer()) -> #{pid() => Answer}.
each(Pids, Fun, Ms) ->
    Deadline = erlang:monotonic_time(millisecond) + Ms,
    Helpers = [{Pid, spawn_monitor(fun() -> exit({answer, ask(Fun, Pid)}) end)} || Pid <- Pids],
    Answers = [{Pid, await(Helper, Deadline)} || {Pid, Helper} <- Helpers],
    maps:from_list([{Pid, Answer} || {Pid, Answer} <- Answers, Answer =/= undefined]).

ask(Fun, Pid) ->
    try
        Fun(Pid)
    catch
        _:_ -> undefined
    end.

await({Helper, Monitor}, Deadline) ->
    Left = max(0, Deadline - erlang:monotonic_time(millisecond)),
    receive
        {'DOWN', Monitor, process, _, {answer, Answer}} -> Answer;
        {'DOWN', Monitor, process, _, _} -> undefined
    after Left ->
        exit(Helper, kill),
        erlang:demonitor(Monitor, [flush]),
        undefined
    end.

%% Where a process began, by its dictionary and by what the VM says: proc_lib
%% starts every process in the same function and notes the real one.
-spec initial_call([{term(), term()}]) -> {module(), atom(), arity()} | undefined.
initial_call(Info) ->
    Dictionary = proplists:get_value(dictionary, Info, []),
    case proplists:get_value('$initial_call', Dictionary) of
        {Module, Function, Arity} when is_atom(Module), is_atom(Function), is_integer(Arity) ->
            {Module, Function, Arity};
        _ ->
            proplists:get_value(initial_call, Info)
    end.
