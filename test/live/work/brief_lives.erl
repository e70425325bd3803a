%% Processes that end before anybody can ask who they are. proc_lib starts them one after
%% the other; each makes garbage in brief/0, and is collected a few times.
-module(brief_lives).
-export([start/0, brief/0, starter/0]).

start() ->
    spawn(?MODULE, starter, []),
    io:format("ready ~s~n", [os:getpid()]),
    io:get_line(""),
    halt().

starter() ->
    {Pid, Ref} = proc_lib:spawn_opt(?MODULE, brief, [], [monitor]),
    receive {'DOWN', Ref, process, Pid, normal} -> ok end,
    starter().

brief() ->
    [200 = length(lists:seq(1, 200)) || _ <- lists:seq(1, 100)],
    ok.
