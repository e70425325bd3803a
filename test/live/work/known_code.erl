%% Modules made from text, written to a folder and loaded from it.
-module(known_code).
-export([build/3]).

build(Dir, Module, Text) ->
    Forms = [{attribute, 1, module, Module} | parse(lists:flatten(Text))],
    {ok, Module, Code} = compile:forms(Forms, [export_all, nowarn_export_all]),
    File = filename:join(Dir, atom_to_list(Module) ++ ".beam"),
    ok = file:write_file(File, Code),
    {module, Module} = code:load_binary(Module, File, Code),
    ok.

parse(Text) ->
    {ok, Tokens, _} = erl_scan:string(Text),
    [begin {ok, F} = erl_parse:parse_form(Ts), F end || Ts <- functions(Tokens, [])].

functions([], []) -> [];
functions([{dot, _} = Dot | Rest], Function) ->
    [lists:reverse([Dot | Function]) | functions(Rest, [])];
functions([Token | Rest], Function) ->
    functions(Rest, [Token | Function]).
