%% What needs no telemetry: the events of a snapshot, the options, file names,
%% and what is said where the library is not there. The rest is tested against
%% the real library in test/live/telemetry_test.exs.
-module(cprof_telemetry_tests).

-include_lib("eunit/include/eunit.hrl").

row(Id, Type, Utilization, Queue) ->
    #{id => Id, type => Type, utilization => Utilization, cpu => 0.5, run_queue => Queue}.

snapshot() ->
    #{
        source => nif,
        reason => undefined,
        took_us => 1500,
        quality => #{embryos => 2, missing => [cpu], longest_hold_us => undefined},
        schedulers => [
            row(1, normal, 0.25, 3),
            row(2, normal, 0.75, 4),
            row(3, dirty_cpu, 0.1, 7),
            row(4, dirty_cpu, 0.3, 7),
            row(5, dirty_io, undefined, 0)
        ],
        imbalance => 0.25,
        mailboxes => #{total => 12, max => 10, top => [#{length => 10}], histogram => []},
        binaries => #{total => 100, held => 60, unaccounted => 40, top => [], leaks => []},
        processes => #{count => 9, created_per_s => undefined, waiting => 8}
    }.

events(Name, Snapshot) ->
    Events = cprof_telemetry_events:from(Snapshot),
    [{Measurements, Metadata} || {[cprof, Of], Measurements, Metadata} <- Events, Of =:= Name].

schedulers_are_one_event_a_type_test_() -> {timeout, 120, fun schedulers_are_one_event_a_type/0}.

schedulers_are_one_event_a_type() ->
    [{Normal, NormalOf}, {DirtyCpu, DirtyCpuOf}, {DirtyIo, DirtyIoOf}] =
        events(schedulers, snapshot()),
    ?assertEqual(
        #{
            count => 2,
            utilization => 0.5,
            utilization_max => 0.75,
            imbalance => 0.25,
            cpu => 0.5,
            run_queue => 7
        },
        Normal
    ),
    ?assertEqual(#{type => normal, source => nif}, NormalOf),
    %% Dirty schedulers share a queue; it is not added up.
    ?assertMatch(#{count := 2, run_queue := 7, utilization_max := 0.3}, DirtyCpu),
    ?assert(abs(maps:get(utilization, DirtyCpu) - 0.2) < 1.0e-9),
    ?assertEqual(dirty_cpu, maps:get(type, DirtyCpuOf)),
    ?assertEqual(#{count => 1, cpu => 0.5, run_queue => 0}, DirtyIo),
    ?assertEqual(dirty_io, maps:get(type, DirtyIoOf)).

the_mean_of_some_is_not_given_test_() -> {timeout, 120, fun the_mean_of_some_is_not_given/0}.

the_mean_of_some_is_not_given() ->
    #{schedulers := [First | Rest]} = Snapshot = snapshot(),
    [{Normal, _} | _] =
        events(schedulers, Snapshot#{schedulers := [First#{utilization := undefined} | Rest]}),
    ?assertNot(maps:is_key(utilization, Normal)),
    ?assertEqual(0.75, maps:get(utilization_max, Normal)).

each_scheduler_has_an_event_test_() -> {timeout, 120, fun each_scheduler_has_an_event/0}.

each_scheduler_has_an_event() ->
    Rows = events(scheduler, snapshot()),
    ?assertEqual(5, length(Rows)),
    ?assertEqual(
        {
            #{utilization => 0.75, cpu => 0.5, run_queue => 4},
            #{id => 2, type => normal, source => nif}
        },
        lists:nth(2, Rows)
    ).

parts_are_one_event_each_test_() -> {timeout, 120, fun parts_are_one_event_each/0}.

parts_are_one_event_each() ->
    ?assertEqual(
        [{#{total => 12, max => 10}, #{source => nif, top => [#{length => 10}]}}],
        events(mailboxes, snapshot())
    ),
    ?assertEqual(
        [{
            #{total => 100, held => 60, unaccounted => 40},
            #{source => nif, top => [], leaks => []}
        }],
        events(binaries, snapshot())
    ),
    ?assertEqual([{#{count => 9, waiting => 8}, #{source => nif}}], events(processes, snapshot())).

its_cost_is_an_event_test_() -> {timeout, 120, fun its_cost_is_an_event/0}.

its_cost_is_an_event() ->
    Duration = erlang:convert_time_unit(1500, microsecond, native),
    ?assertEqual(
        [{#{duration => Duration, embryos => 2}, #{source => nif}}], events(snapshot, snapshot())
    ),
    [{_, Metadata}] = events(snapshot, (snapshot())#{source := bif, reason := <<"off">>}),
    ?assertEqual(#{source => bif, reason => <<"off">>}, Metadata).

what_a_snapshot_does_not_hold_is_no_event_test_() -> {timeout, 120, fun what_a_snapshot_does_not_hold_is_no_event/0}.

what_a_snapshot_does_not_hold_is_no_event() ->
    ?assertEqual([], cprof_telemetry_events:from(#{})).

a_real_snapshot_gives_all_events_test_() -> {timeout, 120, fun a_real_snapshot_gives_all_events/0}.

a_real_snapshot_gives_all_events() ->
    Events = cprof_telemetry_events:from(cprof_nif:snapshot()),
    Names = lists:usort([Name || {Name, _, _} <- Events]),
    ?assertEqual(lists:sort(cprof_telemetry_events:names()), Names),
    ?assert(lists:all(fun({_, Measurements, _}) -> map_size(Measurements) > 0 end, Events)).

files_are_named_by_time_and_number_test_() -> {timeout, 120, fun files_are_named_by_time_and_number/0}.

files_are_named_by_time_and_number() ->
    At = erlang:convert_time_unit(1700000000000123, microsecond, native),
    ?assertEqual(
        <<"/p/20231114T221320.000123Z-7-7.html">>,
        cprof_telemetry_options:file(<<"/p/%t-%n-%n.html">>, At, 7)
    ).

options_are_completed_test_() -> {timeout, 120, fun options_are_completed/0}.

options_are_completed() ->
    {ok, Span} = cprof_telemetry_options:check(#{span => [a, b]}),
    ?assertMatch(
        #{
            trigger := {span, [a, b]},
            seconds := 60,
            limit := 100,
            caller_only := false,
            filter := none,
            record := #{rate := 999}
        },
        Span
    ),
    ?assertEqual(
        [[a, b, start], [a, b, stop], [a, b, exception]], cprof_telemetry_options:events(Span)
    ),
    [Pattern] = maps:get(output, Span),
    ?assertEqual(<<"cprof-%t.html">>, filename:basename(Pattern)),
    Wanted = #{event => [c], seconds => 2, rate => 50, top => 3, engine => perf, output => "/tmp"},
    {ok, Event} = cprof_telemetry_options:check(Wanted),
    ?assertMatch(
        #{
            trigger := {event, [c]},
            seconds := 2,
            record := #{rate := 50, engine := <<"perf">>},
            render := #{top := 3},
            output := [<<"/tmp/cprof-%t.html">>]
        },
        Event
    ),
    ?assertEqual([[c]], cprof_telemetry_options:events(Event)).

wrong_options_are_one_sentence_test_() ->
    [
        ?_assertMatch({error, {Code, <<_, _/binary>>}}, cprof_telemetry_options:check(Options))
     || {Code, Options} <- [
            {invalid_option, #{}},
            {invalid_option, none},
            {invalid_option, [{span, [a]}, odd]},
            {invalid_option, #{span => [a], event => [b]}},
            {invalid_option, #{span => []}},
            {invalid_option, #{span => [<<"a">>]}},
            {invalid_option, #{event => [a], max_seconds => 3}},
            {invalid_option, #{event => [a], seconds => -1}},
            {invalid_option, #{event => [a], caller_only => 1}},
            {invalid_option, #{event => [a], output => "/tmp/same.html"}},
            {invalid_option, #{event => [a], output => "-"}},
            {unknown_format, #{event => [a], output => "/tmp/%n.svg"}},
            {enoent, #{event => [a], output => "/no/such/folder/%n.html"}}
        ]
    ].

without_the_library_it_says_so_test_() ->
    [
        ?_assertMatch({error, {no_telemetry, <<"the library telemetry", _/binary>>}}, Answer)
     || Answer <- [
            cprof_telemetry:attach(<<"id">>, #{span => [a]}),
            cprof_telemetry:detach(<<"id">>),
            cprof_telemetry:stats(<<"id">>),
            cprof_telemetry:execute(),
            cprof_telemetry:start_link()
        ]
    ].

%% The handler by itself: the gate is taken by one, and never raises.
the_gate_lets_one_in_test_() -> {timeout, 120, fun the_gate_lets_one_in/0}.

the_gate_lets_one_in() ->
    Gate = cprof_telemetry_gate:new(),
    Config = cprof_telemetry_handler:config(self(), Gate, [a, start], none),
    Trigger = fun(Span) ->
        cprof_telemetry_handler:handle([a, start], #{}, #{telemetry_span_context => Span}, Config)
    end,
    End = fun(Span) ->
        cprof_telemetry_handler:handle([a, stop], #{}, #{telemetry_span_context => Span}, Config)
    end,
    ok = End(first),
    Pids = [spawn_monitor(fun() -> Trigger(first) end) || _ <- lists:seq(1, 50)],
    [receive {'DOWN', Monitor, process, Pid, Why} -> normal = Why end || {Pid, Monitor} <- Pids],
    ?assertMatch([{'$gen_cast', {trigger, first, _}}], messages()),
    ?assertEqual(49, cprof_telemetry_gate:refused(Gate)),
    ok = End(second),
    ?assertEqual([], messages()),
    ok = End(first),
    ?assertEqual([{'$gen_cast', {ended, first, stop}}], messages()),
    ok = cprof_telemetry_gate:open(Gate),
    ok = Trigger(second),
    ?assertMatch([{'$gen_cast', {trigger, second, _}}], messages()),
    ?assertEqual(49, cprof_telemetry_gate:refused(Gate)).

a_filter_decides_test_() -> {timeout, 120, fun a_filter_decides/0}.

a_filter_decides() ->
    Gate = cprof_telemetry_gate:new(),
    Filter = fun(_, #{n := N}, _) -> N > 1 end,
    Config = cprof_telemetry_handler:config(self(), Gate, [a], Filter),
    ok = cprof_telemetry_handler:handle([a], #{n => 1}, #{}, Config),
    ok = cprof_telemetry_handler:handle([a], #{}, #{}, Config),
    ?assertEqual([], messages()),
    ?assertEqual(1, cprof_telemetry_gate:filter_failures(Gate)),
    ok = cprof_telemetry_handler:handle([a], #{n => 2}, #{}, Config),
    Own = self(),
    ?assertEqual([{'$gen_cast', {trigger, Own, Own}}], messages()).

messages() ->
    receive
        Message -> [Message | messages()]
    after 0 -> []
    end.
