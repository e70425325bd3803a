%% Records this node, and reads, renders, writes and compares recordings. Both Cprof
%% and cprof_nif are built on this module. At most one recording runs at a time, in
%% the process registered as cprof_sampler.
-module(cprof_sampler).

-export([start/1, start/2, stop/0, stop/1, profile/2, record/2]).
-export([read/1, read_file/1, render/2, write/3, save/3, check_outputs/1, at_end/2, diff/3]).

-export_type([recorded/0, compared/0, config/0]).

-include_lib("kernel/include/file.hrl").

-type failure() :: cprof_protocol:failure().
-type recorded() :: #{report := map(), recording := binary()}.
-type compared() :: #{text := binary(), grew := boolean(), report := map()}.

-define(NAME, ?MODULE).
-define(START_MS, 60000).
-define(STOP_MS, 60000).
-define(RENDER_MS, 300000).
%% As PPROF_FILE_MAX in c_src/formats/format.h.
-define(MAX_FILE, 268435456).
-define(RATE, 99).
%% profile/2 runs for a short time, so it samples more often.
-define(PROFILE_RATE, 999).

%% Starts a recording, which runs until stop/0.
-spec start(cprof_options:given()) -> ok | {error, failure()}.
start(Options) ->
    start(Options, #{}).

%% With owner => Pid the recording is dropped when that process ends. Where the
%% node itself ends before the recording is stopped, the files of at_end are
%% written, each as save/3 does it. cpu_rate is the rate of CPU samples if the
%% options have none. The processes `own' only wait for the recording (three at
%% most): if processes are sampled, they are left out.
-type config() :: #{
    owner => pid(),
    at_end => [{File :: binary(), Args :: map()}],
    cpu_rate => pos_integer(),
    own => [pid()]
}.
-spec start(cprof_options:given(), config()) -> ok | {error, failure()}.
start(Options, Config) ->
    case cprof_options:check(Options, [record]) of
        {ok, Checked} ->
            open(cprof_options:with_rate(Checked, maps:get(cpu_rate, Config, ?RATE)), Config);
        {error, Text} ->
            {error, {invalid_option, Text}}
    end.

open(Options, Config) ->
    Port = (maps:with([owner], Config))#{
        name => ?NAME, attaches => true, finishes => maps:get(at_end, Config, []) =/= []
    },
    case cprof_port:open(Port) of
        {ok, Server} -> begin_sampling(Server, Options, Config);
        {error, {already_started, Server}} -> reopen(Server, Options, Config);
        {error, Failure} -> {error, Failure}
    end.

%% A sampler that ended by itself is still there to say so; it gives way.
reopen(Server, Options, Config) ->
    case cprof_port:failed(Server) of
        true ->
            cprof_port:close(Server),
            open(Options, Config);
        false ->
            {error, {already_started, <<"a recording is already running; stop it first">>}}
    end.

begin_sampling(Server, Options, Config) ->
    Defaults = #{event => <<"cpu">>, engine => <<"auto">>, kernel => false, command => true},
    {Command, Args} = maps:take(command, cprof_options:start_args(maps:merge(Defaults, Options))),
    Writes = [
        cprof_protocol:request(0, write, WriteArgs#{path => File})
     || {File, WriteArgs} <- maps:get(at_end, Config, [])
    ],
    Own = #{
        pid => list_to_integer(os:getpid()),
        %% Helpers would answer: processes that would themselves be sampled.
        describe => not lists:member(<<"wall">>, cprof_options:events(Args)),
        no_command => not Command,
        own => [cprof_words:pid(Pid) || Pid <- [Server | maps:get(own, Config, [])]],
        at_end => Writes
    },
    case cprof_port:request(Server, start, maps:merge(Args, Own), ?START_MS) of
        {ok, started} ->
            ok;
        {error, Failure} ->
            cprof_port:close(Server),
            {error, Failure}
    end.

%% Ends the recording and returns it.
-spec stop() -> {ok, recorded()} | {error, failure()}.
stop() ->
    stop(#{}).

%% The text about the run (less than 256 bytes) is kept with the recording.
-spec stop(#{run => binary()}) -> {ok, recorded()} | {error, failure()}.
stop(Args) ->
    Answer = cprof_port:request(?NAME, stop, maps:with([run], Args), ?STOP_MS),
    cprof_port:close(?NAME),
    Answer.

%% Runs a function and records the node while it runs. What the function raises is
%% raised again here, after the files of option output were written. {error,
%% Failure} says that the function was not run; {error, Failure, Value} says that
%% only the recording failed.
-spec profile(fun(() -> Value), cprof_options:given()) ->
    {ok, Value, recorded()} | {error, failure()} | {error, failure(), Value}.
profile(Fun, Options) when is_function(Fun, 0) ->
    case begin_recording(Options, #{cpu_rate => ?PROFILE_RATE}) of
        {ok, Checked} ->
            Outcome =
                try
                    {value, Fun()}
                catch
                    Class:Reason:Stack -> {raised, Class, Reason, Stack}
                end,
            deliver(Outcome, end_recording(Checked));
        {error, Failure} ->
            {error, Failure}
    end.

deliver({raised, Class, Reason, Stack}, _) -> erlang:raise(Class, Reason, Stack);
deliver({value, Value}, {ok, Recorded}) -> {ok, Value, Recorded};
deliver({value, Value}, {error, Failure}) -> {error, Failure, Value}.

%% Records the node for a while.
-spec record(number(), cprof_options:given()) -> {ok, recorded()} | {error, failure()}.
record(Seconds, Options) when is_number(Seconds), Seconds > 0 ->
    case begin_recording(Options, #{own => [self()]}) of
        {ok, Checked} ->
            timer:sleep(ceil(Seconds * 1000)),
            end_recording(Checked);
        {error, Failure} ->
            {error, Failure}
    end.

begin_recording(Options, Config) ->
    case cprof_options:check(Options, [record, render, output]) of
        {ok, Checked} ->
            Started = [
                fun() -> check_outputs(Checked) end,
                fun() ->
                    start(cprof_options:of_recording(Checked), maps:merge(Config, config(Checked)))
                end
            ],
            case first_failure(Started) of
                ok -> {ok, Checked};
                Failure -> Failure
            end;
        {error, Text} ->
            {error, {invalid_option, Text}}
    end.

%% The files of option output, for the case that the node ends first.
config(Options) ->
    #{owner => self(), at_end => [at_end(File, Options) || File <- maps:get(output, Options, [])]}.

%% How a file is to be written when the node ends. "-" then means the terminal,
%% which the program shares with the node.
-spec at_end(binary(), map()) -> {binary(), map()}.
at_end(<<"-">>, Options) ->
    {<<"/dev/stdout">>, (cprof_options:result_args(Options))#{format => <<"text">>}};
at_end(File, Options) ->
    {ok, Format} = cprof_options:format_of(File, Options),
    {File, (cprof_options:result_args(Options))#{format => Format}}.

end_recording(Options) ->
    case stop() of
        {ok, #{recording := Recording} = Recorded} ->
            Files = maps:get(output, Options, []),
            Rendering = cprof_options:result_args(Options),
            Written = [fun() -> write(Recording, File, Rendering) end || File <- Files],
            case first_failure(Written) of
                ok -> {ok, Recorded};
                Failure -> Failure
            end;
        {error, Failure} ->
            {error, Failure}
    end.

first_failure([]) -> ok;
first_failure([Step | Rest]) ->
    case Step() of
        ok -> first_failure(Rest);
        {error, Failure} -> {error, Failure}
    end.

%% The report and the bytes of a saved recording.
-spec read(binary()) -> {ok, recorded()} | {error, failure()}.
read(Recording) when is_binary(Recording) ->
    ask_program(read, #{recording => Recording}).

%% Reads the bytes of a recording from a file. Only regular files are read, since a
%% device or a pipe may never end. A file longer than the program's limit is refused,
%% since it would only fill the node's memory.
-spec read_file(file:name_all()) -> {ok, binary()} | {error, failure()}.
read_file(File) ->
    Read =
        case file:read_file_info(File, [raw]) of
            {ok, #file_info{type = regular, size = Size}} when Size > ?MAX_FILE -> {error, efbig};
            {ok, #file_info{type = regular}} -> file:read_file(File);
            {ok, #file_info{type = directory}} -> {error, eisdir};
            {ok, _} -> {error, einval};
            Error -> Error
        end,
    case Read of
        {ok, Recording} -> {ok, Recording};
        {error, Reason} -> of_file(File, {error, {Reason, file:format_error(Reason)}})
    end.

%% Compares recordings; there can be several on each side.
-spec diff([binary(), ...], [binary(), ...], cprof_options:given()) ->
    {ok, compared()} | {error, failure()}.
diff([_ | _] = Base, [_ | _] = New, Options) ->
    case cprof_options:check_comparison(Options) of
        {ok, Checked} -> ask_program(diff, Checked#{base => Base, new => New});
        {error, Text} -> {error, {invalid_option, Text}}
    end;
diff(_, _, _) ->
    {error, {invalid_option, <<"there must be at least one recording on each side">>}}.

%% Renders a recording in a format of the program.
-spec render(binary(), cprof_options:given()) -> {ok, binary()} | {error, failure()}.
render(Recording, Options) ->
    case cprof_options:check(Options, [render]) of
        {ok, Checked} ->
            Args = maps:merge(#{format => <<"text">>}, cprof_options:render_args(Checked)),
            ask_program(render, Args#{recording => Recording});
        {error, Text} ->
            {error, {invalid_option, Text}}
    end.

%% One request runs at a time, since each starts a program with its own memory.
ask_program(Command, Args) ->
    Ask = fun() -> ask_another_program(Command, Args) end,
    cprof_aside:run(cprof_program, Ask, Ask).

ask_another_program(Command, Args) ->
    case cprof_port:open(#{owner => self()}) of
        {ok, Server} ->
            Answer = cprof_port:request(Server, Command, Args, ?RENDER_MS),
            cprof_port:close(Server),
            Answer;
        {error, Failure} ->
            {error, Failure}
    end.

%% Writes a recording to a file, in the format of its extension; "-" is the
%% text report on standard output.
-spec write(binary(), binary(), cprof_options:given()) -> ok | {error, failure()}.
write(Recording, File, Options) ->
    case cprof_options:check(Options, [render]) of
        {ok, Checked} when File =:= <<"-">> -> print(Recording, Checked);
        {ok, Checked} -> write_checked(Recording, File, Checked);
        {error, Text} -> {error, {invalid_option, Text}}
    end.

write_checked(Recording, File, Checked) ->
    case cprof_options:format_of(File, Checked) of
        {ok, Format} ->
            Args = cprof_options:render_args(Checked),
            save(Recording, File, Args#{format => Format});
        {error, Text} ->
            {error, {unknown_format, Text}}
    end.

print(Recording, Options) ->
    case render(Recording, Options) of
        {ok, Bytes} -> io:put_chars(Bytes);
        {error, Failure} -> {error, Failure}
    end.

%% Writes a recording to a file of any name: in the given format, or unchanged
%% without one. With exclusive => true it neither overwrites a file nor follows a
%% link. The program does the writing; c_src/output/output.h says what it guarantees.
-spec save(binary(), binary(), map()) -> ok | {error, failure()}.
save(Recording, File, Args) ->
    of_file(File, ask_program(write, Args#{recording => Recording, path => File})).

%% Checks whether the files of option output can be written, before time is spent on
%% sampling. It leaves no new file behind.
-spec check_outputs(map()) -> ok | {error, failure()}.
check_outputs(Options) ->
    Files = [File || File <- maps:get(output, Options, []), File =/= <<"-">>],
    first_failure([fun() -> check_output(File, Options) end || File <- Files]).

check_output(File, Options) ->
    case cprof_options:format_of(File, Options) of
        {ok, Format} ->
            case cprof_options:shows(Format, Options) of
                ok -> of_file(File, ask_program(check, #{path => File}));
                {error, Text} -> {error, {events, Text}}
            end;
        {error, Text} ->
            {error, {unknown_format, Text}}
    end.

%% A failure that is about a file names it.
of_file(_, {ok, _}) ->
    ok;
of_file(File, {error, {Code, Text}}) ->
    {error, {Code, cprof_words:shown([File, ": ", Text])}}.
