%% All calls of the library telemetry, which is optional; also says whether it is
%% there.
-module(cprof_telemetry_library).

-export([available/0, attach/4, detach/1, handlers/0, execute/3]).

-ignore_xref([{telemetry, attach_many, 4}, {telemetry, detach, 1}]).
-ignore_xref([{telemetry, execute, 3}, {telemetry, list_handlers, 1}]).

-type handler() :: fun(([atom()], map(), map(), Config :: term()) -> ok).

%% Asked each time: the library may be loaded later than this module.
-spec available() -> ok | {error, cprof_protocol:failure()}.
available() ->
    case code:ensure_loaded(telemetry) of
        {module, telemetry} -> started(application:ensure_all_started(telemetry));
        {error, _} -> {error, {no_telemetry, missing()}}
    end.

started({ok, _}) ->
    ok;
started({error, Reason}) ->
    Text = "the application telemetry could not be started: ~0tp",
    {error, {no_telemetry, cprof_words:text(Text, [Reason])}}.

missing() ->
    <<"the library telemetry is missing; add it to your dependencies, "
        "in mix.exs {:telemetry, \"~> 1.0\"}, in rebar.config {telemetry, \"~> 1.0\"}">>.

%% The functions below need the library.
-spec attach(term(), [[atom()], ...], handler(), term()) -> ok | {error, already_exists}.
attach(Id, Events, Handler, Config) -> telemetry:attach_many(Id, Events, Handler, Config).

-spec detach(term()) -> ok | {error, not_found}.
detach(Id) -> telemetry:detach(Id).

%% What is attached, to whatever event.
-spec handlers() -> [map()].
handlers() -> telemetry:list_handlers([]).

-spec execute([atom()], map(), map()) -> ok.
execute(Event, Measurements, Metadata) -> telemetry:execute(Event, Measurements, Metadata).
