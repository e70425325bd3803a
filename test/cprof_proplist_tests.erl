%% Wrong options, given to every function that takes options: each answers with one
%% sentence that names the option, or says what options are. No function raises anything
%% else, and none begins to work.
-module(cprof_proplist_tests).

-include_lib("eunit/include/eunit.hrl").

-define(HUGE, (1 bsl 70)).

%% Each function with its options. Those that return no error raise it.
functions() ->
    Never = fun() -> error(must_not_run) end,
    Records = [event, rate, max_cost, engine, kernel, force, command, slower_than, span],
    Shows = [event, top, process, span, focus, ignore],
    Watch = [name, conditions, spans, system, folder, prefix, before, 'after', at_most, keep, also, rate, engine],
    [
        {fun(O) -> cprof_nif:profile(Never, O) end, [output, format | Records ++ Shows]},
        {fun(O) -> cprof_nif:record(1, O) end, [output, format | Records ++ Shows]},
        {fun(O) -> cprof_sampler:start(O) end, Records},
        {fun(O) -> cprof_sampler:render(<<>>, O) end, [format | Shows]},
        {fun(O) -> cprof_sampler:write(<<>>, <<"/tmp/never.txt">>, O) end, [format | Shows]},
        {fun(O) -> cprof_sampler:diff([<<>>], [<<>>], O) end, [format, min_effect, fail_above | Shows]},
        {fun cprof_nif:waits/1, [ms, top, rate]},
        {fun cprof_nif:print_waits/1, [ms, top, rate]},
        {raised(fun cprof_nif:snapshot/1), [top, source, wait_ms]},
        {raised(fun cprof_nif:print_snapshot/1), [top, source, wait_ms]},
        {raised(fun cprof_nif:memory/1), [ms, top, source, wait_ms]},
        {raised(fun cprof_nif:print_memory/1), [ms, top, source, wait_ms]},
        {raised(fun cprof_nif:watch/1), [snapshots, interval_ms, top, source]},
        {fun cprof_telemetry:start_link/1, [period, top, name]},
        {fun cprof_telemetry:execute/1, [top]},
        {fun(O) -> cprof_telemetry_options:check(cprof_proplist:to_map(O)) end,
            [span, event, seconds, max_seconds, filter, caller_only, limit]},
        {fun(O) -> cprof_spans_options:check([shop], cprof_proplist:to_map(O)) end, [metadata, events, n_plus_one]},
        {fun cprof_flight:start_link/1, Watch}
    ].

raised(Function) ->
    fun(Options) ->
        try Function(Options) of
            Value -> {returned, Value}
        catch
            error:{badarg, Text} when is_binary(Text) -> {error, {invalid_option, Text}}
        end
    end.

%% {a} is right for nothing; the other values are wrong for what is said there.
wrong_values() ->
    Counts = [top, rate, ms, period, wait_ms, snapshots, interval_ms, max_cost, slower_than, min_effect, fail_above],
    Lists = [output, process, span, event, metadata, events, n_plus_one, conditions, spans, system],
    [{Key, Value} || Key <- Counts, Value <- [-1, ?HUGE, "5", many]] ++
        [{Key, Value} || Key <- Lists, Value <- [[[a] | b], -1, ?HUGE, 1.0]].

every_option_is_named_test_() -> {timeout, 300, {spawn, fun every_option_is_named/0}}.

every_option_is_named() ->
    %% A watch whose options the program refuses ends as a process that is linked.
    process_flag(trap_exit, true),
    [
        assert_names(Key, Function([{Key, Value}]), {Function, Key, Value})
     || {Function, Keys} <- functions(),
        Key <- Keys,
        Value <- [{a} | proplists:get_all_values(Key, wrong_values())]
    ].

assert_names(Key, Answer, What) ->
    ?assertMatch({{error, {invalid_option, <<_/binary>>}}, _}, {Answer, What}),
    {error, {_, Text}} = Answer,
    Named = "^(option |each of )" ++ atom_to_list(Key) ++ " ",
    ?assertMatch({{match, _}, _, _}, {re:run(Text, Named), Text, What}).

unknown_options_are_named_test_() -> {timeout, 120, fun unknown_options_are_named/0}.

%% With those that there are.
unknown_options_are_named() ->
    [
        begin
            {error, {invalid_option, Text}} = Function(Options),
            ?assertMatch({match, _}, re:run(Text, "^unknown option speed; the options are ")),
            [?assertMatch({match, _}, re:run(Text, "[ ,]" ++ atom_to_list(Key) ++ "(,|$)")) || Key <- Keys, Key =/= format]
        end
     || {Function, Keys} <- functions(), Options <- [#{speed => 1}, [{speed, 1}]]
    ].

what_are_no_options_test_() -> {timeout, 120, fun what_are_no_options/0}.

what_are_no_options() ->
    [
        begin
            {error, {invalid_option, Text}} = Function(NoOptions),
            Said = io_lib:format("^the options must be a map or a list of pairs, as in .*, not \\Q~0tp\\E$", [NoOptions]),
            ?assertMatch({match, _}, re:run(Text, Said))
        end
     || {Function, _} <- [{raised(fun cprof_flight:child_spec/1), []}, {raised(fun cprof_telemetry:child_spec/1), []} | functions()],
        NoOptions <- [5, none, <<"top">>, "top", [top], [{top, 1} | {rate, 1}], [{top, 1, 2}], {top, 1}]
    ].

%% A text that looks like the number that is wanted is not taken for it by its reader.
texts_have_quotes_test() ->
    ?assertEqual(
        {error, {invalid_option, <<"option rate must be a whole number of samples a second, 1 to 10000, not \"99\"">>}},
        cprof_nif:record(1, #{rate => <<"99">>})
    ),
    ?assertEqual(
        {error, {invalid_option, <<"option ms must be a whole number of milliseconds, 100 to 3600000, not \"\\x{1B}\"">>}},
        cprof_nif:waits(#{ms => <<"\e">>})
    ).

lists_of_pairs_are_options_test() ->
    ?assertEqual(cprof_options:check(#{rate => 7, top => 3}, [record, render]), cprof_options:check([{top, 3}, {rate, 7}], [record, render])),
    ?assertMatch({ok, #{format := <<"html">>}}, cprof_options:check_comparison([{format, html}])).
