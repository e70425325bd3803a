%% @doc The node's figures as telemetry events, and recordings that telemetry
%% events trigger. Events, measurements and options: docs/telemetry.md.
%%
%% ```
%% {ok, _} = cprof_telemetry:start_link(#{period => 5000}).
%% ok = cprof_telemetry:attach(<<"slow">>, #{span => [my_app, checkout]}).
%% ok = cprof_telemetry:detach(<<"slow">>).
%% '''
%%
%% The rest of cprof does not need the library telemetry. Without it, the functions
%% that need it return `{error, {no_telemetry, Text}}'.
-module(cprof_telemetry).

-export([attach/2, detach/1, stats/1]).
-export([child_spec/1, start_link/0, start_link/1]).
-export([measurements/0, execute/0, execute/1]).

-type failure() :: cprof_protocol:failure().
-type handler_id() :: term().

%% @doc From now on, until {@link detach/1}, an event triggers a recording of this
%% node: `#{span => [my_app, checkout]}' records while such a span runs, and
%% `#{event => [my_app, alarm], seconds => 10}' for some seconds after the event.
%%
%% Only one recording runs at a time; a trigger that comes while one runs is
%% refused and counted.
-spec attach(handler_id(), cprof_telemetry_options:options() | [{atom(), term()}]) ->
    ok | {error, failure()}.
attach(Id, Options) ->
    case cprof_telemetry_library:available() of
        ok -> attach_checked(Id, cprof_telemetry_options:check(cprof_proplist:to_map(Options)));
        {error, Failure} -> {error, Failure}
    end.

attach_checked(_, {error, Failure}) ->
    {error, Failure};
attach_checked(Id, {ok, Checked}) ->
    _ = drop_dead(Id),
    Gate = cprof_telemetry_gate:new(),
    {ok, Recorder} = cprof_telemetry_recorder:start(Id, Gate, Checked),
    Events = cprof_telemetry_options:events(Checked),
    Config = cprof_telemetry_handler:config(Recorder, Gate, hd(Events), maps:get(filter, Checked)),
    case cprof_telemetry_library:attach(Id, Events, fun cprof_telemetry_handler:handle/4, Config) of
        ok ->
            ok;
        {error, already_exists} ->
            ok = cprof_telemetry_recorder:stop(Recorder),
            {error, {already_attached, text("a handler ~0tp is there; detach it first", Id)}}
    end.

%% A handler whose recorder was killed does nothing, but still holds the name.
drop_dead(Id) ->
    case recorder(Id) of
        {ok, Recorder} -> is_process_alive(Recorder) orelse cprof_telemetry_library:detach(Id);
        error -> ok
    end.

%% @doc Removes what {@link attach/2} attached. Drops a recording that is running,
%% but waits for one that is being written.
-spec detach(handler_id()) -> ok | {error, failure()}.
detach(Id) ->
    case known(Id) of
        {ok, Recorder} ->
            _ = cprof_telemetry_library:detach(Id),
            cprof_telemetry_recorder:stop(Recorder);
        {error, Failure} ->
            {error, Failure}
    end.

%% @doc How many recordings were made, failed and were refused since {@link
%% attach/2}, and the file that was written last.
-spec stats(handler_id()) -> {ok, cprof_telemetry_recorder:stats()} | {error, failure()}.
stats(Id) ->
    case known(Id) of
        {ok, Recorder} -> cprof_telemetry_recorder:stats(Recorder);
        {error, Failure} -> {error, Failure}
    end.

known(Id) ->
    case {cprof_telemetry_library:available(), recorder(Id)} of
        {ok, {ok, Recorder}} ->
            {ok, Recorder};
        {ok, error} ->
            {error, {not_attached, text("nothing is attached as ~0tp", Id)}};
        {{error, Failure}, _} ->
            {error, Failure}
    end.

%% Only telemetry knows what is attached.
recorder(Id) ->
    Handlers =
        case cprof_telemetry_library:available() of
            ok -> cprof_telemetry_library:handlers();
            {error, _} -> []
        end,
    Ours = fun cprof_telemetry_handler:handle/4,
    case [Handler || #{id := Of, function := F} = Handler <- Handlers, Of =:= Id, F =:= Ours] of
        [#{config := Config} | _] -> {ok, cprof_telemetry_handler:recorder(Config)};
        [] -> error
    end.

%% @doc For a supervisor: the specification of a process that takes a snapshot every
%% `period' milliseconds (5000) and executes its events.
-spec child_spec(cprof_telemetry_poller:options() | [{atom(), term()}]) -> supervisor:child_spec().
child_spec(Options) ->
    #{id => cprof_proplist:name(Options, ?MODULE), start => {?MODULE, start_link, [Options]}}.

%% @equiv start_link(#{})
-spec start_link() -> {ok, pid()} | {error, term()}.
start_link() ->
    start_link(#{}).

%% @doc Starts the process of {@link child_spec/1}. Options: `period' (at most a
%% day), `top' (rows in the metadata, at most 1,000) and `name'.
-spec start_link(cprof_telemetry_poller:options() | [{atom(), term()}]) ->
    {ok, pid()} | {error, term()}.
start_link(Options) ->
    cprof_telemetry_poller:start_link(Options).

%% @doc The same for telemetry_poller: `{measurements,
%% cprof_telemetry:measurements()}'.
-spec measurements() -> [{module(), atom(), list()}].
measurements() ->
    [{?MODULE, execute, []}].

%% @equiv execute(#{})
-spec execute() -> ok | {error, failure()}.
execute() ->
    execute(#{}).

%% @doc Takes a snapshot and executes its events, in the calling process.
%% Utilization is measured since the same process did this before.
-spec execute(#{top => pos_integer()} | [{top, pos_integer()}]) -> ok | {error, failure()}.
execute(Options) ->
    cprof_telemetry_poller:execute(Options).

text(Format, Term) -> cprof_words:text(Format, [Term]).
