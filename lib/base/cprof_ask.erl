%% Asks for facts without waiting long for any of them. A process that is busy in
%% C code does not answer before it is done, and neither do BIFs that need an
%% answer from every scheduler while such a process holds one.
-module(cprof_ask).

-export([each/3, start/1, collect/2, at_rest/1, stuck/2, info/2, initial_call/1]).

-export_type([key/0, question/0, advance/0, tasks/0]).

%% {_, Pid}: a question that Pid answers.
-type key() :: term().
%% {prompt, _}: little work in many turns. Its helper has priority high, because on a busy
%% node it would wait for each turn. It calls the function that it is given after each
%% turn, so that it does not count as stuck.
-type question() :: fun(() -> term()) | {prompt, fun((advance()) -> term())}.
-type advance() :: fun(() -> ok).
-opaque tasks() :: #{
    running := #{reference() => {key(), cprof_aside:task()}},
    left := [{key(), question()}],
    answers := #{key() => term()},
    missing := [key()],
    %% counts what the prompt ones have done
    advanced := atomics:atomics_ref()
}.

%% Helpers at a time.
-define(AT_ONCE, 64).
%% A helper that only waits, on a node where nothing waits for a scheduler,
%% is itself waiting for somebody who is stuck.
-define(QUIET_MS, 3).
%% Waking up this often also makes this scheduler look for work in the queues
%% of others: the VM may have moved a helper into that of one that is held.
-define(TICK_MS, 1).
%% On a busy node the others may just not have had their turn yet.
-define(BUSY_MS, 50).
%% And neither has had this process, so that many of its turns must pass, too.
-define(BUSY_TURNS, 5).
%% A dictionary that can only be had as a whole is copied by its owner.
-define(MAX_HEAP_WORDS, 1000000).

%% What Fun gives for each pid. Without those that failed, are undefined, or
%% are stuck after Ms milliseconds.
-spec each([pid()], fun((pid()) -> Answer | undefined), non_neg_integer()) -> #{pid() => Answer}.
each(Pids, Fun, Ms) ->
    Questions = [{{each, Pid}, fun() -> Fun(Pid) end} || Pid <- lists:usort(Pids)],
    {Answers, _} = collect(start(Questions), Ms),
    maps:from_list([{Pid, A} || {{each, Pid}, A} <- maps:to_list(Answers), A =/= undefined]).

%% Begins to ask the questions, each by a helper of its own, a few at a time in
%% the order given. Where no process may be begun this one asks those that are
%% at rest, and the other questions have no answer.
-spec start([{key(), question()}] | #{key() => question()}) -> tasks().
start(Questions) when is_map(Questions) ->
    start(maps:to_list(Questions));
start(Questions) ->
    Advanced = atomics:new(1, []),
    go_on(#{running => #{}, left => Questions, answers => #{}, missing => [], advanced => Advanced}).

go_on(#{left := []} = Tasks) ->
    Tasks;
go_on(#{running := Running} = Tasks) when map_size(Running) >= ?AT_ONCE ->
    Tasks;
go_on(#{running := Running, left := [{Key, Question} | Left]} = Tasks) ->
    case help(Question, maps:get(advanced, Tasks)) of
        {_, Monitor} = Task ->
            go_on(Tasks#{running := Running#{Monitor => {Key, Task}}, left := Left});
        full when map_size(Running) > 0 ->
            Tasks;
        full ->
            go_on(ask_here(Key, Question, Tasks#{left := Left}))
    end.

help({prompt, Question}, Advanced) ->
    cprof_aside:help(fun() -> Question(fun() -> atomics:add(Advanced, 1, 1) end) end, high);
help(Question, _) ->
    cprof_aside:help(Question).

ask_here({_, Pid} = Key, Question, Tasks) when is_pid(Pid) ->
    case at_rest(Pid) of
        true -> answered_here(Key, Question, Tasks);
        false -> missing([Key], Tasks)
    end;
ask_here(Key, _, Tasks) ->
    missing([Key], Tasks).

answered_here(Key, Question, #{answers := Answers} = Tasks) ->
    try Question() of
        Answer -> Tasks#{answers := Answers#{Key => Answer}}
    catch
        _:_ -> Tasks
    end.

missing(Keys, #{missing := Missing} = Tasks) -> Tasks#{missing := Keys ++ Missing}.

%% Whether a process that is asked answers soon: it is not in C code. Its status
%% is read without asking it.
-spec at_rest(pid()) -> boolean().
at_rest(Pid) when Pid =:= self() ->
    true;
at_rest(Pid) ->
    case erlang:process_info(Pid, status) of
        {status, Status} -> lists:member(Status, [waiting, runnable, suspended]);
        undefined -> true
    end.

%% Returns the answers, and the questions that were given up. A question that
%% failed has no answer. This waits as long as answers arrive, and for at least
%% WaitMs; then it gives up the questions that are stuck.
-spec collect(tasks(), non_neg_integer()) -> {#{key() => term()}, [key()]}.
collect(Tasks, WaitMs) ->
    Now = erlang:monotonic_time(millisecond),
    collect(Tasks, Now + WaitMs, {Now, 0, 0}).

%% When the latest answer came, or a prompt helper last advanced, and how many turns
%% ago; and how often these had advanced until then.
collect(#{running := Running, answers := Answers, missing := Missing}, _, _) when
    map_size(Running) =:= 0
->
    {Answers, Missing};
collect(#{running := Running, advanced := Advanced} = Tasks, Until, {Latest, Turns, Steps}) ->
    Next = cprof_aside:next(Running, ?TICK_MS),
    Now = erlang:monotonic_time(millisecond),
    case {Next, atomics:get(Advanced, 1)} of
        {{Monitor, Answer}, More} ->
            collect(go_on(ended(Monitor, Answer, Tasks)), Until, {Now, 0, More});
        {none, More} when More > Steps ->
            collect(Tasks, Until, {Now, 0, More});
        {none, _} ->
            case Now >= Until andalso is_hopeless(Running, Now - Latest, Turns + 1) of
                true -> collect(go_on(give_up(Tasks)), Until, {Now, 0, Steps});
                false -> collect(Tasks, Until, {Latest, Turns + 1, Steps})
            end
    end.

is_hopeless(_, Ms, _) when Ms < ?QUIET_MS ->
    false;
is_hopeless(Running, Ms, Turns) ->
    Helpers = [Helper || {_, {Helper, _}} <- maps:values(Running)],
    Patience = if Turns < ?BUSY_TURNS -> min(Ms, ?BUSY_MS - 1); true -> Ms end,
    stuck(Helpers, Patience).

ended(Monitor, Answer, #{running := Running, answers := Answers} = Tasks) ->
    {{Key, _}, Left} = maps:take(Monitor, Running),
    case Answer of
        {ok, Known} -> Tasks#{running := Left, answers := Answers#{Key => Known}};
        failed -> Tasks#{running := Left}
    end.

give_up(#{running := Running} = Tasks) ->
    {Keys, Helpers} = lists:unzip(maps:values(Running)),
    lists:foreach(fun cprof_aside:give_up/1, Helpers),
    missing(Keys, Tasks#{running := #{}}).

%% Whether it is useless to wait for helpers of which none has advanced for Ms
%% milliseconds: one of them is waiting itself, and no process of the node is
%% waiting for its turn. Their state is read without asking them. (For the VM, a
%% helper in a file operation is running, even while it is in the queue for that:
%% a held scheduler was seen to keep it there.)
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

%% The initial call of a process, by its dictionary and by the VM: proc_lib starts
%% every process in the same function and notes the real one.
-spec initial_call([{term(), term()}]) -> {module(), atom(), arity()} | undefined.
initial_call(Info) ->
    Dictionary = proplists:get_value(dictionary, Info, []),
    case proplists:get_value('$initial_call', Dictionary) of
        {Module, Function, Arity} when is_atom(Module), is_atom(Function), is_integer(Arity) ->
            {Module, Function, Arity};
        _ ->
            proplists:get_value(initial_call, Info)
    end.
