%% Nodes of their own at their limits, with schedulers that go offline, and with
%% callers that are killed: the node must not notice.
-module(cprof_limits_tests).

-include_lib("eunit/include/eunit.hrl").

-import(cprof_test_support, [until/1, forever/0]).

-export([first_snapshot/2, snapshots/1, application/2, profile/1, ports/0]).
-export([offline/1, killed/1, figures/0, canary/0]).

-define(DEADLINE_MS, 60000).

%% --- nodes --------------------------------------------------------------------

in_a_node(Flags, Function, Args) ->
    Paths = lists:append([["-pa", Path] || Path <- code:get_path(), is_ours(Path)]),
    {ok, Peer, _} = peer:start(#{
        connection => standard_io, args => Flags ++ Paths, wait_boot => ?DEADLINE_MS
    }),
    try
        peer:call(Peer, ?MODULE, Function, Args, 3 * ?DEADLINE_MS)
    after
        peer:stop(Peer)
    end.

is_ours(Path) -> string:find(Path, "cprof") =/= nomatch.

%% --- process slots ---------------------------------------------------------------

limited(Function, Args) -> in_a_node(["+P", "1024"], Function, Args).

%% Takes all slots but Free.
fill(Free) ->
    %% Where no slot is left, no module can be loaded.
    {module, _} = code:ensure_loaded(cprof_test_support),
    Pids = spawn_all([]),
    {Stop, Stay} = lists:split(Free, Pids),
    [Pid ! stop || Pid <- Stop],
    Limit = erlang:system_info(process_limit),
    until(fun() -> Limit - erlang:system_info(process_count) >= Free end),
    Stay.

spawn_all(Pids) ->
    try spawn(fun cprof_test_support:forever/0) of
        Pid -> spawn_all([Pid | Pids])
    catch
        error:system_limit -> Pids
    end.

%% Loading must not start a process either: nothing of cprof was called before.
the_first_snapshot_test_() ->
    [
        {lists:concat([Free, " slots free, ", Source]),
            {timeout, 180, fun() ->
                Quality = limited(first_snapshot, [Free, Source]),
                ?assertMatch(#{process_table_nearly_full := true, missing := [_ | _]}, Quality)
            end}}
     || {Free, Source} <- [{0, auto}, {0, bif}, {1, auto}, {60, auto}, {60, bif}]
    ].

first_snapshot(Free, Source) ->
    _ = fill(Free),
    #{quality := Quality, processes := #{count := Count}, waiting := #{groups := [Group | _]}} =
        cprof_nif:snapshot(#{source => Source}),
    %% What fills the table is named all the same.
    #{function := {cprof_test_support, forever, 0}} = Group,
    true = Count >= erlang:system_info(process_limit) - Free - 5,
    Quality.

other_snapshots_test_() ->
    [
        {lists:concat([Free, " slots free"]),
            {timeout, 180, fun() -> ?assertEqual(ok, limited(snapshots, [Free])) end}}
     || Free <- [0, 2, 40, 130, 150, 190, 600]
    ].

%% With the NIF's figures found before, too, and with everything else.
snapshots(Free) ->
    _ = cprof_nif:snapshot(),
    Stay = fill(Free),
    NearlyFull = Free < 192,
    [
        begin
            #{quality := #{process_table_nearly_full := Is}} = cprof_nif:snapshot(Options),
            %% (Others come and go.)
            Is =:= NearlyFull orelse error({Free, Options, Is})
        end
     || Options <- [#{}, #{source => bif}, #{wait_ms => 10, top => 100}],
        _ <- [1, 2, 3]
    ],
    #{findings := _} = cprof_nif:watch(#{snapshots => 1, interval_ms => 40}),
    true = is_binary(cprof_nif:format(cprof_nif:snapshot())),
    [Pid ! stop || Pid <- Stay],
    until(fun() -> erlang:system_info(process_count) < 200 end),
    #{quality := #{process_table_nearly_full := false, missing := []}} =
        cprof_nif:snapshot(#{wait_ms => ?DEADLINE_MS}),
    ok.

%% What the application begins meanwhile can be begun.
the_last_slots_are_the_applications_test_() ->
    [
        {lists:concat([Free, " slots free, snapshots: ", Snapshots]),
            {timeout, 180, fun() ->
                {Begun, Refused} = limited(application, [Free, Snapshots]),
                ?assert(Begun > 0),
                ?assertEqual(0, Refused)
            end}}
     || {Free, Snapshots} <- [{50, 0}, {50, 10}, {150, 10}, {200, 10}]
    ].

application(Free, Snapshots) ->
    _ = cprof_nif:snapshot(),
    _ = fill(Free),
    Counters = counters:new(2, []),
    Application = spawn(fun() -> begin_processes(Counters) end),
    until(fun() -> counters:get(Counters, 1) > 1000 end),
    [cprof_nif:snapshot(Options) || _ <- lists:seq(1, Snapshots), Options <- [#{}, #{source => bif}]],
    _ = [cprof_nif:watch(#{snapshots => 1, interval_ms => 40}) || Snapshots > 0],
    exit(Application, kill),
    {counters:get(Counters, 1), counters:get(Counters, 2)}.

%% A few at a time.
begin_processes(Counters) ->
    [
        try spawn(fun() -> ok end) of
            _ -> counters:add(Counters, 1, 1)
        catch
            error:system_limit -> counters:add(Counters, 2, 1)
        end
     || _ <- lists:seq(1, 20)
    ],
    until(fun() -> erlang:system_info(process_limit) - erlang:system_info(process_count) >= 25 end),
    begin_processes(Counters).

a_function_is_not_profiled_test_() ->
    {timeout, 180, fun() ->
        {{error, {system_limit, Text}}, Ran} = limited(profile, [3]),
        ?assertNotEqual(nomatch, binary:match(Text, <<"process slots">>)),
        ?assertNot(Ran)
    end}.

profile(Free) ->
    _ = code:ensure_loaded(cprof_sampler),
    _ = fill(Free),
    Ran = counters:new(1, []),
    {cprof_nif:profile(fun() -> counters:add(Ran, 1, 1) end), counters:get(Ran, 1) > 0}.

%% --- ports -------------------------------------------------------------------------

no_port_is_left_test_() ->
    {timeout, 180, fun() ->
        {Profile, Diff, Snapshot} = in_a_node(["+Q", "1024"], ports, []),
        [
            begin
                {error, {system_limit, Text}} = Result,
                ?assertNotEqual(nomatch, binary:match(Text, <<"+Q">>))
            end
         || Result <- [Profile, Diff]
        ],
        ?assertMatch(#{quality := #{missing := []}}, Snapshot)
    end}.

ports() ->
    _ = fill_ports([]),
    File = os:getenv("HOME", "/tmp") ++ "/cprof-limits-" ++ os:getpid(),
    ok = file:write_file(File, <<"recording">>),
    try
        {
            cprof_nif:profile(fun() -> ok end),
            cprof_nif:diff(File, File),
            cprof_nif:snapshot(#{wait_ms => ?DEADLINE_MS})
        }
    after
        file:delete(File)
    end.

%% Of a driver that needs no descriptors.
fill_ports(Ports) ->
    try open_port({spawn_driver, "ram_file_drv"}, []) of
        Port -> fill_ports([Port | Ports])
    catch
        error:system_limit -> Ports
    end.

%% --- schedulers that go offline -----------------------------------------------------

schedulers_that_go_offline_test_() ->
    {timeout, 240, fun() ->
        ?assertEqual({[], ok, []}, in_a_node(["+S", "4:4"], offline, [40]))
    end}.

%% Who does not answer while they are offline, whether code loads, and what is
%% left when they are online again.
offline(Rounds) ->
    _ = cprof_nif:snapshot(),
    _ = code:ensure_loaded(cprof_aside),
    Before = processes(),
    Sources = [auto, bif, auto],
    Takers = [spawn(fun() -> take(Source) end) || Source <- Sources],
    Mute = lists:append([round_of(lists:seq(1, 20)) || _ <- lists:seq(1, Rounds)]),
    _ = erlang:system_flag(schedulers_online, 1),
    Loaded = load(),
    [exit(Pid, kill) || Pid <- Takers],
    _ = erlang:system_flag(schedulers_online, 4),
    {lists:usort(Mute), Loaded, left_since(Before)}.

take(Source) ->
    _ = cprof_nif:snapshot(#{source => Source}),
    take(Source).

round_of(Turns) ->
    _ = [erlang:system_flag(schedulers_online, N rem 4 + 1) || N <- Turns],
    _ = erlang:system_flag(schedulers_online, 1),
    [Pid || Pid <- processes(), Pid =/= self(), not answers(Pid)].

answers(Pid) ->
    {Asker, Monitor} = spawn_monitor(fun() -> process_info(Pid, current_function) end),
    receive
        {'DOWN', Monitor, process, _, _} -> true
    after 10000 ->
        exit(Asker, kill),
        erlang:demonitor(Monitor, [flush]),
        false
    end.

%% The second load of a module purges it, which asks every process.
load() ->
    {ok, small, Code} = compile:forms([{attribute, 1, module, small}]),
    {Loader, Monitor} = spawn_monitor(fun() ->
        [{module, small} = code:load_binary(small, "small", Code) || _ <- [1, 2, 3]],
        code:purge(small)
    end),
    receive
        {'DOWN', Monitor, process, _, normal} -> ok
    after ?DEADLINE_MS ->
        exit(Loader, kill),
        hangs
    end.

%% All but the canary, of which there is one.
left_since(Before) ->
    Left = fun() ->
        [Pid || Pid <- processes() -- Before, Pid =/= whereis(cprof_canary), is_process_alive(Pid)]
    end,
    try until(fun() -> Left() =:= [] end) of
        ok -> []
    catch
        error:{never, _} -> [process_info(Pid) || Pid <- Left()]
    end.

%% --- callers that are killed -----------------------------------------------------------

killed_callers_test_() ->
    [
        {atom_to_list(What),
            {timeout, 240, fun() -> ?assertEqual({[], [], []}, in_a_node([], killed, [What])) end}}
     || What <- [snapshot, snapshot_bif, patient, print_snapshot, watch, watch_bif, profile, record, calibration, diff]
    ].

%% Processes, ports and names that are left. Some are killed while they wait.
killed(What) ->
    application:set_env(kernel, logger_level, none),
    _ = cprof_nif:snapshot(),
    _ = code:ensure_loaded(cprof_port),
    Names = registered(),
    {Before, Ports} = {processes(), erlang:ports()},
    _ = rand:seed(exsss, 1),
    [
        begin
            Callers = [spawn(fun() -> ask_for(What) end) || _ <- lists:seq(1, 10)],
            timer:sleep(rand:uniform(30)),
            [exit(Pid, kill) || Pid <- Callers]
        end
     || _ <- lists:seq(1, 20)
    ],
    Left = left_since(Before),
    {Left, erlang:ports() -- Ports, registered() -- Names}.

ask_for(snapshot) -> cprof_nif:snapshot();
ask_for(snapshot_bif) -> cprof_nif:snapshot(#{source => bif, top => 100});
ask_for(patient) -> cprof_nif:snapshot(#{wait_ms => 60000});
ask_for(print_snapshot) -> cprof_nif:print_snapshot();
ask_for(watch) -> cprof_nif:watch(#{snapshots => 1000});
ask_for(watch_bif) -> cprof_nif:watch(#{snapshots => 1000, interval_ms => 10, source => bif});
ask_for(profile) -> cprof_nif:profile(fun cprof_test_support:forever/0);
ask_for(record) -> cprof_nif:record(1000);
ask_for(diff) -> cprof_nif:diff("/proc/self/maps", ["/proc/self/maps"]);
ask_for(calibration) ->
    persistent_term:erase({cprof_walk_nif, layout}),
    cprof_walk_nif:status().

%% --- our own processes in the figures ------------------------------------------------

the_canary_is_in_no_figure_test_() ->
    {timeout, 180, fun() ->
        ?assertEqual([{auto, []}, {bif, []}], in_a_node([], canary, []))
    end}.

%% An idle node's mailboxes are empty, but for a moment.
canary() ->
    _ = cprof_nif:snapshot(),
    Canary = whereis(cprof_canary),
    {message_queue_len, Length} = process_info(Canary, message_queue_len),
    true = Length > 0,
    [{Source, without_messages(Source, Canary)} || Source <- [auto, bif]].

without_messages(Source, Canary) ->
    until(fun() ->
        case cprof_nif:snapshot(#{source => Source, top => 1000}) of
            #{mailboxes := #{total := 0, max := 0}} -> true;
            #{mailboxes := Mailboxes} -> Mailboxes
        end
    end),
    paths(Canary, cprof_nif:snapshot(#{source => Source, top => 1000})).

%% Where it is in a term.
paths(Term, Term) -> [here];
paths(Term, Map) when is_map(Map) ->
    [{Key, Path} || {Key, Value} <- maps:to_list(Map), Path <- paths(Term, Value)];
paths(Term, List) when is_list(List), is_integer(length(List)) ->
    lists:append([paths(Term, Value) || Value <- List]);
paths(_, _) -> [].

%% --- what is shared --------------------------------------------------------------------

one_keeper_for_all_test_() ->
    {timeout, 180, fun() -> ?assertEqual({true, true, []}, in_a_node([], figures, [])) end}.

%% 300 callers have figures, one process keeps the schedulers' times for them,
%% and ends after them.
figures() ->
    _ = cprof_nif:snapshot(),
    Before = processes(),
    Own = self(),
    Callers = [
        spawn(fun() ->
            #{schedulers := [_ | _]} = cprof_nif:snapshot(#{wait_ms => ?DEADLINE_MS}),
            #{schedulers := [#{utilization := Share} | _]} = cprof_nif:snapshot(#{wait_ms => ?DEADLINE_MS}),
            Own ! {share, Share},
            forever()
        end)
     || _ <- lists:seq(1, 300)
    ],
    Shares = [receive {share, Share} -> Share end || _ <- Callers],
    Kept = (processes() -- Before) -- Callers,
    [Pid ! stop || Pid <- Callers],
    {lists:all(fun is_float/1, Shares), length(Kept) =< 3, left_since(Before)}.
