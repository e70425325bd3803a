%% @doc The profiler, and the figures of the node, for Erlang. No Elixir is needed.
%%
%% ```
%% 1> {ok, Result, Report} = cprof_nif:profile(fun() -> my_app:work() end).
%% 2> [#{name := Name, self_pct := Percent} | _] = maps:get(functions, Report).
%% 3> cprof_nif:snapshot().
%% '''
%%
%% {@link allow_tracer/1}, {@link deny_tracer/0} and {@link version/0} need the
%% NIF (cprof_native). If it could not be loaded, they return `{error,
%% not_loaded}'; everything else works without it.
-module(cprof_nif).

-export([profile/1, profile/2, record/1, record/2, diff/2, diff/3]).
-export([waits/0, waits/1, print_waits/0, print_waits/1]).
-export([snapshot/0, snapshot/1, print_snapshot/0, print_snapshot/1]).
-export([memory/0, memory/1, print_memory/0, print_memory/1]).
-export([snapshot_diff/2, watch/0, watch/1, format/1, to_json_map/1]).
-export([allow_tracer/1, deny_tracer/0, version/0]).

-type recordings() :: file:name_all() | [file:name_all()].

%% @equiv profile(Fun, #{})
-spec profile(fun(() -> Value)) ->
    {ok, Value, map()} | {error, {atom(), binary()}} | {error, {atom(), binary()}, Value}.
profile(Fun) ->
    profile(Fun, #{}).

%% @doc Runs a function and samples this node from outside while it runs.
%%
%% Returns the function's value and the report, a map with the keys of the JSON
%% report; its `functions' are sorted by self samples. What the function raises
%% is raised again here. `{error, Failure}' means that the function was not run,
%% and `{error, Failure, Value}' that it was run, but the recording failed.
%%
%% Options, as a map or a proplist: `event' (`cpu', or `wall': processes are sampled, whether they run or
%% wait, see {@link waits/1}, or `alloc': what functions allocate, in bytes, or `block': schedulers
%% that are blocked while they run a process; a list, such as `[cpu, alloc]', records
%% several at once: the report is that of the first in this order, and has those of the
%% others under their names), `rate' (samples per second of CPU
%% time, 999; with event `wall' readings of the processes per second, 10; with event
%% `alloc' samples per second, at most, 999; with event `block' samples per second
%% of blocked time, 1000; of several events, that of the first), `max_cost' (with event
%% `alloc': the percentage of the node's CPU time that it may cost, 0.85), `engine' (`auto'),
%% `kernel' (also kernel stacks, `false'), `force' (engine `ptrace' even on a
%% machine without a spare CPU), `command' (`false' leaves the node's command
%% line out of the recording), `slower_than' (milliseconds: only samples in a
%% span that takes as long; docs/spans.md), `output' (a file or a list of files:
%% `"flame.html"', `".txt"', `".json"', `".collapsed"', `".speedscope.json"',
%% `".pb.gz"'; `"-"' prints the text report), and for these files `top',
%% `process', `span', `focus', `ignore'.
-spec profile(fun(() -> Value), cprof_options:given()) ->
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

%% @doc Samples this node for some seconds and returns the report. The options
%% are those of {@link profile/2}; `rate' is 99 by default.
-spec record(number(), cprof_options:given()) ->
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

%% @doc Compares recordings (files that were written with the output
%% `"r.pb.gz"'): says which functions now take a larger or a smaller part of the
%% CPU time, or of the allocated bytes. Each side is a file or a list of files.
%%
%% Returns `text', the comparison in the format of option `format' (`text',
%% `json', `html'); `report', the same as a map with the keys of the JSON; and
%% `grew', whether a function grew significantly and by more than option
%% `fail_above' percent (0). Further options: `event' (`cpu' or `alloc': which is
%% compared of recordings of several events), `min_effect' (5; smaller changes
%% are ignored), `top', `process', `span', `focus', `ignore'.
-spec diff(recordings(), recordings(), cprof_options:given()) ->
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

%% @equiv waits(#{})
-spec waits() -> {ok, cprof_waits:waits()} | {error, {atom(), binary()}}.
waits() ->
    waits(#{}).

%% @doc Who is waited for in this node: reads all its processes for a while, from
%% outside, and says for whose answer they wait, on average how many, from which
%% functions, what the process that is waited for does itself, and whom it waits
%% for: `sentence' follows this to the end, or to a deadlock. docs/wall.md
%% documents the map. The caller and the processes of cprof are left out.
%%
%% Options, as a map or a proplist: `ms', for how long (1000; 100 to 3,600,000);
%% `top', how many processes are listed (10); `rate', how often per second the
%% processes are read (at least 10, and 40 times in all; 1 to 100).
-spec waits(cprof_waits:options() | [{atom(), term()}]) ->
    {ok, cprof_waits:waits()} | {error, {atom(), binary()}}.
waits(Options) -> cprof_waits:take(Options).

%% @equiv print_waits(#{})
-spec print_waits() -> ok | {error, {atom(), binary()}}.
print_waits() -> print_waits(#{}).

%% @doc Prints who is waited for as a sentence and a table. Takes the options of
%% {@link waits/1}.
-spec print_waits(cprof_waits:options() | [{atom(), term()}]) -> ok | {error, {atom(), binary()}}.
print_waits(Options) ->
    case waits(Options) of
        {ok, Waits} -> io:put_chars(format(Waits));
        {error, Failure} -> {error, Failure}
    end.

%% @equiv snapshot(#{})
-spec snapshot() -> cprof_snapshot:snapshot().
snapshot() ->
    cprof_snapshot:take(#{}).

%% @doc The node's figures at this moment: schedulers, run queues, processes,
%% mailboxes, binaries, memory, and where processes wait. docs/snapshot.md
%% documents them.
%%
%% Rates and `utilization' are those since the previous snapshot of the calling
%% process; in its first snapshot they are `undefined'. Options, as a map or a
%% proplist: `top', how many processes are listed (10); `source', `bif' to use
%% only BIFs; `wait_ms', the least time to wait for missing answers (0: cprof
%% gives up on stuck processes within milliseconds). A wrong option raises
%% `{badarg, Sentence}'.
-spec snapshot(cprof_snapshot:given()) -> cprof_snapshot:snapshot().
snapshot(Options) -> cprof_snapshot:take(Options).

%% @equiv print_snapshot(#{})
-spec print_snapshot() -> ok.
print_snapshot() -> print_snapshot(#{}).

%% @doc Prints a snapshot as tables. Takes the options of {@link snapshot/1};
%% `wait_ms' is 100 by default. Rates need two snapshots: the first time in a
%% process, this function takes both, a second apart.
-spec print_snapshot(cprof_snapshot:given()) -> ok.
print_snapshot(Options) ->
    io:put_chars(format(cprof_snapshot:take_with_rates(patient(Options)))).

%% @doc Compares two snapshots: which processes grew (mailboxes, binaries,
%% memory), and how the schedulers and the totals changed.
-spec snapshot_diff(cprof_snapshot:snapshot(), cprof_snapshot:snapshot()) ->
    cprof_snapshot_diff:diff().
snapshot_diff(Before, Now) -> cprof_snapshot_diff:diff(Before, Now).

%% @equiv memory(#{})
-spec memory() -> cprof_memory:memory().
memory() -> memory(#{}).

%% @doc Where the memory of this node is: heaps and how full they are, binaries and who
%% holds them, ETS tables, atoms, persistent terms, code, and what the allocators keep
%% unused, as parts that add up to what is in RAM; what is not explained is a part, too.
%% `sentence' says in one line why the node is big. All sizes are bytes. docs/memory.md
%% documents the map.
%%
%% Options, as a map or a proplist: `ms', the time until a second reading, which shows
%% what grew, in milliseconds (0: reads once; at most a day); `top', rows of each list
%% (10, at most 200); `source', `bif' to use only BIFs; `wait_ms', the least time to wait for
%% missing answers (0). A wrong option raises `{badarg, Sentence}'.
-spec memory(cprof_memory:given()) -> cprof_memory:memory().
memory(Options) -> cprof_memory:take(Options).

%% @equiv print_memory(#{})
-spec print_memory() -> ok.
print_memory() -> print_memory(#{}).

%% @doc Prints where the memory of this node is, as a sentence and tables. Takes the
%% options of {@link memory/1}; `wait_ms' is 100 by default.
-spec print_memory(cprof_memory:given()) -> ok.
print_memory(Options) ->
    io:put_chars(format(memory(patient(Options)))).

%% What people read may take its time, unless the options say otherwise.
patient(Options) ->
    case cprof_proplist:to_map(Options) of
        #{} = Map -> maps:merge(#{wait_ms => 100}, Map);
        NoOptions -> NoOptions
    end.

%% @equiv watch(#{})
-spec watch() -> cprof_watch:result().
watch() -> watch(#{}).

%% @doc Finds leaks: takes a baseline and then snapshots, and names the processes
%% and ETS tables that grow in all of them. Options: `snapshots' (3, at most 1,000,000) and
%% `interval_ms' (1000, at most a day), together at most 31 days; `top' (10, at
%% most 1,000); `source'. A wrong option raises `{badarg, Sentence}'.
-spec watch(cprof_watch:given()) -> cprof_watch:result().
watch(Options) -> cprof_watch:watch(Options).

%% @doc Formats a snapshot, a diff, or the result of {@link watch/1}, {@link memory/1}
%% or {@link waits/1} as text.
-spec format(
    cprof_snapshot:snapshot()
    | cprof_snapshot_diff:diff()
    | cprof_watch:result()
    | cprof_memory:memory()
    | cprof_waits:waits()
) -> binary().
format(#{readings := _, sentence := _} = Waits) ->
    unicode:characters_to_binary(cprof_waits_text:format(Waits));
format(#{parts := _, sentence := _} = Memory) ->
    unicode:characters_to_binary(cprof_memory_text:format(Memory));
format(Map) ->
    unicode:characters_to_binary(cprof_snapshot_text:format(Map)).

%% @doc The same map for a JSON encoder: pids and functions are texts, and figures
%% that are not known are left out.
-spec to_json_map(map()) -> #{binary() => term()}.
to_json_map(Map) -> cprof_snapshot_json:to_map(Map).

%% @doc Lets one process of the operating system attach to this node where the
%% kernel's Yama would forbid it (ptrace_scope 1). This replaces an earlier
%% permission. `{error, not_needed}' means that this kernel has no Yama.
-spec allow_tracer(pos_integer()) ->
    ok | {error, not_needed | no_process | refused | not_loaded}.
allow_tracer(OsPid) -> cprof_native:allow_tracer(OsPid).

%% @doc Withdraws what {@link allow_tracer/1} permitted.
-spec deny_tracer() -> ok | {error, not_needed | refused | not_loaded}.
deny_tracer() -> cprof_native:deny_tracer().

%% @doc The version that the NIF was built from.
-spec version() -> binary() | {error, not_loaded}.
version() -> cprof_native:version().
