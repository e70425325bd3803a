%% The plain Erlang way, as somebody without Elixir uses it.
-module(cprof_nif_tests).

-include_lib("eunit/include/eunit.hrl").

-export([spin/1, twist/1]).

%% Known work: nearly all of its CPU time is in spin/1.
work(Ms) ->
    work_until(cpu_ms() + Ms).

work_until(Closing) ->
    spin(20000),
    case cpu_ms() < Closing of
        true -> work_until(Closing);
        false -> done
    end.

%% The VM's.
cpu_ms() ->
    element(1, erlang:statistics(runtime)).

spin_lines() -> [?LINE + 2, ?LINE + 3].

spin(0) -> 0;
spin(N) -> spin(N - 1).

twist(0) -> 0;
twist(N) -> twist(N - 1).

spin_is_hottest(#{functions := [Hottest | _]}) ->
    #{name := Name, kind := Kind, file := File, line := Line, self_pct := Percent} = Hottest,
    ?assertEqual(<<"cprof_nif_tests:spin/1">>, Name),
    ?assertEqual(erlang, Kind),
    ?assertEqual(<<"cprof_nif_tests.erl">>, filename:basename(File)),
    ?assert(lists:member(Line, spin_lines())),
    ?assert(Percent > 60.0).

profile_test_() ->
    {timeout, 600, fun() ->
        Ports = erlang:ports(),
        {ok, done, Report} = cprof_nif:profile(fun() -> work(600) end),
        spin_is_hottest(Report),
        ?assertEqual(undefined, whereis(cprof_sampler)),
        ?assertEqual([], erlang:ports() -- Ports)
    end}.

profile_writes_files_test_() ->
    {timeout, 600, fun() ->
        File = filename:join("/tmp", "cprof-eunit-" ++ os:getpid() ++ ".html"),
        Options = #{rate => 499, output => [File], top => 5},
        {ok, done, _} = cprof_nif:profile(fun() -> work(300) end, Options),
        {ok, Html} = file:read_file(File),
        ok = file:delete(File),
        ?assertNotEqual(nomatch, binary:match(Html, <<"cprof_nif_tests:spin/1">>))
    end}.

diff_test_() ->
    {timeout, 600, fun() ->
        [Before, Later] = Files = [
            filename:join("/tmp", "cprof-eunit-" ++ os:getpid() ++ Name)
         || Name <- ["-before.pb.gz", "-later.pb.gz"]
        ],
        Spin = fun() -> [spin(200000) || _ <- lists:seq(1, 60)] end,
        Both = fun() -> [spin(200000) || _ <- Spin()], [twist(1200000) || _ <- lists:seq(1, 60)] end,
        {ok, _, _} = cprof_nif:profile(Both, #{output => [Before]}),
        {ok, _, _} = cprof_nif:profile(fun() -> [Both() || _ <- [1, 2]], Spin() end, #{output => Later}),
        {ok, #{grew := false, text := Text, report := Report}} =
            cprof_nif:diff(list_to_binary(Before), [Before, Before], #{fail_above => 50}),
        ?assert(is_binary(Text)),
        ?assertMatch(#{base := #{recordings := 1}, now := #{recordings := 2}}, Report),
        {ok, #{report := #{functions := [_ | _]}}} = cprof_nif:diff(Before, Later),
        [ok = file:delete(File) || File <- Files],
        ?assertMatch({error, {enoent, _}}, cprof_nif:diff(Before, Later))
    end}.

record_test_() ->
    {timeout, 600, fun() ->
        {Worker, Monitor} = spawn_monitor(fun() -> work(60000) end),
        {ok, Report} = cprof_nif:record(0.6, #{rate => 999}),
        exit(Worker, kill),
        receive
            {'DOWN', Monitor, process, Worker, _} -> ok
        end,
        spin_is_hottest(Report)
    end}.

what_the_function_raises_is_raised_test_() ->
    {timeout, 600, fun() ->
        ?assertError(boom, cprof_nif:profile(fun() -> error(boom) end)),
        ?assertThrow(boom, cprof_nif:profile(fun() -> throw(boom) end)),
        ?assertExit(boom, cprof_nif:profile(fun() -> exit(boom) end)),
        ?assertEqual(undefined, whereis(cprof_sampler))
    end}.

%% The function ran: its value is worth more than the recording.
the_value_is_kept_when_the_recording_fails_test_() ->
    {timeout, 60, fun() ->
        Fails = fun() -> exit(whereis(cprof_sampler), kill), value end,
        ?assertMatch({error, {not_started, _}, value}, cprof_nif:profile(Fails)),
        Folder = filename:join("/tmp", "cprof-eunit-gone-" ++ os:getpid()),
        ok = file:make_dir(Folder),
        Goes = fun() -> ok = file:del_dir(Folder), value end,
        Options = #{output => filename:join(Folder, "a.txt")},
        ?assertMatch({error, {enoent, _}, value}, cprof_nif:profile(Goes, Options)),
        ?assertEqual(undefined, whereis(cprof_sampler))
    end}.

wrong_options_are_errors_test_() -> {timeout, 120, fun wrong_options_are_errors/0}.

wrong_options_are_errors() ->
    Fun = fun() -> error(must_not_run) end,
    {error, {invalid_option, Text}} = cprof_nif:profile(Fun, #{rate => 0}),
    ?assertNotEqual(nomatch, binary:match(Text, <<"1 to 10000">>)),
    {error, {invalid_option, _}} = cprof_nif:profile(Fun, #{speed => 9}),
    {error, {enoent, _}} = cprof_nif:profile(Fun, #{output => "/no/such/folder/a.html"}).

snapshot_test_() -> {timeout, 120, fun snapshot/0}.

snapshot() ->
    #{source := Source, schedulers := Schedulers, processes := #{count := Count}} =
        cprof_nif:snapshot(#{top => 3}),
    ?assert(lists:member(Source, [nif, bif])),
    ?assert(length(Schedulers) >= erlang:system_info(schedulers)),
    ?assert(Count > 10).

the_nif_is_loaded_test_() -> {timeout, 120, fun the_nif_is_loaded/0}.

the_nif_is_loaded() ->
    {ok, Facts} = application:get_all_key(load_cprof()),
    ?assertEqual(proplists:get_value(vsn, Facts), binary_to_list(cprof_nif:version())).

load_cprof() ->
    _ = application:load(cprof),
    cprof.

%% With Yama the permission is given and withdrawn; without, both say so.
tracer_permission_test_() -> {timeout, 120, fun tracer_permission/0}.

tracer_permission() ->
    Own = list_to_integer(os:getpid()),
    case filelib:is_regular("/proc/sys/kernel/yama/ptrace_scope") of
        true ->
            ?assertEqual(ok, cprof_nif:allow_tracer(Own)),
            ?assertEqual({error, no_process}, cprof_nif:allow_tracer(16#7ffffffe)),
            ?assertEqual(ok, cprof_nif:deny_tracer());
        false ->
            ?assertEqual({error, not_needed}, cprof_nif:allow_tracer(Own)),
            ?assertEqual({error, not_needed}, cprof_nif:deny_tracer())
    end,
    ?assertError(badarg, cprof_nif:allow_tracer(0)),
    ?assertError(badarg, cprof_nif:allow_tracer(pid)).

%% Handing a new version of the module in while the old one is loaded.
the_nif_survives_a_reload_test_() -> {timeout, 120, fun the_nif_survives_a_reload/0}.

the_nif_survives_a_reload() ->
    Version = cprof_nif:version(),
    {module, cprof_native} = code:load_file(cprof_native),
    ?assertEqual(Version, cprof_nif:version()),
    code:purge(cprof_native),
    ?assertEqual(Version, cprof_nif:version()).
