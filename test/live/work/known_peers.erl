%% The profilers that OTP has, on the processes of known work: what each says
%% of every function after so many milliseconds, [{{M, F, A}, Weight}].
-module(known_peers).
-export([start/3, stop/1, run/4]).

run(Peer, Ms, Pids, Dir) ->
    start(Peer, Pids, Dir),
    timer:sleep(Ms),
    stop(Peer).

start(eprof, Pids, _) ->
    {ok, _} = eprof:start(),
    profiling = eprof:start_profiling(Pids);
start(fprof, Pids, Dir) ->
    File = filename:join(Dir, "fprof.trace"),
    persistent_term:put(?MODULE, File),
    ok = fprof:trace([start, {procs, Pids}, {file, File}]);
start(cprof, _, _) ->
    _ = cprof:start(),
    ok;
start(tprof, Pids, _) ->
    {ok, _} = tprof:start(#{type => call_time}),
    _ = tprof:set_pattern('_', '_', '_'),
    _ = tprof:enable_trace(Pids),
    ok.

stop(eprof) ->
    profiling_stopped = eprof:stop_profiling(),
    Dump = eprof:dump(),
    stopped = eprof:stop(),
    [{Mfa, Us} || {_, Functions} <- Dump, {Mfa, {_, Us}} <- Functions];
stop(fprof) ->
    ok = fprof:trace(stop),
    File = persistent_term:get(?MODULE),
    ok = fprof:profile({file, File}),
    ok = fprof:analyse([{dest, File}, {totals, false}]),
    fprof:stop(),
    {ok, Terms} = file:consult(File),
    ok = file:delete(File),
    [{Mfa, Own} || {_, {{_, _, _} = Mfa, _, _, Own}, _} <- Terms];
stop(cprof) ->
    cprof:pause(),
    {_, Modules} = cprof:analyse(),
    cprof:stop(),
    [MfaCount || {_, _, Functions} <- Modules, MfaCount <- Functions];
stop(tprof) ->
    {call_time, Functions} = tprof:collect(),
    tprof:stop(),
    [{Mfa, Us} || {Mfa, Traces} <- lists:map(fun traced/1, Functions), {_, _, Us} <- Traces].

%% Which of the two it is depends on the version of tprof.
traced({M, {F, A}, Traces}) -> {{M, F, A}, Traces};
traced({M, F, A, Traces}) -> {{M, F, A}, Traces}.
