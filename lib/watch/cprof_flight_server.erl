%% The process of a watch: it owns the port to the program, which watches this node
%% from outside, asks it for recordings when something inside has triggered, and
%% reports what the program says, as telemetry events and in its figures.
%%
%% When the program ends, so does this process, and a supervisor starts it again. But
%% it lives for LEAST_MS in any case, so that a program which ends again and again does
%% not take the supervisor down with it. A program that cannot watch this node at all
%% is tried again every minute.
-module(cprof_flight_server).

-behaviour(gen_server).

-export([start_link/1, stop/1, stats/1, trigger/2]).
-export([init/1, handle_continue/2, handle_call/3, handle_cast/2, handle_info/2, terminate/2]).

-type stats() :: #{
    %% failed: it is tried again; last_failure says why
    state := starting | watching | failed,
    os_pid := pos_integer() | undefined,
    engine := binary() | undefined,
    fired := non_neg_integer(),
    held_back := non_neg_integer(),
    recorded := non_neg_integer(),
    failed := non_neg_integer(),
    %% triggers from inside that the program did not take
    lost := non_neg_integer(),
    last_cause := binary() | undefined,
    last_files := [binary()],
    last_failure := cprof_protocol:failure() | undefined
}.
-export_type([stats/0]).

-include_lib("kernel/include/logger.hrl").

%% A program that refuses its command line says so at once.
-define(HELLO_MS, 2000).
-define(LEAST_MS, 5000).
-define(AGAIN_MS, 60000).
-define(TICK_MS, 1000).
%% How long the program may take to write what it is recording.
-define(STOP_MS, 5000).
-define(CALL_MS, 5000).

-spec start_link(cprof_flight_options:checked()) ->
    {ok, pid()} | {error, cprof_protocol:failure() | {already_started, pid()}}.
start_link(#{name := Name} = Checked) ->
    Started =
        case Name of
            undefined -> gen_server:start_link(?MODULE, Checked, []);
            _ -> gen_server:start_link({local, Name}, ?MODULE, Checked, [])
        end,
    case Started of
        {error, {shutdown, Failure}} -> {error, Failure};
        _ -> Started
    end.

-spec stop(pid() | atom()) -> ok.
stop(Watch) ->
    try
        gen_server:stop(Watch, normal, infinity)
    catch
        exit:_ -> ok
    end.

-spec stats(pid() | atom()) -> {ok, stats()} | {error, cprof_protocol:failure()}.
stats(Watch) ->
    call(Watch, stats).

-spec trigger(pid() | atom(), unicode:chardata()) -> ok | {error, cprof_protocol:failure()}.
trigger(Watch, Text) ->
    call(Watch, {trigger, cprof_words:shown(Text)}).

call(Watch, Request) ->
    try
        gen_server:call(Watch, Request, ?CALL_MS)
    catch
        exit:{timeout, _} ->
            {error, {timeout, <<"the watch did not answer within 5 s; it may still do what it was asked for">>}};
        exit:_ ->
            {error, {not_started, <<"no such watch is running">>}}
    end.

%% --- beginning and end --------------------------------------------------------

init(#{spans := Spans, system := System} = Checked) ->
    process_flag(trap_exit, true),
    Steps = [
        {spans, fun() -> cprof_flight_spans:attach(Spans) end},
        {monitor, fun() -> cprof_flight_monitor:start(System) end}
    ],
    case inside(Steps, #{}) of
        {ok, Inside} -> begin_watch(maps:merge(fresh(Checked), Inside));
        {error, Failure} -> {stop, {shutdown, Failure}}
    end.

%% If a step fails, what the earlier steps have started is ended.
inside([], Done) ->
    {ok, Done};
inside([{Key, Step} | Rest], Done) ->
    case Step() of
        {ok, Started} ->
            inside(Rest, Done#{Key => Started});
        {error, Failure} ->
            leave(Done),
            {error, Failure}
    end.

leave(Done) ->
    _ = [cprof_flight_spans:detach(Spans) || #{spans := Spans} <- [Done]],
    _ = [cprof_flight_monitor:stop(Monitor) || #{monitor := Monitor} <- [Done]],
    ok.

fresh(Checked) ->
    #{
        checked => Checked,
        port => none,
        os_pid => undefined,
        state => starting,
        began => erlang:monotonic_time(millisecond),
        engine => undefined,
        counts => #{fired => 0, held_back => 0, recorded => 0, failed => 0, lost => 0},
        last_cause => undefined,
        last_files => [],
        last_failure => undefined
    }.

begin_watch(#{checked := Checked} = State) ->
    case open(State) of
        {ok, #{port := Port} = Opened} ->
            ok = cprof_flight_allocation:start(Checked),
            greet(Port, Opened);
        {error, Failure} ->
            leave(State),
            {stop, {shutdown, Failure}}
    end.

open(#{checked := Checked} = State) ->
    case cprof_port:start_program(cprof_flight_options:arguments(Checked, os:getpid())) of
        {ok, Port} ->
            OsPid = cprof_port:os_pid_of(Port),
            %% Most kernels need no permission; the program says itself if it lacks it.
            _ = [cprof_native:allow_tracer(OsPid) || is_integer(OsPid)],
            {ok, State#{port := Port, os_pid := OsPid, state := starting}};
        {error, Failure} ->
            {error, Failure}
    end.

%% Options that the program refuses are an error of the caller.
greet(Port, State) ->
    receive
        {Port, {data, Packet}} -> greeted(cprof_protocol:reply(Packet), Packet, State);
        {Port, {exit_status, Status}} -> {ok, cannot(Status, State), {continue, tick}}
    after ?HELLO_MS -> {ok, State, {continue, tick}}
    end.

greeted({reply, _, {error, {invalid_option, Text}}}, _, State) ->
    leave(State),
    {stop, {shutdown, {invalid_option, cprof_flight_options:refused(Text)}}};
greeted(_, Packet, State) ->
    {ok, data(Packet, State), {continue, tick}}.

terminate(_, State) ->
    leave(State),
    close(State).

close(#{port := none}) ->
    ok;
close(#{port := Port} = State) ->
    _ = say(<<"stop">>, State),
    ok = await_end(State, erlang:monotonic_time(millisecond) + ?STOP_MS),
    cprof_port:close_port(Port),
    _ = cprof_native:deny_tracer(),
    ok.

%% What it still reports is passed on, too.
await_end(#{port := Port} = State, Until) ->
    receive
        {Port, {data, Packet}} -> await_end(data(Packet, State), Until);
        {Port, {exit_status, _}} -> ok
    after max(0, Until - erlang:monotonic_time(millisecond)) -> kill(State)
    end.

kill(#{os_pid := OsPid}) when is_integer(OsPid) -> cprof_port:kill_program(OsPid);
kill(_) -> ok.

%% --- requests -------------------------------------------------------------------

handle_continue(tick, State) ->
    {noreply, tick(State)}.

handle_call(stats, _, State) ->
    {reply, {ok, figures(State)}, State};
handle_call({trigger, _}, _, #{state := failed, last_failure := Failure} = State) ->
    {reply, {error, Failure}, State};
handle_call({trigger, Text}, _, State) ->
    {reply, taken(say(["fire request ", Text], State)), State}.

taken(true) -> ok;
taken(false) -> {error, {not_watched, <<"the program does not read: it was stopped, or has just ended">>}}.

handle_cast(_, State) ->
    {noreply, State}.

handle_info({Port, {data, Packet}}, #{port := Port} = State) ->
    {noreply, data(Packet, State)};
handle_info({Port, {exit_status, Status}}, #{port := Port} = State) ->
    {noreply, ended(Status, State)};
handle_info({span_over, Event, Duration, Over}, State) ->
    {noreply, fire("span", cprof_flight_spans:over_text(Event, Duration, Over), State)};
handle_info({monitor, Of, Event, Info}, #{monitor := Monitor} = State) ->
    case cprof_flight_monitor:fired(Event, Monitor) of
        {true, Next} ->
            Text = cprof_flight_monitor:text(Event, Of, Info),
            {noreply, fire(atom_to_list(Event), Text, State#{monitor := Next})};
        {false, _} ->
            {noreply, State}
    end;
handle_info({figure, Figure, Value}, State) ->
    Text = float_to_binary(Value, [{decimals, 1}]),
    _ = say(["figure ", atom_to_list(Figure), " ", Text], State),
    {noreply, State};
handle_info(tick, State) ->
    {noreply, tick(State)};
handle_info(open_again, State) ->
    {noreply, open_again(State)};
handle_info({stop, Failure}, State) ->
    {stop, Failure, State};
handle_info(_, State) ->
    {noreply, State}.

tick(#{spans := Spans, monitor := Monitor} = State) ->
    _ = erlang:send_after(?TICK_MS, self(), tick),
    {Texts, Next} = cprof_flight_spans:tick(Spans),
    lists:foldl(
        fun(Text, Now) -> fire("p99", Text, Now) end,
        State#{spans := Next, monitor := cprof_flight_monitor:tick(Monitor)},
        Texts
    ).

%% A word for the names of the files, and why. The program decides what becomes of it.
fire(Word, Text, State) ->
    case say(["fire ", Word, " ", Text], State) of
        true ->
            State;
        false ->
            ?LOG_WARNING("cprof: the program of the watch does not run or does not read, so this trigger is lost: ~ts", [
                Text
            ]),
            count(lost, State)
    end.

say(_, #{port := none}) ->
    false;
%% A program that was stopped reads nothing. It is not waited for.
say(Packet, #{port := Port}) ->
    try
        port_command(Port, Packet, [nosuspend])
    catch
        %% It has just ended; its status follows.
        error:badarg -> false
    end.

%% --- what the program says --------------------------------------------------------

data(Packet, State) ->
    case cprof_protocol:reply(Packet) of
        {event, #{event := Kind} = Event} -> said(Kind, Event, State);
        _ -> State
    end.

said(began, #{engine := Engine}, State) ->
    State#{state := watching, engine := Engine};
said(fired, #{cause := Cause} = Event, State) ->
    tell(fired, maps:with([value, above, waited_for_cpu], Event), maps:with([figure, cause, at_least, process, recording], Event)),
    count(fired, State#{last_cause := Cause});
said(held_back, Event, State) ->
    tell(held_back, maps:with([value, above, waited_for_cpu], Event), maps:with([figure, cause, at_least, process, why], Event)),
    count(held_back, State);
said(wrote, #{files := Files} = Event, State) ->
    Measurements = maps:with([samples, before_s, after_s], Event),
    tell(recorded, Measurements, maps:with([recording, files, why], Event)),
    count(recorded, State#{last_files := Files});
said(failed, #{why := Why} = Event, State) ->
    ?LOG_WARNING("cprof could not write the recording ~ts: ~ts", [maps:get(recording, Event, <<>>), Why]),
    tell(failed, #{}, maps:with([recording, why, files], Event)),
    count(failed, State#{last_failure := {not_written, Why}});
said(unknown, #{cause := Cause, why := Why}, State) ->
    ?LOG_WARNING("cprof cannot watch `~ts': ~ts", [Cause, Why]),
    State;
said(_, _, State) ->
    State.

count(Key, #{counts := Counts} = State) ->
    State#{counts := maps:update_with(Key, fun(N) -> N + 1 end, Counts)}.

tell(Last, Measurements, Metadata) ->
    case cprof_telemetry_library:available() of
        ok ->
            Now = Measurements#{system_time => erlang:system_time()},
            cprof_telemetry_library:execute([cprof, watch, Last], Now, Metadata);
        {error, _} ->
            ok
    end.

figures(#{counts := Counts} = State) ->
    Keys = [state, os_pid, engine, last_cause, last_files, last_failure],
    maps:merge(maps:with(Keys, State), Counts).

%% --- its end ----------------------------------------------------------------------

ended(Status, #{state := starting} = State) ->
    cannot(Status, State);
ended(Status, #{began := Began} = State) ->
    Failure = cprof_port:ended(Status),
    Lived = erlang:monotonic_time(millisecond) - Began,
    _ = erlang:send_after(max(0, ?LEAST_MS - Lived), self(), {stop, Failure}),
    without_port(State#{state := failed, last_failure := Failure}).

cannot(_, State) ->
    Text = <<
        "this node cannot be watched; the program says why on standard error. "
        "It is tried again every minute"
    >>,
    _ = [?LOG_WARNING("cprof: ~ts", [Text]) || #{last_failure := undefined} <- [State]],
    _ = erlang:send_after(?AGAIN_MS, self(), open_again),
    without_port(State#{state := failed, last_failure := {not_watched, Text}}).

without_port(#{port := Port} = State) ->
    cprof_port:close_port(Port),
    _ = cprof_native:deny_tracer(),
    State#{port := none, os_pid := undefined}.

open_again(State) ->
    case open(State) of
        {ok, Opened} ->
            Opened;
        {error, Failure} ->
            _ = erlang:send_after(?AGAIN_MS, self(), open_again),
            State#{last_failure := Failure}
    end.
