%% A node in which everything that can be named has a name that would act on a
%% terminal: registered names, module, function, file, label.
-module(hostile_names).

-export([start/1]).

-define(BAD, "\e[2J\x{202E}\x{2066}\x{85}\x{2028}\nNote:     forged").

start([File]) ->
    Module = list_to_atom("m" ++ ?BAD),
    Function = list_to_atom("f" ++ ?BAD),
    {ok, plain, Plain} = compile:forms(forms(Function, File), [to_core, {source, File}]),
    {ok, Module, Binary} = compile:forms(renamed(Plain, Module), [from_core]),
    {module, Module} = code:load_binary(Module, File, Binary),
    lists:foreach(fun(N) -> busy(N, Module, Function) end, lists:seq(1, 3)),
    io:format("ready ~s~n", [os:getpid()]),
    _ = io:get_line(""),
    halt().

%% The compiler itself refuses such a module name, but other languages make them.
renamed(Core, Module) ->
    Name = cerl:c_atom(Module),
    [Exports, Attributes, Functions] = [
        F(Core)
     || F <- [fun cerl:module_exports/1, fun cerl:module_attrs/1, fun cerl:module_defs/1]
    ],
    cerl:update_c_module(Core, Name, Exports, Attributes, Functions).

busy(N, Module, Function) ->
    Pid = spawn(Module, Function, [0]),
    register(list_to_atom("name" ++ integer_to_list(N) ++ ?BAD), Pid).

%% Function(N) -> Function(N + length(lists:seq(1, 50))).
forms(Function, File) ->
    Call = fun(M, F, Args) -> {call, 1, {remote, 1, {atom, 1, M}, {atom, 1, F}}, Args} end,
    Seq = Call(lists, seq, [{integer, 1, 1}, {integer, 1, 50}]),
    Next = {op, 1, 'band', {op, 1, '+', {var, 1, 'N'}, Call(erlang, length, [Seq])}, {integer, 1, 255}},
    [
        {attribute, 1, file, {File, 1}},
        {attribute, 1, module, plain},
        {attribute, 1, export, [{Function, 1}]},
        {function, 1, Function, 1, [
            {clause, 1, [{var, 1, 'N'}], [], [{call, 1, {atom, 1, Function}, [Next]}]}
        ]}
    ].
