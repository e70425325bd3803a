%% Facts that are asked so that nobody has to wait long: a process that is busy
%% in C code does not answer before it is done, and neither do the BIFs that
%% need a word from every scheduler while one of them is held by such a process.
-module(cprof_ask).

-export([each/3, start/1, collect/2, stuck/2, info/2, initial_call/1]).

-export_type([tasks/1]).

%% Its helpers answer by what they exit with.
-dialyzer({nowarn_function, [each/3, start/1]}).

-type tasks(Key) :: #{reference() => {Key, pid()}}.

%% A helper that only waits, on a node where nothing waits for a scheduler,
%% waits for somebody who is stuck.
-define(QUIET_MS, 3).
%% Waking up this often also makes this scheduler look for work in the queues
%% of others.
-define(TICK_MS, 1).
%% On a busy node the others may just not have had their turn yet.
-define(BUSY_MS, 50).
%% A dictionary that can only be had as a whole is copied by its owner.
-define(MAX_HEAP_WORDS, 1000000).

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

%% Begins to ask the questions, each by a helper of its own. They stay on this
%% scheduler, which is not held by anybody: in the queue of one that is, they
%% would wait for another to find them there.
-spec start(#{Key => fun(() -> term())}) -> tasks(Key).
start(Questions) ->
    Here = [monitor, {scheduler, erlang:system_info(scheduler_id)}],
    maps:from_list([
        begin
            {Helper, Monitor} = spawn_opt(fun() -> exit({answer, Question()}) end, Here),
            {Monitor, {Key, Helper}}
        end
     || {Key, Question} <- maps:to_list(Questions)
    ]).

%% The answers. A question that failed has none. The others are waited for as
%% long as answers come, and for WaitMs in any case; then those that are stuck
%% are given up. Second: the questions that were given up.
-spec collect(tasks(Key), non_neg_integer()) -> {#{Key => term()}, [Key]}.
collect(Tasks, WaitMs) ->
    Now = erlang:monotonic_time(millisecond),
    collect(Tasks, #{}, Now + WaitMs, Now).

collect(Tasks, Answers, _, _) when map_size(Tasks) =:= 0 ->
    {Answers, []};
collect(Tasks, Answers, Until, Latest) ->
    receive
        {'DOWN', Monitor, process, _, Reason} when is_map_key(Monitor, Tasks) ->
            {{Key, _}, Left} = maps:take(Monitor, Tasks),
            Now = erlang:monotonic_time(millisecond),
            collect(Left, answered(Key, Reason, Answers), Until, Now)
    after ?TICK_MS ->
        Now = erlang:monotonic_time(millisecond),
        Ms = Now - Latest,
        Helpers = [Helper || {_, Helper} <- maps:values(Tasks)],
        case Now >= Until andalso Ms >= ?QUIET_MS andalso stuck(Helpers, Ms) of
            true -> {Answers, give_up(Tasks)};
            false -> collect(Tasks, Answers, Until, Latest)
        end
    end.

answered(Key, {answer, Answer}, Answers) -> Answers#{Key => Answer};
answered(_, _, Answers) -> Answers.

give_up(Tasks) ->
    [
        begin
            exit(Helper, kill),
            erlang:demonitor(Monitor, [flush]),
            Key
        end
     || {Monitor, {Key, Helper}} <- maps:to_list(Tasks)
    ].

%% Whether there is no use in waiting for helpers none of which came on for so
%% many milliseconds: one of them waits itself, and no process of the node for
%% its turn. Their state is read without asking them. (One in a file operation
%% is running to the VM, also while it lies in the queue for that: a held
%% scheduler was seen to keep it there.)
-spec stuck([pid()], non_neg_integer()) -> boolean().
stuck(_, Ms) when Ms >= ?BUSY_MS -> true;
stuck(Helpers, _) ->
    erlang:statistics(total_run_queue_lengths) =:= 0 andalso
        lists:any(
            fun(Helper) -> erlang:process_info(Helper, status) =:= {status, waiting} end,
            Helpers
        ).

%% Items of process_info, and in them as `dictionary' what proc_lib notes there
%% and as `label' the label. Only OTP 27.2 and later has item label, only OTP
%% 26.2 and later gives single keys.
-spec info(pid(), [atom()]) -> [{atom(), term()}] | undefined.
info(Pid, Plain) ->
    Keys = [{dictionary, '$initial_call'}, {dictionary, '$ancestors'}],
    first_way([
        fun() -> erlang:process_info(Pid, [label | Plain] ++ Keys) end,
        fun() -> erlang:process_info(Pid, [{dictionary, '$process_label'} | Plain] ++ Keys) end,
        fun() -> whole_dictionary(Pid, Plain) end
    ]).

first_way([Way | Others]) ->
    try Way() of
        undefined -> undefined;
        Info -> one_dictionary(Info)
    catch
        error:badarg when Others =/= [] -> first_way(Others)
    end.

%% heap_size is of the young heap only, but total_heap_size is slow behind a
%% long mailbox.
whole_dictionary(Pid, Plain) ->
    case erlang:process_info(Pid, [heap_size | Plain]) of
        [{heap_size, Words} | Info] when Words =< ?MAX_HEAP_WORDS ->
            case erlang:process_info(Pid, dictionary) of
                {dictionary, Dictionary} -> [{dictionary, Dictionary} | Info];
                undefined -> undefined
            end;
        [_ | Info] ->
            Info;
        undefined ->
            undefined
    end.

one_dictionary(Info) ->
    Keys = [{Key, Value} || {{dictionary, Key}, Value} <- Info],
    Dictionary = Keys ++ proplists:get_value(dictionary, Info, []),
    Plain = [Item || {Key, _} = Item <- Info, is_atom(Key), Key =/= dictionary, Key =/= label],
    Label = proplists:get_value('$process_label', Dictionary),
    Plain ++ [{dictionary, Dictionary}, {label, proplists:get_value(label, Info, Label)}].

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
