#!/usr/bin/env escript
%% Load for a RabbitMQ broker, over its own AMQP client: two publishers and two
%% consumers on one queue, with acknowledgements. Arguments: port, messages a
%% second of both publishers together (0 or nothing: as fast as they are
%% confirmed). Reads lines from stdin: "count" prints the messages consumed so
%% far; the end of stdin ends it.
-include_lib("amqp_client/include/amqp_client.hrl").

main([Port]) ->
    main([Port, "0"]);
main([Port, Rate]) ->
    {ok, Connection} = amqp_connection:start(
        #amqp_params_network{port = list_to_integer(Port)}),
    Count = counters:new(1, []),
    Queue = <<"cprof-bench">>,
    {ok, Setup} = amqp_connection:open_channel(Connection),
    #'queue.declare_ok'{} =
        amqp_channel:call(Setup, #'queue.declare'{queue = Queue}),
    [spawn_link(fun() -> consume(Connection, Queue, Count) end)
     || _ <- [1, 2]],
    Batch = batch(list_to_integer(Rate)),
    [spawn_link(fun() -> publish(Connection, Queue, Batch) end) || _ <- [1, 2]],
    io:format("ready~n"),
    commands(Count).

commands(Count) ->
    case io:get_line("") of
        "count\n" ->
            io:format("~b~n", [counters:get(Count, 1)]),
            commands(Count);
        eof ->
            halt()
    end.

%% {messages of a publisher at a time, microseconds from one time to the next}.
batch(0) -> {200, 0};
batch(Rate) when Rate < 2000 -> {1, 2 * 1000000 div Rate};
batch(Rate) -> {Rate div 200, 10000}.

%% Confirms keep the publisher from filling the queue without bound.
publish(Connection, Queue, {Number, Interval}) ->
    {ok, Channel} = amqp_connection:open_channel(Connection),
    #'confirm.select_ok'{} = amqp_channel:call(Channel, #'confirm.select'{}),
    Publish = #'basic.publish'{routing_key = Queue},
    Message = #amqp_msg{payload = binary:copy(<<"x">>, 200)},
    Send = fun() -> amqp_channel:cast(Channel, Publish, Message) end,
    publish_batches(Channel, Send, Number, Interval, now_us()).

%% By the clock, so that a slow confirm does not make fewer messages.
publish_batches(Channel, Send, Number, Interval, At) ->
    timer:sleep(max(0, (At - now_us() + 999) div 1000)),
    [Send() || _ <- lists:seq(1, Number)],
    true = amqp_channel:wait_for_confirms(Channel, 30),
    publish_batches(Channel, Send, Number, Interval, At + Interval).

now_us() ->
    erlang:monotonic_time(microsecond).

consume(Connection, Queue, Count) ->
    {ok, Channel} = amqp_connection:open_channel(Connection),
    amqp_channel:call(Channel, #'basic.qos'{prefetch_count = 500}),
    #'basic.consume_ok'{} = amqp_channel:subscribe(
        Channel, #'basic.consume'{queue = Queue}, self()),
    acknowledge(Channel, Count).

acknowledge(Channel, Count) ->
    receive
        {#'basic.deliver'{delivery_tag = Tag}, _Message} ->
            amqp_channel:cast(Channel, #'basic.ack'{delivery_tag = Tag}),
            counters:add(Count, 1, 1),
            acknowledge(Channel, Count);
        _Other ->
            acknowledge(Channel, Count)
    end.
