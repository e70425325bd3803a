%% Takes a snapshot every so often and executes its events. One process takes
%% them all, because utilization is since that process's previous snapshot.
-module(cprof_telemetry_poller).

-behaviour(gen_server).

-export([child_spec/1, start_link/1]).
-export([init/1, handle_continue/2, handle_call/3, handle_cast/2, handle_info/2]).

-type options() :: #{period => pos_integer(), top => pos_integer(), name => atom()}.
-export_type([options/0]).

-define(PERIOD_MS, 5000).

-spec child_spec(options() | [{atom(), term()}]) -> supervisor:child_spec().
child_spec(Options) ->
    Id = maps:get(name, to_map(Options), cprof_telemetry),
    #{id => Id, start => {?MODULE, start_link, [Options]}}.

-spec start_link(options() | [{atom(), term()}]) ->
    {ok, pid()} | {error, cprof_protocol:failure() | {already_started, pid()}}.
start_link(Options) ->
    Steps = [
        fun() -> check(maps:to_list(to_map(Options))) end,
        fun cprof_telemetry:available/0
    ],
    start_link(Steps, to_map(Options)).

start_link([], #{name := Name} = Options) ->
    gen_server:start_link({local, Name}, ?MODULE, Options, []);
start_link([], Options) ->
    gen_server:start_link(?MODULE, Options, []);
start_link([Step | Rest], Options) ->
    case Step() of
        ok -> start_link(Rest, Options);
        {error, Failure} -> {error, Failure}
    end.

to_map(Options) when is_list(Options) -> maps:from_list(Options);
to_map(Options) when is_map(Options) -> Options.

check([]) -> ok;
check([{period, Ms} | Rest]) when is_integer(Ms), Ms >= 1 -> check(Rest);
check([{top, Top} | Rest]) when is_integer(Top), Top >= 1 -> check(Rest);
check([{name, Name} | Rest]) when is_atom(Name), Name =/= undefined -> check(Rest);
check([{Key, Value} | _]) ->
    Text = cprof_words:text(
        "the poller takes period (milliseconds), top (rows) and name (an atom), not ~tp: ~tp",
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

%% The period is from beginning to beginning; a snapshot that takes longer is
%% followed by the next at once, never by two.
poll(#{period := Period, snapshot := Options} = State) ->
    Next = erlang:monotonic_time(millisecond) + Period,
    ok = cprof_telemetry:execute(Options),
    Now = erlang:monotonic_time(millisecond),
    _ = erlang:send_after(max(Now, Next), self(), poll, [{abs, true}]),
    State.
