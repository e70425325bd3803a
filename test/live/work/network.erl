%% Work that goes through ports, and work that only goes from process to process.
%%
%%   "where"    the TCP port at which the other side is waited for
%%   "account"  the VM's account of its schedulers (microstate accounting) begins anew
%%   "say"      a line "STATE MICROSECONDS" for each state of the schedulers, then "end"
-module(network).

-export([start/1]).

-define(OPTIONS, [binary, {ip, {127, 0, 0, 1}}, {active, true}, {buffer, 1000000}, {recbuf, 1000000}]).

start([Kind]) ->
    _ = erlang:system_flag(microstate_accounting, true),
    {ok, Listen} = gen_tcp:listen(0, ?OPTIONS),
    _ = spawn_link(fun() -> work(Kind, Listen) end),
    io:format("ready ~s~n", [os:getpid()]),
    loop(Listen).

loop(Listen) ->
    case io:get_line("") of
        "where\n" ->
            {ok, Port} = inet:port(Listen),
            io:format("~b~n", [Port]);
        "account\n" ->
            _ = erlang:system_flag(microstate_accounting, reset),
            io:format("accounting~n");
        "say\n" ->
            _ = [io:format("~s ~b~n", [State, Count]) || {State, Count} <- schedulers()],
            io:format("end~n");
        eof ->
            halt()
    end,
    loop(Listen).

schedulers() ->
    Counters = [C || #{type := scheduler, counters := C} <- erlang:statistics(microstate_accounting)],
    [{State, us(lists:sum([maps:get(State, C) || C <- Counters]))} || State <- maps:keys(hd(Counters))].

us(Count) -> erlang:convert_time_unit(Count, perf_counter, microsecond).

work("receives", Listen) ->
    register(receiver, self()),
    {ok, _} = gen_tcp:accept(Listen),
    take();
work("sends", Listen) ->
    register(sender, self()),
    {ok, Socket} = gen_tcp:accept(Listen),
    send(Socket, binary:copy(<<0>>, 16384));
work("echoes", _) ->
    register(echoer, self()),
    Port = open_port({spawn, "cat"}, [binary, stream]),
    true = port_command(Port, binary:copy(<<0>>, 4096)),
    echo(Port);
work("switches", _) ->
    _ = [spawn_link(fun pair/0) || _ <- lists:seq(1, 20)],
    receive after infinity -> ok end.

take() ->
    receive {tcp, _, _} -> take() end.

send(Socket, Data) ->
    ok = gen_tcp:send(Socket, Data),
    send(Socket, Data).

echo(Port) ->
    receive
        {Port, {data, Data}} ->
            true = port_command(Port, Data),
            echo(Port)
    end.

pair() ->
    Self = self(),
    Other = spawn_link(fun() -> bounce(Self) end),
    Other ! turn,
    bounce(Other).

bounce(Other) ->
    receive turn -> Other ! turn, bounce(Other) end.
