%% Nodes of unusual size. What is busy is always in busy/1.
%%
%%   deep   one process, 100,000 frames deep
%%   many   100,000 processes that wake now and then, and a busy one
%%   spin   four busy processes
%%   full   after a line on stdin: holds 48 MB, reads a large file over and over,
%%          one busy process
-module(extremes).
-export([start/1, deep/1, waker/0, busy/0, reader/1]).

start(["full", File]) ->
    io:format("ready ~s~n", [os:getpid()]),
    io:get_line(""),
    Held = [binary:copy(<<N:16>>, 32768) || N <- lists:seq(1, 768)],
    spawn(?MODULE, reader, [File]),
    spawn(?MODULE, busy, []),
    io:format("full~n"),
    io:get_line(""),
    halt(length(Held) rem 1);
start([What]) ->
    begin_work(What),
    io:format("ready ~s~n", [os:getpid()]),
    io:get_line(""),
    halt().

begin_work("deep") ->
    spawn(?MODULE, deep, [100000]);
begin_work("many") ->
    [spawn(?MODULE, waker, []) || _ <- lists:seq(1, 100000)],
    spawn(?MODULE, busy, []);
begin_work("spin") ->
    [spawn(?MODULE, busy, []) || _ <- lists:seq(1, 4)].

deep(0) ->
    busy();
deep(N) ->
    1 + deep(N - 1).

%% It could end, for all that the compiler knows.
busy() ->
    busy(1000000),
    case get(enough) of
        undefined -> busy();
        Result -> Result
    end.

busy(0) -> 0;
busy(N) -> busy(N - 1).

waker() ->
    receive after 10000 -> waker() end.

reader(File) ->
    {ok, Device} = file:open(File, [read, raw, binary]),
    read_all(Device),
    file:close(Device),
    reader(File).

read_all(Device) ->
    case file:read(Device, 262144) of
        {ok, _} -> read_all(Device);
        eof -> ok
    end.
