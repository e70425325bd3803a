%% One recorder for each attachment: it receives the triggers of its handler, lets a
%% worker record (cprof_telemetry_worker), and counts. It never waits for the worker
%% and is linked to nothing else: like a telemetry handler, it stays until it is
%% detached.
-module(cprof_telemetry_recorder).

-behaviour(gen_server).

-export([start/3, stop/1, stats/1]).
-export([trigger/2, ended/3]).
-export([init/1, handle_call/3, handle_cast/2, handle_info/2]).

-type stats() :: #{
    state := idle | recording,
    recorded := non_neg_integer(),
    failed := non_neg_integer(),
    %% triggers that came while a recording ran, this one's or another's, or
    %% after the limit
    refused := non_neg_integer(),
    filter_failures := non_neg_integer(),
    last_file := binary() | undefined,
    last_failure := cprof_protocol:failure() | undefined
}.
-export_type([stats/0]).

%% How long a worker may take to finish writing its files; then it is killed.
-define(STOP_MS, 10000).

-spec start(term(), cprof_telemetry_gate:gate(), cprof_telemetry_options:checked()) ->
    {ok, pid()}.
start(Id, Gate, Options) ->
    gen_server:start(?MODULE, {Id, Gate, Options}, []).

%% A recording that runs is dropped.
-spec stop(pid()) -> ok.
stop(Recorder) ->
    try
        gen_server:call(Recorder, stop, infinity)
    catch
        exit:_ -> ok
    end.

-spec stats(pid()) -> {ok, stats()} | {error, cprof_protocol:failure()}.
stats(Recorder) ->
    try
        {ok, gen_server:call(Recorder, stats, infinity)}
    catch
        exit:_ -> {error, {not_attached, <<"the recorder has ended; attach again">>}}
    end.

%% By the handler, in the process that executed the event.
-spec trigger(pid(), term()) -> ok.
trigger(Recorder, Span) ->
    gen_server:cast(Recorder, {trigger, Span, self()}).

-spec ended(pid(), term(), atom()) -> ok.
ended(Recorder, Span, How) ->
    gen_server:cast(Recorder, {ended, Span, How}).

init({Id, Gate, Options}) ->
    process_flag(trap_exit, true),
    {ok, #{
        id => Id,
        gate => Gate,
        options => Options,
        worker => none,
        number => 0,
        recorded => 0,
        failed => 0,
        refused => 0,
        last_file => undefined,
        last_failure => undefined
    }}.

handle_call(stats, _, State) ->
    {reply, figures(State), State};
%% The worker says that it is done. From now on, the next trigger is taken.
handle_call({done, Worker, Outcome}, _, #{worker := {Worker, _}} = State) ->
    {reply, ok, count(Outcome, State)};
handle_call({done, _, _}, _, State) ->
    {reply, ok, State};
handle_call(stop, _, #{worker := none} = State) ->
    {stop, normal, ok, State};
handle_call(stop, From, #{worker := {Worker, _}} = State) ->
    cprof_telemetry_worker:finish(Worker, detached),
    _ = erlang:send_after(?STOP_MS, self(), {kill, Worker}),
    {noreply, State#{stopping => {From, Worker}}}.

handle_cast(_, #{stopping := _} = State) ->
    {noreply, State};
handle_cast({trigger, Span, Pid}, #{worker := none} = State) ->
    {noreply, record(Span, Pid, State)};
handle_cast({ended, Span, How}, #{worker := {Worker, Span}} = State) ->
    cprof_telemetry_worker:finish(Worker, How),
    {noreply, State};
handle_cast(_, State) ->
    {noreply, State}.

handle_info({kill, Worker}, State) ->
    exit(Worker, kill),
    {noreply, State};
handle_info({'EXIT', Worker, _}, #{stopping := {From, Worker}} = State) ->
    gen_server:reply(From, ok),
    {stop, normal, State};
%% A worker that did not say how it ended.
handle_info({'EXIT', Worker, Reason}, #{worker := {Worker, _}} = State) ->
    Text = cprof_words:text("the recording ended unexpectedly: ~0tp", [Reason]),
    {noreply, count({failed, {worker_ended, Text}}, State)};
handle_info(_, State) ->
    {noreply, State}.

%% The last process slots are left to the application.
record(Span, Pid, State) ->
    case cprof_aside:has_room(2) of
        true ->
            begin_recording(Span, Pid, State);
        false ->
            count({failed, cprof_aside:no_room()}, State)
    end.

begin_recording(Span, Pid, #{id := Id, gate := Gate, options := Options, number := Number} = State) ->
    Task = #{
        id => Id,
        span => Span,
        caller => Pid,
        number => Number + 1,
        options => Options,
        gate => Gate
    },
    State#{worker := {cprof_telemetry_worker:start_link(Task), Span}, number := Number + 1}.

count(Outcome, State) ->
    reopen(counted(Outcome, State#{worker := none})).

counted({recorded, File}, #{recorded := N} = State) ->
    State#{recorded := N + 1, last_file := File};
counted({failed, Failure}, #{failed := N} = State) ->
    State#{failed := N + 1, last_failure := Failure};
counted(refused, #{refused := N} = State) ->
    State#{refused := N + 1}.

%% After the last recording the gate stays as it is, so that all are refused.
reopen(#{recorded := N, options := #{limit := Limit}} = State) when N >= Limit ->
    State;
reopen(#{gate := Gate} = State) ->
    cprof_telemetry_gate:open(Gate),
    State.

figures(#{gate := Gate, worker := Worker, refused := Refused} = State) ->
    Figures = maps:with([recorded, failed, last_file, last_failure], State),
    Figures#{
        state =>
            case Worker of
                none -> idle;
                _ -> recording
            end,
        refused => Refused + cprof_telemetry_gate:refused(Gate),
        filter_failures => cprof_telemetry_gate:filter_failures(Gate)
    }.
