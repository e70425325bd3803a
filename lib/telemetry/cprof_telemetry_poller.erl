%% Takes a snapshot in each period and executes its events. One process takes all
%% snapshots, because utilization is measured since its previous snapshot.
-module(cprof_telemetry_poller).

-behaviour(gen_server).

-export([start_link/1, execute/1]).
-export([init/1, handle_continue/2, handle_call/3, handle_cast/2, handle_info/2]).

-type options() :: #{period => pos_integer(), top => pos_integer(), name => atom()}.
-export_type([options/0]).

-define(PERIOD_MS, 5000).
%% Nobody waits for these figures, unlike in a shell, and on a machine that is short
%% of CPU time some of them arrive late.
-define(WAIT_MS, 500).

-spec start_link(options() | [{atom(), term()}]) ->
    {ok, pid()} | {error, cprof_protocol:failure() | {already_started, pid()}}.
start_link(Given) ->
    Options = cprof_proplist:to_map(Given),
    Steps = [
        fun() -> check(Options) end,
        fun cprof_telemetry_library:available/0
    ],
    start_link(Steps, Options).

start_link([], #{name := Name} = Options) ->
    gen_server:start_link({local, Name}, ?MODULE, Options, []);
start_link([], Options) ->
    gen_server:start_link(?MODULE, Options, []);
start_link([Step | Rest], Options) ->
    case Step() of
        ok -> start_link(Rest, Options);
        {error, Failure} -> {error, Failure}
    end.

%% Takes a snapshot and executes its events, in the calling process.
-spec execute(#{top => pos_integer()}) -> ok | {error, cprof_protocol:failure()}.
execute(Options) ->
    case cprof_telemetry_library:available() of
        ok ->
            Snapshot = cprof_snapshot:take(maps:merge(#{wait_ms => ?WAIT_MS}, Options)),
            lists:foreach(fun execute_event/1, cprof_telemetry_events:from(Snapshot));
        {error, Failure} ->
            {error, Failure}
    end.

execute_event({Name, Measurements, Metadata}) ->
    cprof_telemetry_library:execute(Name, Measurements, Metadata).

check(Options) when is_map(Options) -> check_each(maps:to_list(Options));
check(_) -> {error, {invalid_option, <<"the options must be a map or a list of pairs">>}}.

check_each([]) -> ok;
check_each([{period, Ms} | Rest]) when is_integer(Ms), Ms >= 1 -> check_each(Rest);
check_each([{top, Top} | Rest]) when is_integer(Top), Top >= 1 -> check_each(Rest);
check_each([{name, Name} | Rest]) when is_atom(Name), Name =/= undefined -> check_each(Rest);
check_each([{Key, Value} | _]) ->
    Text = cprof_words:text(
        "the poller takes period (milliseconds), top (rows) and name (an atom), not ~0tp: ~0tp",
        [Key, Value]
    ),
    {error, {invalid_option, Text}}.

init(Options) ->
    Period = maps:get(period, Options, ?PERIOD_MS),
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
