%% Makes one recording and writes its files, which is all the work that takes time.
%% It also executes the telemetry events about the recording, because the handlers
%% of these events run in the process that executes them.
-module(cprof_telemetry_worker).

-export([start_link/1, finish/2]).

-type task() :: #{
    id := term(),
    span := term(),
    %% the process that executed the triggering event
    caller := pid(),
    number := pos_integer(),
    options := cprof_telemetry_options:checked(),
    gate := cprof_telemetry_gate:gate()
}.
%% It calls the gen_server that started it with {done, Worker, outcome()} when the
%% recording has ended, before the events say so. The reply is ok.
-type outcome() :: {recorded, binary()} | {failed, cprof_protocol:failure()} | refused.
-export_type([outcome/0]).

-define(LAST_WORD_MS, 100).

%% Linked to the recorder that calls it.
-spec start_link(task()) -> pid().
start_link(Task) ->
    Recorder = self(),
    Own = #{recorder => Recorder, triggered => moment(), context => make_ref()},
    spawn_link(fun() -> run(maps:merge(Task, Own)) end).

%% Why there is nothing more to record; `detached' drops what was recorded.
-spec finish(pid(), stop | exception | detached) -> ok.
finish(Worker, How) ->
    Worker ! {finish, How},
    ok.

moment() ->
    #{system_time => erlang:system_time(), monotonic_time => erlang:monotonic_time()}.

run(#{options := #{record := Record}} = Task) ->
    case cprof_sampler:start(Record, #{owner => self()}) of
        ok ->
            Began = begun(Task),
            recorded(await(Began), Began);
        {error, {already_started, _}} ->
            ok = report(refused, Task),
            execute(refused, #{count => 1}, (metadata(Task))#{reason => other_recording});
        {error, Failure} ->
            failed(Failure, begun(Task))
    end.

%% Samples are being taken from now on. The beginning of the span is missing, because
%% attaching took some time: `latency' says how long.
begun(#{triggered := #{monotonic_time := Triggered}, gate := Gate} = Task) ->
    #{monotonic_time := Now} = Moment = moment(),
    execute(start, Moment#{latency => Now - Triggered}, metadata(Task)),
    Task#{began => Now, refused_before => cprof_telemetry_gate:refused(Gate)}.

await(#{caller := Caller, options := #{trigger := {span, _}, seconds := Seconds}}) ->
    Monitor = monitor(process, Caller),
    receive
        {finish, How} -> How;
        {'DOWN', Monitor, process, _, _} -> last_word()
    after ceil(Seconds * 1000) -> time
    end;
await(#{options := #{trigger := {event, _}, seconds := Seconds}}) ->
    receive
        {finish, detached} -> detached
    after ceil(Seconds * 1000) -> time
    end.

%% A span whose process died never ends. If it ended just before, the recorder
%% says so, perhaps later than the VM reports the death.
last_word() ->
    receive
        {finish, How} -> How
    after ?LAST_WORD_MS -> process_down
    end.

recorded(detached, Task) ->
    cprof_port:close(cprof_sampler),
    failed({detached, <<"it was detached while it recorded; the recording was dropped">>}, Task);
recorded(How, #{began := Began} = Task) ->
    Duration = erlang:monotonic_time() - Began,
    case cprof_sampler:stop() of
        {ok, #{recording := Recording, report := Report}} ->
            #{counters := #{samples := Samples}} = Report,
            Measurements = #{duration => Duration, samples => Samples},
            More = maps:merge(#{ended => How}, hottest(Report)),
            written(write(Recording, Task), Measurements, More, Task);
        {error, Failure} ->
            failed(Failure, Task)
    end.

written({ok, [File | _] = Files}, Measurements, More, Task) ->
    ok = report({recorded, File}, Task),
    Metadata = maps:merge(metadata(Task), More#{file => File, files => Files}),
    execute(stop, Measurements#{monotonic_time => erlang:monotonic_time()}, Metadata),
    tell_refused(Task);
written({error, Failure}, _, _, Task) ->
    failed(Failure, Task).

failed(Failure, #{began := Began} = Task) ->
    ok = report({failed, Failure}, Task),
    Now = erlang:monotonic_time(),
    Why = #{kind => error, reason => Failure, stacktrace => []},
    Measurements = #{duration => Now - Began, monotonic_time => Now},
    execute(exception, Measurements, maps:merge(metadata(Task), Why)),
    tell_refused(Task).

%% Reports the triggers that the handler refused meanwhile. The refused processes do
%% not report this themselves, so that they are not delayed.
tell_refused(#{gate := Gate, refused_before := Before} = Task) ->
    case cprof_telemetry_gate:refused(Gate) - Before of
        0 -> ok;
        Count -> execute(refused, #{count => Count}, (metadata(Task))#{reason => own_recording})
    end.

-spec report(outcome(), map()) -> ok.
report(Outcome, #{recorder := Recorder}) ->
    gen_server:call(Recorder, {done, self(), Outcome}, infinity).

%% The context is ours, so that the events of one recording belong together.
metadata(#{id := Id, context := Context, options := #{trigger := {_, Event}}}) ->
    #{id => Id, trigger => Event, telemetry_span_context => Context}.

execute(Last, Measurements, Metadata) ->
    cprof_telemetry_library:execute([cprof, profile, Last], Measurements, Metadata).

hottest(#{functions := Functions}) ->
    case [Name || #{name := Name, self := Self} <- Functions, Self > 0] of
        [Name | _] -> #{hottest => Name};
        [] -> #{}
    end.

write(Recording, #{options := #{output := Patterns}} = Task) ->
    #{triggered := #{system_time := At}, number := Number} = Task,
    Files = [cprof_telemetry_options:file(Pattern, At, Number) || Pattern <- Patterns],
    write_all(Files, Recording, rendering(Task), Files).

rendering(#{caller := Caller, options := #{render := Render, caller_only := true}}) ->
    Render#{process => [cprof_words:pid(Caller)]};
rendering(#{options := #{render := Render}}) ->
    Render.

write_all([], _, _, Files) ->
    {ok, Files};
write_all([File | Rest], Recording, Options, Files) ->
    %% Checked when it was attached.
    {ok, Format} = cprof_options:format_of(File, Options),
    %% Never over a file that is there, nor through a link.
    case cprof_sampler:save(Recording, File, Options#{format => Format, exclusive => true}) of
        ok -> write_all(Rest, Recording, Options, Files);
        {error, Failure} -> {error, Failure}
    end.
