%% N processes that open a file which never opens, as where a disk hangs: they wait in a dirty NIF, or for one of the
%% dirty schedulers.
-module(hung).
-export([start/1, open/1]).

start([Count]) ->
    Fifo = filename:join(filename:dirname(code:which(?MODULE)), "fifo"),
    "" = os:cmd("mkfifo " ++ Fifo),
    Ready = iolist_to_binary(io_lib:format("ready ~s~n", [os:getpid()])),
    [spawn(?MODULE, open, [Fifo]) || _ <- lists:seq(1, list_to_integer(Count))],
    io:put_chars(Ready),
    io:get_line("").

open(Fifo) -> {ok, _} = file:open(Fifo, [read, raw]).
