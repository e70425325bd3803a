%% Options as users give them, as a map or as a proplist of pairs; whether they are
%% allowed; and the sentences that say what is wrong with them. Pure.
-module(cprof_proplist).

-export([to_map/1, check/2, checked/2, name/2, is_list_of/2]).
-export([wrong/3, unknown/2, no_options/1]).

-export_type([rule/0]).

%% An option, its default (`none' if it has none), and what its value must be.
-type rule() :: {Key :: atom(), Default :: term(), wanted()}.
-type wanted() ::
    {whole, Of :: string(), Least :: integer(), Most :: integer()}
    | {one_of, [atom(), ...]}
    | name.

%% Of an option that is given twice, the last value counts. What is neither a map nor a
%% list of pairs stays as it is; whoever checks the options refuses it.
-spec to_map(term()) -> map() | term().
to_map(Options) when is_list(Options) ->
    try
        maps:from_list(Options)
    catch
        error:badarg -> Options
    end;
to_map(Options) ->
    Options.

%% The options, with the defaults of those that are not given; or a sentence.
-spec check(term(), [rule(), ...]) -> {ok, map()} | {error, binary()}.
check(Given, Rules) ->
    Defaults = [{Key, Default} || {Key, Default, _} <- Rules, Default =/= none],
    case to_map(Given) of
        #{} = Options -> check_each(maps:to_list(Options), Rules, maps:from_list(Defaults));
        NoOptions -> {error, no_options(NoOptions, hd(Defaults))}
    end.

check_each([], _, Checked) ->
    {ok, Checked};
check_each([{Key, Value} | Rest], Rules, Checked) ->
    case lists:keyfind(Key, 1, Rules) of
        {_, _, Wanted} ->
            case is_wanted(Value, Wanted) of
                true -> check_each(Rest, Rules, Checked#{Key => Value});
                false -> {error, wrong(Key, Value, words(Wanted))}
            end;
        false ->
            {error, unknown(Key, [Known || {Known, _, _} <- Rules])}
    end.

is_wanted(Value, {whole, _, Least, Most}) -> is_integer(Value) andalso Value >= Least andalso Value =< Most;
is_wanted(Value, {one_of, Known}) -> lists:member(Value, Known);
is_wanted(Value, name) -> is_atom(Value) andalso Value =/= undefined.

words({whole, Of, Least, Most}) -> cprof_words:text("a whole number of ~ts, ~b to ~b", [Of, Least, Most]);
words({one_of, Known}) -> lists:join(" or ", [atom_to_binary(Each) || Each <- Known]);
words(name) -> "an atom, the name of the process".

%% The same for functions whose result cannot be an error: they raise the sentence.
-spec checked(term(), [rule(), ...]) -> map().
checked(Given, Rules) ->
    case check(Given, Rules) of
        {ok, Checked} -> Checked;
        {error, Text} -> error({badarg, Text})
    end.

%% Option name, or else the default, for a supervisor. Whoever starts the process checks
%% all options.
-spec name(term(), module()) -> term().
name(Given, Default) ->
    case to_map(Given) of
        #{name := Name} -> Name;
        #{} -> Default;
        NoOptions -> error({badarg, no_options(NoOptions)})
    end.

%% False also for a list whose end is no list.
-spec is_list_of(fun((term()) -> boolean()), term()) -> boolean().
is_list_of(Is, [First | Rest]) -> Is(First) andalso is_list_of(Is, Rest);
is_list_of(_, End) -> End =:= [].

%% --- sentences ------------------------------------------------------------------

%% Atoms are shown as a user of the command line wrote them. Texts have quotes: "99" is
%% not 99.
-spec wrong(atom(), term(), unicode:chardata()) -> binary().
wrong(Key, Value, Wanted) ->
    cprof_words:text("option ~ts must be ~ts, not ~ts", [Key, Wanted, shown(Value)]).

shown(Atom) when is_atom(Atom) -> atom_to_binary(Atom);
shown(Text) when is_binary(Text) -> [$", cprof_words:shown(Text), $"];
shown(Value) -> io_lib:format("~0tp", [Value]).

-spec unknown(term(), [atom()]) -> binary().
unknown(Key, Known) ->
    Names = lists:join(", ", [atom_to_binary(Each) || Each <- Known]),
    cprof_words:text("unknown option ~0tp; the options are ~ts", [Key, Names]).

%% Of what is neither a map nor a list of pairs.
-spec no_options(term()) -> binary().
no_options(Given) -> no_options(Given, {name, value}).

%% With some option and its default as an example.
no_options(Given, {Key, Value}) ->
    cprof_words:text(
        "the options must be a map or a list of pairs, as in #{~ts => ~0tp} or, in Elixir, [~ts: ~0tp], not ~0tp",
        [Key, Value, Key, Value, Given]
    ).
