%% A node that notes how long each of its schedulers was held up: a process on
%% each, bound to it, wakes every millisecond; one that is busy gives them work.
%% With the argument "alone" it reads no stdin, and goes on for ever.
-module(heartbeat).
-export([start/0, start/1, tick/2, busy/1]).

start(["alone"]) ->
    spawn(?MODULE, busy, [100000]).

start() ->
    N = erlang:system_info(schedulers_online),
    Slots = atomics:new(2 * N, []),
    [spawn_opt(?MODULE, tick, [Slots, I], [{scheduler, I}, {priority, high}]) || I <- lists:seq(1, N)],
    spawn(?MODULE, busy, [100000]),
    io:format("ready ~s~n", [os:getpid()]),
    answer(Slots, N).

tick(Slots, I) -> tick(Slots, 2 * I - 1, 2 * I, erlang:monotonic_time()).

tick(Slots, Beats, Longest, Before) ->
    receive after 1 -> ok end,
    Now = erlang:monotonic_time(),
    Gap = erlang:convert_time_unit(Now - Before, native, microsecond),
    atomics:add(Slots, Beats, 1),
    Gap > atomics:get(Slots, Longest) andalso atomics:put(Slots, Longest, Gap),
    tick(Slots, Beats, Longest, Now).

%% As far as the compiler can tell, it may end.
busy(0) -> get(enough) =/= undefined orelse busy(100000);
busy(N) -> busy(N - 1).

%% "beats": how often each woke; "gap": the longest since the last question, in
%% microseconds.
answer(Slots, N) ->
    case io:get_line("") of
        "beats\n" ->
            io:format("~s~n", [lists:join(" ", [integer_to_list(atomics:get(Slots, 2 * I - 1)) || I <- lists:seq(1, N)])]),
            answer(Slots, N);
        "gap\n" ->
            io:format("~b~n", [lists:max([atomics:exchange(Slots, 2 * I, 0) || I <- lists:seq(1, N)])]),
            answer(Slots, N);
        _ ->
            halt()
    end.
