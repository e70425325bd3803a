#!/usr/bin/env escript
%%! -sname ask@localhost -hidden
%% Calls functions on a node for the bench. Argument: the node. Each line of stdin is a call, {Module, Function, Arguments}.,
%% whose result is a line of stdout. The first line, "ready", comes when the node answers.
main([Node]) ->
    io:setopts([{encoding, utf8}]),
    wait(list_to_atom(Node)),
    io:format("ready~n"),
    calls(list_to_atom(Node)).

wait(Node) ->
    case net_adm:ping(Node) of
        pong -> ok;
        pang -> timer:sleep(200), wait(Node)
    end.

calls(Node) ->
    case io:read("") of
        {ok, {M, F, A}} ->
            io:format("~0p~n", [rpc:call(Node, M, F, A)]),
            calls(Node);
        eof ->
            halt()
    end.
