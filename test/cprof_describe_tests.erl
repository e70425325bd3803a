%% What the node says of its own processes, alone and in a recording.
-module(cprof_describe_tests).

-behaviour(application).
-behaviour(gen_server).

-include_lib("eunit/include/eunit.hrl").

-export([start/2, stop/1, init/1, handle_call/3, handle_cast/2, handle_info/2]).
-export([burn/0, sleep/0]).

-define(APPLICATION, cprof_describe_application).
-define(SUPERVISOR, cprof_describe_supervisor).
-define(NAME, cprof_describe_named).

%% --- an application with a worker that burns CPU ---------------------------

start(_, _) -> supervisor:start_link({local, ?SUPERVISOR}, ?MODULE, supervisor).

stop(_) -> ok.

init(supervisor) ->
    Worker = #{id => worker, start => {gen_server, start_link, [?MODULE, worker, []]}},
    {ok, {#{}, [Worker]}};
init(worker) ->
    self() ! burn,
    {ok, worker}.

handle_call(_, _, State) -> {reply, ok, State}.

handle_cast(_, State) -> {noreply, State}.

handle_info(burn, State) ->
    spin(20000),
    self() ! burn,
    {noreply, State}.

start_application() ->
    Facts = [
        {description, "cprof's test"},
        {vsn, "1"},
        {modules, [?MODULE]},
        {registered, [?SUPERVISOR]},
        {applications, [kernel, stdlib]},
        {mod, {?MODULE, []}}
    ],
    ok = application:load({application, ?APPLICATION, Facts}),
    ok = application:start(?APPLICATION).

stop_application() ->
    ok = application:stop(?APPLICATION),
    ok = application:unload(?APPLICATION).

worker() ->
    [{worker, Pid, _, _}] = supervisor:which_children(?SUPERVISOR),
    Pid.

%% --- other processes -------------------------------------------------------

burn() ->
    spin(20000),
    burn().

spin(0) -> 0;
spin(N) -> spin(N - 1).

sleep() ->
    receive
        go_on -> ok
    end.

%% Before OTP 27 a label has no function of its own; this is what it does.
set_label(Label) ->
    case erlang:function_exported(proc_lib, set_label, 1) of
        true -> proc_lib:set_label(Label);
        false -> put('$process_label', Label)
    end.

%% A process that has done First and does Then.
spawn_ready(How, First, Then) ->
    Test = self(),
    Pid = How(fun() ->
        First(),
        Test ! {ready, self()},
        Then()
    end),
    receive
        {ready, Pid} -> Pid
    end.

plain(First, Then) -> spawn_ready(fun erlang:spawn/1, First, Then).

nothing() -> ok.

text(Pid) -> list_to_binary(pid_to_list(Pid)).

%% The row of one process, without its pid.
said(Pid) ->
    Text = text(Pid),
    [{Text, InitialCall, Label, Application, Parent}] = cprof_describe:processes([Text]),
    {InitialCall, Label, Application, Parent}.

label_of(Label) ->
    Pid = plain(fun() -> set_label(Label) end, fun sleep/0),
    {_, Said, _, _} = said(Pid),
    exit(Pid, kill),
    Said.

%% --- alone -----------------------------------------------------------------

plain_processes_have_what_the_vm_knows_test_() -> {timeout, 120, fun plain_processes_have_what_the_vm_knows/0}.

plain_processes_have_what_the_vm_knows() ->
    Pid = plain(fun nothing/0, fun sleep/0),
    ?assertEqual({<<"erlang:apply/2">>, <<>>, <<>>, text(self())}, said(Pid)),
    Started = spawn(?MODULE, sleep, []),
    ?assertMatch({<<"cprof_describe_tests:sleep/0">>, <<>>, <<>>, _}, said(Started)),
    exit(Pid, kill),
    exit(Started, kill).

proc_lib_notes_call_and_parent_test_() -> {timeout, 120, fun proc_lib_notes_call_and_parent/0}.

proc_lib_notes_call_and_parent() ->
    Pid = proc_lib:spawn(?MODULE, sleep, []),
    ?assertEqual({<<"cprof_describe_tests:sleep/0">>, <<>>, <<>>, text(self())}, said(Pid)),
    exit(Pid, kill).

an_application_owns_its_processes_test_() -> {timeout, 120, fun an_application_owns_its_processes/0}.

an_application_owns_its_processes() ->
    start_application(),
    Worker = said(worker()),
    {_, _, Application, Master} = said(whereis(?SUPERVISOR)),
    stop_application(),
    ?assertEqual(
        {<<"cprof_describe_tests:init/1">>, <<>>, <<"cprof_describe_application">>,
            <<"cprof_describe_supervisor">>},
        Worker
    ),
    ?assertEqual(<<"cprof_describe_application">>, Application),
    ?assertMatch(<<"<", _/binary>>, Master),
    ?assertMatch({_, _, <<"kernel">>, _}, said(whereis(kernel_sup))).

labels_are_text_or_terms_test_() -> {timeout, 120, fun labels_are_text_or_terms/0}.

labels_are_text_or_terms() ->
    ?assertEqual(<<"{job,7}">>, label_of({job, 7})),
    ?assertEqual(<<"idle">>, label_of(idle)),
    ?assertEqual(<<"worker 7">>, label_of(<<"worker 7">>)),
    ?assertEqual(<<"worker 7">>, label_of("worker 7")),
    ?assertEqual(<<"größe"/utf8>>, label_of(<<"größe"/utf8>>)),
    ?assertEqual(<<"[]">>, label_of([])),
    ?assertEqual(<<"<<255,0>>">>, label_of(<<255, 0>>)),
    ?assertEqual(<<"[a|b]">>, label_of([a | b])).

%% What the program takes has less than 256 bytes and no NUL.
labels_are_bounded_test_() ->
    Long = [
        binary:copy(<<"x">>, 100000),
        binary:copy(<<"é"/utf8>>, 100001),
        lists:duplicate(100000, $x),
        lists:seq(1, 100000),
        <<0:800000>>,
        {text, binary:copy(<<"é"/utf8>>, 999)},
        list_to_atom([0, $a]),
        <<"line\n\e[31m">>
    ],
    [
        ?_test(begin
            Said = label_of(Label),
            ?assert(byte_size(Said) > 0),
            ?assert(byte_size(Said) =< 200),
            ?assertEqual(nomatch, binary:match(Said, [<<0>>, <<"\n">>, <<"\e">>])),
            ?assert(is_list(unicode:characters_to_list(Said)))
        end)
     || Label <- Long
    ].

a_long_initial_call_is_cut_test_() -> {timeout, 120, fun a_long_initial_call_is_cut/0}.

a_long_initial_call_is_cut() ->
    Function = list_to_atom(lists:duplicate(255, $f)),
    Call = fun() -> put('$initial_call', {?MODULE, Function, 0}) end,
    Pid = plain(Call, fun sleep/0),
    {InitialCall, _, _, _} = said(Pid),
    exit(Pid, kill),
    ?assertMatch(<<"cprof_describe_tests:fff", _/binary>>, InitialCall),
    ?assertEqual(255, byte_size(InitialCall)).

odd_dictionaries_are_no_facts_test_() -> {timeout, 120, fun odd_dictionaries_are_no_facts/0}.

odd_dictionaries_are_no_facts() ->
    Odd = fun() ->
        put('$initial_call', "nothing"),
        put('$ancestors', nobody),
        put('$process_label', undefined)
    end,
    Pid = plain(Odd, fun sleep/0),
    ?assertEqual({<<"erlang:apply/2">>, <<>>, <<>>, text(self())}, said(Pid)),
    exit(Pid, kill).

who_is_not_there_has_no_row_test_() -> {timeout, 120, fun who_is_not_there_has_no_row/0}.

who_is_not_there_has_no_row() ->
    {Dead, Monitor} = spawn_monitor(fun nothing/0),
    receive
        {'DOWN', Monitor, process, Dead, _} -> ok
    end,
    Full = plain(fun nothing/0, fun sleep/0),
    _ = [Full ! N || N <- lists:seq(1, 10001)],
    Asked = [text(Dead), text(Full), <<"nonsense">>, <<>>, <<"<9.9.9>">>, text(self())],
    Rows = cprof_describe:processes(Asked),
    exit(Full, kill),
    ?assertEqual([text(self())], [element(1, Row) || Row <- Rows]),
    ?assertEqual([], cprof_describe:processes([])).

who_does_not_answer_is_left_out_test_() -> {timeout, 120, fun who_does_not_answer_is_left_out/0}.

who_does_not_answer_is_left_out() ->
    Slow = spawn(fun sleep/0),
    Wait = fun
        (Pid) when Pid =:= Slow -> timer:sleep(infinity);
        (_) -> answer
    end,
    Own = self(),
    ?assertEqual(#{Own => answer}, cprof_ask:each([Slow, Own], Wait, 2000)),
    ?assertEqual(#{}, cprof_ask:each([Own], fun(_) -> error(boom) end, 1000)),
    ?assertEqual(#{}, cprof_ask:each([Own], fun(_) -> undefined end, 1000)),
    exit(Slow, kill),
    receive
        Left -> error({left, Left})
    after 0 -> ok
    end.

who_gets_on_is_waited_for_test_() -> {timeout, 120, fun who_gets_on_is_waited_for/0}.

who_gets_on_is_waited_for() ->
    Steps = fun(Advance) -> [ok = step(5, Advance) || _ <- lists:seq(1, 60)], done end,
    ?assertEqual({#{key => done}, []}, ask_promptly(Steps)),
    ?assertEqual({#{}, [key]}, ask_promptly(fun(Advance) -> step(5000, Advance) end)).

ask_promptly(Question) -> cprof_ask:collect(cprof_ask:start([{key, {prompt, Question}}]), 0).

step(Ms, Advance) -> spin_until(erlang:monotonic_time(millisecond) + Ms, Advance).

spin_until(Time, Advance) ->
    case erlang:monotonic_time(millisecond) < Time of
        true -> spin_until(Time, Advance);
        false -> Advance()
    end.

%% --- in a recording --------------------------------------------------------

each_is_recorded_with_its_facts_test_() ->
    {timeout, 600, fun() ->
        start_application(),
        Plain = plain(fun nothing/0, fun burn/0),
        Named = plain(fun() -> register(?NAME, self()) end, fun burn/0),
        Labelled = plain(fun() -> set_label({job, 7}) end, fun burn/0),
        Started = proc_lib:spawn(?MODULE, burn, []),
        Worker = worker(),
        {ok, #{processes := Rows}} = cprof_nif:record(1.5, #{rate => 999}),
        _ = [exit(Pid, kill) || Pid <- [Plain, Named, Labelled, Started]],
        stop_application(),
        Facts = fun(Pid) ->
            Text = text(Pid),
            [Row] = [Row || #{pid := P} = Row <- Rows, P =:= Text],
            #{name := Name, initial_call := Call, label := Label} = Row,
            #{application := Application, parent := Parent} = Row,
            {Name, Call, Label, Application, Parent}
        end,
        Own = text(self()),
        Burn = <<"cprof_describe_tests:burn/0">>,
        ?assertEqual({<<>>, <<"erlang:apply/2">>, <<>>, <<>>, Own}, Facts(Plain)),
        ?assertEqual(
            {atom_to_binary(?NAME), <<"erlang:apply/2">>, <<>>, <<>>, Own}, Facts(Named)
        ),
        ?assertEqual({<<>>, <<"erlang:apply/2">>, <<"{job,7}">>, <<>>, Own}, Facts(Labelled)),
        ?assertEqual({<<>>, Burn, <<>>, <<>>, Own}, Facts(Started)),
        ?assertEqual(
            {<<>>, <<"cprof_describe_tests:init/1">>, <<>>, atom_to_binary(?APPLICATION),
                atom_to_binary(?SUPERVISOR)},
            Facts(Worker)
        )
    end}.

%% Nothing but the recording's end asks about work as short as this.
the_last_processes_are_described_too_test_() ->
    {timeout, 600, fun() ->
        Work = fun() ->
            set_label(last),
            _ = [spin(20000) || _ <- lists:seq(1, 500)],
            self()
        end,
        {ok, Pid, #{processes := Rows}} = cprof_nif:profile(Work),
        Text = text(Pid),
        ?assertMatch([<<"last">>], [Label || #{pid := P, label := Label} <- Rows, P =:= Text]),
        erase('$process_label')
    end}.
