%% Runs in the process that executes a telemetry event, so it does next to nothing:
%% it compares a duration with its limits and counts, in counters that all processes
%% share. It sends a message only when it triggers. It never raises, because telemetry
%% would then detach it.
%%
%% The gate is 0 while the event may trigger; the process that changes it to 1 has
%% triggered. The watch changes it back when all has been below the limit for a while,
%% which it learns from the time of the last one that was above.
-module(cprof_flight_handler).

-export([new/3, config/2, handle/4]).
-export([counts/1, last_above/1, reopen/1]).

-export_type([limits/0, config/0]).

-define(GATE, 1).
-define(LAST_ABOVE, 2).
-define(CELLS, 2).

-define(ALL, 1).
-define(ABOVE, 2).
-define(NEARLY, 3).
-define(COUNTS, 3).

%% In native units of time.
-type limit() :: pos_integer() | infinity.
-opaque limits() :: #{
    measurement := atom(),
    over := limit(),
    p99 := limit(),
    %% below this, it is calm again
    nearly := limit(),
    cells := atomics:atomics_ref(),
    counts := counters:counters_ref()
}.
-opaque config() :: {pid(), limits()}.

-spec new(atom(), limit(), limit()) -> limits().
new(Measurement, Over, P99) ->
    #{
        measurement => Measurement,
        over => Over,
        p99 => P99,
        nearly => nearly(P99),
        cells => atomics:new(?CELLS, [{signed, true}]),
        counts => counters:new(?COUNTS, [write_concurrency])
    }.

nearly(infinity) -> infinity;
nearly(P99) -> P99 * 9 div 10.

-spec config(pid(), limits()) -> config().
config(Server, Limits) -> {Server, Limits}.

%% An event without the expected measurement is not counted. (Any integer is below
%% `infinity', which is an atom.)
-spec handle([atom()], map(), map(), config()) -> ok.
handle(Event, Measurements, _, {Server, #{measurement := Key} = Limits}) ->
    case Measurements of
        #{Key := Duration} when is_integer(Duration) -> measured(Event, Duration, Server, Limits);
        #{} -> ok
    end.

measured(Event, Duration, Server, #{over := Over, p99 := P99, counts := Counts} = Limits) ->
    _ = P99 =:= infinity orelse count(Duration, P99, Limits, Counts),
    case Duration > Over of
        true -> above(Event, Duration, Server, Limits);
        false -> ok
    end.

count(Duration, P99, #{nearly := Nearly}, Counts) ->
    counters:add(Counts, ?ALL, 1),
    _ = Duration > Nearly andalso counters:add(Counts, ?NEARLY, 1),
    _ = Duration > P99 andalso counters:add(Counts, ?ABOVE, 1),
    true.

above(Event, Duration, Server, #{over := Over, cells := Cells}) ->
    atomics:put(Cells, ?LAST_ABOVE, erlang:monotonic_time()),
    case atomics:compare_exchange(Cells, ?GATE, 0, 1) of
        ok ->
            Server ! {span_over, Event, Duration, Over},
            ok;
        _ ->
            ok
    end.

%% --- for the watch ----------------------------------------------------------------

%% So far: events, those above the limit of p99, those above nine tenths of it.
-spec counts(limits()) -> {integer(), integer(), integer()}.
counts(#{counts := Counts}) ->
    {counters:get(Counts, ?ALL), counters:get(Counts, ?ABOVE), counters:get(Counts, ?NEARLY)}.

%% The last time that one event was above its limit while the gate is closed;
%% `open': it may trigger.
-spec last_above(limits()) -> integer() | open.
last_above(#{cells := Cells}) ->
    case atomics:get(Cells, ?GATE) of
        0 -> open;
        _ -> atomics:get(Cells, ?LAST_ABOVE)
    end.

-spec reopen(limits()) -> ok.
reopen(#{cells := Cells}) -> atomics:put(Cells, ?GATE, 0).
