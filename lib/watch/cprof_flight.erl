%% @doc Watches this node all the time, and keeps a recording of what led to a
%% condition: the program samples the node from outside at a low rate and keeps the
%% last minutes, as `cprof watch' does in a shell. From inside come triggers that
%% only the node knows: spans that take too long, and events of the system monitor.
%% docs/watch.md describes all of it; `Cprof.Watch' is the same for Elixir.
%%
%% ```
%% {ok, Watch} = cprof_flight:start_link(#{
%%     folder => "/var/log/my_app",
%%     conditions => ["mailbox > 10000", "utilization > 90% for 5s"],
%%     spans => [{[my_app, repo, query], #{over => 500}}],
%%     system => [{long_schedule, 200}]
%% }).
%% '''
-module(cprof_flight).

-export([child_spec/1, start_link/1, stop/1, stats/1, trigger/1, trigger/2]).

-type watch() :: pid() | atom().

%% @doc For a supervisor: the specification of the process of {@link start_link/1}.
-spec child_spec(cprof_flight_options:options() | [{atom(), term()}]) -> supervisor:child_spec().
child_spec(Options) ->
    #{id => cprof_proplist:name(Options, ?MODULE), start => {?MODULE, start_link, [Options]}, shutdown => 10000}.

%% @doc Starts to watch, until the process ends. Errors have the code `invalid_option',
%% `no_telemetry' (for `spans'), `system_monitor_taken' (for `system', before OTP 28),
%% `no_program' or `system_limit' (all ports of the node are taken). If the node cannot
%% be watched for another reason, for instance because the kernel does not allow it, the
%% process stays, says so once through `logger', and tries again every minute.
-spec start_link(cprof_flight_options:options() | [{atom(), term()}]) ->
    {ok, pid()} | {error, cprof_protocol:failure() | {already_started, pid()}}.
start_link(Options) ->
    case cprof_flight_options:check(cprof_proplist:to_map(Options)) of
        {ok, Checked} -> cprof_flight_server:start_link(Checked);
        {error, Failure} -> {error, Failure}
    end.

%% @doc Ends the watch. What is being recorded is written.
-spec stop(watch()) -> ok.
stop(Watch) ->
    cprof_flight_server:stop(Watch).

%% @doc What the watch does, and what it has done since it began. `lost' counts
%% triggers of spans and of the system monitor that the program did not take, because
%% it did not run or was stopped. Errors have the code `not_started' or `timeout' (the
%% watch did not answer within 5 s).
-spec stats(watch()) -> {ok, cprof_flight_server:stats()} | {error, cprof_protocol:failure()}.
stats(Watch) ->
    cprof_flight_server:stats(Watch).

%% @equiv trigger(Watch, <<"asked for">>)
-spec trigger(watch()) -> ok | {error, cprof_protocol:failure()}.
trigger(Watch) ->
    trigger(Watch, <<"asked for">>).

%% @doc Asks for a recording now. The text says why; the watch reports it. The option
%% at_most limits these recordings, too. Errors are those of {@link stats/1},
%% `not_watched' if the program does not read, and its `last_failure' if it does not run.
-spec trigger(watch(), unicode:chardata()) -> ok | {error, cprof_protocol:failure()}.
trigger(Watch, Text) ->
    cprof_flight_server:trigger(Watch, Text).
