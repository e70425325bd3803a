%% The options and the values that they accept: for Erlang maps and, through Cprof
%% and the Mix task, for Elixir keywords. Pure.
-module(cprof_options).

-export([check/2, known/1, format_of/2, of_recording/1, start_args/1, render_args/1, result_args/1, shows/2]).
-export([check_comparison/1, with_rate/2, events/1]).

-export_type([given/0]).

-type event() :: cpu | wall | alloc | block.
-type options() :: #{
    %% cpu: threads while they use a CPU; wall: processes, whether they run or wait;
    %% alloc: what functions allocate; block: schedulers that are blocked while they
    %% run a process
    %% one, a list of several, or their names with commas between
    event => event() | [event()] | binary() | string(),
    rate => pos_integer(),
    engine => auto | bpf | perf | ptrace | binary() | string(),
    kernel => boolean(),
    force => boolean(),
    %% of event alloc: a percentage of the node's CPU time
    max_cost => number(),
    %% false: the command line is left out of the recording
    command => boolean(),
    output => file:name_all() | [file:name_all()],
    format => atom() | binary() | string(),
    top => pos_integer(),
    process => term() | [term()],
    %% names of spans: events, with or without metadata, or the metadata alone
    span => term() | [term()],
    %% milliseconds: only samples in a span that takes as long
    slower_than => number(),
    focus => binary() | string(),
    ignore => binary() | string(),
    min_effect => number(),
    fail_above => number()
}.
-type given() :: options() | [{atom(), term()}].

%% As ENGINE_MAX_RATE and ENGINE_WALL_MAX_RATE in c_src/engine/engine.h.
-define(MAX_RATE, 10000).
-define(MAX_WALL_RATE, 100).
%% As in c_src/recorder/sources.h, without that of CPU time.
-define(RATES, #{<<"wall">> => 10, <<"alloc">> => 999, <<"block">> => 1000}).

%% Returns the options, with texts as binaries, and with lists where several values
%% are possible; or a sentence that says what is wrong. Only the keys of the given
%% kinds are allowed.
-spec check(given(), [record | render | output | compare]) -> {ok, map()} | {error, binary()}.
check(Given, Kinds) ->
    case cprof_proplist:to_map(Given) of
        #{} = Options -> check_map(Options, known(Kinds));
        NoOptions -> {error, cprof_proplist:no_options(NoOptions)}
    end.

check_map(Options, Known) ->
    case check_each(maps:to_list(Options), Known, #{}) of
        {ok, #{format := Format} = Checked} ->
            case shows(Format, Checked) of
                ok -> check_event(Checked);
                Wrong -> Wrong
            end;
        {ok, Checked} -> check_event(Checked);
        Wrong -> Wrong
    end.

%% All keys of these kinds.
-spec known([record | render | output | compare]) -> [atom()].
known(Kinds) -> lists:uniq(lists:append([keys(Kind) || Kind <- Kinds])).

keys(record) -> [event, rate, max_cost, engine, kernel, force, command, span, slower_than];
keys(render) -> [event, format, top, process, span, focus, ignore];
keys(output) -> [output];
keys(compare) -> [event, min_effect, fail_above, top, process, span, focus, ignore].

check_each([], _, Checked) ->
    {ok, Checked};
check_each([{Key, Value} | Rest], Known, Checked) ->
    case lists:member(Key, Known) of
        true ->
            case value(Key, Value) of
                {ok, Good} -> check_each(Rest, Known, Checked#{Key => Good});
                {error, Wanted} -> {error, cprof_proplist:wrong(Key, Value, Wanted)}
            end;
        false ->
            {error, cprof_proplist:unknown(Key, Known)}
    end.

value(event, Event) -> event_names(Event);
value(max_cost, Percent) when is_number(Percent), Percent >= 0.1, Percent =< 90 -> {ok, Percent};
value(max_cost, _) -> {error, "a number of percent of the node's CPU time, 0.1 to 90"};
value(rate, Rate) when is_integer(Rate), Rate >= 1, Rate =< ?MAX_RATE -> {ok, Rate};
value(rate, _) -> {error, "a whole number of samples a second, 1 to 10000"};
value(engine, Engine) -> one_of(Engine, [<<"auto">>, <<"bpf">>, <<"perf">>, <<"ptrace">>]);
value(Key, Flag) when Key =:= kernel; Key =:= force; Key =:= command -> flag(Flag);
value(top, Top) when is_integer(Top), Top >= 1, Top =< 1000000 -> {ok, Top};
value(top, _) -> {error, "a whole number of rows, 1 to 1000000"};
value(Key, Percent) when Key =:= min_effect; Key =:= fail_above -> percent(Percent);
value(format, Format) -> one_of(Format, [Name || {_, Name} <- extensions()]);
value(output, Output) -> files(Output);
value(process, Processes) -> processes(Processes);
value(span, Spans) -> spans(Spans);
value(slower_than, Ms) when is_number(Ms), Ms >= 0.001, Ms =< 1.0e12 -> {ok, Ms};
value(slower_than, _) -> {error, "a number of milliseconds, 0.001 to 1000000000000"};
value(Key, Pattern) when Key =:= focus; Key =:= ignore -> pattern(one_text(Pattern)).

%% Several are a list, or one text with commas between. The result is one text, in
%% the order of the program.
event_names([Name | _] = Names) when not is_integer(Name), length(Names) > 0 -> event_set([to_text(Each) || Each <- Names]);
event_names(Name) ->
    case to_text(Name) of
        {ok, Text} -> event_set([{ok, Each} || Each <- binary:split(Text, <<",">>, [global])]);
        error -> event_set([error])
    end.

event_set(Given) ->
    Names = [Name || {ok, Name} <- Given],
    Known = [Event || Event <- all_events(), lists:member(Event, Names)],
    case length(Known) =:= length(Given) of
        true -> {ok, iolist_to_binary(lists:join($,, Known))};
        false -> {error, "cpu, wall, alloc or block, or several of these with commas between"}
    end.

all_events() -> [<<"cpu">>, <<"wall">>, <<"alloc">>, <<"block">>].

%% The events of checked options.
-spec events(map()) -> [binary(), ...].
events(Options) -> binary:split(maps:get(event, Options, <<"cpu">>), <<",">>, [global]).

%% What is only for some events is refused, as the command line refuses it.
check_event(Options) ->
    [First | _] = Events = events(Options),
    case [Option || {Key, Value} = Option <- maps:to_list(Options), is_refused(Key, Value, First, Events)] of
        [] -> {ok, Options};
        [{rate, Rate} | _] -> {error, cprof_proplist:wrong(rate, Rate, "1 to 100 readings a second for event wall")};
        [{max_cost, _} | _] -> {error, <<"option max_cost is only for event alloc">>};
        [{Key, _} | _] -> {error, cprof_words:text("option ~ts is only for event cpu", [Key])}
    end.

is_refused(rate, Rate, First, _) -> First =:= <<"wall">> andalso Rate > ?MAX_WALL_RATE;
is_refused(max_cost, _, _, Events) -> not lists:member(<<"alloc">>, Events);
is_refused(engine, Engine, First, _) -> Engine =/= <<"auto">> andalso First =/= <<"cpu">>;
is_refused(force, Flag, First, _) -> Flag andalso First =/= <<"cpu">>;
is_refused(kernel, Flag, _, Events) -> Flag andalso Events -- [<<"wall">>, <<"alloc">>] =:= [];
is_refused(_, _, _, _) -> false.

%% Checked options of a recording, with a rate: that of the first event. Where none
%% was given, it is CpuRate if CPU time is sampled. Other events have rates of their
%% own.
-spec with_rate(map(), pos_integer()) -> map().
with_rate(#{rate := _} = Options, _) -> Options;
with_rate(Options, CpuRate) -> Options#{rate => maps:get(hd(events(Options)), ?RATES, CpuRate)}.

flag(Flag) when is_boolean(Flag) -> {ok, Flag};
flag(_) -> {error, "true or false"}.

percent(Percent) when is_number(Percent), Percent >= 0, Percent =< 1.0e9 -> {ok, Percent};
percent(_) -> {error, "a number of percent, 0 to 1000000000"}.

one_of(Given, Known) ->
    case to_text(Given) of
        {ok, Text} ->
            case lists:member(Text, Known) of
                true -> {ok, Text};
                false -> {error, ["one of ", join(Known)]}
            end;
        error ->
            {error, ["one of ", join(Known)]}
    end.

one_text(Given) ->
    case to_text(Given) of
        {ok, Text} when byte_size(Text) < 256 -> {ok, Text};
        _ -> {error, "a text of less than 256 bytes"}
    end.

%% The program uses POSIX expressions; an expression that is malformed there is
%% malformed here, too.
pattern({ok, Text}) ->
    case re:compile(Text) of
        {ok, _} -> {ok, Text};
        {error, _} -> {error, "a regular expression"}
    end;
pattern(Error) ->
    Error.

files(Output) when is_binary(Output) -> files([Output]);
files([Char | _] = Output) when is_integer(Char) -> files([Output]);
files(Outputs) when length(Outputs) > 0 -> all(fun to_text/1, Outputs, "a file name");
files(_) -> {error, "a file name, or a list of them"}.

%% A process can be given as a pid, as a registered name, or as the report shows it.
processes([Char | _] = Name) when is_integer(Char) -> processes([Name]);
processes(Given) when length(Given) > 0, length(Given) =< 64 -> all(fun process/1, Given, processes_wanted());
processes(Given) when not is_list(Given) -> all(fun process/1, [Given], processes_wanted());
processes(_) -> {error, processes_wanted()}.

processes_wanted() -> "a pid, a name, or a list of at most 64".

process(Pid) when is_pid(Pid) -> {ok, list_to_binary(pid_to_list(Pid))};
process(Name) ->
    case one_text(Name) of
        {ok, Text} -> {ok, Text};
        _ -> error
    end.

spans(Name) when is_binary(Name) -> spans([Name]);
spans([Char | _] = Name) when is_integer(Char) -> spans([Name]);
spans(Names) when length(Names) > 0, length(Names) =< 64 -> all(fun span/1, Names, span_wanted());
spans(_) -> {error, span_wanted()}.

span(Name) when is_atom(Name) -> error;
span(Name) ->
    case one_text(Name) of
        {ok, Text} when Text =/= <<>> -> {ok, Text};
        _ -> error
    end.

span_wanted() -> "the name of a span, such as \"[:phoenix, :endpoint]\", or a list of at most 64".

all(Convert, Items, Wanted) ->
    Converted = [Convert(Item) || Item <- Items],
    case lists:member(error, Converted) of
        true -> {error, Wanted};
        false -> {ok, [Text || {ok, Text} <- Converted]}
    end.

to_text(Text) when is_binary(Text) -> {ok, Text};
to_text(Atom) when is_atom(Atom) -> {ok, atom_to_binary(Atom, utf8)};
to_text(Chars) when is_list(Chars) ->
    try unicode:characters_to_binary(Chars) of
        Text when is_binary(Text) -> {ok, Text};
        _ -> error
    catch
        error:badarg -> error
    end;
to_text(_) -> error.

join(Items) ->
    lists:join(", ", [io_lib:format("~ts", [Item]) || Item <- Items]).

%% The program writes the formats. The extension of a file's name selects the format;
%% the longest extension comes first.
extensions() ->
    [
        {<<".pb.gz">>, <<"pprof">>},
        {<<".collapsed">>, <<"collapsed">>},
        {<<".html">>, <<"html">>},
        {<<".speedscope.json">>, <<"speedscope">>},
        {<<".json">>, <<"json">>},
        {<<".txt">>, <<"text">>}
    ].

%% The format of a file: by its extension, or else the format of the options.
-spec format_of(binary(), map()) -> {ok, binary()} | {error, binary()}.
format_of(File, Options) ->
    ByName = [Name || {Extension, Name} <- extensions(), ends_with(File, Extension)],
    case {ByName, Options} of
        {[Format | _], _} -> {ok, Format};
        {[], #{format := Format}} -> {ok, Format};
        {[], _} ->
            Known = join([Extension || {Extension, _} <- extensions()]),
            {error, cprof_words:text("~ts: the extension belongs to no known format; use ~ts", [File, Known])}
    end.

ends_with(File, Extension) ->
    Size = byte_size(Extension),
    byte_size(File) >= Size andalso binary:part(File, byte_size(File), -Size) =:= Extension.

%% Can a result of the events of these options be written in a format?
-spec shows(binary(), map()) -> ok | {error, binary()}.
shows(Format, Options) ->
    case Format =:= <<"collapsed">> andalso tl(events(Options)) =/= [] of
        false ->
            ok;
        true ->
            Text = "format ~ts shows one event: record one, or write a .pb.gz file, for `cprof report --event`",
            {error, cprof_words:text(Text, [Format])}
    end.

%% Those of the checked options that a recording begins with.
-spec of_recording(map()) -> map().
of_recording(Options) ->
    maps:with(keys(record), Options).

%% The same, as they are passed to the program.
-spec start_args(map()) -> map().
start_args(#{slower_than := Ms} = Options) ->
    Args = start_args(maps:remove(slower_than, Options)),
    Args#{slower_than_us => max(1, round(Ms * 1000))};
start_args(Options) ->
    of_recording(Options).

-spec render_args(map()) -> map().
render_args(Options) ->
    maps:with(keys(render), Options).

%% The same for the result of a recording with these options, which is of these
%% events only.
-spec result_args(map()) -> map().
result_args(Options) ->
    render_args(maps:remove(event, Options)).

%% Checks the options of a comparison, which has its own formats, and is of one event.
-spec check_comparison(given()) -> {ok, map()} | {error, binary()}.
check_comparison(Given) -> check_formatted(cprof_proplist:to_map(Given)).

check_formatted(#{format := Format} = Options) ->
    case {one_of(Format, comparisons()), check_compared(maps:remove(format, Options))} of
        {{ok, Good}, {ok, Checked}} -> {ok, Checked#{format => Good}};
        {{error, Wanted}, _} -> {error, cprof_proplist:wrong(format, Format, Wanted)};
        {_, {error, Text}} -> {error, Text}
    end;
check_formatted(Options) ->
    check_compared(Options).

check_compared(Options) ->
    case check(Options, [compare]) of
        {ok, #{event := Event}} when Event =/= <<"cpu">>, Event =/= <<"alloc">> ->
            {error, cprof_proplist:wrong(event, Event, "cpu or alloc: only these can be compared")};
        Checked ->
            Checked
    end.

comparisons() -> [<<"text">>, <<"html">>, <<"json">>].
