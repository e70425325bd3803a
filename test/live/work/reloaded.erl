%% Loads one module again and again, each time with a differently named hot
%% function, and says when each version ran: "ran NAME FROM_NS TO_NS" in
%% CLOCK_MONOTONIC nanoseconds. A profile must show no version outside its
%% time.
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
    From = erlang:monotonic_time(nanosecond),
    Module:Name(1500000, 0),
    To = erlang:monotonic_time(nanosecond),
    code:purge(Module),
    io:format("ran ~s ~b ~b~n", [Name, From, To]).

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
