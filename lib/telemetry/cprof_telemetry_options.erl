%% The options of cprof_telemetry:attach/2 and the values that they accept, and the
%% names of a recording's files. Pure, except that it checks whether the files can
%% be written.
-module(cprof_telemetry_options).

-export([check/1, events/1, file/3]).

-type options() :: #{
    span => [atom()],
    event => [atom()],
    seconds => number(),
    max_seconds => number(),
    filter => fun(([atom()], map(), map()) -> boolean()),
    caller_only => boolean(),
    limit => pos_integer() | infinity,
    output => file:name_all() | [file:name_all()],
    atom() => term()
}.
-type checked() :: #{
    trigger := {span | event, [atom()]},
    %% a span is recorded until it ends, for this long at most
    seconds := number(),
    filter := none | fun(),
    caller_only := boolean(),
    limit := pos_integer() | infinity,
    %% patterns of file names
    output := [binary(), ...],
    %% what cprof_sampler takes
    record := map(),
    render := map()
}.
-export_type([options/0, checked/0]).

-define(OWN, [span, event, seconds, max_seconds, filter, caller_only, limit]).
-define(SHARED, [record, render, output]).
%% A span is short, so it is sampled as often as a function is; a recording of
%% some seconds as often as others of that kind.
-define(SPAN_RATE, 999).
-define(EVENT_RATE, 99).
-define(SPAN_SECONDS, 60).
-define(EVENT_SECONDS, 10).
-define(MAX_SECONDS, 86400).
-define(LIMIT, 100).

-spec check(options()) -> {ok, checked()} | {error, cprof_protocol:failure()}.
check(Options) when is_map(Options) ->
    Own = maps:with(?OWN, Options),
    Known = lists:uniq(?OWN ++ cprof_options:known(?SHARED)),
    try
        [throw({wrong, cprof_proplist:unknown(Key, Known)}) || Key <- maps:keys(Options), not lists:member(Key, Known)],
        [own(Key, Value) || {Key, Value} <- maps:to_list(Own)],
        {ok, complete(trigger(Own), Own, shared(maps:without(?OWN, Options)))}
    catch
        throw:{wrong, Text} -> {error, {invalid_option, unicode:characters_to_binary(Text)}};
        throw:{failed, Failure} -> {error, Failure}
    end;
check(NoOptions) ->
    {error, {invalid_option, cprof_proplist:no_options(NoOptions)}}.

own(Key, Name) when Key =:= span; Key =:= event ->
    cprof_proplist:is_list_of(fun is_atom/1, Name) andalso Name =/= [] orelse
        wrong(Key, "a list of atoms", Name);
own(Key, Seconds) when Key =:= seconds; Key =:= max_seconds ->
    is_number(Seconds) andalso Seconds > 0 andalso Seconds =< ?MAX_SECONDS orelse
        wrong(Key, "seconds, more than 0 and at most 86400", Seconds);
own(filter, Filter) ->
    is_function(Filter, 3) orelse
        wrong(filter, "a function of the event, its measurements and its metadata", Filter);
own(caller_only, Only) ->
    is_boolean(Only) orelse wrong(caller_only, "true or false", Only);
own(limit, Limit) ->
    Limit =:= infinity orelse is_integer(Limit) andalso Limit >= 1 orelse
        wrong(limit, "a number of recordings, 1 or more, or infinity", Limit).

-spec wrong(atom(), string(), term()) -> no_return().
wrong(Key, Wanted, Value) ->
    throw({wrong, cprof_proplist:wrong(Key, Value, Wanted)}).

trigger(#{span := _, event := _}) ->
    throw({wrong, "give a span or an event, not both"});
trigger(#{span := _, seconds := _}) ->
    throw({wrong, "a span is recorded until it ends; give max_seconds instead of seconds, or event instead of span"});
trigger(#{event := _, max_seconds := _}) ->
    throw({wrong, "a recording after an event lasts for the option seconds; max_seconds is for spans"});
trigger(#{span := Prefix}) ->
    {span, Prefix};
trigger(#{event := Name}) ->
    {event, Name};
trigger(#{}) ->
    throw({wrong, "give the option span (to record while it runs) or event (to record after it)"}).

%% The options that every recording takes.
shared(Options) ->
    case cprof_options:check(Options, ?SHARED) of
        {ok, Checked} -> Checked;
        {error, Text} -> throw({wrong, Text})
    end.

complete({Kind, _} = Trigger, Own, Shared) ->
    {Rate, Seconds} =
        case Kind of
            span -> {?SPAN_RATE, maps:get(max_seconds, Own, ?SPAN_SECONDS)};
            event -> {?EVENT_RATE, maps:get(seconds, Own, ?EVENT_SECONDS)}
        end,
    Output = [pattern(File) || File <- maps:get(output, Shared, [temporary_dir()])],
    Example = #{output => [file(Pattern, erlang:system_time(), 1) || Pattern <- Output]},
    case cprof_sampler:check_outputs(maps:merge(Shared, Example)) of
        ok -> ok;
        {error, Failure} -> throw({failed, Failure})
    end,
    #{
        trigger => Trigger,
        seconds => Seconds,
        filter => maps:get(filter, Own, none),
        caller_only => maps:get(caller_only, Own, false),
        limit => maps:get(limit, Own, ?LIMIT),
        output => Output,
        record => maps:merge(#{rate => Rate}, cprof_options:start_args(Shared)),
        render => cprof_options:result_args(Shared)
    }.

%% A recording never replaces another's file, so names must differ.
pattern(File) ->
    Name = with_folder(File, filelib:is_dir(File)),
    case binary:match(Name, [<<"%t">>, <<"%n">>]) of
        nomatch ->
            wrong(output, "a folder, or names with %t (the time) or %n (a number) in them", File);
        _ ->
            Name
    end.

with_folder(Folder, true) -> filename:join(Folder, <<"cprof-%t.html">>);
with_folder(File, false) -> File.

temporary_dir() -> unicode:characters_to_binary(os:getenv("TMPDIR", "/tmp")).

%% The events to attach to: the first one triggers, the others end it.
-spec events(checked()) -> [[atom()], ...].
events(#{trigger := {event, Name}}) -> [Name];
events(#{trigger := {span, Prefix}}) -> [Prefix ++ [Last] || Last <- [start, stop, exception]].

%% A file's name: the pattern's %t is the time (UTC, to the microsecond), %n
%% the recording's number.
-spec file(binary(), integer(), pos_integer()) -> binary().
file(Pattern, SystemTime, Number) ->
    Replaced = binary:replace(Pattern, <<"%t">>, stamp(SystemTime), [global]),
    binary:replace(Replaced, <<"%n">>, integer_to_binary(Number), [global]).

stamp(SystemTime) ->
    Us = erlang:convert_time_unit(SystemTime, native, microsecond),
    {{Year, Month, Day}, {Hour, Minute, Second}} =
        calendar:system_time_to_universal_time(Us, microsecond),
    iolist_to_binary(
        io_lib:format("~4..0b~2..0b~2..0bT~2..0b~2..0b~2..0b.~6..0bZ", [
            Year, Month, Day, Hour, Minute, Second, Us rem 1000000
        ])
    ).
