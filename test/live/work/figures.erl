%% Processes whose figures are known. `planted' PRIV, all registered (PRIV: cprof's):
%%
%%   full       777 messages that it does not take
%%   parked     suspended; 500 messages came before, 300 after that
%%   aside      250 messages, in an off-heap queue
%%   at_work    runs; 200 messages
%%   bulky      a list on its heap
%%   aged       the same, on its old heap
%%   given      a message that it took and that is still in a heap fragment
%%   holder     young and old binaries on a small heap
%% and 60 that wait in one function.
%%   `odd': a name of 77 characters, with 3 messages, and 3 processes that others have suspended.
%%   `busy': `spinner', and `maker', which creates processes.
%%   `figures' prints what the node says of the planted ones, `snapshot' what cprof says of all, `count' how many
%% processes there are, `canary' how many messages the NIF's process has, `made' how many `maker' has created.
-module(figures).
-export([start/1, waiter/0, full/0, parked/0, aside/0, at_work/0, bulky/0, aged/0, given/0, holder/0, spinner/0]).
-export([maker/1, suspender/1]).

-define(PLANTED, [full, parked, aside, at_work, bulky, aged, given, holder]).

start(["planted", Priv]) ->
    os:putenv("CPROF_PRIV", Priv),
    [spawn(?MODULE, waiter, []) || _ <- lists:seq(1, 60)],
    [register(Name, begun(Name, [])) || Name <- ?PLANTED -- [aside, given]],
    register(aside, begun(aside, [{message_queue_data, off_heap}])),
    %% The same without messages.
    put(twins, #{full => begun(full, []), aside => begun(aside, [{message_queue_data, off_heap}])}),
    register(given, begun(given, [{message_queue_data, off_heap}, {min_heap_size, 2000}])),
    send(full, 777),
    send(parked, 500),
    send(aside, 249),
    aside ! {message, lists:seq(1, 1000)},
    given ! {keep, lists:seq(1, 60)},
    at_rest(?PLANTED -- [at_work]),
    true = erlang:suspend_process(whereis(parked)),
    send(parked, 300),
    send(at_work, 200),
    %% The NIF finds its figures, and its canary stays.
    _ = cprof_nif:snapshot(#{top => 200}),
    ready(none);
start(["odd"]) ->
    Long = list_to_atom(lists:duplicate(77, $x)),
    register(Long, spawn(?MODULE, waiter, [])),
    send(Long, 3),
    [spawn(?MODULE, suspender, [spawn(?MODULE, waiter, [])]) || _ <- [1, 2, 3]],
    wait_for_suspended(3),
    ready(none);
start(["busy"]) ->
    Made = counters:new(1, []),
    register(spinner, spawn(?MODULE, spinner, [])),
    register(maker, spawn(?MODULE, maker, [Made])),
    ready(Made).

suspender(Pid) ->
    true = erlang:suspend_process(Pid),
    waiter().

wait_for_suspended(Count) ->
    case length([P || P <- processes(), {status, suspended} =:= process_info(P, status)]) of
        Count -> ok;
        _ -> timer:sleep(10), wait_for_suspended(Count)
    end.

ready(Made) ->
    io:format("ready ~s~n", [os:getpid()]),
    talk(Made).

begun(Name, Options) -> erlang:spawn_opt(?MODULE, Name, [], Options).

send(Name, Count) -> [Name ! {message, N} || N <- lists:seq(1, Count)].

at_rest(Names) ->
    case [Name || Name <- Names, {status, waiting} =/= process_info(whereis(Name), status)] of
        [] -> ok;
        _ -> timer:sleep(10), at_rest(Names)
    end.

talk(Made) ->
    case io:get_line("") of
        "figures\n" -> say([figures(Name) || Name <- ?PLANTED]);
        "snapshot\n" -> say(cprof_nif:to_json_map(cprof_nif:snapshot(#{top => 200, wait_ms => 10000})));
        "count\n" -> io:format("~b~n", [erlang:system_info(process_count)]);
        "canary\n" ->
            {message_queue_len, Length} = process_info(whereis(cprof_canary), message_queue_len),
            io:format("~b~n", [Length]);
        "made\n" -> say({counters:get(Made, 1), reductions(), erlang:monotonic_time(microsecond)});
        eof -> halt()
    end,
    talk(Made).

say(Term) -> io:format("~s~n", [base64:encode(term_to_binary(Term, [compressed]))]).

reductions() -> element(2, process_info(whereis(spinner), reductions)).

figures(Name) ->
    Pid = whereis(Name),
    {garbage_collection_info, Info} = process_info(Pid, garbage_collection_info),
    Of = fun(Key) -> proplists:get_value(Key, Info) end,
    {message_queue_len, Length} = process_info(Pid, message_queue_len),
    Twin = maps:get(Name, get(twins), Pid),
    #{
        name => atom_to_binary(Name),
        mailbox => besides_heap(Pid) - besides_heap(Twin),
        length => Length,
        heap => 8 * (Of(heap_block_size) + Of(old_heap_block_size)),
        fragments => 8 * Of(mbuf_size),
        binaries => 8 * (Of(bin_vheap_size) + Of(bin_old_vheap_size))
    }.

%% A collection may have changed the heap of one of them.
besides_heap(Pid) ->
    [{memory, Bytes}, {garbage_collection_info, Info}] = process_info(Pid, [memory, garbage_collection_info]),
    Bytes - 8 * (proplists:get_value(heap_block_size, Info) + proplists:get_value(old_heap_block_size, Info)).

waiter() ->
    receive
        stop -> ok
    end.

full() -> waiter().
parked() -> waiter().
aside() -> waiter().

%% Never gives up its turn but when the VM takes it.
at_work() ->
    lists:seq(1, 100),
    at_work().

bulky() -> keep(lists:seq(1, 200000)).

aged() ->
    List = lists:seq(1, 100000),
    [erlang:garbage_collect(self(), [{type, minor}]) || _ <- [1, 2, 3]],
    keep(List).

given() ->
    receive
        {keep, List} -> keep(List)
    end.

holder() ->
    Old = [binary:copy(<<N>>, 100000) || N <- lists:seq(1, 20)],
    [erlang:garbage_collect(self(), [{type, minor}]) || _ <- [1, 2, 3]],
    keep({Old, binary:copy(<<0>>, 300000)}).

keep(Term) ->
    receive
        {stop, Term} -> ok
    end.

spinner() ->
    lists:seq(1, 100),
    spinner().

maker(Made) ->
    [spawn(fun() -> ok end) || _ <- lists:seq(1, 10)],
    counters:add(Made, 1, 10),
    receive
    after 5 -> maker(Made)
    end.
