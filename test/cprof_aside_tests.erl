%% Processes that work for another: they answer, take turns, and end with it.
-module(cprof_aside_tests).

-include_lib("eunit/include/eunit.hrl").

-import(cprof_test_support, [until/1, at_once/1, forever/0]).

-define(KIND, cprof_aside_tests_kind).

run(Fun) -> run(Fun, fun() -> full end).
run(Fun, Full) -> cprof_aside:run(?KIND, Fun, Full).

%% Called by a worker: tells Owner who it is.
tell(Owner) -> Owner ! {works, self()}.

worker() ->
    receive
        {works, Pid} -> Pid
    end.

is_gone(Pids) -> fun() -> [] =:= [Pid || Pid <- Pids, is_process_alive(Pid)] end.

no_mail() -> ?assertEqual({messages, []}, process_info(self(), messages)).

%% --- answers -----------------------------------------------------------------

it_answers_in_another_process_test_() -> {timeout, 120, fun it_answers_in_another_process/0}.

it_answers_in_another_process() ->
    Own = self(),
    ?assertEqual({answer, true}, run(fun() -> {answer, self() =/= Own} end)),
    no_mail().

what_is_raised_is_raised_in_the_caller_test_() -> {timeout, 120, fun what_is_raised_is_raised_in_the_caller/0}.

what_is_raised_is_raised_in_the_caller() ->
    ?assertError(boom, run(fun() -> error(boom) end)),
    ?assertThrow(boom, run(fun() -> throw(boom) end)),
    ?assertExit(boom, run(fun() -> exit(boom) end)),
    ?assertExit(normal, run(fun() -> exit(normal) end)),
    ?assertError(killed, run(fun() -> exit(self(), kill), forever() end)),
    ?assertEqual(undefined, whereis(?KIND)),
    no_mail().

%% On one scheduler nothing but the order of the run queue decides who is next.
nobody_comes_first_every_time_test_() -> {timeout, 120, fun nobody_comes_first_every_time/0}.

nobody_comes_first_every_time() ->
    _ = cprof_snapshot:take(#{}),
    Was = erlang:system_flag(schedulers_online, 1),
    Turns = counters:new(2, []),
    Callers = [spawn(fun() -> take_turns(Turns, N, How) end) || {N, How} <- [{1, #{}}, {2, #{source => bif}}]],
    Taken = fun() -> [counters:get(Turns, N) || N <- [1, 2]] end,
    try
        until(fun() -> lists:sum(Taken()) >= 300 end),
        ?assert(lists:min(Taken()) >= 90, Taken())
    after
        [exit(Pid, kill) || Pid <- Callers],
        erlang:system_flag(schedulers_online, Was)
    end.

take_turns(Turns, N, How) ->
    _ = cprof_snapshot:take(How),
    counters:add(Turns, N, 1),
    take_turns(Turns, N, How).

%% A process that traps exits gets no message of ours.
to_a_process_that_traps_exits_test_() -> {timeout, 120, fun to_a_process_that_traps_exits/0}.

to_a_process_that_traps_exits() ->
    Was = process_flag(trap_exit, true),
    try
        ?assertEqual(1, run(fun() -> 1 end)),
        {_, Monitor} = cprof_aside:help(fun() -> 2 end),
        receive
            {'DOWN', Monitor, process, _, Reason} ->
                ?assertEqual({ok, 2}, cprof_aside:answer(Reason))
        end,
        ok = cprof_aside:give_up(cprof_aside:help(fun cprof_test_support:forever/0)),
        no_mail()
    after
        process_flag(trap_exit, Was)
    end.

helpers_that_fail_leave_their_owner_alone_test_() -> {timeout, 120, fun helpers_that_fail_leave_their_owner_alone/0}.

helpers_that_fail_leave_their_owner_alone() ->
    Outcomes = run(fun() ->
        Helpers = [
            cprof_aside:help(Fun)
         || Fun <- [fun() -> 1 end, fun() -> error(boom) end, fun() -> exit(self(), kill), forever() end]
        ],
        Stuck = cprof_aside:help(fun cprof_test_support:forever/0),
        Given = [
            receive
                {'DOWN', Monitor, process, _, Reason} -> cprof_aside:answer(Reason)
            end
         || {_, Monitor} <- Helpers
        ],
        ok = cprof_aside:give_up(Stuck),
        Given
    end),
    ?assertEqual([{ok, 1}, failed, failed], Outcomes).

%% --- they end with the one they work for -------------------------------------------

every_end_of_the_caller_test_() ->
    Ends = [
        {"killed", fun(Pid) -> exit(Pid, kill) end},
        {"shut down", fun(Pid) -> exit(Pid, shutdown) end},
        {"told to", fun(Pid) -> Pid ! finish end}
    ],
    [{Title, fun() -> ends_with_its_caller(End) end} || {Title, End} <- Ends].

ends_with_its_caller(End) ->
    Own = self(),
    Work = fun() ->
        tell(Own),
        _ = [cprof_aside:help(fun() -> tell(Own), forever() end) || _ <- [1, 2, 3]],
        forever()
    end,
    Before = processes(),
    Caller = spawn(fun() ->
        {_, _} = cprof_aside:start(Work),
        receive
            finish -> ok
        end
    end),
    Works = [worker() || _ <- [1, 2, 3, 4]],
    ?assert(lists:all(fun is_process_alive/1, Works)),
    End(Caller),
    until(is_gone([Caller | Works])),
    until(fun() -> [] =:= processes() -- Before end).

one_that_waits_for_its_turn_and_is_killed_test_() -> {timeout, 120, fun one_that_waits_for_its_turn_and_is_killed/0}.

one_that_waits_for_its_turn_and_is_killed() ->
    Own = self(),
    Holder = spawn(fun() -> run(fun() -> tell(Own), forever() end) end),
    First = worker(),
    ?assertEqual(First, whereis(?KIND)),
    Waiting = [spawn(fun() -> run(fun() -> tell(Own), forever() end) end) || _ <- lists:seq(1, 50)],
    until(fun() -> {monitored_by, By} = process_info(First, monitored_by), length(By) >= 50 end),
    [exit(Pid, kill) || Pid <- tl(Waiting)],
    exit(Holder, kill),
    %% The turn goes to who is left.
    Second = worker(),
    exit(hd(Waiting), kill),
    until(is_gone([First, Second, Holder | Waiting])),
    no_mail().

%% --- turns ------------------------------------------------------------------------

one_of_a_kind_at_a_time_test_() ->
    {timeout, 90, fun() ->
        Now = counters:new(2, []),
        Work = fun() ->
            counters:add(Now, 1, 1),
            erlang:yield(),
            Here = counters:get(Now, 1),
            timer:sleep(1),
            counters:sub(Now, 1, 1),
            counters:add(Now, 2, 1),
            Here
        end,
        Most = at_once(lists:duplicate(300, fun() -> run(Work) end)),
        ?assertEqual([1], lists:usort(Most)),
        ?assertEqual(300, counters:get(Now, 2))
    end}.
