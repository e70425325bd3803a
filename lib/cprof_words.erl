%% Pids, functions, sizes and rates as people read them.
-module(cprof_words).

-export([pid/1, function/1, frame/1, bytes/1, count/1, percent/1, rate/1, who/1]).

-spec pid(pid()) -> binary().
pid(Pid) -> list_to_binary(pid_to_list(Pid)).

%% As the function's own language writes it.
-spec function(mfa() | undefined) -> binary().
function(undefined) ->
    <<>>;
function({Module, Function, Arity}) ->
    case atom_to_list(Module) of
        "Elixir." ++ Name -> text("~ts.~ts/~b", [Name, Function, Arity]);
        Name -> text("~ts:~ts/~b", [Name, Function, Arity])
    end.

-spec frame({module(), atom(), arity() | list(), [{atom(), term()}]}) -> binary().
frame({Module, Function, Arguments, Where}) when is_list(Arguments) ->
    frame({Module, Function, length(Arguments), Where});
frame({Module, Function, Arity, Where}) ->
    Name = function({Module, Function, Arity}),
    case {proplists:get_value(file, Where), proplists:get_value(line, Where)} of
        {undefined, _} -> Name;
        {File, undefined} -> text("~ts (~ts)", [Name, File]);
        {File, Line} -> text("~ts (~ts:~b)", [Name, File, Line])
    end.

%% The name of a process or, where it has none, what it began with.
-spec who(#{name := atom(), initial_call := mfa() | undefined, _ => _}) -> binary().
who(#{name := undefined, initial_call := Call}) -> function(Call);
who(#{name := Name}) ->
    case atom_to_binary(Name) of
        <<"Elixir.", Rest/binary>> -> Rest;
        Text -> Text
    end.

%% Powers of 1024, three digits.
-spec bytes(number() | undefined) -> binary().
bytes(undefined) -> <<"-">>;
bytes(Bytes) when Bytes < 0 -> <<"-", (bytes(-Bytes))/binary>>;
bytes(Bytes) -> scaled(Bytes, ["B", "KB", "MB", "GB", "TB", "PB"]).

scaled(Value, [_ | [_ | _] = Units]) when Value >= 999.5 -> scaled(Value / 1024, Units);
scaled(Value, [Unit | _]) -> text("~ts ~ts", [digits(Value), Unit]).

digits(Value) when is_integer(Value) -> integer_to_list(Value);
digits(Value) when Value < 9.995 -> io_lib:format("~.2f", [float(Value)]);
digits(Value) when Value < 99.95 -> io_lib:format("~.1f", [float(Value)]);
digits(Value) -> integer_to_list(round(Value)).

%% With commas.
-spec count(integer() | undefined) -> binary().
count(undefined) -> <<"-">>;
count(Count) when Count < 0 -> <<"-", (count(-Count))/binary>>;
count(Count) -> list_to_binary(commas(lists:reverse(integer_to_list(Count)), [])).

commas([A, B, C, D | Rest], Done) -> commas([D | Rest], [$,, C, B, A | Done]);
commas(Rest, Done) -> lists:reverse(Rest) ++ Done.

-spec percent(float() | undefined) -> binary().
percent(undefined) -> <<"-">>;
percent(Share) -> text("~.1f", [100.0 * Share]).

-spec rate(number() | undefined) -> binary().
rate(undefined) -> <<"-">>;
rate(Rate) when abs(Rate) < 10 -> text("~.1f", [float(Rate)]);
rate(Rate) -> count(round(Rate)).

text(Format, Values) -> unicode:characters_to_binary(io_lib:format(Format, Values)).
