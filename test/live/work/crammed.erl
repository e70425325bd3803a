%% A node with thousands of modules of long names, whose processes call one
%% after the other: `crammed start MODULES`.
-module(crammed).
-export([start/1]).

start([Count]) ->
    N = list_to_integer(Count),
    Binary = compile(),
    [load(I, Binary) || I <- lists:seq(1, N)],
    [spawn(fun() -> work(N) end) || _ <- lists:seq(1, 4)],
    io:format("ready ~s~n", [os:getpid()]),
    _ = io:get_line(""),
    halt().

digits(I) ->
    string:right(integer_to_list(I), 5, $0).

name(I) ->
    list_to_atom("crammed_" ++ digits(I)).

%% Each has a function with a name of its own, as long as one may be.
long(I) ->
    list_to_atom(lists:duplicate(240, $a) ++ digits(I)).

%% Module 0. The others differ from it in their atoms alone, which stand in the
%% file as they are: compiling each takes ten times as long.
compile() ->
    Functions = [long(0), short],
    Forms = [
        {attribute, 1, module, name(0)},
        {attribute, 1, export, [{F, 1} || F <- Functions]}
        | [function(F) || F <- Functions]
    ],
    {ok, _, Binary} = compile:forms(Forms, []),
    Binary.

load(I, Binary) ->
    Own = binary:replace(Binary, <<"00000">>, list_to_binary(digits(I)), [global]),
    {module, Name} = code:load_binary(name(I), "", Own),
    Name = name(I).

%% F(N) when N > 0 -> 1 + F(N - 1); F(_) -> 0.
function(F) ->
    Rest = {call, 3, {atom, 3, F}, [{op, 3, '-', {var, 3, 'N'}, {integer, 3, 1}}]},
    {function, 2, F, 1, [
        {clause, 2, [{var, 2, 'N'}], [[{op, 2, '>', {var, 2, 'N'}, {integer, 2, 0}}]],
         [{op, 3, '+', {integer, 3, 1}, Rest}]},
        {clause, 4, [{var, 4, '_'}], [], [{integer, 4, 0}]}
    ]}.

work(N) ->
    I = rand:uniform(N),
    Module = name(I),
    Long = long(I),
    _ = Module:Long(2000),
    _ = Module:short(500),
    receive after 1 -> ok end,
    work(N).
