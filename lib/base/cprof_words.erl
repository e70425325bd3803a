%% Formats pids, functions, sizes and rates for people, and makes text that quotes
%% names of unknown origin safe to show. Pure.
-module(cprof_words).

-export([shown/1, text/2]).
-export([pid/1, name/1, function/1, frame/1, bytes/1, duration/1, count/1, percent/1, rate/1, who/1]).

%% Text as it may be shown: one line, whatever it contains. Control characters,
%% line separators, marks of direction, and bytes that are not UTF-8 are written
%% as `\x{1B}'. The program does the same: c_src/base/utf8.h.
-spec shown(unicode:chardata()) -> binary().
shown(Text) when is_binary(Text) -> shown(Text, <<>>);
shown(Chars) ->
    case unicode:characters_to_binary(Chars) of
        Text when is_binary(Text) -> shown(Text);
        {_, Good, Rest} -> shown(<<Good/binary, (iolist_to_binary(Rest))/binary>>)
    end.

shown(<<Char/utf8, Rest/binary>>, Done) ->
    case visible(Char) of
        true -> shown(Rest, <<Done/binary, Char/utf8>>);
        false -> shown(Rest, <<Done/binary, (escape(Char))/binary>>)
    end;
shown(<<Byte, Rest/binary>>, Done) -> shown(Rest, <<Done/binary, (escape(Byte))/binary>>);
shown(<<>>, Done) -> Done.

visible(Char) when Char < 16#20; Char >= 16#7f, Char =< 16#9f -> false;
visible(Char) when Char =:= 16#61c; Char =:= 16#200e; Char =:= 16#200f -> false;
visible(Char) when Char >= 16#2028, Char =< 16#202e -> false;
visible(Char) -> Char < 16#2066 orelse Char > 16#2069.

escape(Char) when Char < 16#10 -> <<"\\x{0", (integer_to_binary(Char, 16))/binary, "}">>;
escape(Char) -> <<"\\x{", (integer_to_binary(Char, 16))/binary, "}">>.

%% io_lib:format/2 as one line that may be shown.
-spec text(io:format(), [term()]) -> binary().
text(Format, Values) -> shown(io_lib:format(Format, Values)).

-spec pid(pid()) -> binary().
pid(Pid) -> list_to_binary(pid_to_list(Pid)).

%% The name of a module, a process or an event, without the "Elixir." that Elixir does
%% not write, and the language that writes it like this. The program does the same:
%% c_src/base/alias.h.
-spec name(atom()) -> {elixir | erlang, binary()}.
name(Atom) ->
    case atom_to_binary(Atom) of
        <<"Elixir.", First, Rest/binary>> when First >= $A, First =< $Z -> {elixir, <<First, Rest/binary>>};
        Name -> {erlang, Name}
    end.

%% As the function's own language writes it.
-spec function(mfa() | undefined) -> binary().
function(undefined) ->
    <<>>;
function({Module, Function, Arity}) ->
    case name(Module) of
        {elixir, Name} -> text("~ts.~ts/~b", [Name, Function, Arity]);
        {erlang, Name} -> text("~ts:~ts/~b", [Name, Function, Arity])
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

%% The name of a process or, if it has none, its initial call.
-spec who(#{name := atom(), initial_call := mfa() | undefined, _ => _}) -> binary().
who(#{name := undefined, initial_call := Call}) -> function(Call);
who(#{name := Name}) ->
    {_, Text} = name(Name),
    shown(Text).

%% Powers of 1024, three digits. The program writes it alike: c_src/base/units.h.
-spec bytes(number() | undefined) -> binary().
bytes(undefined) -> <<"-">>;
bytes(Bytes) when Bytes < 0 -> <<"-", (bytes(-Bytes))/binary>>;
bytes(Bytes) -> scaled(Bytes, ["B", "KB", "MB", "GB", "TB", "PB"], 1024).

scaled(Value, [_ | [_ | _] = Units], Step) when Value >= 999.5 -> scaled(Value / Step, Units, Step);
scaled(Value, [Unit | _], _) -> text("~ts ~ts", [digits(Value), Unit]).

digits(Value) when is_integer(Value) -> integer_to_list(Value);
digits(Value) when Value < 9.995 -> io_lib:format("~.2f", [float(Value)]);
digits(Value) when Value < 99.95 -> io_lib:format("~.1f", [float(Value)]);
digits(Value) -> integer_to_list(round(Value)).

%% Of nanoseconds, three digits. The program writes it alike: c_src/base/units.h.
-spec duration(number()) -> binary().
duration(Ns) -> scaled(round(Ns), ["ns", "us", "ms", "s"], 1000).

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
