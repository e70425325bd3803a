%% The watch from inside: its options, what a telemetry event costs its process, the
%% system monitor, and a real watch of this node. With the real telemetry:
%% test/live/flight_inside_test.exs.
-module(cprof_flight_tests).

-include_lib("eunit/include/eunit.hrl").

-export([init/1]).

-define(PATIENCE_MS, 60000).

%% --- options ----------------------------------------------------------------------

options_become_a_command_line_test() ->
    {ok, Checked} = cprof_flight_options:check(#{
        conditions => ["mailbox > 10000", <<"memory > 2G">>],
        folder => "/tmp",
        before => 30,
        'after' => 2.5,
        at_most => "3/h",
        also => html,
        rate => 49
    }),
    Args = cprof_flight_options:arguments(Checked, "4711"),
    ?assertMatch(["watch-port", "--pid", "4711" | _], Args),
    ?assertEqual(
        lists:sort([
            {"--when", <<"mailbox > 10000">>},
            {"--when", <<"memory > 2G">>},
            {"--folder", <<"/tmp">>},
            {"--before", <<"30">>},
            {"--after", <<"2.5">>},
            {"--at-most", <<"3/h">>},
            {"--also", <<"html">>},
            {"--rate", <<"49">>}
        ]),
        lists:sort(maps:get(switches, Checked))
    ),
    {ok, #{switches := [{"--when", <<"ended">>}]}} = cprof_flight_options:check(#{conditions => "ended"}),
    {ok, #{switches := [{"--when", <<"ended">>}]}} =
        cprof_flight_options:check(#{conditions => <<"ended">>}),
    {ok, #{switches := [], spans := [], system := []}} = cprof_flight_options:check(#{}).

limits_of_spans_test() ->
    {ok, #{spans := Spans, system := System}} = cprof_flight_options:check(#{
        spans => [{[a, b], [{over, 5}]}, {[c], #{p99 => 0.5, measurement => total_time}}],
        system => [busy_port, {long_gc, 100}]
    }),
    ?assertEqual(
        [
            #{event => [a, b], measurement => duration, over => 5, p99 => infinity},
            #{event => [c], measurement => total_time, over => infinity, p99 => 0.5}
        ],
        Spans
    ),
    ?assertEqual([busy_port, {long_gc, 100}], System).

what_is_wrong_is_said_test_() ->
    [
        ?_assertMatch({error, {invalid_option, _}}, cprof_flight_options:check(Options))
     || Options <- [
            #{condition => "mailbox > 1"},
            #{conditions => [{mailbox, 1}]},
            #{conditions => 5},
            #{spans => [[a, b]]},
            #{spans => [{[a, b], #{}}]},
            #{spans => [{[], #{over => 1}}]},
            #{spans => [{[a], [{over, 1}, p99]}]},
            cprof_proplist:to_map([{rate, 19}, quiet]),
            #{spans => [{[a], #{over => 0}}]},
            #{spans => [{[a], #{over => 1, under => 2}}]},
            #{system => [long_gc]},
            #{system => [{long_gc, 0}]},
            #{system => [{busy_port, 1}]},
            #{folder => {a}},
            #{folder => "/no/such/folder"},
            #{folder => "/tmp\0"},
            #{folder => <<"/tmp\0/x">>},
            #{prefix => "a\0"},
            #{conditions => ["ended\0"]},
            #{before => -1},
            #{rate => 1.5},
            #{also => 7},
            #{name => undefined},
            #{conditions => ["ended" | "mailbox > 1"]},
            #{spans => [{[a], [b]}]},
            #{spans => [{[a | b], [{over, 1}]}]},
            #{spans => [{[a], #{over => 1}} | b]},
            #{system => [busy_port | b]},
            #{before => 1.0e300},
            #{'after' => 301},
            cprof_proplist:to_map([name]),
            cprof_proplist:to_map([{name, a} | b]),
            nothing
        ]
    ].

%% Not more than the program takes, so that it need not refuse what is said to be allowed.
seconds_that_are_allowed_test() ->
    Check = fun cprof_flight_options:check/1,
    ?assertMatch({ok, #{switches := [{"--before", <<"600">>}]}}, Check(#{before => 600})),
    ?assertMatch({ok, #{switches := [{"--after", <<"300">>}]}}, Check(#{'after' => 300})),
    {error, {invalid_option, Before}} = Check(#{before => 601}),
    {error, {invalid_option, After}} = Check(#{'after' => 301}),
    ?assertEqual(<<"option before must be seconds, 0 to 600, not 601">>, Before),
    ?assertEqual(<<"option after must be seconds, 0 to 300, not 301">>, After).

%% --- in the process that executes an event ----------------------------------------------

handled(Duration, Limits) ->
    Config = cprof_flight_handler:config(self(), Limits),
    ok = cprof_flight_handler:handle([a], #{duration => Duration}, #{}, Config),
    receive
        Message -> Message
    after 0 -> nothing
    end.

one_that_is_over_is_told_once_test() ->
    Limits = cprof_flight_handler:new(duration, 1000, infinity),
    ?assertEqual(nothing, handled(999, Limits)),
    ?assertEqual(nothing, handled(1000, Limits)),
    ?assertEqual(open, cprof_flight_handler:last_above(Limits)),
    ?assertEqual({span_over, [a], 1001, 1000}, handled(1001, Limits)),
    Before = erlang:monotonic_time(),
    ?assertEqual(nothing, handled(5000, Limits)),
    ?assert(cprof_flight_handler:last_above(Limits) >= Before),
    cprof_flight_handler:reopen(Limits),
    ?assertEqual(nothing, handled(1, Limits)),
    ?assertEqual({span_over, [a], 1002, 1000}, handled(1002, Limits)).

what_was_over_is_said_test() ->
    Text = fun(Us, Over) -> cprof_flight_spans:over_text([a, b], native(Us), native(Over)) end,
    ?assertEqual(<<"[a,b] took 812.3 ms, more than 500 ms">>, Text(812345, 500000)),
    ?assertEqual(<<"[a,b] took 0.7 ms, more than 0.5 ms">>, Text(700, 500)),
    ?assertEqual(<<"[a,b] took 3600000.0 ms, more than 10 ms">>, Text(3600000000, 10000)),
    ?assertMatch(<<"[a,b] took ", _/binary>>, Text(1 bsl 2000, 10000)).

native(Us) -> erlang:convert_time_unit(Us, microsecond, native).

those_above_a_quantile_are_counted_test() ->
    Limits = cprof_flight_handler:new(duration, infinity, 1000),
    [nothing = handled(Duration, Limits) || Duration <- [1, 900, 901, 1000, 1001, 5000]],
    ?assertEqual({6, 2, 4}, cprof_flight_handler:counts(Limits)).

what_is_no_measurement_is_left_alone_test() ->
    Limits = cprof_flight_handler:new(total_time, 1, 1),
    Config = cprof_flight_handler:config(self(), Limits),
    [
        ok = cprof_flight_handler:handle([a], Measurements, #{}, Config)
     || Measurements <- [#{}, #{duration => 9}, #{total_time => 1.5}, #{total_time => nil}]
    ],
    ?assertEqual({0, 0, 0}, cprof_flight_handler:counts(Limits)),
    ?assertEqual(open, cprof_flight_handler:last_above(Limits)).

%% Of many processes at once, one triggers.
only_one_of_many_triggers_test() ->
    Limits = cprof_flight_handler:new(duration, 10, 10),
    Config = cprof_flight_handler:config(self(), Limits),
    Run = fun() ->
        [cprof_flight_handler:handle([a], #{duration => N}, #{}, Config) || N <- lists:seq(1, 100)]
    end,
    Processes = [spawn_monitor(Run) || _ <- lists:seq(1, 50)],
    [receive {'DOWN', Monitor, _, _, normal} -> ok end || {_, Monitor} <- Processes],
    ?assertMatch({span_over, [a], _, 10}, receive Message -> Message end),
    ?assertEqual(nothing, receive Other -> Other after 0 -> nothing end),
    ?assertEqual({5000, 4500, 4550}, cprof_flight_handler:counts(Limits)).

%% --- the system monitor -----------------------------------------------------------------

monitored(Event) ->
    receive
        {monitor, Of, Event, Info} -> {Of, Info}
    after ?PATIENCE_MS -> nothing
    end.

%% A heap of that many words in one piece.
large_heap() ->
    spawn_monitor(fun() -> exit({length, length(lists:seq(1, 300000))}) end).

a_large_heap_is_told_then_it_is_off_for_a_while_test_() -> {timeout, 120, fun a_large_heap/0}.

a_large_heap() ->
    Before = erlang:system_monitor(),
    {ok, Monitor} = cprof_flight_monitor:start([{large_heap, 100000}]),
    {Pid, Reference} = large_heap(),
    {Pid, Info} = monitored(large_heap),
    receive {'DOWN', Reference, _, _, _} -> ok end,
    Text = cprof_flight_monitor:text(large_heap, Pid, Info),
    ?assertMatch({match, _}, re:run(Text, "^large_heap of <[0-9.]+>")),
    {true, Paused} = cprof_flight_monitor:fired(large_heap, Monitor),
    {false, Paused} = cprof_flight_monitor:fired(large_heap, Paused),
    {false, Paused} = cprof_flight_monitor:fired(long_gc, Paused),
    flush(),
    {Other, OtherReference} = large_heap(),
    receive {'DOWN', OtherReference, _, _, _} -> ok end,
    %% What is sent to itself comes after what the VM has sent before.
    self() ! mark,
    ?assertEqual([], [Message || {monitor, Of, _, _} = Message <- until_mark(), Of =:= Other]),
    ok = cprof_flight_monitor:stop(Paused),
    ?assertEqual(Before, erlang:system_monitor()).

flush() ->
    receive
        {monitor, _, _, _} -> flush()
    after 0 -> ok
    end.

until_mark() ->
    receive
        mark -> [];
        Message -> [Message | until_mark()]
    end.

%% Before OTP 28 there is one in a node; since then nobody else's is touched.
nobody_elses_monitor_is_taken_test() ->
    Other = spawn(fun() -> receive stop -> ok end end),
    erlang:system_monitor(Other, [busy_port]),
    Begun = cprof_flight_monitor:start([{long_gc, 100}]),
    case list_to_integer(erlang:system_info(otp_release)) >= 28 of
        true ->
            {ok, Monitor} = Begun,
            ok = cprof_flight_monitor:stop(Monitor);
        false ->
            {error, {system_monitor_taken, _}} = Begun
    end,
    ?assertEqual({Other, [busy_port]}, erlang:system_monitor()),
    erlang:system_monitor(undefined),
    Other ! stop.

%% --- a real watch -----------------------------------------------------------------------

with_folder(Fun) ->
    Folder = string:trim(os:cmd("mktemp -d")),
    try
        Fun(Folder)
    after
        os:cmd("rm -rf " ++ Folder)
    end.

until(Fun) -> until(Fun, erlang:monotonic_time(millisecond) + ?PATIENCE_MS).

until(Fun, Until) ->
    case Fun() of
        {true, Value} ->
            Value;
        Last ->
            ?assert(erlang:monotonic_time(millisecond) < Until, Last),
            timer:sleep(20),
            until(Fun, Until)
    end.

stats(Watch) ->
    {ok, Stats} = cprof_flight:stats(Watch),
    Stats.

until_stats(Watch, Key, Value) ->
    until(fun() ->
        case stats(Watch) of
            #{Key := Value} = Stats -> {true, Stats};
            Stats -> Stats
        end
    end).

ends_with(Ending, Files) ->
    [File || File <- Files, filename:basename(File, Ending) =/= filename:basename(File)].

watches_and_records_test_() -> {timeout, 180, fun() -> with_folder(fun watches_and_records/1) end}.

watches_and_records(Folder) ->
    {ok, Watch} = cprof_flight:start_link(#{
        folder => Folder,
        conditions => ["mailbox > 5000"],
        'after' => 1,
        before => 10
    }),
    #{engine := Engine, os_pid := OsPid} = until_stats(Watch, state, watching),
    ?assert(is_binary(Engine) andalso is_integer(OsPid)),
    Hoarder = spawn(fun() -> receive stop -> ok end end),
    [Hoarder ! N || N <- lists:seq(1, 6000)],
    #{last_cause := <<"mailbox > 5000">>} = until_stats(Watch, fired, 1),
    #{last_files := Files} = until_stats(Watch, recorded, 1),
    ?assertEqual(3, length(Files)),
    [Recording] = ends_with(".pb.gz", Files),
    {ok, _} = cprof_sampler:read_file(Recording),
    ok = cprof_flight:trigger(Watch, "somebody: \x{263a}"),
    #{last_cause := Cause} = until_stats(Watch, fired, 2),
    ?assertEqual(<<"somebody: \x{263a}"/utf8>>, Cause),
    %% What is being recorded is written.
    ok = cprof_flight:stop(Watch),
    ?assertEqual(2, length(filelib:wildcard(Folder ++ "/watch-*.pb.gz"))),
    Hoarder ! stop,
    ?assertMatch({error, {not_started, _}}, cprof_flight:stats(Watch)),
    until(fun() -> {not filelib:is_dir("/proc/" ++ integer_to_list(OsPid)), ended} end).

a_program_that_stands_still_holds_nobody_up_test_() ->
    {timeout, 180, {spawn, fun() -> with_folder(fun a_program_that_stands_still/1) end}}.

a_program_that_stands_still(Folder) ->
    process_flag(trap_exit, true),
    {ok, Watch} = cprof_flight:start_link(#{folder => Folder}),
    #{os_pid := OsPid} = until_stats(Watch, state, watching),
    "" = os:cmd("kill -STOP " ++ integer_to_list(OsPid)),
    Long = lists:duplicate(5000, $x),
    Answers = lists:usort([cprof_flight:trigger(Watch, Long) || _ <- lists:seq(1, 100)]),
    ?assertMatch([ok, {error, {not_watched, _}}], Answers),
    %% Who has asked for a recording knows; a trigger of an event is counted.
    ?assertMatch(#{lost := 0}, stats(Watch)),
    Watch ! {span_over, [a], native(20000), native(10000)},
    until_stats(Watch, lost, 1),
    ok = cprof_flight:stop(Watch),
    until(fun() -> {not filelib:is_dir("/proc/" ++ integer_to_list(OsPid)), ended} end).

a_watch_that_does_not_answer_is_running_test_() ->
    {timeout, 180, {spawn, fun() -> with_folder(fun a_watch_that_does_not_answer/1) end}}.

a_watch_that_does_not_answer(Folder) ->
    process_flag(trap_exit, true),
    {ok, Watch} = cprof_flight:start_link(#{folder => Folder}),
    ok = sys:suspend(Watch),
    ?assertMatch({error, {timeout, _}}, cprof_flight:stats(Watch)),
    ok = sys:resume(Watch),
    ?assertMatch(#{state := _}, stats(Watch)),
    ok = cprof_flight:stop(Watch),
    ?assertMatch({error, {not_started, _}}, cprof_flight:stats(Watch)).

its_supervisor_brings_it_back_test_() ->
    {timeout, 180, {spawn, fun() -> with_folder(fun its_supervisor_brings_it_back/1) end}}.

its_supervisor_brings_it_back(Folder) ->
    process_flag(trap_exit, true),
    Name = cprof_flight_tests_watch,
    Spec = cprof_flight:child_spec(#{name => Name, folder => Folder, conditions => ["mailbox > 5000000"]}),
    {ok, Supervisor} = supervisor:start_link(?MODULE, [Spec]),
    #{os_pid := First} = until_stats(Name, state, watching),
    Watch = whereis(Name),
    os:cmd("kill -KILL " ++ integer_to_list(First)),
    until(fun() -> {whereis(Name) =/= Watch andalso whereis(Name) =/= undefined, again} end),
    #{os_pid := Second} = until_stats(Name, state, watching),
    ?assertNotEqual(First, Second),
    %% The process itself is killed: its program ends, and both come back.
    exit(whereis(Name), kill),
    until(fun() ->
        {not filelib:is_dir("/proc/" ++ integer_to_list(Second)), ended}
    end),
    #{os_pid := Third} = until(fun() ->
        case cprof_flight:stats(Name) of
            {ok, #{state := watching, os_pid := OsPid} = Stats} when OsPid =/= Second -> {true, Stats};
            Other -> Other
        end
    end),
    ?assertNotEqual(Second, Third),
    unlink(Supervisor),
    exit(Supervisor, shutdown),
    until(fun() -> {not filelib:is_dir("/proc/" ++ integer_to_list(Third)), ended} end).

%% supervisor
init(Specs) -> {ok, {#{strategy => one_for_one, intensity => 10}, Specs}}.

%% By the VM's own account; the program cannot read it.
allocation_is_told_from_inside_test_() ->
    {timeout, 180, {spawn, fun() -> with_folder(fun allocation_is_told/1) end}}.

allocation_is_told(Folder) ->
    process_flag(trap_exit, true),
    {ok, Watch} = cprof_flight:start_link(#{
        folder => Folder,
        conditions => ["allocation > 100M/s"],
        'after' => 0,
        before => 5
    }),
    until_stats(Watch, state, watching),
    %% Some seconds without it.
    timer:sleep(4000),
    ?assertMatch(#{fired := 0, failed := 0}, stats(Watch)),
    {Pid, Monitor} = spawn_monitor(fun allocate/0),
    #{last_cause := <<"allocation > 100M/s">>} = until_stats(Watch, fired, 1),
    exit(Pid, kill),
    receive {'DOWN', Monitor, _, _, _} -> ok end,
    #{last_files := Files} = until_stats(Watch, recorded, 1),
    ?assertMatch([_], ends_with(".pb.gz", Files)),
    ok = cprof_flight:stop(Watch).

allocate() ->
    _ = lists:seq(1, 10000),
    allocate().

a_wrong_condition_is_an_error_test_() -> {timeout, 60, {spawn, fun a_wrong_condition_is_an_error/0}}.

a_wrong_condition_is_an_error() ->
    process_flag(trap_exit, true),
    [
        ?assertEqual({error, {invalid_option, Text}}, cprof_flight:start_link(Options))
     || {Options, Text} <- [
            {#{conditions => ["mailbox > 1", "mailbox > many"]},
                <<"option conditions mailbox > many: give a number after >, such as `mailbox > 10000`">>},
            {#{rate => 1000000}, <<"option rate 1000000: give 1 to 10000 samples per second">>},
            {#{at_most => often}, <<"option at_most often: give a number, 1 to 1000, and a time: 6/h, 1/min or 50/d">>},
            {#{engine => "\e[1m"}, <<"option engine \\x{1B}[1m: choose auto, bpf, perf or ptrace">>}
        ]
    ].
