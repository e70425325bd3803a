%% @doc The profiler and the node's figures for Erlang; no Elixir is needed.
%%
%% ```
%% 1> {ok, Result, Report} = cprof_nif:profile(fun() -> my_app:work() end).
%% 2> [#{name := Name, self_pct := Percent} | _] = maps:get(functions, Report).
%% 3> cprof_nif:snapshot().
%% '''
%%
%% The NIF (cprof_native) is needed by {@link allow_tracer/1}, {@link
%% deny_tracer/0} and {@link version/0}. Where it could not be loaded they
%% return `{error, not_loaded}', and all else works without it.
-module(cprof_nif).

-export([profile/1, profile/2, record/1, record/2, diff/2, diff/3]).
-export([snapshot/0, snapshot/1, print_snapshot/0, print_snapshot/1]).
-export([snapshot_diff/2, watch/0, watch/1, format/1, to_json_map/1]).
-export([allow_tracer/1, deny_tracer/0, version/0]).

-type recordings() :: file:name_all() | [file:name_all()].

%% @equiv profile(Fun, #{})
-spec profile(fun(() -> Value)) ->
    {ok, Value, map()} | {error, {atom(), binary()}} | {error, {atom(), binary()}, Value}.
profile(Fun) ->
    profile(Fun, #{}).

%% @doc Runs a function and samples this node meanwhile, from outside.
%%
%% Returns the function's value and the report: the keys are those of the JSON
%% report, `functions' are sorted by the samples in the function itself. What
%% the function raises is raised. `{error, Failure}': the function was not run.
%% `{error, Failure, Value}': it was, and only the recording failed.
%%
%% Options: `rate' (samples a second of CPU time, 999), `engine' (`auto'),
%% `kernel' (kernel stacks too, `false'), `force' (engine `ptrace' also on a
%% machine without a CPU to spare), `command' (`false' leaves the node's command
%% line out of the recording), `output' (a file or a list of files:
%% `"flame.html"', `".txt"', `".json"', `".collapsed"', `".speedscope.json"',
%% `".pb.gz"'; `"-"' prints the text report), and for those `top', `process',
%% `focus', `ignore'.
-spec profile(fun(() -> Value), cprof_options:options()) ->
    {ok, Value, map()} | {error, {atom(), binary()}} | {error, {atom(), binary()}, Value}.
profile(Fun, Options) ->
    case cprof_sampler:profile(Fun, Options) of
        {ok, Value, #{report := Report}} -> {ok, Value, Report};
        Error -> Error
    end.

%% @equiv record(Seconds, #{})
-spec record(number()) -> {ok, map()} | {error, {atom(), binary()}}.
record(Seconds) ->
    record(Seconds, #{}).

%% @doc Samples this node for some seconds and returns the report. Options as
%% for {@link profile/2}; `rate' is 99 when not given.
-spec record(number(), cprof_options:options()) ->
    {ok, map()} | {error, {atom(), binary()}}.
record(Seconds, Options) ->
    case cprof_sampler:record(Seconds, Options) of
        {ok, #{report := Report}} -> {ok, Report};
        {error, Failure} -> {error, Failure}
    end.

%% @equiv diff(Base, New, #{})
-spec diff(recordings(), recordings()) ->
    {ok, cprof_sampler:compared()} | {error, {atom(), binary()}}.
diff(Base, New) ->
    diff(Base, New, #{}).

%% @doc Compares recordings, the files that the output `"r.pb.gz"' gives: which
%% functions take a larger or a smaller part of the CPU now. Each side is a
%% file or a list of files.
%%
%% Returns `text', the comparison in option `format' (`text', `json', `html'),
%% `report', the same as a map with the keys of the JSON, and `grew', whether a
%% function grew by more than option `fail_above' percent (0) and by more than
%% chance. Further options: `min_effect' (5: smaller changes do not count), `top',
%% `process', `focus', `ignore'.
-spec diff(recordings(), recordings(), cprof_options:options()) ->
    {ok, cprof_sampler:compared()} | {error, {atom(), binary()}}.
diff(Base, New, Options) ->
    case {read_all(Base), read_all(New)} of
        {{ok, Before}, {ok, After}} -> cprof_sampler:diff(Before, After, Options);
        {{error, Failure}, _} -> {error, Failure};
        {_, {error, Failure}} -> {error, Failure}
    end.

read_all([Char | _] = File) when is_integer(Char) -> read_all([File]);
read_all(File) when is_binary(File); is_atom(File) -> read_all([File]);
read_all(Files) ->
    Read = [cprof_sampler:read_file(File) || File <- Files],
    case [Failure || {error, Failure} <- Read] of
        [] -> {ok, [Recording || {ok, Recording} <- Read]};
        [First | _] -> {error, First}
    end.

%% @equiv snapshot(#{})
-spec snapshot() -> cprof_snapshot:snapshot().
snapshot() ->
    cprof_snapshot:take(#{}).

%% @doc The node's figures at this moment: schedulers, run queues, processes,
%% mailboxes, binaries, memory and what everyone is waiting for. docs/snapshot.md
%% documents them.
%%
%% Rates and `utilization' are those since the calling process's previous
%% snapshot, so its first has `undefined' there. Options, as a map or a proplist:
%% `top', how many processes are listed (10); `source', `bif' for the figures
%% through BIFs only; `wait_ms', how long to wait at least for answers that
%% do not come (0: what is stuck is given up within milliseconds).
-spec snapshot(cprof_snapshot:options() | [{atom(), term()}]) -> cprof_snapshot:snapshot().
snapshot(Options) -> cprof_snapshot:take(to_map(Options)).

%% @equiv print_snapshot(#{})
-spec print_snapshot() -> ok.
print_snapshot() -> print_snapshot(#{}).

%% @doc Prints a snapshot as tables. Takes the options of {@link snapshot/1};
%% `wait_ms' is 100 when not given. Rates need two looks: the first time in a
%% process it takes both, a second apart.
-spec print_snapshot(cprof_snapshot:options() | [{atom(), term()}]) -> ok.
print_snapshot(Options) ->
    Patient = maps:merge(#{wait_ms => 100}, to_map(Options)),
    io:put_chars(format(cprof_snapshot:take_with_rates(Patient))).

%% @doc Who grew from the first snapshot to the second: mailboxes, binaries,
%% memory; and what changed of the schedulers and the totals.
-spec snapshot_diff(cprof_snapshot:snapshot(), cprof_snapshot:snapshot()) ->
    cprof_snapshot_diff:diff().
snapshot_diff(Before, Now) -> cprof_snapshot_diff:diff(Before, Now).

%% @equiv watch(#{})
-spec watch() -> cprof_watch:result().
watch() -> watch(#{}).

%% @doc Finds leaks: a baseline, then snapshots, and who grows in all of them.
%% Options: `snapshots' (3, at most 1,000,000), `interval_ms' (1000, at most a
%% day), both together at most 31 days, `top' (10, at most 1,000), `source'.
-spec watch(cprof_watch:options() | [{atom(), term()}]) -> cprof_watch:result().
watch(Options) -> cprof_watch:watch(to_map(Options)).

%% @doc A snapshot, a diff or what {@link watch/1} found as text.
-spec format(cprof_snapshot:snapshot() | cprof_snapshot_diff:diff() | cprof_watch:result()) ->
    binary().
format(Map) -> unicode:characters_to_binary(cprof_snapshot_text:format(Map)).

%% @doc The same for a JSON encoder: pids and functions are texts, and what is
%% not known is left out.
-spec to_json_map(map()) -> #{binary() => term()}.
to_json_map(Map) -> cprof_snapshot_json:to_map(Map).

to_map(Options) when is_map(Options) -> Options;
to_map(Options) when is_list(Options) -> maps:from_list(Options).

%% @doc Lets one process of the operating system attach to this node where the
%% kernel's Yama would forbid it (ptrace_scope 1). It replaces a permission
%% that was there. `{error, not_needed}': this kernel has no Yama.
-spec allow_tracer(pos_integer()) ->
    ok | {error, not_needed | no_process | refused | not_loaded}.
allow_tracer(OsPid) -> cprof_native:allow_tracer(OsPid).

%% @doc Withdraws what {@link allow_tracer/1} permitted.
-spec deny_tracer() -> ok | {error, not_needed | refused | not_loaded}.
deny_tracer() -> cprof_native:deny_tracer().

%% @doc The version that the NIF was built from.
-spec version() -> binary() | {error, not_loaded}.
version() -> cprof_native:version().
