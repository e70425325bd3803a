#!/usr/bin/env escript
%% Load for an XMPP server: users u1 to uN in pairs who write to each other. Arguments: port, N, messages a second of all
%% together (0: each answers at once, with 8 messages on their way). Reads lines from stdin: "count" prints the messages
%% received so far; the end of stdin ends it.
main([Port, Users, Rate]) ->
    N = list_to_integer(Users),
    Count = counters:new(1, [write_concurrency]),
    Main = self(),
    Interval = interval(N, list_to_integer(Rate)),
    All = [spawn_link(fun() -> user(Main, list_to_integer(Port), I, Interval, Count) end) || I <- lists:seq(1, N)],
    [receive {there, User} -> ok end || User <- All],
    [User ! go || User <- All],
    io:format("ready~n"),
    commands(Count).

%% Microseconds between two messages of one user.
interval(_, 0) -> 0;
interval(Users, Rate) -> Users * 1000000 div Rate.

commands(Count) ->
    case io:get_line("") of
        "count\n" ->
            io:format("~b~n", [counters:get(Count, 1)]),
            commands(Count);
        eof ->
            halt()
    end.

user(Main, Port, I, Interval, Count) ->
    {ok, Socket} = gen_tcp:connect({127, 0, 0, 1}, Port, [binary, {active, false}, {nodelay, true}]),
    log_in(Socket, I),
    Main ! {there, self()},
    receive go -> ok end,
    Other = ((I - 1) bxor 1) + 1,
    Message = ["<message type='chat' to='u", integer_to_list(Other), "@localhost/bench'><body>",
               binary:copy(<<"x">>, 100), "</body></message>"],
    ok = inet:setopts(Socket, [{active, true}]),
    case Interval of
        0 -> [send(Socket, Message) || _ <- lists:seq(1, 8)], answer(Socket, Message, <<>>, Count);
        _ -> write(Socket, Message, Interval, now_us() + Interval * I div 50, <<>>, Count)
    end.

log_in(Socket, I) ->
    User = integer_to_binary(I),
    open_stream(Socket),
    Plain = base64:encode(<<0, "u", User/binary, 0, "secret">>),
    ask(Socket, ["<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>", Plain, "</auth>"], <<"<success">>),
    open_stream(Socket),
    ask(Socket, "<iq type='set' id='1'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><resource>bench</resource></bind></iq>",
        <<"</iq>">>),
    send(Socket, "<presence/>").

open_stream(Socket) ->
    ask(Socket, "<?xml version='1.0'?><stream:stream to='localhost' version='1.0' xmlns='jabber:client' "
        "xmlns:stream='http://etherx.jabber.org/streams'>", <<"</stream:features>">>).

ask(Socket, What, Answer) ->
    send(Socket, What),
    wait_for(Socket, Answer, <<>>).

wait_for(Socket, Answer, Got) ->
    case binary:match(Got, Answer) of
        nomatch ->
            {ok, More} = gen_tcp:recv(Socket, 0, 60000),
            wait_for(Socket, Answer, <<Got/binary, More/binary>>);
        _ ->
            ok
    end.

send(Socket, What) -> ok = gen_tcp:send(Socket, What).

%% By the clock, so that a slow answer does not make fewer messages.
write(Socket, Message, Interval, At, Rest, Count) ->
    receive
        {tcp, Socket, Data} ->
            {_, Left} = count(<<Rest/binary, Data/binary>>, Count),
            write(Socket, Message, Interval, At, Left, Count)
    after max(0, (At - now_us() + 999) div 1000) ->
        send(Socket, Message),
        write(Socket, Message, Interval, At + Interval, Rest, Count)
    end.

answer(Socket, Message, Rest, Count) ->
    receive
        {tcp, Socket, Data} ->
            {N, Left} = count(<<Rest/binary, Data/binary>>, Count),
            [send(Socket, Message) || _ <- lists:seq(1, N)],
            answer(Socket, Message, Left, Count)
    end.

%% The messages that ended in it, and the end of it, which may begin another end.
count(Data, Count) ->
    End = <<"</message>">>,
    Found = binary:matches(Data, End),
    From = case Found of [] -> 0; _ -> {At, Length} = lists:last(Found), At + Length end,
    counters:add(Count, 1, length(Found)),
    Left = binary:part(Data, From, byte_size(Data) - From),
    Keep = min(byte_size(Left), byte_size(End) - 1),
    {length(Found), binary:copy(binary:part(Left, byte_size(Left), -Keep))}.

now_us() -> erlang:monotonic_time(microsecond).
