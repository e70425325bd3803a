%% A node that writes results of its own to a folder, through every door that
%% there is, and says what each answered: a line "DOOR CODE", or "DOOR ok".
%% A shell command comes first; its $PPID is the process that starts
%% the programs of the node.
-module(saver).
-export([start/1, heard/4]).

start([Command, Folder | Libraries]) ->
    [] = os:cmd(Command),
    true = lists:all(fun(Path) -> code:add_pathz(Path) end, Libraries),
    Old = filename:join(Folder, "old.html"),
    New = filename:join(Folder, "new.html"),
    {ok, #{recording := Recording}} = cprof_sampler:record(0.3, #{}),
    say("record", cprof_nif:record(0.3, #{output => [Old]})),
    say("profile", cprof_nif:profile(fun() -> lists:seq(1, 1000) end, #{output => New})),
    say("write", cprof_sampler:write(Recording, unicode:characters_to_binary(New), #{})),
    %% As mix profile.run --save does: of any name, as it is.
    Long = binary:copy(Recording, 1 + 100000 div byte_size(Recording)),
    say("save", cprof_sampler:save(Long, unicode:characters_to_binary(Old), #{})),
    code:which(telemetry) =/= non_existing andalso telemetry(Folder),
    io:format("end~n"),
    halt().

say(Door, ok) -> io:format("~ts ok~n", [Door]);
say(Door, {error, {Code, _}}) -> io:format("~ts ~ts~n", [Door, Code]);
say(Door, {error, {Code, _}, _Value}) -> io:format("~ts ~ts~n", [Door, Code]);
say(Door, Done) when element(1, Done) =:= ok -> say(Door, ok).

telemetry(Folder) ->
    {ok, _} = application:ensure_all_started(telemetry),
    Events = [[cprof, profile, Last] || Last <- [stop, exception]],
    ok = telemetry:attach_many(heard, Events, fun ?MODULE:heard/4, self()),
    Options = #{event => [saver], seconds => 0.3, output => filename:join(Folder, "%n.html")},
    ok = cprof_telemetry:attach(saver, Options),
    telemetry:execute([saver], #{}, #{}),
    receive
        {heard, stop, _} -> say("telemetry", ok);
        {heard, exception, Failure} -> say("telemetry", {error, Failure})
    after 60000 -> say("telemetry", {error, {timeout, <<>>}})
    end.

heard([cprof, profile, Last], _, Metadata, Pid) ->
    Pid ! {heard, Last, maps:get(reason, Metadata, none)}.
