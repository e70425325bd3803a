%% Who is waited for, by a recording of this node: against processes whose waiting is
%% known.
-module(cprof_waits_tests).

-include_lib("eunit/include/eunit.hrl").

-import(cprof_test_support, [until/1]).
-import(slow_servers, [server/2, ended/1]).

-define(CALLERS, 30).

in_calls(Pids) ->
    until(fun() ->
        lists:all(
            fun(Pid) ->
                {current_function, {gen, do_call, 4}} =:= erlang:process_info(Pid, current_function)
            end,
            Pids
        )
    end).

row(Name, #{top := Top}) ->
    case [Row || #{name := Found} = Row <- Top, Found =:= Name] of
        [Row] -> Row;
        _ -> error({not_there, Name, Top})
    end.

%% --- what is said of them ------------------------------------------------------

%% As much as the callers measured themselves.
the_slow_server_is_named_with_its_figures_test_() ->
    {timeout, 120, fun the_slow_server_is_named_with_its_figures/0}.

the_slow_server_is_named_with_its_figures() ->
    Server = server(cprof_waits_till, 5),
    {Waited, Callers} = slow_servers:callers(cprof_waits_till, ?CALLERS),
    Before = {erlang:monotonic_time(nanosecond), Waited()},
    {ok, #{top := [First | _]} = Waits} = cprof_nif:waits(#{ms => 4000, rate => 50}),
    {From, Was} = Before,
    Truth = (Waited() - Was) / (erlang:monotonic_time(nanosecond) - From),
    ended([Server | Callers]),
    #{name := Name, pid := Pid, average := Average, sites := [Site | _]} = First,
    ?assertEqual({<<"cprof_waits_till">>, Server}, {Name, Pid}),
    %% A caller that has its answer, but no CPU yet, still counts as one that waits here, and not there.
    ?assert(abs(Average / Truth - 1) < 0.1, {Average, Truth}),
    ?assert(maps:get(most, First) >= Average),
    ?assert(maps:get(most, First) =< ?CALLERS),
    ?assertMatch(#{function := <<"slow_servers:caller/3">>, share := 1.0}, Site),
    %% The server itself.
    ?assertMatch(#{usual_state := waiting, waits_for := undefined}, First),
    ?assertEqual(<<"slow_servers:work/1">>, maps:get(usual_function, First)),
    ?assert(maps:get(waiting, maps:get(states, First)) > 0.9),
    #{cause := waiting, chain := [<<"cprof_waits_till">>], sentence := Sentence} = Waits,
    ?assertMatch({match, _}, re:run(Sentence, "^on average [0-9.]+ processes wait for cprof_waits_till, mostly in")),
    #{states := #{blocked := #{average := Blocked, share := Share}}, busy := Busy} = Waits,
    ?assert(abs(Blocked / Average - 1) < 0.05),
    ?assert(abs(Share - Blocked / Busy) < 0.001),
    Text = cprof_nif:format(Waits),
    ?assertMatch({match, _}, re:run(Text, "\n +[0-9.]+ +[0-9]+ +[0-9.]+ +cprof_waits_till +[0-9]+ % waiting in slow_servers:work/1")),
    #{<<"top">> := [#{<<"pid">> := Shown} | _]} = cprof_nif:to_json_map(Waits),
    ?assertEqual(list_to_binary(pid_to_list(Server)), Shown).

the_chain_is_followed_to_its_end_test_() -> {timeout, 120, fun the_chain_is_followed_to_its_end/0}.

the_chain_is_followed_to_its_end() ->
    Servers = [server(cprof_waits_back, 5), server(cprof_waits_front, cprof_waits_back)],
    {_, Callers} = slow_servers:callers(cprof_waits_front, ?CALLERS),
    {ok, Waits} = cprof_nif:waits(#{ms => 2000}),
    ended(Servers ++ Callers),
    ?assertMatch(#{cause := waiting, chain := [<<"cprof_waits_front">>, <<"cprof_waits_back">>]}, Waits),
    #{waits_for := <<"cprof_waits_back">>, waits_for_share := Share} = row(<<"cprof_waits_front">>, Waits),
    ?assert(Share > 0.8).

a_deadlock_is_named_test_() -> {timeout, 120, fun a_deadlock_is_named/0}.

a_deadlock_is_named() ->
    Servers = [
        server(cprof_waits_left, cprof_waits_right), server(cprof_waits_right, cprof_waits_left)
    ],
    Pokes = [
        spawn(fun() -> gen_server:call(Server, work, infinity) end)
     || Server <- Servers
    ],
    in_calls(Servers ++ Pokes),
    {ok, #{cause := Cause, chain := Chain} = Waits} = cprof_nif:waits(#{ms => 1000}),
    ended(Pokes ++ Servers),
    ?assertEqual(deadlock, Cause),
    ?assertEqual([<<"cprof_waits_left">>, <<"cprof_waits_right">>], lists:sort(Chain)),
    ?assertMatch({_, _}, binary:match(cprof_nif:format(Waits), <<"\nDeadlock: on average ">>)).

%% Neither the caller, who waits for the end, nor the port's owner, nor their calls.
nobody_is_named_where_nobody_waits_test_() ->
    {timeout, 120, fun nobody_is_named_where_nobody_waits/0}.

nobody_is_named_where_nobody_waits() ->
    {ok, Waits} = cprof_nif:waits(#{ms => 1000}),
    ?assertMatch(#{cause := none, chain := [], top := [], others := 0}, Waits),
    ?assertMatch({_, _}, binary:match(cprof_nif:format(Waits), <<"no process is waited for">>)),
    #{readings := Readings, processes := Processes, seconds := Seconds} = Waits,
    ?assert(Readings >= 10),
    ?assert(Seconds > 0.9),
    ?assert(abs(Processes / erlang:system_info(process_count) - 1) < 0.2),
    {ok, #{functions := Functions}} = cprof_nif:record(0.5, #{event => wall, rate => 100}),
    Own = [Name || #{name := <<"cprof_", _/binary>> = Name} <- Functions, is_own(Name)],
    ?assertEqual([], Own).

is_own(<<"cprof_sampler:", _/binary>>) -> true;
is_own(<<"cprof_port:", _/binary>>) -> true;
is_own(<<"cprof_waits:", _/binary>>) -> true;
is_own(_) -> false.

%% --- how it is asked for ---------------------------------------------------------

event_wall_is_an_option_of_recordings_test_() ->
    {timeout, 120, fun event_wall_is_an_option_of_recordings/0}.

event_wall_is_an_option_of_recordings() ->
    Server = server(cprof_waits_slow, 2000),
    Ask = fun() -> gen_server:call(Server, work, infinity) end,
    {ok, ok, Report} = cprof_nif:profile(Ask, #{event => wall}),
    ended([Server]),
    #{meta := #{event := Event, rate_asked := Rate}, waits := [First | _]} = Report,
    ?assertEqual({<<"wall">>, 10}, {Event, Rate}),
    ?assertMatch(#{name := <<"cprof_waits_slow">>}, First),
    %% The caller's own wait for cprof is no wait.
    ?assertEqual([], [Row || #{name := <<"cprof_sampler">>} = Row <- maps:get(waits, Report)]),
    [
        ?assertMatch({ok, #{meta := #{event := <<"wall">>}}}, cprof_nif:record(0.2, #{event => Wall}))
     || Wall <- ["wall", <<"wall">>]
    ],
    {ok, #{meta := #{event := Cpu}, waits_cause := nil}} = cprof_nif:record(0.2, #{event => cpu}),
    ?assertEqual(<<"cpu-clock">>, Cpu).

what_cannot_be_meant_is_refused_test_() -> {timeout, 120, fun what_cannot_be_meant_is_refused/0}.

what_cannot_be_meant_is_refused() ->
    Refused = fun(Options) ->
        {error, {invalid_option, Text}} = cprof_nif:record(1, Options),
        Text
    end,
    ?assertEqual(
        <<"option event must be cpu, wall, alloc or block, or several of these with commas between, not lock">>,
        Refused(#{event => lock})
    ),
    [
        ?assertMatch({match, _}, re:run(Refused(#{event => Wrong}), "^option event must be cpu, wall, alloc or block, or "))
     || Wrong <- ['cpu,cpu', <<"cpu,">>, "", [cpu, lock], [wall, wall], [1], []]
    ],
    ?assertEqual(<<"option engine is only for event cpu">>, Refused(#{event => wall, engine => bpf})),
    ?assertEqual(<<"option kernel is only for event cpu">>, Refused(#{event => wall, kernel => true})),
    ?assertEqual(
        <<"option rate must be 1 to 100 readings a second for event wall, not 101">>,
        Refused(#{event => wall, rate => 101})
    ),
    Wrong = [
        {#{ms => 99}, <<"option ms must be a whole number of milliseconds, 100 to 3600000, not 99">>},
        {#{top => 0}, <<"option top must be a whole number of rows, 1 to 1000, not 0">>},
        {#{rate => 101}, <<"option rate must be a whole number of readings a second, 1 to 100, not 101">>},
        {#{speed => 1}, <<"unknown option speed; the options are ms, top, rate">>},
        {[{ms, 99}], <<"option ms must be a whole number of milliseconds, 100 to 3600000, not 99">>}
    ],
    [?assertEqual({error, {invalid_option, Text}}, cprof_nif:waits(Options)) || {Options, Text} <- Wrong],
    ?assertEqual(
        {error,
            {invalid_option,
                <<"the options must be a map or a list of pairs, as in #{ms => 1000} or, in Elixir, [ms: 1000], not 3000">>}},
        cprof_nif:waits(3000)
    ).

one_recording_at_a_time_test_() -> {timeout, 120, fun one_recording_at_a_time/0}.

one_recording_at_a_time() ->
    ok = cprof_sampler:start(#{}),
    ?assertMatch({error, {already_started, _}}, cprof_nif:waits()),
    ?assertMatch({error, {already_started, _}}, cprof_nif:print_waits()),
    {ok, _} = cprof_sampler:stop().

it_ends_with_its_caller_test_() -> {timeout, 120, fun it_ends_with_its_caller/0}.

it_ends_with_its_caller() ->
    Caller = spawn(fun() -> cprof_nif:waits(#{ms => 60000}) end),
    until(fun() -> is_pid(whereis(cprof_sampler)) end),
    ended([Caller]),
    until(fun() -> whereis(cprof_sampler) =:= undefined end).
