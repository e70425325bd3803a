%% What the pages of the browser tests show: processes that do different things, one of them another in the second
%% half; a module, a function and a process whose names would be harmful in a page that does not take care.
-module(page_work).
-behaviour(gen_server).
-export([start/0, counter/1, sorter/1, packer/0, reader/1, early/1, late/1]).
-export([both/0, buyer/0, init/1, handle_call/3, handle_cast/2]).
-export([spans/0, shopper/1, in_orders/1, in_query/1, in_cart/1, in_no_span/1]).
-export([base/0, now_slower/0, steady/1, slowed/1, only_before/1, only_now/1]).

-define(MILLISECONDS, 2000).
-define(ROUNDS, 3000).

start() ->
    Hostile = hostile_module(),
    Ends = erlang:monotonic_time(millisecond) + ?MILLISECONDS,
    spawn(?MODULE, counter, [Ends - ?MILLISECONDS div 2]),
    [spawn(?MODULE, sorter, [lists:seq(1, 3000)]) || _ <- [1, 2]],
    register(page_packer, spawn(?MODULE, packer, [])),
    {module, Beam} = code:ensure_loaded(lists),
    spawn(?MODULE, reader, [code:which(Beam)]),
    register('</script><script>alert(1)</script>', spawn(Hostile, '"><img src=x onerror=alert(2)>', [0])),
    timer:sleep(?MILLISECONDS),
    halt().

%% For a recording of two events: buyers run, and wait for a server that waits itself.
both() ->
    {ok, _} = gen_server:start({local, page_till}, ?MODULE, [], []),
    [spawn(?MODULE, buyer, []) || _ <- [1, 2, 3]],
    spawn(?MODULE, sorter, [lists:seq(1, 3000)]),
    timer:sleep(2 * ?MILLISECONDS),
    halt().

buyer() ->
    early(200000),
    ok = gen_server:call(page_till, pay),
    buyer().

init([]) -> {ok, []}.

handle_call(pay, _, State) ->
    receive
        never -> ok
    after 5 -> ok
    end,
    {reply, ok, State}.

handle_cast(_, State) -> {noreply, State}.

%% For a recording with spans: each burns a function of its own.
spans() ->
    true = is_integer(cprof_native:spans_page()),
    [spawn(?MODULE, shopper, [Page]) || Page <- [orders, cart, none]],
    timer:sleep(?MILLISECONDS),
    halt().

shopper(Page) ->
    shop(Page),
    shopper(Page).

shop(orders) ->
    in_span(<<"[:shop, :page]">>, <<"/orders">>, fun() ->
        in_orders(200000),
        in_span(<<"[:shop, :query]">>, <<>>, fun() -> in_query(100000) end)
    end);
shop(cart) ->
    in_span(<<"[:shop, :page]">>, <<"/cart">>, fun() -> in_cart(100000) end);
shop(none) ->
    in_no_span(100000).

%% As the handlers of cprof_spans mark them (enum span_what). No process works for another.
in_span(Event, Text, Fun) ->
    ok = cprof_native:span_mark(16#101, Event, Text, undefined),
    Fun(),
    ok = cprof_native:span_mark(2, Event, Text, undefined).

in_orders(0) -> ok;
in_orders(N) -> in_orders(N - 1).

in_query(0) -> ok;
in_query(N) -> in_query(N - 1).

in_cart(0) -> ok;
in_cart(N) -> in_cart(N - 1).

in_no_span(0) -> ok;
in_no_span(N) -> in_no_span(N - 1).

%% For comparisons: slowed/1 does four times as much now, one function is gone, one is new, steady/1 is as it was. The
%% same rounds each time, so that starting up weighs as much.
base() -> compared(30000, fun ?MODULE:only_before/1).
now_slower() -> compared(120000, fun ?MODULE:only_now/1).

compared(Slowed, Other) ->
    {_, Ref} = spawn_monitor(fun() -> compared_loop(?ROUNDS, Slowed, Other) end),
    receive
        {'DOWN', Ref, process, _, normal} -> halt()
    end.

compared_loop(0, _, _) ->
    ok;
compared_loop(Rounds, Slowed, Other) ->
    steady(60000),
    slowed(Slowed),
    Other(25000),
    compared_loop(Rounds - 1, Slowed, Other).

steady(0) -> ok;
steady(N) -> steady(N - 1).

slowed(0) -> ok;
slowed(N) -> slowed(N - 1).

only_before(0) -> ok;
only_before(N) -> only_before(N - 1).

only_now(0) -> ok;
only_now(N) -> only_now(N - 1).

counter(Switch) ->
    case erlang:monotonic_time(millisecond) < Switch of
        true -> early(20000);
        false -> late(20000)
    end,
    counter(Switch).

early(0) -> ok;
early(N) -> early(N - 1).

late(0) -> ok;
late(N) -> late(N - 1).

sorter(List) ->
    _ = lists:sort(fun(A, B) -> A rem 97 =< B rem 97 end, List),
    sorter(List).

packer() ->
    _ = binary_to_term(term_to_binary([{N, integer_to_list(N)} || N <- lists:seq(1, 2000)])),
    packer().

reader(File) ->
    {ok, _} = file:read_file_info(File),
    reader(File).

%% -module('<!--<script>'). '"><img src=x onerror=alert(2)>'(N) -> the same (N + 1).
hostile_module() ->
    Module = '<!--<script>',
    Function = '"><img src=x onerror=alert(2)>',
    Next = {op, 1, 'band', {op, 1, '+', {var, 1, 'N'}, {integer, 1, 1}}, {integer, 1, 65535}},
    Forms = [
        {attribute, 1, module, Module},
        {attribute, 1, export, [{Function, 1}]},
        {function, 1, Function, 1, [{clause, 1, [{var, 1, 'N'}], [], [{call, 1, {atom, 1, Function}, [Next]}]}]}
    ],
    {ok, Module, Code} = compile:forms(Forms),
    {module, Module} = code:load_binary(Module, "nofile", Code),
    Module.
