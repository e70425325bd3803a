%% How fast processes allocate on their heaps: what collections have freed, by the VM's
%% own account. It is told to the watch about once a second, if a condition of it is
%% about that. The VM gathers the figure from all schedulers, and waits for a scheduler
%% that is held by a NIF, so another process than the watch asks for it.
-module(cprof_flight_allocation).

-export([start/1]).

-define(PAUSE_MS, 1000).

%% The caller gets the messages {figure, allocation, BytesPerSecond} as long as it lives.
-spec start(cprof_flight_options:checked()) -> ok.
start(#{switches := Switches}) ->
    Server = self(),
    _ = [
        spawn(fun() -> tell(Server, monitor(process, Server), read()) end)
     || lists:any(fun is_about_it/1, Switches)
    ],
    ok.

is_about_it({"--when", Condition}) ->
    string:prefix(string:trim(Condition, leading), "allocation") =/= nomatch;
is_about_it(_) ->
    false.

tell(Server, Monitor, {Ns, Bytes}) ->
    receive
        {'DOWN', Monitor, _, _, _} -> ok
    after ?PAUSE_MS ->
        {NsNow, BytesNow} = Now = read(),
        Server ! {figure, allocation, (BytesNow - Bytes) * 1.0e9 / max(1, NsNow - Ns)},
        tell(Server, Monitor, Now)
    end.

read() ->
    {_, Words, _} = erlang:statistics(garbage_collection),
    {erlang:monotonic_time(nanosecond), Words * erlang:system_info(wordsize)}.
