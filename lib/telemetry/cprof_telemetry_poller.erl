%% Takes a snapshot in each period and executes its events. One process takes all
%% snapshots, because utilization is measured since its previous snapshot.
-module(cprof_telemetry_poller).

-behaviour(gen_server).

-export([start_link/1, execute/1]).
-export([init/1, handle_continue/2, handle_call/3, handle_cast/2, handle_info/2]).

-type options() :: #{period => pos_integer(), top => pos_integer(), name => atom()}.
-export_type([options/0]).

-define(PERIOD_MS, 5000).
-define(MAX_PERIOD_MS, 86400000).
%% Nobody waits for these figures, unlike in a shell, and on a machine that is short
%% of CPU time some of them arrive late.
-define(WAIT_MS, 500).

-spec start_link(options() | [{atom(), term()}]) ->
    {ok, pid()} | {error, cprof_protocol:failure() | {already_started, pid()}}.
start_link(Given) ->
    Period = {period, ?PERIOD_MS, {whole, "milliseconds", 1, ?MAX_PERIOD_MS}},
    case usable(Given, [Period, cprof_snapshot:top_option(), {name, none, name}]) of
        {ok, #{name := Name} = Options} -> gen_server:start_link({local, Name}, ?MODULE, Options, []);
        {ok, Options} -> gen_server:start_link(?MODULE, Options, []);
        {error, Failure} -> {error, Failure}
    end.

%% Takes a snapshot and executes its events, in the calling process.
-spec execute(#{top => pos_integer()} | [{top, pos_integer()}]) ->
    ok | {error, cprof_protocol:failure()}.
execute(Given) ->
    case usable(Given, [cprof_snapshot:top_option()]) of
        {ok, Options} ->
            Snapshot = cprof_snapshot:take(Options#{wait_ms => ?WAIT_MS}),
            lists:foreach(fun execute_event/1, cprof_telemetry_events:from(Snapshot));
        {error, Failure} ->
            {error, Failure}
    end.

execute_event({Name, Measurements, Metadata}) ->
    cprof_telemetry_library:execute(Name, Measurements, Metadata).

usable(Given, Rules) ->
    case {cprof_proplist:check(Given, Rules), cprof_telemetry_library:available()} of
        {{ok, Options}, ok} -> {ok, Options};
        {{error, Text}, _} -> {error, {invalid_option, Text}};
        {_, {error, Failure}} -> {error, Failure}
    end.

init(#{period := Period} = Options) ->
    {ok, #{period => Period, snapshot => maps:with([top], Options)}, {continue, poll}}.

handle_continue(poll, State) ->
    {noreply, poll(State)}.

handle_call(_, _, State) ->
    {reply, {error, unknown}, State}.

handle_cast(_, State) ->
    {noreply, State}.

handle_info(poll, State) ->
    {noreply, poll(State)};
handle_info(_, State) ->
    {noreply, State}.

%% The period is from start to start. A snapshot that takes longer is followed by
%% the next one at once, but never by two.
poll(#{period := Period, snapshot := Options} = State) ->
    Next = erlang:monotonic_time(millisecond) + Period,
    ok = execute(Options),
    Now = erlang:monotonic_time(millisecond),
    _ = erlang:send_after(max(Now, Next), self(), poll, [{abs, true}]),
    State.
