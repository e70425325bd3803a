%% Loads one module again and again, each time with a differently named hot
%% function. Version N is called below N frames of at_depth/2, so that every
%% stack tells on its own which version ran, whatever its code is named.
-module(reloaded).
-export([start/1]).

start([Versions]) ->
    io:format("ready ~s~n", [os:getpid()]),
    "go\n" = io:get_line(""),
    lists:foreach(fun version/1, lists:seq(1, list_to_integer(Versions))),
    io:format("end~n"),
    "quit\n" = io:get_line(""),
    halt().

version(N) ->
    Name = list_to_atom("version_" ++ integer_to_list(N)),
    {ok, Module, Code} = compile:forms(forms(Name), []),
    {module, Module} = code:load_binary(Module, "changing.beam", Code),
    at_depth(N, fun() -> Module:Name(20000000, 0) end),
    code:purge(Module).

at_depth(0, Fun) ->
    Fun();
at_depth(N, Fun) ->
    [at_depth(N - 1, Fun)].

%% NAME(0, S) -> S; NAME(N, S) -> NAME(N - 1, (S + N) band 65535).
forms(Name) ->
    Text = io_lib:format(
        "~s(0, S) -> S; ~s(N, S) -> ~s(N - 1, (S + N) band 65535).",
        [Name, Name, Name]),
    {ok, Tokens, _} = erl_scan:string(lists:flatten(Text)),
    {ok, Function} = erl_parse:parse_form(Tokens),
    [{attribute, 1, module, changing},
     {attribute, 1, export, [{Name, 2}]},
     Function].
