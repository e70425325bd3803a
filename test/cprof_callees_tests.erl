%% Who is waited for, as a snapshot estimates it: on figures that are known, and in
%% this node.
-module(cprof_callees_tests).

-include_lib("eunit/include/eunit.hrl").

-import(cprof_test_support, [until/1]).

-export([serve/0]).

%% --- the estimate ------------------------------------------------------------

waiting(Whom) -> #{status => waiting, whom => Whom}.

%% In the first group of 900, two of three wait for A; one process of the second
%% was woken; of the third it is not known.
the_asked_stand_for_their_group_test() ->
    [A, B | Pids] = [spawn(fun() -> ok end) || _ <- lists:seq(1, 9)],
    [P1, P2, P3, P4, P5, P6, P7] = Pids,
    Walk = #{
        groups => [
            {16#10, {proc_lib, init_p, 5}, 900, [P1, P2, P3]},
            {16#10, {erlang, apply, 2}, 50, [P4, P5]},
            {16#10, {m, f, 1}, 7, [P6]},
            {16#20, {m, f, 1}, 5000, [P7]}
        ]
    },
    Answers = maps:from_list([
        {{process, P1}, waiting({waits_for, A})},
        {{process, P2}, waiting({waits_for, B})},
        {{process, P3}, waiting({waits_for, A})},
        {{process, P4}, waiting({waits_for, B})},
        {{process, P5}, #{status => running, whom => nobody}},
        {{process, P6}, waiting(unknown)},
        {{process, P7}, waiting(nobody)}
    ]),
    Estimate = cprof_callees:estimate(Walk, Answers),
    ?assertEqual([A, B], cprof_callees:pids(Estimate)),
    Own = #{
        {process, A} => #{
            name => a, initial_call => {a, init, 1}, current_function => {a, work, 0}, whom => {waits_for, B}
        }
    },
    Callees = cprof_callees:rows(Estimate, Own, 10),
    ?assertMatch(#{in_calls := 957, unknown := 7, asked := 5, others := 0}, Callees),
    #{top := [First, Second]} = Callees,
    ?assertEqual(
        #{
            pid => A,
            name => a,
            initial_call => {a, init, 1},
            current_function => {a, work, 0},
            about => 600,
            asked => 3,
            agree => 2,
            waits_for => B
        },
        First
    ),
    %% It did not answer.
    ?assertMatch(#{pid := B, name := undefined, about := 350, asked := 4, agree := 2}, Second),
    ?assertMatch(#{others := 1, top := [First]}, cprof_callees:rows(Estimate, Own, 1)),
    ?assertMatch(#{top := [Second]}, cprof_callees:rows(Estimate, #{{process, A} => gone}, 10)).

%% --- this node -----------------------------------------------------------------

%% A server that never answers.
serve() ->
    receive
        {'$gen_call', _, _} -> serve()
    end.

call(Server) -> spawn(fun() -> gen_server:call(Server, work, infinity) end).

calls(Server, Count) -> in_calls([call(Server) || _ <- lists:seq(1, Count)]).

in_calls(Pids) ->
    until(fun() -> lists:all(fun is_in_call/1, Pids) end),
    Pids.

is_in_call(Pid) ->
    erlang:process_info(Pid, [current_function, status]) =:=
        [{current_function, {gen, do_call, 4}}, {status, waiting}].

snapshot(Source) -> cprof_nif:snapshot(#{source => Source, wait_ms => 20000}).

callees(Source) ->
    #{waiting := #{callees := Callees}} = snapshot(Source),
    Callees.

kill(Pids) -> [exit(Pid, kill) || Pid <- Pids].

row(Pid, #{top := Top}) ->
    case [Row || #{pid := Found} = Row <- Top, Found =:= Pid] of
        [Row] -> Row;
        _ -> error({not_there, Pid, Top})
    end.

the_server_that_all_wait_for_is_named_test_() ->
    [{timeout, 120, fun() -> the_server_that_all_wait_for_is_named(Source) end} || Source <- [auto, bif]].

the_server_that_all_wait_for_is_named(Source) ->
    Server = spawn(?MODULE, serve, []),
    true = register(cprof_callees_slow, Server),
    Callers = calls(cprof_callees_slow, 30),
    #{waiting := #{callees := Callees}} = Snapshot = snapshot(Source),
    kill([Server | Callers]),
    #{about := 30, asked := Asked, agree := Agree} = Row = row(Server, Callees),
    ?assertEqual(Asked, Agree),
    ?assert(Asked >= 8),
    ?assertMatch(#{name := cprof_callees_slow, current_function := {?MODULE, serve, 0}}, Row),
    ?assertMatch(#{in_calls := 30, unknown := 0, waits_for := undefined}, maps:merge(Row, Callees)),
    Text = cprof_nif:format(Snapshot),
    ?assertMatch({match, _}, re:run(Text, "\nWaited for: about 30 processes.* wait for an answer \\(estimated from [0-9]+ of them\\)\n")),
    ?assertMatch({match, _}, re:run(Text, "\n +30 +[0-9]+ of [0-9]+ +<[0-9.]+> +cprof_callees_slow ")),
    #{<<"waiting">> := #{<<"callees">> := #{<<"top">> := [#{<<"about">> := 30}]}}} =
        cprof_nif:to_json_map(Snapshot).

%% Most of the callers wait for one of two; the parts are those of the callers, as far as eight can tell.
callers_of_several_servers_test_() -> {timeout, 120, fun callers_of_several_servers/0}.

callers_of_several_servers() ->
    Servers = [One, Other] = [spawn(?MODULE, serve, []) || _ <- [1, 2]],
    Callers = calls(One, 100) ++ calls(Other, 100),
    %% Of eight that are chosen at random, some wait for each: all alike once in 128 times.
    until(fun() ->
        #{in_calls := 200, top := Top} = callees(auto),
        Both = maps:from_list([{Pid, About} || #{pid := Pid, about := About} <- Top]),
        lists:sort(maps:keys(Both)) =:= lists:sort(Servers) andalso lists:sum(maps:values(Both)) =:= 200
    end),
    kill(Servers ++ Callers).

nobody_is_named_where_nobody_calls_test_() ->
    [{timeout, 120, fun() -> nobody_is_named(Source) end} || Source <- [auto, bif]].

nobody_is_named(Source) ->
    #{waiting := #{callees := Callees}} = Snapshot = snapshot(Source),
    ?assertEqual(#{in_calls => 0, unknown => 0, asked => 0, others => 0, top => []}, Callees),
    ?assertEqual(nomatch, binary:match(cprof_nif:format(Snapshot), <<"Waited for">>)).

%% A caller that also monitors another process does not say which one it waits for.
two_monitors_are_not_known_test_() -> {timeout, 120, fun two_monitors_are_not_known/0}.

two_monitors_are_not_known() ->
    Servers = [Server, Other] = [spawn(?MODULE, serve, []) || _ <- [1, 2]],
    Call = fun() ->
        _ = erlang:monitor(process, Other),
        gen_server:call(Server, work, infinity)
    end,
    Callers = in_calls([spawn(Call) || _ <- lists:seq(1, 5)]),
    #{waiting := #{callees := Callees}} = Snapshot = snapshot(auto),
    kill(Servers ++ Callers),
    ?assertMatch(#{in_calls := 5, unknown := 5, top := []}, Callees),
    ?assertMatch({_, _}, binary:match(cprof_nif:format(Snapshot), <<"; for about 5 it is not known whose">>)).

two_that_wait_for_each_other_test_() -> {timeout, 120, fun two_that_wait_for_each_other/0}.

two_that_wait_for_each_other() ->
    Ask = fun() ->
        receive
            {ask, Whom} -> gen_server:call(Whom, work, infinity)
        end
    end,
    Both = [Left, Right] = [spawn(Ask) || _ <- [1, 2]],
    Left ! {ask, Right},
    Right ! {ask, Left},
    in_calls(Both),
    #{waiting := #{callees := Callees}} = Snapshot = snapshot(auto),
    kill(Both),
    ?assertMatch(#{about := 1, waits_for := Right}, row(Left, Callees)),
    ?assertMatch(#{about := 1, waits_for := Left}, row(Right, Callees)),
    Shown = ["gen:do_call/4, waits for ", pid_to_list(Left), "\n"],
    ?assertMatch({_, _}, binary:match(cprof_nif:format(Snapshot), iolist_to_binary(Shown))).
