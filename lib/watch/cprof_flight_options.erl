%% The options of cprof_flight:start_link/1, the values that they accept, and the
%% command line of the program that they become. Pure. (The conditions themselves are
%% parsed by the program.)
-module(cprof_flight_options).

-export([check/1, arguments/2, refused/1]).

-type text() :: unicode:chardata() | atom().
-type limit() :: #{over => number(), p99 => number(), measurement => atom()}.
-type options() :: #{
    %% registers the process
    name => atom(),
    %% of `cprof watch --when'
    conditions => [unicode:chardata()],
    %% milliseconds; a list of pairs is taken as a map
    spans => [{[atom()], limit() | [{atom(), term()}]}],
    system => [system()],
    folder => file:name_all(),
    %% how the names of files begin
    prefix => text(),
    %% seconds of a recording
    before => number(),
    'after' => number(),
    %% such as "6/h" and "500M"
    at_most => unicode:chardata(),
    keep => unicode:chardata(),
    %% another format of each recording
    also => text(),
    rate => pos_integer(),
    engine => text()
}.
-type system() ::
    {long_gc | long_schedule | large_heap, pos_integer()} | busy_port | busy_dist_port.
-type span() :: #{
    event := [atom()],
    measurement := atom(),
    %% milliseconds
    over := number() | infinity,
    p99 := number() | infinity
}.
-type checked() :: #{
    name := atom(),
    spans := [span()],
    system := [system()],
    %% for the program
    switches := [{string(), binary()}]
}.
-export_type([options/0, checked/0, span/0, system/0]).

-define(SWITCHES, #{
    conditions => "--when",
    folder => "--folder",
    prefix => "--name",
    before => "--before",
    'after' => "--after",
    at_most => "--at-most",
    keep => "--keep",
    also => "--also",
    rate => "--rate",
    engine => "--engine"
}).
%% The program says what it takes of texts and rates.
-define(WANTED, [
    {name, "an atom, the name of the process"},
    {conditions, "a text, such as \"mailbox > 10000\", or a list of them"},
    {spans, "a list of events and limits, such as [{[my_app, repo, query], #{over => 500}}]"},
    {system, "a list of events, such as [{long_gc, 500}, busy_port]"},
    {folder, "the name of a folder"},
    {prefix, "a text"},
    {before, "seconds, 0 to 600"},
    {'after', "seconds, 0 to 300"},
    {at_most, "a text, such as \"6/h\""},
    {keep, "a text, such as \"500M\""},
    {also, "a text, such as html"},
    {rate, "a whole number of samples a second, 1 or more"},
    {engine, "a text, such as auto"}
]).
-define(MOST_MS, 3600000).
%% Seconds; the program takes no more either.
-define(MOST_BEFORE, 600).
-define(MOST_AFTER, 300).

-spec check(options()) -> {ok, checked()} | {error, cprof_protocol:failure()}.
check(Options) when is_map(Options) ->
    try
        Checked = [{Key, check(Key, Value)} || {Key, Value} <- maps:to_list(Options)],
        {ok, complete(maps:from_list(Checked))}
    catch
        throw:{wrong, Text} -> {error, {invalid_option, cprof_words:shown(Text)}}
    end;
check(NoOptions) ->
    {error, {invalid_option, cprof_proplist:no_options(NoOptions)}}.

check(name, Name) when is_atom(Name), Name =/= undefined -> Name;
check(conditions, Conditions) when is_list(Conditions), length(Conditions) >= 0 ->
    %% One text is a list, too.
    case lists:all(fun is_integer/1, Conditions) of
        true when Conditions =/= [] -> [text(conditions, Conditions)];
        _ -> [text(conditions, Condition) || Condition <- Conditions]
    end;
check(conditions, Condition) when is_binary(Condition) -> [text(conditions, Condition)];
check(spans, Spans) when is_list(Spans), length(Spans) >= 0 -> [span(Span) || Span <- Spans];
check(system, Events) when is_list(Events), length(Events) >= 0 -> [system(Event) || Event <- Events];
check(folder, Folder) -> existing(unicode_name(Folder));
check(before, Seconds) when is_number(Seconds), Seconds >= 0, Seconds =< ?MOST_BEFORE -> number(Seconds);
check('after', Seconds) when is_number(Seconds), Seconds >= 0, Seconds =< ?MOST_AFTER -> number(Seconds);
check(rate, Rate) when is_integer(Rate), Rate > 0 -> integer_to_binary(Rate);
check(Key, Value) when Key =:= also; Key =:= engine; Key =:= prefix; Key =:= at_most; Key =:= keep ->
    text(Key, Value);
check(Key, Value) ->
    refuse(Key, Value).

-spec refuse(term(), term()) -> no_return().
refuse(Key, Value) ->
    case lists:keyfind(Key, 1, ?WANTED) of
        {Key, Wanted} -> throw({wrong, cprof_proplist:wrong(Key, Value, Wanted)});
        false -> throw({wrong, cprof_proplist:unknown(Key, [Known || {Known, _} <- ?WANTED])})
    end.

text(_, Value) when is_atom(Value), Value =/= undefined, Value =/= nil -> atom_to_binary(Value);
text(Key, Value) ->
    try unicode:characters_to_binary(Value) of
        Text when is_binary(Text), Text =/= <<>> ->
            ok = no_nul(Key, Text),
            Text;
        _ ->
            refuse(Key, Value)
    catch
        error:_ -> refuse(Key, Value)
    end.

%% It would end an argument of the program.
no_nul(Key, Text) ->
    case binary:match(Text, <<0>>) of
        nomatch -> ok;
        _ -> wrong("option ~ts may not contain a NUL", [Key])
    end.

%% Relative to the folder that the node has now.
unicode_name(Folder) ->
    try filename:absname(Folder) of
        Name when is_binary(Name) -> Name;
        Name -> unicode:characters_to_binary(Name, unicode, file:native_name_encoding())
    catch
        error:_ -> refuse(folder, Folder)
    end.

existing(Folder) when is_binary(Folder) ->
    ok = no_nul(folder, Folder),
    case filelib:is_dir(Folder) of
        true -> Folder;
        false -> wrong("there is no folder ~ts; create it first", [Folder])
    end;
existing(Folder) ->
    refuse(folder, Folder).

number(Value) when is_integer(Value) -> integer_to_binary(Value);
number(Value) -> float_to_binary(Value, [{decimals, 3}, compact]).

span({Event, Limits}) when is_list(Limits) ->
    case cprof_proplist:to_map(Limits) of
        #{} = Map -> span({Event, Map});
        _ -> no_span({Event, Limits})
    end;
span({[_ | _] = Event, #{} = Limits}) when length(Event) > 0 ->
    Known = maps:with([over, p99, measurement], Limits),
    Over = maps:get(over, Limits, infinity),
    P99 = maps:get(p99, Limits, infinity),
    Measurement = maps:get(measurement, Limits, duration),
    case
        lists:all(fun is_atom/1, Event) andalso Known =:= Limits andalso is_atom(Measurement) andalso
            is_limit(Over) andalso is_limit(P99) andalso {Over, P99} =/= {infinity, infinity}
    of
        true -> #{event => Event, measurement => Measurement, over => Over, p99 => P99};
        false -> no_span({Event, Limits})
    end;
span(Span) ->
    no_span(Span).

is_limit(infinity) -> true;
is_limit(Ms) -> is_number(Ms) andalso Ms > 0 andalso Ms =< ?MOST_MS.

-spec no_span(term()) -> no_return().
no_span(Span) ->
    wrong(
        "each of spans must be an event and its limits in milliseconds, such as "
        "{[my_app, repo, query], #{over => 500, p99 => 100}}, not ~0tp",
        [Span]
    ).

system(Event) when Event =:= busy_port; Event =:= busy_dist_port -> Event;
system({Event, Value}) when
    (Event =:= long_gc orelse Event =:= long_schedule orelse Event =:= large_heap),
    is_integer(Value),
    Value > 0
->
    {Event, Value};
system(Event) ->
    wrong(
        "each of system must be {long_gc, Ms}, {long_schedule, Ms}, {large_heap, Words}, "
        "busy_port or busy_dist_port, not ~0tp",
        [Event]
    ).

-spec wrong(string(), [term()]) -> no_return().
wrong(Format, Args) -> throw({wrong, io_lib:format(Format, Args)}).

complete(Checked) ->
    Switches = [
        {Switch, Value}
     || {Key, Switch} <- maps:to_list(?SWITCHES),
        Value <- lists:flatten([maps:get(Key, Checked, [])])
    ],
    #{
        name => maps:get(name, Checked, undefined),
        spans => maps:get(spans, Checked, []),
        system => maps:get(system, Checked, []),
        switches => Switches
    }.

%% The program's command line, to watch the VM with that pid.
-spec arguments(checked(), string()) -> [string() | binary()].
arguments(#{switches := Switches}, OsPid) ->
    ["watch-port", "--pid", OsPid, "--quiet" | lists:append([[K, V] || {K, V} <- Switches])].

%% What the program says of a wrong argument, "--at-most often: give a number", in terms
%% of the options.
-spec refused(binary()) -> binary().
refused(Text) ->
    [Argument | _] = binary:split(Text, [<<" ">>, <<":">>]),
    case [Key || {Key, Switch} <- maps:to_list(?SWITCHES), list_to_binary(Switch) =:= Argument] of
        [Key] -> cprof_words:shown(["option ", atom_to_list(Key), string:prefix(Text, Argument)]);
        [] -> cprof_words:shown(Text)
    end.
