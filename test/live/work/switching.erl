%% Work that moves to a dirty IO scheduler and back for a file read every few microseconds: in two functions
%% that do the same, one of them three times as often.
-module(switching).

-export([start/1]).

%% "turns N" does that many reads, "naps N" works for some ms and then sleeps, that many times. Each says "done".
start([File]) ->
    io:format("ready ~s~n", [os:getpid()]),
    {ok, Fd} = file:open(File, [read, raw, binary]),
    loop(Fd).

loop(Fd) ->
    case io:get_line("") of
        "turns " ++ N ->
            turns(list_to_integer(string:trim(N)), 0, Fd),
            io:format("done~n"),
            loop(Fd);
        "naps " ++ N ->
            naps(list_to_integer(string:trim(N))),
            io:format("done~n"),
            loop(Fd);
        eof ->
            halt()
    end.

naps(0) ->
    ok;
naps(N) ->
    _ = lists:sum(lists:seq(1, 100_000)),
    timer:sleep(1 + N rem 5),
    naps(N - 1).

%% In an order without a period.
turns(0, _, _) ->
    ok;
turns(N, Before, Fd) ->
    Next = (Before * 1103515245 + 12345) band 16#7fffffff,
    case (Next bsr 16) band 3 of
        0 -> once(Fd);
        _ -> thrice(Fd)
    end,
    turns(N - 1, Next, Fd).

once(Fd) ->
    Result = file:pread(Fd, 0, 131072),
    keep(Result).

thrice(Fd) ->
    Result = file:pread(Fd, 0, 131072),
    keep(Result).

%% What is called before it is no tail call.
keep({ok, _} = Result) -> Result.
