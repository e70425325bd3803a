%% Events of the VM's system monitor: long garbage collections and long times on a
%% scheduler, large heaps, busy ports.
%%
%% Since OTP 28 a trace session has a system monitor of its own, so nobody else's is
%% touched. Before, a node has only one: it is taken only if nobody has it, and given
%% back at the end, unless somebody else took it meanwhile.
%%
%% An event that has triggered is switched off for a minute: busy ports, for one, can
%% send thousands of messages per second.
-module(cprof_flight_monitor).

-export([start/1, stop/1, fired/2, tick/1, text/3]).

-export_type([monitor/0]).

-define(PAUSE_MS, 60000).
-dialyzer({nowarn_function, [open/0, switch/3, stop/1]}).
-ignore_xref([{trace, session_create, 3}, {trace, system, 3}, {trace, session_destroy, 1}]).

-type event() :: atom().
-opaque monitor() :: #{
    %% `own': the node's only one
    session := none | own | term(),
    %% what is monitored, with its parameter
    events := #{event() => term()},
    %% until when (monotonic, ms) an event is off
    paused := #{event() => integer()}
}.

%% Messages {monitor, Of, Event, Info} come to the caller.
-spec start([cprof_flight_options:system()]) -> {ok, monitor()} | {error, cprof_protocol:failure()}.
start(List) ->
    Events = maps:from_list([pair(Event) || Event <- List]),
    start(Events, map_size(Events)).

pair({Event, Value}) -> {Event, Value};
pair(Event) -> {Event, true}.

start(Events, 0) ->
    {ok, #{session => none, events => Events, paused => #{}}};
start(Events, _) ->
    case open() of
        {ok, Session} ->
            ok = set(Session, Events, #{}),
            {ok, #{session => Session, events => Events, paused => #{}}};
        {error, Failure} ->
            {error, Failure}
    end.

open() ->
    case has_sessions() of
        true -> {ok, trace:session_create(cprof_flight_session, self(), [])};
        false -> take(erlang:system_monitor())
    end.

has_sessions() ->
    code:ensure_loaded(trace) =:= {module, trace} andalso
        erlang:function_exported(trace, system, 3).

take(undefined) ->
    {ok, own};
take({Pid, _}) when Pid =:= self() ->
    {ok, own};
take({Pid, _}) ->
    {error, {system_monitor_taken, cprof_words:text(
        "~tp has the system monitor of this node, and before OTP 28 there is only one; "
        "leave the option system out",
        [Pid]
    )}}.

set(own, Events, Paused) ->
    Now = maps:to_list(maps:without(maps:keys(Paused), Events)),
    set_own([option(Event, Value) || {Event, Value} <- Now]);
set(Session, Events, Paused) ->
    maps:foreach(
        fun(Event, Value) -> switch(Session, Event, on(Value, maps:is_key(Event, Paused))) end,
        Events
    ).

option(Event, true) -> Event;
option(Event, Value) -> {Event, Value}.

on(_, true) -> false;
on(Value, false) -> Value.

%% Somebody else may have taken it since.
set_own(Options) ->
    _ =
        case erlang:system_monitor() of
            {Pid, _} when Pid =/= self() -> taken;
            _ -> erlang:system_monitor(self(), Options)
        end,
    ok.

switch(Session, Event, Value) ->
    _ = trace:system(Session, Event, Value),
    ok.

-spec stop(monitor()) -> ok.
stop(#{session := none}) ->
    ok;
stop(#{session := own}) ->
    case erlang:system_monitor() of
        {Pid, _} when Pid =:= self() ->
            _ = erlang:system_monitor(undefined),
            ok;
        _ ->
            ok
    end;
stop(#{session := Session}) ->
    _ = trace:session_destroy(Session),
    ok.

%% Does this event trigger? Then it is off from now on, for a while.
-spec fired(event(), monitor()) -> {boolean(), monitor()}.
fired(Event, #{session := Session, events := Events, paused := Paused} = Monitor) ->
    case maps:is_key(Event, Events) andalso not maps:is_key(Event, Paused) of
        true ->
            Until = erlang:monotonic_time(millisecond) + ?PAUSE_MS,
            Next = Paused#{Event => Until},
            ok = set(Session, Events, Next),
            {true, Monitor#{paused := Next}};
        false ->
            {false, Monitor}
    end.

%% Once a second: events whose pause is over are switched on again.
-spec tick(monitor()) -> monitor().
tick(#{session := Session, events := Events, paused := Paused} = Monitor) ->
    Now = erlang:monotonic_time(millisecond),
    case maps:filter(fun(_, Until) -> Until > Now end, Paused) of
        Paused ->
            Monitor;
        Left ->
            ok = set(Session, Events, Left),
            Monitor#{paused := Left}
    end.

%% "long_gc of <0.91.0>: 812 ms"
-spec text(event(), pid() | port(), term()) -> binary().
text(Event, Of, Info) ->
    cprof_words:text("~ts of ~ts~ts", [Event, of_whom(Of), details(Event, Info)]).

of_whom(Pid) when is_pid(Pid) -> cprof_words:pid(Pid);
of_whom(Other) -> io_lib:format("~tp", [Other]).

details(_, Info) when is_list(Info) ->
    case lists:keyfind(timeout, 1, Info) of
        {timeout, Ms} -> io_lib:format(": ~b ms", [Ms]);
        false -> ""
    end;
details(_, Port) when is_port(Port) ->
    io_lib:format(": ~tp", [Port]);
details(_, _) ->
    "".
